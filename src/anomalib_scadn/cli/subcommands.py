# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What subcommands there are, listed without anomalib, which takes long to import."""

import argparse

PROGRAM = "anomalib-scadn"

ANOMALIB = {
    "install": "Install the full-package for anomalib.",
    "fit": "Runs the full optimization routine.",
    "validate": "Perform one evaluation epoch over the validation set.",
    "test": "Perform one evaluation epoch over the test set.",
    "train": "Fit the model and then call test on the trained model.",
    "predict": "Run inference on a model.",
    "export": "Export the model to ONNX or OpenVINO format.",
    "benchmark": "Benchmarking pipeline for evaluating anomaly detection models.",
}
"""Descriptions of anomalib's subcommands; a test compares them with anomalib's own."""

COMMANDS = {
    "configs": "Print where a shipped configuration is, or list them.",
    "choose": "Train configurations, and choose one without a defect.",
    "anomalies": "Draw a sheet of synthetic anomalies into images.",
    "crop": "Cut large camera images into patches in the layout of LaceAD.",
    "score": "Score a folder of images with a trained or exported model.",
    "score-many": "Score images that are too many for one process, on Ray.",
    "threshold": "Choose a threshold for a rate of false alarms from scores of good parts.",
    "report": "Write one page to decide on from a folder of results.",
}
"""Descriptions of the plugin's subcommands."""

MODULES = {
    "configs": "configs",
    "anomalies": "commands",
    "crop": "commands",
    "score": "commands",
    "score-many": "score_many",
    "threshold": "decide",
    "report": "decide",
}
"""Module below this package of each subcommand that needs no parser of anomalib's."""


def list_commands() -> argparse.ArgumentParser:
    """Make the parser whose help lists all subcommands, and which refuses others.

    Returns:
        argparse.ArgumentParser: The parser; its subcommands have no arguments.
    """
    parser = argparse.ArgumentParser(PROGRAM, description="anomalib's command line with SCADN, and its own commands.")
    more = f"More of each: {PROGRAM} SUBCOMMAND --help"
    listed = parser.add_subparsers(title="subcommands", description=more, metavar="SUBCOMMAND", required=True)
    for name, description in {**ANOMALIB, **COMMANDS}.items():
        listed.add_parser(name, help=description)
    return parser
