"""Section F, the VAE's half: claims 42 to 44, and how a result is read."""

from __future__ import annotations

from itertools import pairwise
from typing import TypeVar

from vqtutor.experiments.beta import BetaPoint, BetaSweep
from vqtutor.experiments.ledger.core import Claim, Evidence, Finding, Missing, decide
from vqtutor.experiments.reconstruction import Reconstruction, ReconstructionScores
from vqtutor.experiments.seeds import Figure, figure

MODELS = ("AE", "VAE", "VAE, sampled", "VQ-VAE-2")
Measured = TypeVar("Measured")


def vae_is_fuzzy(evidence: Evidence) -> Finding:
    """Claim 42."""
    results = evidence.all(Reconstruction, "reconstruction")
    per_seed = [
        [given(scores(result, name).sharpness_estimate) for name in ("VAE", "VAE, sampled")]
        for result in results
    ]
    verdict = decide(
        [all(one.below(0.95) for one in found) for found in per_seed],
        [all(one.above(1.0) for one in found) for found in per_seed],
    )
    values: dict[str, Figure] = {}
    for name in MODELS:
        found = [scores(result, name) for result in results]
        values[name] = figure([one.sharpness for one in found])
        values[f"{name}, Laplacian"] = figure([given(one.laplacian) for one in found])
        values[f"{name}, fine detail"] = figure([given(one.fine_detail) for one in found])
    plain = "mean {} and draw {} against the AE's {}".format(
        *(values[name] for name in ("VAE", "VAE, sampled", "AE"))
    )
    cause = {
        "confirmed": "The decoder averages over what the code leaves open",
        "refuted": "Edges are as steep as in the images",
        "undecided": "Sharpness lies between the two thresholds, or differs between mean and draw",
    }
    return Finding(
        verdict,
        values,
        floor=Figure(1.0, None, len(results)),
        cause=f"{cause[verdict]}: {plain}.",
        note="Both the posterior's mean and a draw, which the original decoded, are held to it.",
    )


def blur_comes_from_the_pull(evidence: Evidence) -> Finding:
    """Claim 43."""
    results = evidence.all(BetaSweep, "beta")
    verdict = decide(
        [rises_and_blurs(result) and starts_as_autoencoder(result) for result in results],
        [no_trend(result) and not rises_and_blurs(result) for result in results],
    )
    values: dict[str, Figure] = {}
    for number, point in enumerate(results[0].points):
        at = [result.points[number] for result in results]
        name = f"beta {point.beta:g}"
        values[f"{name}, MSE"] = figure([one.mean.mse.value for one in at])
        values[f"{name}, sharpness"] = figure([one.mean.sharpness.value for one in at])
        values[f"{name}, MSE of a draw"] = figure([one.sampled.mse.value for one in at])
        values[f"{name}, sharpness of a draw"] = figure([one.sampled.sharpness.value for one in at])
        values[f"{name}, active coordinates"] = figure([float(one.active_units) for one in at])
    values["AE, MSE"] = figure([result.autoencoder.mse.value for result in results])
    values["AE, sharpness"] = figure([result.autoencoder.sharpness.value for result in results])
    trend = figure([result.mse_trend.value for result in results])
    trends = f"at the largest beta the error is {trend} times that at the smallest"
    cause = {
        "confirmed": f"Step by step, {trends}; without the pull an AE is left.",
        "refuted": f"No trend: {trends}.",
        "undecided": f"There is a trend, {trends}, but "
        + (
            "without the pull the VAE is not within 2 % of an AE."
            if all(rises_and_blurs(result) for result in results)
            else f"these steps do not follow it: {strays(results)}."
        ),
    }
    return Finding(
        verdict,
        values,
        cause=cause[verdict],
        note="Decoded from the posterior's mean; that of a draw stands beside it.",
    )


def rises_and_blurs(result: BetaSweep) -> bool:
    """Whether each larger beta has a larger error and a lower sharpness, decoded from the mean."""
    return all(follows(point) for point in result.points[1:])


