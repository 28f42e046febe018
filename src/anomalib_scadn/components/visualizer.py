# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The figures of the paper (SCADN Fig. 6 to 8): input, reconstruction, scale maps, final map and ground truth."""

import logging
from collections.abc import Sized
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from anomalib.data import ImageBatch, ImageItem
from anomalib.loggers.base import ImageLoggerBase
from anomalib.models.components import AnomalibModule
from anomalib.utils.path import generate_output_filename
from anomalib.visualization import ImageVisualizer
from lightning.pytorch import Trainer
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from anomalib_scadn.files import write_whole
from anomalib_scadn.masks import composites
from anomalib_scadn.torch_model import ScadnModel

from .own_files import OwnFiles

logger = logging.getLogger(__name__)

MARK = "#d62728"
PANEL_INCHES = 2.2
TITLE_INCHES = 0.3


def draw_figure(model: ScadnModel, image: torch.Tensor, gt_mask: torch.Tensor | None = None) -> Figure:
    """Draw one image's row: input, reconstruction, each scale's map, final map, ground truth.

    The reconstruction is the chosen scale's composite: every pixel comes from the pass in which it was removed, the
    mean of its vertical and its horizontal one. The scale maps share one colour range, from 0 to their maximum. A
    generator that is asked once has no scales.

    Args:
        model (ScadnModel): Trained model.
        image (torch.Tensor): I, shape (3, H, W), range [0, 1].
        gt_mask (torch.Tensor | None): Ground truth, shape (H, W), non-zero = anomalous. Defaults to ``None``.

    Returns:
        Figure: A row of panels, the chosen scale framed.
    """
    with torch.no_grad():
        reconstructions = model.reconstruct(image.unsqueeze(0))
        output = model.scorer(image.unsqueeze(0), reconstructions, model.masks)
        chosen = int(output.selected_scale)
        painted = composites(reconstructions, model.masks)[0, chosen].mean(dim=0)
    maps = output.scale_maps[0, : len(model.stripes) if model.passes == "striped" else 0].cpu()
    panels = 3 + len(maps) + (gt_mask is not None)
    height = PANEL_INCHES * image.shape[-2] / image.shape[-1]
    figure = Figure(figsize=(PANEL_INCHES * panels, height + TITLE_INCHES))
    FigureCanvasAgg(figure)
    grid = {"left": 0.005, "right": 0.995, "bottom": 0.02, "top": height / (height + TITLE_INCHES), "wspace": 0.05}
    axes = iter(figure.subplots(1, panels, squeeze=False, gridspec_kw=grid)[0])
    show(next(axes), image.cpu().permute(1, 2, 0), "input")
    show(next(axes), painted.cpu().permute(1, 2, 0), "reconstruction")
    for scale, scale_map in enumerate(maps):
        title = f"S{scale + 1}: {model.stripes[scale]} stripes"
        limits = (min(0.0, float(maps.min())), float(maps.max()))  # standardized maps go below 0
        show(next(axes), scale_map, title, limits=limits, marked=scale == chosen)
    final = output.anomaly_map[0, 0].cpu()
    limits = (min(0.0, float(final.min())), float(final.max()))
    show(next(axes), final, limits=limits, title=f"final, S = {float(output.pred_score):.2g}")
    if gt_mask is not None:
        show(next(axes), gt_mask.cpu().squeeze() != 0, "ground truth", cmap="gray", limits=(0, 1))
    return figure


def show(
    axis: Axes,
    values: torch.Tensor,
    title: str,
    *,
    cmap: str = "inferno",
    limits: tuple[float, float] | None = None,
    marked: bool = False,
) -> None:
    """Show an image or a map in a panel without ticks.

    Args:
        axis (Axes): The panel.
        values (torch.Tensor): Shape (H, W, 3), range [0, 1], or (H, W).
        title (str): What stands above.
        cmap (str): Colours of a map. Defaults to ``"inferno"``.
        limits (tuple[float, float] | None): Range of the colours. Defaults to ``None``, that of the values.
        marked (bool): Whether title and frame are red. Defaults to ``False``.
    """
    low, high = limits or (None, None)
    axis.imshow(values.float().numpy(), cmap=cmap, vmin=low, vmax=high)
    axis.set_title(title, fontsize=9, color=MARK if marked else "black", fontweight="bold" if marked else "normal")
    axis.set_xticks([])
    axis.set_yticks([])
    for spine in axis.spines.values():
        spine.set_color(MARK if marked else "black")
        spine.set_linewidth(3.0 if marked else 0.5)


