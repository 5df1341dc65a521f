"""Both sides of every threshold of claims 42 to 47."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.experiments.test_ledger_models import IMAGES, make_budgets, make_match, near
from vqtutor.experiments.beta import BetaPoint, BetaSweep, Decoded
from vqtutor.experiments.estimates import Estimate
from vqtutor.experiments.ledger.core import Evidence, Finding, Missing
from vqtutor.experiments.ledger.models import ORIGINAL, OURS
from vqtutor.experiments.ledger.reconstruction import CLAIMS
from vqtutor.experiments.reconstruction import Comparison, Reconstruction, ReconstructionScores
from vqtutor.experiments.strokes import Strokes


def judge(number: int, **found: list[object]) -> Finding:
    (claim,) = (claim for claim in CLAIMS if claim.number == number)
    return claim.judge(Evidence.of(**found))


SCORES = ReconstructionScores(
    mse=0.01,
    mse_error=0.0,
    psnr=20.0,
    ssim=0.9,
    sharpness=0.9,
    accuracy=0.99,
    cross_entropy=0.1,
    numbers=16,
    bits=512,
    usage={},
    perplexity={},
    sharpness_estimate=near(0.9),
    laplacian=0.8,
    fine_detail=0.7,
    cross_entropy_change=near(0.05),
    cross_entropy_lower=near(0.4),
    strokes=Strokes(9000, 0.8, 0.8, 30, 20, 0.2),
)
AGAINST = Comparison(near(1.2), near(-0.05), near(-0.05))


def make_result(against: Comparison = AGAINST, **scores: dict[str, object]) -> Reconstruction:
    names = {"AE": "AE", "VAE": "VAE", "VAE, sampled": "drawn", OURS: "VQ"}
    return Reconstruction(
        {name: replace(SCORES, **scores.get(short, {})) for name, short in names.items()},
        10_000,
        0.99,
        0.03,
        (),
        IMAGES,
        {},
        {"VAE against AE": against},
    )


def test_there_are_six_claims_of_section_f():
    assert [claim.number for claim in CLAIMS] == [42, 43, 44, 45, 46, 47]
    assert {claim.section for claim in CLAIMS} == {"F"}
    assert [claim.number for claim in CLAIMS if claim.seeds == 5] == [42, 43, 44, 45]
    assert [claim.number for claim in CLAIMS if claim.headline] == [42, 43, 44, 45, 46]


@pytest.mark.parametrize(
    ("mean", "drawn", "verdict"),
    [
        (0.94, 0.94, "confirmed"),
        (0.945, 0.9, "undecided"),
        (0.9, 0.945, "undecided"),
        (1.01, 1.01, "refuted"),
        (1.0, 1.2, "undecided"),
        (0.9, 1.2, "undecided"),  # a draw may be sharper than the mean
    ],
)
def test_fuzzy_is_a_sharpness_of_mean_and_draw(mean, drawn, verdict):
    result = make_result(
        VAE={"sharpness": mean, "sharpness_estimate": near(mean, 0.00999)},
        drawn={"sharpness": drawn, "sharpness_estimate": near(drawn, 0.00999)},
    )
    finding = judge(42, reconstruction=[result] * 5)
    assert finding.verdict == verdict
    assert finding.values["VAE"].mean == pytest.approx(mean)


def make_sweep(
    ratios: tuple[float, ...] = (1.1, 1.2),
    changes: tuple[float, ...] = (-0.02, -0.03),
    start: tuple[float, float] = (1.0, 0.0),
    trend: tuple[float, float] = (1.3, -0.05),
    width: float = 0.005,
) -> BetaSweep:
    steps: list[tuple[Estimate | None, Estimate | None]] = [(None, None)]
    steps += [(near(r, width), near(c, width)) for r, c in zip(ratios, changes, strict=True)]
    points = []
    for number, (ratio, change) in enumerate(steps):
        decoded = Decoded(near(0.01), near(0.9), near(0.95), ratio, change, IMAGES)
        points.append(BetaPoint(float(number), 30.0, 16, 16, decoded, decoded))
    plain = Decoded(near(0.01), near(0.9), near(0.95), None, None, IMAGES)
    ends = [near(value, width) for value in (*start, *trend)]
    return BetaSweep(tuple(points), plain, *ends, np.asarray(IMAGES), ())


@pytest.mark.parametrize(
    ("sweep", "verdict"),
    [
        (make_sweep(), "confirmed"),
        (make_sweep(ratios=(1.1, 1.004)), "undecided"),  # one step that may be none
        (make_sweep(ratios=(0.9, 1.5)), "undecided"),
        (make_sweep(changes=(-0.02, 0.0)), "undecided"),
        (make_sweep(start=(1.014, 0.014)), "confirmed"),
        (make_sweep(start=(1.016, 0.0)), "undecided"),  # may be 2 % above the AE
        (make_sweep(start=(0.984, 0.0)), "undecided"),
        (make_sweep(start=(1.0, -0.016)), "undecided"),
        (make_sweep(ratios=(0.99, 1.0), trend=(1.004, -0.05)), "refuted"),
        (make_sweep(changes=(0.01, 0.0), trend=(1.3, -0.004)), "refuted"),
    ],
)
def test_pull_is_held_to_every_step_and_to_the_autoencoder(sweep, verdict):
    assert judge(43, beta=[sweep] * 5).verdict == verdict


def test_steps_that_stray_are_named():
    one, other = make_sweep(ratios=(0.9, 1.5)), make_sweep(changes=(-0.02, 0.0))
    finding = judge(43, beta=[make_sweep(), one, one, other])
    assert finding.cause.endswith("these steps do not follow it: 0 to 1, 1 to 2.")
    assert judge(43, beta=[make_sweep(start=(1.1, 0.0))]).cause.endswith("within 2 % of an AE.")


def test_sweep_must_start_without_the_pull():
    sweep = make_sweep()
    first = replace(sweep.points[0], beta=0.125)
    finding = judge(43, beta=[replace(sweep, points=(first, *sweep.points[1:]))])
    assert finding.verdict == "undecided"
    assert finding.values["beta 0.125, MSE"].mean == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("ratio", "gain", "verdict"),
    [
        (1.02, -0.02, "confirmed"),
        (1.005, -0.02, "undecided"),
        (1.02, -0.005, "undecided"),
        (0.98, -0.02, "refuted"),
        (1.02, 0.02, "refuted"),
    ],
)
def test_ae_is_held_to_error_and_similarity(ratio, gain, verdict):
    against = Comparison(near(ratio), near(gain), near(0.0))
    assert judge(44, reconstruction=[make_result(against)] * 5).verdict == verdict


KINDS = ("AE, as it is", "VAE, as it is", "AE, same bits", "VAE, same bits", "VAE, same rate")


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({}, "confirmed"),
        ({"AE, as it is": 0.795}, "undecided"),
        ({"VAE, as it is": 1.5}, "undecided"),  # only the matched bits can refute
        ({"AE, same bits": 0.795}, "undecided"),
        ({"AE, same bits": 1.005}, "undecided"),
        ({"AE, same bits": 1.02}, "refuted"),
        ({"VAE, same bits": 1.02}, "refuted"),
        ({"VAE, same rate": 1.02}, "refuted"),
        ({"VAE, same rate": 0.8}, "undecided"),
    ],
)
def test_much_better_is_a_fifth_at_the_same_sizes_and_bits(changed, verdict):
    ratios = dict.fromkeys(KINDS, 0.78) | changed
    matches = {kind: make_match(ratio, 0.0) for kind, ratio in ratios.items()}
    budgets = replace(make_budgets(), matches={ORIGINAL: matches, OURS: {}})
    finding = judge(45, budgets=[budgets] * 5)
    assert finding.verdict == verdict
    assert finding.values[f"{ORIGINAL} / AE, same bits"].mean == ratios["AE, same bits"]


@pytest.mark.parametrize(
    ("change", "sharp", "verdict"),
    [
        (-0.02, 1.02, "confirmed"),
        (-0.02, 1.005, "undecided"),
        (-0.005, 1.02, "undecided"),
        (0.005, 1.02, "undecided"),
        (0.02, 1.02, "refuted"),
    ],
)
def test_better_than_the_image_is_surer_and_sharper(change, sharp, verdict):
    changed = {"cross_entropy_change": near(change), "sharpness_estimate": near(sharp)}
    finding = judge(46, reconstruction=[make_result(VQ=changed)])
    assert finding.verdict == verdict
    assert finding.floor.mean == 0.03
    assert finding.values[f"{OURS}, change in nats"].mean == pytest.approx(change)


@pytest.mark.parametrize(
    ("repaired", "broken", "p", "verdict"),
    [
        (60, 20, 0.009, "confirmed"),
        (60, 20, 0.01, "undecided"),
        (20, 20, 1.0, "refuted"),
        (20, 60, 0.001, "refuted"),
    ],
)
def test_repairing_must_outweigh_breaking(repaired, broken, p, verdict):
    strokes = Strokes(9000, 0.81, 0.8, repaired, broken, p)
    finding = judge(47, reconstruction=[make_result(VQ={"strokes": strokes})])
    assert finding.verdict == verdict
    assert finding.values[f"{OURS}, repaired"].mean == repaired
    assert finding.floor.mean == 0.8


def test_older_results_do_not_decide():
    old = make_result(VAE={"sharpness_estimate": None}, VQ={"strokes": None})
    for number in (42, 47):
        with pytest.raises(Missing, match="older result"):
            judge(number, reconstruction=[old])
    with pytest.raises(Missing, match="'VAE against AE'"):
        judge(44, reconstruction=[replace(make_result(), comparisons={})])
