"""Copy a run's results into the package, without any picture of the data set itself.

    python -m vqtutor.experiments.shipping results/mnist-full

The package shows what our networks make; images of a data set stay where they were downloaded from.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from vqtutor.experiments import results
from vqtutor.experiments.beta import BetaSweep
from vqtutor.experiments.bottleneck import Bottleneck
from vqtutor.experiments.budgets import Budgets
from vqtutor.experiments.classification import Classification
from vqtutor.experiments.codebooks import Codebooks
from vqtutor.experiments.coordinates import Coordinates
from vqtutor.experiments.disturbance import Disturbance
from vqtutor.experiments.ensemble import Ensemble
from vqtutor.experiments.generation import Generation
from vqtutor.experiments.hierarchy import Hierarchy
from vqtutor.experiments.identities import Identities
from vqtutor.experiments.posterior import AggregatePosteriors
from vqtutor.experiments.priors import Priors
from vqtutor.experiments.reconstruction import Reconstruction
from vqtutor.experiments.transformation import Transformation
from vqtutor.experiments.warmup import Warmup

RESULTS: dict[str, type] = {
    "warmup": Warmup,
    "warmup-original": Warmup,
    "ensemble": Ensemble,
    "bottleneck": Bottleneck,
    "disturbance": Disturbance,
    "reconstruction": Reconstruction,
    "beta": BetaSweep,
    "posterior": AggregatePosteriors,
    "budgets": Budgets,
    "coordinates": Coordinates,
    "coordinates-controls": Coordinates,
    "transformation": Transformation,
    "transformation-original": Transformation,
    "classification": Classification,
    "classification-original": Classification,
    "generation": Generation,
    "generation-original": Generation,
    "identities": Identities,
    "codebooks": Codebooks,
    "hierarchy": Hierarchy,
    "priors": Priors,
}
FROM_THE_DATA = ("original", "originals", "mistakes")  # fields that hold images of the data set


def without_data(result: Any) -> Any:
    """`result` with every array of data set images emptied, (0, C, H, W)."""
    if isinstance(result, dict):
        return {name: without_data(value) for name, value in result.items()}
    if not is_dataclass(result) or isinstance(result, type):
        return result
    changes: dict[str, Any] = {}
    for field in fields(result):
        value = getattr(result, field.name)
        if field.name in FROM_THE_DATA:
            changes[field.name] = value.reshape(-1, *value.shape[-3:])[:0]
        elif field.name == "real" and value is not None:  # real images, scored like generated ones
            changes[field.name] = replace(value, images=value.images[:0])
        else:
            changes[field.name] = without_data(value)
    return replace(result, **changes)


def ship(run: Path, package: Path | None = None) -> list[Path]:
    """Copy the results in the folder `run` to a folder of that name; return what was written."""
    package = Path(__file__).parents[1] / "results" if package is None else package
    found = [name for name in RESULTS if (run / f"{name}.json").is_file()]
    if not found:
        raise FileNotFoundError(
            f"there are no results in {run}; `python -m vqtutor.experiments all` makes some."
        )
    written = []
    for name in found:
        kind: Any = RESULTS[name]
        result, provenance = results.load(kind, run, name)
        written.append(results.save(without_data(result), package / run.name, name, provenance))
    if (run / "bottleneck.csv").is_file():
        shutil.copy(run / "bottleneck.csv", package / run.name)
    return written


if __name__ == "__main__":
    for path in ship(Path(sys.argv[1])):
        print(path)
