"""Claims 58 to 61 on both sides of every threshold, with results made for the purpose."""

from __future__ import annotations

import pytest

from vqtutor.experiments import ledger
from vqtutor.experiments.classification import Classification, Score
from vqtutor.experiments.ledger.classification import CLAIMS, CODES, FAIR
from vqtutor.experiments.ledger.core import Evidence, Missing

JUDGES = {claim.number: claim.judge for claim in CLAIMS}
KINDS = ("logistic regression", "nearest neighbors", "small network")


def score(accuracy: float, margin: float = 0.005) -> Score:
    return Score(accuracy, accuracy - margin, accuracy + margin, True, 1.0)


def found(**accuracies: float) -> Classification:
    """Accuracies of logistic regression by feature; the others follow a standard set."""
    usual = {
        "pixels": 0.92,
        "principal components": 0.86,
        "AE": 0.93,
        "VAE": 0.91,
        "VAE, sampled": 0.875,
        f"{CODES}, bottom indices": 0.81,
        f"{CODES}, bottom indices, ordered": 0.83,
        f"{CODES}, indices": 0.82,
        **{f"{CODES}, {way}": 0.89 for way in FAIR},
        f"{CODES}, vectors, 16 components": 0.85,
        "AE, 6 bits each": 0.93,
        "VAE, 6 bits each": 0.91,
    }
    scores = {
        name: dict.fromkeys(KINDS, score(accuracy))
        for name, accuracy in (usual | accuracies).items()
    }
    unscaled = {name: score(0.8) for name in ("AE", "VAE, sampled", f"{CODES}, bottom indices")}
    renamed = {f"{CODES}, bottom indices": (0.7, 0.3, 0.5)}
    sizes = dict.fromkeys(scores, 16)
    return Classification(scores, sizes, 100, 100, {}, unscaled=unscaled, renamed=renamed)


def verdict(number: int, *results: Classification) -> str:
    evidence = Evidence.of(classification=results, **{"classification-original": results})
    return JUDGES[number](evidence).verdict


@pytest.mark.parametrize(
    ("accuracy", "expected"),
    [
        (0.93, "confirmed"),
        (0.9205, "confirmed"),
        (0.9195, "undecided"),  # the interval reaches below 91.5 %
        (0.9395, "confirmed"),
        (0.9405, "undecided"),
        (0.8955, "undecided"),
        (0.8945, "refuted"),  # the interval ends below 90 %
        (0.9645, "undecided"),
        (0.9655, "refuted"),
    ],
)
def test_autoencoder_at_93(accuracy, expected):
    assert verdict(58, found(AE=accuracy)) == expected


@pytest.mark.parametrize(
    ("sampled", "mean", "expected"),
    [
        (0.875, 0.91, "confirmed"),
        (0.8655, 0.91, "confirmed"),
        (0.8645, 0.91, "undecided"),
        (0.8845, 0.91, "confirmed"),
        (0.8855, 0.91, "undecided"),
        (0.926, 0.926, "refuted"),
        (0.924, 0.926, "undecided"),  # one interval touches 92 %
        (0.926, 0.924, "undecided"),
    ],
)
def test_vae_at_87(sampled, mean, expected):
    assert verdict(59, found(**{"VAE": mean, "VAE, sampled": sampled})) == expected


@pytest.mark.parametrize(
    ("accuracy", "expected"),
    [
        (0.81, "confirmed"),
        (0.7755, "confirmed"),
        (0.7745, "undecided"),
        (0.8445, "confirmed"),
        (0.8455, "undecided"),
        (0.9045, "undecided"),
        (0.9055, "refuted"),
    ],
)
def test_codes_at_81(accuracy, expected):
    assert verdict(60, found(**{f"{CODES}, bottom indices": accuracy})) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "confirmed"),
        ({"VAE": 0.921}, "undecided"),  # too near to the AE
        ({"VAE": 0.9405}, "refuted"),
        ({f"{CODES}, vectors": 0.9205}, "refuted"),  # above the VAE, the best of four ways
        ({f"{CODES}, bottom one-hot": 0.9205}, "refuted"),
        ({f"{CODES}, indices": 0.99}, "confirmed"),  # names as quantities do not count
        ({"VAE, sampled": 0.99}, "confirmed"),
        ({f"{CODES}, vectors, 16 components": 0.9205}, "refuted"),
        ({f"{CODES}, vectors, 16 components": 0.9195}, "undecided"),
        ({"VAE, 6 bits each": 0.8795}, "refuted"),
        ({"AE, 6 bits each": 0.8795, "VAE, 6 bits each": 0.8695}, "refuted"),
    ],
)
def test_order_of_the_models(changes, expected):
    assert verdict(61, found(**changes)) == expected


def test_a_reversed_pair_is_named():
    results = [found(**{f"{CODES}, vectors": 0.9205})]
    cause = JUDGES[61](Evidence.of(**{"classification-original": results})).cause
    assert "VQ-VAE-2 above VAE (as many bits), VQ-VAE-2 above VAE (original sizes)" in cause
    assert "above AE" not in cause


@pytest.mark.parametrize("number", JUDGES)
def test_one_seed_that_disagrees_leaves_it_open(number):
    far = found(**{"AE": 0.5, "VAE, sampled": 0.5, f"{CODES}, bottom indices": 0.5})
    assert verdict(number, found(), found()) == "confirmed"
    assert verdict(number, found(), far) == "undecided"


def test_every_value_stands_beside_the_baselines_and_the_originals_procedure():
    evidence = Evidence.of(
        classification=[found(), found()], **{"classification-original": [found()]}
    )
    values = JUDGES[58](evidence).values
    assert values["pixels, nearest neighbors"].mean == 0.92
    assert values["AE, as the original"].mean == 0.8
    assert values["AE, nearest neighbors"].seeds == 2
    finding = JUDGES[60](evidence)
    assert finding.values[f"{CODES}, bottom indices, as the original"].mean == 0.8
    assert finding.values[f"{CODES}, bottom indices, renamed at random, lowest"].mean == 0.3
    assert finding.values[f"{CODES}, bottom indices, renamed at random, highest"].mean == 0.7
    assert "similar numbers give 83.0%. A column for each code gives +8.0 points" in finding.cause
    assert "raw pixels +11.0" in finding.cause
    assert "gains 3.5 points" in JUDGES[59](evidence).cause


def test_missing_results_name_the_command_and_missing_features_themselves():
    rows = ledger.build(CLAIMS, Evidence.of(warmup=[])).rows
    assert {row.verdict for row in rows} == {"not tested"}
    assert "vqtutor.experiments classification --data mnist" in rows[0].note
    assert "vqtutor.experiments classification-original" in rows[2].note
    short = found()
    del short.scores["AE, 6 bits each"]
    with pytest.raises(Missing, match=r"AE, \.\.\. bits each in the results"):
        verdict(61, short)


def test_headline_claims_are_planned_with_five_seeds():
    assert [(claim.number, claim.seeds, claim.headline) for claim in CLAIMS] == [
        (number, 5, True) for number in (58, 59, 60, 61)
    ]
