"""What each seed says of a claim, put together, also for the sizes that the original ran."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from vqtutor.experiments.ledger.core import Verdict, decide

ORIGINAL = "VQ-VAE-2 original"  # 4x4 and 2x2 grids of 32 codes for MNIST
Result = TypeVar("Result")
Answers = tuple[bool, bool]  # of one seed: whether it confirms, and whether it refutes


def verdict_of(answers: Iterable[Answers]) -> Verdict:
    """The verdict of all seeds."""
    confirmed, refuted = zip(*answers, strict=True)
    return decide(confirmed, refuted)


def at_original_sizes(results: Sequence[Result], ask: Callable[[Result, str], Answers]) -> str:
    """What the verdict would be for the VQ-VAE-2 of the original's sizes, as a note."""
    if not results:
        return "The original's sizes were not measured."
    return f"At the original's sizes: {verdict_of(ask(one, ORIGINAL) for one in results)}."
