# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The inferencer on damaged files, on many images, and on exports that leave something out."""

import itertools
import json
import shutil
from functools import partial

import numpy as np
import pytest
from PIL import Image
from torchvision.transforms.v2 import Normalize, Resize

from anomalib_scadn import torch_model
from anomalib_scadn.deploy import InferenceResult, StripedMaskInferencer
from anomalib_scadn.export import export_generator
from anomalib_scadn.networks import Generator
from tolerances import score_rounding

GRAPHS = ("onnx", "openvino", "generator-onnx", "generator-openvino")
KINDS = ("checkpoint", *GRAPHS)


def copy_model(exported, kind, folder):
    """Copy a model's files to where they may be damaged."""
    source = exported.files[kind]
    for path in source.parent.glob(f"{source.stem}.*"):
        shutil.copy(path, folder)
    return folder / source.name


def change_metadata(path, **entries):
    file = path.with_suffix(".json")
    file.write_text(json.dumps({**json.loads(file.read_text()), **entries}))


@pytest.mark.parametrize("kind", KINDS)
def test_interface_is_that_of_the_hosts_inferencers(exported, image_folders, kind):
    inferencer = exported.inferencer(kind)
    image = image_folders["larger"] / "1.png"
    batch = inferencer.pre_process(image)
    assert (batch.shape, batch.dtype) == ((1, 3, 80, 72), np.float32)
    (result,) = inferencer.post_process(inferencer.forward(batch))
    assert isinstance(result, InferenceResult)
    called = inferencer(image)
    assert called.raw_score == result.raw_score == inferencer.predict(image).raw_score
    assert called.anomaly_map.shape == called.pred_mask.shape == (32, 32)
    assert called.reconstruction is None


@pytest.mark.parametrize("batch_size", [1, 2])
def test_bad_images_do_not_stop_the_rest(exported, image_folders, tmp_path, batch_size):
    for path in image_folders["larger"].iterdir():
        shutil.copy(path, tmp_path)
    shutil.copy(image_folders["pixel"] / "1.png", tmp_path / "3.png")
    (tmp_path / "4.png").write_text("not an image")
    shutil.copy(image_folders["larger"] / "1.png", tmp_path / "5.png")
    outcomes = dict(exported.inferencer("onnx", batch_size).predict_many(tmp_path))
    assert [path.name for path in outcomes] == ["1.png", "2.png", "3.png", "4.png", "5.png", "10.jpg"]
    failed = {path.name: outcome for path, outcome in outcomes.items() if isinstance(outcome, Exception)}
    assert list(failed) == ["4.png"]
    assert "4.png" in str(failed["4.png"])
    assert outcomes[tmp_path / "1.png"].raw_score == pytest.approx(
        outcomes[tmp_path / "5.png"].raw_score, abs=score_rounding(2)
    )


def test_images_are_read_as_they_are_asked_for(exported, image_folders):
    many = exported.inferencer("onnx").predict_many(image_folders["same"])
    assert isinstance(next(many)[1], InferenceResult)
    endless = exported.inferencer("onnx").predict_many(itertools.repeat(image_folders["same"] / "1.png"))
    assert isinstance(next(endless)[1], InferenceResult)


def test_one_array_is_one_image(exported):
    image = np.random.default_rng(2).integers(0, 256, (50, 70, 3), dtype=np.uint8)
    ((source, result),) = exported.inferencer("onnx").predict_many(image)
    assert source is image
    assert result.raw_score == exported.inferencer("onnx").predict(image).raw_score


@pytest.mark.parametrize("kind", KINDS)
def test_tiles_are_stitched_and_the_worst_one_decides(exported, kind):
    image = np.random.default_rng(2).integers(0, 256, (50, 70, 3), dtype=np.uint8)
    tiled = StripedMaskInferencer(exported.files[kind], tile=32, overlap=8, batch_size=3)
    result = tiled.predict(image, reconstruction=True)
    assert result.anomaly_map.shape == result.raw_map.shape == result.pred_mask.shape == (50, 70)
    assert result.reconstruction.shape == (50, 70, 3)
    assert result.raw_score == max(tile.raw_score for tile in result.tiles)
    assert len(result.tiles) == 2 * 3
    first = exported.inferencer(kind).predict(image[:32, :32])
    assert result.tiles[0].raw_score == pytest.approx(first.raw_score, abs=score_rounding(2))
    assert [outcome.raw_score for _, outcome in tiled.predict_many([image])] == [result.raw_score]


