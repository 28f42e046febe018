# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The inferencer on damaged files, on many images, and on exports that leave something out."""

import itertools
import pickle
import re
import resource
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import onnx
import openvino as ov
import pytest
import torch
from PIL import Image
from torchvision.transforms.v2 import Normalize, Resize

from anomalib_scadn import checks
from anomalib_scadn.components.pre_processor import resize
from anomalib_scadn.deploy import InferenceResult, StripedMaskInferencer
from anomalib_scadn.export import export_generator
from anomalib_scadn.export.metadata import PROPERTY
from tolerances import generator_rounding, score_rounding

GRAPHS = ("onnx", "openvino", "generator-onnx", "generator-openvino")
KINDS = ("checkpoint", *GRAPHS)

MEMORY = Path("/proc/self/statm")
"""Pages of memory that a process has on Linux; the second number are those in use."""


def copy_model(exported, kind, folder):
    """Copy a model's files to where they may be damaged."""
    source = exported.files[kind]
    for path in source.parent.glob(f"{source.stem}.*"):
        shutil.copy(path, folder)
    return folder / source.name


def change_metadata(path, change):
    """Change the text of the metadata in a graph, or take the whole property out."""
    if path.suffix == ".onnx":
        model = onnx.load(path, load_external_data=False)
        changed = {entry.key: change(entry.value) for entry in model.metadata_props}
        onnx.helper.set_model_props(model, {key: value for key, value in changed.items() if value is not None})
        path.write_bytes(model.SerializeToString())
        return
    tree = ET.parse(path)  # noqa: S314  # our own file
    parent = tree.find("rt_info/framework")
    entry = parent.find(PROPERTY)
    changed = change(entry.get("value"))
    if changed is None:
        parent.remove(entry)
    else:
        entry.set("value", changed)
    tree.write(path)


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
        ("generator-onnx", "generator.score.safetensors"),
        ("generator-openvino", "generator.score.safetensors"),
    ],
)
def test_a_missing_file_is_missed_by_name(exported, tmp_path, kind, missing):
    path = copy_model(exported, kind, tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(FileNotFoundError, match=missing.replace(".", r"\.")):
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
    ("change", "message"),
    [
        (lambda _: None, "holds no metadata of SCADN, .*: export the model again"),
        (
            lambda text: text.replace('"format_version": 7', '"format_version": 6'),
            "format_version 7, got 6: export again",
        ),
        (lambda text: text.replace('"striped"', '"none"'), "have an impossible entry: .*'none'"),
    ],
)
@pytest.mark.parametrize("kind", GRAPHS)
def test_metadata_that_are_missing_or_damaged_are_refused_by_name(exported, tmp_path, kind, change, message):
    path = copy_model(exported, kind, tmp_path)
    path.with_suffix(".json").write_text("{}")  # where metadata once lay
    change_metadata(path, change)
    with pytest.raises(ValueError, match=message) as error:
        StripedMaskInferencer(path)
    assert str(path) in str(error.value)


def test_a_graph_that_lost_its_inner_values_is_refused_by_name(exported, tmp_path):
    path = copy_model(exported, "onnx", tmp_path)
    path.write_bytes(path.read_bytes().replace(b"scale_maps", b"other_maps"))
    with pytest.raises(ValueError, match=r"model\.onnx has no scale_maps; export it again"):
        StripedMaskInferencer(path)


@pytest.mark.parametrize("kind", GRAPHS)
def test_an_export_needs_no_file_but_graph_and_weights(exported, image_folders, tmp_path, kind):
    source = exported.files[kind]
    weights = source.with_suffix(".bin") if source.suffix == ".xml" else source.with_name(source.name + ".data")
    files = [source, weights] + [source.with_suffix(".score.safetensors")] * kind.startswith("generator")
    assert {path.name for path in source.parent.glob(f"{source.stem}.*")} == {path.name for path in files}
    for file in files:
        shutil.copy(file, tmp_path)
    image = image_folders["same"] / "1.png"
    found, expected = StripedMaskInferencer(tmp_path / source.name).predict(image), exported.predict(kind, [image])[0]
    assert (found.raw_score, found.pred_score, found.pred_label) == (
        *(expected.raw_score, expected.pred_score, expected.pred_label),
    )


