"""What has been run at full scale and what has not: one line per data set, seed and experiment.

The list of what is planned stands here; what is stored decides the rest. Each line that is missing
names the command that makes it.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from vqtutor.experiments import results
from vqtutor.experiments.seeds import folders

# Data set and seeds. One seed of everything comes before the second of anything.
PLANNED = (("mnist", (0, 1, 2)), ("cifar10-jpeg", (0,)))


@dataclass(frozen=True)
class Entry:
    """One experiment on one data set with one seed."""

    data: str
    seed: int
    experiment: str
    command: str  # that made it, or would make it
    date: str = ""  # of the run; empty: not run
    commit: str = ""
    device: str = ""
    seconds: float = 0.0  # of training its networks, and of measuring


@dataclass(frozen=True)
class Manifest:
    """Everything planned, in the order in which it is to be run."""

    entries: tuple[Entry, ...]

    @property
    def missing(self) -> tuple[Entry, ...]:
        """What has not been run."""
        return tuple(entry for entry in self.entries if not entry.date)


def take_stock(folder: str | Path, experiments: Iterable[str], scale: str = "full") -> Manifest:
    """Look for every planned result below `folder`, where the command line puts them."""
    experiments = tuple(experiments)
    entries = []
    for data, seeds in PLANNED:
        held = folders(Path(folder) / f"{data}-{scale}")
        for seed in seeds:
            for name in experiments:
                place = held.get(seed)
                if place is not None and (place / f"{name}.json").is_file():
                    entries.append(_done(place, data, seed, name))
                else:
                    entries.append(Entry(data, seed, name, _command(data, seed, name, scale)))
    return Manifest(tuple(entries))


def _done(place: Path, data: str, seed: int, name: str) -> Entry:
    origin = results.origin(place, name)
    return Entry(
        data,
        seed,
        name,
        origin.command,
        date=origin.date,
        commit=origin.commit,
        device=origin.device,
        seconds=origin.seconds,
    )


def _command(data: str, seed: int, name: str, scale: str) -> str:
    # The JPEG copy of CIFAR-10 has no name that `load` knows: it is read from its file.
    source = data if data == "mnist" else f"{data}.npz"
    words = ["python", "-m", "vqtutor.experiments", name, "--data", source, "--scale", scale]
    return shlex.join([*words, *(["--seed", str(seed)] if seed else []), "--resume"])
