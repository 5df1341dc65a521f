"""Section C: what the three models are said to be, claims 17 to 21.

Sizes are those of the original: 16 numbers for the AE and the VAE, 4x4 and 2x2 codes of 32 for the
VQ-VAE-2. Our own, larger grids stand beside them.
"""

from __future__ import annotations

from vqtutor.experiments.budgets import Budgets, Code, Match
from vqtutor.experiments.identities import Identities
from vqtutor.experiments.ledger.core import Claim, Evidence, Finding, Missing, decide
from vqtutor.experiments.posterior import Aggregate, AggregatePosteriors
from vqtutor.experiments.seeds import figure

ORIGINAL, OURS = "VQ-VAE-2 original", "VQ-VAE-2"
SIZED = ("AE", "VAE", ORIGINAL)  # the networks as large as the original's


def codes_are_small(evidence: Evidence) -> Finding:
    """Claim 17."""
    results = evidence.all(Budgets, "budgets")
    small, large = [], []
    values = {"PNG, bits": figure([result.png_bits for result in results])}
    for result in results:
        codes = [code_of(result, name) for name in SIZED]
        pixels, limit = result.pixel_values, result.png_bits
        small.append(all(10 * code.numbers <= pixels and code.bits < limit for code in codes))
        large.append(any(code.numbers >= pixels or code.bits >= limit for code in codes))
    for name in (*SIZED, OURS):
        found = [code_of(result, name) for result in results]
        values[f"{name}, numbers"] = figure([float(code.numbers) for code in found])
        values[f"{name}, bits"] = figure([code.bits for code in found])
    values["VAE, KL in bits"] = figure([result.rates["VAE"].bits for result in results])
    entropies = [result.entropies[ORIGINAL] for result in results]
    values[f"{ORIGINAL}, entropy in bits"] = figure(entropies)
    verdict = decide(small, large)
    png, headers = values["PNG, bits"], f"{results[0].png_overhead_bits:.0f}"
    cause = {
        "confirmed": "Even floats in full take less than a file",
        "refuted": "Some code is no smaller than the image",
        "undecided": "Smaller, but not by a factor of 10",
    }
    return Finding(
        verdict,
        values,
        cause=f"{cause[verdict]}; the PNG's {png} bits hold {headers} of headers. Only codes of "
        "integers have a size in bits of their own.",
        note="Decided at the original's sizes; a float counts as 32 bits.",
    )


def posterior_is_standard_normal(evidence: Evidence) -> Finding:
    """Claim 18."""
    found = aggregates(evidence)
    verdict = decide(
        [normal_by_coordinate(one) and one.auc.high < 0.60 for one in found],
        [one.auc.low > 0.75 for one in found],
    )
    values = {
        "AUC": figure([one.auc.value for one in found]),
        "largest mean": figure([max(map(abs, of_active(one, one.means))) for one in found]),
        "lowest variance": figure([min(of_active(one, one.variances)) for one in found]),
        "highest variance": figure([max(of_active(one, one.variances)) for one in found]),
        "active coordinates": figure([float(sum(one.active)) for one in found]),
    }
    each = all(normal_by_coordinate(one) for one in found)
    alone = (
        "Each coordinate by itself is close to N(0, 1)"
        if each
        else "Not even each coordinate by itself is N(0, 1)"
    )
    together = {
        "confirmed": "and so are all of them together.",
        "refuted": "but all of them together are told from it." if each else "let alone together.",
        "undecided": "and together they are neither close to it nor clearly told from it.",
    }
    return Finding(verdict, values, cause=f"{alone}, {together[verdict]}")


def draws_are_meaningful(evidence: Evidence) -> Finding:
    """Claim 19."""
    results = evidence.all(AggregatePosteriors, "posterior")
    judged = [one.garbage for one in aggregates(evidence) if one.garbage is not None]
    if len(judged) < len(results):
        raise Missing("garbage needs a judge, and so labels")
    verdict = decide(
        [one.below(0.30) for one in judged],
        [one.above(0.60) for one in judged],
    )
    values = {
        name: figure([one.garbage.value for one in found if one.garbage is not None])
        for name, found in by_network(results).items()
    }
    rebuilt = [one.garbage_rebuilt.value for one in aggregates(evidence) if one.garbage_rebuilt]
    values["VAE, latents of images"] = figure(rebuilt)
    cause = {
        "confirmed": "Most of N(0, I) lies where the decoder has seen latents",
        "refuted": "Most of N(0, I) lies where no image has its latent",
        "undecided": "N(0, I) and the latents overlap in part",
    }
    return Finding(
        verdict,
        values,
        floor=figure([one.garbage_floor for one in results if one.garbage_floor is not None]),
        ceiling=figure([one.garbage_ceiling for one in results if one.garbage_ceiling is not None]),
        cause=f"{cause[verdict]}; of decoded latents of images {figure(rebuilt)} is garbage.",
    )


def codes_are_discrete(evidence: Evidence) -> Finding:
    """Claim 20."""
    results = evidence.all(Identities, "identities")
    exact = [
        all(one.foreign == 0 and one.distinct <= one.num_codes for one in result.lookups.values())
        for result in results
    ]
    verdict = decide(exact, [not holds for holds in exact])
    values = {}
    for level in results[0].lookups:
        found = [result.lookups[level] for result in results]
        values[f"{level}, distinct vectors"] = figure([float(one.distinct) for one in found])
        values[f"{level}, not in the codebook"] = figure([float(one.foreign) for one in found])
    cause = {
        "confirmed": "A quantized vector is copied from the codebook, so it equals a row of it.",
        "refuted": "Some quantized vector is no row of the codebook: a mistake in the program.",
        "undecided": "It holds for some seeds only: a mistake in the program.",
    }
    return Finding(verdict, values, cause=cause[verdict])


