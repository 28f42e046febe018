# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Files that are no model, or not the one they claim to be: one error that names the file, and no code that runs."""

import json
import os
import pickle
import shutil
from dataclasses import asdict

import onnx
import pytest
import torch
from lightning.pytorch import Trainer
from onnx import TensorProto, helper

from anomalib_scadn.baselines import Dae
from anomalib_scadn.components import ScadnPostProcessor
from anomalib_scadn.deploy import StripedMaskInferencer
from anomalib_scadn.export.description import describe
from anomalib_scadn.export.metadata import PROPERTY
from anomalib_scadn.torch_model import ScadnModel


class Code:
    """Runs a command when it is unpickled."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


def refuse(path, *named):
    """Load a model that cannot be loaded; gives the message."""
    with pytest.raises((ValueError, FileNotFoundError)) as caught:
        StripedMaskInferencer(path)
    message = str(caught.value)
    assert str(path.with_suffix("")) in message
    assert all(name.partition("_")[0] in message for name in named), message  # "image height" is image_size too
    assert len(message) < 1500
    return message


def copy(model, folder):
    """Copy the files of a model; gives that which is loaded."""
    for path in model.parent.glob(f"{model.stem}.*"):
        if path.is_file():
            shutil.copy(path, folder)
    return folder / model.name


def set_argument(**arguments):
    return lambda content: content["hyper_parameters"].update(arguments)


def set_weight(change):
    def apply(content):
        name = next(name for name in content["state_dict"] if name.startswith("model.generator"))
        content["state_dict"][name] = change(content["state_dict"][name])

    return apply


CHECKPOINTS = {
    "no weights": lambda content: content.pop("state_dict"),
    "no arguments": lambda content: content.pop("hyper_parameters"),
    "empty weights": lambda content: content["state_dict"].clear(),
    "weights are a list": lambda content: content.update(state_dict=[1, 2]),
    "arguments are a text": lambda content: content.update(hyper_parameters="image_size=32"),
    "one weight less": lambda content: content["state_dict"].popitem(),
    "one weight more": lambda content: content["state_dict"].update(extra=torch.zeros(1)),
    "a weight of another shape": set_weight(lambda weight: weight.reshape(-1)[:3]),
    "a weight that is a number": set_weight(lambda _: 1.0),
    "another width": set_argument(base_channels=3),
    "fewer residual blocks": set_argument(residual_blocks=7),
    "separable residual blocks": set_argument(residual="separable"),
    "impossible size": set_argument(image_size=(33, 32)),
    "size is a text": set_argument(image_size="32"),
    "impossible stripes": set_argument(stripes=(5,)),
    "unknown passes": set_argument(passes="twice"),
    "unknown score": set_argument(score={"class_path": "os.system", "init_args": {"command": "true"}}),
    "options of another score": set_argument(score={"class_path": "PaperScore", "init_args": {"pooling": "max"}}),
    "no discriminator": set_argument(lambda_adv=0.0),
}


@pytest.mark.parametrize("case", CHECKPOINTS)
def test_a_checkpoint_of_other_content_is_refused(exported, tmp_path, case):
    content = torch.load(exported.files["checkpoint"], weights_only=True)
    CHECKPOINTS[case](content)
    torch.save(content, tmp_path / "model.ckpt")
    refuse(tmp_path / "model.ckpt")


@pytest.mark.parametrize("content", [None, 1, [], {}, "text", torch.zeros(3), {"weights": torch.zeros(3)}], ids=repr)
def test_what_torch_saved_but_is_no_checkpoint_is_refused(tmp_path, content):
    torch.save(content, tmp_path / "model.ckpt")
    refuse(tmp_path / "model.ckpt")


@pytest.mark.parametrize("place", ["alone", "plain pickle", "hyper_parameters", "state_dict", "callbacks"])
def test_code_in_a_checkpoint_does_not_run(exported, tmp_path, place):
    path, code = tmp_path / "model.ckpt", Code(f"touch {tmp_path / 'ran'}")
    if place == "plain pickle":
        path.write_bytes(pickle.dumps(code))
    elif place == "alone":
        torch.save(code, path)
    else:
        content = torch.load(exported.files["checkpoint"], weights_only=True)
        content.setdefault(place, {})["code"] = code
        torch.save(content, path)
    refuse(path)
    assert not (tmp_path / "ran").exists()


def test_a_checkpoint_of_another_model_is_refused(tmp_path):
    trainer = Trainer(accelerator="cpu", logger=False, enable_progress_bar=False, default_root_dir=tmp_path)
    trainer.strategy.connect(Dae(image_size=32, base_channels=2))
    trainer.save_checkpoint(tmp_path / "model.ckpt")
    refuse(tmp_path / "model.ckpt")


LENGTHS = [0, 1, 100, 0.1, 0.5, 0.999]


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("kind", ["checkpoint", "onnx", "generator-onnx", "openvino"])
def test_a_model_that_was_cut_off_is_refused(exported, tmp_path, kind, length):
    path = copy(exported.files[kind], tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: length if isinstance(length, int) else int(length * len(content))])
    refuse(path)


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize(("kind", "ending"), [("generator-onnx", ".onnx.data"), ("generator-openvino", ".bin")])
def test_weights_that_were_cut_off_are_refused(exported, tmp_path, kind, ending, length):
    model = copy(exported.files[kind], tmp_path)
    weights = tmp_path / f"{model.stem}{ending}"
    content = weights.read_bytes()
    weights.write_bytes(content[: length if isinstance(length, int) else int(length * len(content))])
    refuse(model)


FOREIGN = [
    b"",
    b"text",
    b"{}",
    b"<net/>",
    b"<?xml version='1.0'?><net name='a' version='99'/>",
    b"PK\x03\x04",
    bytes(999),
]


@pytest.mark.parametrize("content", FOREIGN, ids=lambda content: repr(content[:8]))
@pytest.mark.parametrize("name", ["model.ckpt", "model.onnx", "model.xml"])
def test_files_that_are_no_model_are_refused(exported, tmp_path, name, content):
    copy(exported.files["onnx"], tmp_path)
    (tmp_path / "model.bin").write_bytes(b"")
    (tmp_path / name).write_bytes(content)
    refuse(tmp_path / name)


@pytest.mark.parametrize("name", ["model.ckpt", "model.onnx", "model.xml", "model.pt", "model", ".onnx", "model.ONNX"])
@pytest.mark.parametrize("there", ["nothing", "folder", "broken link"])
def test_what_is_no_file_is_refused(tmp_path, name, there):
    if there == "folder":
        (tmp_path / name).mkdir()
    elif there == "broken link":
        (tmp_path / name).symlink_to(tmp_path / "gone")
    refuse(tmp_path / name)


def tiny_graph(inputs=1, channels=3, opset=18, kind=TensorProto.FLOAT, metadata=None):
    """Make a graph that gives its input back."""
    shape = ["batch_size", channels, 32, 32]
    values = [helper.make_tensor_value_info(f"in{index}", kind, shape) for index in range(inputs)]
    output = helper.make_tensor_value_info("painted", kind, shape)
    node = helper.make_node("Identity", ["in0"], ["painted"])
    model = helper.make_model(helper.make_graph([node], "tiny", values, [output]), ir_version=10)
    model.opset_import[0].version = opset
    if metadata is not None:
        helper.set_model_props(model, {PROPERTY: metadata})
    return model


@pytest.mark.parametrize(
    "graph",
    [{"inputs": 2}, {"channels": 1}, {"opset": 9999}, {"kind": TensorProto.DOUBLE}, {}],
    ids=str,
)
def test_a_graph_of_something_else_is_refused(exported, tmp_path, graph):
    copy(exported.files["onnx"], tmp_path)
    onnx.save(tiny_graph(**graph), tmp_path / "model.onnx")
    refuse(tmp_path / "model.onnx")


METADATA = {
    "format_version": [None, 0, 6, 8, "7", 7.5],
    "kind": [None, "half", 1, ["full"]],
    "image_size": [None, 32, "32", [], [32], [32, 32, 32], [0, 32], [-8, 32], [33, 32], ["a", "b"]],
    "resizes": [None, 0, 1, "true"],
    "stripes": [None, [], [0], [3], [4, 4], 4, [64], ["a"]],
    "mask_fill": [None, "0", True, []],
    "passes": [None, "twice", 1],
    "score": [None, "PaperScore", {}, [], {"class_path": 1}, {"class_path": "os.system", "init_args": {}}],
    "selects": [None, 0, 1, "true"],
    "image": [None, 1, {}, [], {"minimum": 0}, {"minimum": "low", "maximum": 1, "threshold": 0}],
    "pixel": [None, 1, {}, [], {"minimum": 0}, {"minimum": "low", "maximum": 1, "threshold": 0}],
    "enable_normalization": [None, 0, 1, "true"],
    "enable_thresholding": [None, 0, 1, "true"],
    "enable_threshold_matching": [None, 0, 1, "true"],
    "image_sensitivity": [None, "0.5", True, []],
    "pixel_sensitivity": [None, "0.5", True, []],
    "package_version": [None, 1, []],
}
GONE = object()
CHANGES = [(name, value) for name, values in METADATA.items() for value in (GONE, *values)]


def write_graph(folder, text):
    """Write a tiny graph that carries metadata."""
    onnx.save(tiny_graph(metadata=text), folder / "model.onnx")
    return folder / "model.onnx"


@pytest.mark.parametrize(
    ("name", "value"),
    CHANGES,
    ids=lambda value: "gone" if value is GONE else repr(value),
)
def test_impossible_metadata_are_refused_by_name(tmp_path, name, value):
    described = describe(ScadnModel((32, 32), base_channels=2), ScadnPostProcessor(), "generator")
    content = json.loads(json.dumps(asdict(described)))
    content = {key: found for key, found in {**content, name: value}.items() if found is not GONE}
    refuse(write_graph(tmp_path, json.dumps(content)), name)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "1", '"text"', "{}", "\x01", "NaN", "[" * 100_000])
def test_metadata_that_are_no_description_are_refused(tmp_path, text):
    refuse(write_graph(tmp_path, text))
