# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The benchmark scripts import each other as scripts do; a tiny tree in the layout of MVTec AD."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from PIL import Image

from anomalib_scadn import SyntheticLace

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "benchmarks"))

from comparison import Job


@pytest.fixture(scope="session")
def tree(lace_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight training and seven test images of 32 x 32 pixels, but for one of each that is larger, and one in JPEG."""
    lace = SyntheticLace(root=lace_root, image_size=32, num_train=8, num_test_good=2, num_test_defect=1, num_workers=0)
    lace.prepare_data()
    root = tmp_path_factory.mktemp("trees") / "tiny"
    shutil.copytree(lace.root / lace.category, root)
    for folder in ("train/good", "test/hole", "ground_truth/hole"):
        path = sorted((root / folder).iterdir())[0]
        Image.open(path).resize((56, 40), Image.Resampling.NEAREST).save(path)
    for folder in ("train/good", "test/hole", "test/good"):
        path = sorted((root / folder).iterdir())[-1]
        Image.open(path).save(path.with_suffix(".jpg"))
        path.unlink()
    return root


@pytest.fixture(scope="session")
def bare_tree(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same without masks."""
    root = tmp_path_factory.mktemp("trees") / "bare"
    shutil.copytree(tree, root, ignore=shutil.ignore_patterns("ground_truth"))
    return root


@pytest.fixture(scope="session")
def scadn_config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Configuration of a SCADN small enough to train in seconds."""
    path = tmp_path_factory.mktemp("configs") / "tiny.yaml"
    model = {"image_size": 24, "base_channels": 2, "residual_blocks": 1, "stripes": [2, 4], "learning_rate": 0.001}
    content = {
        "model": {"class_path": "anomalib_scadn.Scadn", "init_args": model},
        "data": {"class_path": "anomalib_scadn.LaceAD", "init_args": {"train_batch_size": 3, "eval_batch_size": 2}},
        "trainer": {"max_epochs": 2, "check_val_every_n_epoch": 2, "enable_progress_bar": False},
    }
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.fixture(scope="session")
def make_job(tree: Path, scadn_config: Path) -> Callable[..., Job]:
    """Maker of a job on the tiny tree."""

    def make(folder: Path, model: str = "scadn", **changes: object) -> Job:
        values = {
            "data": "tiny",
            "root": tree,
            "model": model,
            "seed": 0,
            "image_size": 32,
            "scadn_config": scadn_config,
            "backbone_weights": None,
            "coreset_ratio": 0.1,
            "repeats": 2,
            "folder": folder,
        }
        return Job(**{**values, **changes})

    return make
