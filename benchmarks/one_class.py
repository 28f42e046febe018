# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""One-class MNIST and CIFAR-10 (SCADN, Table 5): each class in turn is the normal one.

    python benchmarks/one_class.py mnist --root DIR                        # the paper's settings, for a GPU
    python benchmarks/one_class.py cifar10 --root DIR --name cifar10_small --classes 0 1 --seeds 0
        -- --model.base_channels 8 --model.learning_rate 0.001 --trainer.max_epochs 5 --data.num_train 1000

DIR holds torchvision's files. What follows ``--`` goes to the host and changes ``configs/one_class.yaml``. Classes and
seeds that ``benchmarks/results/one_class_NAME.json`` has are not run again. Prints the row of Table 5.
"""

import argparse
from functools import partial
from pathlib import Path

from anomalib_scadn import OneClass
from anomalib_scadn.config_files import config_path
from anomalib_scadn.data.one_class_files import folder_of
from beside_paper import CLASSES, PAPER, one_class_table
from experiment import train
from figures import FIGURES_HELP, Figures
from fingerprints import fingerprint
from host_arguments import Options, read_arguments
from runs import RESULTS, Metrics, end, run_missing, settings_of
from tables import markdown


def run(options: Options, figures: Figures | None) -> list[Metrics]:
    """Train on one class and test on all.

    Args:
        options (Options): What differs from the configuration.
        figures (Figures | None): Keeps what the report draws, if it shall.

    Returns:
        list[Metrics]: One result.
    """
    trained = train(config_path("one_class"), options)
    if figures is not None:
        figures.keep("scadn", options, trained)
    return [trained.metrics]


def check_data(options: Options) -> None:
    """Read the data set, or let it be downloaded if that was asked for, before anything trains.

    Args:
        options (Options): What differs from the configuration.

    Raises:
        OSError: If it is not there, or the download fails.
        ValueError: If it cannot be read.
    """
    download = str(options.get("data.download", "false")).lower() == "true"
    OneClass(root=options["data.root"], dataset=options["data.dataset"], download=download).prepare_data()


def main() -> None:
    """Run what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", choices=["mnist", "cifar10", "fashion_mnist"])
    parser.add_argument("--root", type=Path, required=True, help="folder of torchvision's files")
    parser.add_argument("--classes", type=int, nargs="+", choices=range(10), default=list(range(10)))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="the paper took three")
    parser.add_argument("--name", help="name of the result file; the data set's if left out")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of the result file")
    parser.add_argument("--figures", type=Path, help=FIGURES_HELP)
    own = ("data.root", "data.dataset", "data.normal_class", "model.seed")
    arguments, extra, changes = read_arguments(parser, own)
    options: Options = {"data.root": arguments.root, "data.dataset": arguments.dataset, **changes}
    try:
        check_data(options)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    whole = {"mean": {"image_AUROC": PAPER["5"][arguments.dataset]["mean"]}} if arguments.dataset in PAPER["5"] else {}
    config = config_path("one_class")
    paper = {**{name: {} for name in sorted(CLASSES)}, **whole}
    settings = {"dataset": arguments.dataset, **settings_of(config, extra), "paper": paper}
    root = Path(str(options["data.root"])).expanduser()
    data = {arguments.dataset: fingerprint([folder_of(root, arguments.dataset)], root)}
    prefix = f"{arguments.dataset}_{arguments.name}" if arguments.name else arguments.dataset
    figures = {
        number: Figures(arguments.figures, f"{prefix}_{number}", data[arguments.dataset], config)
        for number in (arguments.classes if arguments.figures else [])
    }
    jobs = [
        (
            [f"{number}/{seed}"],
            partial(run, {**options, "data.normal_class": number, "model.seed": seed}, figures.get(number)),
        )
        for seed in arguments.seeds
        for number in arguments.classes
    ]
    path = arguments.results / f"one_class_{arguments.name or arguments.dataset}.json"
    result, failed = run_missing(path, settings, jobs, parser, data)
    print(markdown(*one_class_table([result])))
    end(failed)


if __name__ == "__main__":
    main()
