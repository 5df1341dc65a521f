"""Section I: reading the class off a latent, claims 58 to 61.

"Logistic regression" is the one on standardized numbers. The original's own procedure, as the
library sets it up and without scaling, is among the values as "..., as the original".
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

from vqtutor.experiments.classification import Classification, Score
from vqtutor.experiments.ledger.core import Claim, Evidence, Finding, Missing, decide
from vqtutor.experiments.seeds import Figure, figure

LINEAR = "logistic regression"
OURS, ORIGINAL = "classification", "classification-original"  # experiments
MODELS = ("AE", "VAE", "VQ-VAE-2")  # best first, as it was claimed
CODES = "VQ-VAE-2 original"  # 4x4 and 2x2 codes of 32, the sizes that the original ran
BASELINES = {
    "pixels": LINEAR,
    "principal components": LINEAR,
    "pixels, nearest neighbors": "nearest neighbors",
}
# How codes may be written without taking their names for quantities.
FAIR = ("bottom one-hot", "one-hot", "bottom vectors", "vectors")


def autoencoder_at_93(evidence: Evidence) -> Finding:
    """Claim 58."""
    results = evidence.all(Classification, OURS)
    found = [score_of(result, "AE") for result in results]
    verdict = decide(
        [within(score, 0.93, 0.015) for score in found],
        [outside(score, 0.93, 0.03) for score in found],
    )
    values = {f"AE, {kind}": of_feature(results, "AE", kind) for kind in results[0].scores["AE"]}
    cause = {
        "confirmed": "A linear classifier reads the class off the code, and off pixels almost.",
        "refuted": "The accuracy depends on the size of the code and on the network.",
        "undecided": "Near the claimed accuracy, but not within its margin for every seed.",
    }
    return Finding(
        verdict,
        values | as_the_original(results, "AE") | baselines(results),
        cause=cause[verdict],
        note=f"{results[0].dimensions['AE']} numbers per image.",
    )


def vae_at_87(evidence: Evidence) -> Finding:
    """Claim 59."""
    results = evidence.all(Classification, OURS)
    mean = [score_of(result, "VAE") for result in results]
    sampled = [score_of(result, "VAE, sampled") for result in results]
    verdict = decide(
        [within(score, 0.875, 0.015) for score in sampled],
        [one.low >= 0.92 and other.low >= 0.92 for one, other in zip(mean, sampled, strict=True)],
    )
    gained = [100 * (m.accuracy - s.accuracy) for m, s in zip(mean, sampled, strict=True)]
    values = {
        f"{name}, {kind}": of_feature(results, name, kind)
        for name in ("VAE", "VAE, sampled")
        for kind in results[0].scores[name]
    }
    cause = "The posterior's noise is part of a sampled code: its mean gains {:.1f} points."
    return Finding(
        verdict,
        values | as_the_original(results, "VAE, sampled") | baselines(results),
        cause=cause.format(figure(gained).mean),
        note=f"{results[0].dimensions['VAE']} numbers per image.",
    )


def codes_at_81(evidence: Evidence) -> Finding:
    """Claim 60."""
    results = evidence.all(Classification, ORIGINAL)
    names = f"{CODES}, bottom indices"
    found = [score_of(result, names) for result in results]
    verdict = decide(
        [within(score, 0.81, 0.04) for score in found], [score.low > 0.90 for score in found]
    )
    ways = ("bottom indices", "bottom indices, ordered", "indices", *FAIR)
    values = {f"{CODES}, {way}": of_feature(results, f"{CODES}, {way}", LINEAR) for way in ways}
    for name, pick in (("lowest", min), ("highest", max)):
        spread = [pick(result.renamed[names]) for result in results if result.renamed.get(names)]
        if spread:
            values[f"{names}, renamed at random, {name}"] = figure(spread)
    lost = 100 * (values[f"{CODES}, bottom one-hot"].mean - values[names].mean)
    below = 100 * (of_feature(results, "pixels", LINEAR).mean - values[names].mean)
    ordered = values[f"{CODES}, bottom indices, ordered"].mean
    cause = (
        "Names of codes were taken for quantities, so the numbering decides: similar codes with "
        f"similar numbers give {ordered:.1%}. A column for each code gives {lost:+.1f} points, raw "
        f"pixels {below:+.1f}."
    )
    return Finding(
        verdict,
        values | as_the_original(results, names) | baselines(results),
        cause=cause,
        note="On the original's grids, 4x4 and 2x2 codes of 32.",
    )


def order_of_the_models(evidence: Evidence) -> Finding:
    """Claim 61: the order has to hold in all three comparisons."""
    results = evidence.all(Classification, ORIGINAL)
    compared = [comparisons(result) for result in results]
    verdict = decide(
        [all(in_order(ranked) for ranked in one.values()) for one in compared],
        [any(reversed_pairs(ranked) for ranked in one.values()) for one in compared],
    )
    values = {
        f"{model}, {comparison}": figure([one[comparison][place].accuracy for one in compared])
        for comparison in compared[0]
        for place, model in enumerate(MODELS)
    }
    swapped = {
        f"{second} above {first} ({comparison})"
        for one in compared
        for comparison, ranked in one.items()
        for first, second in reversed_pairs(ranked)
    }
    cause = {
        "confirmed": "However the codes are written, the order stays.",
        "refuted": f"The order was one of encodings: {', '.join(sorted(swapped))}.",
        "undecided": "Some differences are too small for this many test images.",
    }
    return Finding(
        verdict,
        values | baselines(results),
        cause=cause[verdict],
        note="VAE: the posterior mean. VQ-VAE-2: the best of one-hot and vectors.",
    )


def comparisons(result: Classification) -> dict[str, tuple[Score, Score, Score]]:
    """AE, VAE and VQ-VAE-2 by logistic regression, at the original's sizes and at equal budgets."""
    plain = (score_of(result, "AE"), score_of(result, "VAE"))
    best = max((score_of(result, f"{CODES}, {way}") for way in FAIR), key=lambda s: s.accuracy)
    components = starting(result, f"{CODES}, vectors, ")
    rounded = [starting(result, f"{name}, ", "bits each") for name in ("AE", "VAE")]
    return {
        "original sizes": (*plain, best),
        "as many numbers": (*plain, components),
        "as many bits": (rounded[0], rounded[1], best),
    }


