"""Interleaved timing, the table of ratios, and the file they are kept in."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vqtutor.checks import check_positive
from vqtutor.experiments.results import Provenance, save


@dataclass(frozen=True)
class Options:
    """What every benchmark is told."""

    threads: int = 1
    runs: int | None = None  # of each competitor; None: the benchmark's own number
    root: Path | None = None  # the folder that holds torchvision's MNIST/


@dataclass(frozen=True)
class Row:
    """One line of the table: a figure, measured several times, and what it should be."""

    what: str
    threads: int
    values: tuple[float, ...]  # one per pair; empty: not measured, and `note` says why
    median: float | None
    low: float | None  # the smallest of `values`
    high: float | None  # the largest of `values`
    unit: str = "x"  # "x": a ratio
    target: float | None = None
    at_most: bool = False  # whether `target` is an upper limit; otherwise the least
    seconds: dict[str, float] = field(default_factory=dict)  # median of each competitor
    note: str = ""

    @property
    def verdict(self) -> str:
        """ "met", "missed", or nothing without a target or a measurement."""
        if self.target is None or self.median is None:
            return ""
        reached = self.median <= self.target if self.at_most else self.median >= self.target
        return "met" if reached else "missed"


@dataclass(frozen=True)
class Report:
    """Everything that was measured in one run."""

    rows: tuple[Row, ...]


def interleave(
    competitors: Mapping[str, Callable[[], object]],
    runs: int,
    *,
    warmups: int = 1,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, list[float]]:
    """Seconds of each run of each competitor, called in turns: A B A B …, after `warmups` rounds.

    The garbage of one is collected before the clock of the next one starts.
    """
    check_positive(runs=runs)
    seconds: dict[str, list[float]] = {name: [] for name in competitors}
    for turn in range(warmups + runs):
        for name, run in competitors.items():
            gc.collect()
            started = clock()
            run()
            elapsed = clock() - started
            if turn >= warmups:
                seconds[name].append(elapsed)
    return seconds


def row(
    what: str,
    values: Sequence[float],
    threads: int,
    *,
    unit: str = "x",
    target: float | None = None,
    at_most: bool = False,
    seconds: Mapping[str, Sequence[float]] | None = None,
    note: str = "",
) -> Row:
    """A `Row` of these values, with their median and range. Without any it was not measured."""
    return Row(
        what,
        threads,
        tuple(values),
        statistics.median(values) if values else None,
        min(values, default=None),
        max(values, default=None),
        unit,
        target,
        at_most,
        {name: statistics.median(each) for name, each in (seconds or {}).items()},
        note,
    )


def ratio_row(
    what: str,
    seconds: Mapping[str, Sequence[float]],
    slow: str,
    fast: str,
    threads: int,
    *,
    target: float | None = None,
    at_most: bool = False,
    note: str = "",
) -> Row:
    """How many times as long `slow` took as `fast`, pair by pair. Targets are for one thread."""
    ratios = [a / b for a, b in zip(seconds[slow], seconds[fast], strict=True)]
    return row(
        what,
        ratios,
        threads,
        target=target if threads == 1 else None,
        at_most=at_most,
        seconds={name: seconds[name] for name in (slow, fast)},
        note=note,
    )


def table(rows: Sequence[Row]) -> str:
    """The rows as text, aligned: figure, range, target, verdict; notes below their rows."""
    heads = ("what", "threads", "median", "min-max", "target", "")
    cells = [heads, *(_cells(line) for line in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(heads))]
    lines = []
    for number, line in enumerate(cells):
        first, *others = zip(line, widths, strict=True)
        padded = [first[0].ljust(first[1]), *(text.rjust(width) for text, width in others)]
        lines.append("  ".join(padded).rstrip())
        if number and rows[number - 1].note:
            lines.append(f"    {rows[number - 1].note}")
    return "\n".join(lines)


def _cells(line: Row) -> tuple[str, ...]:
    if line.median is None:
        return line.what, str(line.threads), "not measured", "", _target(line), ""
    spread = f"{line.low:.4g}-{line.high:.4g}" if len(line.values) > 1 else ""
    median = f"{line.median:.4g} {line.unit}".strip()
    return line.what, str(line.threads), median, spread, _target(line), line.verdict


def _target(line: Row) -> str:
    if line.target is None:
        return ""
    return f"{'≤' if line.at_most else '≥'} {line.target:g}"


def write(report: Report, path: Path, provenance: Provenance) -> Path:
    """Write `report` as JSON, with where it comes from. ValueError unless `path` ends in .json."""
    if path.suffix != ".json":
        raise ValueError(f"--out must name a file ending in .json, got {path}.")
    path.parent.mkdir(parents=True, exist_ok=True)
    return save(report, path.parent, path.stem, provenance)
