import re

import pytest
import torch

from vqtutor.checks import (
    check_choice,
    check_codes,
    check_images,
    check_labels,
    check_positive,
    check_shape,
)


def test_good_values_pass():
    check_shape("x", torch.zeros(2, 3), "B D", D=3)
    check_images("images", torch.tensor([0.0, 0.5, 1.0]).view(1, 1, 1, 3))
    check_images("images", torch.rand(1, 3, 4, 4, dtype=torch.float64))
    check_images("images", torch.rand(1, 3, 4, 4, requires_grad=True))
    check_labels(torch.tensor([0, 9]), 10)
    check_labels(torch.zeros(0, dtype=torch.int64), 10)
    check_codes("codes", torch.zeros(2, 4, 4, dtype=torch.int64), 1)
    check_choice("scale", "full", ("quick", "full"))
    check_positive(num_codes=1, code_dim=64)


@pytest.mark.parametrize("shape", [(2, 4), (2,), (2, 3, 1), ()])
def test_wrong_shape_is_named(shape):
    message = rf"^x must have shape \(B, D\) with D = 3, got {re.escape(str(shape))}\.$"
    with pytest.raises(ValueError, match=message):
        check_shape("x", torch.zeros(shape), "B D", D=3)


def test_wrong_rank_is_named():
    with pytest.raises(ValueError, match=r"^x must have shape \(B, D\), got \(2,\)\.$"):
        check_shape("x", torch.zeros(2), "B D")


def test_bytes_are_told_to_be_scaled():
    with pytest.raises(
        TypeError, match=r"batch must be floating .* torch.uint8: divide by 255, or"
    ):
        check_images("batch", torch.zeros(1, 1, 4, 4, dtype=torch.uint8))


def test_integer_images_are_refused():
    with pytest.raises(TypeError, match=r"got torch.int64\.$"):
        check_images("images", torch.zeros(1, 1, 4, 4, dtype=torch.int64))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (1.5, r"\[0, 1\], got them from 0 to 1\.5"),
        (-0.25, r"got them from -0\.25 to 0"),
        (float("nan"), r"got NaN among them"),
        (float("inf"), r"got them from 0 to inf"),
    ],
)
def test_wrong_pixels_are_named(value, message):
    images = torch.zeros(1, 1, 4, 4)
    images[0, 0, 2, 3] = value
    with pytest.raises(ValueError, match=message):
        check_images("images", images)


@pytest.mark.parametrize("shape", [(4, 4), (1, 4, 4), (1, 1, 1, 4, 4)])
def test_images_of_another_rank_are_refused(shape):
    with pytest.raises(ValueError, match=r"images must have shape \(B, C, H, W\)"):
        check_images("images", torch.zeros(shape))


def test_images_without_pixels_are_refused():
    with pytest.raises(ValueError, match=r"at least one pixel, got \(0, 1, 4, 4\)"):
        check_images("images", torch.zeros(0, 1, 4, 4))


@pytest.mark.parametrize("wrong", [10, -1])
def test_label_out_of_range_is_named(wrong):
    message = rf"labels must lie in 0\.\.9 \(10 classes\), got {wrong} among them"
    with pytest.raises(ValueError, match=message):
        check_labels(torch.tensor([3, wrong, 4]), 10)


def test_labels_of_another_type_or_shape_are_refused():
    with pytest.raises(TypeError, match=r"labels must be int64, got torch.float32"):
        check_labels(torch.zeros(3), 10)
    with pytest.raises(ValueError, match=r"labels must have shape \(B\), got \(3, 1\)"):
        check_labels(torch.zeros(3, 1, dtype=torch.int64), 10)


@pytest.mark.parametrize("wrong", [32, -1])
def test_code_out_of_range_is_named(wrong):
    codes = torch.zeros(2, 4, 4, dtype=torch.int64)
    codes[1, 2, 3] = wrong
    message = rf"top must lie in 0\.\.31 \(32 codes\), got {wrong} among them"
    with pytest.raises(ValueError, match=message):
        check_codes("top", codes, 32)


def test_codes_of_another_type_are_refused():
    with pytest.raises(TypeError, match=r"top must be int64, got torch.int32"):
        check_codes("top", torch.zeros(2, 4, 4, dtype=torch.int32), 32)


def test_choices_are_listed():
    with pytest.raises(ValueError, match=r"scale must be one of 'quick', 'full'; got 'huge'\."):
        check_choice("scale", "huge", (name for name in ("quick", "full")))


def test_first_number_below_one_is_named():
    with pytest.raises(ValueError, match=r"code_dim must be at least 1, got 0\."):
        check_positive(num_codes=4, code_dim=0)