def in_order(ranked: Sequence[Score]) -> bool:
    """Whether each interval lies above the next one."""
    return all(one.low > following.high for one, following in itertools.pairwise(ranked))


def reversed_pairs(ranked: Sequence[Score]) -> list[tuple[str, str]]:
    """Pairs of models, intervals apart, of which the second should not be the better one."""
    pairs = itertools.combinations(zip(MODELS, ranked, strict=True), 2)
    return [(name, later) for (name, one), (later, other) in pairs if one.high < other.low]


def within(score: Score, center: float, margin: float) -> bool:
    """Whether the whole interval lies inside the margin."""
    return score.low >= center - margin and score.high <= center + margin


def outside(score: Score, center: float, margin: float) -> bool:
    """Whether the whole interval lies outside of the margin."""
    return score.high < center - margin or score.low > center + margin


def score_of(result: Classification, feature: str, kind: str = LINEAR) -> Score:
    """One score; Missing if that feature was left out."""
    if feature not in result.scores:
        raise Missing(f"{feature} in the results of `python -m vqtutor.experiments classification`")
    return result.scores[feature][kind]


def starting(result: Classification, start: str, end: str = "") -> Score:
    """The score of the feature with this start and end, whatever number stands between."""
    for name in result.scores:
        if name.startswith(start) and name.endswith(end):
            return score_of(result, name)
    raise Missing(f"{start}... {end} in the results of `python -m vqtutor.experiments {ORIGINAL}`")


def of_feature(results: Sequence[Classification], feature: str, kind: str) -> Figure:
    """Accuracy over seeds."""
    return figure([score_of(result, feature, kind).accuracy for result in results])


def as_the_original(results: Sequence[Classification], feature: str) -> dict[str, Figure]:
    """Accuracy by the original's procedure, where it was measured."""
    if any(feature not in result.unscaled for result in results):
        return {}
    accuracies = [result.unscaled[feature].accuracy for result in results]
    return {f"{feature}, as the original": figure(accuracies)}


def baselines(results: Sequence[Classification]) -> dict[str, Figure]:
    """What pixels give, without which no accuracy means anything."""
    return {
        name: of_feature(results, name.split(", ")[0], kind) for name, kind in BASELINES.items()
    }


METRIC = "accuracy of multinomial logistic regression on the full test set, Wilson interval"


def claim(
    number: int,
    statement: str,
    thresholds: tuple[str, str],
    judge: Callable[[Evidence], Finding],
    metric: str = METRIC,
) -> Claim:
    """A claim of this section: five seeds, and among the ones to be read first."""
    return Claim(number, "I", statement, metric, *thresholds, judge, seeds=5, headline=True)


CLAIMS = (
    claim(
        58,
        "Logistic regression reads the digit off an autoencoder's code in 93 % of the test images.",
        ("interval within 93 ± 1.5 %", "interval outside of 93 ± 3 %"),
        autoencoder_at_93,
        f"{METRIC}; codes standardized",
    ),
    claim(
        59,
        "Logistic regression reads the digit off a VAE's code in 87.5 % of the test images.",
        (
            "interval of the sampled code within 87.5 ± 1.5 %",
            "posterior mean and sample both at least 92 %",
        ),
        vae_at_87,
        f"{METRIC}; posterior mean and sample, standardized",
    ),
    claim(
        60,
        "Logistic regression reads the digit off the codes of a VQ-VAE-2 in 81 % of the test "
        "images.",
        (
            "interval of the bottom codes as numbers within 81 ± 4 %",
            "bottom codes as numbers above 90 %",
        ),
        codes_at_81,
        f"{METRIC}; code numbers as quantities, one-hot, codebook vectors, one and both levels",
    ),
    claim(
        61,
        "That latents of AE, VAE and VQ-VAE-2 can be classified less well in this order is a "
        "property of the models.",
        (
            "the order holds with intervals apart at the original's sizes, at as many numbers and "
            "at as many bits",
            "some pair is reversed, intervals apart, in one of the three",
        ),
        order_of_the_models,
        f"{METRIC}; best way to write each latent",
    ),
)
