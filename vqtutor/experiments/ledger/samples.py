"""What the claims about generated images have in common: scores by name, and their intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from vqtutor.experiments.generation import Generation, GenerationScores
from vqtutor.experiments.ledger.core import Evidence, Finding, Missing
from vqtutor.experiments.seeds import Figure, figure
from vqtutor.metrics import wilson_interval

OURS, ORIGINAL = "generation", "generation-original"  # experiments
UNIFORM, AE_NORMAL, AE_MIXTURE = "AE, U(-1, 1)", "AE, N(0, 1)", "AE, mixture"
VAE_NORMAL, VAE_MIXTURE = "VAE, N(0, 1)", "VAE, mixture"
PRIOR, REFUSING = "VQ-VAE-2, PixelCNN", "VQ-VAE-2, PixelCNN, refusing"
OTHERS = (UNIFORM, AE_NORMAL, AE_MIXTURE, VAE_NORMAL, VAE_MIXTURE)  # all ways of the two others
Score = Callable[[GenerationScores], float | None]


class Interval(NamedTuple):
    """95 % of what a number may be."""

    low: float
    high: float

    def below(self, other: Interval) -> bool:
        """Whether all of it lies below all of the other."""
        return self.high < other.low


def around(value: float | None, error: float | None) -> Interval:
    """The interval of a value with a standard error. Missing where there is none."""
    if value is None or error is None:
        raise Missing("`python -m vqtutor.experiments generation` on data with labels")
    return Interval(value - 1.96 * error, value + 1.96 * error)


def share(value: float | None, count: int) -> Interval:
    """Wilson interval of a share of `count` images. Missing where there is none."""
    if value is None or count < 1:
        raise Missing("`python -m vqtutor.experiments generation` on data with labels")
    return Interval(*wilson_interval(round(value * count), count))


def garbage(scores: GenerationScores) -> Interval:
    """Of the share that looks like nothing real."""
    return share(scores.garbage_rate, scores.num_images)


def frechet(scores: GenerationScores) -> Interval:
    """Of the Fréchet distance to test images."""
    return around(scores.frechet, scores.frechet_error)


def kernel(scores: GenerationScores) -> Interval:
    """Of the kernel distance to test images."""
    return around(scores.kernel, scores.kernel_error)


def sharpness(scores: GenerationScores) -> Interval:
    """Of the gradient relative to that of test images."""
    return around(scores.sharpness, scores.sharpness_error)


QUANTITIES: dict[str, Score] = {
    "garbage": lambda s: s.garbage_rate,
    "Fréchet": lambda s: s.frechet,
    "kernel": lambda s: s.kernel,
    "sharpness": lambda s: s.sharpness,
    "precision": lambda s: s.precision,
    "recall": lambda s: s.recall,
    "copies": lambda s: None if s.novelty is None else s.novelty.copies,
    "label right": lambda s: s.accuracy,
    "worst class right": lambda s: None if s.class_accuracy is None else min(s.class_accuracy),
    "teaches": lambda s: s.taught_accuracy,
    "accepted": lambda s: s.accepted,
    "neighbor correlation": lambda s: s.texture.neighbor_correlation.value if s.texture else None,
    "spectrum slope": lambda s: s.texture.spectrum_slope if s.texture else None,
    "fine energy": lambda s: s.texture.fine_energy.value if s.texture else None,
    "Fréchet to reconstructions": lambda s: s.frechet_rebuilt,
    "surest answer": lambda s: s.sureness.median if s.sureness else None,
    "entropy, bits": lambda s: s.sureness.entropy.value if s.sureness else None,
}


def stored(evidence: Evidence, data: str = "mnist") -> list[Generation]:
    """Our networks' results, one per seed."""
    return evidence.all(Generation, OURS, data)


def scores_of(result: Generation, name: str) -> GenerationScores:
    """One way of making images. Missing if it was left out."""
    if name not in result.scores:
        raise Missing(f"{name} in the results of `python -m vqtutor.experiments generation`")
    return result.scores[name]


def each(results: Sequence[Generation], name: str) -> list[GenerationScores]:
    """The same way, by seed."""
    return [scores_of(result, name) for result in results]


def over_seeds(scores: Sequence[GenerationScores | None], quantity: str) -> Figure | None:
    """One quantity over seeds; None where some seed lacks it."""
    known = [QUANTITIES[quantity](one) for one in scores if one is not None]
    values = [value for value in known if value is not None]
    return figure(values) if values and len(values) == len(scores) else None


def values_of(
    results: Sequence[Generation], names: Sequence[str], quantities: Sequence[str]
) -> dict[str, Figure]:
    """Quantities of some ways, as "way: quantity"; what was not measured is left out."""
    found: dict[str, Figure] = {}
    for name in names:
        ways = [result.scores.get(name) for result in results]
        for quantity in quantities:
            value = over_seeds(ways, quantity)
            if value is not None:
                found[f"{name}: {quantity}"] = value
    return found


def of_the_original(
    evidence: Evidence, names: Sequence[str], quantities: Sequence[str]
) -> dict[str, Figure]:
    """The same of the networks with the original's sizes, where that run is stored."""
    results = evidence.optional(Generation, ORIGINAL)
    return values_of(results, names, quantities) if results else {}


def floor(results: Sequence[Generation], quantity: str) -> Figure | None:
    """Of real images."""
    return over_seeds([result.real for result in results], quantity)


def ceiling(results: Sequence[Generation], quantity: str) -> Figure | None:
    """Of uniform noise."""
    return over_seeds([result.noise for result in results], quantity)


def judged_by(
    judge: Callable[[Evidence], Finding], data: str, least: float
) -> Callable[[Evidence], Finding]:
    """The same, with a note on how far the classifier that looked at the images can be trusted.

    least : accuracy on test images that was planned for.
    """

    def judged(evidence: Evidence) -> Finding:
        found = judge(evidence)
        reports = [result.judge for result in stored(evidence, data)]
        known = [report for report in reports if report and report.accuracy is not None]
        if not known:
            return found
        accuracy = figure([report.accuracy or 0.0 for report in known])
        temperature = figure([report.temperature for report in known])
        note = f"The judge gets {accuracy.mean:.2%} of the test images right"
        if accuracy.mean < least:
            note += f", less than the {least:.1%} that were planned for"
        note += f"; its logits are divided by {temperature.mean:.2f}, chosen on validation images."
        return replace(found, note=f"{found.note} {note}".strip())

    return judged


def best_of_all(result: Generation, measure: Callable[[GenerationScores], Interval]) -> bool:
    """Whether the prior's images are below every way of AE and VAE, intervals apart."""
    mine = measure(scores_of(result, PRIOR))
    return all(mine.below(measure(scores_of(result, name))) for name in OTHERS)


def beaten(result: Generation, measure: Callable[[GenerationScores], Interval]) -> bool:
    """Whether some way of AE or VAE is below the prior's images, intervals apart."""
    mine = measure(scores_of(result, PRIOR))
    return any(measure(scores_of(result, name)).below(mine) for name in OTHERS)
