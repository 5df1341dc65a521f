"""Results of several training seeds: which are found, and what they say together."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from vqtutor.experiments import results, seeds
from vqtutor.experiments.provenance import Provenance


@dataclass(frozen=True)
class Found:
    value: float


def store(folder, value: float) -> None:
    origin = Provenance.collect("found", config={}, data="digits", seed=0, device="cpu", seconds=1)
    results.save(Found(value), folder, "found", origin)


def test_results_are_found_by_seed_in_order(tmp_path):
    for name, value in (("run-seed10", 3.0), ("run", 1.0), ("run-seed2", 2.0)):
        store(tmp_path / name, value)
    (tmp_path / "run-seed3").mkdir()  # has not got this far
    (tmp_path / "run-seeds").mkdir()  # is something else
    store(tmp_path / "runaway", 5.0)
    found = seeds.load(Found, tmp_path / "run", "found")
    assert {seed: one.value for seed, one in found.items()} == {0: 1.0, 2: 2.0, 10: 3.0}
    assert list(found) == [0, 2, 10]
    assert list(seeds.folders(tmp_path / "run")) == [0, 2, 3, 10]


def test_a_run_may_begin_with_another_seed(tmp_path):
    store(tmp_path / "run-seed4", 3.0)
    assert list(seeds.load(Found, tmp_path / "run", "found")) == [4]


def test_what_no_seed_has_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"vqtutor\.experiments found --out"):
        seeds.load(Found, tmp_path / "run", "found")


def test_a_figure_is_mean_and_spread():
    figure = seeds.figure([1.0, 2.0, 6.0])
    assert (figure.mean, figure.seeds) == (3.0, 3)
    assert figure.spread == pytest.approx(7**0.5)  # (4 + 1 + 9) / 2
    assert str(figure) == "3 ± 2.6"


def test_one_seed_has_no_spread():
    figure = seeds.figure([0.12345])
    assert figure.spread is None
    assert str(figure) == "0.1235"


def test_no_seed_gives_no_figure():
    with pytest.raises(ValueError, match="got none"):
        seeds.figure([])
