"""Section B: the study of latent sizes (claims 7 to 12) and what its numbers do (13 to 16)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from vqtutor.experiments.coordinates import Coordinates
from vqtutor.experiments.disturbance import Disturbance, Robustness
from vqtutor.experiments.ledger import sizes
from vqtutor.experiments.ledger.core import Claim, Evidence, Finding, decide
from vqtutor.experiments.ledger.sizes import judge_on_originals, known, studies
from vqtutor.experiments.seeds import Figure, figure


def noise_changes_the_image(evidence: Evidence) -> Finding:
    """Claim 13."""
    results = studies(evidence)
    found = [result.noise.robustness for result in results]
    confirmed, refuted = [], []
    for one in found:
        accuracy = known(one.accuracy, "the judge's accuracy")
        falls = all(b < a for a, b in pairwise(accuracy))
        confirmed.append(falls and one.half_point is not None and 0.25 <= one.half_point <= 4)
        refuted.append(accuracy[-1] >= accuracy[0])
    verdict = decide(confirmed, refuted)
    points = [one.half_point for one in found]
    cause = {
        "confirmed": "Noise as wide as the codes themselves leads out of where images lie.",
        "refuted": "The decoder ignores the noise.",
        "undecided": "The image changes, but not as evenly as the threshold asks.",
    }
    values = {
        f"judge right at {level:g} σ": figure(
            [known(one.accuracy, "the judge's accuracy")[i] for one in found]
        )
        for i, level in enumerate(found[0].levels)
    }
    if all(point is not None for point in points):
        values["half right at σ"] = figure([point for point in points if point is not None])
    values |= half_points(evidence)
    return Finding(verdict, values, floor=judge_on_originals(results), cause=cause[verdict])


def half_points(evidence: Evidence) -> dict[str, Figure]:
    """The 50 % point of other models, where they were disturbed and have one with every seed."""
    results = evidence.optional(Disturbance, "disturbance")
    values = {}
    for name in results[0].robustness if results else ():
        curves: list[Robustness] = [result.robustness[name] for result in results]
        points = [one.half_point for one in curves if one.half_point is not None]
        if len(points) == len(curves):
            values[f"{name}, half right at σ"] = figure(points)
    return values


def coordinates_act(evidence: Evidence) -> Finding:
    """Claim 14."""
    results = studies(evidence)
    effects = [result.sweeps["-1 to 1"].effect for result in results]
    counts = [sum(value > 0.02 for value in found) for found in effects]
    verdict = decide([count >= 12 for count in counts], [count < 4 for count in counts])
    cause = {
        "confirmed": "Nearly every coordinate is used by the decoder within this range.",
        "refuted": "Within this range most coordinates hardly move a pixel.",
        "undecided": "Some coordinates act within this range, and some do not.",
    }
    values = {
        "coordinates above 0.02": figure([float(count) for count in counts]),
        "largest effect": figure([max(found) for found in effects]),
        "smallest effect": figure([min(found) for found in effects]),
    }
    return Finding(verdict, values, cause=cause[verdict])


def range_is_sensible(evidence: Evidence) -> Finding:
    """Claim 15."""
    results = studies(evidence)
    shares = [mean(known(result.inside or None, "the share in [-1, 1]")) for result in results]
    verdict = decide([share >= 0.80 for share in shares], [share < 0.50 for share in shares])
    values = {"AE-16": figure(shares)}
    others: dict[str, list[float]] = {}
    for cls, name in ((Coordinates, "coordinates"), (Disturbance, "disturbance")):
        more: list[Coordinates | Disturbance] = list(evidence.optional(cls, name))
        for model in more[0].inside if more else ():
            others[model] = [mean(one.inside[model]) for one in more]
    values |= {model: figure(found) for model, found in others.items()}
    cause = {
        "confirmed": "Most codes lie in the range, though nothing holds them there.",
        "refuted": "Nothing ties the codes of an autoencoder to a scale: the range misses them.",
        "undecided": "The range holds more than half of the codes, but not nearly all.",
    }
    return Finding(verdict, values, cause=cause[verdict])


def mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def conversion_is_gradual(evidence: Evidence) -> Finding:
    """Claim 16."""
    results = studies(evidence)
    found = [known(result.conversion, "the paths from 2 to 7") for result in results]
    verdict = decide(
        [one.jumpiness.below(3) and one.garbage_rate.below(0.15) for one in found],
        [one.jumpiness.low > 6 or one.garbage_rate.low > 0.50 for one in found],
    )
    middle = len(found[0].start_probability) // 2
    values = {
        "J": figure([one.jumpiness.value for one in found]),
        "G": figure([one.garbage_rate.value for one in found]),
        "p(2) in the middle": figure([one.start_probability[middle] for one in found]),
        "p(7) in the middle": figure([one.end_probability[middle] for one in found]),
    }
    cause = {
        "confirmed": "The decoder is smooth, and most of the way looks like a digit.",
        "refuted": "The way jumps, or leads through images that are no digits.",
        "undecided": "Even steps, but a part of the way looks like no digit.",
    }
    return Finding(
        verdict,
        values,
        floor=figure([known(result.garbage_floor, "the floor") for result in results]),
        ceiling=figure([known(result.garbage_ceiling, "the ceiling") for result in results]),
        cause=cause[verdict],
        note="J is the median of the paths, G the share of all frames. Floor and ceiling are of G.",
    )


CLAIMS = (
    *sizes.CLAIMS,
    Claim(
        13,
        "B",
        "Adding a random vector to a code of 64 numbers visibly changes the image.",
        "the judge's accuracy against the noise in standard deviations of the code's coordinates",
        "accuracy falls at every step and is half at 0.25 to 4 standard deviations",
        "no change at 4 standard deviations",
        noise_changes_the_image,
    ),
    Claim(
        14,
        "B",
        "Setting a coordinate of a 16-number code to values from -1 to 1 shows what it does.",
        "root mean square change of a pixel per coordinate, nine values from -1 to 1",
        "at least 12 of 16 coordinates above 0.02",
        "fewer than 4",
        coordinates_act,
    ),
    Claim(
        15,
        "B",
        "-1 to 1 is a sensible range to sweep a coordinate over.",
        "share of the codes of training images in [-1, 1], mean of coordinates, per model",
        "at least 80 % for the autoencoder",
        "less than 50 % for the autoencoder",
        range_is_sensible,
        headline=True,
    ),
    Claim(
        16,
        "B",
        "On the straight line between the 64-number codes of a 2 and a 7 one digit gradually turns "
        "into the other.",
        "largest over mean step (J), garbage rate (G) and the judge's probability of both digits "
        "along 500 random paths",
        "J at most 3 and G at most 15 %",
        "J above 6 or G above 50 %",
        conversion_is_gradual,
    ),
)