def test_one_file_holds_weights_and_metadata_if_asked_to(tiny_scadn, tmp_path, caplog):
    """And a model that was never validated gives raw values alone, with a warning by export and inferencer."""
    path = tiny_scadn().to_onnx(tmp_path, external_data=False, verbose=False)
    assert [file.name for file in path.parent.iterdir()] == ["model.onnx"]
    result = StripedMaskInferencer(path, tile=32, overlap=8).predict(np.zeros((40, 32, 3), dtype=np.uint8))
    assert (result.pred_score, result.pred_label, result.anomaly_map, result.pred_mask) == (None,) * 4
    assert {(tile.pred_score, tile.pred_label) for tile in result.tiles} == {(None, None)}
    assert result.raw_map.shape == (40, 32)
    assert result.raw_score == max(tile.raw_score for tile in result.tiles)
    said = [text for text in caplog.messages if "was never validated" in text]
    assert [text.split(" was ")[0] for text in said] == ["The model", str(path)]


@pytest.mark.parametrize("kind", KINDS)
def test_threads_that_share_an_inferencer_get_their_own_answers(exported, kind):
    inferencer = exported.inferencer(kind)
    images = list(np.random.default_rng(4).integers(0, 256, (12, 32, 32, 3), dtype=np.uint8))
    expected = [inferencer.predict(image) for image in images]
    assert len({result.raw_score for result in expected}) == len(images)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(inferencer.predict, images))
    for one, other in zip(found, expected, strict=True):
        assert one.raw_score == pytest.approx(other.raw_score, abs=score_rounding(2))
        np.testing.assert_allclose(one.raw_map, other.raw_map, atol=generator_rounding(2))


@pytest.mark.parametrize("kind", KINDS)
def test_an_inferencer_can_be_sent_to_another_process(exported, image_folders, tmp_path, monkeypatch, kind):
    monkeypatch.chdir(exported.files[kind].parent)
    sent = pickle.dumps(StripedMaskInferencer(exported.files[kind].name, tile=32, overlap=4, channel_order="bgr"))
    monkeypatch.chdir(tmp_path)
    again = pickle.loads(sent)  # noqa: S301
    assert (again.tile, again.overlap, again.channel_order) == (32, 4, "bgr")
    image = image_folders["same"] / "1.png"
    expected = exported.inferencer(kind).predict(image)
    assert again.predict(image).raw_score == pytest.approx(expected.raw_score, abs=score_rounding(2))


@pytest.mark.parametrize(
    ("missing", "kind", "extra"),
    [("onnxruntime", "onnx", "onnx"), ("openvino", "openvino", "openvino"), ("onnxscript", None, "export")],
)
def test_a_missing_package_is_named_with_its_extra(exported, tiny_scadn, tmp_path, monkeypatch, missing, kind, extra):
    monkeypatch.setattr(checks, "find_spec", lambda name: None if name == missing else True)
    message = rf"needs {missing}, which is not installed: install anomalib-scadn with the extra \[{extra}\]$"
    with pytest.raises(ImportError, match=message):
        StripedMaskInferencer(exported.files[kind]) if kind else export_generator(tiny_scadn(), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_model_may_lie_in_the_current_folder(exported, image_folders, tmp_path, monkeypatch):
    for kind in GRAPHS:
        path = copy_model(exported, kind, tmp_path)
        monkeypatch.chdir(tmp_path)
        StripedMaskInferencer(path.name).predict(image_folders["same"] / "1.png")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 0}, "batch_size must be a whole number, at least 1, got 0"),
        ({"passes_at_once": 0}, "passes_at_once must be a whole number, at least 1, got 0"),
        ({"tile": 0}, "tile must be a whole number, at least 1"),
        ({"tile": 32, "overlap": 32}, "overlap must be 0 to 31"),
        ({"channel_order": "hsv"}, "got 'hsv'"),
        ({"device": "abacus"}, "abacus"),
        ({"backend_options": {"abacus": 1}}, "abacus"),
        ({"precision": "half"}, "precision must be 'f32', 'f16', 'bf16', 'int8' or 'auto', got 'half'"),
    ],
)
def test_impossible_arguments_are_refused(exported, arguments, message):
    for kind in ("checkpoint", "onnx", "openvino"):
        with pytest.raises(ValueError, match=f"(?i){message}"):
            StripedMaskInferencer(exported.files[kind], **arguments)


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
    assert options.enable_mem_pattern  # a user's own stay as they are


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


