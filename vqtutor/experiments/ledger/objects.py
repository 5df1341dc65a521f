"""Section J continued: what can be told on images drawn on CIFAR-10, claims 71, 72, 73; and 75."""

from __future__ import annotations

from vqtutor.experiments.generation import GenerationScores
from vqtutor.experiments.jury import Sureness
from vqtutor.experiments.ledger.cifar import DATA, SEEDS, claim
from vqtutor.experiments.ledger.core import Claim, Evidence, Finding, Missing, decide
from vqtutor.experiments.ledger.samples import (
    OTHERS,
    PRIOR,
    VAE_NORMAL,
    beaten,
    best_of_all,
    ceiling,
    each,
    floor,
    frechet,
    kernel,
    over_seeds,
    share,
    stored,
    values_of,
)
from vqtutor.experiments.priors import Priors
from vqtutor.experiments.seeds import figure

# The comparisons that the original reports, as its own headings name them.
REPORTED = ("reconstruction", "coordinates", "transformation", "classification", "generation")


def objects_cannot_be_told(evidence: Evidence) -> Finding:
    """Claim 71."""
    results = stored(evidence, DATA)
    pairs = [
        (sure(s), sure(result.real))
        for s, result in zip(each(results, VAE_NORMAL), results, strict=True)
    ]
    verdict = decide(
        [drawn.high <= 0.6 and real.low - drawn.high >= 0.2 for drawn, real in pairs],
        [real.high - drawn.low <= 0.05 for drawn, real in pairs],
    )
    quantities = ("surest answer", "entropy, bits")
    values = values_of(results, (VAE_NORMAL,), quantities)
    rebuilt = [result.reconstructions.get("VAE") for result in results]
    for quantity in quantities:
        for name, ways in (("VAE, reconstructions", rebuilt), ("real", [r.real for r in results])):
            value = over_seeds(ways, quantity)
            if value:
                values[f"{name}: {quantity}"] = value
    cause = {
        "confirmed": "The judge hesitates where it does not with photographs.",
        "refuted": "The judge is as sure as with photographs, whatever a person sees.",
        "undecided": "The judge hesitates more than with photographs, but not that much.",
    }
    return Finding(
        verdict,
        values,
        floor(results, "surest answer"),
        ceiling(results, "surest answer"),
        cause[verdict],
    )


def codes_are_better_than_the_others(evidence: Evidence) -> Finding:
    """Claim 72."""
    results = stored(evidence, DATA)
    verdict = decide(
        [best_of_all(r, frechet) and best_of_all(r, kernel) for r in results],
        [beaten(r, frechet) or beaten(r, kernel) for r in results],
    )
    values = values_of(results, (PRIOR, *OTHERS), ("Fréchet", "kernel"))
    priors = evidence.optional(Priors, "priors", DATA)
    for level in ("top", "bottom") if priors else ():
        known = [found.levels[level].bits["all"].value for found in priors]
        values[f"{level} prior: bits per code"] = figure(known)
    cause = {
        "confirmed": "Codes keep the detail, and the priors know which codes go together.",
        "refuted": "Another model's draws lie nearer to the test images.",
        "undecided": "Not nearer than every way of the two others, intervals apart.",
    }
    return Finding(
        verdict,
        values,
        floor(results, "Fréchet"),
        ceiling(results, "Fréchet"),
        cause[verdict],
        "Held against every sampler of AE and VAE, the mixtures included.",
    )


def objects_can_be_told(evidence: Evidence) -> Finding:
    """Claim 73."""
    results = stored(evidence, DATA)
    found = each(results, PRIOR)
    right = [share(s.accuracy, s.num_images) for s in found]
    clear = [classes_above(s, 0.40) for s in found]
    verdict = decide(
        [
            one.low >= 0.30 and one.high <= 0.80 and n >= 5
            for one, n in zip(right, clear, strict=True)
        ],
        [one.high < 0.20 for one in right],
    )
    values = values_of(results, (PRIOR,), ("label right", "worst class right", "teaches"))
    values["classes above 40 %"] = figure([float(count) for count in clear])
    cause = f"{values[f'{PRIOR}: label right'].mean:.1%} are what was asked for, by the judge."
    return Finding(verdict, values, floor(results, "label right"), None, cause)


def four_tests(_: Evidence) -> Finding:
    """Claim 75: a count."""
    count = len(REPORTED)
    return Finding(
        decide([count == 4], [count != 4]),
        {"tests": figure([float(count)] * SEEDS)},
        cause=f"It reports {count}: {', '.join(REPORTED)}.",
        note="Counted in the original's own text; nothing is measured.",
    )


def sure(scores: GenerationScores) -> Sureness:
    if scores.sureness is None:
        raise Missing("`python -m vqtutor.experiments generation` on data with labels")
    return scores.sureness


def classes_above(scores: GenerationScores, threshold: float) -> int:
    """How many classes the judge finds more often than that, interval clear of it."""
    classes = scores.class_accuracy or ()
    size = scores.num_images // max(1, len(classes))
    return sum(share(one, size).low > threshold for one in classes)


CLAIMS = (
    claim(
        71,
        "On CIFAR-10, one can hardly tell what is on an image drawn from a VAE.",
        "median of the judge's highest probability",
        ("at most 0.6 and at least 0.2 below real images", "within 0.05 of real images"),
        objects_cannot_be_told,
    ),
    claim(
        72,
        "On CIFAR-10, images drawn from a VQ-VAE-2 with its priors are better than those of AE and "
        "VAE.",
        "Fréchet and kernel distance; bits per code of both priors",
        ("better than AE and VAE on both, intervals apart", "some way of AE or VAE is better"),
        codes_are_better_than_the_others,
        seeds=5,
        headline=True,
    ),
    claim(
        73,
        "On CIFAR-10, one can tell the object on an image drawn from a VQ-VAE-2, if not always.",
        "share that the judge puts into the class asked for, overall and by class",
        ("30 to 80 %, and at least 5 of 10 classes above 40 %", "below 20 %"),
        objects_can_be_told,
        seeds=5,
    ),
    Claim(
        75,
        "J",
        "Four tests compare the methods.",
        "number of comparisons that are reported",
        "four",
        "another number",
        four_tests,
        SEEDS,
    ),
)
