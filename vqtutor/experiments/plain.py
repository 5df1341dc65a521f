"""Between dataclasses and plain values that JSON can write, with arrays put aside by name.

Floats keep six significant digits. JSON has no NaN and no infinity: these become strings. The way
back reads the types that a dataclass declares, so tuples come back as tuples.
"""

from __future__ import annotations

import json
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from vqtutor.checkpoint import required_fields

DIGITS = 6  # significant digits of a stored float


def rounded(number: float) -> float:
    """`number` as it is stored."""
    return float(f"{number:.{DIGITS}g}")


def to_plain(value: Any, key: str = "", arrays: dict[str, np.ndarray] | None = None) -> Any:
    """`value` as None, booleans, numbers, strings, lists and dictionaries with string keys.

    NumPy arrays go into `arrays` under their place, such as "images/AE"; without `arrays` they are
    refused. TypeError for anything else, with its place after `key`.
    """
    if isinstance(value, np.ndarray):
        if arrays is None or value.dtype == object:
            raise TypeError(f"{key} is an array of {value.dtype}, which cannot be stored here.")
        arrays[key] = value
        return {"array": key, "shape": list(value.shape), "dtype": str(value.dtype)}
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return rounded(value) if math.isfinite(value) else str(value)
    if is_dataclass(value) and not isinstance(value, type):
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(k): to_plain(v, _join(key, k), arrays) for k, v in value.items()}
    if isinstance(value, tuple | list):
        return [to_plain(item, _join(key, i), arrays) for i, item in enumerate(value)]
    raise TypeError(
        f"{key or 'result'} is a {type(value).__name__}; a result holds numbers, strings, tuples, "
        "dictionaries, dataclasses and NumPy arrays (call .numpy() on a tensor)."
    )


def from_plain(hint: Any, value: Any, key: str, arrays: Mapping[str, np.ndarray]) -> Any:
    """The inverse of `to_plain` for a value that was declared as `hint`.

    A missing field takes its default: results outlive the classes that they were made by.
    ValueError, with the place after `key`, for a missing field without one, for an unknown field,
    or an array in `arrays` that is not the one described.
    """
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        if value is None:
            return None
        return from_plain(next(a for a in arguments if a is not type(None)), value, key, arrays)
    if is_dataclass(hint):
        return _to_dataclass(hint, value, key, arrays)
    if origin is tuple:
        each = arguments[:1] * len(value) if arguments[-1] is ... else arguments
        pairs = enumerate(zip(each, value, strict=True))
        return tuple(from_plain(h, v, _join(key, i), arrays) for i, (h, v) in pairs)
    if origin is dict:
        name, item = arguments
        return {name(k): from_plain(item, v, _join(key, k), arrays) for k, v in value.items()}
    if np.ndarray in (hint, origin):
        return _to_array(value, arrays)
    return float(value) if hint is float else value


def _to_dataclass(cls: Any, value: Any, key: str, arrays: Mapping[str, np.ndarray]) -> Any:
    hints = typing.get_type_hints(cls)
    names = [field.name for field in fields(cls)]
    required = required_fields(cls)
    if missing := [name for name in names if name in required and name not in value]:
        raise ValueError(f"{key or cls.__name__} lacks {', '.join(missing)}; run it again.")
    if unknown := [name for name in value if name not in names]:
        raise ValueError(f"{key or cls.__name__} has unknown fields: {', '.join(unknown)}.")
    return cls(**{n: from_plain(hints[n], v, _join(key, n), arrays) for n, v in value.items()})


def _to_array(value: Any, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    name = value["array"]
    if name not in arrays:
        raise ValueError(f"the array {name!r} is missing in the .npz beside it.")
    array = arrays[name]
    if list(array.shape) != value["shape"] or str(array.dtype) != value["dtype"]:
        raise ValueError(
            f"the array {name!r} is {array.shape} {array.dtype}, not {tuple(value['shape'])} "
            f"{value['dtype']}: the .npz is of another run."
        )
    return array


def dump(value: Any, indent: str = "") -> str:
    """Like json.dumps(value, indent=2), but a list of numbers or strings stays on one line."""
    inner = indent + "  "
    if isinstance(value, dict) and value:
        rows = [f"{inner}{json.dumps(k)}: {dump(v, inner)}" for k, v in value.items()]
        return "{\n" + ",\n".join(rows) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(item, list | dict) for item in value):
        rows = [inner + dump(item, inner) for item in value]
        return "[\n" + ",\n".join(rows) + f"\n{indent}]"
    return json.dumps(value, allow_nan=False, ensure_ascii=False)


def _join(key: str, part: object) -> str:
    return f"{key}/{part}" if key else str(part)
