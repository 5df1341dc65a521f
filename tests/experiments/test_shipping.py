"""What goes into the package: all numbers, and no image of a data set."""

from pathlib import Path

import numpy as np
import pytest

import vqtutor
from vqtutor.experiments import results, shipping
from vqtutor.experiments.results import Provenance
from vqtutor.experiments.warmup import Classifier, Warmup


def make_result():
    mistakes = np.full((2, 1, 4, 4), 7, np.uint8)
    classifier = Classifier(
        5, 2, 0.8, (0.5, 0.9), {"0.80": 1.0}, (0.7,), (0.8,), 1.0, mistakes, (1, 0), (0, 1)
    )
    return Warmup(10, ("a", "b"), {"5x5": classifier})


@pytest.fixture
def run(tmp_path):
    provenance = Provenance.collect(
        "warmup", config={}, data="x", seed=0, device="cpu", seconds=1.0
    )
    results.save(make_result(), tmp_path / "x-quick", "warmup", provenance)
    return tmp_path / "x-quick"


def test_numbers_are_kept_and_images_are_not(run, tmp_path):
    shipping.ship(run, tmp_path / "package")
    before, provenance = results.load(Warmup, run, "warmup")
    after, kept = results.load(Warmup, tmp_path / "package" / "x-quick", "warmup")
    assert kept == provenance
    old, new = (vars(result.classifiers["5x5"]).copy() for result in (before, after))
    assert old.pop("mistakes").shape == (2, 1, 4, 4)
    assert new.pop("mistakes").shape == (0, 1, 4, 4)
    assert old == new


def test_a_folder_without_results_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no results in .*makes some"):
        shipping.ship(tmp_path)


def test_the_package_holds_no_image_of_a_data_set():
    folders = sorted((Path(vqtutor.__file__).parent / "results").glob("*"))
    assert folders
    for folder in folders:
        for name, kind in shipping.RESULTS.items():
            if (folder / f"{name}.json").is_file():
                result, _ = results.load(kind, folder, name)
                assert images_of_the_data(result) == []


def images_of_the_data(result, name=""):
    """Names of array fields that hold images of the data set, at any depth."""
    if isinstance(result, dict):
        return [path for key, value in result.items() for path in images_of_the_data(value, key)]
    if isinstance(result, np.ndarray):
        return [name] if name in shipping.FROM_THE_DATA and result.size else []
    parts = getattr(result, "__dataclass_fields__", {})
    found = [path for field in parts for path in images_of_the_data(getattr(result, field), field)]
    if "real" in parts and result.real is not None and result.real.images.size:
        found.append("real.images")
    return found
