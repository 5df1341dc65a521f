"""Section F: conclusions from reconstructions of MNIST, claims 42 to 47."""

from __future__ import annotations

from vqtutor.experiments.budgets import Budgets
from vqtutor.experiments.estimates import Estimate
from vqtutor.experiments.ledger.blur import BLUR, MODELS, given, scores
from vqtutor.experiments.ledger.core import Claim, Evidence, Finding, decide
from vqtutor.experiments.ledger.models import ORIGINAL, OURS, match_of
from vqtutor.experiments.reconstruction import Reconstruction
from vqtutor.experiments.seeds import Figure, figure


def vq_beats_both(evidence: Evidence) -> Finding:
    """Claim 45."""
    results = evidence.all(Budgets, "budgets")

    def ratios(kinds: tuple[str, ...]) -> list[list[Estimate]]:
        return [
            [match_of(result, ORIGINAL, kind).comparison.mse_ratio for kind in kinds]
            for result in results
        ]

    sizes = ratios(("AE, as it is", "VAE, as it is"))
    bits = ratios(("AE, same bits", "VAE, same bits", "VAE, same rate"))
    verdict = decide(
        [
            all(one.below(0.8) for one in (*by_size, *by_bits))
            for by_size, by_bits in zip(sizes, bits, strict=True)
        ],
        [any(one.low > 1 for one in by_bits) for by_bits in bits],
    )
    values: dict[str, Figure] = {}
    for name in (ORIGINAL, OURS):
        for kind in results[0].matches.get(name, {}):
            against = [
                match_of(result, name, kind).comparison.mse_ratio.value for result in results
            ]
            values[f"{name} / {kind}"] = figure(against)
        values[f"{name}, MSE"] = figure([result.codes[name].mse for result in results])
        values[f"{name}, bits"] = figure([result.codes[name].bits for result in results])
    for name in ("AE", "VAE"):
        values[f"{name}, MSE"] = figure([result.codes[name].mse for result in results])
    cause = {
        "confirmed": "The codes rebuild better for as many bits, not only because they have more.",
        "refuted": "An AE or a VAE whose floats are rounded to as many bits rebuilds better.",
        "undecided": "The lead is smaller than 20 %, or seeds disagree.",
    }
    return Finding(
        verdict,
        values,
        cause=cause[verdict],
        note="Decided for 4x4 and 2x2 codes, as in the original; values are the error of the VQ "
        "network over that of the rival that is best on validation images within the budget.",
    )


def better_than_the_image(evidence: Evidence) -> Finding:
    """Claim 46."""
    results = evidence.all(Reconstruction, "reconstruction")
    found = [scores(result, OURS) for result in results]
    changes = [given(one.cross_entropy_change) for one in found]
    sharpness = [given(one.sharpness_estimate) for one in found]
    verdict = decide(
        [
            change.high < 0 and sharp.low > 1
            for change, sharp in zip(changes, sharpness, strict=True)
        ],
        [change.low > 0 for change in changes],
    )
    values: dict[str, Figure] = {}
    for name in MODELS:
        at = [scores(result, name) for result in results]
        values[f"{name}, change in nats"] = figure(
            [given(one.cross_entropy_change).value for one in at]
        )
        values[f"{name}, sharpness"] = figure([one.sharpness for one in at])
    lower = figure([given(one.cross_entropy_lower).value for one in found])
    values[f"{OURS}, share of images where it falls"] = lower
    cause = {
        "confirmed": "The judge is surer of the reconstructions, and they are sharper",
        "refuted": "On average the judge is less sure of a reconstruction",
        "undecided": "The judge is as sure, or surer of images that are not sharper",
    }
    return Finding(
        verdict,
        values,
        floor=figure([given(result.original_cross_entropy) for result in results]),
        cause=f"{cause[verdict]}; it is surer for a share of {lower}, which one picture can show.",
        note="The floor is the judge's cross-entropy on the images themselves, in nats.",
    )


def strokes_are_repaired(evidence: Evidence) -> Finding:
    """Claim 47."""
    results = evidence.all(Reconstruction, "reconstruction")
    found = [given(scores(result, OURS).strokes) for result in results]
    verdict = decide(
        [one.repaired > one.broken and one.p < 0.01 for one in found],
        [one.broken >= one.repaired for one in found],
    )
    values: dict[str, Figure] = {}
    for name in MODELS:
        at = [given(scores(result, name).strokes) for result in results]
        values[f"{name}, repaired"] = figure([float(one.repaired) for one in at])
        values[f"{name}, broken"] = figure([float(one.broken) for one in at])
        values[f"{name}, share right"] = figure([one.right for one in at])
    original = figure([one.original_right for one in found])
    cause = {
        "confirmed": "Decoders draw what digits usually look like",
        "refuted": "What is lost in the code breaks more loops than habit closes",
        "undecided": "More are repaired than broken, but chance may do that too",
    }
    return Finding(
        verdict,
        values,
        floor=original,
        cause=f"{cause[verdict]}; of the images themselves a share of {original} has the right "
        "number of holes.",
        note="The floor is the share of images with the right number of holes.",
    )


CLAIMS = (
    *BLUR,
    Claim(
        45,
        "F",
        "The VQ-VAE-2 reconstructs much better than both.",
        "Ratio of squared errors, image by image: at the original's sizes, at as many bits, and "
        "at as many numbers.",
        "Lower by at least 20 % at the original's sizes and at as many bits.",
        "Higher than one of them at as many bits.",
        vq_beats_both,
        seeds=5,
        headline=True,
    ),
    Claim(
        46,
        "F",
        "Reconstructions of the VQ-VAE-2 look even better than the images.",
        "Cross-entropy of the judge on reconstruction minus image; sharpness.",
        "Cross-entropy falls on average and sharpness is above 1.",
        "Cross-entropy rises on average.",
        better_than_the_image,
        headline=True,
    ),
    Claim(
        47,
        "F",
        "The VQ-VAE-2 repairs strokes, such as an open 0 or the loop of an 8.",
        "Images whose number of holes becomes right for their digit (repaired) or wrong (broken); "
        "every digit but the 4.",
        "More are repaired than broken, McNemar's p below 0.01.",
        "At least as many are broken as repaired.",
        strokes_are_repaired,
    ),
)
