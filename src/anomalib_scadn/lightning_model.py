# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""SCADN: Learning Semantic Context from Normal Samples for Unsupervised Anomaly Detection (Yan et al., AAAI 2021).

A GAN learns, from normal images only, to repaint what multi-scale striped masks remove. Where it cannot repaint what
is there, the image is anomalous.

Example:
    >>> from anomalib.engine import Engine
    >>> from anomalib_scadn import LaceAD, Scadn
    >>> datamodule = LaceAD(root="datasets/LaceAD", category="3")  # doctest: +SKIP
    >>> Engine().train(Scadn(), datamodule=datamodule)  # doctest: +SKIP

Differences from the paper:
    - The discriminator learns at 1e-5, as in the authors' code; the paper names one rate, 1e-4, only.

Differences from the authors' code:
    - Removed pixels become 0, as the paper says, not 1 (``mask_fill``).
"""

import logging
from pathlib import Path
from typing import Any

from anomalib.metrics import Evaluator
from anomalib.models.components import AnomalibModule
from anomalib.post_processing import PostProcessor
from anomalib.pre_processing import PreProcessor
from anomalib.visualization import Visualizer

from .averaging import AveragedWeights
from .checks import (
    as_image_size,
    as_stripes,
    as_tuple,
    as_widths,
    check_at_least_one,
    check_decay,
    check_not_negative,
    check_same_size,
    check_seed,
    check_trained_alike,
)
from .components import DefaultComponents
from .crops import check_crop_size
from .exporting import ScadnExport
from .official_weights import load_official_weights
from .pre_processor import ScadnPreProcessor
from .schedule import Schedule, check_schedule
from .scoring import BackboneSource, Combine, ErrorName, Merge, Pooling, ScoreName, Standardize, build_score
from .torch_model import ScadnModel
from .training import GanTraining

logger = logging.getLogger(__name__)


class Scadn(GanTraining, AveragedWeights, ScadnExport, DefaultComponents, AnomalibModule):
    """SCADN as an anomalib model; defaults are the paper's settings.

    Args:
        image_size (int | tuple[int, int]): Side, or height and width, that images are resized to, in pixels,
            multiples of 8, at least 24. Defaults to ``512``.
        base_channels (int): Channels of the networks' first layers. Defaults to ``64``.
        stripes (tuple[int, ...]): Stripes across the image, one even number per mask scale. Defaults to
            ``(4, 8, 16)``, the paper's S1, S2, S3.
        mask_fill (float): Value of removed pixels, range [0, 1]; the authors' code uses 1.0. Defaults to ``0.0``.
        lambda_rec (float): Weight of the reconstruction loss (SCADN Eq. 4). Defaults to ``1.0``.
        lambda_rm (float): Additional weight of removed pixels (SCADN Eq. 2). Defaults to ``3.0``.
        lambda_adv (float): Weight of the adversarial loss (SCADN Eq. 4); 0 leaves the discriminator out altogether.
            Defaults to ``0.001``.
        lambda_ssim (float): Weight of the structural loss, 1 - SSIM. Defaults to ``0.0``, none, as the paper.
        learning_rate (float): Adam's rate for the generator. Defaults to ``1e-4``.
        discriminator_learning_rate (float): Adam's rate for the discriminator. Defaults to ``1e-5``.
        learning_rate_schedule (Literal["constant", "cosine"]): Whether both rates stay, or fall to 0 along half a
            cosine until training ends. Defaults to ``"constant"``, as the paper.
        beta1 (float): Adam's first decay rate. Defaults to ``0.0``.
        beta2 (float): Adam's second decay rate. Defaults to ``0.9``.
        ema_decay (float): Share that a moving average of the weights keeps at each step; it is what validates, is saved
            and infers. Defaults to ``0.0``, none, as the paper.
        crop_size (int | tuple[int, int] | None): Train on random crops of this size, in pixels, multiples of 8, at
            least 24. Images are scored whole. Defaults to ``None``: train on whole images, as the paper.
        score (Literal["paper", "composite"]): How reconstructions become maps and scores: SCADN Eq. 6 to 10, or
            :class:`~anomalib_scadn.scoring.CompositeScore`. Defaults to ``"paper"``.
        merge (Literal["max", "mean"]): How the four error maps of a scale are joined: SCADN Eq. 7 or its ablation.
            Defaults to ``"max"``.
        subtract_reference (bool): Whether mu_i is subtracted when the scale is chosen: SCADN Eq. 9 or its ablation.
            Defaults to ``True``.
        errors (tuple[str, ...]): Of the composite score: what is compared, of ``"mse"``, ``"ssim"``, ``"msgms"`` and
            ``"perceptual"``. Defaults to ``("mse", "ssim", "msgms")``.
        combine (Literal["min", "mean", "geometric"]): Of the composite score: how composites are joined. Defaults to
            ``"mean"``.
        standardize (Literal["none", "pixel", "global"]): Of the composite score: whether errors are measured against
            those of the training images, per location or for the whole image. Defaults to ``"pixel"``.
        smoothing (float | tuple[float, ...]): Of the composite score: standard deviations of the Gaussians over the
            errors in pixels, ascending. Defaults to ``(1.0, 2.0, 4.0, 8.0)``.
        pooling (Literal["max", "top", "mean"]): Of the composite score: how a map becomes an image score. Defaults
            to ``"max"``.
        top_fraction (float): Share of the pixels that ``pooling="top"`` averages, range (0, 1]. Defaults to ``0.01``.
        backbone (str): timm model of the error ``"perceptual"``. Defaults to ``"resnet18"``.
        backbone_layers (tuple[int, ...]): Its feature levels. Defaults to ``(1, 2, 3)``.
        backbone_weights (str | Path | None): File of its weights; ``"checkpoint"`` if one that is loaded brings them.
            Defaults to ``None``, timm downloads them.
        reference_images (int | None): Training images that the score's reference values (mu_i, or the usual errors)
            are computed from. Defaults to ``None``, all.
        passes_at_once (int | None): Masked images that go through the generator at once in inference; results do
            not depend on it. Defaults to ``None``: as many as four 512 x 512 images have pixels.
        max_epochs (int): Epochs to train if the trainer is given no limit of its own. Defaults to ``200``.
        seed (int | None): Seed of initial weights, shuffling and masks. Defaults to ``None``: the global seed, as
            ``lightning.seed_everything`` sets it.
        pre_processor (PreProcessor | bool): As the host's; the default resizes and does not normalize.
            Defaults to ``True``.
        post_processor (PostProcessor | bool): As the host's. Defaults to ``True``.
        evaluator (Evaluator | bool): As the host's. Defaults to ``True``.
        visualizer (Visualizer | bool): As the host's. Defaults to ``True``.

    Raises:
        ValueError: If an argument is impossible; the message names the value and the valid ones.
    """

    model: ScadnModel

    def __init__(
        self,
        image_size: int | tuple[int, int] = 512,
        base_channels: int = 64,
        stripes: tuple[int, ...] = (4, 8, 16),
        mask_fill: float = 0.0,
        lambda_rec: float = 1.0,
        lambda_rm: float = 3.0,
        lambda_adv: float = 0.001,
        lambda_ssim: float = 0.0,
        learning_rate: float = 1e-4,
        discriminator_learning_rate: float = 1e-5,
        learning_rate_schedule: Schedule = "constant",
        beta1: float = 0.0,
        beta2: float = 0.9,
        ema_decay: float = 0.0,
        crop_size: int | tuple[int, int] | None = None,
        score: ScoreName = "paper",
        merge: Merge = "max",
        subtract_reference: bool = True,  # the host's models take flags by position too
        errors: tuple[ErrorName, ...] = ("mse", "ssim", "msgms"),
        combine: Combine = "mean",
        standardize: Standardize = "pixel",
        smoothing: float | tuple[float, ...] = (1.0, 2.0, 4.0, 8.0),
        pooling: Pooling = "max",
        top_fraction: float = 0.01,
        backbone: str = "resnet18",
        backbone_layers: tuple[int, ...] = (1, 2, 3),
        backbone_weights: BackboneSource = None,
        reference_images: int | None = None,
        passes_at_once: int | None = None,
        max_epochs: int = 200,
        seed: int | None = None,
        pre_processor: PreProcessor | bool = True,
        post_processor: PostProcessor | bool = True,
        evaluator: Evaluator | bool = True,
        visualizer: Visualizer | bool = True,
    ) -> None:
        # Plain tuples before super().__init__() saves the arguments: a checkpoint with OmegaConf lists cannot be read.
        image_size = as_image_size(image_size)
        stripes = as_stripes(stripes)
        crop_size = None if crop_size is None else as_image_size(crop_size, "crop_size")
        errors, backbone_layers = as_tuple(errors=errors), as_tuple(backbone_layers=backbone_layers)
        smoothing = as_widths(smoothing)
        if crop_size is not None:
            check_crop_size(crop_size, image_size, stripes)
        check_not_negative(lambda_rec=lambda_rec, lambda_rm=lambda_rm, lambda_adv=lambda_adv, lambda_ssim=lambda_ssim)
        check_not_negative(learning_rate=learning_rate, discriminator_learning_rate=discriminator_learning_rate)
        check_schedule(learning_rate_schedule)
        check_decay(beta1=beta1, beta2=beta2, ema_decay=ema_decay)
        check_seed(seed)
        check_at_least_one(max_epochs=max_epochs, reference_images=reference_images)
        super().__init__(
            pre_processor=ScadnPreProcessor(image_size) if pre_processor is True else pre_processor,
            post_processor=post_processor,
            evaluator=evaluator,
            visualizer=visualizer,
        )
        # A checkpoint brings the backbone with it, and may be loaded where the file is not.
        self.hparams["backbone_weights"] = "checkpoint"
        check_same_size(image_size, self.input_size)
        self.automatic_optimization = False
        self.lambda_rec, self.lambda_rm, self.lambda_adv = lambda_rec, lambda_rm, lambda_adv
        self.lambda_ssim = lambda_ssim
        self.learning_rate, self.discriminator_learning_rate = learning_rate, discriminator_learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.betas = (beta1, beta2)
        self.ema_decay = ema_decay
        self.reference_images = reference_images
        self.max_epochs = max_epochs
        self.seed = seed
        self.crop_size = crop_size
        scorer = build_score(
            score,
            scales=len(stripes),
            size=image_size,
            merge=merge,
            subtract_reference=subtract_reference,
            errors=errors,
            combine=combine,
            standardize=standardize,
            smoothing=smoothing,
            pooling=pooling,
            top_fraction=top_fraction,
            backbone=backbone,
            backbone_layers=backbone_layers,
            backbone_weights=backbone_weights,
        )
        self.model = ScadnModel(
            image_size,
            base_channels,
            stripes,
            mask_fill,
            scorer,
            adversarial=lambda_adv > 0,
            passes_at_once=passes_at_once,
            seed=seed,
        )

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Refuse weights and reference values that belong to another kind of model.

        Shapes would not show it: masks are not saved, and mu_i means something only with its own masks and score.

        Args:
            checkpoint (dict[str, Any]): Checkpoint about to be loaded.

        Raises:
            ValueError: If it was trained with other masks, another size or another score; the message names both.
        """
        super().on_load_checkpoint(checkpoint)
        check_trained_alike(checkpoint.get("hyper_parameters", {}), self.hparams)

    def load_official_weights(self, generator: str | Path, discriminator: str | Path | None = None) -> None:
        """Load the checkpoints released by the SCADN authors, tensors only.

        They were trained with ``mask_fill=1.0`` and carry no mu_i: validate on the training data to get them.

        Args:
            generator (str | Path): Their ``InpaintingModel_gen.pth``.
            discriminator (str | Path | None): Their ``InpaintingModel_dis.pth``. Defaults to ``None``.

        Raises:
            FileNotFoundError: If a file does not exist.
            ValueError: If a file does not fit, or this model has no discriminator to load into; the message names it.
        """
        if discriminator is not None and self.model.discriminator is None:
            msg = f"this model has no discriminator to load {discriminator} into (lambda_adv is 0)"
            raise ValueError(msg)
        load_official_weights(self.model.generator, generator, self.model.discriminator, discriminator)
        self.model.scorer.reset()
        self._reference_step = -1
        if self.model.mask_fill != 1.0:
            logger.warning("The authors trained with mask_fill=1.0, this model has %s.", self.model.mask_fill)
