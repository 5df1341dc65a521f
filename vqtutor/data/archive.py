"""Anybody's own images, from one NumPy archive laid out as MedMNIST's are.

train_images, test_images    (N, H, W) or (N, H, W, C) uint8, C = 1 or 3
train_labels, test_labels    (N,) or (N, 1), integers 0..n-1; both or neither
val_images, val_labels       optional; without them validation is carved from train
class_names, name            optional
"""

import zipfile
import zlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vqtutor.data.images import ImageSet, Split, assemble

# What NumPy raises on a damaged archive, on another kind of file, and on pickled objects.
DAMAGED = (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error)
# What `with` raises where a .npy goes by the name of .npz, and an array comes out of it.
NO_ARCHIVE = (TypeError, AttributeError)

MULTIPLE = 8  # height and width are padded to the next one: three halvings leave whole pixels


def load_archive(path: Path, size: int | None, seed: int, validation: int | None) -> ImageSet:
    """Read a .npz. Nothing is unpickled. Every error names the file and the array at fault."""
    arrays = _read(path)
    missing = [key for key in ("train_images", "test_images") if key not in arrays]
    if missing:
        raise ValueError(
            f"{path} lacks {' and '.join(missing)}; it holds {', '.join(arrays) or 'nothing'}."
        )
    given = [part for part in ("train", "val", "test") if f"{part}_images" in arrays]
    labeled = [part for part in ("train", "val", "test") if f"{part}_labels" in arrays]
    if labeled and labeled != given:
        raise ValueError(
            f"{path} has images for {', '.join(given)} but labels for {', '.join(labeled)}: "
            "label every part or none."
        )
    splits = {part: _split(path, part, arrays) for part in given}
    held_out: Split | int
    if "val" in splits:
        if validation is not None:
            raise ValueError(
                f"{path} brings its own {len(splits['val'])} val_images: leave validation= out."
            )
        held_out = splits["val"]
    else:
        held_out = max(1, len(splits["train"]) // 10) if validation is None else validation
    height, width = splits["train"].images.shape[2:]
    try:
        return assemble(
            str(arrays["name"]) if "name" in arrays else path.stem,
            train=splits["train"],
            test=splits["test"],
            validation=held_out,
            size=(size, size) if size else (_round_up(height), _round_up(width)),
            seed=seed,
            class_names=_class_names(arrays, splits.values()),
        )
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _read(path: Path) -> dict[str, Any]:
    try:
        # Opened here: np.load leaves a damaged file open.
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files}
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"there is no file {path}. np.savez(path, train_images=…, test_images=…) makes one; "
            "a relative path starts at the current folder."
        ) from error
    except (*DAMAGED, *NO_ARCHIVE) as error:
        raise ValueError(
            f"{path} cannot be read ({error}): it is damaged, cut short, not made by np.savez, "
            "or holds Python objects. Make or fetch it again."
        ) from error


def _split(path: Path, part: str, arrays: Mapping[str, Any]) -> Split:
    """One part, channels first, labels flat and int64."""
    key = f"{part}_images"
    images = arrays[key]
    if images.dtype != np.uint8:
        raise TypeError(f"{path}: {key} must be uint8 (0 to 255), got {images.dtype}.")
    if images.ndim == 3:
        images = images[..., np.newaxis]  # (N, H, W, 1)
    if images.ndim != 4 or images.shape[3] not in (1, 3):
        raise ValueError(
            f"{path}: {key} must have shape (N, H, W) or (N, H, W, C) with C = 1 or 3, "
            f"got {arrays[key].shape}."
        )
    channels_first = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous()
    labels = arrays.get(f"{part}_labels")
    if labels is not None:
        if not np.issubdtype(labels.dtype, np.integer):
            raise TypeError(f"{path}: {part}_labels must be integers, got {labels.dtype}.")
        if labels.ndim != 1 and labels.shape[1:] != (1,):
            raise ValueError(
                f"{path}: {part}_labels must have shape (N,) or (N, 1), got {labels.shape}."
            )
        labels = torch.from_numpy(labels.reshape(-1).astype(np.int64))
    try:
        return Split(channels_first, labels)
    except ValueError as error:
        raise ValueError(f"{path}, {part}: {error}") from error


def _class_names(arrays: Mapping[str, Any], splits: Collection[Split]) -> tuple[str, ...]:
    """The names given, else "0", "1", … up to the largest label of any part."""
    if "class_names" in arrays:
        return tuple(np.atleast_1d(arrays["class_names"]).astype(str).tolist())
    labels = [split.labels for split in splits if split.labels is not None]
    if not labels:
        return ()
    largest, num_labels = max(int(part.max()) for part in labels), sum(map(len, labels))
    if largest >= num_labels:
        raise ValueError(f"labels must number the classes 0..n-1, got {largest} among them.")
    return tuple(str(label) for label in range(max(largest, 0) + 1))


def _round_up(length: int) -> int:
    return -(-length // MULTIPLE) * MULTIPLE
