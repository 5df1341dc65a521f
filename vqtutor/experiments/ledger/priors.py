"""Section D, continued: the priors over the codes, claims 29 to 34."""

from __future__ import annotations

from vqtutor.experiments.estimates import Estimate
from vqtutor.experiments.ledger.core import Claim, Evidence, Finding, Missing, decide
from vqtutor.experiments.ledger.values import each, over
from vqtutor.experiments.priors import Priors
from vqtutor.experiments.seeds import figure


def apart(one: Estimate, times: float = 2.0) -> bool:
    """Whether an estimate lies above 0 by so many standard errors."""
    return one.value > times * (one.high - one.low) / (2 * 1.96)


def prior_is_causal(evidence: Evidence) -> Finding:
    """Claim 29."""
    found = evidence.all(Priors, "priors")
    stacks = ("top prior", "bottom prior")
    confirmed, refuted = [], []
    for result in found:
        leaks = any(one.leaks for one in result.dependence.values())
        spots = [result.dependence[name].blind for name in stacks]
        confirmed.append(not leaks and not any(spots) and result.dependence["masked"].blind > 0)
        refuted.append(leaks)
    verdict = decide(confirmed, refuted)
    names = (*stacks, "masked")
    values = {
        **each(found, names, lambda r, name: r.dependence[name].leaks, "leaks"),
        **each(found, names, lambda r, name: r.dependence[name].blind, "blind"),
    }
    return Finding(
        verdict,
        values,
        cause="Two streams, one for the rows above and one for the row itself, leave nothing out.",
        note="Pairs of positions. The original's own code used a PixelSNAIL without attention.",
    )


def top_prior_learns(evidence: Evidence) -> Finding:
    """Claim 30."""
    found = [r.levels["top"] for r in evidence.all(Priors, "priors")]
    ratios = [level.ratios["unigram"] for level in found]
    verdict = decide([r.below(0.9) for r in ratios], [r.above(1.0) for r in ratios])
    values = {
        "bits per code": over(found, lambda level: level.bits["all"].value),
        "unigram entropy": over(found, lambda level: level.unigram),
        "uniform": over(found, lambda level: level.uniform),
    }
    cause = {
        "confirmed": "Neighboring codes depend on each other and on the class.",
        "refuted": "The codes look independent to the prior.",
        "undecided": "The prior gains less than a tenth.",
    }
    return Finding(verdict, values, cause=cause[verdict])


def label_helps_top(evidence: Evidence) -> Finding:
    """Claim 31."""
    found = [r.levels["top"] for r in evidence.all(Priors, "priors")]
    gains = [level.label_gain for level in found if level.label_gain is not None]
    if len(gains) < len(found):
        raise Missing(
            "the network 'top prior no label', for `python -m vqtutor.experiments priors`"
        )
    verdict = decide([apart(gain) for gain in gains], [gain.below(0) for gain in gains])
    values = {"gain, bits per image": over(gains, lambda gain: gain.value)}
    cause = {
        "confirmed": "The class says what the codes would tell; at most the log2 of 10 classes.",
        "refuted": "What the label says, the first codes say as well.",
        "undecided": "The gain lies within two standard errors.",
    }
    return Finding(verdict, values, cause=cause[verdict])


def bottom_uses_top(evidence: Evidence) -> Finding:
    """Claim 32."""
    found = [r.levels["bottom"] for r in evidence.all(Priors, "priors")]
    kind = "another of its class"
    ratios = [level.ratios.get(kind, level.ratios["another"]) for level in found]
    verdict = decide([r.below(0.95) for r in ratios], [r.above(0.99) for r in ratios])
    values = {
        "bits per code": over(found, lambda level: level.bits["all"].value),
        "with another image's top": over(found, lambda level: level.bits["another"].value),
        "ratio, top of its class": over(ratios, lambda r: r.value),
    }
    cause = {
        "confirmed": "The prior relies on the top codes: wrong ones cost it dearly.",
        "refuted": "The top codes say nothing about the bottom ones.",
        "undecided": "The top codes matter a little.",
    }
    note = "Held to the stricter exchange, of top codes among images of one class."
    return Finding(verdict, values, cause=cause[verdict], note=note)


