# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""What an exported graph says of itself: image size, masks, score, normalization.

The description is JSON text among the properties of the ONNX file. OpenVINO's conversion takes them over. It is read
without torch, which a full graph does not need.
"""

import json
import math
from dataclasses import asdict, dataclass, field, fields
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal, get_type_hints

from anomalib_scadn.checks import as_image_size, as_stripes, as_tuple
from anomalib_scadn.files import write_whole
from anomalib_scadn.masks.sizes import Passes, check_passes, check_size

FORMAT_VERSION = 7

PROPERTY = "anomalib_scadn"
"""Name of the property that holds the description; in an OpenVINO graph it lies in the section ``framework``."""

Kind = Literal["full", "generator"]


@dataclass(frozen=True)
class Limits:
    """Limits and threshold of anomalib's normalization.

    Args:
        minimum (float): Lowest raw value in validation, NaN if there was none.
        maximum (float): Highest raw value in validation, NaN if there was none.
        threshold (float): Raw value above which is anomalous, NaN if not fitted.
    """

    minimum: float
    maximum: float
    threshold: float


@dataclass(frozen=True)
class Metadata:
    """Description of a model, enough to run its generator alone.

    Args:
        kind (Literal["full", "generator"]): What the graph holds.
        image_size (tuple[int, int]): Height and width of the model's images in pixels.
        resizes (bool): Whether raw images are resized, as :func:`~anomalib_scadn.components.pre_processor.resize` does,
            and nothing else happens to them before the passes.
        stripes (tuple[int, ...]): Stripes across the image, one number per scale.
        mask_fill (float): Value of removed pixels, range [0, 1].
        passes (Literal["striped", "once"]): What the generator is given.
        score (dict[str, Any]): Description that :func:`~anomalib_scadn.scoring.as_score` takes.
        selects (bool): Whether map and score come from the selected scale alone, as
            :attr:`~anomalib_scadn.scoring.Score.selects`.
        image (Limits): Normalization of image scores.
        pixel (Limits): Normalization of maps.
        enable_normalization (bool): Whether scores and maps are normalized.
        enable_thresholding (bool): Whether the graph makes labels and masks.
        enable_threshold_matching (bool): Whether a missing threshold is taken from the other one.
        image_sensitivity (float): anomalib's, range [0, 1].
        pixel_sensitivity (float): anomalib's, range [0, 1].
        package_version (str): Version that wrote this.
        format_version (int): Version of this format.
    """

    kind: Kind
    image_size: tuple[int, int]
    resizes: bool
    stripes: tuple[int, ...]
    mask_fill: float
    passes: Passes
    score: dict[str, Any]
    selects: bool
    image: Limits
    pixel: Limits
    enable_normalization: bool
    enable_thresholding: bool
    enable_threshold_matching: bool
    image_sensitivity: float
    pixel_sensitivity: float
    package_version: str = field(default_factory=lambda: version("anomalib-scadn"))
    format_version: int = FORMAT_VERSION

    @property
    def post_processor(self) -> SimpleNamespace:
        """Limits and thresholds under the names of anomalib's post-processor, a missing threshold matched as there."""
        found: dict[str, float] = {}
        for name, own, other in (("image", self.image, self.pixel), ("pixel", self.pixel, self.image)):
            matched = self.enable_threshold_matching and math.isnan(own.threshold)
            found |= {f"{name}_min": own.minimum, f"{name}_max": own.maximum}
            found[f"{name}_threshold"] = other.threshold if matched else own.threshold
        return SimpleNamespace(enable_normalization=self.enable_normalization, **found)


def embed_metadata(metadata: Metadata, graph: Path) -> None:
    """Write a description into a graph. NaN becomes null, which every JSON reader knows.

    Args:
        metadata (Metadata): The description.
        graph (Path): ONNX file, rewritten. Weights in a file of their own stay as they are.
    """
    import onnx

    model = onnx.load(graph, load_external_data=False)
    onnx.helper.set_model_props(model, {PROPERTY: json.dumps(_plain(asdict(metadata)), allow_nan=False)})
    write_whole(graph, model.SerializeToString())


