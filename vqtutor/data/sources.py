"""Where images come from: `load` finds a data set by its name or opens a file.

"digits" and "photos" lie inside scikit-learn and need neither network nor file. "mnist" and
"cifar10" come through torchvision, with its download, checksums and parsers. A path ending in
.npz is anybody's own images. None of them is ever put silently in place of another.
"""

import os
from pathlib import Path

from vqtutor.checks import check_positive
from vqtutor.data.archive import load_archive
from vqtutor.data.embedded import load_digits, load_photos
from vqtutor.data.images import ImageSet
from vqtutor.data.public import load_cifar10, load_mnist

NAMES = ("digits", "photos", "mnist", "cifar10")


def load(
    name: str | os.PathLike[str] = "digits",
    *,
    root: str | os.PathLike[str] | None = None,
    size: int | None = None,
    download: bool = True,
    seed: int = 0,
    validation: int | None = None,
) -> ImageSet:
    """Load a set of images: train, validation and test, disjoint and fixed by `seed`.

    name : "digits", "photos", "mnist", "cifar10", or a path ending in .npz.
    root : for mnist and cifar10, the folder that holds torchvision's MNIST/ or
        cifar-10-batches-py/. Searched first; then $VQTUTOR_DATA, then the user's cache folder.
    size : height and width in pixels. None means 32, and for a .npz the next multiple of 8.
        digits and photos are resampled to it; the others are padded with zeros, never shrunk.
    download : whether mnist and cifar10 may be downloaded where no folder has them.
    seed : fixes what is drawn: which training images become validation, the digits' test
        images, the crops of the photos.
    validation : how many images the validation part gets; None takes the data set's own number.

    Raises ValueError for an unknown name or a damaged file, FileNotFoundError where there is
    none, TypeError for an array of another dtype, ConnectionError where a download fails.
    """
    if size is not None:
        check_positive(size=size)
    if validation is not None:
        check_positive(validation=validation)
    if name == "digits":
        return load_digits(size or 32, seed, validation)
    if name == "photos":
        return load_photos(size or 32, seed, validation)
    if name == "mnist":
        return load_mnist(root, size or 32, download, seed, validation)
    if name == "cifar10":
        return load_cifar10(root, size or 32, download, seed, validation)
    if Path(name).suffix == ".npz":
        return load_archive(Path(name), size, seed, validation)
    listed = ", ".join(repr(known) for known in NAMES)
    raise ValueError(
        f"unknown data set {os.fspath(name)!r}: choose one of {listed}, or a path ending in .npz."
    )
