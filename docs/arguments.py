# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Write docs/arguments.md from the docstrings of the public classes.

    python docs/arguments.py

The command line reads the same docstrings for its help. A test compares the page with what this program would write.
"""

import re
from pathlib import Path

from jsonargparse import ArgumentParser

import anomalib_scadn
from anomalib_scadn.baselines import AloccD, AloccDR, Dae, MemAe, Ocgan
from anomalib_scadn.deploy import StripedMaskInferencer

PAGE = Path(__file__).with_name("arguments.md")

CLASSES = {
    "Model": (anomalib_scadn.Scadn,),
    "Scores": (anomalib_scadn.PaperScore, anomalib_scadn.CompositeScore),
    "Data": (anomalib_scadn.LaceAD, anomalib_scadn.SyntheticLace, anomalib_scadn.OneClass),
    "Pictures": (anomalib_scadn.ScadnVisualizer,),
    "Inference": (StripedMaskInferencer,),
    "Baselines": (Dae, MemAe, AloccD, AloccDR, Ocgan),
}

ROLE = re.compile(r":\w+:`~?(?:[\w.]*\.)?(\w+)`")
DEFAULT = re.compile(r"\s*Defaults to `(.*?)`(?:[:,] (.*?))?\.?$")


def arguments_of(kind: type) -> list[tuple[str, str, str]]:
    """List name, default and meaning of the arguments of a class, those of its bases included."""
    parser = ArgumentParser()
    parser.add_class_arguments(kind, fail_untyped=False)
    rows = []
    for action in parser._actions:
        if action.dest == "help" or action.dest.endswith(".help"):
            continue
        text = _plain(" ".join((action.help or "").split()))
        found = DEFAULT.search(text)
        default = "required"
        if found:
            default = f"`{found[1]}`" + (f", {found[2]}" if found[2] else "")
            text = text.replace(found[0], "")
        elif not action.required:
            default = f"`{action.default}`"
        rows.append((action.dest, default, text.strip(" .")))
    return rows


def _plain(text: str) -> str:
    """Turn a docstring's markup into Markdown's, in one cell of a table."""
    return ROLE.sub(r"`\1`", text).replace("``", "`").replace("|", "\\|")


def page() -> str:
    """Write the page."""
    parts = ["# Arguments\n\n`python docs/arguments.py` writes this page from the docstrings.\n"]
    for title, kinds in CLASSES.items():
        parts.append(f"\n## {title}\n")
        for kind in kinds:
            summary = _plain((kind.__doc__ or "").split("\n\n")[0])
            parts.append(f"\n### {kind.__name__}\n\n{' '.join(summary.split())}\n\n")
            parts.append("| argument | default | meaning |\n| --- | --- | --- |\n")
            parts += [f"| `{name}` | {default} | {meaning} |\n" for name, default, meaning in arguments_of(kind)]
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