def follows(point: BetaPoint) -> bool:
    """Whether the step from the next smaller beta to this one does."""
    decoded = point.mean
    return given(decoded.mse_ratio).low > 1 and given(decoded.sharpness_change).high < 0


def strays(results: list[BetaSweep]) -> str:
    """The steps that do not follow in some seed, such as "0 to 0.125"."""
    steps = {
        f"{first.beta:g} to {second.beta:g}": None
        for result in results
        for first, second in pairwise(result.points)
        if not follows(second)
    }
    return ", ".join(steps)


def starts_as_autoencoder(result: BetaSweep) -> bool:
    """Whether the smallest beta, 0, is within 2 % of the autoencoder in error and sharpness."""
    ratio, change = result.mse_ratio, result.sharpness_change
    return (
        result.points[0].beta == 0
        and ratio.above(0.98)
        and ratio.below(1.02)
        and change.above(-0.02)
        and change.below(0.02)
    )


def no_trend(result: BetaSweep) -> bool:
    """Whether the largest beta is no worse than the smallest, in error or in sharpness."""
    return result.mse_trend.low <= 1 or result.sharpness_trend.high >= 0


def ae_beats_vae(evidence: Evidence) -> Finding:
    """Claim 44."""
    results = evidence.all(Reconstruction, "reconstruction")
    found = [named(result.comparisons, "VAE against AE") for result in results]
    verdict = decide(
        [one.mse_ratio.low > 1 and one.ssim_gain.high < 0 for one in found],
        [one.mse_ratio.high < 1 or one.ssim_gain.low > 0 for one in found],
    )
    values: dict[str, Figure] = {}
    for name in MODELS[:3]:
        values[f"{name}, MSE"] = figure([scores(result, name).mse for result in results])
        values[f"{name}, SSIM"] = figure([scores(result, name).ssim for result in results])
    ratio = figure([one.mse_ratio.value for one in found])
    cause = {
        "confirmed": "The AE spends all it has on the error, the VAE also on its KL",
        "refuted": "What the VAE pays for its KL it gains elsewhere",
        "undecided": "The two are too close, or seeds disagree",
    }
    return Finding(
        verdict,
        values,
        cause=f"{cause[verdict]}: its error is {ratio} times the AE's.",
        note="Same body and 16 numbers each. The VAE's means are decoded, which is kinder to it "
        "than the original's draws; it is trained on the Bernoulli likelihood, the AE on the "
        "error itself.",
    )


def scores(result: Reconstruction, name: str) -> ReconstructionScores:
    """Scores of one model; Missing where it was not measured."""
    return named(result.scores, name)


def named(found: dict[str, Measured], name: str) -> Measured:
    """An entry of a result; Missing where there is none."""
    if name not in found:
        raise Missing(f"{name!r}; run `python -m vqtutor.experiments reconstruction` again")
    return found[name]


def given(value: Measured | None) -> Measured:
    """A field that older results, or those without labels, leave at None."""
    if value is None:
        raise Missing("a field of an older result; run `python -m vqtutor.experiments all` again")
    return value


BLUR = (
    Claim(
        42,
        "F",
        "Reconstructions of the VAE are fuzzy.",
        "Sharpness: mean Sobel gradient of all test reconstructions over that of the images; "
        "Laplacian variance and fine detail beside it.",
        "At most 0.95.",
        "At least 1.0.",
        vae_is_fuzzy,
        seeds=5,
        headline=True,
    ),
    Claim(
        43,
        "F",
        "They are fuzzy because of the pull towards the normal distribution.",
        "Error and sharpness over a sweep of the weight beta: 0 and 1/8 to 8.",
        "Every larger beta has a higher error and a lower sharpness, and beta = 0 is within 2 % "
        "of the AE in both.",
        "No trend: the largest beta is no worse than the smallest.",
        blur_comes_from_the_pull,
        seeds=5,
        headline=True,
    ),
    Claim(
        44,
        "F",
        "The AE reconstructs better than the VAE.",
        "Squared error and structural similarity (SSIM), image by image.",
        "The AE is better on both.",
        "The VAE is better on either.",
        ae_beats_vae,
        seeds=5,
        headline=True,
    ),
)
