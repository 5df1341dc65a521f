"""Section B, first half: what a bottleneck of 2 to 128 numbers costs, claims 7 to 12."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TypeVar

from vqtutor.experiments.bottleneck import Bottleneck
from vqtutor.experiments.bottleneck_table import sizes_of, table_of
from vqtutor.experiments.ledger.core import Claim, Evidence, Finding, Missing, decide
from vqtutor.experiments.plain import to_plain
from vqtutor.experiments.seeds import Figure, figure
from vqtutor.experiments.sizes import Gain, SizeResult

Value = TypeVar("Value")
CLAIMED = (2, 4, 8, 16, 32)  # sizes that the original speaks of; its code ran 64 and 128 as well
ALL = (*CLAIMED, 64, 128)
NORMAL = 1.96  # half a 95 % interval in standard errors
CLEAR = 2.0  # standard errors that a doubling must gain


def linked_rebuilds(evidence: Evidence) -> Finding:
    """Claim 7."""
    results = studies(evidence)
    found = [result.linked for result in results]
    judged = [known(one.accuracy_interval, "the judge's accuracy") for one in found]
    errors = [NORMAL * known(one.mse_error, "the error of the MSE") for one in found]
    pairs = list(zip(found, errors, judged, strict=True))
    verdict = decide(
        [one.test_mse + e <= 0.010 and low >= 0.97 for one, e, (low, _) in pairs],
        [one.test_mse - e > 0.02 or high < 0.90 for one, e, (_, high) in pairs],
    )
    cause = {
        "confirmed": "Numbers for a sixth of the pixels keep nearly all of a digit.",
        "refuted": "The fully connected network does not get near the image.",
        "undecided": "It rebuilds the digits, but not as well as the threshold asks.",
    }
    values = {
        "MSE": figure([one.test_mse for one in found]),
        "judge right": figure([known(one.accuracy, "the accuracy") for one in found]),
    }
    return Finding(verdict, values, floor=judge_on_originals(results), cause=cause[verdict])


def curves_tell_overfitting(evidence: Evidence) -> Finding:
    """Claim 8."""
    results = studies(evidence)
    refuted = [any(one.ratio > 1.3 for one in sizes(result, ALL)) for result in results]
    small = [all(one.ratio <= 1.15 for one in sizes(result, CLAIMED)) for result in results]
    verdict = decide([a and not b for a, b in zip(small, refuted, strict=True)], refuted)
    values = by_size(results, ALL, "test/train", lambda one: one.ratio)
    watched = all(one.test_curve for result in results for one in sizes(result, ALL))
    values |= by_size(
        results,
        ALL,
        "epoch of the lowest test error" if watched else "epoch of the lowest validation error",
        lambda one: 1.0 + (one.best_epoch if one.epoch_on_test is None else one.epoch_on_test),
    )
    cause = {
        "confirmed": "A code this short cannot store the training images.",
        "refuted": "A code this long lets the network learn training images by heart.",
        "undecided": "Some overfitting, more than for nothing and less than serious.",
    }
    note = "" if watched else "Validation images in place of test images: no test curve is stored."
    return Finding(verdict, values, cause=cause[verdict], note=note)


def error_falls(evidence: Evidence) -> Finding:
    """Claim 9."""
    results = studies(evidence)
    gains = [gains_of(result, "mse", CLAIMED) for result in results]
    better = [all(one.test_mse < one.pca_mse for one in sizes(r, CLAIMED)) for r in results]
    clear = [all(gain.value > CLEAR * gain.error for gain in found) for found in gains]
    verdict = decide(
        [a and b for a, b in zip(clear, better, strict=True)],
        [any(gain.value <= 0 for gain in found) for found in gains],
    )
    cause = {
        "confirmed": "Every number more is used, and better than PCA uses it.",
        "refuted": "A larger code was not better.",
        "undecided": "Not every doubling is clear of the noise, or PCA is as good.",
    }
    values = by_size(results, ALL, "MSE", lambda one: one.test_mse)
    values |= by_size(results, ALL, "PCA", lambda one: one.pca_mse)
    note = "Control: the error must also be below that of PCA with as many numbers."
    return Finding(verdict, values, cause=cause[verdict], note=note)


def benefit_flattens(evidence: Evidence) -> Finding:
    """Claim 10."""
    results = studies(evidence)
    ratios = []
    for result in results:
        errors = [one.test_mse for one in sizes(result, ALL)]
        ratios.append([a / b for a, b in pairwise(errors)])
    verdict = decide(
        [found[-1] < found[-2] for found in ratios], [rises(found) for found in ratios]
    )
    cause = {
        "confirmed": "Once the code holds the digit, the decoder limits the picture.",
        "refuted": "Each doubling pays at least as much as the one before.",
        "undecided": "The benefit neither falls at the end nor rises all the way.",
    }
    values = {
        f"MSE({size}) / MSE({2 * size})": figure([found[i] for found in ratios])
        for i, size in enumerate(ALL[:-1])
    }
    note = "Flattening after some size of at most 32: the ratio at 64 lies below that at 32."
    return Finding(verdict, values, cause=cause[verdict], note=note)


def rises(values: Sequence[float]) -> bool:
    """Whether no value is below the one before."""
    return all(a <= b for a, b in pairwise(values))


def pictures_get_better(evidence: Evidence) -> Finding:
    """Claim 11."""
    results = studies(evidence)
    confirmed, refuted = [], []
    for result in results:
        gains = gains_of(result, "ssim", CLAIMED) + gains_of(result, "accuracy", CLAIMED)
        two, sixteen = (
            known(one.accuracy_interval, "the judge's accuracy") for one in sizes(result, (2, 16))
        )
        monotone = all(gain.value >= 0 for gain in gains)
        confirmed.append(monotone and sixteen[0] - two[1] >= 0.10)
        refuted.append(any(gain.value < -CLEAR * gain.error for gain in gains))
    verdict = decide(confirmed, refuted)
    cause = {
        "confirmed": "What a larger code adds is what the judge and the eye look for.",
        "refuted": "A larger code made worse pictures.",
        "undecided": "Better on the whole; some step is within the noise or too small.",
    }
    values = by_size(results, ALL, "SSIM", lambda one: known(one.ssim, "SSIM"))
    values |= by_size(results, ALL, "judge right", lambda one: known(one.accuracy, "accuracy"))
    note = "A fall counts against the claim beyond 2 standard errors of the paired difference."
    floor = judge_on_originals(results)
    return Finding(verdict, values, floor=floor, cause=cause[verdict], note=note)


def table_is_complete(evidence: Evidence) -> Finding:
    """Claim 12."""
    results = studies(evidence)
    whole = []
    for result in results:
        complete = all(
            len(one.train_mse) == len(one.validation_mse) > one.best_epoch for one in result.sizes
        )
        # To the last digit that is kept, of all that the curves and bars are drawn from.
        whole.append(complete and rebuilt(result.sizes) == to_plain(result.sizes))
    verdict = decide(whole, [not one for one in whole])
    cause = {
        "confirmed": "Curves and sizes are drawn from the table as well as from the results.",
        "refuted": "A plotted value is not in the table.",
        "undecided": "The table of some seed is not complete.",
    }
    values = {
        "rows": figure([float(sum(len(s.train_mse) for s in r.sizes)) for r in results]),
        "networks": figure([float(len(result.sizes)) for result in results]),
    }
    if all(one.test_curve for result in results for one in result.by_size.values()):
        values["lowest over chosen test error"] = figure([optimism(r) for r in results])
    note = "The original chose the epoch on the test images; here it is chosen on validation."
    return Finding(verdict, values, cause=cause[verdict], note=note)


def rebuilt(found: tuple[SizeResult, ...]) -> object:
    """The networks as they come back from the table."""
    return to_plain(sizes_of(table_of(found)))


def optimism(result: Bottleneck) -> float:
    """Test error at the epoch chosen on test over that chosen on validation, mean of sizes."""
    ratios = [
        min(one.test_curve) / one.test_curve[one.best_epoch] for one in result.by_size.values()
    ]
    return math.fsum(ratios) / len(ratios)


# --- taking results apart ------------------------------------------------------------------------


def studies(evidence: Evidence) -> list[Bottleneck]:
    return evidence.all(Bottleneck, "bottleneck")


def sizes(result: Bottleneck, wanted: Sequence[int]) -> list[SizeResult]:
    """The convolutional networks of these sizes. Missing where one was not trained."""
    if absent := [size for size in wanted if size not in result.by_size]:
        raise Missing(
            f"sizes {absent} in the results of `python -m vqtutor.experiments bottleneck`"
        )
    return [result.by_size[size] for size in wanted]


def gains_of(result: Bottleneck, name: str, wanted: Sequence[int]) -> list[Gain]:
    """What each size but the first gains over the one before."""
    return [known(one.gains.get(name), f"gains in {name}") for one in sizes(result, wanted)[1:]]


def by_size(
    results: Sequence[Bottleneck],
    wanted: Sequence[int],
    name: str,
    value: Callable[[SizeResult], float],
) -> dict[str, Figure]:
    """One figure per size, over seeds."""
    per_seed = [sizes(result, wanted) for result in results]
    return {
        f"{name}, D = {size}": figure([value(found[i]) for found in per_seed])
        for i, size in enumerate(wanted)
    }


def judge_on_originals(results: Sequence[Bottleneck]) -> Figure:
    """The judge's accuracy on the test images themselves."""
    return figure(
        [known(result.original_accuracy, "the judge on real images") for result in results]
    )