class ScadnVisualizer(ImageVisualizer):
    """anomalib's pictures in ``images``, and beside them the paper's figures in ``figures``, one PNG per image.

    With ``output_dir`` anomalib's pictures are there, and the figures in its folder ``figures``.

    Pictures and figures have the names that anomalib gives: the last parts of the image's path. Where another image has
    that name already, more of the path comes before it. Images without a file get figures only, numbered in their
    order: anomalib's pictures show files.

    Figures go to the trainer's loggers too, if those are anomalib's, which take pictures.

    A figure repaints its image once more, so their number is capped; they are spread evenly over the data.

    Args:
        max_figures (int | None): Figures to draw, ``None`` for one per image, 0 for none. Defaults to ``24``.
        **kwargs (Any): Arguments of anomalib's :class:`~anomalib.visualization.ImageVisualizer`.

    Raises:
        ValueError: If ``max_figures`` is negative.

    Example:
        >>> from anomalib_scadn import Scadn
        >>> model = Scadn(image_size=32, base_channels=2, visualizer=ScadnVisualizer(max_figures=4))
        >>> model.visualizer.max_figures
        4
    """

    def __init__(self, max_figures: int | None = 24, **kwargs: Any) -> None:  # noqa: ANN401  # anomalib's arguments
        super().__init__(**kwargs)
        self.output_dir: Path | str | None
        if max_figures is not None and max_figures < 0:
            msg = f"max_figures must be None or at least 0, got {max_figures}"
            raise ValueError(msg)
        self.max_figures = max_figures
        self._seen = 0
        self._stride = 1
        self._files = OwnFiles()
        # Beside anomalib's pictures, or below them where the user has chosen their folder.
        self._figures = Path(self.output_dir) / "figures" if self.output_dir is not None else None

    def on_test_start(self, trainer: Trainer, pl_module: AnomalibModule) -> None:
        """Spread the figures over the test images."""
        del pl_module
        self._start(trainer.num_test_batches, trainer.test_dataloaders)

    def on_predict_start(self, trainer: Trainer, pl_module: AnomalibModule) -> None:
        """Spread the figures over the images."""
        del pl_module
        self._start(trainer.num_predict_batches, trainer.predict_dataloaders)

    def _start(self, batches: list[float], loaders: Any) -> None:  # noqa: ANN401  # whatever the trainer was given
        self._seen, self._stride, self._files = 0, 1, OwnFiles()
        given = loaders if isinstance(loaders, list) else [loaders]
        images = sum(_count_images(loader, count) for loader, count in zip(given, batches, strict=False))
        if self.max_figures and images != float("inf"):
            self._stride = max(1, -(-int(images) // self.max_figures))

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: AnomalibModule,
        outputs: ImageBatch,
        batch: ImageBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Draw anomalib's pictures, then the figures that are due."""
        pictures = Path(self.output_dir or Path(trainer.default_root_dir) / "images")
        for item in batch:
            if item.image_path is not None:
                kept = _anomalibs_name(trainer, pictures, item.image_path)
                file = self._files.find(pictures, item.image_path, kept, [kept.name])
                self.output_dir = file.parents[len(kept.parts) - 1]  # below which anomalib makes the name
                super().on_test_batch_end(trainer, pl_module, outputs, [item], batch_idx, dataloader_idx)
                self.output_dir = pictures
            drawn = -(-self._seen // self._stride)
            due = self._seen % self._stride == 0 and (self.max_figures is None or drawn < self.max_figures)
            self._seen += 1
            if due and trainer.is_global_zero:
                self._save(trainer, pl_module, item)

    def _save(self, trainer: Trainer, pl_module: AnomalibModule, item: ImageItem) -> None:
        self._figures = self._figures or Path(trainer.default_root_dir) / "figures"
        image = item.image_path or f"{self._seen:06d}.png"
        kept = _anomalibs_name(trainer, self._figures, image)
        file = self._files.find(self._figures, image, kept, [kept.with_suffix(".png").name, f"{kept.name}.png"])
        figure = draw_figure(pl_module.model, item.image, item.gt_mask)
        content = BytesIO()
        figure.savefig(content, format="png", dpi=figure.dpi)
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, content.getvalue())
        # As pixels: anomalib's logger of MLflow takes no figure with a step, and that of TensorBoard none without.
        pixels = np.asarray(Image.open(content).convert("RGB"))
        for given in trainer.loggers:
            if isinstance(given, ImageLoggerBase):
                name = f"figures/{file.relative_to(self._figures).as_posix()}"
                given.add_image(pixels, name, global_step=trainer.global_step)

    def on_test_end(self, trainer: Trainer, pl_module: AnomalibModule) -> None:
        """Say where the pictures are."""
        del pl_module
        if not trainer.is_global_zero:
            return
        if self.output_dir is not None:
            logger.info("Pictures are in %s", self.output_dir)
        if self._figures is not None:
            logger.info("Figures of input, reconstruction and maps are in %s", self._figures)

    def on_predict_end(self, trainer: Trainer, pl_module: AnomalibModule) -> None:
        """Say where the pictures are."""
        self.on_test_end(trainer, pl_module)


def _anomalibs_name(trainer: Trainer, folder: Path, image: str) -> Path:
    """Name the file that anomalib would draw an image into, relative to the folder of all of them."""
    datamodule = getattr(trainer, "datamodule", None)
    dataset, category = (getattr(datamodule, name, None) for name in ("name", "category"))
    return generate_output_filename(image, folder, dataset, category, mkdir=False).relative_to(folder)


def _count_images(loader: Any, batches: float) -> float:  # noqa: ANN401  # whatever the trainer was given
    """Count the images that a number of batches has; the last batch may be short."""
    count = batches * (getattr(loader, "batch_size", None) or 1)
    dataset = getattr(loader, "dataset", None)
    return min(count, len(dataset)) if isinstance(dataset, Sized) else count
