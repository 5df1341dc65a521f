"""Classifiers of small images: the original project's warm-up CNNs, two controls and a modern one.

The three are the networks of the tutorials that the original links, without batch normalization:
two layers of 5x5, the same with each 5x5 replaced by a pair of 3x3 (same receptive field), and two
layers of 3x3 with twice the maps and a hidden linear layer. They differ in more than the size of
the kernel, so two controls change one thing at a time: "3x3-matched" has pairs of 3x3 and as many
weights as "5x5"; "5x5-regularized" is "5x5" with batch normalization and dropout. "modern" is what
one would write today; trained on its own it is also the judge of images that other models make.
Sources: Simonyan and Zisserman 2014, arXiv:1409.1556, section 2.3 (pairs of 3x3); Ioffe and Szegedy
2015, arXiv:1502.03167 (batch normalization); Lin et al. 2013, arXiv:1312.4400 (global average
pooling).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from torch import Tensor, nn

from vqtutor.checks import check_choice, check_images, check_positive

Variant = Literal["5x5", "3x3-pairs", "3x3-deep", "3x3-matched", "5x5-regularized", "modern"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)
# Widths of the four layers of the networks that are built of pairs of 3x3.
PAIRS = {"3x3-pairs": (4, 16, 16, 32), "3x3-matched": (7, 16, 28, 32)}
# What `channels=None` means. Saved networks rely on it, so it stays as it is.
MODERN_CHANNELS = (16, 32, 64)


@dataclass(frozen=True)
class ClassifierConfig:
    """Which network, for which images and how many classes."""

    variant: Variant = "modern"
    image_shape: tuple[int, int, int] = (1, 32, 32)  # C, H, W; the original's took 28x28
    num_classes: int = 10
    channels: tuple[int, int, int] | None = None  # of "modern", per stage; None: MODERN_CHANNELS

    def __post_init__(self) -> None:
        check_choice("variant", self.variant, VARIANTS)
        if len(self.image_shape) != 3:
            raise ValueError(f"image_shape must be (C, H, W), got {self.image_shape}.")
        check_positive(image_channels=self.image_shape[0], num_classes=self.num_classes)
        if any(side < 4 or side % 4 for side in self.image_shape[1:]):
            raise ValueError(
                f"image height and width must be multiples of 4 (they are halved twice), got "
                f"{self.image_shape[1:]}; pad or resize the images."
            )
        if self.channels is None:
            return
        if self.variant != "modern":
            raise ValueError(
                f'channels can be chosen for variant "modern" only, got {self.channels} for '
                f'"{self.variant}", whose widths are the original\'s; leave it out.'
            )
        if len(self.channels) != 3:
            raise ValueError(
                f"channels must name three widths, one per stage, got {self.channels}."
            )
        check_positive(**{f"channels[{i}]": width for i, width in enumerate(self.channels)})


class WarmupCNN(nn.Module):
    """Images to class scores: convolutions that shrink the image, then one linear layer.

    At image_shape (1, 28, 28) "5x5" has 28,938 weights, "3x3-pairs" 23,282, "3x3-deep" 421,642,
    "3x3-matched" 28,940. "modern" with its default channels has 72,666 for gray images of any size.
    """

    def __init__(self, config: ClassifierConfig) -> None:
        super().__init__()
        self.config = config
        colors, height, width = config.image_shape
        area = (height // 4) * (width // 4)  # after pooling twice
        if config.variant in ("5x5", "5x5-regularized"):
            layer = _plain if config.variant == "5x5" else _normalized
            layers = [*layer(colors, 16, size=5), nn.MaxPool2d(2)]
            layers += [*layer(16, 32, size=5), nn.MaxPool2d(2), nn.Flatten()]
            num_features = 32 * area
        elif config.variant in PAIRS:
            first, second, third, fourth = PAIRS[config.variant]
            layers = [*_plain(colors, first), *_plain(first, second), nn.MaxPool2d(2)]
            layers += [*_plain(second, third), *_plain(third, fourth), nn.MaxPool2d(2)]
            layers += [nn.Flatten()]
            num_features = fourth * area
        elif config.variant == "3x3-deep":
            layers = [*_plain(colors, 32), nn.MaxPool2d(2), *_plain(32, 64), nn.MaxPool2d(2)]
            layers += [nn.Flatten(), nn.Linear(64 * area, 128), nn.ReLU()]
            num_features = 128
        else:
            first, second, third = config.channels or MODERN_CHANNELS
            layers = [*_normalized(colors, first), *_normalized(first, first), nn.MaxPool2d(2)]
            layers += [*_normalized(first, second), *_normalized(second, second), nn.MaxPool2d(2)]
            layers += [*_normalized(second, third), *_normalized(third, third)]
            layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
            num_features = third
        self.body = nn.Sequential(*layers)
        regularized = config.variant in ("modern", "5x5-regularized")
        self.dropout = nn.Dropout(0.2 if regularized else 0.0)
        self.head = nn.Linear(num_features, config.num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (B, num_classes) of `images`, (B, C, H, W) in [0, 1]."""
        logits: Tensor = self.head(self.dropout(self.features(images)))
        return logits

    def features(self, images: Tensor) -> Tensor:
        """What the last linear layer sees, (B, F).

        F is 128 for "3x3-deep", `channels[2]` for "modern"; for the others 1568 at 28x28.
        """
        check_images("images", images, self.config.image_shape)
        features: Tensor = self.body(images)
        return features


def _plain(inputs: int, outputs: int, size: int = 3) -> list[nn.Module]:
    """A convolution that keeps height and width, without normalization, as in 2014."""
    return [nn.Conv2d(inputs, outputs, size, padding=size // 2), nn.ReLU()]


def _normalized(inputs: int, outputs: int, size: int = 3) -> list[nn.Module]:
    """With batch normalization, which has its own offset: the convolution needs no bias."""
    convolution = nn.Conv2d(inputs, outputs, size, padding=size // 2, bias=False)
    return [convolution, nn.BatchNorm2d(outputs), nn.ReLU()]
