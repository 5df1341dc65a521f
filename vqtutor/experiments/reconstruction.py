"""How much of an image comes back: encode and decode every test image with every model.

Errors are measured on the original pixels, without the zeros that were padded around them. How
large the latent is stands beside each error: a comparison of errors alone says little. All models
see the same images, so they are compared image by image.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from vqtutor import metrics
from vqtutor.checks import check_positive
from vqtutor.data import ImageSet
from vqtutor.experiments import latents
from vqtutor.experiments.estimates import Estimate, estimate, ratio, share
from vqtutor.experiments.examples import classes_of, one_per_class
from vqtutor.experiments.judging import judge_images
from vqtutor.experiments.strokes import Strokes, compare_strokes


@dataclass(frozen=True)
class ReconstructionConfig:
    """How many images at a time, and how many for the picture."""

    num_examples: int = 10  # one per class as far as they reach
    batch_size: int = 512

    def __post_init__(self) -> None:
        check_positive(num_examples=self.num_examples, batch_size=self.batch_size)


@dataclass(frozen=True)
class ReconstructionScores:
    """One model, averaged over all test images. None where the question makes no sense."""

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
    sharpness_estimate: Estimate | None = None  # `sharpness` with its interval
    laplacian: float | None = None  # variance of the Laplacian relative to the originals
    fine_detail: float | None = None  # share of energy above 0.25 cycles per pixel, relative too
    cross_entropy_change: Estimate | None = None  # from the image to its reconstruction, nats
    cross_entropy_lower: Estimate | None = None  # share of images for which it falls
    strokes: Strokes | None = None  # holes repaired and broken


@dataclass(frozen=True)
class Comparison:
    """One model against another on the same test images."""

    mse_ratio: Estimate  # mean error of the first over that of the second: below 1 is better
    ssim_gain: Estimate  # mean SSIM of the first minus that of the second
    sharpness_gain: Estimate  # how much nearer to 1 the sharpness of the first is


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
    comparisons: dict[str, Comparison] = field(default_factory=dict)  # "VAE against AE", ...


class PerImage(NamedTuple):
    """Measurements of each of N images, all (N,) float64, over the original pixels."""

    mse: Tensor
    psnr: Tensor
    ssim: Tensor
    gradient: Tensor
    laplacian: Tensor
    fine_detail: Tensor


class Reference:
    """The test images, and what every set of reconstructions is measured against."""

    def __init__(
        self, data: ImageSet, judge: nn.Module | None = None, batch_size: int = 512
    ) -> None:
        self.data, self.judge, self.batch_size = data, judge, batch_size
        self.originals = self.measure(data.test.images.float() / 255)
        self.accuracy, self.cross_entropies = self.ask(data.test.images)

    def measure(self, images: Tensor) -> PerImage:
        """Compare `images`, (N, C, H, W) in [0, 1], with the test images, pixel by pixel."""
        batches = []
        originals = self.data.test.images.split(self.batch_size)
        for outcome, original in zip(images.split(self.batch_size), originals, strict=True):
            outcome = self.data.unpad(outcome)
            original = self.data.unpad(original).float() / 255
            rows = PerImage(
                metrics.squared_error(outcome, original),
                metrics.psnr(outcome, original),
                metrics.ssim(outcome, original),
                metrics.gradient_magnitude(outcome),
                metrics.laplacian_variance(outcome),
                metrics.fine_detail(outcome),
            )
            batches.append(torch.stack(rows))
        return PerImage(*torch.cat(batches, dim=1).double())

    def ask(self, images: Tensor) -> tuple[float | None, Tensor | None]:
        """The judge's accuracy on `images` of the test labels, and cross-entropies (N,) in nats."""
        labels = self.data.test.labels
        if self.judge is None or labels is None:
            return None, None
        probabilities = judge_images(self.judge, images, self.batch_size).probabilities
        accuracy = (probabilities.argmax(dim=1) == labels).double().mean().item()
        tiny = torch.finfo(probabilities.dtype).tiny
        of_class = probabilities.gather(1, labels.unsqueeze(1)).squeeze(1)
        return accuracy, -of_class.clamp_min(tiny).double().log()

    def sharpness(self, found: PerImage) -> Estimate:
        """Mean gradient magnitude relative to that of the test images."""
        return ratio(found.gradient, self.originals.gradient)

    def compare(self, first: PerImage, second: PerImage) -> Comparison:
        """One set of reconstructions against another."""
        gradients = (first.gradient, second.gradient, self.originals.gradient)
        return Comparison(
            mse_ratio=ratio(first.mse, second.mse),
            ssim_gain=estimate(first.ssim - second.ssim),
            sharpness_gain=estimate(torch.stack(gradients, dim=1), nearer_to_last),
        )

    def score(self, images: Tensor, found: PerImage) -> dict[str, Any]:
        """The scores of reconstructions `images`, (N, C, H, W), measured as `found`."""
        accuracy, entropies = self.ask(images)
        change = lower = None
        if entropies is not None and self.cross_entropies is not None:
            change = estimate(entropies - self.cross_entropies)
            lower = share(entropies < self.cross_entropies)
        mse, psnr, ssim, gradient, laplacian, detail = (row.mean().item() for row in found)
        originals = self.originals
        return {
            "mse": mse,
            "mse_error": found.mse.std(correction=0).item() / len(found.mse) ** 0.5,
            "psnr": psnr,
            "ssim": ssim,
            "sharpness": gradient / originals.gradient.mean().item(),
            "sharpness_estimate": self.sharpness(found),
            "laplacian": laplacian / originals.laplacian.mean().item(),
            "fine_detail": detail / originals.fine_detail.mean().item(),
            "accuracy": accuracy,
            "cross_entropy": None if entropies is None else entropies.mean().item(),
            "cross_entropy_change": change,
            "cross_entropy_lower": lower,
            "strokes": compare_strokes(images, self.data),
        }


