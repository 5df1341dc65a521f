"""Claims 53-57: what lies on the way from one image to another."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vqtutor.experiments.ledger.answers import ORIGINAL, Answers, at_original_sizes, verdict_of
from vqtutor.experiments.ledger.core import Claim, Evidence, Finding, Missing, Verdict
from vqtutor.experiments.seeds import Figure, figure
from vqtutor.experiments.transformation import PathScores, Transformation

AT_ORIGINAL = "transformation-original"  # the same with the VQ-VAE-2 of the original's sizes
INDICES = "indices"  # what the original did: whole numbers between the numbers of two codes
KINDS = (INDICES, "re-quantized", "vectors", "one by one")


def measured(evidence: Evidence, name: str = "transformation") -> list[Transformation]:
    """One result per seed; Missing also if it is without a judge, or from before intervals."""
    found = evidence.all(Transformation, name)
    if not all("garbage" in score.estimates for one in found for score in one.scores.values()):
        raise Missing(f"`python -m vqtutor.experiments {name} --scale {evidence.scale}`, again")
    return found


def optional(evidence: Evidence) -> list[Transformation]:
    """Those at the original's sizes, as far as they are there: no verdict depends on them."""
    try:
        return measured(evidence, AT_ORIGINAL)
    except Missing:
        return []


def over_seeds(
    results: Sequence[Transformation], path: str, pick: Callable[[PathScores], float]
) -> Figure:
    """One number of one kind of path, over seeds."""
    return figure([pick(one.scores[path]) for one in results])


def garbage(score: PathScores) -> float:
    return score.estimates["garbage"].value


def third_class(score: PathScores) -> float:
    return score.estimates["third class"].value


def finding(
    verdict: Verdict,
    values: dict[str, Figure],
    causes: dict[Verdict, str],
    note: str,
    results: Sequence[Transformation],
) -> Finding:
    """With the garbage rate of real images and of noise beside it."""
    floor, ceiling = (
        figure([level for level in levels if level is not None])
        for levels in zip(
            *((one.garbage_floor, one.garbage_ceiling) for one in results), strict=True
        )
    )
    return Finding(verdict, values, floor, ceiling, causes[verdict], note)


# 53 and 54 ---------------------------------------------------------------------------------------

CLEAN, BLEND, DIRTY = 0.05, 0.8, 0.20


def blend_answers(result: Transformation) -> Answers:
    """One seed: few frames of garbage, few third classes, and a middle like the pixel average."""
    found = result.scores["AE"].estimates
    rates = found["garbage"], found["third class"]
    confirmed = all(rate.below(CLEAN) for rate in rates) and found["blend"].above(BLEND)
    return confirmed, any(rate.above(DIRTY) for rate in rates)


def judge_blend(evidence: Evidence) -> Finding:
    """Does the AE pass from one image to the other without garbage and third digits?"""
    found = measured(evidence)
    verdict = verdict_of(blend_answers(one) for one in found)
    blend = over_seeds(found, "AE", lambda score: score.estimates["blend"].value)
    values = {
        "AE: garbage": over_seeds(found, "AE", garbage),
        "AE: third class": over_seeds(found, "AE", third_class),
        "AE: correlation of the middle with the pixel average": blend,
    }
    like = f"The middle correlates with the average of the two images at {blend}"
    causes: dict[Verdict, str] = {
        "confirmed": f"{like}, and the judge still sees one of the two digits.",
        "refuted": f"{like}: two digits laid over each other are no digit, which the judge says "
        "and one picture did not.",
        "undecided": f"{like}; the rates lie between the two thresholds, or seeds disagree.",
    }
    note = "Rates over all frames, both ends included; floor: real test images."
    return finding(verdict, values, causes, note, found)


OFTEN, SELDOM, EXCESS = 0.25, 0.10, 0.05


def detour_answers(result: Transformation) -> Answers:
    """One seed: third classes on a quarter of the VAE's paths and more than on the AE's."""
    score = result.scores["VAE"]
    rate, excess = score.estimates["third class"], score.against["third class"]
    return rate.above(OFTEN) and excess.low > EXCESS, rate.high < SELDOM


