# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""Peak memory of validating images at 512 x 512, with the default post-processor.

    python benchmarks/validation_memory.py --base-channels 4               # what validation keeps of 100 images
    python benchmarks/validation_memory.py --base-channels 64 --images 6   # what the paper's generator takes

Adds a row to ``benchmarks/results/validation_memory.json``. The networks are untrained. At full width 100 images take
hours on a CPU; what validation keeps does not depend on the width, so the two rows tell the whole.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

import torch
from anomalib.engine import Engine

from anomalib_scadn import Scadn, SyntheticLace

sys.path.insert(0, str(Path(__file__).parent))
from machines import machine
from process_memory import peak_memory
from runs import RESULTS, save


def main() -> None:
    """Validate once and write the peak."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--image-size", type=int, default=512)
    parser.add_argument("--base-channels", type=int, default=64)
    parser.add_argument("--images", type=int, default=100, help="at least 6")
    arguments = parser.parse_args()
    model = Scadn(
        image_size=arguments.image_size,
        base_channels=arguments.base_channels,
        reference_images=1,
        seed=0,
    )
    with tempfile.TemporaryDirectory() as folder:
        lace = SyntheticLace(
            root=folder,
            image_size=arguments.image_size,
            num_train=1,
            num_test_good=arguments.images - 5 * (arguments.images // 6),
            num_test_defect=arguments.images // 6,
            num_workers=0,
        )
        before = peak_memory()
        with torch.no_grad():
            Engine(default_root_dir=folder, accelerator="cpu", logger=False).validate(model, datamodule=lace)
        peak = peak_memory()
    result = {
        **vars(arguments),
        "before_gigabytes": round(before / 2**10, 2),
        "peak_gigabytes": round(peak / 2**10, 2),
        "machine": machine(),
    }
    path = RESULTS / "validation_memory.json"
    rows = json.loads(path.read_text()) if path.is_file() else []
    key = ("image_size", "base_channels", "images")
    rows = [row for row in rows if any(row[name] != result[name] for name in key)]
    save(path, [*rows, result])
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
