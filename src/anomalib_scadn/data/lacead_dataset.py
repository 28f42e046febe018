# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""LaceAD data set: the samples of one lace pattern (SCADN, AAAI 2021, "LaceAD").

Differences from anomalib's MVTecADDataset:
    - Masks are optional, as the paper's LaceAD is judged per image: without any mask the task is classification.
    - A mask may have another extension than its image, and belongs to it by name instead of by sort order.
    - Any pixel that is not black in any channel of a mask is anomalous; anomalib converts to grey first, which
      turns a colour such as (1, 0, 0) black.
    - Grey values and colours of 16 bits keep all of them, as in inference.
    - Files that cannot be read and masks of another size raise an error that names the file.
"""

from pathlib import Path

import torch
from anomalib import TaskType
from anomalib.data import AnomalibDataset, ImageItem
from anomalib.data.utils import LabelName, Split
from pandas import DataFrame
from torchvision.transforms.v2 import Transform
from torchvision.transforms.v2.functional import to_dtype, to_image
from torchvision.tv_tensors import Mask

from .image_reading import check_bit_depth, read_file, read_still
from .lacead_files import GOOD, find_pattern, find_test_images, find_train_images, match_masks, warn_of_unused
from .mask_reading import check_mask_size, read_mask


class LaceADDataset(AnomalibDataset):
    """Images of one lace pattern, and their masks where there are any.

    Args:
        root (Path | str): Root of the data set, a folder with one sub-folder per pattern.
            Defaults to ``"./datasets/LaceAD"``.
        category (str | int): Pattern, the name of a folder in ``root``. Defaults to ``"1"``.
        augmentations (Transform | None): Applied to image and mask when an item is read. Defaults to ``None``.
        split (Split | str | None): ``"train"``, ``"test"`` or ``None`` for both. Defaults to ``None``.
        bit_depth (int | None): Bits of values that are stored in 16. Defaults to ``None``, all 16.

    Raises:
        FileNotFoundError: If the root, the pattern's images or their folders are missing.
        ValueError: If the pattern is unknown, the bit depth is impossible, or files lie where they should not (see
            :func:`make_lacead_dataset`).

    Example:
        >>> from anomalib_scadn import SyntheticLace
        >>> drawn = SyntheticLace(root="lace", image_size=32, num_train=1, num_test_good=1, num_test_defect=1)
        >>> drawn.prepare_data()
        >>> LaceADDataset(drawn.root, category="1", split="test")[0].image.shape
        torch.Size([3, 32, 32])
    """

    def __init__(
        self,
        root: Path | str = "./datasets/LaceAD",
        category: str | int = "1",
        augmentations: Transform | None = None,
        split: Split | str | None = None,
        bit_depth: int | None = None,
    ) -> None:
        """List the files of the pattern; none is opened yet."""
        check_bit_depth(bit_depth)
        super().__init__(augmentations=augmentations)
        self.category = str(category)
        self.split = split
        self.bit_depth = bit_depth
        self.root_category = find_pattern(Path(root), str(category))
        self.samples = make_lacead_dataset(self.root_category, split)

    def __getitem__(self, index: int) -> ImageItem:
        """Read one image and its mask.

        Args:
            index (int): Position in ``samples``.

        Returns:
            ImageItem: Image of shape (3, H, W), float32, range [0, 1]; for segmentation a boolean mask of shape
                (H, W), True = anomalous; the label, 0 = normal, 1 = anomalous.

        Raises:
            ValueError: If a file is no readable image, or the mask is not as large as the image.
        """
        sample = self.samples.iloc[index]
        image = _read_image(sample.image_path, self.bit_depth)
        mask = None
        if self.task == TaskType.SEGMENTATION:
            size = (image.shape[-2], image.shape[-1])
            mask = Mask(torch.zeros(size, dtype=torch.uint8))
            if sample.label_index == LabelName.ABNORMAL:
                mask = Mask(torch.from_numpy(read_mask(sample.mask_path)), dtype=torch.uint8)
                check_mask_size(sample.image_path, size, sample.mask_path, (mask.shape[-2], mask.shape[-1]))
        if self.augmentations is not None:
            if mask is None:
                image = self.augmentations(image)
            else:
                image, mask = self.augmentations(image, mask)
        return ImageItem(
            image=image,
            gt_mask=mask,
            gt_label=torch.tensor(int(sample.label_index)),
            image_path=sample.image_path,
            mask_path=sample.mask_path,
        )


def make_lacead_dataset(root_category: Path | str, split: Split | str | None = None) -> DataFrame:
    """List the samples of one pattern.

    Args:
        root_category (Path | str): Folder of one pattern, with ``train``, ``test`` and perhaps ``ground_truth``.
        split (Split | str | None): ``"train"``, ``"test"`` or ``None`` for both. Defaults to ``None``.

    Returns:
        DataFrame: Columns path, split, label, image_path, mask_path ("" where there is none) and label_index
            (0 = normal, 1 = anomalous). ``attrs["task"]`` is ``"segmentation"`` if the pattern has masks, else
            ``"classification"``, whichever split is asked for.

    Raises:
        FileNotFoundError: If ``train/good`` is missing or empty, or there is no test image.
        ValueError: If the split is unknown, images lie in ``train`` outside ``good`` or directly in ``test``, a mask
            has no image or several, an image has two masks, or only some anomalous images have masks.
    """
    if split not in {None, Split.TRAIN.value, Split.TEST.value}:
        msg = f"split must be 'train', 'test' or None, got {split!r}"
        raise ValueError(msg)
    pattern = Path(root_category)
    train = find_train_images(pattern)
    test = find_test_images(pattern)
    masks = match_masks(pattern, test)
    warn_of_unused(pattern, train, test, masks)
    files = [(Split.TRAIN.value, GOOD, path) for path in train]
    files += [(Split.TEST.value, label, path) for label, paths in test.items() for path in paths]
    rows = [
        {
            "path": str(pattern),
            "split": name,
            "label": label,
            "image_path": str(path),
            "mask_path": str(masks.get(path, "")),
            "label_index": int(LabelName.NORMAL if label == GOOD else LabelName.ABNORMAL),
        }
        for name, label, path in files
        if split is None or split == name
    ]
    samples = DataFrame(rows)
    samples.attrs["task"] = (TaskType.SEGMENTATION if masks else TaskType.CLASSIFICATION).value
    return samples


def check_mask_sizes(samples: DataFrame) -> None:
    """Compare the size of each mask with its image's, from the file headers only.

    Args:
        samples (DataFrame): Samples from :func:`make_lacead_dataset`.

    Raises:
        ValueError: If a mask is not as large as its image, or a file is no readable image.
    """
    for sample in samples[samples.mask_path != ""].itertuples():
        image_size, mask_size = _read_size(sample.image_path), _read_size(sample.mask_path)
        check_mask_size(sample.image_path, image_size, sample.mask_path, mask_size)


def _read_size(path: str) -> tuple[int, int]:
    return read_still(path, lambda file: (file.height, file.width))


def _read_image(path: str, bit_depth: int | None) -> torch.Tensor:
    return torch.as_tensor(to_dtype(to_image(read_file(path, bit_depth).copy()), torch.float32, scale=True))