def judge_detour(evidence: Evidence) -> Finding:
    """Do the VAE's paths pass digits of other classes?"""
    found = measured(evidence)
    verdict = verdict_of(detour_answers(one) for one in found)
    values = {
        "VAE: third class": over_seeds(found, "VAE", third_class),
        "AE: third class": over_seeds(found, "AE", third_class),
        "VAE - AE: third class": over_seeds(
            found, "VAE", lambda score: score.against["third class"].value
        ),
        "VAE: garbage": over_seeds(found, "VAE", garbage),
    }
    causes: dict[Verdict, str] = {
        "confirmed": "The VAE packs the digits around one center, so that a straight line between "
        "two of them crosses the regions of others.",
        "refuted": "Most straight lines leave one digit's region and enter the other's at once.",
        "undecided": "Some lines cross a third digit's region, but fewer than the claim needs, "
        "not more than the AE's, or not with every seed.",
    }
    note = "A path counts if the judge gives any frame more than 50 % for a third class."
    return finding(verdict, values, causes, note, found)


# 55, 56 and 57 -----------------------------------------------------------------------------------

MUCH, LITTLE = 0.30, 0.10


def garbage_answers(result: Transformation, model: str) -> Answers:
    """One seed: garbage along the indices."""
    rate = result.scores[f"{model}, {INDICES}"].estimates["garbage"]
    return rate.above(MUCH), rate.high < LITTLE


def by_kind(
    found: Sequence[Transformation],
    original: Sequence[Transformation],
    measure: str,
    pick: Callable[[PathScores], float],
) -> dict[str, Figure]:
    """One number of all four kinds of path, at our sizes and at the original's."""
    return {
        f"{model}, {kind}: {measure}": over_seeds(results, f"{model}, {kind}", pick)
        for results, model in ((found, "VQ-VAE-2"), (original, ORIGINAL))
        if results
        for kind in KINDS
    }


def judge_garbage(evidence: Evidence) -> Finding:
    """Do the VQ-VAE's paths pass garbage if its indices are taken for quantities?"""
    found, original = measured(evidence), optional(evidence)
    verdict = verdict_of(garbage_answers(one, "VQ-VAE-2") for one in found)
    values = {
        **by_kind(found, original, "garbage", garbage),
        **by_kind(found, original, "third class", third_class),
    }
    ways = ", ".join(
        f"{kind} {100 * values[f'VQ-VAE-2, {kind}: garbage'].mean:.0f} %" for kind in KINDS
    )
    causes: dict[Verdict, str] = {
        "confirmed": f"Garbage by definition of the path: {ways}. Between two indices lie the "
        "names of unrelated codes.",
        "refuted": f"Even along the indices the decoder draws digits: {ways}.",
        "undecided": f"Between the two thresholds, or seeds disagree: {ways}.",
    }
    sizes = at_original_sizes(original, garbage_answers)
    note = f"Held to what the original did: indices interpolated and truncated. {sizes}"
    return finding(verdict, values, causes, note, found)


def excess_answers(result: Transformation, model: str) -> Answers:
    """One seed: more garbage than the AE on every kind of path; not more on the two by vector."""
    more = {kind: result.scores[f"{model}, {kind}"].against["garbage"] for kind in KINDS}
    confirmed = all(one.low > EXCESS for one in more.values())
    return confirmed, all(more[kind].below(0) for kind in ("re-quantized", "vectors"))


def judge_excess(evidence: Evidence) -> Finding:
    """Is there more garbage on the VQ-VAE's paths than on the AE's, however they are defined?"""
    found, original = measured(evidence), optional(evidence)
    verdict = verdict_of(excess_answers(one, "VQ-VAE-2") for one in found)
    values = by_kind(
        found, original, "garbage above the AE", lambda score: score.against["garbage"].value
    )
    values["AE: garbage"] = over_seeds(found, "AE", garbage)
    ways = ", ".join(
        f"{kind} {100 * values[f'VQ-VAE-2, {kind}: garbage above the AE'].mean:+.0f} points"
        for kind in KINDS
    )
    causes: dict[Verdict, str] = {
        "confirmed": f"Against the AE on the same pairs: {ways}. Codes mixed from two images do "
        "not fit together, whichever way they are mixed.",
        "refuted": f"Against the AE on the same pairs: {ways}. Lines between the codes' vectors "
        "pass no more garbage than lines between the AE's.",
        "undecided": f"Against the AE on the same pairs: {ways}. It depends on what lies between "
        "two codes.",
    }
    return finding(verdict, values, causes, at_original_sizes(original, excess_answers), found)


