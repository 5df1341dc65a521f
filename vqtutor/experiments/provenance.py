"""Where a result comes from: what is needed to make it again and to judge it."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Iterable
from dataclasses import asdict, dataclass, is_dataclass
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Any

import vqtutor
from vqtutor.experiments.plain import rounded, to_plain

PACKAGES = ("torch", "torchvision", "numpy", "scikit-learn")


@dataclass(frozen=True)
class Provenance:
    """How one result came about; stored beside its numbers."""

    experiment: str
    config: dict[str, Any]
    data: str
    seed: int
    device: str
    versions: dict[str, str]  # of Python, this package and the packages that compute
    commit: str  # of this package's repository; "-dirty" with changes on top; "unknown" outside one
    seconds: float  # wall clock: training of the networks it looks at, and measuring
    date: str  # day of the run, year-month-day
    command: str = ""  # what a reader types to get the same; empty for a run from Python

    @classmethod
    def collect(
        cls,
        experiment: str,
        *,
        config: Any,
        data: str,
        seed: int,
        device: object,
        seconds: float,
        command: str = "",
    ) -> Provenance:
        """Fill in versions, commit and date. `config` is a dictionary or a dataclass."""
        config = asdict(config) if is_dataclass(config) and not isinstance(config, type) else config
        return cls(
            experiment=experiment,
            config=to_plain(dict(config), "config"),
            data=data,
            seed=seed,
            device=str(device),
            versions=installed_versions(),
            commit=current_commit(),
            seconds=rounded(seconds),
            date=date.today().isoformat(),
            command=command,
        )

    @classmethod
    def of_stored(cls, name: str, scale: str, command: str = "") -> Provenance:
        """Of what is made of stored results only: the ledger, the list of runs."""
        return cls.collect(
            name,
            config={"scale": scale},
            data="all",
            seed=0,
            device="none",
            seconds=0.0,
            command=command,
        )


def installed_versions() -> dict[str, str]:
    """Versions of Python, vqtutor and the packages in `PACKAGES`."""
    versions = {"python": platform.python_version(), "vqtutor": vqtutor.__version__}
    return versions | package_versions(PACKAGES)


def package_versions(names: Iterable[str]) -> dict[str, str]:
    """Version of each package; "missing" for an absent one."""
    versions = {}
    for name in names:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "missing"
    return versions


def current_commit(package: Path = Path(__file__).parents[1]) -> str:
    """Commit of the checkout that `package` is tracked in, with "-dirty" if its code was changed.

    Stored results do not count as changes: a run writes them. "unknown" outside a checkout, also
    where the package only lies inside somebody else's (a virtual environment in a project).
    """

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(package), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    try:
        git("ls-files", "--error-unmatch", "__init__.py")  # fails where it is not tracked
        commit = git("rev-parse", "HEAD")
        changes = git("status", "--porcelain", "--", ".", ":(exclude)results")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{commit}-dirty" if changes else commit
