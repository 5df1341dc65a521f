"""Section D: the steps of the VQ-VAE-2 and of its priors, claims 22 to 34."""

from __future__ import annotations

import math
from collections.abc import Sequence

from vqtutor.experiments.hierarchy import Hierarchy, Variant
from vqtutor.experiments.identities import Identities
from vqtutor.experiments.ledger.core import Claim, Evidence, Finding, Missing, decide
from vqtutor.experiments.ledger.priors import PRIORS
from vqtutor.experiments.ledger.values import each, over

LEVELS = ("top", "bottom")
ROUNDING = 1e-6  # of squared distances in float32, relative: below it two codes are a tie


def grids_halve(evidence: Evidence) -> Finding:
    """Claim 22."""
    found = evidence.all(Identities, "identities")
    halves = [r.grids["bottom"] == (2 * r.grids["top"][0], 2 * r.grids["top"][1]) for r in found]
    verdict = decide(halves, [not half for half in halves])
    values = each(found, LEVELS, lambda r, level: math.prod(r.grids[level]), "codes per image")
    cause = "The top encoder works on the bottom encoder's features, with one more stride of 2."
    return Finding(verdict, values, cause=cause)


def codes_are_nearest(evidence: Evidence) -> Finding:
    """Claim 23."""
    found = evidence.all(Identities, "identities")
    exact = [
        all(one.mismatches == 0 or one.excess <= ROUNDING for one in r.lookups.values())
        for r in found
    ]
    values = {
        **each(found, LEVELS, lambda r, level: r.lookups[level].num_vectors, "vectors"),
        **each(found, LEVELS, lambda r, level: r.lookups[level].mismatches, "mismatches"),
        **each(found, LEVELS, lambda r, level: r.lookups[level].excess, "excess"),
    }
    return Finding(
        decide(exact, [not one for one in exact]),
        values,
        cause="The nearest code is looked up in float32, whatever the precision around it.",
        note=f"Distances that differ by at most {ROUNDING:g} of the squares are taken for ties.",
    )


def top_helps_bottom(evidence: Evidence) -> Finding:
    """Claim 24."""
    found = evidence.all(Hierarchy, "hierarchy")
    ratios = [
        [r for r in (one.mse_ratio, one.bits_ratio) if r is not None]
        for one in variants(found, "no top")
    ]
    verdict = decide(
        [any(ratio.above(1.05) for ratio in seed) for seed in ratios],
        [all(ratio.below(1.01) for ratio in seed) for seed in ratios],
    )
    values = {"MSE ratio": over(ratios, lambda seed: seed[0].value)}
    if all(len(seed) == 2 for seed in ratios):
        values["bits ratio"] = over(ratios, lambda seed: seed[1].value)
    cause = {
        "confirmed": "Without the top's news the bottom codes must say more, or say it worse.",
        "refuted": "The bottom features come before the top ones and know already what those say.",
        "undecided": "A small loss, or not in every seed.",
    }
    return Finding(verdict, values, cause=cause[verdict], note="Ratios: without over with.")


def adding_would_do(evidence: Evidence) -> Finding:
    """Claim 25."""
    found = variants(evidence.all(Hierarchy, "hierarchy"), "add")
    verdict = decide(
        [one.mse_ratio.above(0.95) and one.mse_ratio.below(1.05) for one in found],
        [one.mse_ratio.above(1.10) or one.mse_ratio.below(0.90) for one in found],
    )
    cause = {
        "confirmed": "Both ways let the next layer see both; the paper and the code concatenate.",
        "refuted": "The two are not the same: the paper and the original's code concatenate.",
        "undecided": "A difference between 5 and 10 %, or not in every seed.",
    }
    values = {"MSE ratio, add over concatenate": over(found, lambda one: one.mse_ratio.value)}
    return Finding(verdict, values, cause=cause[verdict])


def encoder_paints(evidence: Evidence) -> Finding:
    """Claim 26."""
    found = evidence.all(Identities, "identities")
    verdict = decide(
        [r.encoder_paints for r in found],
        [not r.encoder_paints and r.stored_difference == 0 for r in found],
    )
    values = {
        "decoder, largest difference": over(found, lambda r: r.stored_difference),
        "encoder makes an image": over(found, lambda r: r.encoder_paints),
    }
    return Finding(
        verdict,
        values,
        cause="A slip of the pen: encoders take images and give features. The decoder is meant.",
        note="The test confirms the sentence that is meant, so it refutes the one that is written.",
    )


