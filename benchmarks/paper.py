# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The paper's experiments and the demo, beside the paper's numbers.

    python benchmarks/paper.py table1 --root datasets/LaceAD      # image AUROC, the paper's settings, for a GPU
    python benchmarks/paper.py table2 --root datasets/MVTecAD     # image AUROC
    python benchmarks/paper.py table3 --root datasets/MVTecAD     # mean of each image's pixel AUROC, the same runs
    python benchmarks/paper.py table4 --data lace fabric_03=DIR/fabric_03 --seeds 0 1 2    # the ablation
    python benchmarks/paper.py table5 mnist --root DIR            # one-class MNIST, CIFAR-10 and Fashion-MNIST
    python benchmarks/paper.py demo --seeds 0 1 2                 # anomalib train, the whole command timed
    python benchmarks/paper.py table2 --root DIR --categories screw --name small -- --model.base_channels 8

What follows ``--`` goes to anomalib and changes the configuration. Runs that the result file in ``benchmarks/results``
or ``--results`` has are not run again. ``--figures DIR`` keeps scores and pictures of every run made now, which
``python benchmarks/report DIR`` shows. Nothing is downloaded.

Table 4: ``lace`` is drawn as ``configs/demo.yaml`` says, folders in the layout of MVTec AD are read as ``--config``
says. Table 5: the root holds torchvision's files.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ablation import OPTIONS
from anomalib_scadn.cli.configs import config_path
from experiment import SEED
from layout import markdown
from options import read_arguments
from paper_runs import CATEGORIES, LACE, make_ablation, make_categories, make_demo, make_one_class
from paper_tables import (
    ablation_table,
    category_table,
    demo_table,
    one_class_table,
)
from store import add_common, end, run_missing


def make_parser() -> argparse.ArgumentParser:
    """Make the command line, a subcommand for each experiment."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="experiment", required=True)
    for name in CATEGORIES:
        command = add_command(commands, name, make_categories, ("data.root", "data.category"))
        command.set_defaults(table=lambda results, table=name[-1:]: category_table(table, *results.values()))
        command.add_argument("--root", type=Path, required=True, help="root of the data set")
        command.add_argument("--categories", nargs="+", help="folders in the root; all of the paper's if left out")
    command = add_command(commands, "table4", make_ablation, OPTIONS)
    command.set_defaults(table=ablation_table)
    command.add_argument("--data", nargs="+", default=[LACE], metavar="lace|NAME=ROOT/CATEGORY")
    command.add_argument("--config", type=Path, default=config_path("cpu"), help="for folders; cpu.yaml if left out")
    command = add_command(commands, "table5", make_one_class, ("data.root", "data.dataset", "data.normal_class"))
    command.set_defaults(table=lambda results: one_class_table(list(results.values())), seeds=[0, 1, 2])
    command.add_argument("dataset", choices=["mnist", "cifar10", "fashion_mnist"])
    command.add_argument("--root", type=Path, required=True, help="folder of torchvision's files")
    command.add_argument("--classes", type=int, nargs="+", choices=range(10), default=list(range(10)))
    command = add_command(commands, "demo", make_demo, ("trainer.logger", "default_root_dir"))
    command.set_defaults(table=lambda results: demo_table(*results.values()))
    return parser


def add_command(commands: Any, name: str, make: Callable, own: tuple[str, ...]) -> argparse.ArgumentParser:  # noqa: ANN401
    """Add an experiment with what all of them take, and name the options of anomalib that it sets itself."""
    command = commands.add_parser(name, help=make.__doc__.splitlines()[0])
    command.set_defaults(make=make, own=(SEED, *own))
    add_common(command, make.__doc__)
    command.add_argument("--seeds", type=int, nargs="+", default=[0])
    command.add_argument("--name", help="name of the result file, or, of Table 4, what is added to it")
    command.add_argument("--figures", type=Path, help="where to keep scores and pictures of every run made now")
    return command


def main() -> None:
    """Run what is missing and print the table."""
    parser = make_parser()
    arguments, extra, changes = read_arguments(parser)
    results, failed = {}, []
    try:
        for one in arguments.make(arguments, extra, changes):
            path = arguments.results / f"{one.file}.json"
            result, broken = run_missing(path, one.settings, one.jobs, one.data, one.describe)
            results[one.file.partition("_")[2]] = result
            failed += broken
    except (OSError, ValueError) as error:
        parser.error(str(error))
    print(markdown(*arguments.table(results)))
    end(failed)


if __name__ == "__main__":
    main()
