"""The two data sets that are always there: scikit-learn carries both inside itself.

digits: 1,797 handwritten digits of 8x8 pixels with 17 gray levels (UCI, Alpaydin and Kaynak 1998),
brought to 32x32 by bicubic interpolation. photos: small crops of two color photographs.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from vqtutor.data.images import ImageSet, Split

DIGITS_TEST = 360  # images, a fifth
DIGITS_VALIDATION = 216  # images, 12 %

PHOTO_ROWS, PHOTO_COLUMNS = 3, 5  # cells that a photo is cut into; each serves one part only
PHOTO_CELLS = {"train": 9, "test": 3, "validation": 3}  # cells per photo
# Crops of both photos together. Drawn in this order: the number of the last changes no other.
PHOTO_CROPS = {"train": 1600, "test": 200, "validation": 200}
PHOTO_SIDES = (32, 48, 64)  # pixels of the photo that one crop shows


def load_digits(size: int, seed: int, validation: int | None) -> ImageSet:
    """Handwritten digits, (1, size, size); every part has all ten classes in the same shares.

    Writers are not recorded in the data, so the same hand may occur in every part.
    """
    from sklearn import datasets
    from sklearn.model_selection import train_test_split

    pixels, targets = datasets.load_digits(return_X_y=True)  # (1797, 64) in 0..16, (1797,)
    small = torch.from_numpy(pixels).float().view(-1, 1, 8, 8) * (255 / 16)
    images = _resample(small, size)
    labels = torch.from_numpy(targets).long()

    validation = DIGITS_VALIDATION if validation is None else validation
    limit = len(images) - DIGITS_TEST - 10
    if not 10 <= validation <= limit:
        raise ValueError(
            f"validation must lie in 10..{limit} for 'digits', so that each part has each of "
            f"the ten digits; got {validation}."
        )
    rest, test = train_test_split(
        torch.arange(len(images)).numpy(),
        test_size=DIGITS_TEST,
        stratify=targets,
        random_state=seed,
    )
    train, held_out = train_test_split(
        rest, test_size=validation, stratify=targets[rest], random_state=seed
    )
    return ImageSet(
        "digits",
        train=Split(images[train], labels[train]),
        validation=Split(images[held_out], labels[held_out]),
        test=Split(images[test], labels[test]),
        class_names=tuple("0123456789"),
    )


def load_photos(size: int, seed: int, validation: int | None) -> ImageSet:
    """Crops of two photographs, (3, size, size), labeled by the photo they come from.

    Each photo is cut into 3 x 5 cells; a cell serves train, validation or test, and a crop lies
    inside one cell. So no pixel of a photo is seen in two parts. Within a part crops overlap.
    """
    from sklearn.datasets import load_sample_images

    photos = load_sample_images()
    numbers = dict(PHOTO_CROPS)
    if validation is not None:
        numbers["validation"] = validation
    generator = torch.Generator().manual_seed(seed)
    cells = [_shuffled_cells(pixels, generator) for pixels in photos.images]
    splits = {}
    for part, number in numbers.items():
        mine = [[next(shuffled) for _ in range(PHOTO_CELLS[part])] for shuffled in cells]
        labels = torch.arange(number) % len(mine)  # china, flower, china, …
        crops = [_draw_crop(mine[label], size, generator) for label in labels.tolist()]
        splits[part] = Split(torch.stack(crops), labels)
    names = tuple(Path(filename).stem for filename in photos.filenames)  # china, flower
    return ImageSet(
        "photos", splits["train"], splits["validation"], splits["test"], class_names=names
    )


def _resample(images: Tensor, size: int) -> Tensor:
    """Bring float images (N, C, h, w) in 0..255 to uint8 (N, C, size, size)."""
    if images.shape[-2:] != (size, size):
        images = functional.interpolate(
            images, size=(size, size), mode="bicubic", align_corners=False, antialias=True
        )
    return images.round().clamp(0, 255).to(torch.uint8)  # bicubic overshoots a little


def _shuffled_cells(pixels: np.ndarray, generator: torch.Generator) -> Iterator[Tensor]:
    """The 15 cells, each (C, h, w), of a photo, (H, W, C), in an order drawn from `generator`."""
    photo = torch.tensor(pixels).permute(2, 0, 1)  # (C, H, W)
    height, width = photo.shape[1] // PHOTO_ROWS, photo.shape[2] // PHOTO_COLUMNS
    for cell in torch.randperm(PHOTO_ROWS * PHOTO_COLUMNS, generator=generator).tolist():
        row, column = divmod(cell, PHOTO_COLUMNS)
        top, left = row * height, column * width
        yield photo[:, top : top + height, left : left + width]


def _draw_crop(cells: list[Tensor], size: int, generator: torch.Generator) -> Tensor:
    """A square at a random place, of a random side, of a random cell, at (C, size, size)."""

    def draw(limit: int) -> int:  # 0..limit-1
        return int(torch.randint(limit, (), generator=generator))

    cell = cells[draw(len(cells))]
    side = PHOTO_SIDES[draw(len(PHOTO_SIDES))]
    top, left = draw(cell.shape[1] - side + 1), draw(cell.shape[2] - side + 1)
    crop = cell[:, top : top + side, left : left + side]
    return _resample(crop.unsqueeze(0).float(), size).squeeze(0)
