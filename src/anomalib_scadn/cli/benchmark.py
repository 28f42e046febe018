# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""anomalib's benchmark pipeline, made to hold models that differ in their arguments.

Differences from anomalib's:
    - Models may have different arguments in one file; what a model does not have is left empty in the table.
    - Everything is seeded before a model is built, so that its initial weights follow the job's seed.
    - A failed job makes the command fail, and the error is shown, not only written to ``runs/pipeline.log``.
"""

import logging
from collections.abc import Generator
from typing import Any

import pandas as pd
from anomalib.data import get_datamodule
from anomalib.models import get_model
from anomalib.pipelines import Benchmark
from anomalib.pipelines.benchmark.generator import BenchmarkJobGenerator
from anomalib.pipelines.benchmark.job import BenchmarkJob
from anomalib.pipelines.components.base import Runner
from anomalib.pipelines.components.utils import get_iterator_from_grid_dict
from anomalib.utils.config import flatten_dict
from jsonargparse import Namespace
from lightning.pytorch import seed_everything

logger = logging.getLogger(__name__)


class MixedBenchmarkJob(BenchmarkJob):
    """A job that seeds everything, then builds its model, and whose results may have columns of its own.

    Args:
        accelerator (str): ``"cpu"`` or ``"cuda"``.
        config (dict[str, Any]): ``seed``, ``model`` and ``data`` of the job.
    """

    def __init__(self, accelerator: str, config: dict[str, Any]) -> None:
        super().__init__(accelerator, None, None, config["seed"], flatten_dict(config))
        self.config = config

    def run(self, task_id: int | None = None) -> dict[str, Any]:
        """Build the model and run the job.

        Args:
            task_id (int | None): Device of the job. Defaults to ``None``.

        Returns:
            dict[str, Any]: Durations, configuration and metrics.
        """
        seed_everything(self.seed, workers=True, verbose=False)
        self.model = get_model(self.config["model"])
        self.datamodule = get_datamodule(self.config["data"])
        return super().run(task_id)

    @staticmethod
    def collect(results: list[dict[str, Any]]) -> pd.DataFrame:
        """Put results into one table.

        Args:
            results (list[dict[str, Any]]): One dictionary per finished job.

        Returns:
            pd.DataFrame: One row per job; a value that a job does not have is missing.
        """
        return pd.DataFrame(results)


class MixedBenchmarkJobGenerator(BenchmarkJobGenerator):
    """Makes a job for each combination in the configuration.

    Args:
        accelerator (str): ``"cpu"`` or ``"cuda"``.
    """

    @property
    def job_class(self) -> type:
        """Class of the jobs."""
        return MixedBenchmarkJob

    def generate_jobs(self, args: dict, previous_stage_result: Any) -> Generator[BenchmarkJob, None, None]:  # noqa: ANN401
        """Make the jobs, one at a time.

        Args:
            args (dict): Contents of the configuration under ``benchmark``.
            previous_stage_result (Any): Unused.

        Yields:
            BenchmarkJob: The next job.
        """
        del previous_stage_result
        for config in get_iterator_from_grid_dict(args):
            yield MixedBenchmarkJob(self.accelerator, config)


class _WatchedRunner(Runner):
    """Runs another runner and keeps its error, which anomalib's pipeline swallows."""

    def __init__(self, runner: Runner) -> None:
        super().__init__(MixedBenchmarkJobGenerator(runner.generator.accelerator))
        self.runner = runner
        self.runner.generator = self.generator
        self.error: Exception | None = None

    def run(self, args: dict, prev_stage_results: Any = None) -> Any:  # noqa: ANN401  # anomalib's own types
        try:
            return self.runner.run(args, prev_stage_results)
        except Exception as error:
            self.error = error
            raise


class MixedBenchmark(Benchmark):
    """anomalib's benchmark pipeline with mixed arguments, seeded weights and an honest exit status."""

    def __init__(self) -> None:
        super().__init__()
        self._runners: list[_WatchedRunner] = []

    def _setup_runners(self, args: dict) -> list[Runner]:
        self._runners = [_WatchedRunner(runner) for runner in super()._setup_runners(args)]
        return list(self._runners)

    def run(self, args: Namespace | None = None) -> None:
        """Run all jobs.

        Args:
            args (Namespace | None): Holds ``config``, the path of the YAML file.

        Raises:
            SystemExit: With status 1 if a job failed; the other jobs' results are saved first.
        """
        super().run(args)
        errors = [runner.error for runner in self._runners if runner.error is not None]
        if errors:
            logger.error("Benchmark failed: %s", errors)
            raise SystemExit(1)
