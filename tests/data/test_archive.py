"""A .npz of anybody's own images: what is read, and what each wrong file is told."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from vqtutor import data


def make_arrays(**changes: Any) -> dict[str, Any]:
    """Twenty color images for training and ten for the test; None leaves an array out."""
    numbers = np.random.default_rng(0)
    arrays = {
        "train_images": numbers.integers(0, 256, (20, 28, 28, 3), np.uint8),
        "train_labels": np.arange(20, dtype=np.uint8) % 4,
        "test_images": numbers.integers(0, 256, (10, 28, 28, 3), np.uint8),
        "test_labels": np.arange(10, dtype=np.uint8) % 4,
    }
    return {key: array for key, array in {**arrays, **changes}.items() if array is not None}


@pytest.fixture
def write(tmp_path):
    def write(**changes: Any) -> Path:
        np.savez(tmp_path / "own.npz", **make_arrays(**changes))
        return tmp_path / "own.npz"

    return write


def test_color_images_with_labels(write):
    own = data.load(str(write()))
    assert (own.name, own.image_shape, own.padding) == ("own", (3, 32, 32), (2, 2, 2, 2))
    assert [len(part) for part in (own.train, own.validation, own.test)] == [18, 2, 10]
    assert own.class_names == ("0", "1", "2", "3")
    expected = torch.from_numpy(make_arrays()["test_images"]).permute(0, 3, 1, 2)
    assert torch.equal(own.unpad(own.test.images), expected)
    assert own.test.images.is_contiguous()
    assert torch.equal(own.test.labels, torch.arange(10) % 4)


def test_gray_images_without_labels(write):
    gray = {f"{part}_images": make_arrays()[f"{part}_images"][..., 0] for part in ("train", "test")}
    own = data.load(write(**gray, train_labels=None, test_labels=None), size=28)
    assert (own.image_shape, own.num_classes, own.class_names) == ((1, 28, 28), 0, ())
    assert own.train.labels is own.validation.labels is own.test.labels is None
    assert torch.equal(own.test.images[:, 0], torch.from_numpy(gray["test_images"]))


def test_medmnist_layout_with_validation_and_names(write):
    arrays = make_arrays()
    own = data.load(
        write(
            train_labels=arrays["train_labels"].reshape(-1, 1),
            test_labels=arrays["test_labels"].reshape(-1, 1),
            val_images=arrays["test_images"][:3],
            val_labels=np.array([[3], [4], [0]]),
            class_names=np.array(["a", "b", "c", "d", "e"]),
            name="cells",
        )
    )
    assert (own.name, own.class_names) == ("cells", ("a", "b", "c", "d", "e"))
    assert len(own.train) == 20
    assert own.validation.labels.tolist() == [3, 4, 0]


def test_classes_are_counted_over_all_parts(write):
    assert data.load(write(test_labels=np.full(10, 6))).num_classes == 7


@pytest.mark.parametrize(("height", "width", "shape"), [(8, 8, (8, 8)), (9, 30, (16, 32))])
def test_sides_are_padded_to_the_next_multiple_of_eight(write, height, width, shape):
    images = np.zeros((10, height, width), np.uint8)
    assert data.load(
        write(train_images=np.tile(images, (2, 1, 1)), test_images=images)
    ).image_shape == (
        1,
        *shape,
    )


def test_validation_is_asked_for_by_number(write):
    own = data.load(write(), validation=7)
    assert (len(own.train), len(own.validation)) == (13, 7)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"test_images": None}, ValueError, r"lacks test_images; it holds train_images, train_la"),
        ({"train_labels": np.arange(19)}, ValueError, r"train: .* 20 images and 19 labels"),
        ({"train_labels": None}, ValueError, r"images for train, test but labels for test"),
        ({"val_labels": np.arange(3)}, ValueError, r"for train, test but labels for train, val,"),
        (
            {"val_images": np.zeros((2, 28, 28, 3), np.uint8)},
            ValueError,
            r"but labels for train, t",
        ),
        ({"train_images": np.zeros((20, 28, 28))}, TypeError, r"train_images .* got float64"),
        ({"test_labels": np.zeros(10)}, TypeError, r"test_labels must be integers, got float64"),
        ({"test_labels": np.zeros((10, 2), int)}, ValueError, r"test_labels .* got \(10, 2\)"),
        ({"test_labels": np.int64(3)}, ValueError, r"test_labels must have shape .* got \(\)"),
        ({"test_labels": np.full(10, -1)}, ValueError, r"test labels must lie in 0.* got -1"),
        (
            {"train_labels": np.full(20, -2), "test_labels": np.full(10, -2)},
            ValueError,
            r"train labels must lie in 0\.\.0 .* got -2",
        ),
        ({"test_labels": np.full(10, 10**9)}, ValueError, r"labels must number .* got 1000000000"),
        ({"class_names": np.array(["a"])}, ValueError, r"in 0\.\.0 \(1 classes\), got 3"),
        (
            {"train_labels": None, "test_labels": None, "class_names": np.array(["a"])},
            ValueError,
            r"train has no labels, but there are 1 class names",
        ),
        (
            {"train_images": np.zeros((20, 28), np.uint8)},
            ValueError,
            r"train_images must have shape \(N, H, W\) or .*, got \(20, 28\)",
        ),
        (
            {"test_images": np.zeros((10, 3, 28, 28), np.uint8)},
            ValueError,
            r"test_images must have .* C = 1 or 3, got \(10, 3, 28, 28\)",
        ),
        (
            {"test_images": np.zeros((10, 32, 28, 3), np.uint8)},
            ValueError,
            r"train has \(3, 28, 28\), test has \(3, 32, 28\)",
        ),
        (
            {"test_images": np.zeros((10, 28, 28), np.uint8)},
            ValueError,
            r"train has \(3, 28, 28\), test has \(1, 28, 28\)",
        ),
        (
            {"test_images": np.zeros((0, 28, 28, 3), np.uint8)},
            ValueError,
            r"test: images must not be empty",
        ),
        ({"class_names": np.array(["a", None])}, ValueError, r"holds Python objects"),
    ],
)
def test_wrong_archive_is_told_why(write, changes, error, message):
    path = write(**changes)
    with pytest.raises(error, match=rf"own\.npz.*{message}"):
        data.load(path)


def test_missing_archive_says_how_to_make_one(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file .*own\.npz\. np\.savez"):
        data.load(tmp_path / "own.npz")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_archive_cut_short_is_told(tmp_path, share, save):
    save(tmp_path / "own.npz", **make_arrays())
    content = (tmp_path / "own.npz").read_bytes()
    (tmp_path / "own.npz").write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match=r"own\.npz cannot be read .* cut short"):
        data.load(tmp_path / "own.npz")


@pytest.mark.parametrize(("save", "cause"), [(np.savez, "CRC"), (np.savez_compressed, "Error -3")])
def test_archive_with_damaged_bytes_is_told(tmp_path, save, cause):
    """Plain and deflated archives fail in different ways."""
    pixels = np.arange(20 * 28 * 28).reshape(20, 28, 28) // 7 % 251
    save(tmp_path / "own.npz", train_images=pixels.astype(np.uint8))
    content = bytearray((tmp_path / "own.npz").read_bytes())
    content[200:250] = bytes([255] * 50)
    (tmp_path / "own.npz").write_bytes(content)
    with pytest.raises(ValueError, match=rf"own\.npz cannot be read .*{cause}.* damaged"):
        data.load(tmp_path / "own.npz")


def test_single_array_is_not_an_archive(tmp_path):
    with open(tmp_path / "own.npz", "wb") as file:
        np.save(file, np.zeros((2, 28, 28), np.uint8))
    with pytest.raises(ValueError, match=r"own\.npz cannot be read .* not made by np\.savez"):
        data.load(tmp_path / "own.npz")


def test_own_validation_images_are_not_carved_again(write):
    path = write(val_images=make_arrays()["test_images"], val_labels=np.arange(10) % 4)
    with pytest.raises(ValueError, match=r"own\.npz brings its own 10 val_images"):
        data.load(path, validation=3)


def test_too_small_a_size_names_the_file(write):
    with pytest.raises(ValueError, match=r"own\.npz: size must be at least 28"):
        data.load(write(), size=24)
