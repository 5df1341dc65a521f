"""Claims 48-52: what one coordinate of a latent, or one code, does to the image."""

from __future__ import annotations

from collections.abc import Sequence

from vqtutor.experiments.coordinates import ORIGINAL_KIND, Coordinates
from vqtutor.experiments.ledger.answers import ORIGINAL, Answers, at_original_sizes, verdict_of
from vqtutor.experiments.ledger.core import Claim, Evidence, Finding, Missing, Verdict
from vqtutor.experiments.ledger.looks import judge_brightness, judge_slant, measured, optional
from vqtutor.experiments.seeds import Figure, figure
from vqtutor.experiments.sweeps import Field

CONTROLS = "coordinates-controls"  # the same of the original's sizes and of a grid without codes


# 50 and 51 ---------------------------------------------------------------------------------------

INSIDE, FIELD_AREA, LOCAL = 0.95, 0.40, 0.15


def field_of(result: Coordinates, sweep: str) -> Field:
    """The receptive fields of a sweep; Missing where none were measured."""
    found = result.sweeps[sweep].field
    if found is None:
        raise Missing("`python -m vqtutor.experiments coordinates`, again")
    return found


def average(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def local_answers(result: Coordinates, model: str) -> Answers:
    """Whether one seed confirms, and whether it refutes, that one bottom code acts locally."""
    sweep = f"{model}, bottom"
    field = field_of(result, sweep)
    local = average(field.inside) >= INSIDE and average(field.area) <= FIELD_AREA
    as_wide = result.ratios[f"{sweep} / AE, {ORIGINAL_KIND}"].above(1)
    return local and result.areas[sweep].below(LOCAL) and not as_wide, as_wide


def judge_locality(evidence: Evidence) -> Finding:
    """Does one bottom code change a small part of the image only?"""
    found = measured(evidence)
    controls = optional(evidence, CONTROLS)
    verdict = verdict_of(local_answers(one, "VQ-VAE-2") for one in found)
    values: dict[str, Figure] = {}
    for results, model in ((found, "VQ-VAE-2"), (controls, ORIGINAL)):
        if not results:
            continue
        name = f"{model}, bottom"
        fields = [field_of(one, name) for one in results]
        values |= {
            f"{name}: median A90": figure([one.areas[name].value for one in results]),
            f"{name}: area of the field": figure([average(one.area) for one in fields]),
            f"{name}: L": figure([average(one.inside) for one in fields]),
            f"{name}: L in the {100 * fields[0].largest:.0f} % with the largest gradients": figure(
                [average(one.inside_largest) for one in fields]
            ),
        }
    values["AE: median A90"] = figure([one.areas[f"AE, {ORIGINAL_KIND}"].value for one in found])
    field = values["VQ-VAE-2, bottom: area of the field"].mean
    area = values["VQ-VAE-2, bottom: median A90"].mean
    small = (
        f"90 % of what one code changes lies in {100 * area:.1f} % of the pixels: the decoder sees "
        "a code through small filters, and most of their effect falls next to it."
    )
    causes: dict[Verdict, str] = {
        "confirmed": small,
        "refuted": "One code moves as large a share of the image as a coordinate of the AE does.",
        "undecided": f"{small} The field itself covers {100 * field:.0f} % of the image, since "
        "residual layers widen it, so that L can say little about it."
        if area <= LOCAL
        else "The changes are more local than the AE's, but not as small as the claim needs.",
    }
    sizes = at_original_sizes(controls, local_answers)
    note = f"L and the area of the field are means over all bottom positions. {sizes}"
    return Finding(verdict, values, cause=causes[verdict], note=note)


FRACTION, ALIKE = 0.5, 0.9


def ratio_answers(result: Coordinates, model: str) -> Answers:
    """Whether one seed confirms, and whether it refutes, that one code acts more locally."""
    ratios = [
        result.ratios_by_ink[f"{model}, bottom / {other}, {ORIGINAL_KIND}"]
        for other in ("AE", "VAE")
    ]
    return all(one.below(FRACTION) for one in ratios), any(one.above(ALIKE) for one in ratios)


def judge_contrast(evidence: Evidence) -> Finding:
    """Is one code's area half of that of a coordinate of the AE and of the VAE, or less?"""
    found = measured(evidence)
    controls = optional(evidence, CONTROLS)
    verdict = verdict_of(ratio_answers(one, "VQ-VAE-2") for one in found)
    values = {}
    sweeps = (
        (found, "VQ-VAE-2, bottom"),
        (controls, f"{ORIGINAL}, bottom"),
        (controls, f"AE convolutional, {ORIGINAL_KIND}"),
    )
    for results, sweep in sweeps:
        for other in ("AE", "VAE") if results else ():
            ratio = f"{sweep} / {other}, {ORIGINAL_KIND}"
            values[f"{sweep} / {other}"] = figure([r.ratios_by_ink[ratio].value for r in results])
    causes: dict[Verdict, str] = {
        "confirmed": "A code belongs to one place of a grid; a coordinate of a vector is joined to "
        "every pixel by a linear layer.",
        "refuted": "Also a coordinate of the vector changes little outside the strokes.",
        "undecided": "One code moves less of the image, but not by half against both models.",
    }
    cause = causes[verdict]
    if controls:
        grid = values[f"AE convolutional, {ORIGINAL_KIND} / AE"]
        cause += (
            f" An autoencoder with the same grid and no codes has {grid} of the AE's area: "
            "it is the grid that makes changes local, not the quantization."
            if grid.mean <= FRACTION
            else f" An autoencoder with the same grid and no codes has {grid} of the AE's area."
        )
    sizes = at_original_sizes(controls, ratio_answers)
    note = f"Areas are divided by the ink of each image. {sizes}"
    return Finding(verdict, values, cause=cause, note=note)


# 52 ----------------------------------------------------------------------------------------------

CHANCE = 0.01


def order_answers(result: Coordinates, model: str) -> Answers:
    """Whether the order of the indices is smoother than random orders at both levels, at none."""
    smoother = [result.orders[f"{model}, {level}"].index_p < CHANCE for level in ("top", "bottom")]
    return all(smoother), not any(smoother)


def judge_order(evidence: Evidence) -> Finding:
    """Do neighboring indices make neighboring images?"""
    found = measured(evidence)
    controls = optional(evidence, CONTROLS)
    verdict = verdict_of(order_answers(one, "VQ-VAE-2") for one in found)
    values: dict[str, Figure] = {}
    for results, model in ((found, "VQ-VAE-2"), (controls, ORIGINAL)):
        for level in ("top", "bottom") if results else ():
            orders = [one.orders[f"{model}, {level}"] for one in results]
            name = f"{model}, {level}"
            values |= {
                f"{name}: p of the index order": figure([one.index_p for one in orders]),
                f"{name}: change along indices / random orders": figure(
                    [one.index_ratio for one in orders]
                ),
                f"{name}: change along nearest vectors / random orders": figure(
                    [one.vector_ratio for one in orders]
                ),
            }
    seen = all(
        one.orders[f"VQ-VAE-2, {level}"].vector_p < CHANCE
        for one in found
        for level in ("top", "bottom")
    )
    causes: dict[Verdict, str] = {
        "confirmed": "Neighboring indices make similar images, which nothing in the training asks "
        "for: the start of the codebook may have put its vectors in an order.",
        "refuted": "An index is a name: the codebook is the same in any order of its rows."
        + (
            " Following the vectors from neighbor to neighbor is smoother than chance, so the "
            "test can tell an order where there is one."
            if seen
            else ""
        ),
        "undecided": "Seeds or levels disagree.",
    }
    note = f"Held at both levels. {at_original_sizes(controls, order_answers)}"
    return Finding(verdict, values, cause=causes[verdict], note=note)


CLAIMS = (
    Claim(
        48,
        "G",
        "Some coordinate of the autoencoder's vector controls how bright the digit is.",
        "Spearman correlation of the coordinate's value with mean intensity, in each of 200 images",
        "a coordinate with |ρ| >= 0.9 in >= 80 % of the images exists in every seed",
        "no such coordinate exists",
        judge_brightness,
        seeds=5,
    ),
    Claim(
        49,
        "G",
        "Some coordinate of the variational autoencoder's vector controls how far the digit leans.",
        "Spearman correlation of the coordinate's value with the slant from image moments, in each "
        "of 200 images; range of the slant",
        "|ρ| >= 0.9 in >= 80 % of the images and range >= 10 degrees, in every seed",
        "no such coordinate exists",
        judge_slant,
        seeds=5,
    ),
    Claim(
        50,
        "G",
        "One code of the VQ-VAE changes one part of the digit only.",
        "A90 (share of pixels with 90 % of the squared change) and L (share of the squared change "
        "inside the code's receptive field) for all bottom positions",
        "L >= 0.95 in a field that covers <= 40 % of the image, and median A90 <= 0.15",
        "A90 not smaller than that of the autoencoder's coordinates",
        judge_locality,
        headline=True,
        seeds=5,
    ),
    Claim(
        51,
        "G",
        "Unlike a code, a coordinate of the autoencoder or of the variational autoencoder acts on "
        "the whole digit.",
        "median A90 of the VQ-VAE's bottom codes over that of the other models' coordinates, each "
        "divided by the image's ink",
        "ratio <= 0.5 for both models",
        "ratio >= 0.9 for one of them",
        judge_contrast,
        seeds=5,
    ),
    Claim(
        52,
        "G",
        "Sweeping the index of a code is a meaningful axis.",
        "change of the image from each index to the next, against random orders of the codes and "
        "the order from nearest vector to nearest vector",
        "smoother than random orders, permutation p < 0.01",
        "no difference from random orders, p >= 0.01",
        judge_order,
        headline=True,
    ),
)