def _plain(value: Any) -> Any:  # noqa: ANN401  # anything that asdict makes
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_metadata(text: str | None, graph: Path) -> Metadata:
    """Read a description.

    Args:
        text (str | None): What :func:`embed_metadata` wrote, ``None`` if the graph has no such property.
        graph (Path): File of the graph, for the message.

    Returns:
        Metadata: The description.

    Raises:
        ValueError: If it is no such description; the message names the file.
    """
    if text is None:
        msg = f"{graph} holds no metadata of SCADN, which its export writes into the graph: export the model again"
        raise ValueError(msg)
    try:
        content = json.loads(text)
    except (RecursionError, ValueError) as error:
        msg = f"the metadata in {graph} are no JSON: {error}"
        raise ValueError(msg) from error
    version = content.get("format_version") if isinstance(content, dict) else None
    if version != FORMAT_VERSION:
        msg = f"the metadata in {graph} must have format_version {FORMAT_VERSION}, got {version}: export again"
        raise ValueError(msg)
    different = {field.name for field in fields(Metadata)} ^ content.keys()
    if different:
        msg = f"the metadata in {graph} have missing or unknown entries: {', '.join(sorted(different))}"
        raise ValueError(msg)
    try:
        _check_kinds(content)
        return _from_plain(content)
    except (TypeError, ValueError, KeyError) as error:
        msg = f"the metadata in {graph} have an impossible entry: {error}"
        raise ValueError(msg) from error


def _check_kinds(content: dict[str, Any]) -> None:
    """Raise unless plain entries are of the kind that the description says: a text is true too, and nothing is 0."""
    for name, kind in get_type_hints(Metadata).items():
        value = content[name]
        if kind in (bool, float, str) and type(value) is not kind and (kind, type(value)) != (float, int):
            msg = f"{name} must be a {kind.__name__}, got {value!r}"
            raise TypeError(msg)


def _check_score(score: Any, kind: Kind) -> None:  # noqa: ANN401  # any JSON
    """Raise unless a score is described; that of a generator alone will be made, a full graph holds its own."""
    if not isinstance(score, dict) or not isinstance(score.get("class_path"), str):
        msg = f"score must have a class_path, got {score!r}"
        raise TypeError(msg)
    if kind == "full":
        return
    from anomalib_scadn.scoring import as_score

    expected = as_score(score).description
    if expected != score:
        msg = f"score must be {expected}, got {score}"
        raise ValueError(msg)


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _limits(**entry: dict[str, float | None]) -> Limits:
    ((name, content),) = entry.items()
    try:
        return Limits(*(_number(content[key]) for key in ("minimum", "maximum", "threshold")))
    except (TypeError, ValueError, KeyError) as error:
        msg = f"{name} must have the numbers minimum, maximum and threshold, got {content!r}"
        raise ValueError(msg) from error


def _from_plain(content: dict[str, Any]) -> Metadata:
    if not isinstance(content["image_size"], list):
        msg = f"image_size must be a height and a width, got {content['image_size']!r}"
        raise TypeError(msg)
    height, width = as_image_size(as_tuple(image_size=content["image_size"]))
    stripes = as_stripes(content["stripes"])
    check_size((height, width), stripes)
    check_passes(content["passes"])
    if content["kind"] not in ("full", "generator"):
        msg = f"kind must be 'full' or 'generator', got {content['kind']!r}"
        raise ValueError(msg)
    _check_score(content["score"], content["kind"])
    image, pixel = _limits(image=content["image"]), _limits(pixel=content["pixel"])
    nested = {"image_size": (height, width), "stripes": stripes, "image": image, "pixel": pixel}
    return Metadata(**{**content, **nested})
