"""Section E: the terms of the VQ-VAE's loss and how its codebooks learn, claims 35 to 41."""

from __future__ import annotations

from vqtutor.experiments.codebooks import GRADIENT, Codebook, Codebooks
from vqtutor.experiments.identities import Identities
from vqtutor.experiments.ledger.core import Claim, Evidence, Finding, Missing, decide
from vqtutor.experiments.ledger.values import each, over
from vqtutor.experiments.seeds import figure

LEVELS = ("top", "bottom")
AVERAGE = "moving average"
EXACT = 1e-6  # of a sum in float32 beside one in float64, relative


def loss_is_squared_error(evidence: Evidence) -> Finding:
    """Claim 35."""
    found = evidence.all(Identities, "identities")
    same = [r.loss_difference <= EXACT for r in found]
    return Finding(
        decide(same, [not one for one in same]),
        {"relative difference": over(found, lambda r: r.loss_difference)},
        cause="It is the mean of squared differences, over pixels and images.",
        note=f"Exact up to the rounding of float32: at most {EXACT:g} beside float64.",
    )


def gradient_jumps(evidence: Evidence) -> Finding:
    """Claim 36."""
    found = evidence.all(Identities, "identities")
    exact = [
        all(g.straight_through == g.to_codebook == 0 < g.to_features for g in r.gradients.values())
        for r in found
    ]
    values = {
        **each(found, LEVELS, lambda r, level: r.gradients[level].straight_through, "difference"),
        **each(found, LEVELS, lambda r, level: r.gradients[level].to_codebook, "at the codebook"),
        **each(found, LEVELS, lambda r, level: r.gradients[level].to_features, "at the encoder"),
    }
    return Finding(
        decide(exact, [not one for one in exact]),
        values,
        cause="A choice has no slope, so the gradient is handed to the encoder as it is.",
    )


def commitment_is_robust(evidence: Evidence) -> Finding:
    """Claim 37."""
    pulls = [
        all(g.commitment_to_features > 0 == g.commitment_to_codebook for g in r.gradients.values())
        for r in evidence.all(Identities, "identities")
    ]
    found = evidence.all(Codebooks, "codebooks")
    spreads = []
    for result in found:
        errors = [one.test_mse.value for one in result.commitments.values()]
        if len(errors) < 2:
            raise Missing(
                "networks of several commitments, for `python -m vqtutor.experiments codebooks`"
            )
        spreads.append(max(errors) / min(errors) - 1)
    verdict = decide(
        [all(pulls) and spread < 0.10 for spread in spreads],
        [not all(pulls) or spread > 0.25 for spread in spreads],
    )
    weights = {f"{weight:g}": weight for weight in found[0].commitments}
    values = {
        "MSE, largest over smallest, minus 1": figure(spreads),
        **each(found, weights, lambda r, name: r.commitments[weights[name]].test_mse.value, "MSE"),
    }
    cause = {
        "confirmed": "The encoder follows its codes as long as some weight asks it to.",
        "refuted": "At this size and length of training the weight matters.",
        "undecided": "The error depends on the weight, but by less than a quarter.",
    }
    return Finding(verdict, values, cause=cause[verdict], note="No interval: extremes of a sweep.")


def codebook_term_pulls_codes(evidence: Evidence) -> Finding:
    """Claim 38."""
    found = evidence.all(Identities, "identities")
    exact = [
        all(
            g.codebook_loss_to_codebook > 0 == g.codebook_loss_to_features and g.step_error <= 1e-6
            for g in r.gradients.values()
        )
        for r in found
    ]
    what = "distance to the mean after a step"
    values = each(found, LEVELS, lambda r, level: r.gradients[level].step_error, what)
    return Finding(
        decide(exact, [not one for one in exact]),
        values,
        cause="The gradient of a squared distance points at the mean.",
    )


def averages_reach_means(evidence: Evidence) -> Finding:
    """Claim 39."""
    found = evidence.all(Identities, "identities")
    exact = [
        all(max(a.start_error, a.mean_error) < 1e-3 for a in r.averages.values()) for r in found
    ]
    values = {
        **each(found, LEVELS, lambda r, level: r.averages[level].start_error, "on the way"),
        **each(found, LEVELS, lambda r, level: r.averages[level].mean_error, "at the end"),
    }
    return Finding(
        decide(exact, [not one for one in exact]),
        values,
        cause="Counts and sums forget the start at the same rate, and their quotient is a mean.",
        note="What is accumulated are vectors and counts, no loss.",
    )


