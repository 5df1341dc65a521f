"""How much of an image comes back: encode and decode every test image with every model.

Errors are measured on the original pixels, without the zeros that were padded around them. How
large the latent is stands beside each error: a comparison of errors alone says little.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vqtutor import metrics
from vqtutor.checks import check_positive
from vqtutor.data import ImageSet
from vqtutor.experiments import latents
from vqtutor.experiments.examples import one_per_class
from vqtutor.experiments.judging import judge_images


@dataclass(frozen=True)
class ReconstructionConfig:
    """How many images at a time, and how many for the picture."""

    num_examples: int = 10  # one per class as far as they reach
    batch_size: int = 512

    def __post_init__(self) -> None:
        check_positive(num_examples=self.num_examples, batch_size=self.batch_size)


@dataclass(frozen=True)
class ReconstructionScores:
    """One model, averaged over all test images."""

    mse: float  # squared error per pixel value, over the original pixels
    mse_error: float  # standard error of `mse` over the images
    psnr: float  # decibels
    ssim: float  # structural similarity, at most 1
    sharpness: float  # gradient magnitude relative to the originals: below 1 is blurred
    accuracy: float | None  # share of reconstructions that the judge puts into the image's class
    cross_entropy: float | None  # of the judge against the image's class, nats per image
    numbers: int  # in one latent
    bits: float  # of one latent: log2 K per code; 32 per float, though fewer would do
    usage: dict[str, float]  # by grid: share of the codes that occur at all; empty for vectors
    perplexity: dict[str, float]  # by grid: effective number of codes, 1 to K; empty for vectors


@dataclass(frozen=True)
class Reconstruction:
    """All models over the test set, and a few examples."""

    scores: dict[str, ReconstructionScores]  # by model; "VAE, sampled" decodes a draw, not the mean
    num_images: int
    original_accuracy: float | None  # of the judge on the test images themselves
    original_cross_entropy: float | None
    classes: tuple[str, ...]  # of the examples; empty without labels
    originals: np.ndarray  # (examples, C, H, W) uint8
    examples: dict[str, np.ndarray]  # keys of `scores`; each (examples, C, H, W) uint8


def run_reconstruction(
    models: Mapping[str, nn.Module],
    data: ImageSet,
    judge: nn.Module | None = None,
    *,
    seed: int = 0,
    config: ReconstructionConfig | None = None,
) -> Reconstruction:
    """Reconstruct `data.test` with every model. `seed` draws the latents of "VAE, sampled".

    Accuracy and cross-entropy are None without a judge or without labels.
    """
    config = ReconstructionConfig() if config is None else config
    images, labels = data.test.images, data.test.labels
    rows = one_per_class(data, config.num_examples)
    scores, examples = {}, {}
    with latents.inference(judge, *models.values()):
        for name, model in models.items():
            encoded = {name: latents.encode(model, images, config.batch_size)}
            if hasattr(model, "posterior"):
                generator = torch.Generator().manual_seed(seed)
                encoded[f"{name}, sampled"] = latents.sample_posterior(
                    model, images, generator, config.batch_size
                )
            for key, latent in encoded.items():
                reconstructions = latents.decode(model, latent, config.batch_size)
                accuracy, cross_entropy = judged(judge, reconstructions, labels, config.batch_size)
                scores[key] = ReconstructionScores(
                    **image_scores(reconstructions, data, config.batch_size),
                    accuracy=accuracy,
                    cross_entropy=cross_entropy,
                    numbers=latents.flatten(latent).shape[1],
                    bits=latents.bits(model, latent),
                    **code_scores(model, latent),
                )
                examples[key] = latents.to_bytes(reconstructions[rows])
        accuracy, cross_entropy = judged(judge, images, labels, config.batch_size)
    classes = () if labels is None else tuple(data.class_names[i] for i in labels[rows].tolist())
    return Reconstruction(
        scores, len(images), accuracy, cross_entropy, classes, images[rows].numpy(), examples
    )


def image_scores(reconstructions: Tensor, data: ImageSet, batch_size: int) -> dict[str, Any]:
    """The scores that compare (N, C, H, W) in [0, 1] with the test images, pixel by pixel."""
    rows = []
    for outcome, original in zip(
        reconstructions.split(batch_size), data.test.images.split(batch_size), strict=True
    ):
        outcome, original = data.unpad(outcome), data.unpad(original).float() / 255
        rows.append(
            torch.stack(
                [
                    metrics.squared_error(outcome, original),
                    metrics.psnr(outcome, original),
                    metrics.ssim(outcome, original),
                    metrics.gradient_magnitude(outcome),
                    metrics.gradient_magnitude(original),
                ]
            )
        )
    per_image = torch.cat(rows, dim=1).double()  # (5, N)
    mse, psnr, ssim, gradient, original_gradient = per_image.mean(dim=1).tolist()
    return {
        "mse": mse,
        "mse_error": per_image[0].std(correction=0).item() / per_image.shape[1] ** 0.5,
        "psnr": psnr,
        "ssim": ssim,
        "sharpness": gradient / original_gradient,
    }


def judged(
    judge: nn.Module | None, images: Tensor, labels: Tensor | None, batch_size: int
) -> tuple[float | None, float | None]:
    """The judge's accuracy and cross-entropy (nats per image) on `images` of known `labels`."""
    if judge is None or labels is None:
        return None, None
    probabilities = judge_images(judge, images, batch_size).probabilities
    accuracy = (probabilities.argmax(dim=1) == labels).double().mean().item()
    tiny = torch.finfo(probabilities.dtype).tiny
    return accuracy, F.nll_loss(probabilities.clamp_min(tiny).log(), labels).item()


def code_scores(model: nn.Module, latent: latents.Latent) -> dict[str, Any]:
    """Usage and perplexity of each grid's codebook over all images; empty for vectors."""
    if not latents.is_discrete(latent):
        return {"usage": {}, "perplexity": {}}
    levels = zip(latents.num_codes(model, latent).items(), latent, strict=True)
    histograms = {level: metrics.code_histogram(grid, count) for (level, count), grid in levels}
    return {
        "usage": {level: metrics.code_usage(counts) for level, counts in histograms.items()},
        "perplexity": {level: metrics.perplexity(counts) for level, counts in histograms.items()},
    }
