"""The trained models that come with the package, each with its provenance.

`weights/` holds one safetensors file per model and manifest.json:

    {"format": 1, "weights": {NAME: {
        "file": NAME.safetensors, "sha256": of that file, "model": class name,
        "data": name of the data set, "seed": int, "epochs": int, "commit": of the code,
        "metrics": {name: number}, measured on the reloaded file, "command": what trained it}}}

SHA-256 is checked before a file is read: a damaged or exchanged one is an error, not a worse model.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from torch import nn

from vqtutor import checkpoint

FORMAT = 1
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Provenance:
    """Where a set of weights comes from."""

    data: str  # name of the data set
    seed: int
    epochs: int
    commit: str  # of the code that trained it
    metrics: Mapping[str, float]  # unit in the name where there is one, e.g. "test_mse"
    command: str  # what to type to train it again


def names(folder: str | Path | None = None) -> tuple[str, ...]:
    """Names that `load` takes, sorted. `folder`: other weights than the package's own."""
    with _opened(folder) as place:
        return tuple(sorted(_entries(place)))


def load(name: str, folder: str | Path | None = None) -> nn.Module:
    """The trained model `name` on the CPU, in eval mode.

    ValueError for an unknown name (those available are listed) or a file that is not, byte for
    byte, what the manifest promises; FileNotFoundError where it is missing.
    """
    with _opened(folder) as place:
        entry = _entry(place, name)
        path = place / entry["file"]
        if not path.is_file():
            raise FileNotFoundError(f"{path} is missing; reinstall vqtutor.")
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != entry["sha256"]:
            raise ValueError(
                f"{path} has SHA-256 {found}, but {MANIFEST} promises {entry['sha256']}: the file "
                "is damaged or was exchanged. Reinstall vqtutor."
            )
        return checkpoint.load(path)


def provenance(name: str, folder: str | Path | None = None) -> Provenance:
    """Where the weights `name` come from. ValueError for an unknown name."""
    with _opened(folder) as place:
        entry = _entry(place, name)
    return Provenance(**{field.name: entry[field.name] for field in fields(Provenance)})


def write_entry(
    name: str,
    model: nn.Module,
    provenance: Provenance,
    folder: str | Path,
    dtype: torch.dtype | None = torch.float16,
) -> Path:
    """Add `model` to `folder` and its manifest, or replace it there; return the file's path.

    dtype : of the stored weights; float16 is half as large and rounds to 11 bits, so measure
        `provenance.metrics` on a model that went through `checkpoint.save` with the same dtype.
    """
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise ValueError(
            f'name must be lower-case words and numbers joined by "-", e.g. "vae-mnist-16"; '
            f"got {name!r}."
        )
    folder = Path(folder)
    entries = _entries(folder) if (folder / MANIFEST).is_file() else {}
    path = folder / f"{name}.safetensors"
    checkpoint.save(model, path, dtype)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    entry = {"file": path.name, "sha256": sha256, "model": type(model).__name__}
    entries[name] = entry | asdict(provenance)
    manifest = json.dumps({"format": FORMAT, "weights": entries}, indent=2, sort_keys=True)
    checkpoint.write_whole(folder / MANIFEST, f"{manifest}\n".encode())
    return path


@contextmanager
def _opened(folder: str | Path | None) -> Iterator[Path]:
    """`folder`, or the package's own weights as a folder on disk."""
    if folder is not None:
        yield Path(folder)
        return
    with resources.as_file(resources.files("vqtutor").joinpath("weights")) as place:
        yield place


def _entries(folder: Path) -> dict[str, dict[str, Any]]:
    path = folder / MANIFEST
    if not path.is_file():
        raise FileNotFoundError(f"There is no {path}; pretrained.write_entry() makes one.")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        file_format, entries = int(manifest["format"]), dict(manifest["weights"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is damaged ({error!r}); reinstall vqtutor.") from error
    if file_format > FORMAT:
        raise ValueError(
            f"{path} has format {file_format}; this vqtutor reads up to {FORMAT}. Upgrade it."
        )
    return entries


def _entry(folder: Path, name: str) -> dict[str, Any]:
    entries = _entries(folder)
    if name not in entries:
        available = ", ".join(sorted(entries)) or "none in this version"
        raise ValueError(f"There are no weights {name!r}; available: {available}.")
    return entries[name]
