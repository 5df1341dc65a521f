"""A set of images: three disjoint parts, the names of the classes, and what was padded."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

from vqtutor.checks import check_labels, check_shape

PARTS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)  # tensors have no single truth value to compare by
class Split:
    """One part of an image set. Raises TypeError or ValueError on anything else than this."""

    images: Tensor  # (N, C, H, W) uint8, N at least 1
    labels: Tensor | None = None  # (N,) int64, or None where nobody labeled the images

    def __post_init__(self) -> None:
        if self.images.dtype != torch.uint8:
            raise TypeError(f"images must be uint8 (0 to 255), got {self.images.dtype}.")
        check_shape("images", self.images, "N C H W")
        if len(self.images) == 0:
            raise ValueError("images must not be empty, got 0 of them.")
        if self.labels is None:
            return
        if self.labels.dtype != torch.int64:
            raise TypeError(f"labels must be int64, got {self.labels.dtype}.")
        check_shape("labels", self.labels, "N")
        if len(self.labels) != len(self.images):
            raise ValueError(
                f"every image needs one label, got {len(self.images)} images "
                f"and {len(self.labels)} labels."
            )

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images for training, for choosing (validation) and for the final figures (test).

    All three parts share one image size, and either all of them have labels or none has.
    """

    name: str
    train: Split
    validation: Split
    test: Split
    class_names: tuple[str, ...] = ()  # one for each label 0..n-1; empty without labels
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)  # zeros added: left, right, top, bottom

    def __post_init__(self) -> None:
        for part in PARTS:
            split: Split = getattr(self, part)
            if split.images.shape[1:] != self.train.images.shape[1:]:
                raise ValueError(
                    "all images must have one size (C, H, W): train has "
                    f"{self.image_shape}, {part} has {tuple(split.images.shape[1:])}."
                )
            if (split.labels is None) != (not self.class_names):
                raise ValueError(
                    f"{part} has {'no labels' if split.labels is None else 'labels'}, but there "
                    f"are {len(self.class_names)} class names: name every class and label "
                    "every part, or do neither."
                )
            if split.labels is not None:
                try:
                    check_labels(split.labels, self.num_classes)
                except ValueError as error:
                    raise ValueError(f"{part} {error}") from error

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(C, H, W), padding included."""
        channels, height, width = self.train.images.shape[1:]
        return channels, height, width

    @property
    def num_classes(self) -> int:
        """0 without labels."""
        return len(self.class_names)

    def unpad(self, images: Tensor) -> Tensor:
        """The inner view of `images`, (..., H, W), without the zeros that were padded.

        Errors are measured there: a border that is always black is easily "reconstructed".
        """
        height, width = self.image_shape[1:]
        if tuple(images.shape[-2:]) != (height, width):
            raise ValueError(
                f"images must end in (H, W) = ({height}, {width}) like those of {self.name!r}, "
                f"got {tuple(images.shape)}."
            )
        left, right, top, bottom = self.padding
        return images[..., top : height - bottom, left : width - right]


def assemble(
    name: str,
    *,
    train: Split,
    test: Split,
    validation: Split | int,
    size: tuple[int, int],
    seed: int,
    class_names: tuple[str, ...],
) -> ImageSet:
    """An ImageSet of parts that came ready-made, zero-padded on all sides to `size`, (H, W).

    Where `validation` is a number, that many images move there from `train`, drawn with `seed`.
    """
    if isinstance(validation, int):
        if not 1 <= validation < len(train):
            raise ValueError(
                f"validation must lie in 1..{len(train) - 1}, as {name!r} has {len(train)} "
                f"images to take it from; got {validation}."
            )
        order = torch.randperm(len(train), generator=torch.Generator().manual_seed(seed))
        # Sorted, so that both keep the order of the file.
        validation, train = (
            _select(train, order[:validation].sort().values),
            _select(train, order[validation:].sort().values),
        )
    unpadded = ImageSet(name, train, validation, test, class_names)
    height, width = unpadded.image_shape[1:]
    if size[0] < height or size[1] < width:
        raise ValueError(
            f"size must be at least {max(height, width)}: the images of {name!r} are "
            f"{height}x{width} and get padded, never shrunk; got {max(size)}."
        )
    left, top = (size[1] - width) // 2, (size[0] - height) // 2
    padding = (left, size[1] - width - left, top, size[0] - height - top)
    return replace(
        unpadded,
        train=_pad(train, padding),
        validation=_pad(validation, padding),
        test=_pad(test, padding),
        padding=padding,
    )


def _select(split: Split, chosen: Tensor) -> Split:
    return Split(split.images[chosen], None if split.labels is None else split.labels[chosen])


def _pad(split: Split, padding: tuple[int, int, int, int]) -> Split:
    return Split(functional.pad(split.images, padding), split.labels) if any(padding) else split
