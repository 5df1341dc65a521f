"""Claims 1 to 6 on both sides of every threshold, with results made for the purpose."""

import numpy as np
import pytest

from vqtutor.experiments import ledger
from vqtutor.experiments.estimates import Estimate
from vqtutor.experiments.ledger.convolutions import CLAIMS, CONTROLS, REPORTED
from vqtutor.experiments.ledger.core import Evidence, Missing
from vqtutor.experiments.warmup import Classifier, Warmup
from vqtutor.metrics import wilson_interval

JUDGES = {claim.number: claim.judge for claim in CLAIMS}


def classifier(right=9900, printed=None, epochs=3):
    return Classifier(
        num_weights=1,
        errors=10_000 - right,
        accuracy=right / 10_000,
        interval=wilson_interval(right, 10_000),
        printed={"0.98": 0.3, "0.99": 0.3, "1.00": 0.4} if printed is None else printed,
        train_accuracy=(0.9,) * epochs,
        validation_accuracy=(0.9,) * epochs,
        seconds=1.0,
        mistakes=np.zeros((0, 1, 2, 2), np.uint8),
        mistaken_for=(),
        mistaken_labels=(),
    )


def warmup(drop=0.0, half=0.002, **changes):
    """Networks that get 9,900 digits right, but for `changes` such as deep=classifier(...)."""
    short = {"wide": "5x5", "pairs": "3x3-pairs", "deep": "3x3-deep", "matched": "3x3-matched"}
    networks = {name: classifier() for name in (*REPORTED, *CONTROLS)}
    networks |= {short[name]: one for name, one in changes.items()}
    drops = {"3x3-pairs": Estimate(drop, drop - half, drop + half)}
    return Warmup(10_000, tuple("0123456789"), networks, drops)


def verdict(number, *found, **others):
    evidence = Evidence.of(warmup=found, **others)
    return JUDGES[number](evidence).verdict


def wide(right):
    return warmup(wide=classifier(right))


@pytest.mark.parametrize(
    ("rights", "expected"),
    [
        ((9900, 9890), "confirmed"),
        ((9850, 9850), "confirmed"),
        ((9840, 9840), "undecided"),  # mean below 98.5 %
        ((9840, 9870), "confirmed"),  # the mean counts, and both intervals touch
        ((9900, 9985), "undecided"),  # above the band: another figure than the claimed one
        ((9810, 9800), "undecided"),
        ((9790, 9795), "refuted"),
        ((9700, 9860), "refuted"),  # by their mean
    ],
)
def test_about_99(rights, expected):
    assert verdict(1, *(wide(right) for right in rights)) == expected


@pytest.mark.parametrize(
    ("drop", "expected"),
    [(0.033, "confirmed"), (0.031, "undecided"), (0.009, "undecided"), (0.007, "refuted")],
)
def test_the_interval_of_the_drop_must_clear_the_threshold(drop, expected):
    assert verdict(2, warmup(drop)) == expected


def test_the_drop_by_the_original_recipe_stands_beside_it():
    evidence = Evidence.of(warmup=[warmup(0.001)], **{"warmup-original": [warmup(0.5)]})
    found = JUDGES[2](evidence)
    assert found.verdict == "refuted"
    assert found.values["drop, original recipe"].mean == 0.5
    assert JUDGES[1](evidence).values["5x5, original recipe"].mean == pytest.approx(0.99)


def test_one_error_with_one_seed_is_enough():
    perfect, nearly = warmup(deep=classifier(10_000)), warmup(deep=classifier(9999))
    assert verdict(3, perfect, perfect) == "confirmed"
    assert verdict(3, perfect, nearly) == "refuted"
    assert JUDGES[3](Evidence.of(warmup=[nearly])).cause.startswith("A share of 40%")


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ({"0.99": 1.0}, "confirmed"),
        ({"0.98": 0.3, "0.99": 0.4, "1.00": 0.3}, "refuted"),
        ({"0.98": 0.5, "0.99": 0.31, "1.00": 0.19}, "undecided"),  # 1.00 too rarely
        ({"0.99": 0.8, "1.00": 0.2}, "undecided"),  # deviation of 0.4 points
    ],
)
def test_what_the_last_batch_prints(printed, expected):
    one = classifier(printed=printed)
    assert verdict(4, warmup(wide=one, pairs=one, deep=one)) == expected


def test_all_three_networks_count_for_the_last_batch():
    steady = classifier(printed={"0.99": 1.0})
    assert verdict(4, warmup(wide=steady)) == "undecided"


def test_the_order_needs_intervals_apart():
    right = {"pairs": classifier(9500), "deep": classifier(9960), "matched": classifier(9960)}
    assert verdict(5, warmup(**right)) == "confirmed"
    for name, low in (("pairs", 9880), ("deep", 9920), ("matched", 9920)):
        assert verdict(5, warmup(**right | {name: classifier(low)})) == "refuted", name
    assert verdict(5, warmup(**right), warmup()) == "undecided"


def test_every_variant_must_have_been_trained():
    assert verdict(6, warmup()) == "confirmed"
    assert verdict(6, warmup(matched=classifier(epochs=0))) == "refuted"
    absent = warmup()
    del absent.classifiers["5x5-regularized"]
    assert verdict(6, absent) == "refuted"
    assert verdict(6, warmup(), absent) == "undecided"


def test_results_without_the_controls_do_not_decide():
    old = warmup()
    del old.classifiers["3x3-matched"]
    with pytest.raises(Missing, match="3x3-matched in the results of `python"):
        JUDGES[5](Evidence.of(warmup=[old]))
    row = ledger.build([CLAIMS[4]], Evidence.of(warmup=[old])).rows[0]
    assert row.verdict == "not tested"
    undropped = Warmup(1, (), warmup().classifiers)
    with pytest.raises(Missing, match="drop of 3x3-pairs"):
        JUDGES[2](Evidence.of(warmup=[undropped]))
