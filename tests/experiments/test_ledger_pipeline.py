"""Claims 22 to 34: each verdict on both sides of each threshold, from results made by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vqtutor.experiments.causality import Dependence
from vqtutor.experiments.estimates import Estimate
from vqtutor.experiments.hierarchy import Hierarchy, Swap, Variant
from vqtutor.experiments.identities import Identities, Lookup
from vqtutor.experiments.ledger import Evidence, build
from vqtutor.experiments.ledger.pipeline import CLAIMS
from vqtutor.experiments.ledger.priors import apart
from vqtutor.experiments.prior_samples import Sampling
from vqtutor.experiments.priors import LevelBits, Priors
from vqtutor.experiments.pulls import Averages, Gradients

CLAIM = {claim.number: claim for claim in CLAIMS}


def near(value, half=0.001):
    return Estimate(value, value - half, value + half)


LOOKUP = Lookup(32, 30, 0, 10_000, 0, 0.0)
GRADIENTS = Gradients(1e-4, 0.0, 0.0, 1e-4, 0.0, 0.0, 1e-3, 1e-8)
IDENTITIES = Identities(
    (1, 32, 32),
    {"top": (4, 4), "bottom": (8, 8)},
    {"top": LOOKUP, "bottom": replace(LOOKUP, num_codes=16)},
    100,
    100,
    100,
    0.0,
    False,
    1e-8,
    {"top": GRADIENTS, "bottom": GRADIENTS},
    {"top": Averages(1e-7, 1e-6), "bottom": Averages(1e-7, 1e-6)},
)
IMAGES = np.zeros((0, 1, 4, 4), np.uint8)
PLAIN = Variant(near(0.003), near(1.0), near(1.2), near(1.0))
HIERARCHY = Hierarchy(
    1000,
    {"top": Swap(0.1, 0.6, near(0.6), 0.5), "bottom": Swap(0.1, 0.3, near(0.2), 0.1)},
    near(3.0),
    PLAIN,
    {"add": Variant(near(0.003), near(1.02)), "no top": PLAIN},
    IMAGES,
    IMAGES,
)
BITS = {"all": near(2.0), "no label": near(2.1)}
RATIOS = {"unigram": near(0.5), "no label": near(0.95)}
OTHERS = {"another": near(0.8), "another of its class": near(0.9)}
SEEN = Dependence(10, 0, 0, 6, (1, 1), np.zeros((2, 2), np.uint8))
PRIORS = Priors(
    1000,
    {
        "top": LevelBits(32, 16, 5.0, 4.0, BITS, RATIOS, near(1.6)),
        "bottom": LevelBits(
            16, 64, 4.0, 3.5, BITS | {"another": near(2.5)}, RATIOS | OTHERS, near(6.4)
        ),
    },
    {"top prior": SEEN, "bottom prior": SEEN, "masked": replace(SEEN, blind=1)},
    Sampling(1000, 80_000, 0, 1.0, 40.0),
    {"all": near(0.98), "no label": near(0.96)},
    near(0.02),
)
MADE = {"identities": IDENTITIES, "hierarchy": HIERARCHY, "priors": PRIORS}


def verdict(number, *found, others=()):
    """What a claim says of these results, one per seed."""
    kind = {Identities: "identities", Hierarchy: "hierarchy", Priors: "priors"}[type(found[0])]
    given = {name: [MADE[name]] * len(found) for name in others}
    (row,) = build([CLAIM[number]], Evidence.of(**given, **{kind: found})).rows
    return row.verdict


def level(name, result=PRIORS, **changes):
    """`result` with another `LevelBits`; ratios are added to those it has."""
    one = result.levels[name]
    if "ratios" in changes:
        changes["ratios"] = one.ratios | changes["ratios"]
    return replace(result, levels=result.levels | {name: replace(one, **changes)})


def variant(name, mse_ratio, bits_ratio=None):
    """A hierarchy with this variant."""
    bits = None if bits_ratio is None else near(1.2)
    one = Variant(near(0.003), near(mse_ratio), bits, bits_ratio and near(bits_ratio))
    return replace(HIERARCHY, variants=HIERARCHY.variants | {name: one})


def looked_up(**changes):
    lookups = IDENTITIES.lookups | {"bottom": replace(LOOKUP, **changes)}
    return replace(IDENTITIES, lookups=lookups)


def seen(name, **changes):
    one = replace(PRIORS.dependence[name], **changes)
    return replace(PRIORS, dependence=PRIORS.dependence | {name: one})


def accuracy(gain, ratio):
    return replace(level("bottom", ratios={"no label": ratio}), accuracy_gain=gain)


def sampled(**changes):
    return replace(PRIORS, sampling=replace(PRIORS.sampling, **changes))


CASES = [
    (22, IDENTITIES, "confirmed"),
    (22, replace(IDENTITIES, grids={"top": (4, 2), "bottom": (8, 8)}), "refuted"),
    (23, IDENTITIES, "confirmed"),
    (23, looked_up(mismatches=3, excess=9e-7), "confirmed"),  # ties
    (23, looked_up(mismatches=1, excess=2e-6), "refuted"),
    (24, variant("no top", 1.06, 1.0), "confirmed"),
    (24, variant("no top", 0.9, 1.06), "confirmed"),
    (24, variant("no top", 1.049, 1.049), "undecided"),
    (24, variant("no top", 1.008, 1.02), "undecided"),
    (24, variant("no top", 1.008, 0.9), "refuted"),
    (24, variant("no top", 1.008), "refuted"),
    (25, variant("add", 1.048), "confirmed"),
    (25, variant("add", 0.952), "confirmed"),
    (25, variant("add", 1.06), "undecided"),
    (25, variant("add", 1.11), "refuted"),
    (25, variant("add", 0.89), "refuted"),
    (26, IDENTITIES, "refuted"),
    (26, replace(IDENTITIES, stored_difference=1e-9), "undecided"),
    (26, replace(IDENTITIES, encoder_paints=True), "confirmed"),
    (27, HIERARCHY, "confirmed"),
    (27, replace(HIERARCHY, flip_ratio=near(2.0)), "undecided"),
    (27, replace(HIERARCHY, flip_ratio=near(0.99)), "refuted"),
    (27, replace(HIERARCHY, flip_ratio=None), "not tested"),
    (28, IDENTITIES, "confirmed"),
    (28, replace(IDENTITIES, stored_difference=1e-7), "undecided"),
    (28, replace(IDENTITIES, stored_difference=2e-6), "refuted"),
    (28, replace(IDENTITIES, num_stored=99), "refuted"),
    (28, replace(IDENTITIES, num_labels=99), "refuted"),
    (29, PRIORS, "confirmed"),
    (29, seen("bottom prior", leaks=1), "refuted"),
    (29, seen("masked", leaks=1), "refuted"),
    (29, seen("masked", blind=0), "undecided"),
    (29, seen("top prior", blind=1), "undecided"),
    (30, level("top", ratios={"unigram": near(0.898)}), "confirmed"),
    (30, level("top", ratios={"unigram": near(0.9)}), "undecided"),
    (30, level("top", ratios={"unigram": near(1.002)}), "refuted"),
    (31, PRIORS, "confirmed"),
    (31, level("top", label_gain=Estimate(1.0, 0.01, 1.99)), "undecided"),
    (31, level("top", label_gain=near(-0.01)), "refuted"),
    (31, level("top", label_gain=None), "not tested"),
    (32, level("bottom", ratios={"another of its class": near(0.948)}), "confirmed"),
    (32, level("bottom", ratios={"another of its class": near(0.96)}), "undecided"),
    (32, level("bottom", ratios={"another of its class": near(0.992)}), "refuted"),
    (33, accuracy(near(0.0, 0.02), near(0.98)), "confirmed"),
    (33, accuracy(near(0.012), near(1.2)), "confirmed"),
    (33, accuracy(near(0.005), near(0.995)), "undecided"),
    (33, accuracy(near(-0.01), near(1.01)), "refuted"),
    (33, replace(PRIORS, accuracy_gain=None), "not tested"),
    (34, PRIORS, "confirmed"),
    (34, sampled(naive_seconds=9.9), "undecided"),
    (34, sampled(different=1), "refuted"),
]


@pytest.mark.parametrize(("number", "result", "expected"), CASES)
def test_verdicts(number, result, expected):
    assert verdict(number, result) == expected


def test_every_claim_has_cases_and_thresholds_in_words():
    assert sorted(CLAIM) == list(range(22, 35))
    decided = {(number, expected) for number, _, expected in CASES}
    for number, claim in CLAIM.items():
        assert {(number, "confirmed"), (number, "refuted")} <= decided
        assert claim.section == "D"
        assert claim.statement.endswith(".")
        assert claim.seeds == (5 if number in (30, 31, 32) else 3)
        assert claim.headline == (number in (25, 26, 27))


def test_seeds_that_disagree_decide_nothing():
    for number in CLAIM:
        by_verdict = {expected: result for n, result, expected in CASES if n == number}
        both = (by_verdict["confirmed"], by_verdict["refuted"])
        if type(both[0]) is type(both[1]):
            assert verdict(number, *both) == "undecided"


def test_without_results_nothing_is_tested():
    rows = build(CLAIMS, Evidence.of(warmup=[None])).rows
    assert {row.verdict for row in rows} == {"not tested"}
    assert "python -m vqtutor.experiments priors" in rows[-1].note


def test_a_variant_that_was_not_trained_is_named():
    found = replace(HIERARCHY, variants={})
    (row,) = build([CLAIM[24]], Evidence.of(hierarchy=[found])).rows
    assert row.verdict == "not tested"
    assert "VQ-VAE-2 no top" in row.note


def test_values_stand_beside_the_verdict():
    rows = {
        row.number: row
        for row in build(CLAIMS, Evidence.of(**{k: [v] * 3 for k, v in MADE.items()})).rows
    }
    assert rows[27].values["flips, top over bottom"].mean == 3
    assert rows[27].values["bottom, flips"].mean == pytest.approx(0.2)
    assert rows[34].values["times as fast"].mean == 40
    assert rows[30].values["unigram entropy"].mean == 4
    assert rows[22].values["top, codes per image"].mean == 16
    assert all(figure.seeds == 3 for row in rows.values() for figure in row.values.values())


def test_two_standard_errors():
    assert apart(Estimate(1.0, 1 - 1.96 * 0.49, 1 + 1.96 * 0.49))
    assert not apart(Estimate(1.0, 1 - 1.96 * 0.51, 1 + 1.96 * 0.51))
