# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Pages of the site that lie elsewhere in the repository, or are made of docstrings: a hook of mkdocs.

The README is the front page. Links of every page lead to pages of the site; links to files that have no page there
become plain names.
"""

import importlib
import posixpath
import re
from pathlib import Path, PurePosixPath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "anomalib_scadn"

PAGES = {
    "README.md": "index.md",
    "benchmarks/README.md": "measurements.md",
    f"src/{PACKAGE}/baselines/README.md": "baselines.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
}
"""Documents of the repository, and their pages."""

PUBLIC = ("", ".anomalies", ".baselines", ".components", ".data", ".deploy", ".export", ".scoring")
"""Packages each of whose public names has a page."""

TITLES = {
    "index.md": "anomalib-scadn",
    "arguments.md": "Arguments",
    "data.md": "Data",
    "scoring.md": "Scores",
    "repair.md": "Repair",
    "inspection.md": "Inspection",
    "deploy.md": "Serving",
    "scale.md": "Millions of images",
    "method.md": "Method",
    "troubleshooting.md": "Troubleshooting",
    "measurements.md": "Measurements",
    "baselines.md": "Baselines",
}
"""Pages in the order of the menu."""

LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)#:\s]*)(#[^)\s]*)?\)")


def public_names() -> dict[str, list[str]]:
    """List the public names of each public package, each once, but for other packages."""
    found: dict[str, list[str]] = {}
    for suffix in PUBLIC:
        module = importlib.import_module(PACKAGE + suffix)
        known = {"__version__", "baselines"}.union(*found.values())
        found[module.__name__] = [name for name in module.__all__ if name not in known]
    return found


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the documents of the repository, a page for each public name, and one for each module."""
    for source, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text(encoding="utf-8")))
    for package, names in public_names().items():
        for name in names:
            content = f"# {name}\n\n::: {package}.{name}\n    options: {{show_root_heading: false}}\n"
            files.append(File.generated(config, f"reference/{package}.{name}.md", content=content))
    for path in sorted((ROOT / "src" / PACKAGE).rglob("[!_]*.py")):
        module = ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)
        files.append(File.generated(config, f"modules/{module}.md", content=f"# {module}\n\n::: {module}\n"))
    return files


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> Navigation:
    """Order the menu: documents, then what is made of docstrings."""
    del config, files
    order = list(TITLES)
    nav.items.sort(key=lambda item: _place(item, order))
    return nav


def _place(item: object, order: list[str]) -> int:
    uri = item.file.src_uri if isinstance(item, Page) else ""
    if uri in order:
        return order.index(uri)
    return len(order) + ("", "Reference", "Modules").index(getattr(item, "title", "") if not uri else "")


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point links to the pages of the site."""
    del config
    source = next((source for source, uri in PAGES.items() if uri == page.file.src_uri), f"docs/{page.file.src_uri}")

    def point(match: re.Match[str]) -> str:
        mark, text, target, anchor = match[1], match[2], match[3], match[4] or ""
        if not target:
            return match[0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        uri = _page_of(path)
        if uri is None or files.get_file_from_path(uri) is None:
            return text
        return f"{mark}[{text}]({posixpath.relpath(uri, posixpath.dirname(page.file.src_uri) or '.')}{anchor})"

    return LINK.sub(point, markdown)


def _page_of(path: str) -> str | None:
    """Find the page of a file of the repository."""
    if path in PAGES:
        return PAGES[path]
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    if path.startswith(f"src/{PACKAGE}/") and path.endswith(".py"):
        return f"modules/{'.'.join(PurePosixPath(path).relative_to('src').with_suffix('').parts)}.md"
    return None
