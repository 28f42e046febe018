# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Scoring many images on Ray Data: a pool of actors that score, one writer that collects their rows."""

import logging
import math
import os
import re
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anomalib_scadn.deploy.inspection.folder import check_apart
from anomalib_scadn.deploy.inspection.outcome import HEATMAPS, MAPS, OVERLAYS, Outputs
from anomalib_scadn.deploy.inspection.run_record import Record, claim_folder
from anomalib_scadn.deploy.inspection.score_parts import PARTS, PartWriter, cancelling_rows

from .actors import SHARE, Workers
from .interrupts import ignore_signals
from .progress import Progress
from .remaining import without_done
from .scorer import ImageScorer
from .session import check_address, check_ray, joined_already, ray_session
from .shards import read_shards, rows_schema
from .sources import Source, list_source
from .storage import file_size, is_uri, locate

if TYPE_CHECKING:
    import pyarrow as pa
    from ray.data import Dataset

logger = logging.getLogger(__name__)

ROWS = 64
"""Most images of a task: what is scored again when an actor dies, and what an actor is given at once."""

TASKS = 4
"""Least number of tasks for each actor, so that they end at about the same time."""

READER = 0.2
"""Share of a CPU that Ray counts for a task that reads shards."""

RETRIES = 3
"""How often a task is given to an actor again after one has died of it."""

BLOCK = 2**24
"""Most bytes of images out of a shard that a task is given, about."""

SECONDS = 30.0
"""Time between two parts, and between two lines of progress."""

MOST_ROWS = 100_000
"""Rows of a part."""

_ERROR = re.compile(r"^(\w+\.)*[A-Z]\w*(Error|Exception): ", re.MULTILINE)
"""Start of the line behind a traceback that tells the error."""


def score_many(
    source: str,
    target: Path,
    record: Record,
    workers: Workers,
    outputs: Outputs | None = None,
    *,
    address: str | None = None,
) -> Progress:
    """Score images that are too many for one process, except those that an earlier run has scored.

    Rows are written while images are scored, a part at a time. What an actor was scoring when it died is scored by
    another; what was not written when the run died is scored by the next run. An image that fails becomes a row with
    its error, and is tried again by the next run, as is an image whose file was replaced.

    Args:
        source (str): See :func:`~anomalib_scadn.deploy.distributed.sources.list_source`.
        target (Path): Folder of results, made when missing; on a cluster, one that all machines share.
        record (Record): What decides the scores, from
            :func:`~anomalib_scadn.deploy.inspection.run_record.describe_run`.
        workers (Workers): The actors.
        outputs (Outputs | None): What is drawn. Defaults to ``None``: pictures of anomalous images.
        address (str | None): Address of a cluster. Defaults to ``None``: Ray is started here.

    Returns:
        Progress: How many images were scored, how many of them failed, and how many are anomalous.

    Raises:
        FileNotFoundError: If the source is missing or has no image.
        ValueError: If the output lies in the input, or holds results of another run or input, if the machine has no
            room for the actors, or the address is none of a cluster.
        ConnectionError: If there is no cluster at the address.
        OSError: If results cannot be written, or another run is writing into the output.
        ImportError: If Ray is not installed.
        RuntimeError: If Ray ends the run.
        KeyboardInterrupt: If a user or the system does, by SIGINT or SIGTERM. What was scored is written.
    """
    check_ray()
    if address is not None:
        check_address(address)
    elif not joined_already():
        workers.check_room(os.cpu_count() or 1)
    outputs = outputs or Outputs(pictures="anomalous")
    if not is_uri(source) and Path(source).is_dir():
        check_apart(Path(source), target)
    listed = list_source(source)
    # A name of its own for the kind of table: a folder of results has its scores in CSV or in Parquet.
    record = {**record, **outputs.description, "input": listed.base, "table": "parquet"}
    with claim_folder(target, record, (PARTS, HEATMAPS, OVERLAYS, MAPS)):
        images, shards = without_done(listed.files, target)
        progress = Progress(None if len(shards) else len(images))
        if len(images) or len(shards):
            kinds = ((len(images), "image"), (len(shards), "shard"))
            waiting = " and ".join(f"{count} {kind}{'s' * (count > 1)}" for count, kind in kinds if count)
            logger.info("%s to score; Ray and its actors take a while to start", waiting)
            scorer = (listed.base, target.resolve(), outputs, record["files"][0]["sha256"], workers.max_pixels)
            with ray_session(address, workers.cpus), _ray_errors():
                dataset = _scored(listed, images, shards, workers, scorer)
                _collect(dataset, PartWriter(target), progress, shards)
            progress.say_errors()
    # Nobody has counted what shards hold.
    before = "" if len(shards) else f", {len(listed.files) - len(images)} were scored before"
    logger.info("Scored %d images, %d failed%s: %s", progress.done, progress.failed, before, target)
    return progress


