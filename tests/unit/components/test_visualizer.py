# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

from types import SimpleNamespace

import pytest
import torch
from anomalib.data import ImageBatch
from PIL import Image

from anomalib_scadn import ScadnVisualizer
from anomalib_scadn.components.visualizer import MARK, draw_figure
from anomalib_scadn.scoring import CompositeScore
from anomalib_scadn.torch_model import ScadnModel


@pytest.fixture
def model() -> ScadnModel:
    return ScadnModel((32, 32), base_channels=2, seed=0)


def test_figure_has_a_panel_for_each_thing_and_marks_the_chosen_scale_alone(model):
    image = torch.rand(3, 32, 32, generator=torch.Generator().manual_seed(0))
    figure = draw_figure(model, image, torch.zeros(32, 32))
    titles = [axis.get_title() for axis in figure.axes]
    assert titles[:2] == ["input", "reconstruction"]
    assert [title.split(":")[0] for title in titles[2:5]] == ["S1", "S2", "S3"]
    assert titles[-1] == "ground truth"
    marked = [index for index, axis in enumerate(figure.axes[2:5]) if axis.title.get_color() == MARK]
    assert marked == [int(model.score(image.unsqueeze(0)).selected_scale)]


def test_figure_of_a_generator_that_is_asked_once_has_no_scales():
    model = ScadnModel((32, 32), base_channels=2, passes="once", score=CompositeScore(smoothing=(1.0,)), seed=0)
    figure = draw_figure(model, torch.rand(3, 32, 32), torch.zeros(32, 32))
    assert [axis.get_title().split(",")[0] for axis in figure.axes] == [
        "input",
        "reconstruction",
        "final",
        "ground truth",
    ]


def test_figure_without_ground_truth_has_one_panel_less(model):
    image = torch.rand(3, 32, 32)
    assert len(draw_figure(model, image).axes) == len(draw_figure(model, image, torch.ones(32, 32)).axes) - 1


def test_maps_share_the_range_of_the_largest_scale_map(model):
    figure = draw_figure(model, torch.rand(3, 32, 32))
    highest = [axis.images[0].get_clim()[1] for axis in figure.axes[2:5]]
    assert len(set(highest)) == 1


def test_maps_below_zero_are_drawn_too():
    model = ScadnModel((32, 32), base_channels=2, score=CompositeScore(standardize="global", smoothing=(0.0,)), seed=0)
    scorer = model.scorer
    scorer.fit(torch.stack([torch.full(scorer.statistics_shape[1:], value) for value in (9.0, 82.0)]).double(), 1)
    figure = draw_figure(model, torch.rand(3, 32, 32))
    limits = [axis.images[0].get_clim() for axis in figure.axes[2:5]]
    assert len(set(limits)) == 1
    assert limits[0][0] < limits[0][1] < 0


def visualize(visualizer: ScadnVisualizer, model: ScadnModel, tmp_path, images: int) -> None:
    loader = SimpleNamespace(batch_size=images)
    trainer = SimpleNamespace(
        default_root_dir=tmp_path, num_test_batches=[1], test_dataloaders=loader, is_global_zero=True, loggers=[]
    )
    (tmp_path / "hole").mkdir()
    paths = [tmp_path / "hole" / f"{index}.jpg" for index in range(images)]  # the host's pictures show the file
    for path in paths:
        Image.new("RGB", (32, 32)).save(path)
    batch = ImageBatch(image=torch.rand(images, 3, 32, 32), image_path=[str(path) for path in paths])
    visualizer.on_test_start(trainer, model)
    visualizer.on_test_batch_end(trainer, SimpleNamespace(model=model), batch, batch, 0)


@pytest.mark.parametrize(("cap", "drawn"), [(0, 0), (1, 1), (2, 2), (3, 3), (7, 7), (None, 7)])
def test_no_more_figures_than_the_cap_are_drawn_and_they_are_spread(model, tmp_path, cap, drawn):
    visualize(ScadnVisualizer(max_figures=cap), model, tmp_path, images=7)
    figures = sorted((tmp_path / "figures").rglob("*.png"))
    assert len(figures) == drawn
    if drawn == 2:
        assert [figure.stem for figure in figures] == ["0", "4"]


def test_figures_are_pictures_below_a_folder_that_the_user_chose(model, tmp_path):
    visualize(ScadnVisualizer(max_figures=1, output_dir=tmp_path / "chosen"), model, tmp_path, images=2)
    figure = next((tmp_path / "chosen" / "figures").rglob("*.png"))
    with Image.open(figure) as opened:
        assert opened.format == "PNG"
        assert opened.width > 4 * opened.height


def test_a_negative_cap_is_refused():
    with pytest.raises(ValueError, match="max_figures must be None or at least 0, got -1"):
        ScadnVisualizer(max_figures=-1)


def test_every_image_has_pictures_of_its_own(model, tmp_path):
    paths = [
        tmp_path / place for place in ("a/hole/0.png", "a/hole/0.jpg", "a/hole/0.bmp", "b/hole/0.png", "b/Hole/0.png")
    ]
    for value, path in enumerate(paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (32, 32), (50 * value,) * 3).save(path)
    visualizer = ScadnVisualizer(output_dir=tmp_path / "out")
    loader = SimpleNamespace(batch_size=len(paths))
    trainer = SimpleNamespace(
        default_root_dir=tmp_path, num_test_batches=[1], test_dataloaders=loader, is_global_zero=True, loggers=[]
    )
    batch = ImageBatch(image=torch.rand(len(paths), 3, 32, 32), image_path=[str(path) for path in paths])
    for _ in range(2):  # a second run draws over the pictures of the first
        visualizer.on_test_start(trainer, model)
        visualizer.on_test_batch_end(trainer, SimpleNamespace(model=model), batch, batch, 0)
    found = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    pictures = {"hole/0.png", "hole/0.jpg", "hole/0.bmp", "b/hole/0.png", f"{tmp_path.name}/b/Hole/0.png"}
    figures = {"hole/0.png", "hole/0.jpg.png", "hole/0.bmp.png", "hole/0.png.png", "b/Hole/0.png"}
    assert found == pictures | {f"figures/{name}" for name in figures}
    assert visualizer.output_dir == tmp_path / "out"
