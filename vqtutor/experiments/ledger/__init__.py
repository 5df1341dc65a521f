"""The ledger: 75 claims of the original project, each held against measured numbers."""

from __future__ import annotations

from pathlib import Path

from vqtutor.experiments.ledger import (
    autoencoder,
    classification,
    codebooks,
    convolutions,
    coordinates,
    generation,
    models,
    pipeline,
    reconstruction,
    transformation,
)
from vqtutor.experiments.ledger.core import (
    Claim,
    Evidence,
    Finding,
    Ledger,
    Missing,
    Row,
    Verdict,
    build,
    decide,
    write,
)
from vqtutor.experiments.provenance import Provenance
from vqtutor.experiments.seeds import Figure, figure

__all__ = [
    "CLAIMS",
    "Claim",
    "Evidence",
    "Figure",
    "Finding",
    "Ledger",
    "Missing",
    "Row",
    "Verdict",
    "build",
    "decide",
    "figure",
    "write_ledger",
]

CLAIMS: tuple[Claim, ...] = tuple(
    sorted(
        (
            *convolutions.CLAIMS,
            *autoencoder.CLAIMS,
            *models.CLAIMS,
            *pipeline.CLAIMS,
            *codebooks.CLAIMS,
            *reconstruction.CLAIMS,
            *coordinates.CLAIMS,
            *transformation.CLAIMS,
            *classification.CLAIMS,
            *generation.CLAIMS,
        ),
        key=lambda claim: claim.number,
    )
)


def write_ledger(folder: str | Path, evidence: Evidence, command: str = "") -> Ledger:
    """Decide every claim and write folder/ledger.json and folder/ledger.csv."""
    ledger = build(CLAIMS, evidence)
    write(ledger, folder, Provenance.of_stored("ledger", evidence.scale, command))
    return ledger