def _scored(
    listed: Source, images: "pa.Table", shards: "pa.Table", workers: Workers, scorer: tuple[Any, ...]
) -> "Dataset":
    """Plan the work; nothing runs before its rows are asked for."""
    import ray
    from ray.data import ActorPoolStrategy, DataContext

    context = DataContext.get_current()
    context.enable_progress_bars = context.print_on_execution_start = False
    context.raise_original_map_exception = True  # instead of one that tells of Ray's settings
    actors = workers.count([node["Resources"] for node in ray.nodes() if node["Alive"]])
    where = [locate(path, listed.base) for path in shards["path"].to_pylist()]
    context.target_max_block_size = block_size(where, actors)
    parts: list[Dataset] = []
    if len(images):  # from_arrow would run a task of Ray's for each block, which take 40 kB of memory each
        parts.append(ray.data.from_blocks(list(_tasks(images, actors))))
    if len(shards):
        each = ray.data.from_blocks([shards.slice(number, 1) for number in range(len(shards))])
        reader = partial(read_shards, base=listed.base)
        parts.append(each.map_batches(reader, batch_format="pyarrow", batch_size=None, num_cpus=READER))
    both = parts[0].union(parts[1]) if len(parts) > 1 else parts[0]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="`ray_remote_args` is deprecated")  # there is no other way to say it
        return both.map_batches(
            ImageScorer,
            fn_constructor_args=(workers.load, *scorer),
            batch_format="pyarrow",
            batch_size=None,
            compute=ActorPoolStrategy(size=actors),
            num_cpus=SHARE * workers.threads,
            num_gpus=1 if workers.gpu else None,
            max_task_retries=RETRIES,
        )


def task_size(images: int, actors: int) -> int:
    """Choose how many images a task has: fewer where there are few, so that all actors have work to the end.

    Args:
        images (int): Images to score.
        actors (int): Actors that score.

    Returns:
        int: At most :data:`ROWS`.
    """
    return min(ROWS, math.ceil(images / (TASKS * actors)))


def block_size(shards: Sequence[str], actors: int) -> int:
    """Choose how many bytes of images out of shards a task has: fewer of few, small shards.

    Args:
        shards (Sequence[str]): Their paths or URIs.
        actors (int): Actors that score.

    Returns:
        int: At most :data:`BLOCK`.
    """
    if not shards or len(shards) >= TASKS * actors:
        return BLOCK
    return min(BLOCK, max(1, sum(map(file_size, shards)) // (TASKS * actors)))


def _tasks(images: "pa.Table", actors: int) -> "Iterator[pa.Table]":
    import pyarrow as pa

    rows = images.select(["path", "bytes", "modified"])
    for name in ("content", "error"):
        rows = rows.append_column(name, pa.nulls(len(rows), rows_schema().field(name).type))
    size = task_size(len(rows), actors)
    yield from (rows.slice(start, size) for start in range(0, len(rows), size))


def _collect(dataset: "Dataset", writer: PartWriter, progress: Progress, shards: "pa.Table") -> None:
    """Write rows while they come; what has come is written even if the run is ended.

    A shard that failed before, and of which no error has come, was read to its end: its old error is cancelled.
    """
    import pyarrow.compute as pc

    mended = shards.filter(shards["failed"])["path"]
    waiting: list[pa.Table] = []
    written = math.inf
    batches = dataset.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0)
    try:
        with closing(iter(batches)) as tables:  # type: ignore[type-var]
            for table in tables:
                written = min(written, time.monotonic())  # from the first rows: before them, actors load the model
                waiting.append(table)
                mended = mended.filter(pc.invert(pc.is_in(mended, table["path"])))
                progress.add(len(table), _failed(table), pc.sum(table["pred_label"]).as_py())
                if time.monotonic() - written > SECONDS or sum(map(len, waiting)) > MOST_ROWS:
                    writer.write(waiting)
                    progress.say()
                    waiting, written = [], time.monotonic()
        waiting.append(cancelling_rows(mended.to_pylist()))
    except KeyboardInterrupt as interrupt:
        ignore_signals()  # a second one must not stop the writing
        msg = "what was scored is written; the same command goes on"
        raise KeyboardInterrupt(msg) from interrupt
    finally:
        writer.write(waiting)


def _failed(table: "pa.Table") -> list[tuple[str, str]]:
    cells = zip(table["path"].to_pylist(), table["error"].to_pylist(), strict=True)
    return [(path, error) for path, error in cells if error]


@contextmanager
def _ray_errors() -> Iterator[None]:
    """Tell what ended a run in one line, in place of Ray's tracebacks."""
    import ray.data  # which sets the level of its logger
    from ray.exceptions import RayError

    shown = logging.getLogger(ray.data.__name__)
    level = shown.level
    shown.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The minimum number of concurrent actors")  # of a shard: advice on blocks
            yield
    except RayError as error:
        text = str(error).strip()
        *_, (start, end) = [(0, 0), *(found.span() for found in _ERROR.finditer(text))]
        text = " ".join((text[start:] if end else text.splitlines()[-1]).split())
        msg = f"Ray ended the run: {text}; what was scored is written, run it again"
        raise RuntimeError(msg) from error
    finally:
        shown.setLevel(level)
