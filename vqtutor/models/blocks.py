"""Building blocks that the autoencoders share: vector encoders and decoders, residual stacks.

Two families live here. `VectorEncoder` and `VectorDecoder` turn an image into one vector and back:
the body of the autoencoder and of the VAE. `ResidualStack`, `Downsample` and `Upsample` keep a
grid of features: the body of VQ-VAE-2, after Razavi et al. 2019, arXiv:1906.00446.
"""

from __future__ import annotations

import math
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F

from vqtutor.checks import check_positive

ImageShape = tuple[int, int, int]  # C, H, W


def check_image_shape(image_shape: ImageShape) -> None:
    """Raise ValueError unless `image_shape` is (C, H, W), each at least 1."""
    if len(image_shape) != 3 or min(image_shape) < 1:
        raise ValueError(f"image_shape must be (C, H, W), each at least 1, got {image_shape}.")


def check_body(image_shape: ImageShape, channels: tuple[int, ...]) -> None:
    """Raise ValueError unless a convolutional body of these sizes can be built."""
    check_image_shape(image_shape)
    if len(channels) != 3:
        raise ValueError(f"channels must name three widths, one per convolution, got {channels}.")
    check_positive(**{f"channels[{i}]": width for i, width in enumerate(channels)})
    if min(image_shape[1:]) < 12 or any(side % 4 for side in image_shape[1:]):
        raise ValueError(
            "image height and width must be multiples of 4 and at least 12, got "
            f"{image_shape[1:]}; pad or resize the images (vqtutor.data.load(..., size=32))."
        )


def grid_of(image_shape: ImageShape) -> tuple[int, int]:
    """Height and width of the grid that `GridEncoder` makes: a cell per 4x4 pixels."""
    return image_shape[1] // 4, image_shape[2] // 4


def check_grid(image_shape: ImageShape, outputs: int) -> None:
    """Raise ValueError unless `outputs` numbers are as many for each cell of the grid."""
    check_image_shape(image_shape)
    if any(side % 4 for side in image_shape[1:]):
        raise ValueError(f"image height and width must be multiples of 4, got {image_shape[1:]}.")
    height, width = grid_of(image_shape)
    if outputs % (height * width):
        raise ValueError(
            f"{outputs} numbers cannot be shared evenly among {height}x{width} cells; "
            f"choose a multiple of {height * width}."
        )


def smallest_grid(image_shape: ImageShape) -> tuple[int, int]:
    """Height and width after the three convolutions: 3x3 for 28x28 images, 4x4 for 32x32."""
    return image_shape[1] // 8, image_shape[2] // 8


def last_padding(image_shape: ImageShape) -> tuple[int, int]:
    """Padding of the third convolution: 7x7 features need none, 8x8 would lose their last row."""
    return 1 - image_shape[1] // 4 % 2, 1 - image_shape[2] // 4 % 2