def label_helps_bottom(evidence: Evidence) -> Finding:
    """Claim 33."""
    found = evidence.all(Priors, "priors")
    ratios = [r.levels["bottom"].ratios.get("no label") for r in found]
    gains = [r.accuracy_gain for r in found]
    pairs = [(r, g) for r, g in zip(ratios, gains, strict=True) if r is not None and g is not None]
    if len(pairs) < len(found):
        raise Missing(
            "the network 'bottom prior no label', for `python -m vqtutor.experiments priors`"
        )
    verdict = decide(
        [ratio.below(0.99) or gain.above(0.01) for ratio, gain in pairs],
        [ratio.above(1.0) and gain.below(0.0) for ratio, gain in pairs],
    )
    values = {
        "bits ratio, with over without": over(pairs, lambda pair: pair[0].value),
        "accuracy of samples, gain": over(pairs, lambda pair: pair[1].value),
    }
    cause = {
        "confirmed": "The top codes do not settle the class, so the label still helps below.",
        "refuted": "The top codes settle the class already.",
        "undecided": "A gain too small to count, or not in every seed.",
    }
    return Finding(verdict, values, cause=cause[verdict])


def sampling_works(evidence: Evidence) -> Finding:
    """Claim 34."""
    found = [r.sampling for r in evidence.all(Priors, "priors")]
    speedups = [one.naive_seconds / one.cached_seconds for one in found]
    verdict = decide(
        [one.different == 0 and times >= 10 for one, times in zip(found, speedups, strict=True)],
        [one.different > 0 for one in found],
    )
    values = {
        "images": over(found, lambda one: one.num_images),
        "codes that differ": over(found, lambda one: one.different),
        "times as fast": figure(speedups),
    }
    cause = {
        "confirmed": "The cache keeps what the naive way computes again for every code.",
        "refuted": "Rounding decides differently where two codes are almost equally likely.",
        "undecided": "The codes agree, or the gain in speed is small, not in every seed both.",
    }
    return Finding(verdict, values, cause=cause[verdict])


PRIORS: tuple[Claim, ...] = (
    Claim(
        29,
        "D",
        "The prior is a PixelCNN: each code depends on those before it, and on all of them.",
        "gradients from every logit to every code; the same of a naive stack of masked layers",
        "no leak; no blind spot with two streams, and one with the naive stack",
        "any leak",
        prior_is_causal,
    ),
    Claim(
        30,
        "D",
        "A prior learns the top codes, given the label.",
        "bits per code of test images over the entropy of how often each code occurs",
        "at least 10 % below",
        "not below",
        top_prior_learns,
        seeds=5,
    ),
    Claim(
        31,
        "D",
        "The label helps the top prior.",
        "bits per image that a prior with the label saves over the same network without it",
        "more than 2 standard errors above 0",
        "not above 0",
        label_helps_top,
        seeds=5,
    ),
    Claim(
        32,
        "D",
        "The bottom prior makes use of the top codes.",
        "bits per code with the image's own top codes over those with another image's",
        "at least 5 % lower",
        "less than 1 % lower",
        bottom_uses_top,
        seeds=5,
    ),
    Claim(
        33,
        "D",
        "The bottom prior makes use of the label too.",
        "bits per code, and the judge's accuracy on samples, against a bottom prior without label",
        "the label lowers the bits by at least 1 % or gives at least 1 point of accuracy",
        "no gain in either",
        label_helps_bottom,
    ),
    Claim(
        34,
        "D",
        "Images are drawn top first, then bottom, then decoded; a cache makes that quick.",
        "codes drawn from the cache and without it under the same random numbers; seconds",
        "identical codes, and at least 10 times as fast",
        "any difference",
        sampling_works,
    ),
)
