"""VQ-VAE-2: two grids of codes, a coarse one above a fine one.

The bottom encoder looks at the image, the top encoder at what the bottom encoder found. The top
grid is quantized first; what it says is decoded and joined to the bottom features before those are
quantized, so the bottom codes need to hold only what the top ones leave open.
Source: Razavi, van den Oord and Vinyals 2019, arXiv:1906.00446, algorithm 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from vqtutor.checks import check_choice, check_images, check_positive, check_shape
from vqtutor.models.blocks import (
    Downsample,
    ImageShape,
    ResidualStack,
    Upsample,
    check_image_shape,
)
from vqtutor.models.quantizer import (
    GradientQuantizer,
    Quantized,
    Quantizer,
    QuantizerConfig,
    VectorQuantizer,
)

STRIDES = (2, 4, 8)


@dataclass(frozen=True)
class VQVAE2Config:
    """Which images, how large the two grids and codebooks are, and how wide the network is.

    The default serves MNIST padded to 32x32: 8x8 codes of 16 and 4x4 codes of 32, 336 bits.
    """

    image_shape: ImageShape = (1, 32, 32)  # C, H, W
    channels: int = 64
    residual_blocks: int = 2
    residual_channels: int = 32
    code_dim: int = 32  # D
    num_codes_top: int = 32  # K of the top codebook
    num_codes_bottom: int = 16  # K of the bottom codebook
    bottom_stride: int = 4  # image side over bottom grid side
    top_stride: int = 2  # bottom grid side over top grid side
    join: Literal["concatenate", "add"] = "concatenate"  # how top and bottom are put together
    top_to_bottom: bool = True  # False: bottom codes are chosen without what the top says
    codebook: Literal["moving_average", "gradient"] = "moving_average"  # how codebooks learn
    decay: float = 0.99
    restart_below: float = 0.03
    backward: Literal["straight_through", "rotation"] = "straight_through"

    def __post_init__(self) -> None:
        check_image_shape(self.image_shape)
        check_positive(
            channels=self.channels,
            residual_channels=self.residual_channels,
            code_dim=self.code_dim,
            num_codes_top=self.num_codes_top,
            num_codes_bottom=self.num_codes_bottom,
        )
        if self.residual_blocks < 0:
            raise ValueError(f"residual_blocks must be 0 or more, got {self.residual_blocks}.")
        check_choice("bottom_stride", self.bottom_stride, STRIDES)
        check_choice("top_stride", self.top_stride, STRIDES)
        check_choice("join", self.join, ("concatenate", "add"))
        check_choice("codebook", self.codebook, ("moving_average", "gradient"))
        stride = self.bottom_stride * self.top_stride
        if any(side < stride or side % stride for side in self.image_shape[1:]):
            raise ValueError(
                "image height and width must be multiples of bottom_stride * top_stride = "
                f"{stride}, got {self.image_shape[1:]}; pad the images or choose smaller strides."
            )
        self.quantizer("top"), self.quantizer("bottom")  # their configs check the rest

    def quantizer(self, level: Literal["top", "bottom"]) -> QuantizerConfig:
        """The config of one level's quantizer."""
        num_codes = self.num_codes_top if level == "top" else self.num_codes_bottom
        return QuantizerConfig(
            num_codes, self.code_dim, self.decay, self.restart_below, self.backward
        )

    @property
    def bottom_grid(self) -> tuple[int, int]:
        """Height and width of the bottom grid of codes."""
        return self.image_shape[1] // self.bottom_stride, self.image_shape[2] // self.bottom_stride

    @property
    def top_grid(self) -> tuple[int, int]:
        """Height and width of the top grid of codes."""
        return self.bottom_grid[0] // self.top_stride, self.bottom_grid[1] // self.top_stride


# 4x4 and 2x2 grids of 32 codes: 100 bits per digit, the sizes that the original project ran.
ORIGINAL_MNIST = VQVAE2Config(num_codes_top=32, num_codes_bottom=32, bottom_stride=8)
# 16x16 and 8x8 grids of 512 codes, as in the paper's two-level models of larger images.
CIFAR10 = VQVAE2Config(
    image_shape=(3, 32, 32),
    channels=128,
    code_dim=64,
    num_codes_top=512,
    num_codes_bottom=512,
    bottom_stride=2,
)


class Codes(NamedTuple):
    """The latent of a VQ-VAE-2: integers, names of codebook vectors.

    top : (B, h, w) int64 in [0, num_codes_top).
    bottom : (B, H, W) int64 in [0, num_codes_bottom), H = top_stride * h.
    """

    top: Tensor
    bottom: Tensor


class VQVAE2Output(NamedTuple):
    """What `forward` returns.

    reconstruction : (B, C, H, W) float in [0, 1].
    unclamped : (B, C, H, W) float, the same before it is cut to [0, 1]: what the loss compares, as
        a pixel that is cut off has no gradient.
    top, bottom : what the quantizer of each level did.
    """

    reconstruction: Tensor
    unclamped: Tensor
    top: Quantized
    bottom: Quantized


