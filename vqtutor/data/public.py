"""MNIST and CIFAR-10 through torchvision: its download, its checksums, its parsers."""

import http.client
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch

from vqtutor.data.images import ImageSet, Split, assemble

VALIDATION = 5000  # images, taken from those meant for training

MNIST_FOLDER = Path("MNIST", "raw")
MNIST_BYTES = {  # unpacked; torchvision knows the checksums of the packed files only
    "train-images-idx3-ubyte": 47_040_016,
    "train-labels-idx1-ubyte": 60_008,
    "t10k-images-idx3-ubyte": 7_840_016,
    "t10k-labels-idx1-ubyte": 10_008,
}
CIFAR10_FOLDER = Path("cifar-10-batches-py")
CIFAR10_FILES = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch", "batches.meta")

Root = str | os.PathLike[str] | None


def load_mnist(
    root: Root, size: int, download: bool, seed: int, validation: int | None
) -> ImageSet:
    """70,000 handwritten digits of 28x28 (LeCun, Cortes and Burges 1998), zero-padded to `size`."""
    from torchvision.datasets import MNIST

    folder = _find_or_download("mnist", MNIST, root, MNIST_FOLDER, MNIST_BYTES, download)
    for filename, wanted in MNIST_BYTES.items():
        path = folder / MNIST_FOLDER / filename
        came = path.stat().st_size
        if came != wanted:
            raise ValueError(
                f"{path} has {came:,} bytes where MNIST's has {wanted:,}: "
                "delete it and load again with download=True."
            )
    train, test = MNIST(folder, train=True), MNIST(folder, train=False)
    return assemble(
        "mnist",
        train=Split(train.data.unsqueeze(1), train.targets),
        test=Split(test.data.unsqueeze(1), test.targets),
        validation=VALIDATION if validation is None else validation,
        size=(size, size),
        seed=seed,
        class_names=tuple("0123456789"),
    )


def load_cifar10(
    root: Root, size: int, download: bool, seed: int, validation: int | None
) -> ImageSet:
    """60,000 color photographs of 32x32 in ten classes (Krizhevsky 2009), zero-padded to `size`."""
    from torchvision.datasets import CIFAR10

    folder = _find_or_download("cifar10", CIFAR10, root, CIFAR10_FOLDER, CIFAR10_FILES, download)
    try:
        train, test = CIFAR10(folder, train=True), CIFAR10(folder, train=False)
    except RuntimeError as error:  # torchvision compares checksums before it opens a file
        raise ValueError(
            f"the files in {folder / CIFAR10_FOLDER} are not CIFAR-10's, or are cut short: "
            "delete that folder and load again with download=True."
        ) from error
    return assemble(
        "cifar10",
        train=_from_channels_last(train),
        test=_from_channels_last(test),
        validation=VALIDATION if validation is None else validation,
        size=(size, size),
        seed=seed,
        class_names=tuple(train.classes),
    )


def _from_channels_last(dataset: Any) -> Split:
    images = torch.from_numpy(dataset.data).permute(0, 3, 1, 2)  # (N, C, H, W)
    return Split(images.contiguous(), torch.tensor(dataset.targets))


def _find_or_download(
    name: str,
    dataset: Callable[..., object],
    root: Root,
    subfolder: Path,
    filenames: Iterable[str],
    download: bool,
) -> Path:
    """The first of the candidate folders that has every file, downloaded to if need be."""
    candidates = _candidates(root)
    for folder in candidates:
        if all((folder / subfolder / filename).is_file() for filename in filenames):
            return folder
    if not download:
        searched = ", ".join(str(folder / subfolder) for folder in candidates)
        raise FileNotFoundError(
            f"no {name!r} in {searched}. Load it with download=True, or give the folder that "
            f"holds {subfolder.parts[0]} as root= (--root) or in $VQTUTOR_DATA."
        )
    folder = candidates[0]
    try:
        dataset(folder, download=True)
    except (OSError, RuntimeError, http.client.HTTPException) as error:
        reason = " ".join(str(error).split())  # torchvision's has a line per mirror
        raise ConnectionError(
            f"{name!r} could not be downloaded to {folder} ({reason}). Look at the network and "
            "try again, or copy the files there from another machine: they belong in "
            f"{folder / subfolder}: {', '.join(filenames)}. 'digits' and 'photos' need no download."
        ) from error
    return folder


def _candidates(root: Root) -> list[Path]:
    """Where to look, in this order: the caller's folder, $VQTUTOR_DATA, the user's cache."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    given = [root, os.environ.get("VQTUTOR_DATA"), Path(cache) / "vqtutor"]
    return [Path(folder).expanduser() for folder in given if folder]
