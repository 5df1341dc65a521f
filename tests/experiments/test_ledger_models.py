"""Both sides of every threshold of claims 17 to 21."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from vqtutor.experiments.budgets import Budgets, Code, Match
from vqtutor.experiments.estimates import Estimate
from vqtutor.experiments.identities import Identities, Lookup
from vqtutor.experiments.ledger.core import Evidence, Finding, Missing
from vqtutor.experiments.ledger.models import CLAIMS, ORIGINAL, OURS
from vqtutor.experiments.posterior import Aggregate, AggregatePosteriors
from vqtutor.experiments.reconstruction import Comparison

IMAGES = np.zeros((0, 1, 28, 28), np.uint8)


def near(value: float, width: float = 0.01) -> Estimate:
    return Estimate(value, value - width, value + width)


def judge(number: int, **found: list[object]) -> Finding:
    (claim,) = (claim for claim in CLAIMS if claim.number == number)
    return claim.judge(Evidence.of(**found))


def make_code(network: str, numbers: int, bits: float) -> Code:
    return Code(network, "floats", numbers, bits, 0.01, 0.01, 0.9)


def make_match(ratio: float, gain: float, width: float = 0.01) -> Match:
    comparison = Comparison(near(ratio, width), near(0.0), near(gain, width))
    return Match(make_code("VAE beta=0.5", 16, 90.0), comparison)


def make_budgets(ratio: float = 0.7, gain: float = 0.05, **changed: Code) -> Budgets:
    codes = {
        "AE": make_code("AE", 16, 512),
        "VAE": make_code("VAE", 16, 512),
        OURS: make_code(OURS, 80, 336),
        ORIGINAL: make_code(ORIGINAL, 20, 100),
    }
    kind = {"VAE, same rate": make_match(ratio, gain)}
    return Budgets(
        codes | changed,
        {"VAE": make_code("VAE", 16, 40)},
        {ORIGINAL: 90.0, OURS: 300.0},
        {ORIGINAL: kind, OURS: kind},
        784,
        2200.0,
        456.0,
    )


def test_there_are_five_claims_of_section_c():
    assert [claim.number for claim in CLAIMS] == [17, 18, 19, 20, 21]
    assert {claim.section for claim in CLAIMS} == {"C"}
    assert [claim.number for claim in CLAIMS if claim.headline] == [18]


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        (make_code("AE", 78, 512), "confirmed"),
        (make_code("AE", 79, 512), "undecided"),  # less than 10 times fewer numbers
        (make_code("AE", 16, 2199), "confirmed"),
        (make_code("AE", 16, 2200), "refuted"),  # as many bits as the PNG
        (make_code("AE", 784, 512), "refuted"),  # as many numbers as pixels
    ],
)
def test_codes_are_held_to_pixels_and_png(code, verdict):
    finding = judge(17, budgets=[make_budgets(AE=code), make_budgets(AE=code)])
    assert finding.verdict == verdict
    assert finding.values["AE, bits"].mean == code.bits
    assert finding.values["PNG, bits"].mean == 2200


def test_our_own_larger_grids_are_shown_but_do_not_decide():
    huge = {OURS: make_code(OURS, 700, 5000)}
    finding = judge(17, budgets=[make_budgets(**huge)])
    assert finding.verdict == "confirmed"
    assert finding.values[f"{OURS}, numbers"].mean == 700


def make_aggregate(**changes: object) -> Aggregate:
    plain = Aggregate(
        means=(0.0, 0.05, 0.9),
        variances=(1.0, 0.9, 0.1),
        active=(True, True, False),
        rate=40.0,
        auc=near(0.55),
        garbage=near(0.2),
        garbage_rebuilt=near(0.1),
        images=IMAGES,
    )
    return replace(plain, **changes)


def make_posterior(**changes: object) -> AggregatePosteriors:
    networks = {"VAE": make_aggregate(**changes), "VAE beta=1": make_aggregate()}
    return AggregatePosteriors(networks, 10_000, 10_000, 0.02, 1.0)


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "confirmed"),
        ({"auc": near(0.585)}, "confirmed"),
        ({"auc": near(0.595)}, "undecided"),
        ({"auc": near(0.755)}, "undecided"),
        ({"auc": near(0.765)}, "refuted"),
        ({"means": (0.0, 0.1, 0.9)}, "confirmed"),
        ({"means": (0.0, -0.11, 0.0)}, "undecided"),
        ({"variances": (1.2, 0.8, 5.0)}, "confirmed"),
        ({"variances": (1.21, 0.8, 1.0)}, "undecided"),
        ({"variances": (1.0, 0.79, 1.0)}, "undecided"),
    ],
)
def test_posterior_is_held_to_active_coordinates_and_auc(changes, verdict):
    finding = judge(18, posterior=[make_posterior(**changes)] * 3)
    assert finding.verdict == verdict


def test_cause_says_whether_each_coordinate_alone_is_normal():
    together = judge(18, posterior=[make_posterior(auc=near(0.9))])
    assert together.cause.startswith("Each coordinate by itself is close to N(0, 1), but")
    alone = judge(18, posterior=[make_posterior(auc=near(0.9), means=(0.5, 0.0, 0.0))])
    assert alone.cause.startswith("Not even each coordinate")
    assert alone.values["largest mean"].mean == 0.5


@pytest.mark.parametrize(
    ("rate", "verdict"),
    [(0.29, "confirmed"), (0.295, "undecided"), (0.605, "undecided"), (0.61, "refuted")],
)
def test_draws_are_held_to_the_garbage_rate(rate, verdict):
    finding = judge(19, posterior=[make_posterior(garbage=near(rate))] * 3)
    assert finding.verdict == verdict
    assert finding.values["VAE"].mean == pytest.approx(rate)
    assert finding.values["VAE beta=1"].mean == pytest.approx(0.2)
    assert (finding.floor.mean, finding.ceiling.mean) == (0.02, 1.0)


def test_seeds_must_agree_and_a_judge_must_be_there():
    split = [make_posterior(garbage=near(rate)) for rate in (0.1, 0.9)]
    assert judge(19, posterior=split).verdict == "undecided"
    with pytest.raises(Missing, match="needs a judge"):
        judge(19, posterior=[make_posterior(garbage=None)])


def make_identities(**changes: int) -> Identities:
    lookup = Lookup(32, 30, 0, 10_000, 0, 0.0)
    lookups = {"top": lookup, "bottom": replace(lookup, **changes)}
    others = {field.name: None for field in fields(Identities)}
    return Identities(**others | {"lookups": lookups})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "confirmed"),
        ({"distinct": 32}, "confirmed"),
        ({"distinct": 33}, "refuted"),
        ({"foreign": 1}, "refuted"),
    ],
)
def test_discrete_means_every_vector_is_a_row(changes, verdict):
    assert judge(20, identities=[make_identities(**changes)]).verdict == verdict


@pytest.mark.parametrize(
    ("ratio", "gain", "verdict"),
    [
        (0.98, 0.02, "confirmed"),
        (0.995, 0.02, "undecided"),
        (0.98, 0.005, "undecided"),
        (1.02, 0.5, "refuted"),  # the VAE has the lower error
        (0.5, -0.02, "refuted"),  # the VAE is sharper
    ],
)
def test_quality_is_held_to_error_and_sharpness(ratio, gain, verdict):
    assert judge(21, budgets=[make_budgets(ratio, gain)] * 3).verdict == verdict


def test_a_missing_rival_is_named():
    without = replace(make_budgets(), matches={ORIGINAL: {}})
    with pytest.raises(
        Missing, match="a rival of 'VQ-VAE-2 original' of the kind 'VAE, same rate'"
    ):
        judge(21, budgets=[without])
    with pytest.raises(Missing, match="budgets --data mnist"):
        judge(21, beta=[])