SHARP, EVEN, WIDE = 2.0, 1.2, 0.3


def sharp_answers(result: Transformation, model: str, kind: str = INDICES) -> Answers:
    """One seed: jumps twice those of the AE, each over a third of the image; or hardly larger."""
    score = result.scores[f"{model}, {kind}"]
    ratio = score.against["jumpiness"]
    return ratio.above(SHARP) and score.estimates["step area"].above(WIDE), ratio.high < EVEN


def judge_sharpness(evidence: Evidence) -> Finding:
    """Does the VQ-VAE's path change the whole image in jumps?"""
    found, original = measured(evidence), optional(evidence)
    verdict = verdict_of(sharp_answers(one, "VQ-VAE-2") for one in found)
    values = {
        **by_kind(found, original, "J over the AE", lambda score: score.against["jumpiness"].value),
        **by_kind(found, original, "step A90", lambda score: score.estimates["step area"].value),
        "AE: J": over_seeds(found, "AE", lambda score: score.estimates["jumpiness"].value),
        "AE: step A90": over_seeds(found, "AE", lambda score: score.estimates["step area"].value),
    }
    causes: dict[Verdict, str] = {
        "confirmed": "Many codes take another value at the same step; each alone is local, all "
        "together are not.",
        "refuted": "The steps are about as even as the AE's.",
        "undecided": "The jumps, or the share of the image that a step changes, lie between the "
        "thresholds, or seeds disagree.",
    }
    others = "; ".join(
        f"{kind}: {verdict_of(sharp_answers(one, 'VQ-VAE-2', kind) for one in found)}"
        for kind in KINDS[1:]
    )
    note = (
        f"Held to what the original did, the indices. {others}. "
        f"{at_original_sizes(original, sharp_answers)}"
    )
    return finding(verdict, values, causes, note, found)


CLAIMS = (
    Claim(
        53,
        "H",
        "On the way from one image to another the autoencoder blends the two, without garbage and "
        "without a third digit.",
        "garbage rate G and third-class rate T on 33-step paths of 1,000 pairs of two classes; "
        "correlation of the middle with the average of the two images",
        "G <= 5 % and T <= 5 % and correlation >= 0.8",
        "G or T >= 20 %",
        judge_blend,
        seeds=5,
        headline=True,
    ),
    Claim(
        54,
        "H",
        "On the way from one image to another the variational autoencoder passes other digits.",
        "third-class rate T, and its excess over the autoencoder's on the same pairs",
        "T >= 25 % and more than 5 points above the autoencoder's",
        "T < 10 %",
        judge_detour,
        seeds=5,
        headline=True,
    ),
    Claim(
        55,
        "H",
        "On the way from one image to another the VQ-VAE passes other digits and garbage.",
        "T and G for four ways between two grids of codes: (i) indices interpolated and truncated, "
        "(ii) vectors interpolated and re-quantized, (iii) vectors interpolated, (iv) positions "
        "swapped one by one",
        "G >= 30 % for (i)",
        "G < 10 % for (i)",
        judge_garbage,
        seeds=5,
        headline=True,
    ),
    Claim(
        56,
        "H",
        "The VQ-VAE's paths hold more garbage than the autoencoder's.",
        "G of each of the four ways minus G of the autoencoder on the same pairs",
        "more than 5 points for every way",
        "not above 0 for (ii) and (iii)",
        judge_excess,
        seeds=5,
        headline=True,
    ),
    Claim(
        57,
        "H",
        "Changing the VQ-VAE's vectors changes the entire image sharply.",
        "jumpiness J (largest over mean step) against the autoencoder's on the same pairs, and the "
        "share of pixels with 90 % of a step's squared change (A90)",
        "J >= 2 times the autoencoder's and step A90 >= 0.3",
        "J < 1.2 times the autoencoder's",
        judge_sharpness,
    ),
)
