# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Impossible arguments: each is refused in one line that names the argument and its value; nothing is made."""

from functools import partial
from math import inf, nan

import pytest

from anomalib_scadn import CompositeScore, LaceAD, OneClass, PaperScore, Scadn, ScadnVisualizer, SyntheticLace
from anomalib_scadn.data.cropping import crop_folder
from anomalib_scadn.data.tiles import tile_boxes
from anomalib_scadn.deploy import StripedMaskInferencer
from anomalib_scadn.deploy.stitching import TileStitcher
from anomalib_scadn.export import export_generator
from anomalib_scadn.torch_model import ScadnModel

small = partial(Scadn, image_size=32, base_channels=2, visualizer=False)
network = partial(ScadnModel, image_size=(32, 32), base_channels=2)
NUMBERS = (-1, nan, inf, -inf)
COUNTS = (0, -1, 1.5, True, "4")
SEEDS = (-1, 2**32, 1.5, True, "0")

TABLE = {
    small: {
        "image_size": [0, -8, 8, 25, 3.5, True, "32", None, (), (32,), (32, 32, 32), (32, 33), (32.0, 32), (0, 32)],
        "base_channels": COUNTS,
        "residual_blocks": COUNTS[1:],
        "residual": ["none", "", None, 1],
        "stripes": [(), (0,), (-4,), (3,), (4, 4), (64,), 4, "4", (4.0,), ("4",), (True,), None],
        "mask_fill": [-0.1, 1.1, nan, inf],
        "lambda_rec": NUMBERS,
        "lambda_rm": NUMBERS,
        "lambda_adv": NUMBERS,
        "lambda_ssim": NUMBERS,
        "learning_rate": NUMBERS,
        "discriminator_learning_rate": NUMBERS,
        "beta1": [-0.1, 1.0, nan, inf],
        "beta2": [-0.1, 1.0, nan, inf],
        "ema_decay": [-0.1, 1.0, nan, inf],
        "crop_size": [0, 8, 25, 40, (16, 24), (24,), "24", 24.0],
        "repair": [-0.1, 1.1, nan, inf],
        "passes": ["twice", "", None, 1],
        "reference_images": COUNTS,
        "passes_at_once": COUNTS,
        "max_epochs": COUNTS,
        "seed": SEEDS,
        "score": ["PaperScore", 1, {"init_args": {}}, {"class_path": "os.system", "init_args": {"command": "true"}}],
    },
    network: {"base_channels": COUNTS, "mask_fill": [-1, 2, nan], "passes": ["none"], "passes_at_once": [0, -4]},
    PaperScore: {"merge": ["min", "", None, 1], "subtract_reference": ["false", 0, None]},
    CompositeScore: {
        "errors": [(), ("mae",), ("mse", "mse"), "mse", None, 1],
        "combine": ["median", None, 1],
        "standardize": ["image", None, 1],
        "smoothing": [(), -1.0, (2.0, 1.0), (1.0, 1.0), nan, inf, "1", (True,), None],
        "pooling": ["median", None, 1],
        "top_fraction": [0, -0.1, 1.1, nan, "0.1", None, True],
        "backbone_layers": ["1", 1, None],
    },
    ScadnVisualizer: {"max_figures": [-1, -24]},
    LaceAD: {"num_workers": [-1], "val_split_mode": ["from_dir"]},
    partial(SyntheticLace, root="lace"): {
        "category": ["0", "5", "lace", -1],
        "image_size": [31, 0, (32, 40), "32", 32.5],
        "num_train": [0, -1],
        "num_test_good": [-1],
        "num_test_defect": [-1],
        "drawing_seed": [-1],
    },
    OneClass: {
        "dataset": ["imagenet", "", None],
        "normal_class": [-1, 10, "0", 1.5, True],
        "num_train": COUNTS,
        "num_test": COUNTS,
        "val_split_mode": ["from_dir", "synthetic"],
    },
    partial(crop_folder, "in", "out"): {
        "size": COUNTS,
        "min_anomalous_pixels": COUNTS,
        "remainder": ["pad", "", None],
        "defect": ["", "good", ".", "..", ".hidden", "a/b", "a\\b"],
    },
    partial(StripedMaskInferencer, "model.onnx"): {
        "batch_size": [0, -1],
        "tile": [0, -1],
        "channel_order": ["hsv", "", None],
    },
    partial(StripedMaskInferencer, "model.onnx", tile=32): {"overlap": [-1, 32, 64]},
    partial(tile_boxes, 64, 64, overlap=0): {"tile": [0, -1]},
    partial(TileStitcher, 64, 64, 32): {"overlap": [-1, 32]},
    partial(export_generator, None, "out"): {"export_type": ["torch", "", None]},
}
CASES = [
    pytest.param(make, name, value, id=f"{getattr(make, 'func', make).__name__}-{name}-{value!r}")
    for make, arguments in TABLE.items()
    for name, values in arguments.items()
    for value in values
]


def spellings(value):
    """Say how a message may write a value: as it is, as a plain list or tuple, or one of its parts."""
    if isinstance(value, dict):
        return {str(value), repr(value.get("class_path"))}
    if not isinstance(value, tuple | list):
        return {str(value), repr(value)}
    return {str(list(value)), str(tuple(value)), *map(str, value)} if value else {"()", "none", "[]", "empty"}


@pytest.mark.parametrize(("make", "name", "value"), CASES)
def test_an_impossible_argument_is_refused_by_name(make, name, value, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises((TypeError, ValueError)) as caught:
        make(**{name: value})
    message = str(caught.value)
    assert name.partition("_")[0] in message or "lace" in message  # "image height" is image_size too
    assert any(text in message for text in spellings(value)), message
    assert "\n" not in message
    assert not list(tmp_path.iterdir())
