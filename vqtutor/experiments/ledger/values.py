"""Values of a finding: one figure over the seeds for each number that stands in the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from vqtutor.experiments.seeds import Figure, figure

Result = TypeVar("Result")


def over(found: Sequence[Result], value: Callable[[Result], float]) -> Figure:
    """One value of every result."""
    return figure([float(value(result)) for result in found])


def each(
    found: Sequence[Result], names: Iterable[str], value: Callable[[Result, str], float], what: str
) -> dict[str, Figure]:
    """One value of every result by name: "name, what"."""
    return {
        f"{name}, {what}": figure([float(value(result, name)) for result in found])
        for name in names
    }
