"""Variational autoencoder: the same body, but the encoder answers with a distribution.

The latent of an image is not a point but a normal distribution with a mean and a variance per
coordinate, pulled towards N(0, 1); afterwards one can draw from N(0, 1) and decode.
Source: Kingma and Welling 2013, arXiv:1312.6114, section 3 and appendix B.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from vqtutor.checks import check_images, check_positive, check_shape
from vqtutor.models.blocks import ImageShape, VectorDecoder, VectorEncoder, check_body


@dataclass(frozen=True)
class VAEConfig:
    """Which images, how many latent coordinates, and which layers around them."""

    image_shape: ImageShape = (1, 32, 32)  # C, H, W
    latent_dim: int = 16  # D
    channels: tuple[int, int, int] = (8, 16, 32)
    hidden: int = 128

    def __post_init__(self) -> None:
        check_positive(latent_dim=self.latent_dim, hidden=self.hidden)
        check_body(self.image_shape, self.channels)


class Posterior(NamedTuple):
    """q(z | x), a normal distribution with independent coordinates.

    mean : (B, D) float.
    log_variance : (B, D) float, natural logarithm of the variance.
    """

    mean: Tensor
    log_variance: Tensor


class VAEOutput(NamedTuple):
    """What `forward` returns.

    reconstruction : (B, C, H, W) float in [0, 1], decoded from `latent`.
    logits : (B, C, H, W) float; `reconstruction` is their sigmoid. For the Bernoulli likelihood.
    mean, log_variance : (B, D) float, the posterior.
    latent : (B, D) float, mean + standard deviation * noise.
    """

    reconstruction: Tensor
    logits: Tensor
    mean: Tensor
    log_variance: Tensor
    latent: Tensor


class VAE(nn.Module):
    """An encoder of distributions, a draw from them, a decoder."""

    def __init__(self, config: VAEConfig) -> None:
        super().__init__()
        self.config = config
        shape, channels, latent_dim = config.image_shape, config.channels, config.latent_dim
        self.encoder = VectorEncoder(shape, channels, config.hidden, 2 * latent_dim)
        self.decoder = VectorDecoder(shape, channels, config.hidden, latent_dim)

    def forward(self, images: Tensor, noise: Tensor | None = None) -> VAEOutput:
        """Encode `images`, (B, C, H, W) in [0, 1], draw a latent and decode it.

        `noise`, (B, D), is drawn from N(0, 1) where it is not given; zeros decode the mean.
        """
        mean, log_variance = self.posterior(images)
        noise = torch.randn_like(mean) if noise is None else noise
        check_shape("noise", noise, "B D", B=len(images), D=self.config.latent_dim)
        latent = mean + (0.5 * log_variance).exp() * noise  # differentiable: "reparametrization"
        logits = self.decoder(latent).float()  # also under autocast: 8 bits are too few
        return VAEOutput(logits.sigmoid(), logits, mean, log_variance, latent)

    def posterior(self, images: Tensor) -> Posterior:
        """Mean and log-variance, each (B, D), of `images`, (B, C, H, W) in [0, 1]."""
        check_images("images", images, self.config.image_shape)
        # exp and KL in bfloat16 would lose digits: float32 whatever autocast does around us.
        mean, log_variance = self.encoder(images).float().chunk(2, dim=1)
        return Posterior(mean, log_variance)

    def encode(self, images: Tensor) -> Tensor:
        """Posterior mean (B, D) of `images`, (B, C, H, W) in [0, 1]."""
        return self.posterior(images).mean

    def decode(self, latent: Tensor) -> Tensor:
        """Images (B, C, H, W) in [0, 1] from any `latent`, (B, D)."""
        check_shape("latent", latent, "B D", D=self.config.latent_dim)
        logits: Tensor = self.decoder(latent).float()
        return logits.sigmoid()