def known(value: Value | None, what: str) -> Value:
    """`value`, which results of an older version lack. Missing says so."""
    if value is None:
        raise Missing(f"{what} in the results of `python -m vqtutor.experiments bottleneck`")
    return value


CLAIMS = (
    Claim(
        7,
        "B",
        "The fully connected autoencoder of the linked article rebuilds the digits.",
        "squared error per pixel and the judge's accuracy on rebuilt test images",
        "MSE at most 0.010 and the judge right for at least 97 %",
        "MSE above 0.02 or the judge right for less than 90 %",
        linked_rebuilds,
    ),
    Claim(
        8,
        "B",
        "Curves of training and test loss over 100 epochs, one pair per latent size, show how "
        "training behaves: none of these networks overfits seriously.",
        "test error over training error at the last epoch, sizes 2 to 128",
        "at most 1.15 for every size up to 32",
        "above 1.3 for any size",
        curves_tell_overfitting,
    ),
    Claim(
        9,
        "B",
        "The lowest loss falls as the latent grows from 2 to 32 numbers.",
        "squared error per pixel on test images at the epoch chosen on validation images",
        "every doubling lowers the error by more than 2 standard errors",
        "any doubling fails to lower it",
        error_falls,
        seeds=5,
        headline=True,
    ),
    Claim(
        10,
        "B",
        "What a larger latent gains gets less and less.",
        "ratio of the error at one size to the error at twice that size",
        "the ratio decreases after some size of at most 32",
        "the ratio is constant or rising up to 128",
        benefit_flattens,
    ),
    Claim(
        11,
        "B",
        "The rebuilt pictures get better as the latent grows from 2 to 32 numbers.",
        "structural similarity and the judge's accuracy on rebuilt test images",
        "both rise with every doubling, and accuracy by at least 10 points from 2 to 16 numbers",
        "any of the two falls at a doubling",
        pictures_get_better,
    ),
    Claim(
        12,
        "B",
        "One table holds all results of the study of sizes.",
        "whether sizes, epochs, best epoch, best loss and all plotted curves come back from the "
        "CSV file to the last digit",
        "the same values",
        "any plotted value is missing",
        table_is_complete,
    ),
)
