# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The page as a browser gets it."""

import base64
import json
import re
from html.parser import HTMLParser

import pytest

from report import write_report

VOID = {"meta", "link", "img", "br"}
EVIL = "<script>alert('x')</script>&\""


class Page(HTMLParser):
    """Elements in order, and text; fails where tags do not match."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements, self.open, self.texts = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        assert len(dict(attributes)) == len(attributes)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def pictures(self, kind):
        return [picture for picture in self.all("img") if picture["src"].startswith(f"data:image/{kind};")]

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


@pytest.fixture
def write(results, tmp_path):
    def make():
        write_report(results, tmp_path / "out/page.html")
        return Page((tmp_path / "out/page.html").read_text(encoding="utf-8"))

    return make


@pytest.fixture
def full(results, add_run, drawn_scores):
    """Two data sets, two models, two seeds, all files."""
    for data in ("fabric", "lace"):
        for index, model in enumerate(("padim", "scadn")):
            for seed in (0, 1):
                metrics = {"image_AUROC": 0.8 + 0.01 * index + 0.002 * seed, "pixel_AUROC": 0.7}
                add_run(data, model, seed, metrics, drawn_scores(seed, shift=1 + index), pictures=True,
                        versions={"torch": "2.99.1"}, configuration={"epochs": 4321})  # fmt: skip
    (results / "paper.json").write_text(json.dumps({"lace": {"SCADN": {"image_AUROC": 0.8975}, "OCGAN": {}}}))


def test_the_page_is_well_formed_and_holds_the_numbers(write, full):
    page = write()
    assert page.text.count("0.811") >= 2
    assert "0.810 to 0.812" in page.text
    assert "paper 0.897" in page.text or "paper 0.898" in page.text
    assert "2.99.1" in page.text
    assert "4321" in page.text
    assert sum("AUROC: padim 0." in chart["alt"] for chart in page.pictures("svg+xml")) == 2
    assert len(page.all("details")) == 8
    assert page.text.count("(best)") == 6  # an AUROC each of two data sets, and equal ones of both models


def test_the_page_needs_no_other_file(write, full):
    page = write()
    assert not page.all("script")
    assert not {"iframe", "object", "embed", "base"} & {tag for tag, _ in page.elements}
    sources = [
        attributes.get(name) for _, attributes in page.elements for name in ("src", "href") if name in attributes
    ]
    assert sources
    assert all(source.startswith(("data:", "#")) for source in sources)
    style = "".join(page.texts)
    assert "url(" not in style
    assert "@import" not in style


def test_pictures_are_inside_with_their_size_and_a_text(write, full):
    pictures = write().pictures("png")
    assert [picture["height"] for picture in pictures] == ["4", "5"] * 4  # examples, then extremes, of each model
    for picture in pictures:
        data = base64.b64decode(picture["src"].removeprefix("data:image/png;base64,"), validate=True)
        assert data.startswith(b"\x89PNG")
        assert picture["width"] == "6"
        assert picture["alt"]


def test_tables_charts_and_links_can_be_read_aloud(write, full):
    page = write()
    identifiers = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(set(identifiers)) == len(identifiers)
    assert len(page.all("caption")) == len(page.all("table"))
    assert all("scope" in attributes for attributes in page.all("th"))
    for _, attributes in page.elements:
        named = [attributes.get("aria-labelledby"), attributes.get("href", "").removeprefix("#")]
        assert {name for name in named if name and not name.startswith("data:")} <= set(identifiers)
    charts = page.pictures("svg+xml")
    assert len(charts) == 8  # of two data sets ROC and precision-recall curves, and a histogram of each model
    assert all(chart["alt"] and chart["width"] and chart["height"] for chart in charts)
    assert page.all("html")[0]["lang"] == "en"


def test_charts_are_whole_pictures_that_need_no_other_file(write, full):
    for chart in write().pictures("svg+xml"):
        svg = base64.b64decode(chart["src"].partition(",")[2], validate=True).decode()
        assert svg.rstrip().endswith("</svg>")
        assert all(link.startswith("#") for link in re.findall(r'href="(.*?)"', svg))


def test_every_class_of_the_page_is_in_the_style_sheet(write, full):
    page = write()
    style = "".join(page.texts)
    for _, attributes in page.elements:
        for name in attributes.get("class", "").split():
            assert f".{name}" in style


def test_names_are_escaped_everywhere(results, add_run, write):
    name = EVIL.replace("/", "")
    add_run(name, name, metrics={"image_AUROC": 0.5}, note=EVIL,
            scores=[(EVIL, 0, 1.0), (EVIL, 1, 2.0)], pictures=True)  # fmt: skip
    (results / "paper.json").write_text(json.dumps({name: {EVIL: {"image_AUROC": 0.4}}}))
    page = write()
    assert not page.all("script")
    assert page.text.count("alert('x')") > 6
    assert any(name in picture["alt"] for picture in page.all("img"))


def test_a_page_of_next_to_nothing_has_no_empty_tables(add_run, write):
    add_run()
    page = write()
    assert not page.all("img")
    assert not page.all("table")
    assert "Neither scores nor pictures were kept" in page.text
    assert "No scores were kept" not in page.text


def test_a_model_without_scores_beside_one_that_has_some_has_dashes(add_run, write, drawn_scores):
    add_run()
    add_run(model="padim", scores=drawn_scores())
    text = write().text
    assert text.count("No scores were kept") == 1
    assert text.count("No pictures were kept") == 2


def test_the_same_results_give_the_same_bytes(results, full, tmp_path):
    pages = [tmp_path / "a.html", tmp_path / "b.html"]
    for page in pages:
        write_report(results, page)
    assert pages[0].read_bytes() == pages[1].read_bytes()


def test_an_experiment_says_above_its_table_what_made_it(results, write):
    content = {
        "config": "one_class.yaml",
        "extra": ["--trainer.max_epochs", "5"],
        "runs": {"3/0": {"image_AUROC": 0.5}},
    }
    (results / "one_class_mnist.json").write_text(json.dumps(content))
    page = write()
    assert len(page.all("table")) == 1
    assert page.text.index("one_class.yaml --trainer.max_epochs 5") < page.text.index("mean of 1")
    assert "1 of the paper's experiments." in page.text
    assert "0 run" not in page.text


def test_a_page_that_fails_leaves_the_old_one(results, add_run, tmp_path):
    page = tmp_path / "page.html"
    page.write_text("old")
    (add_run() / "scores.csv").write_text("nothing")
    with pytest.raises(ValueError, match=r"scores\.csv"):
        write_report(results, page)
    assert page.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["page.html"]


def test_the_page_follows_the_browsers_colours(write, full):
    style = "".join(write().texts)
    assert "prefers-color-scheme: dark" in style
    colours = [set(re.findall(r"--(\w+):", block)) for block in re.findall(r":root {(.*?)}", style, re.DOTALL)]
    assert len(colours) == 2
    assert colours[0] == colours[1]
