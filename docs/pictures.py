# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Draw the pictures of the documents.

python docs/pictures.py lace                          # docs/images/lace.png: the embedded data set
python docs/pictures.py anomalies                     # docs/images/anomalies.png: synthetic anomalies
python docs/pictures.py method --ckpt_path MODEL.ckpt # docs/images/method.png: the paper's method, from a training with
                                                      # configs/demo_paper.yaml
python docs/pictures.py report --ckpt_path MODEL.ckpt # docs/images/report.png: a page on the demo's test images, from a
                                                      # training with configs/demo.yaml; needs Chromium
"""

import argparse
import subprocess
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from anomalib_scadn import Scadn, SyntheticLace
from anomalib_scadn.components.anomaly_sheet import draw_sheet
from anomalib_scadn.components.visualizer import MARK
from anomalib_scadn.data.lace_defects import DEFECTS, draw_defect
from anomalib_scadn.data.lace_drawing import draw_lace
from anomalib_scadn.data.lace_patterns import PATTERNS
from anomalib_scadn.deploy import StripedMaskInferencer
from anomalib_scadn.deploy.inspection.folder import score_folder
from anomalib_scadn.deploy.inspection.report import REPORT, write_report
from anomalib_scadn.deploy.inspection.run_record import describe_run
from anomalib_scadn.masks import remove
from anomalib_scadn.masks.sizes import MASKS_PER_SCALE

IMAGES = Path(__file__).parent / "images"
SIZE = 192


def show(axis: Axes, picture: np.ndarray | torch.Tensor, title: str = "", **style: object) -> None:
    """Show a picture without axes."""
    axis.imshow(picture, **style)
    axis.set_title(title, fontsize=8)
    axis.axis("off")


def lace() -> Figure:
    """Draw each pattern, flawless and with each defect; the masks of the last row below it."""
    titles = ["good", *DEFECTS]
    rows = len(PATTERNS) + 1
    figure = Figure(figsize=(1.6 * len(titles), 1.72 * rows), layout="constrained")
    axes = figure.subplots(rows, len(titles))
    for row, pattern in enumerate(PATTERNS):
        show(axes[row, 0], draw_lace(pattern, SIZE, np.random.default_rng(pattern)), f"pattern {pattern}: good")
        for column, kind in enumerate(DEFECTS, start=1):
            picture, mask = draw_defect(pattern, kind, SIZE, np.random.default_rng([pattern, column]))
            show(axes[row, column], picture, kind.replace("_", " "))
            show(axes[-1, column], mask, "its mask" if pattern == max(PATTERNS) else "", cmap="gray")
    axes[-1, 0].axis("off")
    return figure


def anomalies() -> Figure:
    """Draw synthetic anomalies into flawless lace."""
    data = SyntheticLace(category=1, image_size=SIZE, num_train=2, num_test_good=1, num_test_defect=1)
    data.prepare_data()
    data.setup()
    return draw_sheet(torch.stack([item.image for item in data.train_data]))


def method(checkpoint: Path, kind: str) -> Figure:
    """Draw what SCADN does with one defective image of the demo: a row for each scale."""
    module = Scadn.load_from_checkpoint(checkpoint, map_location="cpu").eval()
    model = module.model
    data = SyntheticLace(category=1, image_size=model.image_size[0])
    data.prepare_data()
    data.setup()
    item = next(item for item in data.test_data if Path(item.image_path).parent.name == kind)
    with torch.no_grad():
        image = module.pre_processor(item.image.unsqueeze(0))
        output, painted = model.score(image), model.reconstruct(image)[0]
        joined = model.composites(image)[0].mean(dim=1)
    chosen, top = int(output.selected_scale), float(output.scale_maps.max())
    scales = len(model.stripes)
    figure = Figure(figsize=(11.2, 1.75 * scales), layout="constrained")
    axes = figure.subplots(scales, 7)
    for scale in range(scales):
        first = scale * MASKS_PER_SCALE
        pictures = [remove(image[0], model.masks[first + index], model.mask_fill) for index in (0, 2)]
        repainted = [painted[first + index] for index in (0, 2)]
        panels = [pictures[0], repainted[0], pictures[1], repainted[1], joined[scale]]
        names = [f"{model.stripes[scale]} stripes: I ⊙ M", "G(I ⊙ M)", "I ⊙ M", "G(I ⊙ M)", "removed pixels, joined"]
        for axis, panel, name in zip(axes[scale, 1:6], panels, names, strict=True):
            show(axis, panel.permute(1, 2, 0), name)
        show(axes[scale, 6], output.scale_maps[0, scale], f"E{scale + 1}", cmap="inferno", vmin=0, vmax=top)
        axes[scale, 6].set_title(
            f"S{scale + 1}: error" + (", chosen" if scale == chosen else ""),
            fontsize=8, color=MARK if scale == chosen else "black", fontweight="bold" if scale == chosen else "normal",
        )  # fmt: skip
        axes[scale, 0].axis("off")
    show(axes[0, 0], image[0].permute(1, 2, 0), f"I ({kind})")
    return figure


def report(checkpoint: Path) -> None:
    """Score the test images of the demo's lace, and let Chromium draw the page on them."""
    inferencer = StripedMaskInferencer(checkpoint)
    data = SyntheticLace(category=1, image_size=inferencer.backend.metadata.image_size[0])
    data.prepare_data()
    with TemporaryDirectory() as folder:
        results = Path(folder) / "results"
        score_folder(inferencer, data.root / "1/test", results, describe_run(checkpoint))
        write_report(results)
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1280,900"]
        target = f"--screenshot={IMAGES / 'report.png'}"
        subprocess.run(["chromium", *flags, target, f"file://{results / REPORT}"], check=True, capture_output=True)
    Image.open(IMAGES / "report.png").quantize(128).save(IMAGES / "report.png", optimize=True)
    print(IMAGES / "report.png")


def main() -> None:
    """Draw one picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", choices=["lace", "anomalies", "method", "report"])
    parser.add_argument("--ckpt_path", type=Path)
    parser.add_argument("--kind", default="hole", choices=list(DEFECTS))
    arguments = parser.parse_args()
    if arguments.picture in ("method", "report") and arguments.ckpt_path is None:
        parser.error(f"{arguments.picture} needs --ckpt_path, a checkpoint of the demo")
    if arguments.picture == "report":
        report(arguments.ckpt_path)
        return
    simple = {"lace": lace, "anomalies": anomalies}
    draw = simple.get(arguments.picture, partial(method, arguments.ckpt_path, arguments.kind))
    figure = draw()
    FigureCanvasAgg(figure)
    IMAGES.mkdir(exist_ok=True)
    figure.savefig(IMAGES / f"{arguments.picture}.png", dpi=80)
    print(IMAGES / f"{arguments.picture}.png")


if __name__ == "__main__":
    main()
