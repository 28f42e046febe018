# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Every form of a model gives the Engine's answers: form x image size x batch x type of values x weights."""

import numpy as np
import onnx
import pytest
import torch
from anomalib.deploy import OpenVINOInferencer
from PIL import Image

from anomalib_scadn.components.pre_processor import resize
from anomalib_scadn.export.upsampling import with_subpixel_convolutions
from anomalib_scadn.masks import composites, sizes
from tolerances import generator_rounding, score_rounding

SCORE_TOLERANCE = 1e-4
MAP_TOLERANCE = 1e-3
ROUNDING = generator_rounding(base_channels=2)
SIZES = ("same", "larger", "smaller", "oblong", "pixel")  # see conftest.py
KINDS = ("checkpoint", "onnx", "openvino", "generator-onnx", "generator-openvino")

pytestmark = pytest.mark.parametrize("exported", ["trained", "untrained"], indirect=True, scope="session")


@pytest.mark.parametrize("batch_size", [1, 3])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", KINDS)
def test_scores_and_maps_are_the_engines(exported, image_folders, engine_predictions, kind, size, batch_size):
    images = sorted(image_folders[size].iterdir())
    for image, result in zip(images, exported.predict(kind, images, batch_size), strict=True):
        score, label, anomaly_map = engine_predictions[image]
        if exported.folder.name == "untrained":  # where the Engine has raw values, and compares them with 0.5
            found = (result.pred_score, result.pred_label, result.anomaly_map, result.pred_mask)
            assert found == (None,) * 4
            assert result.raw_score == pytest.approx(score, abs=SCORE_TOLERANCE)
            np.testing.assert_allclose(result.raw_map, anomaly_map, atol=MAP_TOLERANCE, rtol=0)
            continue
        assert result.pred_score == pytest.approx(score, abs=SCORE_TOLERANCE)
        np.testing.assert_allclose(result.anomaly_map, anomaly_map, atol=MAP_TOLERANCE, rtol=0)
        if abs(score - 0.5) > SCORE_TOLERANCE:
            assert result.pred_label == label


def test_engine_scores_are_not_all_the_same(engine_predictions):
    assert np.std([score for score, _, _ in engine_predictions.values()]) > 10 * SCORE_TOLERANCE


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64", "pil", "torch", "bgr"])
@pytest.mark.parametrize("kind", KINDS)
def test_values_of_every_type_give_the_answer_of_the_file(exported, image_folders, kind, dtype):
    file = image_folders["larger"] / "1.png"
    inferencer = exported.inferencer(kind)
    with Image.open(file) as opened:
        pixels = np.array(opened)
    variants = {
        "uint8": pixels,
        "uint16": pixels.astype(np.uint16) * 257,
        "float32": (pixels / 255).astype(np.float32),
        "float64": pixels / 255,
        "pil": Image.fromarray(pixels),
        "torch": torch.from_numpy(pixels).permute(2, 0, 1),
        "bgr": pixels[..., ::-1],
    }
    inferencer.channel_order = "bgr" if dtype == "bgr" else "rgb"
    try:
        found = inferencer.predict(variants[dtype])
    finally:
        inferencer.channel_order = "rgb"
    expected = inferencer.predict(file)
    assert found.raw_score == pytest.approx(expected.raw_score, abs=ROUNDING)
    np.testing.assert_allclose(found.raw_map, expected.raw_map, atol=ROUNDING)


@pytest.mark.parametrize("kind", KINDS)
def test_what_led_to_the_score_is_the_models(exported, image_folders, kind):
    model = exported.module.model
    for image in sorted(image_folders["oblong"].iterdir()):
        result = exported.inferencer(kind).predict(image, reconstruction=True)
        with Image.open(image) as opened:
            pixels = torch.from_numpy(np.array(opened.convert("RGB")) / np.float32(255)).permute(2, 0, 1)[None]
        with torch.no_grad():
            resized = resize(pixels, model.image_size)
            output = model.score(resized)
            painted = composites(model.reconstruct(resized), model.masks)[0, int(output.selected_scale)].mean(dim=0)
        assert result.raw_score == pytest.approx(float(output.pred_score), abs=score_rounding(2))
        assert result.selected_scale == int(output.selected_scale)
        np.testing.assert_allclose(result.raw_map, output.anomaly_map[0, 0], atol=ROUNDING)
        np.testing.assert_allclose(result.scale_maps, output.scale_maps[0], atol=ROUNDING)
        np.testing.assert_allclose(result.reconstruction, painted.permute(1, 2, 0), atol=ROUNDING)
        assert result.raw_map.dtype == result.reconstruction.dtype == np.float32
        if result.anomaly_map is not None:
            assert (result.anomaly_map.dtype, result.pred_mask.dtype) == (np.float32, bool)


