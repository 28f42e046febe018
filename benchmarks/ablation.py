# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The ablation of SCADN (Table 4): its seven rows on drawn lace or on any folder in the layout of MVTec AD.

    python benchmarks/ablation.py --data lace fabric_03=DIR/fabric_03 --seeds 0 1 2
    python benchmarks/ablation.py --data screw=datasets/MVTecAD/screw --config configs/laceAD.yaml   # for a GPU
    python benchmarks/ablation.py --data lace --name small -- --model.base_channels 2 --trainer.max_epochs 2

``lace`` is drawn as ``configs/demo.yaml`` says, folders are read as ``--config`` says; what follows ``--`` goes to the
host and changes either. Rows and seeds that ``benchmarks/results/ablation_DATA.json`` has are not run again.

How the rows are read:
    - S1, S2 and S3 alone are trained, and tested, with the masks of that scale alone. The paper names no merging
      there; the four maps of the scale are merged by their maximum, and mu_i can change nothing where one scale is all.
    - Without mu_i the scale with the highest mean error is taken. This, and merging by the mean, is inference: the
      last three rows are one training, tested three times.
"""

import argparse
from functools import partial
from pathlib import Path

from anomalib_scadn.config_files import config_path
from beside_paper import PAPER, ablation_table
from experiment import find_images, measure_variant, train
from figures import FIGURES_HELP, Figures
from fingerprints import folder_fingerprint
from host_arguments import Options, read_arguments, refuse
from runs import RESULTS, Job, Metrics, end, run_missing, settings_of
from tables import markdown

LACE = "lace"

TRAININGS: dict[str, Options] = {
    "no_adversarial": {"model.lambda_adv": 0},
    "S1": {"model.stripes": [4]},
    "S2": {"model.stripes": [8]},
    "S3": {"model.stripes": [16]},
    "full": {},
}
"""What each row that is trained changes."""

VARIANTS: dict[str, Options] = {
    "mean": {"model.merge": "mean", "model.subtract_reference": False},
    "max": {"model.subtract_reference": False},
}
"""What the rows change that are tested with the weights of "full"."""


OWN = ("model.seed", *dict.fromkeys(name for changes in (*TRAININGS.values(), *VARIANTS.values()) for name in changes))
"""Options that the rows and the seeds set."""

WHERE = ("data.root", "data.category")
"""Options that say where a folder's images are."""


def run(row: str, config: Path, options: Options, figures: Figures | None) -> list[Metrics]:
    """Train a row, and measure its variants.

    Args:
        row (str): Key of ``TRAININGS``.
        config (Path): Configuration file.
        options (Options): What all rows change.
        figures (Figures | None): Keeps what the report draws, if it shall.

    Returns:
        list[Metrics]: The row's result, then, for "full", each variant's.
    """
    trained = train(config, {**options, **TRAININGS[row]})
    found = {row: trained}
    for name, changes in VARIANTS.items() if row == "full" else []:
        found[name] = measure_variant(trained, config, {**options, **changes})
    for name, measured in found.items() if figures is not None else []:
        figures.keep(name, {**options, **TRAININGS.get(name, {}), **VARIANTS.get(name, {})}, measured)
    return [measured.metrics for measured in found.values()]


def make_jobs(config: Path, options: Options, seeds: list[int], figures: Figures | None) -> list[Job]:
    """List the trainings of one data set.

    Args:
        config (Path): Configuration file.
        options (Options): What all rows change.
        seeds (list[int]): Seeds.
        figures (Figures | None): Keeps what the report draws, if it shall.

    Returns:
        list[Job]: One per seed and row that is trained.
    """
    return [
        (
            [f"{name}/{seed}" for name in ([row, *VARIANTS] if row == "full" else [row])],
            partial(run, row, config, {**options, "model.seed": seed}, figures),
        )
        for seed in seeds
        for row in TRAININGS
    ]


def parse_data(text: str, folder_config: Path) -> tuple[str, Path, Options]:
    """Take apart what ``--data`` was given.

    Args:
        text (str): ``lace`` or ``NAME=ROOT/CATEGORY``.
        folder_config (Path): Configuration for a folder.

    Returns:
        tuple[str, Path, Options]: Name, configuration, and where the data are.

    Raises:
        argparse.ArgumentTypeError: If it is neither, or the folder has no training images.
    """
    if text == LACE:
        return LACE, config_path("demo"), {}
    name, _, folder = text.partition("=")
    path = Path(folder).expanduser().resolve()
    if not name or not folder or not (path / "train" / "good").is_dir():
        msg = f"--data must be lace or NAME=ROOT/CATEGORY with images in ROOT/CATEGORY/train/good, got {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return name, folder_config, {"data.root": path.parent, "data.category": path.name}


def main() -> None:
    """Run what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", default=[LACE], metavar="lace|NAME=ROOT/CATEGORY")
    parser.add_argument("--config", type=Path, default=config_path("cpu"), help="for folders; cpu.yaml if left out")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--name", help="added to the names of the result files")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of the result files")
    parser.add_argument("--figures", type=Path, help=FIGURES_HELP)
    arguments, extra, changes = read_arguments(parser, OWN)
    if not arguments.config.is_file():
        parser.error(f"no configuration {arguments.config}")
    try:
        found = [parse_data(text, arguments.config) for text in arguments.data]
        refuse(changes, WHERE if any(where for *_, where in found) else ())
    except (argparse.ArgumentTypeError, ValueError) as error:
        parser.error(str(error))
    results, failed, paper = {}, [], {row: {"image_AUROC": value} for row, value in PAPER["4"].items()}
    for data, config, where in found:
        name = f"{data}_{arguments.name}" if arguments.name else data
        options = {**where, **changes}
        files = {data: folder_fingerprint(find_images(config, options))}
        figures = Figures(arguments.figures, name, files[data], config) if arguments.figures else None
        jobs = make_jobs(config, options, arguments.seeds, figures)
        path = arguments.results / f"ablation_{name}.json"
        settings = {**settings_of(config, extra), "paper": paper}
        results[name], broken = run_missing(path, settings, jobs, parser, files)
        failed += broken
    print(markdown(*ablation_table(results)))
    end(failed)


if __name__ == "__main__":
    main()
