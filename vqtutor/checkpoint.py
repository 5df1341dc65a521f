"""Save a model to one file and get it back: its weights and, beside them, its config.

The format is safetensors (https://github.com/huggingface/safetensors): a header in JSON and raw
numbers. Loading one reads data; it never runs code from the file, as unpickling would. The same
weights always give the same bytes.
"""

from __future__ import annotations

import json
import os
from dataclasses import MISSING, asdict, fields, is_dataclass
from pathlib import Path
from typing import Any, NamedTuple, get_type_hints

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from vqtutor import models

FORMAT = 1  # rises when older versions of this module could no longer read the files
METADATA_KEY = "vqtutor"  # one key: several would come out in random order, and so other bytes


class _Entry(NamedTuple):
    model: type[nn.Module]
    config: type


_MODELS = {
    entry.model.__name__: entry
    for entry in (
        _Entry(models.WarmupCNN, models.ClassifierConfig),
        _Entry(models.Autoencoder, models.AutoencoderConfig),
        _Entry(models.VAE, models.VAEConfig),
        _Entry(models.VectorQuantizer, models.QuantizerConfig),
        _Entry(models.GradientQuantizer, models.QuantizerConfig),
        _Entry(models.VQVAE2, models.VQVAE2Config),
        _Entry(models.PixelCNN, models.PixelCNNConfig),
        _Entry(models.MaskedPixelCNN, models.PixelCNNConfig),
    )
}


def save(model: nn.Module, path: str | Path, dtype: torch.dtype | None = None) -> None:
    """Write `model` and its config to `path`, whole or not at all.

    dtype : store floating-point tensors in this type; torch.float16 halves the file and rounds the
        weights. None keeps each tensor's own, so that `load` returns the same bits.
    Folders on the way are made. TypeError for a model that `load` could not rebuild, ValueError
    for weights beyond the range of `dtype`.
    """
    name = type(model).__name__
    if name not in _MODELS or type(model) is not _MODELS[name].model:
        raise TypeError(
            f"save() knows {', '.join(sorted(_MODELS))}; got {type(model).__qualname__}. "
            "Of a wrapped model, pass the model inside."
        )
    header = {"format": FORMAT, "model": name, "config": asdict(model.config)}  # type: ignore[call-overload]
    tensors = {key: _stored(key, value, dtype) for key, value in model.state_dict().items()}
    metadata = {METADATA_KEY: json.dumps(header, sort_keys=True)}
    write_whole(path, safetensors.torch.save(tensors, metadata))


def load(path: str | Path, device: str | torch.device = "cpu") -> nn.Module:
    """The model saved in `path`, on `device`, in eval mode, its weights in float32.

    FileNotFoundError where there is no file; ValueError for anything that `save` did not write, is
    cut short, comes from a newer vqtutor, or does not fit its own config.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no weights file {path}; checkpoint.save() writes one.")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}
    except SafetensorError as error:
        raise ValueError(
            f"{path} is not a whole safetensors file ({error}): cut short or of another kind. "
            "Save or download it again."
        ) from error
    model = _build(path, metadata)
    _check_fit(path, model, tensors)
    model.load_state_dict(tensors)
    return model.to(device).eval()


def write_whole(path: str | Path, content: bytes) -> None:
    """Write a file so that a reader finds the old content or the new one, never a part."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")  # same folder, so the same disk
    try:
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _stored(key: str, tensor: Tensor, dtype: torch.dtype | None) -> Tensor:
    """A copy on the CPU, row by row in memory, that shares nothing with other tensors."""
    copy = tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
    if dtype is None or not copy.is_floating_point():
        return copy
    rounded = copy.to(dtype)
    if not torch.equal(rounded.isfinite(), copy.isfinite()):
        raise ValueError(
            f"{key} holds values up to {copy.abs().max().item():g}, beyond the range of {dtype}; "
            "store it with dtype=None."
        )
    return rounded


def _build(path: Path, metadata: dict[str, str]) -> nn.Module:
    """The model that the header describes, its weights still random."""
    if METADATA_KEY not in metadata:
        raise ValueError(
            f"{path} is a safetensors file but holds no vqtutor model: its metadata lacks "
            f"{METADATA_KEY!r}. Was it written by checkpoint.save()?"
        )
    try:
        header = json.loads(metadata[METADATA_KEY])
        file_format, name, values = int(header["format"]), str(header["model"]), header["config"]
    except (TypeError, KeyError, ValueError) as error:
        raise ValueError(f"{path} has a damaged header: {metadata[METADATA_KEY]!r}.") from error
    if file_format > FORMAT:
        raise ValueError(
            f"{path} has format {file_format}; this vqtutor reads up to {FORMAT}. "
            "Upgrade it: pip install --upgrade vqtutor."
        )
    if name not in _MODELS:
        raise ValueError(
            f"{path} holds a model {name!r}; this vqtutor knows {', '.join(sorted(_MODELS))}."
        )
    entry = _MODELS[name]
    try:
        config = restore(entry.config, values)
        with torch.random.fork_rng(devices=[]):  # a random start must not move the caller's seed
            return entry.model(config)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{path} has an unusable config of {name}: {error}") from error


def required_fields(kind: Any) -> set[str]:
    """Names of the fields of a dataclass that have no default."""
    return {
        field.name
        for field in fields(kind)
        if field.default is MISSING and field.default_factory is MISSING
    }


def restore(kind: Any, value: Any) -> Any:
    """Undo `asdict` and JSON: a mapping becomes the dataclass `kind`, a list a tuple.

    A field that came later than the file takes its default, which is what older networks did.
    """
    if not (isinstance(kind, type) and is_dataclass(kind)):
        return tuple(restore(Any, item) for item in value) if isinstance(value, list) else value
    if not isinstance(value, dict):
        raise TypeError(f"{kind.__name__} must be a mapping, got {value!r}.")
    known, required = {field.name for field in fields(kind)}, required_fields(kind)
    if not required <= value.keys() <= known:
        raise ValueError(
            f"{kind.__name__} has unknown fields {sorted(value.keys() - known)} and lacks "
            f"{sorted(required - value.keys())}; it was saved by another version of vqtutor."
        )
    hints = get_type_hints(kind)
    return kind(**{name: restore(hints[name], item) for name, item in value.items()})


def _check_fit(path: Path, model: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Raise ValueError unless `tensors` are those of `model`, by name, shape and kind."""
    expected = model.state_dict()
    problems = [f"{name} is missing" for name in expected if name not in tensors]
    problems += [f"{name} is unknown" for name in tensors if name not in expected]
    for name in expected.keys() & tensors.keys():
        want, came = expected[name], tensors[name]
        if want.shape != came.shape:
            problems.append(f"{name} is {tuple(came.shape)} instead of {tuple(want.shape)}")
        elif want.dtype != came.dtype and not (want.is_floating_point() & came.is_floating_point()):
            problems.append(f"{name} is {came.dtype} instead of {want.dtype}")
    if problems:
        shown = "; ".join(sorted(problems)[:5]) + ("; …" if len(problems) > 5 else "")
        raise ValueError(
            f"The tensors in {path} do not fit the {type(model).__name__} of its config: {shown}."
        )
