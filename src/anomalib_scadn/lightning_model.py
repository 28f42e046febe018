# Copyright (C) 2026 the anomalib-scadn authors
# SPDX-License-Identifier: Apache-2.0

"""SCADN: Learning Semantic Context from Normal Samples for Unsupervised Anomaly Detection (Yan et al., AAAI 2021).

A GAN learns, from normal images only, to repaint what multi-scale striped masks remove. Where it cannot repaint what
is there, the image is anomalous.

Differences from the paper:
    - The discriminator learns at 1e-5, as in the authors' code; the paper names one rate, 1e-4, only.

Differences from the authors' code:
    - Removed pixels become 0, as the paper says, not 1 (``mask_fill``).
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from anomalib.data import Batch
from anomalib.metrics import Evaluator
from anomalib.models.components import AnomalibModule
from anomalib.post_processing import PostProcessor
from anomalib.pre_processing import PreProcessor
from anomalib.visualization import Visualizer
from lightning.pytorch import Callback
from lightning.pytorch.trainer.states import TrainerFn
from torch import optim

from . import checks
from .components import DefaultComponents, RepairRate, ScadnPreProcessor
from .export.full import ScadnExport
from .loss import adversarial_loss, discriminator_loss, generator_loss, reconstruction_loss, structural_loss
from .masks import striped_masks
from .masks.sizes import Passes
from .networks import Residual
from .scoring import Score
from .torch_model import ScadnModel, choose_score
from .training.averaging import AveragedWeights, check_average
from .training.checkpoints import fit_arguments
from .training.inputs import check_crop_size, check_range, draw_inputs
from .training.official_weights import load_official_weights
from .training.reference import ReferenceValues
from .training.run import TrainingRun, frozen

logger = logging.getLogger(__name__)


class Scadn(TrainingRun, ScadnExport, DefaultComponents, AnomalibModule):
    """SCADN as an anomalib model; defaults are the paper's settings.

    Args:
        image_size (int | tuple[int, int]): Side, or height and width, that images are resized to, in pixels,
            multiples of 8, at least 24. Defaults to ``512``.
        base_channels (int): Channels of the networks' first layers. Defaults to ``64``.
        stripes (tuple[int, ...]): Stripes across the image, an even number per scale. Defaults to ``(4, 8, 16)``.
        mask_fill (float): Value of removed pixels, range [0, 1]; the authors' code uses 1.0. Defaults to ``0.0``.
        lambda_rec (float): Weight of the reconstruction loss (SCADN Eq. 4). Defaults to ``1.0``.
        lambda_rm (float): Additional weight of removed or anomalous pixels (SCADN Eq. 2). Defaults to ``3.0``.
        lambda_adv (float): Weight of the adversarial loss (SCADN Eq. 4); 0: no discriminator. Defaults to ``0.001``.
        lambda_ssim (float): Weight of the structural loss, 1 - SSIM. Defaults to ``0.0``, none, as in the paper.
        learning_rate (float): Adam's rate for the generator. Defaults to ``1e-4``.
        discriminator_learning_rate (float): Adam's rate for the discriminator. Defaults to ``1e-5``.
        beta1 (float): Adam's first decay rate. Defaults to ``0.0``.
        beta2 (float): Adam's second decay rate. Defaults to ``0.9``.
        ema_decay (float): Share that a moving average of the weights keeps at each step, range [0, 1). The average is
            validated, saved and used in inference. Defaults to ``0.0``, none, as in the paper.
        crop_size (int | tuple[int, int] | None): Train on random crops of this size, in pixels, multiples of 8, at
            least 24. Images are scored whole. Defaults to ``None``: whole images, as in the paper.
        repair (float): Share of the training images that carry synthetic anomalies instead of removed stripes, range
            [0, 1]. Defaults to ``0.0``, none, as in the paper.
        passes (Literal["striped", "once"]): What the generator is given to score an image: each striped mask's rest of
            it, or the whole image once. Defaults to ``"striped"``, the paper's.
        score (Score | None): How reconstructions become maps and scores. Defaults to ``None``: the paper's
            :class:`~anomalib_scadn.PaperScore`, a :class:`~anomalib_scadn.CompositeScore` if ``passes`` is ``"once"``.
        reference_images (int | None): Training images that the score's reference values (mu_i, or the usual errors)
            are computed from. Defaults to ``None``, all.
        passes_at_once (int | None): Masked images that go through the generator at once in inference; results do
            not depend on it. Defaults to ``None``: as many as a 512 x 512 image has pixels.
        max_epochs (int): Epochs to train if the trainer is given no limit of its own. Defaults to ``200``.
        seed (int | None): Seed of weights, shuffling, masks and anomalies. Defaults to ``None``: the global seed.
        pre_processor (PreProcessor | bool): As in anomalib; the default resizes only. Defaults to ``True``.
        post_processor (PostProcessor | bool): As in anomalib. Defaults to ``True``.
        evaluator (Evaluator | bool): As in anomalib. Defaults to ``True``.
        visualizer (Visualizer | bool): As in anomalib. Defaults to ``True``.
        residual_blocks (int): Residual blocks of the generator. Defaults to ``8``, the paper's.
        residual (Literal["full", "separable"]): Convolutions of the residual blocks: those of the paper, or depthwise
            separable ones (Howard et al. 2017), which have about a ninth of the work. Defaults to ``"full"``, the
            paper's.

    Raises:
        ValueError: If an argument is impossible; the message names the value and the valid ones.

    Example:
        >>> from anomalib_scadn import CompositeScore, Scadn
        >>> Scadn(image_size=32, base_channels=2, score=CompositeScore(pooling="mean")).model.scorer.pooling
        'mean'
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
        beta1: float = 0.0,
        beta2: float = 0.9,
        ema_decay: float = 0.0,
        crop_size: int | tuple[int, int] | None = None,
        repair: float = 0.0,
        passes: Passes = "striped",
        score: Score | None = None,
        reference_images: int | None = None,
        passes_at_once: int | None = None,
        max_epochs: int = 200,
        seed: int | None = None,
        pre_processor: PreProcessor | bool = True,
        post_processor: PostProcessor | bool = True,
        evaluator: Evaluator | bool = True,
        visualizer: Visualizer | bool = True,
        *,
        residual_blocks: int = 8,
        residual: Residual = "full",
    ) -> None:
        # Plain tuples before super().__init__() saves the arguments: a checkpoint with OmegaConf lists cannot be read.
        image_size = checks.as_image_size(image_size)
        stripes = checks.as_stripes(stripes)
        crop_size = None if crop_size is None else checks.as_image_size(crop_size, "crop_size")
        if crop_size is not None:
            check_crop_size(crop_size, image_size, stripes)
        checks.check_not_negative(lambda_rec=lambda_rec, lambda_rm=lambda_rm)
        checks.check_not_negative(lambda_adv=lambda_adv, lambda_ssim=lambda_ssim)
        checks.check_not_negative(learning_rate=learning_rate, discriminator_learning_rate=discriminator_learning_rate)
        checks.check_decay(beta1=beta1, beta2=beta2, ema_decay=ema_decay)
        checks.check_seed(seed)
        checks.check_count(1, max_epochs=max_epochs, reference_images=reference_images)
        checks.check_share(repair=repair)
        scorer = choose_score(score, passes)
        # Only a score that is in memory already is made from a checkpoint, which holds its name and options.
        score = scorer.description  # type: ignore[assignment]
        super().__init__(
            pre_processor=ScadnPreProcessor(image_size) if pre_processor is True else pre_processor,
            post_processor=post_processor,
            evaluator=evaluator,
            visualizer=visualizer,
        )
        checks.check_same_size(image_size, self.input_size)
        self.automatic_optimization = False
        self.lambda_rec, self.lambda_rm = lambda_rec, lambda_rm
        self.lambda_adv, self.lambda_ssim = lambda_adv, lambda_ssim
        self.learning_rate, self.discriminator_learning_rate = learning_rate, discriminator_learning_rate
        self.betas = (beta1, beta2)
        self.ema_decay, self.reference_images = ema_decay, reference_images
        self.max_epochs, self.seed, self.crop_size, self.repair = max_epochs, seed, crop_size, repair
        # Drawn from in training however images are scored; like the model's own masks neither saved nor loaded.
        self.register_buffer("stripe_masks", striped_masks(image_size, stripes), persistent=False)
        sizes = (image_size, base_channels, stripes, mask_fill)
        options: dict[str, Any] = {"residual_blocks": residual_blocks, "residual": residual}
        options |= {"passes": passes, "passes_at_once": passes_at_once, "seed": seed}
        self.model = ScadnModel(*sizes, scorer, adversarial=lambda_adv > 0, **options)

    def configure_callbacks(self) -> list[Callback]:
        """List anomalib's components, then what keeps weights and reference values together, and the repair rate.

        Averaged weights come first, so that validation measures the reference values with them in place.

        Returns:
            list[Callback]: Callbacks in the order in which they are called.
        """
        components = super().configure_callbacks()
        components = components if isinstance(components, Sequence) else [components]
        reference = ReferenceValues(self.reference_images)
        average = [AveragedWeights(self.ema_decay, reference)] if self.ema_decay else []
        return [*components, *average, reference, RepairRate()]

    def configure_optimizers(self) -> list[optim.Optimizer]:
        """Make one Adam for each network (SCADN, "Implementation Details").

        Returns:
            list[optim.Optimizer]: The generator's and, unless ``lambda_adv`` is 0, the discriminator's.
        """
        rates = {self.model.generator: self.learning_rate, self.model.discriminator: self.discriminator_learning_rate}
        return [
            optim.Adam(network.parameters(), rate, self.betas, fused=True)
            for network, rate in rates.items()
            if network is not None
        ]

    def training_step(self, batch: Batch, batch_idx: int) -> dict[str, torch.Tensor]:
        """Update both networks on one batch, each image with one random mask (SCADN Eq. 1 to 4) or to be repaired.

        Args:
            batch (Batch): Normal images, range [0, 1].
            batch_idx (int): Index of the batch in the epoch.

        Returns:
            dict[str, torch.Tensor]: Loss terms by name, detached.

        Raises:
            NonFiniteLossError: If a loss term is NaN or infinite; the weights stay as they were.
            ValueError: If the first batch's images lie outside [0, 1].
        """
        images = batch.image
        if batch_idx == 0:
            check_range(images)
        options: dict[str, Any] = {
            "repair": self.repair,
            "crop_size": self.crop_size,
            "mask_fill": self.model.mask_fill,
        }
        images, given, masks = draw_inputs(images, self.stripe_masks, self._epoch_generator, **options)
        fakes = self.model.paint(given)
        terms = self._loss_terms(images, fakes, masks)
        losses = {"generator_loss": generator_loss(terms, self.lambda_rec, self.lambda_adv, self.lambda_ssim)}
        if "discriminator_loss" in terms:
            losses["discriminator_loss"] = terms["discriminator_loss"]
        return self._learn(batch_idx, images, terms, losses)

    def _loss_terms(self, images: torch.Tensor, fakes: torch.Tensor, masks: torch.Tensor) -> dict[str, torch.Tensor]:
        """Compute all terms before any weight changes."""
        terms = {"reconstruction_loss": reconstruction_loss(fakes, images, masks, self.lambda_rm)}
        if self.lambda_ssim:
            terms["structural_loss"] = structural_loss(fakes, images, masks)
        if (discriminator := self.model.discriminator) is not None:
            with frozen(discriminator):
                terms["adversarial_loss"] = adversarial_loss(self.model.judge(fakes))
            terms["discriminator_loss"] = discriminator_loss(self.model.judge(images), self.model.judge(fakes.detach()))
        return terms

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Refuse weights and reference values that belong to another kind of model.

        Raises:
            ValueError: See :func:`~anomalib_scadn.training.checkpoints.fit_arguments` and
                :func:`~anomalib_scadn.training.averaging.check_average`.
        """
        super().on_load_checkpoint(checkpoint)
        doing = None if self._trainer is None else self._trainer.state.fn
        needed = doing in (TrainerFn.FITTING, TrainerFn.TESTING, TrainerFn.PREDICTING)
        fit_arguments(checkpoint, self.hparams, self.state_dict(), values_needed=needed)
        if doing == TrainerFn.FITTING:
            check_average(checkpoint, self.ema_decay)

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
        load_official_weights(self.model.generator, generator, self.model.discriminator, discriminator)
        self.model.scorer.reset()
        if self.model.mask_fill != 1.0 and self.model.passes == "striped":
            logger.warning("The authors trained with mask_fill=1.0, this model has %s.", self.model.mask_fill)