def nearer_to_last(rows: Tensor) -> Tensor:
    """How much nearer the mean of the first column of (N, 3) comes to that of the last column than
    the mean of the second does, as a share of the last.
    """
    first, second, wanted = rows.mean(dim=0)
    return ((second - wanted).abs() - (first - wanted).abs()) / wanted


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
    images = data.test.images
    rows = one_per_class(data, config.num_examples)
    scores, examples, found = {}, {}, {}
    with latents.inference(judge, *models.values()):
        reference = Reference(data, judge, config.batch_size)
        for name, model in models.items():
            for key, latent in encodings(name, model, images, seed, config.batch_size).items():
                reconstructions = latents.decode(model, latent, config.batch_size)
                found[key] = reference.measure(reconstructions)
                scores[key] = ReconstructionScores(
                    **reference.score(reconstructions, found[key]),
                    numbers=latents.flatten(latent).shape[1],
                    bits=latents.bits(model, latent),
                    **code_scores(model, latent),
                )
                examples[key] = latents.to_bytes(reconstructions[rows])
    entropies = reference.cross_entropies
    return Reconstruction(
        scores,
        len(images),
        reference.accuracy,
        None if entropies is None else entropies.mean().item(),
        classes_of(data, rows),
        images[rows].numpy(),
        examples,
        {
            f"{second} against {first}": reference.compare(found[second], found[first])
            for first, second in combinations(found, 2)
        },
    )


def encodings(
    name: str, model: nn.Module, images: Tensor, seed: int, batch_size: int
) -> dict[str, Any]:
    """Latents of `images`; of a VAE the posterior's means and, as "NAME, sampled", one draw each.

    The original decoded the draw.
    """
    encoded = {name: latents.encode(model, images, batch_size)}
    if hasattr(model, "posterior"):
        generator = torch.Generator().manual_seed(seed)
        sampled = latents.sample_posterior(model, images, generator, batch_size)
        encoded[f"{name}, sampled"] = sampled
    return encoded


def code_scores(model: nn.Module, latent: latents.Latent) -> dict[str, Any]:
    """Usage and perplexity of each grid's codebook over all images; empty for vectors."""
    if not latents.is_discrete(latent):
        return {"usage": {}, "perplexity": {}}
    histograms = latents.code_histograms(model, latent)
    return {
        "usage": {level: metrics.code_usage(counts) for level, counts in histograms.items()},
        "perplexity": {level: metrics.perplexity(counts) for level, counts in histograms.items()},
    }
