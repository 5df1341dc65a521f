"""Claims 53-57 on both sides of every threshold."""

from __future__ import annotations

import numpy as np
import pytest

from vqtutor.experiments.estimates import Estimate
from vqtutor.experiments.ledger.core import Evidence, Finding, Missing
from vqtutor.experiments.ledger.transformation import CLAIMS, KINDS
from vqtutor.experiments.transformation import PathScores, Transformation

JUDGES = {claim.number: claim.judge for claim in CLAIMS}
NO_FRAMES = np.zeros((0, 1, 4, 4), np.uint8)


def around(value: float, half: float = 0.01) -> Estimate:
    return Estimate(value, value - half, value + half)


def make_score(**changes: Estimate) -> PathScores:
    """`garbage=...` changes an estimate, `more_garbage=...` the one against the AE."""
    plain = {"garbage": 0.1, "third_class": 0.1, "jumpiness": 2.0, "blend": 0.7, "step_area": 0.2}
    estimates = {name.replace("_", " "): around(value) for name, value in plain.items()}
    against = {name: around(0.0) for name in estimates}
    for name, value in changes.items():
        group = against if name.startswith("more_") else estimates
        group[name.removeprefix("more_").replace("_", " ")] = value
    return PathScores(0.1, 0.1, 2.0, 0.7, None, None, NO_FRAMES, 0.2, estimates, against)


def make(
    model: str = "VQ-VAE-2",
    autoencoder: PathScores | None = None,
    variational: PathScores | None = None,
    **kinds: PathScores,
) -> Transformation:
    scores = {"AE": autoencoder or make_score(), "VAE": variational or make_score()}
    for kind in KINDS:
        scores[f"{model}, {kind}"] = kinds.get(kind.replace("-", "_"), make_score())
    return Transformation(scores, 1000, 0.02, 0.99, (), NO_FRAMES)


def judge(number: int, *seeds: Transformation, original: Transformation | None = None) -> Finding:
    found = {"transformation": list(seeds)}
    if original is not None:
        found["transformation-original"] = [original]
    return JUDGES[number](Evidence.of(**found))


@pytest.mark.parametrize(
    ("garbage", "third", "blend", "verdict"),
    [
        (0.03, 0.03, 0.85, "confirmed"),
        (0.03, 0.03, 0.80, "undecided"),
        (0.045, 0.03, 0.85, "undecided"),
        (0.03, 0.045, 0.85, "undecided"),
        (0.22, 0.03, 0.85, "refuted"),
        (0.03, 0.22, 0.85, "refuted"),
        (0.195, 0.195, 0.85, "undecided"),
    ],
)
def test_the_autoencoder_blends(garbage, third, blend, verdict):
    estimates = {"garbage": around(garbage), "third_class": around(third), "blend": around(blend)}
    found = judge(53, make(autoencoder=make_score(**estimates)))
    assert found.verdict == verdict
    assert (found.floor.mean, found.ceiling.mean) == (0.02, 0.99)
    assert found.values["AE: third class"].mean == third
    assert f"{blend:.4g}" in found.cause


def test_seeds_must_agree():
    dirty, clean = (
        make(autoencoder=make_score(garbage=around(g), third_class=around(0.02), blend=around(0.9)))
        for g in (0.3, 0.02)
    )
    assert judge(53, dirty, dirty).verdict == "refuted"
    found = judge(53, dirty, clean)
    assert found.verdict == "undecided"
    assert found.values["AE: garbage"].mean == pytest.approx(0.16)
    assert found.values["AE: garbage"].seeds == 2


@pytest.mark.parametrize(
    ("rate", "excess", "verdict"),
    [
        (0.3, 0.07, "confirmed"),
        (0.3, 0.06, "undecided"),  # not more than 5 points at the interval's end
        (0.255, 0.2, "undecided"),
        (0.08, 0.0, "refuted"),
        (0.095, 0.0, "undecided"),
    ],
)
def test_the_variational_autoencoder_visits_others(rate, excess, verdict):
    score = make_score(third_class=around(rate), more_third_class=around(excess))
    found = judge(54, make(variational=score))
    assert found.verdict == verdict
    assert found.values["VAE - AE: third class"].mean == excess


@pytest.mark.parametrize(
    ("garbage", "verdict"),
    [(0.32, "confirmed"), (0.305, "undecided"), (0.08, "refuted"), (0.095, "undecided")],
)
def test_garbage_along_the_indices_decides(garbage, verdict):
    result = make(indices=make_score(garbage=around(garbage)))
    others = make(vectors=make_score(garbage=around(0.9)))
    found = judge(55, result)
    assert found.verdict == verdict
    assert found.values["VQ-VAE-2, indices: garbage"].mean == garbage
    assert "not measured" in found.note
    assert judge(55, others).verdict == "undecided"  # their 10 % along the indices


def test_the_original_sizes_are_decided_beside():
    original = make("VQ-VAE-2 original", indices=make_score(garbage=around(0.6)))
    found = judge(55, make(indices=make_score(garbage=around(0.05))), original=original)
    assert found.verdict == "refuted"
    assert found.note.endswith("At the original's sizes: confirmed.")
    assert found.values["VQ-VAE-2 original, indices: garbage"].mean == 0.6


def more(value: float) -> PathScores:
    return make_score(more_garbage=around(value))


@pytest.mark.parametrize(
    ("indices", "requantized", "vectors", "one_by_one", "verdict"),
    [
        (0.3, 0.07, 0.07, 0.07, "confirmed"),
        (0.3, 0.07, 0.06, 0.07, "undecided"),
        (0.3, -0.02, -0.02, 0.3, "refuted"),
        (0.3, -0.02, 0.0, 0.3, "undecided"),
        (-0.3, 0.1, -0.3, -0.3, "undecided"),
    ],
)
def test_more_garbage_on_every_way(indices, requantized, vectors, one_by_one, verdict):
    result = make(
        indices=more(indices),
        re_quantized=more(requantized),
        vectors=more(vectors),
        **{"one by one": more(one_by_one)},
    )
    found = judge(56, result, original=make("VQ-VAE-2 original"))
    assert found.verdict == verdict
    assert f"indices {100 * indices:+.0f} points" in found.cause
    assert "original's sizes: undecided" in found.note


@pytest.mark.parametrize(
    ("ratio", "area", "verdict"),
    [
        (2.1, 0.32, "confirmed"),
        (2.1, 0.305, "undecided"),
        (2.005, 0.32, "undecided"),
        (1.18, 0.32, "refuted"),
        (1.195, 0.32, "undecided"),
    ],
)
def test_sharp_changes_of_everything(ratio, area, verdict):
    score = make_score(more_jumpiness=around(ratio), step_area=around(area))
    found = judge(57, make(indices=score, vectors=make_score(more_jumpiness=around(1.0))))
    assert found.verdict == verdict
    assert "vectors: refuted; one by one: refuted" in found.note
    assert found.values["VQ-VAE-2, indices: J over the AE"].mean == ratio


def test_results_without_a_judge_are_missing():
    bare = PathScores(None, None, 1.0, 0.5, None, None, NO_FRAMES)
    old = Transformation({"AE": bare}, 10, None, None, (), NO_FRAMES)
    for number, ask in JUDGES.items():
        with pytest.raises(Missing, match="experiments transformation"):
            ask(Evidence.of(transformation=[old]))
        assert number in range(53, 58)
