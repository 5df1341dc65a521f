"""Checks at the public boundary: each error says what was wanted, what came, and what to do.

Every check returns None when all is well, so a caller states its demands in one line each.
"""

from collections.abc import Iterable

import torch
from torch import Tensor


def check_shape(name: str, tensor: Tensor, axes: str, **sizes: int) -> None:
    """Raise ValueError unless `tensor` has these axes, e.g. check_shape("x", x, "B D", D=3)."""
    expected = axes.split()
    if len(expected) != tensor.ndim or any(
        sizes.get(axis, size) != size for axis, size in zip(expected, tensor.shape, strict=True)
    ):
        known = ", ".join(f"{axis} = {size}" for axis, size in sizes.items())
        raise ValueError(
            f"{name} must have shape ({', '.join(expected)})"
            f"{' with ' + known if known else ''}, got {tuple(tensor.shape)}."
        )


def check_images(
    name: str, images: Tensor, image_shape: tuple[int, int, int] | None = None
) -> None:
    """Raise unless `images` is a float batch (B, C, H, W) with every value in [0, 1].

    image_shape : (C, H, W) where only one will do.
    TypeError for another dtype; ValueError for another shape, for a value outside the range and
    for NaN.
    """
    if not images.is_floating_point():
        hint = ": divide by 255, or use data.Minibatches" if images.dtype == torch.uint8 else ""
        raise TypeError(f"{name} must be floating point in [0, 1], got {images.dtype}{hint}.")
    sizes = {} if image_shape is None else dict(zip("CHW", image_shape, strict=True))
    check_shape(name, images, "B C H W", **sizes)
    if images.numel() == 0:
        raise ValueError(f"{name} must hold at least one pixel, got {tuple(images.shape)}.")
    if _reading_stalls(images):
        return
    # One pass and one wait for the device. A NaN makes both ends NaN.
    lowest, highest = torch.stack(images.detach().aminmax()).tolist()
    if not (0 <= lowest and highest <= 1):
        came = "NaN among them" if lowest != lowest else f"them from {lowest:g} to {highest:g}"
        raise ValueError(f"{name} must hold values in [0, 1], got {came}.")


def check_labels(labels: Tensor, num_classes: int) -> None:
    """Raise unless `labels` is int64 (B,) with every value in [0, num_classes).

    TypeError for another dtype, ValueError for another shape or a value out of range.
    """
    _check_integers("labels", labels, num_classes, "classes")
    check_shape("labels", labels, "B")


def check_codes(name: str, codes: Tensor, num_codes: int) -> None:
    """Raise unless `codes` is int64, of any shape, with every value in [0, num_codes).

    TypeError for another dtype, ValueError for a value out of range.
    """
    _check_integers(name, codes, num_codes, "codes")


def check_choice(name: str, value: object, choices: Iterable[object]) -> None:
    """Raise ValueError, listing the choices, unless `value` is one of them."""
    choices = tuple(choices)
    if value not in choices:
        listed = ", ".join(repr(choice) for choice in choices)
        raise ValueError(f"{name} must be one of {listed}; got {value!r}.")


def check_positive(**integers: int) -> None:
    """Raise ValueError unless every keyword's value is at least 1; the keyword is named."""
    for name, value in integers.items():
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}.")


def _check_integers(name: str, values: Tensor, limit: int, things: str) -> None:
    if values.dtype != torch.int64:
        raise TypeError(f"{name} must be int64, got {values.dtype}: call .long() if they count.")
    if values.numel() == 0 or _reading_stalls(values):
        return
    lowest, highest = torch.stack(values.aminmax()).tolist()
    if lowest < 0 or highest >= limit:
        wrong = lowest if lowest < 0 else highest
        raise ValueError(
            f"{name} must lie in 0..{limit - 1} ({limit} {things}), got {wrong} among them."
        )


def _reading_stalls(tensor: Tensor) -> bool:
    """Whether looking at values would make a training loop wait for its accelerator."""
    return tensor.device.type != "cpu" and torch.is_grad_enabled()