class VQVAE2(nn.Module):
    """Two encoders, two codebooks, a decoder for the top codes and one for the image."""

    def __init__(self, config: VQVAE2Config) -> None:
        super().__init__()
        self.config = config
        channels, code_dim = config.channels, config.code_dim

        def residuals() -> ResidualStack:
            return ResidualStack(channels, config.residual_channels, config.residual_blocks)

        kind = VectorQuantizer if config.codebook == "moving_average" else GradientQuantizer
        self.bottom_encoder = nn.Sequential(
            Downsample(config.image_shape[0], channels, config.bottom_stride), residuals()
        )
        self.top_encoder = nn.Sequential(
            Downsample(channels, channels, config.top_stride),
            residuals(),
            nn.Conv2d(channels, code_dim, 1),
        )
        self.top_quantizer: Quantizer = kind(config.quantizer("top"))
        self.top_decoder = nn.Sequential(
            nn.Conv2d(code_dim, channels, 3, padding=1),
            residuals(),
            Upsample(channels, channels, config.top_stride),
        )
        joined = 2 if config.join == "concatenate" else 1
        self.bottom_projection = nn.Conv2d(joined * channels, code_dim, 1)
        self.bottom_quantizer: Quantizer = kind(config.quantizer("bottom"))
        self.top_upsampler = Upsample(code_dim, code_dim, config.top_stride)
        self.decoder = nn.Sequential(
            nn.Conv2d(joined * code_dim, channels, 3, padding=1),
            residuals(),
            Upsample(channels, config.image_shape[0], config.bottom_stride),
        )

    def forward(self, images: Tensor) -> VQVAE2Output:
        """Encode, quantize and decode `images`, (B, C, H, W) in [0, 1]."""
        top, bottom = self.quantize(images)
        unclamped = self.paint(top.vectors, bottom.vectors)
        return VQVAE2Output(unclamped.clamp(0, 1), unclamped, top, bottom)

    def quantize(self, images: Tensor) -> tuple[Quantized, Quantized]:
        """Top and bottom level of `images`, (B, C, H, W) in [0, 1], quantized."""
        check_images("images", images, self.config.image_shape)
        bottom_features = self.bottom_encoder(images)  # (B, channels, H, W)
        top = self.top_quantizer(self.top_encoder(bottom_features))
        from_top = self.top_decoder(top.vectors)  # (B, channels, H, W)
        if not self.config.top_to_bottom:
            from_top = 0 * from_top  # an ablation: all parts as before, one without effect
        joined = self._join(bottom_features, from_top)
        return top, self.bottom_quantizer(self.bottom_projection(joined))

    def encode(self, images: Tensor) -> Codes:
        """The codes of `images`, (B, C, H, W) in [0, 1]."""
        top, bottom = self.quantize(images)
        return Codes(top.codes, bottom.codes)

    def lookup(self, codes: Codes) -> tuple[Tensor, Tensor]:
        """Codebook vectors of both grids: (B, D, h, w) and (B, D, H, W)."""
        top, bottom = codes
        check_shape("codes.top", top, "B h w", **dict(zip("hw", self.config.top_grid, strict=True)))
        check_shape(
            "codes.bottom",
            bottom,
            "B H W",
            B=len(top),
            **dict(zip("HW", self.config.bottom_grid, strict=True)),
        )
        return self.top_quantizer.lookup(top), self.bottom_quantizer.lookup(bottom)

    def decode(self, latent: Codes) -> Tensor:
        """Images (B, C, H, W) in [0, 1] from the codes of both grids."""
        return self.decode_vectors(*self.lookup(latent))

    def decode_vectors(self, top: Tensor, bottom: Tensor) -> Tensor:
        """Images (B, C, H, W) in [0, 1] from vectors (B, D, h, w) and (B, D, H, W), any at all."""
        sizes = {"D": self.config.code_dim}
        top_sizes = dict(zip("hw", self.config.top_grid, strict=True))
        bottom_sizes = dict(zip("HW", self.config.bottom_grid, strict=True))
        check_shape("top", top, "B D h w", **sizes, **top_sizes)
        check_shape("bottom", bottom, "B D H W", B=len(top), **sizes, **bottom_sizes)
        return self.paint(top, bottom).clamp(0, 1)

    def paint(self, top: Tensor, bottom: Tensor) -> Tensor:
        """What `decode_vectors` cuts to [0, 1]: every pixel of it has a gradient."""
        unclamped: Tensor = self.decoder(self._join(bottom, self.top_upsampler(top)))
        return unclamped.float()

    def _join(self, bottom: Tensor, top: Tensor) -> Tensor:
        return (
            torch.cat((bottom, top), dim=1) if self.config.join == "concatenate" else bottom + top
        )

    @torch.no_grad()
    def start_codebooks(self, images: Tensor, generator: torch.Generator | None = None) -> None:
        """Place both codebooks on features of `images`, (B, C, H, W): once, before training.

        The top comes first: the bottom features depend on it. The paper leaves the start open.
        """
        self.top_quantizer.start_codebook(self.quantize(images)[0].features, generator)
        self.bottom_quantizer.start_codebook(self.quantize(images)[1].features, generator)

    def update_codebooks(
        self, output: VQVAE2Output, generator: torch.Generator | None = None
    ) -> None:
        """Move both codebooks by one step of moving averages; leave gradient codebooks alone."""
        for quantizer, quantized in (
            (self.top_quantizer, output.top),
            (self.bottom_quantizer, output.bottom),
        ):
            if isinstance(quantizer, VectorQuantizer):
                quantizer.update_codebook(quantized.features, quantized.codes, generator)
