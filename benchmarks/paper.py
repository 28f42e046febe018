# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Tables 1 to 3 of SCADN: all patterns of LaceAD or all categories of MVTec AD in turn, beside the paper's numbers.

    python benchmarks/paper.py --table 1 --root datasets/LaceAD        # image AUROC, the paper's settings, for a GPU
    python benchmarks/paper.py --table 2 --root datasets/MVTecAD       # image AUROC
    python benchmarks/paper.py --table 3 --root datasets/MVTecAD       # mean of each image's pixel AUROC, the same runs
    python benchmarks/paper.py --table 2 --root DIR --categories screw --name small
        -- --model.image_size 128 --model.base_channels 8 --trainer.max_epochs 10

What follows ``--`` goes to the host and changes ``configs/laceAD.yaml`` or ``configs/mvtec.yaml``. Categories and
seeds that ``benchmarks/results/paper_NAME.json`` has are not run again. Nothing is downloaded. Table 4 is
``ablation.py``, Table 5 ``one_class.py``.
"""

import argparse
from functools import partial
from pathlib import Path

from anomalib_scadn.config_files import config_path
from beside_paper import PAPER, TABLES_OF, category_table, published
from experiment import train
from figures import FIGURES_HELP, Figures
from fingerprints import folder_fingerprint
from host_arguments import Options, read_arguments
from runs import RESULTS, Metrics, end, run_missing, settings_of
from tables import markdown

DATA = {"1": "laceAD", "2": "mvtec", "3": "mvtec"}


def run(config: Path, options: Options, figures: Figures | None) -> list[Metrics]:
    """Train on one category and test.

    Args:
        config (Path): Configuration file.
        options (Options): What differs from it.
        figures (Figures | None): Keeps what the report draws, if it shall.

    Returns:
        list[Metrics]: One result.
    """
    trained = train(config, options)
    if figures is not None:
        figures.keep("scadn", options, trained)
    return [trained.metrics]


def missing_categories(root: Path, wanted: list[str]) -> list[str]:
    """List what is missing, before anything runs, and before the host downloads it.

    Args:
        root (Path): Root of the data set.
        wanted (list[str]): Folders of categories or patterns.

    Returns:
        list[str]: Those that have no training images.
    """
    return [name for name in wanted if not (root / name / "train" / "good").is_dir()]


def main() -> None:
    """Run what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", choices=DATA, required=True)
    parser.add_argument("--root", type=Path, required=True, help="root of the data set")
    parser.add_argument("--categories", nargs="+", help="folders in the root; all of the paper's table if left out")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--name", help="name of the result file; the configuration's if left out")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of the result file")
    parser.add_argument("--figures", type=Path, help=FIGURES_HELP)
    arguments, extra, changes = read_arguments(parser, ("data.root", "data.category", "model.seed"))
    config = config_path(DATA[arguments.table])
    categories = arguments.categories or list(PAPER[arguments.table]["categories"])
    missing = missing_categories(arguments.root, categories)
    if missing:
        parser.error(
            f"--root {arguments.root} has no train/good for {', '.join(missing)}; expected ROOT/CATEGORY/train/good, "
            "name those that there are with --categories"
        )
    options: Options = {"data.root": arguments.root, **changes}
    data = {name: folder_fingerprint(arguments.root / name) for name in categories}
    kept, named = arguments.figures, f"_{arguments.name}" if arguments.name else ""
    figures = {name: Figures(kept, f"{name}{named}", files, config) for name, files in data.items()} if kept else {}
    jobs = [
        (
            [f"{name}/{seed}"],
            partial(run, config, {**options, "data.category": name, "model.seed": seed}, figures.get(name)),
        )
        for seed in arguments.seeds
        for name in categories
    ]
    path = arguments.results / f"paper_{arguments.name or DATA[arguments.table]}.json"
    settings = {**settings_of(config, extra), "paper": published(*TABLES_OF[config.name])}
    result, failed = run_missing(path, settings, jobs, parser, data)
    print(markdown(*category_table(arguments.table, result)))
    end(failed)


if __name__ == "__main__":
    main()
