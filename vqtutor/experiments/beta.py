"""What the weight of the VAE's KL costs: error, sharpness and rate along a sweep of beta.

At beta = 0 nothing pulls the posterior towards N(0, 1), and what is left is an autoencoder: its
error stands beside the sweep. Each image is decoded twice: from the mean of its posterior, and from
a draw, as the original did.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn

from vqtutor.checks import check_positive
from vqtutor.data import ImageSet
from vqtutor.experiments import latents
from vqtutor.experiments.estimates import Estimate, estimate, ratio
from vqtutor.experiments.examples import classes_of, one_per_class
from vqtutor.experiments.rates import active_units, kl_bits
from vqtutor.experiments.reconstruction import PerImage, Reference, encodings
from vqtutor.models import VAE


@dataclass(frozen=True)
class BetaConfig:
    """How much is kept for the picture, and how many images at a time."""

    num_examples: int = 10
    batch_size: int = 512

    def __post_init__(self) -> None:
        check_positive(num_examples=self.num_examples, batch_size=self.batch_size)


@dataclass(frozen=True)
class Decoded:
    """Reconstructions of all test images by one network, over the original pixels."""

    mse: Estimate  # squared error per pixel value
    ssim: Estimate
    sharpness: Estimate  # gradient magnitude relative to the originals
    # Against the next smaller beta, image by image; None for the smallest.
    mse_ratio: Estimate | None  # above 1: the error rose
    sharpness_change: Estimate | None  # below 0: it became more blurred
    examples: np.ndarray  # (n, C, H, W) uint8


@dataclass(frozen=True)
class BetaPoint:
    """One network of the sweep."""

    beta: float
    rate: float  # KL in bits per image, averaged over test images
    active_units: int  # coordinates whose posterior mean depends on the image
    latent_dim: int
    mean: Decoded  # from the posterior's mean
    sampled: Decoded  # from one draw per image


@dataclass(frozen=True)
class BetaSweep:
    """The sweep, by growing beta, and the autoencoder of the same body."""

    points: tuple[BetaPoint, ...]
    autoencoder: Decoded
    # Of the smallest beta's means against the autoencoder: 1 and 0 if they agree.
    mse_ratio: Estimate
    sharpness_change: Estimate
    # Of the largest beta's means against the smallest's: is there a trend at all?
    mse_trend: Estimate
    sharpness_trend: Estimate
    originals: np.ndarray  # (n, C, H, W) uint8
    classes: tuple[str, ...]  # of the examples; empty without labels


def run_beta(
    models: Mapping[float, VAE],
    autoencoder: nn.Module,
    data: ImageSet,
    *,
    seed: int = 0,
    config: BetaConfig | None = None,
) -> BetaSweep:
    """Reconstruct `data.test` with VAEs by beta, two or more, and with an autoencoder."""
    config = BetaConfig() if config is None else config
    if len(models) < 2:
        raise ValueError(f"a sweep needs two values of beta or more, got {sorted(models)}.")
    images = data.test.images
    rows = one_per_class(data, config.num_examples)
    points: list[BetaPoint] = []
    found: list[dict[str, PerImage]] = []  # by way of decoding, for each beta
    with latents.inference(autoencoder, *models.values()):
        reference = Reference(data, batch_size=config.batch_size)
        sweep = Sweep(reference, rows)
        for beta, model in sorted(models.items()):
            ways, decoded = {}, {}
            encoded = encodings("mean", model, images, seed, config.batch_size)
            for way, latent in zip(("mean", "sampled"), encoded.values(), strict=True):
                previous = found[-1][way] if found else None
                decoded[way], ways[way] = sweep.decode(model, latent, previous)
            found.append(ways)
            posterior = latents.posterior_of(model, images, config.batch_size)
            points.append(
                BetaPoint(
                    beta,
                    rate=kl_bits(posterior).mean().item(),
                    active_units=int(active_units(posterior).sum()),
                    latent_dim=posterior.mean.shape[1],
                    **decoded,
                )
            )
        codes = latents.encode(autoencoder, images, config.batch_size)
        plain, plain_rows = sweep.decode(autoencoder, codes, None)
    first, last = found[0]["mean"], found[-1]["mean"]
    return BetaSweep(
        tuple(points),
        plain,
        *sweep.change(first, plain_rows),
        *sweep.change(last, first),
        images[rows].numpy(),
        classes_of(data, rows),
    )


class Sweep:
    """Measures reconstructions against the test images and against one another."""

    def __init__(self, reference: Reference, rows: Tensor) -> None:
        self.reference, self.rows = reference, rows

    def decode(
        self, model: nn.Module, latent: Tensor, previous: PerImage | None
    ) -> tuple[Decoded, PerImage]:
        """Decode the latents of all test images and measure them, also against `previous`."""
        images = latents.decode(model, latent, self.reference.batch_size)
        found = self.reference.measure(images)
        rise, blur = (None, None) if previous is None else self.change(found, previous)
        decoded = Decoded(
            mse=estimate(found.mse),
            ssim=estimate(found.ssim),
            sharpness=self.reference.sharpness(found),
            mse_ratio=rise,
            sharpness_change=blur,
            examples=latents.to_bytes(images[self.rows]),
        )
        return decoded, found

    def change(self, found: PerImage, other: PerImage) -> tuple[Estimate, Estimate]:
        """Ratio of the errors of `found` and `other`, and difference of their sharpness."""
        change = found.gradient - other.gradient
        return ratio(found.mse, other.mse), ratio(change, self.reference.originals.gradient)
