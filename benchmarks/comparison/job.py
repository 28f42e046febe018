# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""One run of the comparison: a model, a data set and a seed."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from comparison.data import LACE, drawn_fingerprint, fingerprint
from fingerprints import named_hash, without_folders
from machines import same_where_recorded, versions

FILES = ("scores.csv", "examples.npz", "examples.png", "extremes.png", "result.json")
"""What a finished run has left in its folder; ``result.json`` is written last."""

DATA_ARGUMENTS = ("train_batch_size", "eval_batch_size", "train_augmentations", "augmentations")
"""What of a configuration's data is part of SCADN's training."""


DRAWN = "drawn_files"
"""Name of the fingerprint of drawn images."""

HOST_MODELS = ("patchcore", "padim")

BASELINE_ARGUMENTS = ("base_channels", "learning_rate", "beta1", "beta2")
"""What the methods that the paper compares with take over of SCADN's own arguments."""


@dataclass(frozen=True)
class Job:
    """What one process of the comparison does; made of plain values, so that it can be passed as JSON.

    Args:
        data (str): Name of the data set.
        root (str | None): Its folder; for ``"lace"`` where to draw, ``None`` for the user's cache folder.
        model (str): Name of the model.
        seed (int): Seed of everything.
        image_size (int): Side, in pixels, of the images that every model takes and of all maps when they are compared.
        scadn_config (str): Configuration file of SCADN.
        backbone_weights (str | None): File of the host's models' backbone; ``None`` leaves it random.
        coreset_ratio (float): Share of the features that PatchCore keeps, range (0, 1].
        repeats (int): Timed repeats.
        folder (str): Folder of the results.
        train_images (int | None): Training images of MNIST, the first of the class. Defaults to ``None``, all.
        test_images (int | None): Test images of MNIST, the first of its test split. Defaults to ``None``, all.
        accelerator (str): ``"cpu"`` or ``"cuda"``. Defaults to ``"cpu"``.
    """

    data: str
    root: str | None
    model: str
    seed: int
    image_size: int
    scadn_config: str
    backbone_weights: str | None
    coreset_ratio: float
    repeats: int
    folder: str
    train_images: int | None = None
    test_images: int | None = None
    accelerator: str = "cpu"

    @property
    def results(self) -> Path:
        """Folder of this run's results."""
        return run_folder(Path(self.folder), self.data, self.model, self.seed)

    def configuration(self) -> dict[str, Any]:
        """Collect all that decides the result, without the place of anything on this machine.

        Returns:
            dict[str, Any]: Plain values.
        """
        found = {
            "data": self.data,
            "files": fingerprint(self.data, self.root, self.image_size),
            "model": self.model,
            "seed": self.seed,
            "image_size": self.image_size,
            "repeats": self.repeats,
        }
        if self.data == LACE:
            found[DRAWN] = drawn_fingerprint(self.root, self.image_size)
        if self.accelerator != "cpu":
            found["accelerator"] = self.accelerator
        counts = {"train_images": self.train_images, "test_images": self.test_images}
        found |= {name: count for name, count in counts.items() if count is not None}
        if self.model not in HOST_MODELS:
            settings = scadn_settings(Path(self.scadn_config))
            if "accelerator" in settings["trainer"]:  # the comparison's own overrules it
                settings["trainer"]["accelerator"] = self.accelerator
            return {**found, "scadn": settings if self.model == "scadn" else shared_settings(settings)}
        weights = Path(self.backbone_weights) if self.backbone_weights else None
        found["backbone_weights"] = named_hash(weights) if weights else "random"
        return {**found, "coreset_ratio": self.coreset_ratio} if self.model == "patchcore" else found

    def finished(self) -> dict[str, Any] | None:
        """Read the result of this run, if it was made with the same configuration and versions and is complete.

        Returns:
            dict[str, Any] | None: Contents of ``result.json``; ``None`` if the run is still to be done.
        """
        if not all((self.results / name).is_file() for name in FILES):
            return None
        try:
            result = json.loads((self.results / "result.json").read_text(encoding="utf-8"))
        except ValueError:
            return None
        recorded, wanted = result.get("configuration", {}), json.loads(json.dumps(self.configuration()))
        if DRAWN not in recorded:  # older results do not have it
            wanted.pop(DRAWN, None)
        same = recorded == wanted and same_where_recorded(result.get("versions", {}), versions())
        return result if same else None


def run_folder(folder: Path, data: str, model: str, seed: int) -> Path:
    """Say where a run's files lie.

    Args:
        folder (Path): Folder of the comparison.
        data (str): Name of the data set.
        model (str): Name of the model.
        seed (int): The seed.

    Returns:
        Path: Folder of the run.
    """
    return folder / data / model / f"seed{seed}"


def scadn_settings(path: Path) -> dict[str, Any]:
    """Read what a configuration file says about SCADN and its training.

    Args:
        path (Path): Configuration file of ``anomalib train``.

    Returns:
        dict[str, Any]: File name, model, trainer and batch sizes; neither the data nor the size of the images, which
            are the comparison's own, and no folder of this machine.

    Raises:
        ValueError: If the file is no configuration of SCADN.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        msg = f"cannot read the configuration of SCADN {path}: {error}"
        raise ValueError(msg) from error
    model = content.get("model") if isinstance(content, dict) else None
    if not isinstance(model, dict) or model.get("class_path") != "anomalib_scadn.Scadn":
        msg = f"{path} must be a configuration of anomalib train whose model is anomalib_scadn.Scadn"
        raise ValueError(msg)
    arguments = section(model, "init_args", path)
    datamodule = section(content, "data", path)
    if "class_path" not in datamodule:
        msg = f"{path}: data must name a data module with class_path, got {datamodule!r:.80}"
        raise ValueError(msg)
    data = section(datamodule, "init_args", path)
    own = {name: data[name] for name in DATA_ARGUMENTS if name in data}
    settings = {
        "model": {name: value for name, value in arguments.items() if name != "image_size"},
        "trainer": section(content, "trainer", path),
        "data": own,
    }
    return {"file": path.name, **without_folders(settings)}


def shared_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """Leave of SCADN's settings what another method of the paper is trained with.

    Args:
        settings (dict[str, Any]): From :func:`scadn_settings`.

    Returns:
        dict[str, Any]: The same trainer and batch sizes, and of the model :data:`BASELINE_ARGUMENTS`.
    """
    model = {name: value for name, value in settings["model"].items() if name in BASELINE_ARGUMENTS}
    return {**settings, "model": model}


def section(content: dict[str, Any], name: str, path: Path) -> dict[str, Any]:
    """Look up a part of a configuration file.

    Args:
        content (dict[str, Any]): What it is a part of.
        name (str): Its key.
        path (Path): The file, for the message.

    Returns:
        dict[str, Any]: The part, empty if it is missing or nothing follows its name.

    Raises:
        ValueError: If it is anything else.
    """
    found = content.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        msg = f"{path}: {name} must hold names and values, got {found!r:.80}"
        raise ValueError(msg)
    return found
