# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""The pass over the normal training images that gives the score its reference values (mu_i of SCADN Eq. 9)."""

import copy
import logging
import math
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.utilities.model_helpers import is_overridden
from torch.utils.data import ConcatDataset, DataLoader, Dataset, IterableDataset, Subset
from torchvision.transforms.v2 import Transform

from anomalib_scadn.torch_model import ScadnModel

logger = logging.getLogger(__name__)


def training_loader(trainer: Trainer) -> DataLoader | None:
    """Find the loader of the training images of a run.

    Args:
        trainer (Trainer): Trainer with a data module or with data loaders.

    Returns:
        DataLoader | None: The loader; ``None`` if the run has none (say, validation on a loader), or none that can
            be passed over image by image.
    """
    loader = trainer.train_dataloader
    datamodule = getattr(trainer, "datamodule", None)
    if loader is None and datamodule is not None and is_overridden("train_dataloader", datamodule):
        loader = datamodule.train_dataloader()
    usable = isinstance(loader, DataLoader) and not isinstance(loader.dataset, IterableDataset)
    return loader if usable else None


def without_augmentation(dataset: Dataset, transform: Transform | None) -> Dataset:
    """Copy a data set of anomalib's, or a subset or union of such, without its augmentations.

    Args:
        dataset (Dataset): Training images; other data sets than anomalib's are taken as they are.
        transform (Transform | None): What takes the place of the augmentations: the transform of the model's
            pre-processor, since images of different sizes can be batched only once resized.

    Returns:
        Dataset: A shallow copy; the original keeps its augmentations.
    """
    plain = copy.copy(dataset)
    if isinstance(plain, Subset):
        plain.dataset = without_augmentation(plain.dataset, transform)
    elif isinstance(plain, ConcatDataset):
        plain.datasets = [without_augmentation(part, transform) for part in plain.datasets]
    elif hasattr(plain, "augmentations"):
        plain.augmentations = transform
    return plain


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
    if not math.prod(model.scorer.statistics_shape):
        return  # a score that compares with nothing needs no pass
    loader = training_loader(trainer)
    if loader is None:
        logger.debug("No training images to compute reference values from.")
        return
    device = model.masks.device
    # Summed on the CPU, in double precision that not every accelerator has.
    total = torch.zeros(model.scorer.statistics_shape, dtype=torch.double)
    count = torch.zeros((), dtype=torch.double)
    with torch.no_grad(), trainer.precision_plugin.forward_context():
        for batch in _reference_loader(loader, transform, trainer, images=images, seed=seed):
            batch_images = batch.image.to(device)
            total += model.statistics(transform(batch_images) if transform else batch_images)
            count += len(batch_images)
    if trainer.world_size > 1:
        total, count = (trainer.strategy.reduce(value.to(device), reduce_op="sum") for value in (total, count))
    model.scorer.fit(total, int(count))


def _reference_loader(
    loader: DataLoader,
    transform: Transform | None,
    trainer: Trainer,
    *,
    images: int | None,
    seed: int,
) -> DataLoader:
    """Load this process's share of the images, without augmentation, in the data set's order."""
    dataset = without_augmentation(loader.dataset, transform)
    # A generator of its own: neither the sample nor the loader may draw from the one that shuffles the training.
    generator = torch.Generator().manual_seed(seed)
    length = len(dataset)  # type: ignore[arg-type]
    indices = list(range(length))
    if images is not None and images < length:
        indices = sorted(torch.randperm(length, generator=generator)[:images].tolist())
    batch_size = getattr(getattr(trainer, "datamodule", None), "eval_batch_size", None) or loader.batch_size or 1
    if trainer.fast_dev_run:
        indices = indices[: batch_size * trainer.world_size]
    return DataLoader(
        Subset(dataset, indices[trainer.global_rank :: trainer.world_size]),
        batch_size=batch_size,
        num_workers=loader.num_workers,
        collate_fn=loader.collate_fn,
        generator=generator,
    )


class ReferenceValues(Callback):
    """Keeps the reference values of :class:`~anomalib_scadn.Scadn` in step with its weights.

    They are computed always before validation scores its first batch, and whenever a checkpoint or the end of training
    would find values that belong to other weights. So every checkpoint holds its own.

    Args:
        images (int | None): Training images that are sampled. Defaults to ``None``, all.
    """

    def __init__(self, images: int | None = None) -> None:
        self.images = images
        self._step = -1

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Trust no values of an earlier run."""
        del trainer, pl_module
        self._step = -1

    def on_validation_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Compute the values before the first batch is scored with them."""
        self._fit(trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Compute the values if the last steps were not validated."""
        if self._step != trainer.global_step:
            self._fit(trainer, pl_module)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Compute the values if they belong to other weights; the state dict shares their memory."""
        del checkpoint
        self.refresh(trainer, pl_module)

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Warn if scores will lack reference values."""
        del trainer
        warn_if_unfitted(pl_module.model)

    def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Warn if scores will lack reference values."""
        del trainer
        warn_if_unfitted(pl_module.model)

    def refresh(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Compute the values in training, unless they were computed at this step.

        Args:
            trainer (Trainer): The run.
            pl_module (LightningModule): The model, with the weights that the values shall belong to.
        """
        if trainer.training and self._step != trainer.global_step:
            self._fit(trainer, pl_module)

    def _fit(self, trainer: Trainer, pl_module: LightningModule) -> None:
        pre_processor = pl_module.pre_processor
        transform = pre_processor.transform if pre_processor is not None else None
        fit_reference(pl_module.model, trainer, transform, images=self.images, seed=pl_module.seed or 0)
        self._step = trainer.global_step
        warn_if_unfitted(pl_module.model)


def warn_if_unfitted(model: ScadnModel) -> None:
    """Warn if a model will score without reference values.

    Args:
        model (ScadnModel): The model.
    """
    if not model.scorer.is_fitted:
        logger.warning(
            "SCADN has no reference values (mu_i of Eq. 9, or the usual errors of a composite score), so errors "
            "are not measured against those of normal images. The values are computed from the training images: "
            "validate with a data module, or train."
        )
