# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

import yaml
from anomalib.data import get_datamodule
from anomalib.engine import Engine
from anomalib.models import get_model, list_models
from anomalib.models.components import AnomalibModule

from anomalib_scadn import LaceAD, OneClass, Scadn, SyntheticLace
from anomalib_scadn.cli.configs import config_path


def test_the_host_lists_the_model():
    assert "scadn" in list_models()
    assert "Scadn" in list_models(case="pascal")


def test_the_host_makes_the_model_by_name_and_by_path():
    assert isinstance(get_model("scadn", image_size=32, base_channels=2), Scadn)
    config = {"class_path": "anomalib_scadn.Scadn", "init_args": {"image_size": 64, "base_channels": 2}}
    assert get_model(config).model.image_size == (64, 64)


def test_the_host_makes_the_data_modules_by_path(tmp_path):
    config = {"class_path": "anomalib_scadn.LaceAD", "init_args": {"root": str(tmp_path), "category": 3}}
    datamodule = get_datamodule(config)
    assert isinstance(datamodule, LaceAD)
    assert datamodule.category == "3"
    assert isinstance(get_datamodule({"class_path": "anomalib_scadn.SyntheticLace"}), SyntheticLace)
    assert isinstance(get_datamodule({"class_path": "anomalib_scadn.OneClass"}), OneClass)


def test_model_and_engine_come_out_of_configuration_files(tmp_path):
    model_only = tmp_path / "model.yaml"
    model_only.write_text(yaml.safe_dump({"model": yaml.safe_load(config_path("demo").read_text())["model"]}))
    assert isinstance(AnomalibModule.from_config(model_only), Scadn)
    _, model, datamodule = Engine.from_config(config_path("demo"))
    assert isinstance(model, Scadn)
    assert isinstance(datamodule, SyntheticLace)
