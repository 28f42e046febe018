# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from anomalib_scadn.data import lace_folder
from anomalib_scadn.data.lace_defects import DEFECTS
from anomalib_scadn.data.lace_folder import LaceFolder

SOURCE = Path(lace_folder.__file__).parent
SMALL = LaceFolder(image_size=32, num_train=3, num_test_good=2, num_test_defect=1, drawing_seed=0)


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.png"))}


def draw_in_another_process(root, count=3):
    # Empty parent packages: drawing needs neither the host nor torch, whose import takes seconds.
    code = f"""
import sys, types
from pathlib import Path
for name in ("anomalib_scadn", "anomalib_scadn.data"):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [{str(SOURCE.parent)!r}] if name.endswith("scadn") else [{str(SOURCE)!r}]
from anomalib_scadn.data.lace_folder import LaceFolder
LaceFolder(32, {count}, 2, 1, 0).draw(Path({str(root)!r}), 1)
"""
    return subprocess.Popen([sys.executable, "-c", code])


def test_layout_is_lacead_s(tmp_path):
    folder = SMALL.draw(tmp_path, 1)
    assert folder == tmp_path / "v1_32px_train3_good2_defect1_seed0" / "1"
    names = [f"train/good/{index:03d}.png" for index in range(3)] + [f"test/good/{index:03d}.png" for index in range(2)]
    names += [f"{split}.png" for kind in DEFECTS for split in (f"test/{kind}/000", f"ground_truth/{kind}/000_mask")]
    assert sorted(contents(folder)) == sorted(names)
    assert [path.name for path in folder.parent.iterdir()] == ["1"]


def test_masks_are_black_and_white(tmp_path, pixels):
    folder = SMALL.draw(tmp_path, 1)
    for kind in DEFECTS:
        mask = pixels(folder / f"ground_truth/{kind}/000_mask.png")
        assert mask.shape == (32, 32)
        assert np.unique(mask).tolist() == [0, 255]


def test_colours_are_stored_in_the_right_order(tmp_path, pixels):
    picture = pixels(replace(SMALL, image_size=64).draw(tmp_path, 1) / "train/good/000.png")
    # Pattern 1 has warm white thread on dark blue cloth.
    cloth, thread = np.quantile(picture, [0.05, 0.95], axis=(0, 1))
    assert cloth[2] > 1.2 * cloth[0]
    assert thread[0] > 1.02 * thread[2]


def test_same_numbers_give_the_same_bytes_in_another_process(tmp_path):
    here = SMALL.draw(tmp_path / "here", 1)
    assert draw_in_another_process(tmp_path / "there").wait(60) == 0
    assert contents(here) == contents(tmp_path / "there" / SMALL.key / "1")


def test_every_picture_is_another(tmp_path):
    pictures = [data for name, data in contents(SMALL.draw(tmp_path, 1)).items() if "ground_truth" not in name]
    assert len(set(pictures)) == len(pictures) == 10


def test_more_images_leave_the_first_ones_alone(tmp_path):
    few = contents(SMALL.draw(tmp_path, 1))
    many = contents(replace(SMALL, num_train=4, num_test_good=3, num_test_defect=2).draw(tmp_path, 1))
    assert few.items() <= many.items()


@pytest.mark.parametrize("field", ["image_size", "num_train", "num_test_good", "num_test_defect", "drawing_seed"])
def test_every_number_is_part_of_the_key(field):
    assert replace(SMALL, **{field: 77}).key != SMALL.key


def test_another_seed_gives_other_pictures(tmp_path):
    first = contents(SMALL.draw(tmp_path, 1))
    second = contents(replace(SMALL, drawing_seed=1).draw(tmp_path, 1))
    assert all(second[name] != data for name, data in first.items() if "ground_truth" not in name)


def test_drawn_folder_is_reused(tmp_path, monkeypatch):
    folder = SMALL.draw(tmp_path, 1)
    monkeypatch.setattr(lace_folder, "draw_lace", None)
    assert SMALL.draw(tmp_path, 1) == folder


def test_failed_drawing_leaves_nothing(tmp_path, monkeypatch):
    def fail(*arguments):
        msg = "power cut"
        raise RuntimeError(msg)

    with monkeypatch.context() as patch:
        patch.setattr(lace_folder, "draw_defect", fail)
        with pytest.raises(RuntimeError, match="power cut"):
            SMALL.draw(tmp_path, 1)
    assert list((tmp_path / SMALL.key).iterdir()) == []
    assert len(contents(SMALL.draw(tmp_path, 1))) == 15


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is a matter of POSIX")
def test_killed_drawing_leaves_no_half_made_folder(tmp_path):
    process = draw_in_another_process(tmp_path, count=100_000)
    deadline = time.monotonic() + 60
    while not list(tmp_path.rglob("*.png")) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.wait(60)
    key = tmp_path / replace(SMALL, num_train=100_000).key
    (stale,) = key.iterdir()
    assert stale.name.startswith(".1-")
    # A folder left by the same arguments is in nobody's way either.
    (tmp_path / SMALL.key).mkdir()
    stale.rename(tmp_path / SMALL.key / stale.name)
    assert len(contents(SMALL.draw(tmp_path, 1))) == 15


def test_two_processes_at_once_both_succeed(tmp_path):
    processes = [draw_in_another_process(tmp_path) for _ in range(2)]
    assert [process.wait(60) for process in processes] == [0, 0]
    assert [path.name for path in (tmp_path / SMALL.key).iterdir()] == ["1"]
    assert contents(tmp_path / SMALL.key / "1") == contents(SMALL.draw(tmp_path / "again", 1))


def test_slower_of_two_drawings_keeps_the_faster_one_s_folder(tmp_path, monkeypatch):
    final = tmp_path / SMALL.key / "1"
    draw_defect = lace_folder.draw_defect

    def overtaken(*arguments):
        (final / "train").mkdir(parents=True, exist_ok=True)
        return draw_defect(*arguments)

    monkeypatch.setattr(lace_folder, "draw_defect", overtaken)
    assert SMALL.draw(tmp_path, 1) == final
    assert [path.name for path in final.iterdir()] == ["train"]
    assert [path.name for path in final.parent.iterdir()] == ["1"]


def test_file_in_the_way_is_an_error(tmp_path):
    (tmp_path / SMALL.key).mkdir()
    (tmp_path / SMALL.key / "1").write_text("in the way")
    with pytest.raises(OSError, match=r"seed0/1"):
        SMALL.draw(tmp_path, 1)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("image_size", 31, "32 pixels or more, .*got 31"),
        ("num_train", 0, "num_train must be 1 or more, got 0"),
        ("num_test_good", -1, "num_test_good must be 0 or more, got -1"),
        ("num_test_defect", -1, "num_test_defect must be 0 or more, got -1"),
        ("drawing_seed", -1, "drawing_seed must be 0 or more, got -1"),
    ],
)
def test_impossible_number_is_refused(field, value, message):
    with pytest.raises(ValueError, match=message):
        replace(SMALL, **{field: value}).check()


def test_folder_without_test_images_is_refused(tmp_path):
    with pytest.raises(ValueError, match="a test image is needed"):
        replace(SMALL, num_test_good=0, num_test_defect=0).draw(tmp_path, 1)
    assert list(tmp_path.iterdir()) == []
