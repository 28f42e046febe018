# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The pass over the normal training images that gives the score its reference values (mu_i of SCADN Eq. 9)."""

import copy
from typing import Any

import torch
from anomalib.pre_processing import PreProcessor
from lightning.pytorch import LightningModule, Trainer
from torch.utils.data import DataLoader, Dataset, Subset
from torchvision.transforms.v2 import Transform

from .torch_model import ScadnModel


def training_dataset(trainer: Trainer) -> Dataset | None:
    """Find the training images of a run.

    Args:
        trainer (Trainer): Trainer with a data module or with data loaders.

    Returns:
        Dataset | None: The training data set, ``None`` if the run has none (say, validation on a loader).
    """
    datamodule = getattr(trainer, "datamodule", None)
    if datamodule is not None:
        return getattr(datamodule, "train_data", None)
    return getattr(trainer.train_dataloader, "dataset", None)


def fit_reference(
    model: ScadnModel,
    trainer: Trainer,
    transform: Transform | None,
    *,
    images: int | None = None,
    seed: int = 0,
) -> None:
    """Compute the score's reference values from the training images of a run, reduced over its processes.

    Args:
        model (ScadnModel): Its score is fitted in place; left as it is if the run has no training images.
        trainer (Trainer): The run.
        transform (Transform | None): Transform of the model's pre-processor.
        images (int | None): Sample as many images. Defaults to ``None``, all.
        seed (int): Seed of the sample. Defaults to ``0``.
    """
    dataset = training_dataset(trainer)
    if dataset is None:
        return
    device = model.masks.device
    count = torch.zeros((), device=device)
    with torch.no_grad(), trainer.precision_plugin.forward_context():
        # A share of nothing, of the right shape: a process may have no images.
        total = 0 * model.statistics(torch.zeros(1, 3, *model.image_size, device=device))
        for batch in _reference_loader(dataset, transform, trainer, images=images, seed=seed):
            batch_images = batch.image.to(device)
            total += model.statistics(transform(batch_images) if transform else batch_images)
            count += len(batch_images)
    total = trainer.strategy.reduce(total, reduce_op="sum")
    count = trainer.strategy.reduce(count, reduce_op="sum")
    model.scorer.fit(total, int(count))


def _reference_loader(
    dataset: Dataset,
    transform: Transform | None,
    trainer: Trainer,
    *,
    images: int | None,
    seed: int,
) -> DataLoader:
    """Load this process's share of the images, without augmentation, in the data set's order."""
    unaugmented = copy.copy(dataset)
    if hasattr(unaugmented, "augmentations"):
        unaugmented.augmentations = transform  # images of different sizes can be batched only once resized
    # A generator of its own: neither the sample nor the loader may draw from the one that shuffles the training.
    generator = torch.Generator().manual_seed(seed)
    length = len(unaugmented)  # type: ignore[arg-type]
    indices = list(range(length))
    if images is not None and images < length:
        indices = sorted(torch.randperm(length, generator=generator)[:images].tolist())
    datamodule = getattr(trainer, "datamodule", None)
    batch_size = getattr(datamodule, "eval_batch_size", 1)
    if trainer.fast_dev_run:
        indices = indices[: batch_size * trainer.world_size]
    return DataLoader(
        Subset(unaugmented, indices[trainer.global_rank :: trainer.world_size]),
        batch_size=batch_size,
        num_workers=getattr(datamodule, "num_workers", 0),
        collate_fn=getattr(dataset, "collate_fn", None),
        generator=generator,
    )


class ReferenceFitting(LightningModule):
    """When the reference values of :class:`~anomalib_scadn.lightning_model.Scadn` are computed.

    Always before validation scores its first batch, and whenever a checkpoint or the end of training would find
    values that belong to other weights. So every checkpoint holds its own.
    """

    model: ScadnModel
    pre_processor: PreProcessor | None
    reference_images: int | None
    seed: int | None
    _reference_step = -1

    def on_validation_start(self) -> None:
        """Refresh mu_i before the first batch is scored with it."""
        self._fit_reference()

    def on_train_end(self) -> None:
        """Refresh mu_i if the last epochs were not validated."""
        self._fit_reference(only_if_stale=True)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Refresh mu_i if it does not belong to the weights that are being saved.

        Args:
            checkpoint (dict[str, Any]): Checkpoint whose state dict shares memory with the model.
        """
        if self._trainer is not None and self.trainer.training:
            self._fit_reference(only_if_stale=True)
        super().on_save_checkpoint(checkpoint)

    def _fit_reference(self, *, only_if_stale: bool = False) -> None:
        if only_if_stale and self._reference_step == self.global_step:
            return
        transform = self.pre_processor.transform if self.pre_processor is not None else None
        fit_reference(self.model, self.trainer, transform, images=self.reference_images, seed=self.seed or 0)
        self._reference_step = self.global_step