def top_is_global(evidence: Evidence) -> Finding:
    """Claim 27."""
    found = evidence.all(Hierarchy, "hierarchy")
    ratios = [r.flip_ratio for r in found if r.flip_ratio is not None]
    if len(ratios) < len(found):
        raise Missing("a judge, for `python -m vqtutor.experiments hierarchy`")
    verdict = decide([r.above(2) for r in ratios], [r.below(1) for r in ratios])
    values = {
        "flips, top over bottom": over(ratios, lambda r: r.value),
        **each(found, LEVELS, flips, "flips"),
        **each(found, LEVELS, lambda r, level: r.swaps[level].coarse, "coarse share of change"),
    }
    cause = {
        "confirmed": "The class of an image goes with its top codes.",
        "refuted": "On images this small the bottom level carries most of the class.",
        "undecided": "Both levels carry a part of the class.",
    }
    return Finding(verdict, values, cause=cause[verdict])


def flips(result: Hierarchy, level: str) -> float:
    """Share of images whose class changes with the codes of one level."""
    found = result.swaps[level].flips
    return float("nan") if found is None else found.value


def variants(found: Sequence[Hierarchy], name: str) -> list[Variant]:
    """One variant of every seed."""
    if any(name not in result.variants for result in found):
        raise Missing(
            f"the network 'VQ-VAE-2 {name}', for `python -m vqtutor.experiments hierarchy`"
        )
    return [result.variants[name] for result in found]


def all_images_become_codes(evidence: Evidence) -> Finding:
    """Claim 28."""
    found = evidence.all(Identities, "identities")
    whole = [r.num_stored == r.num_labels == r.num_images for r in found]
    verdict = decide(
        [r.stored_difference == 0 and all_there for r, all_there in zip(found, whole, strict=True)],
        [
            r.stored_difference > 1e-6 or not all_there
            for r, all_there in zip(found, whole, strict=True)
        ],
    )
    values = {
        "rows": over(found, lambda r: r.num_stored),
        "largest difference": over(found, lambda r: r.stored_difference),
    }
    return Finding(verdict, values, cause="Codes are integers: nothing is lost in keeping them.")


CLAIMS: tuple[Claim, ...] = (
    Claim(
        22,
        "D",
        "The image gives bottom features, and these give top features on a grid half as large.",
        "height and width of both grids of codes",
        "the top grid is half the bottom grid in each direction",
        "any other shape",
        grids_halve,
    ),
    Claim(
        23,
        "D",
        "Each vector on either level is replaced by the nearest vector of its codebook.",
        "codes of 10,000 vectors per level against the nearest in double precision",
        "all agree, apart from ties",
        "any other mismatch",
        codes_are_nearest,
    ),
    Claim(
        24,
        "D",
        "What the top codes say, decoded, helps to quantize the bottom features.",
        "MSE and bits per bottom code of a model trained without it, over those of one with it",
        "either is worse by at least 5 %",
        "both change by less than 1 %",
        top_helps_bottom,
    ),
    Claim(
        25,
        "D",
        "Bottom features and decoded top features can be added, where the paper concatenates them.",
        "MSE of a model that adds over that of one that concatenates",
        "difference below 5 %: both are acceptable",
        "difference above 10 %",
        adding_would_do,
        headline=True,
    ),
    Claim(
        26,
        "D",
        "The bottom encoder turns the quantized vectors into the reconstruction.",
        "difference between decoded codes and the reconstruction; what the encoder makes of them",
        "the encoder makes an image of them",
        "only the decoder does, and exactly",
        encoder_paints,
        headline=True,
    ),
    Claim(
        27,
        "D",
        "The top codes hold what an image shows as a whole, the bottom codes its detail.",
        "share of images that change class for the judge with another image's codes, by level",
        "another top changes the class at least twice as often as another bottom",
        "the ratio is below 1",
        top_is_global,
        headline=True,
    ),
    Claim(
        28,
        "D",
        "All images become pairs of code grids with a label, and nothing is lost in storing them.",
        "number of stored rows; difference between decoded stored codes and reconstructions",
        "every training and validation image has a row, and the largest difference is 0",
        "a missing row, or a difference above 1e-6",
        all_images_become_codes,
    ),
    *PRIORS,
)
