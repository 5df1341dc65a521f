import pytest

from vqtutor import data


def test_unknown_name_lists_the_choices():
    message = r"'minst': choose one of 'digits', 'photos', 'mnist', 'cifar10', or a path ending in"
    with pytest.raises(ValueError, match=message):
        data.load("minst")


def test_other_file_is_no_archive(tmp_path):
    with pytest.raises(ValueError, match=r"images\.zip': choose one of"):
        data.load(tmp_path / "images.zip")


@pytest.mark.parametrize("option", ["size", "validation"])
def test_numbers_below_one_are_refused(option):
    with pytest.raises(ValueError, match=rf"{option} must be at least 1, got 0"):
        data.load("digits", **{option: 0})