def averages_are_better(evidence: Evidence) -> Finding:
    """Claim 40."""
    found = evidence.all(Codebooks, "codebooks")
    pairs = [(variant(r, AVERAGE), variant(r, GRADIENT)) for r in found]
    ratios = [one.mse_ratio for one, _ in pairs if one.mse_ratio is not None]
    steps = [
        other.epochs_to_target - one.epochs_to_target
        for one, other in pairs
        if one.epochs_to_target is not None and other.epochs_to_target is not None
    ]
    saved = figure([float(step) for step in steps]) if steps else None
    # Over seeds, as a number of epochs has no standard error of its own.
    sooner = (
        saved is not None
        and saved.spread is not None
        and saved.seeds == len(found)
        and saved.mean > 2 * saved.spread / saved.seeds**0.5
    )
    worse = [ratio.above(1) for ratio in ratios]
    better = [
        ratio.below(1) or (sooner and not bad) for ratio, bad in zip(ratios, worse, strict=True)
    ]
    verdict = decide(better, worse)
    names = [name for name in found[0].variants if all(name in r.variants for r in found)]
    values = {
        **each(found, names, lambda r, name: r.variants[name].validation_mse.value, "MSE"),
        **each(found, names, dead_codes, "dead codes"),
        "MSE ratio to gradient": over(ratios, lambda ratio: ratio.value),
    }
    if saved is not None:
        values["epochs saved"] = saved
    cause = {
        "confirmed": "An average reaches the mean of its vectors without a learning rate.",
        "refuted": "With this optimizer and start, gradient steps follow the encoder as well.",
        "undecided": "Neither error nor speed differ clearly in every seed.",
    }
    note = "Moving averages without restarts, which are an extra of their own."
    return Finding(verdict, values, cause=cause[verdict], note=note)


def dead_codes(result: Codebooks, name: str) -> float:
    """Codes of both levels that no training image has."""
    return sum(usage.dead for usage in result.variants[name].usage.values())


def variant(result: Codebooks, name: str) -> Codebook:
    """One variant; Missing if it was not trained."""
    if name not in result.variants:
        raise Missing(f"the variant {name!r}, for `python -m vqtutor.experiments codebooks`")
    return result.variants[name]


def codes_are_used(evidence: Evidence) -> Finding:
    """Claim 41."""
    found = [r.trained.usage for r in evidence.all(Codebooks, "codebooks")]
    verdict = decide(
        [
            all(one.used >= 0.80 and one.perplexity >= 0.5 * one.num_codes for one in u.values())
            for u in found
        ],
        [any(one.used < 0.25 for one in usage.values()) for usage in found],
    )
    values = {
        **each(found, LEVELS, lambda usage, level: usage[level].used, "used"),
        **each(found, LEVELS, lambda usage, level: usage[level].perplexity, "perplexity"),
    }
    cause = {
        "confirmed": "A start on the data, and restarts, leave hardly a code without vectors.",
        "refuted": "Most codes never are the nearest, and stay where they are.",
        "undecided": "Most codes occur, but a few of them do most of the work.",
    }
    return Finding(verdict, values, cause=cause[verdict])


CLAIMS: tuple[Claim, ...] = (
    Claim(
        35,
        "E",
        "The first term of the loss is the squared error of the reconstruction.",
        "the term against a mean squared error in NumPy, on one batch",
        "equal",
        "not equal",
        loss_is_squared_error,
    ),
    Claim(
        36,
        "E",
        "Its gradient jumps over the codebook to the encoder, as a lookup has none.",
        "gradient at the encoder's output against that at the quantized vectors; at the codebook",
        "the first two are equal, number by number, and the last is exactly 0",
        "either fails",
        gradient_jumps,
        headline=True,
    ),
    Claim(
        37,
        "E",
        "The second term pulls the encoder to the codes, and its weight hardly matters.",
        "where its gradient goes; test MSE over weights from 0.1 to 2",
        "no gradient at the codebook, and the MSE varies by less than 10 %",
        "the MSE varies by more than 25 %",
        commitment_is_robust,
    ),
    Claim(
        38,
        "E",
        "The third term pulls the codes to the encoder's vectors.",
        "where its gradient goes; distance to the vectors' mean after one step of a suitable rate",
        "gradient at the codebook only, and at most 1e-6 from the mean",
        "either fails",
        codebook_term_pulls_codes,
    ),
    Claim(
        39,
        "E",
        "Moving averages keep decayed counts and sums, and a code is their quotient.",
        "codes fed with the same vectors, against closed form and against the mean",
        "errors below 1e-3",
        "errors of 1e-3 or more",
        averages_reach_means,
    ),
    Claim(
        40,
        "E",
        "Moving averages are the better way for a codebook to learn.",
        "validation MSE after equally many steps, and epochs to the gradient's lowest error",
        "lower or sooner by more than 2 standard errors",
        "the codebook that learns by gradient is better",
        averages_are_better,
        seeds=5,
        headline=True,
    ),
    Claim(
        41,
        "E",
        "The codes of both codebooks are in use.",
        "share of codes that occur among all training images, and perplexity, on both levels",
        "at least 80 % occur, and the perplexity is at least half of K",
        "less than 25 % occur",
        codes_are_used,
        seeds=5,
        headline=True,
    ),
)