@pytest.mark.parametrize(
    ("kind", "missing"),
    [
        ("onnx", "model.onnx.data"),
        ("generator-onnx", "generator.onnx.data"),
        ("openvino", "model.bin"),
        ("generator-openvino", "generator.bin"),
        *((kind, "json") for kind in GRAPHS),
    ],
)
def test_a_missing_file_is_missed_by_name(exported, tmp_path, kind, missing):
    path = copy_model(exported, kind, tmp_path)
    gone = path.with_suffix(".json") if missing == "json" else tmp_path / missing
    gone.unlink()
    with pytest.raises(FileNotFoundError, match=gone.name.replace(".", r"\.")):
        StripedMaskInferencer(path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_model_is_refused_by_name(exported, tmp_path, kind):
    path = copy_model(exported, kind, tmp_path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ValueError, match=path.name.replace(".", r"\.")):
        StripedMaskInferencer(path)


@pytest.mark.parametrize("kind", ["onnx", "generator-onnx", "openvino", "generator-openvino"])
def test_damaged_weights_are_refused_by_name(exported, tmp_path, kind):
    path = copy_model(exported, kind, tmp_path)
    weights = path.with_suffix(".bin") if path.suffix == ".xml" else path.with_name(path.name + ".data")
    weights.write_bytes(weights.read_bytes()[: weights.stat().st_size // 2])
    with pytest.raises(ValueError, match=path.name.replace(".", r"\.")):
        StripedMaskInferencer(path)


@pytest.mark.parametrize(
    ("kinds", "entries", "message"),
    [
        (GRAPHS, {"image_size": [40, 40]}, r"image_size is \(40, 40\)"),
        (("onnx", "openvino"), {"stripes": [4, 8]}, "passes and stripes name 2 scales, the graph has 3"),
        (("onnx", "openvino"), {"kind": "generator"}, "metadata are of a generator graph"),
        (("generator-onnx", "generator-openvino"), {"kind": "full"}, "metadata are of a full graph"),
    ],
)
def test_metadata_that_do_not_match_the_graph_are_refused_by_name(exported, tmp_path, kinds, entries, message):
    for kind in kinds:
        path = copy_model(exported, kind, tmp_path)
        change_metadata(path, **entries)
        with pytest.raises(ValueError, match=message) as error:
            StripedMaskInferencer(path)
        assert str(path) in str(error.value)
        assert path.with_suffix(".json").name in str(error.value)


def test_metadata_may_lie_elsewhere(exported, image_folders, tmp_path):
    path = copy_model(exported, "onnx", tmp_path)
    elsewhere = path.with_suffix(".json").rename(tmp_path / "other.json")
    image = image_folders["same"] / "1.png"
    found = StripedMaskInferencer(path, metadata=elsewhere).predict(image)
    assert found.raw_score == exported.inferencer("onnx").predict(image).raw_score


def test_a_model_may_lie_in_the_current_folder(exported, image_folders, tmp_path, monkeypatch):
    for kind in GRAPHS:
        path = copy_model(exported, kind, tmp_path)
        monkeypatch.chdir(tmp_path)
        StripedMaskInferencer(path.name).predict(image_folders["same"] / "1.png")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"passes_at_once": 0}, "passes_at_once must be at least 1, got 0"),
        ({"tile": 0}, "tile must be at least 1"),
        ({"tile": 32, "overlap": 32}, "overlap must be 0 to 31"),
        ({"channel_order": "hsv"}, "got 'hsv'"),
        ({"device": "abacus"}, "abacus"),
        ({"backend_options": {"abacus": 1}}, "abacus"),
    ],
)
def test_impossible_arguments_are_refused(exported, arguments, message):
    for kind in ("checkpoint", "onnx", "openvino"):
        with pytest.raises(ValueError, match=f"(?i){message}"):
            StripedMaskInferencer(exported.files[kind], **arguments)