def codes_keep_quality(evidence: Evidence) -> Finding:
    """Claim 21."""
    results = evidence.all(Budgets, "budgets")
    found = [match_of(result, ORIGINAL, "VAE, same rate").comparison for result in results]
    verdict = decide(
        [one.mse_ratio.high < 1 and one.sharpness_gain.low > 0 for one in found],
        [one.mse_ratio.low > 1 or one.sharpness_gain.high < 0 for one in found],
    )
    values = {}
    for name in (ORIGINAL, OURS):
        own = [code_of(result, name) for result in results]
        rivals = [match_of(result, name, "VAE, same rate").rival for result in results]
        for kind, codes in ((name, own), (f"VAE beside {name}", rivals)):
            values[f"{kind}, MSE"] = figure([code.mse for code in codes])
            values[f"{kind}, sharpness"] = figure([code.sharpness for code in codes])
            values[f"{kind}, bits"] = figure([code.bits for code in codes])
    lower = all(one.mse_ratio.high < 1 for one in found)
    sharper = all(one.sharpness_gain.low > 0 for one in found)
    cause = {
        "confirmed": "For as many bits the codes give the lower error and the sharper image.",
        "refuted": (
            "For as many bits the VAE comes nearer "
            + ("in sharpness." if lower else "in error." if sharper else "in one or both.")
        ),
        "undecided": "The two are too close, or seeds disagree.",
    }
    return Finding(
        verdict,
        values,
        cause=cause[verdict],
        note="The VAE of the beta sweep that is best on validation images at no more bits of KL; "
        "a draw is decoded, which is what those bits pay for.",
    )


def code_of(result: Budgets, name: str) -> Code:
    """What a network spends; Missing where it was not measured."""
    if name not in result.codes:
        raise Missing(f"the budgets of {name!r}")
    return result.codes[name]


def match_of(result: Budgets, name: str, kind: str) -> Match:
    """The rival of a VQ network; Missing where none is small enough."""
    if kind not in result.matches.get(name, {}):
        raise Missing(f"a rival of {name!r} of the kind {kind!r}")
    return result.matches[name][kind]


def aggregates(evidence: Evidence) -> list[Aggregate]:
    """The codes of the VAE that is compared everywhere, by seed."""
    results = evidence.all(AggregatePosteriors, "posterior")
    if any("VAE" not in result.networks for result in results):
        raise Missing("the posterior of 'VAE'")
    return [result.networks["VAE"] for result in results]


def by_network(results: list[AggregatePosteriors]) -> dict[str, list[Aggregate]]:
    """Every network that all seeds have measured."""
    names = [n for n in results[0].networks if all(n in result.networks for result in results)]
    return {name: [result.networks[name] for result in results] for name in names}


def normal_by_coordinate(one: Aggregate) -> bool:
    """Whether every active coordinate has a mean within 0.1 and a variance of 0.8 to 1.2."""
    return all(abs(mean) <= 0.1 for mean in of_active(one, one.means)) and all(
        0.8 <= variance <= 1.2 for variance in of_active(one, one.variances)
    )


def of_active(one: Aggregate, numbers: tuple[float, ...]) -> list[float]:
    """The entries of active coordinates; all of them where none is."""
    if not any(one.active):
        return list(numbers)
    return [number for number, active in zip(numbers, one.active, strict=True) if active]


CLAIMS = (
    Claim(
        17,
        "C",
        "The code of each of the three models is much smaller than the image.",
        "Numbers and bits per image, next to the image's pixel values and its size as PNG.",
        "At least 10 times fewer numbers than pixel values and fewer bits than the PNG, for all "
        "three models.",
        "One of the codes is not smaller, in numbers or in bits.",
        codes_are_small,
    ),
    Claim(
        18,
        "C",
        "The VAE makes its latents, those of all images together, a standard normal distribution.",
        "Mean and variance of each active coordinate over test images; area under the ROC curve "
        "(AUC) of a classifier that tells codes from draws of N(0, I).",
        "Means within 0.1 of 0, variances in 0.8 to 1.2, and AUC below 0.60.",
        "AUC above 0.75.",
        posterior_is_standard_normal,
        headline=True,
    ),
    Claim(
        19,
        "C",
        "So a draw from N(0, I) decodes to a meaningful image.",
        "Garbage rate of 10,000 decoded draws.",
        "At most 30 %.",
        "At least 60 %.",
        draws_are_meaningful,
    ),
    Claim(
        20,
        "C",
        "The code of the VQ-VAE-2 is discrete.",
        "Quantized vectors of all test images against the rows of the codebook, bit for bit.",
        "Every vector equals a row, and no more different ones than rows occur.",
        "Any vector differs.",
        codes_are_discrete,
    ),
    Claim(
        21,
        "C",
        "Codes avoid the loss of quality that the VAE's normal distribution brings.",
        "Test error and sharpness of the VQ-VAE-2 and of a VAE at as many bits, its KL.",
        "The VQ-VAE-2 is better on both.",
        "The VAE is better on either.",
        codes_keep_quality,
    ),
)
