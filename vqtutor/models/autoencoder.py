"""Autoencoder: squeeze an image through a short vector and rebuild it.

Three bodies. "linked" is the fully connected network of the article that the original project links
(784-128-128-128-784 at its sizes: 28x28 images, 128 hidden, 128 latent).
"convolutional" is the network that the original's code ran: 1-8-16-32 channels, 288-128-D. The
original's later encoders end in a ReLU, so that no latent number is negative: code="relu" here.
"grid" keeps a number of each place of the image, with the layers of the VQ-VAE-2's bottom level and
nothing quantized: a control that tells what the grid does from what the codes do.
Source: Hinton and Salakhutdinov 2006, doi:10.1126/science.1127647.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from torch import Tensor, nn

from vqtutor.checks import check_choice, check_images, check_positive, check_shape
from vqtutor.models.blocks import (
    GridDecoder,
    GridEncoder,
    ImageShape,
    LinkedDecoder,
    LinkedEncoder,
    VectorDecoder,
    VectorEncoder,
    check_body,
    check_grid,
    check_image_shape,
)


@dataclass(frozen=True)
class AutoencoderConfig:
    """Which images, how many numbers between encoder and decoder, and which layers around them."""

    image_shape: ImageShape = (1, 32, 32)  # C, H, W
    latent_dim: int = 16  # D
    body: Literal["convolutional", "linked", "grid"] = "convolutional"
    channels: tuple[int, int, int] = (8, 16, 32)  # of the convolutional body
    hidden: int = 128  # width of the linear layer before the latent, or of the grid's features
    code: Literal["linear", "relu"] = "linear"  # what the encoder ends in

    def __post_init__(self) -> None:
        check_choice("body", self.body, ("convolutional", "linked", "grid"))
        check_choice("code", self.code, ("linear", "relu"))
        check_positive(latent_dim=self.latent_dim, hidden=self.hidden)
        if self.body == "convolutional":
            check_body(self.image_shape, self.channels)
        elif self.body == "grid":
            check_grid(self.image_shape, self.latent_dim)
        else:
            check_image_shape(self.image_shape)


class AutoencoderOutput(NamedTuple):
    """What `forward` returns.

    reconstruction : (B, C, H, W) float in [0, 1].
    latent : (B, D) float, unbounded; at least 0 with code="relu".
    """

    reconstruction: Tensor
    latent: Tensor


class Autoencoder(nn.Module):
    """An encoder, D numbers, a decoder."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        self.config = config
        shape, latent_dim, hidden = config.image_shape, config.latent_dim, config.hidden
        if config.body == "linked":
            self.encoder: nn.Module = LinkedEncoder(shape, hidden, latent_dim)
            self.decoder: nn.Module = LinkedDecoder(shape, hidden, latent_dim)
        elif config.body == "grid":
            self.encoder = GridEncoder(shape, hidden, latent_dim)
            self.decoder = GridDecoder(shape, hidden, latent_dim)
        else:
            self.encoder = VectorEncoder(shape, config.channels, hidden, latent_dim)
            self.decoder = VectorDecoder(shape, config.channels, hidden, latent_dim)

    def forward(self, images: Tensor) -> AutoencoderOutput:
        """Encode and decode `images`, (B, C, H, W) in [0, 1]."""
        latent = self.encode(images)
        return AutoencoderOutput(self.decode(latent), latent)

    def encode(self, images: Tensor) -> Tensor:
        """Latent (B, D) of `images`, (B, C, H, W) in [0, 1]. ValueError on any other shape."""
        check_images("images", images, self.config.image_shape)
        latent: Tensor = self.encoder(images)
        return latent.relu() if self.config.code == "relu" else latent

    def decode(self, latent: Tensor) -> Tensor:
        """Images (B, C, H, W) in [0, 1] from any `latent`, (B, D)."""
        check_shape("latent", latent, "B D", D=self.config.latent_dim)
        logits: Tensor = self.decoder(latent).float()  # also under autocast: 8 bits are too few
        return logits.sigmoid()
