"""A claim, the numbers that decide it, and the table of all verdicts.

The original project drew its conclusions from one run and a few pictures. Here each of them is a
`Claim`: a sentence, a metric, two thresholds fixed before anything was measured, and a function
from stored results to a `Finding`. A verdict is only ever computed.
"""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from vqtutor.checkpoint import write_whole
from vqtutor.experiments import results, seeds
from vqtutor.experiments.seeds import Figure

Verdict = Literal["confirmed", "refuted", "undecided", "not tested"]
Result = TypeVar("Result")

# Other names under which the same images may have been measured, in order of preference.
ALSO = {"cifar10": ("cifar10", "cifar10-jpeg")}


@dataclass(frozen=True)
class Finding:
    """What the results say about a claim."""

    verdict: Verdict
    values: dict[str, Figure]  # by model or way of measuring
    floor: Figure | None = None  # the same of real images
    ceiling: Figure | None = None  # the same of noise
    cause: str = ""  # one line: why it came out so
    note: str = ""  # which rule it was held to, and what deviates from the plan


@dataclass(frozen=True)
class Claim:
    """One statement that can fail."""

    number: int
    section: str  # "A" to "J"
    statement: str  # one sentence, understandable alone
    metric: str  # what is measured
    confirmed_if: str
    refuted_if: str
    judge: Callable[[Evidence], Finding]
    seeds: int = 3  # how many the plan asks for
    headline: bool = False


class Missing(LookupError):
    """A result that a claim needs is not stored; the text says what would make it."""


@dataclass(frozen=True)
class Evidence:
    """All stored results of one scale, for every data set and seed.

    folder : holds `mnist-full`, `mnist-full-seed1`, ... as the command line writes them.
    given : results that take the place of files, by (experiment, data set), one per seed.
    """

    folder: str | Path = "results"
    scale: str = "full"
    given: Mapping[tuple[str, str], Sequence[Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, data: str = "mnist", **found: Sequence[Any]) -> Evidence:
        """Evidence in memory: `Evidence.of(warmup=[first, second])`, one result per seed."""
        return cls(given={(name, data): given for name, given in found.items()})

    def all(self, cls: type[Result], name: str, data: str = "mnist") -> list[Result]:
        """Results of experiment `name`, instances of `cls`, by seed; Missing if there is none."""
        return list(self.by_seed(cls, name, data).values())

    def optional(self, cls: type[Result], name: str, data: str = "mnist") -> list[Result]:
        """The same, but nothing where there is none: for values that no verdict depends on."""
        try:
            return self.all(cls, name, data)
        except Missing:
            return []

    def by_seed(self, cls: type[Result], name: str, data: str = "mnist") -> dict[int, Result]:
        """The same by number of the seed: two experiments may have been run with different ones."""
        found: dict[int, Result] = dict(enumerate(self.given.get((name, data), ())))
        if not self.given:
            for known_as in reversed(ALSO.get(data, (data,))):
                with contextlib.suppress(FileNotFoundError):
                    found |= seeds.load(cls, self.run(known_as), name)
        if not found:
            command = f"python -m vqtutor.experiments {name} --data {data} --scale {self.scale}"
            raise Missing(f"`{command}`")
        return dict(sorted(found.items()))

    def run(self, data: str) -> Path:
        """The folder with results of a data set and seed 0, which need not be there."""
        return Path(self.folder) / f"{data}-{self.scale}"


@dataclass(frozen=True)
class Row:
    """A claim and what was found, as the ledger keeps it. The fields are those of the two."""

    number: int
    section: str
    statement: str
    metric: str
    confirmed_if: str
    refuted_if: str
    verdict: Verdict
    values: dict[str, Figure]
    floor: Figure | None
    ceiling: Figure | None
    cause: str
    note: str
    planned_seeds: int
    headline: bool


@dataclass(frozen=True)
class Ledger:
    """Every claim, by number."""

    rows: tuple[Row, ...]

    def count(self, verdict: Verdict) -> int:
        """How many claims got this verdict."""
        return sum(row.verdict == verdict for row in self.rows)


def decide(confirmed: Sequence[bool], refuted: Sequence[bool]) -> Verdict:
    """The verdict of what each seed says of the two thresholds; "undecided" unless all agree.

    ValueError without seeds, or for a seed that says both.
    """
    if not confirmed or len(confirmed) != len(refuted):
        raise ValueError(
            f"both thresholds need one answer per seed, got {len(confirmed)} and {len(refuted)}."
        )
    if any(yes and no for yes, no in zip(confirmed, refuted, strict=True)):
        raise ValueError(f"a seed cannot both confirm and refute: {confirmed} and {refuted}.")
    if all(confirmed):
        return "confirmed"
    return "refuted" if all(refuted) else "undecided"


def build(claims: Iterable[Claim], evidence: Evidence) -> Ledger:
    """Ask every claim's judge. A claim whose results are missing is not tested, and says why."""
    return Ledger(tuple(_row(claim, evidence) for claim in claims))


def _row(claim: Claim, evidence: Evidence) -> Row:
    try:
        found = claim.judge(evidence)
    except Missing as missing:
        found = Finding("not tested", {}, note=f"Missing: {missing}.")
    counts = sorted({value.seeds for value in found.values.values()})
    if found.verdict != "not tested" and counts and counts[0] < claim.seeds:
        held = " to ".join(dict.fromkeys((str(counts[0]), str(counts[-1]))))
        note = f"{held} of {claim.seeds} planned seeds. {found.note}"
        found = replace(found, note=note.strip())
    taken = {name.name: getattr(found, name.name) for name in fields(Finding)}
    kept = {
        name.name: getattr(claim, name.name)
        for name in fields(Claim)
        if name.name not in ("judge", "seeds")
    }
    return Row(**kept, **taken, planned_seeds=claim.seeds)


def as_csv(ledger: Ledger) -> str:
    """The ledger as a table with one line per claim; values as text with their spread."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [column.name for column in fields(Row)], lineterminator="\n")
    writer.writeheader()
    for row in ledger.rows:
        cells = {column.name: getattr(row, column.name) for column in fields(Row)}
        cells["values"] = "; ".join(f"{name}: {value}" for name, value in row.values.items())
        writer.writerow({name: "" if cell is None else str(cell) for name, cell in cells.items()})
    return text.getvalue()


def write(ledger: Ledger, folder: str | Path, provenance: results.Provenance) -> list[Path]:
    """Write folder/ledger.json, which `results.load` reads again, and folder/ledger.csv."""
    path = results.save(ledger, folder, "ledger", provenance)
    write_whole(path.with_suffix(".csv"), as_csv(ledger).encode())
    return [path, path.with_suffix(".csv")]