def test_a_checkpoint_takes_no_metadata(exported):
    with pytest.raises(ValueError, match=r"\.ckpt file describes itself and takes no metadata, got other\.json"):
        StripedMaskInferencer(exported.files["checkpoint"], metadata="other.json")


def test_a_provider_that_does_not_load_is_missed(exported, monkeypatch):
    import onnxruntime as ort

    # What the runtime does when the libraries of a provider that it was built with are not there.
    monkeypatch.setattr(ort, "get_available_providers", lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"])
    monkeypatch.setattr(ort.InferenceSession, "get_providers", lambda _: ["CPUExecutionProvider"])
    with pytest.raises(ValueError, match=r"model\.onnx cannot be run by CUDAExecutionProvider, .* fell back to CPU"):
        StripedMaskInferencer(exported.files["onnx"], device="cuda")


def test_a_checkpoint_that_was_cut_off_says_so(exported, tmp_path):
    path = tmp_path / "model.ckpt"
    path.write_bytes(b"")
    with pytest.raises(ValueError, match=r"model\.ckpt cannot be loaded .*: \S+"):
        StripedMaskInferencer(path)


def test_files_of_another_kind_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"\.ckpt, \.onnx, \.xml, got .*model\.pt"):
        StripedMaskInferencer(tmp_path / "model.pt")
    with pytest.raises(FileNotFoundError, match=r"model\.onnx"):
        StripedMaskInferencer(tmp_path / "model.onnx")


def test_options_reach_the_runtime(exported, image_folders):
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    image = image_folders["same"] / "1.png"
    for kind, chosen in (
        ("onnx", {"session_options": options, "providers": ["CPUExecutionProvider"]}),
        ("openvino", {"INFERENCE_NUM_THREADS": 1}),
    ):
        found = StripedMaskInferencer(exported.files[kind], backend_options=chosen).predict(image)
        assert found.raw_score == pytest.approx(
            exported.inferencer(kind).predict(image).raw_score, abs=score_rounding(2)
        )


def test_export_leaves_no_temporary_files(exported):
    made = {path.name for path in exported.folder.iterdir()}
    assert made == {"export.log", "model.ckpt", "results", "weights"}
    left = (exported.folder / "weights").rglob("*")
    assert not [path.name for path in left if path.name.startswith(".") or ".tmp" in path.name]


@pytest.mark.parametrize("transform", [Resize((24, 24)), Resize((32, 32), antialias=False), Normalize([0.5], [0.5])])
def test_generator_is_not_exported_with_the_transform_of_another_pre_processor(tiny_scadn, tmp_path, transform):
    model = tiny_scadn()
    model.pre_processor.transform = transform  # as out of a checkpoint
    with pytest.raises(ValueError, match=r"resizes to \(32, 32\) and does nothing else, got .*(Resize|Normalize)"):
        export_generator(model, tmp_path)


@pytest.mark.parametrize("arguments", [{"pre_processor": False}, {"export_type": "torch"}])
def test_generator_is_not_exported_where_metadata_could_not_describe_the_rest(tiny_scadn, tmp_path, arguments):
    export_type = arguments.pop("export_type", "onnx")
    with pytest.raises(ValueError, match=r"ScadnPreProcessor|export_type"):
        export_generator(tiny_scadn(**arguments), tmp_path, export_type)
    assert not list(tmp_path.iterdir())


def test_fixed_input_size_takes_images_of_other_sizes_if_it_is_the_models(tiny_scadn, tmp_path, monkeypatch):
    """And a model that normalizes nothing says its raw values once."""
    monkeypatch.setattr(torch_model, "Generator", partial(Generator, residual_blocks=1))
    model = tiny_scadn(post_processor=False).eval()
    inferencer = StripedMaskInferencer(model.to_onnx(tmp_path, input_size=(32, 32), verbose=False))
    image = Image.fromarray(np.random.default_rng(3).integers(0, 256, (50, 40, 3), dtype=np.uint8))
    result = inferencer.predict(image)
    assert result.pred_score == result.raw_score
    np.testing.assert_array_equal(result.anomaly_map, result.raw_map)
    assert result.pred_label == (result.raw_score > 0.5)
