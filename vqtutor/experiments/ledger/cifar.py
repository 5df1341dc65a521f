"""What the claims about CIFAR-10 have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from vqtutor.experiments.ledger.core import Claim, Evidence, Finding
from vqtutor.experiments.ledger.samples import judged_by

DATA = "cifar10"
SEEDS = 3  # where five were not planned for


def of_the_copy(judge: Callable[[Evidence], Finding]) -> Callable[[Evidence], Finding]:
    """The same judge, with a note where the images are those of a JPEG copy."""

    def judged(evidence: Evidence) -> Finding:
        found = judge(evidence)
        if evidence.run(DATA).is_dir() or not evidence.run(f"{DATA}-jpeg").is_dir():
            return found
        return replace(found, note=f"On a JPEG copy of CIFAR-10. {found.note}".strip())

    return judged


def claim(
    number: int,
    statement: str,
    metric: str,
    thresholds: tuple[str, str],
    judge: Callable[[Evidence], Finding],
    *,
    seeds: int = SEEDS,
    headline: bool = False,
    looked_at: bool = True,
) -> Claim:
    """A claim about CIFAR-10. looked_at : whether the classifier that judges images takes part."""
    noted = judged_by(judge, DATA, least=0.85) if looked_at else judge
    return Claim(
        number, "J", statement, metric, *thresholds, of_the_copy(noted), seeds, headline=headline
    )
