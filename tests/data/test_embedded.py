import numpy as np
import pytest
import torch
from sklearn import datasets

from vqtutor import data
from vqtutor.data import embedded


@pytest.fixture(scope="module")
def digits():
    return data.load("digits")


@pytest.fixture(scope="module")
def photos():
    return data.load("photos")


def parts_of(images: data.ImageSet) -> tuple[data.Split, ...]:
    return images.train, images.validation, images.test


def test_digits_are_the_default_and_all_there(digits):
    assert data.load().name == digits.name == "digits"
    assert [len(part) for part in parts_of(digits)] == [1221, 216, 360]
    assert digits.image_shape == (1, 32, 32)
    assert digits.class_names == tuple("0123456789")
    labels = torch.cat([part.labels for part in parts_of(digits)])
    expected = np.bincount(datasets.load_digits().target)
    assert torch.bincount(labels).tolist() == expected.tolist()


def test_every_digit_is_in_one_part():
    """At 8x8 nothing is resampled: the three parts together are scikit-learn's images."""
    digits = data.load("digits", size=8)
    together = torch.cat([part.images for part in parts_of(digits)]).flatten(1)
    expected = torch.from_numpy(datasets.load_digits().data * (255 / 16)).round().byte()
    rows = [sorted(map(tuple, images.tolist())) for images in (together, expected)]
    assert rows[0] == rows[1]
    assert len(set(rows[0])) == 1797  # no digit occurs twice, so the parts are disjoint


def test_digits_have_the_same_shares_in_each_part(digits):
    whole = torch.bincount(torch.cat([part.labels for part in parts_of(digits)])) / 1797
    for part in parts_of(digits):
        counts = torch.bincount(part.labels)
        assert (counts - whole * len(part)).abs().max() <= 1


def test_resampled_digits_keep_their_mean(digits):
    """Smooth interpolation moves no light: the mean of each image stays, up to a gray level."""
    small = data.load("digits", size=8)
    means = [part.test.images.float().mean(dim=(1, 2, 3)) for part in (small, digits)]
    torch.testing.assert_close(means[0], means[1], atol=4, rtol=0)
    assert digits.train.images.min() == 0
    assert digits.train.images.max() == 255


@pytest.mark.parametrize("name", ["digits", "photos"])
def test_same_seed_same_images(name, request):
    first, again, other = request.getfixturevalue(name), data.load(name), data.load(name, seed=1)
    for part in ("train", "validation", "test"):
        assert torch.equal(getattr(first, part).images, getattr(again, part).images)
        assert torch.equal(getattr(first, part).labels, getattr(again, part).labels)
        assert not torch.equal(getattr(first, part).images, getattr(other, part).images)


@pytest.mark.parametrize("name", ["digits", "photos"])
def test_validation_size_leaves_the_test_images_alone(name, request):
    whole, smaller = request.getfixturevalue(name), data.load(name, validation=50)
    assert len(smaller.validation) == 50
    assert torch.equal(whole.test.images, smaller.test.images)


@pytest.mark.parametrize("validation", [9, 1428])
def test_digits_refuse_a_part_without_each_digit(validation):
    with pytest.raises(ValueError, match=rf"in 10\.\.1427 for 'digits', .* got {validation}"):
        data.load("digits", validation=validation)


def test_photos_are_balanced_crops(photos):
    assert [len(part) for part in parts_of(photos)] == [1600, 200, 200]
    assert photos.image_shape == (3, 32, 32)
    assert photos.class_names == ("china", "flower")
    for part in parts_of(photos):
        assert torch.bincount(part.labels).tolist() == [len(part) // 2] * 2


def places_of(part: data.Split, label: int) -> set[int]:
    """The places of the photo seen in crops of a photo whose pixels number themselves."""
    mine = part.images[part.labels == label].long()  # (N, 3, H, W)
    return set((mine[:, 0] * 65536 + mine[:, 1] * 256 + mine[:, 2]).unique().tolist())


def test_photo_pixels_are_seen_in_one_part_only(monkeypatch):
    """Replace each photo by a map of its pixels' places: no place occurs in two parts."""
    places = np.arange(427 * 640)
    pixels = np.stack([places // 65536, places // 256 % 256, places % 256], -1).astype(np.uint8)
    numbered = datasets.load_sample_images()
    numbered.images = [pixels.reshape(427, 640, 3)] * 2
    monkeypatch.setattr(datasets, "load_sample_images", lambda: numbered)
    monkeypatch.setattr(embedded, "PHOTO_SIDES", (32,))  # the size asked for: nothing resampled
    photos, other = data.load("photos"), data.load("photos", seed=1)
    for label in (0, 1):
        seen = [places_of(part, label) for part in parts_of(photos)]
        assert min(map(len, seen)) > 10_000
        assert len(set().union(*seen)) == sum(map(len, seen))
        # Another seed gives other cells to the test.
        assert places_of(photos.test, label) & places_of(other.train, label)


def test_photo_crops_come_from_their_photo(monkeypatch):
    """A gray photo and a black one: each crop shows its own, at every scale."""
    plain = datasets.load_sample_images()
    plain.images = [np.full((427, 640, 3), level, np.uint8) for level in (0, 100)]
    monkeypatch.setattr(datasets, "load_sample_images", lambda: plain)
    for part in parts_of(data.load("photos", size=16)):
        levels = (part.labels * 100).view(-1, 1, 1, 1)
        assert torch.equal(part.images.long(), levels.expand(-1, 3, 16, 16))