@pytest.mark.parametrize("kind", KINDS)
def test_a_result_does_not_depend_on_the_rest_of_the_batch(exported, kind):
    images = np.random.default_rng(1).random((3, 3, 40, 48), dtype=np.float32)
    backend = exported.inferencer(kind).backend
    together, alone = backend.run(images), backend.run(images[1:2])
    others = backend.run(np.stack([np.zeros_like(images[0]), images[1], np.ones_like(images[0])]))
    for name, value in alone.items():
        np.testing.assert_allclose(together[name][1], value[0], atol=ROUNDING)
        np.testing.assert_allclose(others[name][1], value[0], atol=ROUNDING)


@pytest.mark.parametrize("passes", [1, 5, 100])
@pytest.mark.parametrize("kind", ["checkpoint", "generator-onnx", "generator-openvino"])
def test_results_do_not_depend_on_the_passes_at_once(exported, image_folders, kind, passes):
    from anomalib_scadn.deploy import StripedMaskInferencer

    image = image_folders["same"] / "1.png"
    found = StripedMaskInferencer(exported.files[kind], passes_at_once=passes).predict(image)
    expected = exported.inferencer(kind).predict(image)
    assert found.raw_score == pytest.approx(expected.raw_score, abs=score_rounding(2))
    np.testing.assert_allclose(found.scale_maps, expected.scale_maps, atol=ROUNDING)


def test_a_generator_in_openvino_is_given_equally_many_passes_at_once_by_default(exported, image_folders, monkeypatch):
    from anomalib_scadn.deploy import StripedMaskInferencer

    path, image = exported.files["generator-openvino"], image_folders["same"] / "1.png"
    expected = StripedMaskInferencer(path, passes_at_once=12).predict(image)
    height, width = StripedMaskInferencer(path).backend.metadata.image_size
    monkeypatch.setattr(sizes, "PIXELS_AT_ONCE", 5 * height * width)  # of which four go into twelve
    inferencer = StripedMaskInferencer(path)
    assert inferencer.backend._graph.input_shape[0] == 4
    assert inferencer.predict(image).raw_score == pytest.approx(expected.raw_score, abs=score_rounding(2))


@pytest.mark.parametrize("kind", ["onnx", "generator-onnx"])
def test_onnx_files_are_sound(exported, kind):
    onnx.checker.check_model(str(exported.files[kind]), full_check=True)
    model = onnx.load(exported.files[kind])
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 18)]
    for value in [*model.graph.input, *model.graph.output]:
        assert value.type.tensor_type.shape.dim[0].dim_param, f"{value.name} has a fixed batch"
    # One set of generator weights; besides them the full graph holds the masks, and small constants.
    elements = sum(int(np.prod(tensor.dims)) for tensor in model.graph.initializer)
    exportable = with_subpixel_convolutions(exported.module.model.generator)
    weights = sum(parameter.numel() for parameter in exportable.parameters())
    masks = 0 if kind == "generator-onnx" else exported.module.model.masks.numel()
    assert 0.9 * weights <= elements - masks <= weights + 2000


def test_full_graph_has_the_hosts_outputs_alone(exported):
    model = onnx.load(exported.files["onnx"], load_external_data=False)
    assert [output.name for output in model.graph.output] == ["pred_score", "pred_label", "anomaly_map", "pred_mask"]


def test_export_logs_no_traceback(exported):
    assert "torch.onnx" in exported.log  # the log is there
    assert "Traceback" not in exported.log
    assert "❌" not in exported.log


def test_the_hosts_openvino_inferencer_gives_the_same(
    exported, image_folders, engine_predictions, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)  # it writes a cache into the current folder
    inferencer = OpenVINOInferencer(
        exported.files["openvino"], device="CPU", config={"INFERENCE_PRECISION_HINT": "f32"}
    )
    for image in image_folders["oblong"].iterdir():
        score, _, anomaly_map = engine_predictions[image]
        found = inferencer.predict(image)
        assert float(found.pred_score[0]) == pytest.approx(score, abs=SCORE_TOLERANCE)
        np.testing.assert_allclose(found.anomaly_map.squeeze(), anomaly_map, atol=MAP_TOLERANCE)
