"""Losses as named terms on plain tensors.

Every function returns a NamedTuple whose `total` is minimized; the other terms say what it is made
of. Each term states its unit and its reduction: none depends on the batch size.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from vqtutor.checks import check_choice, check_codes, check_labels, check_shape


class ReconstructionLoss(NamedTuple):
    """Both () float.

    total : the same as `mse`.
    mse : squared error per pixel value, averaged over B, C, H, W.
    """

    total: Tensor
    mse: Tensor


def reconstruction_loss(reconstruction: Tensor, images: Tensor) -> ReconstructionLoss:
    """Squared error between two batches of images, each (B, C, H, W)."""
    _check_same_shape(reconstruction, images)
    mse = (reconstruction.float() - images).square().mean()
    return ReconstructionLoss(mse, mse)


class VAELoss(NamedTuple):
    """All () float, nats per image: summed over pixels or coordinates, averaged over B.

    total : misfit + beta * kl; at beta = 1 the negative evidence lower bound.
    misfit : -log p(x | z), up to a constant for the squared error.
    kl : divergence of the posterior from N(0, 1).
    """

    total: Tensor
    misfit: Tensor
    kl: Tensor


def vae_loss(
    logits: Tensor,
    images: Tensor,
    mean: Tensor,
    log_variance: Tensor,
    beta: float = 1.0,
    likelihood: Literal["bernoulli", "squared_error"] = "bernoulli",
) -> VAELoss:
    """Kingma and Welling 2013, eq. 10, with a weight on the KL (Higgins et al. 2017).

    logits, images : (B, C, H, W); the sigmoid of the logits is the decoded image.
    mean, log_variance : (B, D), the posterior.
    likelihood : "squared_error" is a normal distribution of variance 1/2 per pixel value.
    """
    check_choice("likelihood", likelihood, ("bernoulli", "squared_error"))
    _check_same_shape(logits, images)
    check_shape("mean", mean, "B D", B=len(images))
    logits = logits.float()
    if likelihood == "bernoulli":
        misfits = F.binary_cross_entropy_with_logits(logits, images, reduction="none")
    else:
        misfits = (logits.sigmoid() - images).square()
    misfit = misfits.flatten(1).sum(dim=1).mean()
    kl = gaussian_kl(mean, log_variance).mean()
    return VAELoss(misfit + beta * kl, misfit, kl)


def gaussian_kl(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, exp(log_variance)) || N(0, 1)), (B,) nats per image, from two (B, D).

    Source: Kingma and Welling 2013, arXiv:1312.6114, appendix B.
    """
    check_shape("mean", mean, "B D")
    check_shape("log_variance", log_variance, "B D", B=mean.shape[0], D=mean.shape[1])
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1)


class VQLoss(NamedTuple):
    """All () float. `total` is minimized; the others are its unweighted parts.

    mse : squared error per pixel value, averaged over B, C, H, W.
    commitment : per feature value, averaged over B, D, H, W, summed over the levels.
    codebook : the same number where the codebook learns by gradient, else 0.
    """

    total: Tensor
    mse: Tensor
    commitment: Tensor
    codebook: Tensor


def vq_loss(
    reconstruction: Tensor,
    images: Tensor,
    commitment: Tensor,
    codebook: Tensor | None = None,
    beta: float = 0.25,
) -> VQLoss:
    """Van den Oord et al. 2017, eq. 3. `codebook` is left out with moving averages."""
    mse = reconstruction_loss(reconstruction, images).mse
    codebook = torch.zeros_like(mse) if codebook is None else codebook
    return VQLoss(mse + beta * commitment + codebook, mse, commitment, codebook)


class ClassificationLoss(NamedTuple):
    """Both () float.

    total : cross-entropy, nats per image, averaged over B.
    accuracy : share of the images whose largest logit is the label's, in [0, 1].
    """

    total: Tensor
    accuracy: Tensor


def classification_loss(logits: Tensor, labels: Tensor) -> ClassificationLoss:
    """Cross-entropy of `logits`, (B, classes), against `labels`, (B,) int64."""
    check_shape("logits", logits, "B K", B=len(labels))
    check_labels(labels, logits.shape[1])
    accuracy = (logits.argmax(dim=1) == labels).float().mean()
    return ClassificationLoss(F.cross_entropy(logits.float(), labels), accuracy)


class CodesLoss(NamedTuple):
    """Both () float, averaged over B, H, W.

    total : cross-entropy, nats per code.
    bits : the same in bits per code; log2 K is what guessing costs.
    """

    total: Tensor
    bits: Tensor


def codes_loss(logits: Tensor, codes: Tensor) -> CodesLoss:
    """Cross-entropy of a prior's `logits`, (B, K, H, W), against `codes`, (B, H, W) int64."""
    check_shape("codes", codes, "B H W", **dict(zip("BHW", _grid(logits), strict=True)))
    check_codes("codes", codes, logits.shape[1])
    nats = F.cross_entropy(logits.float(), codes)
    return CodesLoss(nats, nats / math.log(2))


def _grid(logits: Tensor) -> tuple[int, int, int]:
    check_shape("logits", logits, "B K H W")
    return logits.shape[0], logits.shape[2], logits.shape[3]


def _check_same_shape(reconstruction: Tensor, images: Tensor) -> None:
    if reconstruction.shape != images.shape:
        raise ValueError(
            f"reconstruction and images must have the same shape, got "
            f"{tuple(reconstruction.shape)} and {tuple(images.shape)}."
        )
