# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Write one static page that shows what compared models and the paper's experiments reached, and how.

    python benchmarks/report RESULTS [--output page.html]

RESULTS holds ``<data>/<model>/seed<k>/result.json``, or ``paper_NAME.json``, ``one_class_NAME.json`` and
``ablation_NAME.json``. The page is ``RESULTS/report.html`` if nothing else is said. Exits with status 2 and one line on
the error stream if results cannot be read.
"""

import argparse
import sys
from pathlib import Path

if not __package__:  # a folder that is run is the first place that modules are looked for
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from report import write_report


def main(arguments: list[str] | None = None) -> None:
    """Write the page and print where it is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("--output", type=Path)
    given = parser.parse_args(arguments)
    output = given.output or given.results / "report.html"
    try:
        if not given.results.is_dir():
            msg = f"there is no folder {given.results}; expected one with results"
            raise FileNotFoundError(msg)
        write_report(given.results, output)
    except (OSError, ValueError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(2)
    print(output)


if __name__ == "__main__":
    main()
