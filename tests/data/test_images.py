import pytest
import torch

from vqtutor.data import ImageSet, Split
from vqtutor.data.images import assemble


def make_split(number: int = 4, size: int = 8, labeled: bool = True) -> Split:
    images = torch.randint(1, 256, (number, 1, size, size), dtype=torch.uint8)
    return Split(images, torch.arange(number) % 3 if labeled else None)


def make_set(**changes: object) -> ImageSet:
    fields = {
        **{part: make_split() for part in ("train", "validation", "test")},
        "class_names": ("a", "b", "c"),
    }
    return ImageSet("tiny", **{**fields, **changes})


def make_assembled(**changes: object) -> ImageSet:
    fields = {
        "train": make_split(20),
        "test": make_split(),
        "validation": 5,
        "size": (8, 8),
        "seed": 0,
        "class_names": ("a", "b", "c"),
    }
    return assemble("tiny", **{**fields, **changes})


def test_shapes_and_numbers_are_told():
    images = make_set()
    assert (len(images.train), images.image_shape, images.num_classes) == (4, (1, 8, 8), 3)


@pytest.mark.parametrize(
    ("images", "labels", "error", "message"),
    [
        (torch.zeros(2, 1, 8, 8), None, TypeError, r"images must be uint8 .* got torch.float32"),
        (torch.zeros(2, 8, 8).byte(), None, ValueError, r"images .* \(N, C, H, W\), got \(2, 8"),
        (torch.zeros(0, 1, 8, 8).byte(), None, ValueError, r"images must not be empty"),
        (torch.zeros(2, 1, 8, 8).byte(), torch.zeros(2), TypeError, r"labels must be int64, got"),
        (
            torch.zeros(2, 1, 8, 8).byte(),
            torch.zeros(2, 1).long(),
            ValueError,
            r"labels must have shape \(N\), got \(2, 1\)",
        ),
        (
            torch.zeros(2, 1, 8, 8).byte(),
            torch.zeros(3).long(),
            ValueError,
            r"2 images and 3 labels",
        ),
    ],
)
def test_wrong_split_is_refused(images, labels, error, message):
    with pytest.raises(error, match=message):
        Split(images, labels)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"test": make_split(size=9)}, r"train has \(1, 8, 8\), test has \(1, 9, 9\)"),
        ({"test": make_split(labeled=False)}, r"test has no labels, but there are 3 class names"),
        ({"class_names": ()}, r"train has labels, but there are 0 class names"),
        ({"class_names": ("a", "b")}, r"train labels must lie in 0\.\.1 \(2 classes\), got 2"),
    ],
)
def test_parts_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        make_set(**changes)


def test_unpad_undoes_padding():
    train = make_split()
    images = make_assembled(train=train, validation=make_split(), size=(13, 10))
    assert images.image_shape == (1, 13, 10)
    assert images.padding == (1, 1, 2, 3)  # left, right, top, bottom
    assert torch.equal(images.unpad(images.train.images), train.images)
    assert images.train.images.sum() == train.images.sum()  # the border is black
    inner = images.unpad(images.train.images)
    assert inner.data_ptr() != images.train.images.data_ptr()
    assert inner.untyped_storage().data_ptr() == images.train.images.untyped_storage().data_ptr()


def test_unpad_refuses_another_size():
    with pytest.raises(
        ValueError, match=r"\(H, W\) = \(8, 8\) like those of 'tiny', got \(2, 1, 9"
    ):
        make_set().unpad(torch.zeros(2, 1, 9, 9))


def test_validation_is_carved_from_train():
    """Each image goes to exactly one part, with its own label, in the order of the file."""
    images = torch.arange(20, dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, 1, 8, 8)
    whole = Split(images.contiguous(), torch.arange(20) % 3)
    parts = make_assembled(train=whole)
    train, held_out = (part.images[:, 0, 0, 0].long() for part in (parts.train, parts.validation))
    assert len(held_out) == 5
    assert torch.equal(torch.cat([train, held_out]).sort().values, torch.arange(20))
    for numbers, part in ((train, parts.train), (held_out, parts.validation)):
        assert torch.equal(part.labels, numbers % 3)
        assert torch.equal(numbers, numbers.sort().values)


def test_validation_depends_on_the_seed_alone():
    whole = make_split(20)

    def carve(seed: int) -> torch.Tensor:
        return make_assembled(train=whole, seed=seed).validation.images

    first = carve(3)
    torch.manual_seed(99)
    assert torch.equal(carve(3), first)
    assert not torch.equal(carve(4), first)


@pytest.mark.parametrize("validation", [0, 20])
def test_validation_of_all_or_none_is_refused(validation):
    with pytest.raises(ValueError, match=rf"in 1\.\.19, as 'tiny' has 20 .* got {validation}"):
        make_assembled(validation=validation)


def test_images_are_never_shrunk():
    with pytest.raises(ValueError, match=r"size must be at least 8: .* never shrunk; got 7"):
        make_assembled(size=(7, 7))
