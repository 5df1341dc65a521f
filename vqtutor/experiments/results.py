"""Save and load what an experiment found, together with how it came about.

A result is a frozen dataclass. Numbers, strings, tuples, dictionaries and nested dataclasses go
into NAME.json, one field per line, so that two runs can be compared with `diff`; NumPy arrays
(images, mostly) go into NAME.npz beside it. Loading never unpickles.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from vqtutor.checkpoint import write_whole
from vqtutor.experiments.plain import dump, from_plain, to_plain
from vqtutor.experiments.provenance import Provenance

__all__ = ["ROOT", "Provenance", "load", "origin", "save", "shipped"]

Result = TypeVar("Result")

ROOT = Path(__file__).parents[1] / "results"  # what comes with the package


def save(result: Any, folder: str | Path, name: str, provenance: Provenance) -> Path:
    """Write `result`, a frozen dataclass, as folder/name.json (and name.npz); return the former.

    Floats keep six significant digits. Each file is complete or as before, also when the run is
    interrupted. TypeError for a field that neither file can hold.
    """
    if not is_dataclass(result) or isinstance(result, type):
        raise TypeError(f"result must be an instance of a dataclass, got {type(result).__name__}.")
    arrays: dict[str, np.ndarray] = {}
    content = {
        "result_type": type(result).__name__,
        "result": to_plain(result, "", arrays),
        "provenance": to_plain(provenance, "provenance"),
    }
    path = Path(folder) / f"{name}.json"
    if arrays:
        compressed = io.BytesIO()
        np.savez_compressed(compressed, **arrays)  # type: ignore[arg-type]
        write_whole(path.with_suffix(".npz"), compressed.getvalue())
    else:
        path.with_suffix(".npz").unlink(missing_ok=True)
    write_whole(path, (dump(content) + "\n").encode())
    return path


def load(cls: type[Result], folder: str | Path, name: str) -> tuple[Result, Provenance]:
    """Read what `save` wrote: the result, an instance of `cls`, and its provenance.

    FileNotFoundError names the command that makes the file; ValueError if the files hold another
    result, lack a field, have one too many, or are damaged.
    """
    path, content, provenance = _read(folder, name)
    if content["result_type"] != cls.__name__:
        raise ValueError(
            f"{path} holds a {content['result_type']} of the experiment "
            f"{provenance.experiment!r}, not a {cls.__name__}."
        )
    arrays = _read_arrays(path.with_suffix(".npz"))
    try:
        return from_plain(cls, content["result"], "", arrays), provenance
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} does not fit {cls.__name__}: {error}") from error


def origin(folder: str | Path, name: str) -> Provenance:
    """The provenance of a stored result, whatever it is. Errors as for `load`."""
    return _read(folder, name)[2]


def _read(folder: str | Path, name: str) -> tuple[Path, dict[str, Any], Provenance]:
    """The path and the content of folder/name.json, and the provenance in it."""
    path = Path(folder) / f"{name}.json"
    if not path.exists():
        raise FileNotFoundError(
            f"There is no stored result {path}; "
            f"`python -m vqtutor.experiments {name} --out {folder}` makes it."
        )
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        provenance = from_plain(Provenance, content["provenance"], "provenance", {})
        return path, {key: content[key] for key in ("result_type", "result")}, provenance
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is not a stored result ({error!r}); run it again.") from error


def shipped(name: str) -> Path:
    """The folder of results of this name, such as "mnist-full", that comes with the package.

    FileNotFoundError lists the names that are there.
    """
    if not (ROOT / name).is_dir():
        names = sorted(entry.name for entry in ROOT.glob("*") if entry.is_dir())
        raise FileNotFoundError(
            f"no results named {name!r} come with the package: choose one of "
            f"{', '.join(names) or '(none)'}."
        )
    return ROOT / name


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    if not path.exists():
        return {}
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return dict(arrays)
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is damaged ({error}); run it again.") from error