def test_fixed_input_size_takes_images_of_other_sizes_if_it_is_the_models(tiny_scadn, tmp_path):
    """And a model that normalizes nothing says its raw values once."""
    model = tiny_scadn(post_processor=False).eval()
    inferencer = StripedMaskInferencer(model.to_onnx(tmp_path, input_size=(32, 32), verbose=False))
    image = Image.fromarray(np.random.default_rng(3).integers(0, 256, (50, 40, 3), dtype=np.uint8))
    result = inferencer.predict(image)
    assert (result.pred_score, result.pred_label, result.anomaly_map, result.pred_mask) == (None,) * 4
    with torch.no_grad():
        images = resize(torch.from_numpy(inferencer.pre_process(image)), (32, 32))
        expected = model.model(images)
    assert result.raw_score == pytest.approx(float(expected.pred_score), abs=score_rounding(2))
    np.testing.assert_allclose(result.raw_map, expected.anomaly_map[0, 0], atol=generator_rounding(2))


def test_openvino_gets_a_graph_of_one_image_that_has_its_size_already(exported, monkeypatch):
    """It keeps what it compiles for each size, and is slower where a size is open."""
    given, compile_model = [], ov.Core.compile_model

    def compiled(core, model, *arguments):
        given.append(model)
        return compile_model(core, model, *arguments)

    monkeypatch.setattr(ov.Core, "compile_model", compiled)
    StripedMaskInferencer(exported.files["openvino"])
    (model,) = given
    assert str(model.input(0).partial_shape) == "[1,3,32,32]"
    readers = {place.get_node().get_type_name() for place in model.input(0).get_target_inputs()}
    assert "MatMul" not in readers  # nothing resizes


@pytest.mark.parametrize("kind", GRAPHS)
def test_weights_of_another_export_are_refused_by_name(exported, tmp_path, kind):
    path = copy_model(exported, kind, tmp_path)
    weights = next(file for file in tmp_path.iterdir() if file.suffix in (".data", ".bin"))
    damaged = bytearray(weights.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    weights.write_bytes(damaged)
    with pytest.raises(ValueError, match=re.escape(f"{path} was not exported with {weights}")):
        StripedMaskInferencer(path)


def half(size):
    """Mask of the upper half of an image."""
    mask = np.zeros((size, size), dtype=np.uint8)
    mask[: size // 2] = 1
    return mask


@pytest.mark.skipif(not MEMORY.exists(), reason="the system does not tell a process's memory there")
@pytest.mark.parametrize("kind", ["onnx", "openvino"])
def test_memory_does_not_grow_with_the_number_of_image_sizes(exported, kind):
    def predict(count, least):
        for number in range(count):
            exported.inferencer(kind).predict(np.zeros((least + number % 97, least + number % 89, 3), dtype=np.uint8))
        return int(MEMORY.read_text().split()[1]) * resource.getpagesize() / 2**20

    before = predict(100, least=30)
    assert predict(400, least=140) - before < 30


@pytest.mark.parametrize("kind", KINDS)
def test_an_ignored_region_has_no_part_in_scores_maps_and_masks(exported, kind):
    whole = exported.inferencer(kind)
    part = StripedMaskInferencer(exported.files[kind], ignore_mask=half(32))
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    expected, found = whole.predict(image), part.predict(image)
    assert np.array_equal(found.raw_map[16:], expected.raw_map[16:])
    assert np.array_equal(found.anomaly_map[16:], expected.anomaly_map[16:])
    assert not found.pred_mask[:16].any()
    assert np.array_equal(found.pred_mask[16:], expected.pred_mask[16:])
    assert (found.raw_map[:16] == expected.raw_map.min()).all()
    # The mean of so many values, in float32, in whatever order.
    assert found.raw_score == pytest.approx(expected.raw_map[16:].mean(dtype=float), rel=512 * 2**-24)
    metadata = part.backend.metadata
    limits = metadata.image
    normalized = (found.raw_score - limits.threshold) / (limits.maximum - limits.minimum) + 0.5
    assert found.pred_score == pytest.approx(min(1, max(0, normalized)), abs=1e-5)
    assert found.pred_label == (found.pred_score > 1 - metadata.image_sensitivity)


def test_an_ignored_region_is_cut_into_tiles_like_the_image(exported):
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    options = {"tile": 32, "overlap": 0}
    expected = StripedMaskInferencer(exported.files["checkpoint"], **options).predict(image)
    found = StripedMaskInferencer(exported.files["checkpoint"], **options, ignore_mask=half(64)).predict(image)
    assert [tile.raw_score for tile in found.tiles[:2]] == [-np.inf, -np.inf]
    assert [tile.pred_label for tile in found.tiles[:2]] == [False, False]
    assert found.tiles[2:] == expected.tiles[2:]
    assert np.array_equal(found.raw_map[32:], expected.raw_map[32:])
    assert not found.pred_mask[:32].any()