class VectorEncoder(nn.Sequential):
    """Images (B, C, H, W) to vectors (B, outputs): three convolutions, two linear layers.

    Each convolution has stride 2. A 28x28 image becomes 14x14, 7x7, 3x3; with channels (8, 16, 32)
    the last has 288 numbers.
    """

    def __init__(
        self, image_shape: ImageShape, channels: tuple[int, ...], hidden: int, outputs: int
    ) -> None:
        first, second, third = channels
        height, width = smallest_grid(image_shape)
        super().__init__(
            nn.Conv2d(image_shape[0], first, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(first, second, 3, stride=2, padding=1),
            nn.BatchNorm2d(second),
            nn.ReLU(),
            nn.Conv2d(second, third, 3, stride=2, padding=last_padding(image_shape)),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(third * height * width, hidden),
            nn.ReLU(),
            nn.Linear(hidden, outputs),
        )


class VectorDecoder(nn.Sequential):
    """Vectors (B, inputs) to image logits (B, C, H, W): the encoder, mirrored."""

    def __init__(
        self, image_shape: ImageShape, channels: tuple[int, ...], hidden: int, inputs: int
    ) -> None:
        first, second, third = channels
        height, width = smallest_grid(image_shape)
        even = last_padding(image_shape)
        super().__init__(
            nn.Linear(inputs, hidden),
            nn.ReLU(),
            nn.Linear(hidden, third * height * width),
            nn.ReLU(),
            nn.Unflatten(1, (third, height, width)),
            nn.ConvTranspose2d(third, second, 3, stride=2, padding=even, output_padding=even),
            nn.BatchNorm2d(second),
            nn.ReLU(),
            nn.ConvTranspose2d(second, first, 3, stride=2, padding=1, output_padding=1),
            nn.BatchNorm2d(first),
            nn.ReLU(),
            nn.ConvTranspose2d(first, image_shape[0], 3, stride=2, padding=1, output_padding=1),
        )


class LinkedEncoder(nn.Sequential):
    """Images (B, C, H, W) to vectors (B, outputs) through one hidden layer, all linear."""

    def __init__(self, image_shape: ImageShape, hidden: int, outputs: int) -> None:
        channels, height, width = image_shape
        super().__init__(
            nn.Flatten(),
            nn.Linear(channels * height * width, hidden),
            nn.ReLU(),
            nn.Linear(hidden, outputs),
        )


class LinkedDecoder(nn.Sequential):
    """Vectors (B, inputs) to image logits (B, C, H, W) through one hidden layer."""

    def __init__(self, image_shape: ImageShape, hidden: int, inputs: int) -> None:
        channels, height, width = image_shape
        super().__init__(
            nn.Linear(inputs, hidden),
            nn.ReLU(),
            nn.Linear(hidden, channels * height * width),
            nn.Unflatten(1, image_shape),
        )


class ResidualBlock(nn.Module):
    """`features + change(features)`, (B, C, H, W): the 3x3 layer works on fewer channels."""

    def __init__(self, channels: int, residual_channels: int) -> None:
        super().__init__()
        self.conv3x3 = nn.Conv2d(channels, residual_channels, 3, padding=1)
        self.conv1x1 = nn.Conv2d(residual_channels, channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        return features + self.conv1x1(F.relu(self.conv3x3(F.relu(features))))


class ResidualStack(nn.Sequential):
    """`blocks` residual blocks and a ReLU; (B, C, H, W) to the same shape."""

    def __init__(self, channels: int, residual_channels: int, blocks: int) -> None:
        super().__init__(
            *(ResidualBlock(channels, residual_channels) for _ in range(blocks)), nn.ReLU()
        )


def stage_widths(channels: int, factor: int) -> list[int]:
    """Widths of the stages from the image to `channels`: half of it except at the last."""
    stages = factor.bit_length() - 1  # factor = 2 ** stages
    return [max(channels // 2, 1)] * (stages - 1) + [channels]


class Downsample(nn.Sequential):
    """(B, inputs, H, W) to (B, channels, H / factor, W / factor): 4x4 convolutions, stride 2."""

    def __init__(self, inputs: int, channels: int, factor: int) -> None:
        widths = [inputs, *stage_widths(channels, factor)]
        layers: list[nn.Module] = []
        for narrow, wide in pairwise(widths):
            layers += [nn.Conv2d(narrow, wide, 4, stride=2, padding=1), nn.ReLU()]
        super().__init__(*layers, nn.Conv2d(channels, channels, 3, padding=1))


class Upsample(nn.Sequential):
    """(B, channels, H, W) to (B, outputs, factor * H, factor * W): `Downsample`, mirrored."""

    def __init__(self, channels: int, outputs: int, factor: int) -> None:
        widths = [*reversed(stage_widths(channels, factor)), outputs]
        layers: list[nn.Module] = []
        for wide, narrow in pairwise(widths):
            layers += [nn.ConvTranspose2d(wide, narrow, 4, stride=2, padding=1), nn.ReLU()]
        super().__init__(*layers[:-1])


class GridEncoder(nn.Sequential):
    """Images (B, C, H, W) to vectors (B, outputs) whose numbers each belong to one 4x4 cell.

    All cells of the first channel come first, row by row. The layers are those of the VQ-VAE-2's
    bottom level.
    """

    def __init__(self, image_shape: ImageShape, channels: int, outputs: int) -> None:
        super().__init__(
            Downsample(image_shape[0], channels, 4),
            ResidualStack(channels, max(1, channels // 2), 2),
            nn.Conv2d(channels, outputs // math.prod(grid_of(image_shape)), 1),
            nn.Flatten(),
        )


class GridDecoder(nn.Sequential):
    """Vectors (B, inputs), as `GridEncoder` makes them, to image logits (B, C, H, W)."""

    def __init__(self, image_shape: ImageShape, channels: int, inputs: int) -> None:
        grid = grid_of(image_shape)
        depth = inputs // math.prod(grid)
        upsample = Upsample(channels, image_shape[0], 4)
        # The first images are dark. From a gray start, digits on black drive all features to zero
        # in the first steps, and a ReLU that is off everywhere never comes back.
        nn.init.constant_(upsample[-1].bias, math.log(0.1 / 0.9))  # type: ignore[arg-type]
        super().__init__(
            nn.Unflatten(1, (depth, *grid)),
            nn.Conv2d(depth, channels, 3, padding=1),
            ResidualStack(channels, max(1, channels // 2), 2),
            upsample,
        )
