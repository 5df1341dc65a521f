"""What a classifier is given instead of the image: every way to write a latent as numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from sklearn.decomposition import PCA
from torch import Tensor, nn

from vqtutor.experiments import latents

Parts = tuple[np.ndarray, ...]  # (N, F) float32 for each part of the data, training first


class Feature(NamedTuple):
    """One way to write images as numbers; computed on demand, since it can be large.

    latents : one for each part of the data.
    write : from latents of N images to (N, F).
    bits : that one image takes.
    kind : "names" are the numbers of codes; "codes" the codebook vectors of both grids, the whole
        latent of a VQ-VAE-2.
    original : whether the original project classified it, in its own way.
    """

    latents: Sequence[Any]
    write: Callable[[Any], Tensor]
    bits: float
    kind: Literal["pixels", "vector", "names", "codes", "other"] = "other"
    original: bool = False

    def width(self) -> int:
        """F, found from one image."""
        return self.write(latents.select(self.latents[0], slice(0, 1))).shape[1]

    def parts(self) -> Parts:
        """The numbers of all images."""
        return tuple(self.write(part).float().numpy() for part in self.latents)


def pixels(images: Sequence[Tensor]) -> Feature:
    """Pixel values in [0, 1] of each part, (N, C, H, W) uint8."""
    size = 8.0 * images[0][0].numel()
    return Feature(images, lambda part: part.flatten(1).float() / 255, size, "pixels")


def of_model(
    name: str, model: nn.Module, images: Sequence[Tensor], *, seed: int, batch_size: int
) -> dict[str, Feature]:
    """Ways to write the latents of `images`, parts of (N, C, H, W) uint8.

    A vector is taken as it is; of a VAE that is the posterior mean, and "..., sampled" is a draw,
    which the original took. Codes: "..., bottom indices" takes names for quantities, as the
    original did, and "ordered" gives similar codes similar numbers; "one-hot" and "vectors" are of
    both grids, with "bottom" of that grid only.
    """
    encoded = [latents.encode(model, part, batch_size) for part in images]
    if latents.is_discrete(encoded[0]):
        return of_codes(name, model, encoded)
    bits = latents.bits(model, encoded[0])
    sampled = hasattr(model, "posterior")
    found = {name: Feature(encoded, latents.flatten, bits, "vector", original=not sampled)}
    if sampled:
        generator = torch.Generator().manual_seed(seed)
        draw = latents.sample_posterior
        drawn = [draw(model, part, generator, batch_size) for part in images]
        found[f"{name}, sampled"] = Feature(drawn, latents.flatten, bits, original=True)
    return found


def of_codes(name: str, model: nn.Module, encoded: Sequence[Any]) -> dict[str, Feature]:
    """Ways to write codes: names as quantities, a column for each code, or codebook vectors."""
    grid, count = encoded[0].bottom[0], latents.num_codes(model, encoded[0])["bottom"]
    both, bottom = latents.bits(model, encoded[0]), grid.numel() * math.log2(count)

    ranks = along_a_line(model.bottom_quantizer.codebook.cpu())  # type: ignore[arg-type, operator, union-attr]

    def vectors(codes: Any) -> Tensor:
        return code_vectors(model, codes)

    def columns(codes: Any) -> Tensor:
        return one_hot(model, codes)

    def of_bottom(write: Callable[[Any], Tensor], width: int) -> Callable[[Any], Tensor]:
        return lambda codes: write(codes)[:, -grid.numel() * width :]

    width = int(model.config.code_dim)  # type: ignore[arg-type, union-attr]
    ways = {
        "bottom indices": Feature(
            encoded, lambda codes: codes.bottom.flatten(1), bottom, "names", original=True
        ),
        "bottom indices, ordered": Feature(
            encoded, lambda codes: ranks[codes.bottom].flatten(1), bottom
        ),
        "indices": Feature(encoded, latents.flatten, both),
        "bottom one-hot": Feature(encoded, of_bottom(columns, count), bottom),
        "one-hot": Feature(encoded, columns, both),
        "bottom vectors": Feature(encoded, of_bottom(vectors, width), bottom),
        "vectors": Feature(encoded, vectors, both, "codes"),
    }
    return {f"{name}, {way}": feature for way, feature in ways.items()}


def along_a_line(codebook: Tensor) -> Tensor:
    """Rank (K,) int64 of each vector of (K, D) along the direction in which they vary most.

    Codes have no order of their own; numbered like this, similar ones get similar numbers.
    """
    centered = codebook.double() - codebook.double().mean(dim=0)
    direction = torch.linalg.svd(centered, full_matrices=False).Vh[0]  # (D,)
    return (centered @ direction).argsort().argsort()


def renamed(parts: Parts, generator: np.random.Generator) -> Parts:
    """Numbers of codes, of all parts alike, after the codes were numbered anew at random."""
    count = int(max(part.max() for part in parts)) + 1
    names = generator.permutation(count).astype(np.float32)
    return tuple(names[part.astype(np.int64)] for part in parts)


def one_hot(model: nn.Module, codes: latents.Latent) -> Tensor:
    """(N, sum of K over all positions) float: one column for each position and code."""
    counts = latents.num_codes(model, codes).values()
    columns = [
        nn.functional.one_hot(grid.flatten(1), count).flatten(1).float()
        for grid, count in zip(codes, counts, strict=True)
    ]
    return torch.cat(columns, dim=1)


def code_vectors(model: nn.Module, codes: latents.Latent) -> Tensor:
    """(N, D * positions) float: the codebook vectors of all positions of both grids."""

    def look_up(batch: latents.Latent) -> Tensor:
        return torch.cat([vectors.flatten(1) for vectors in model.lookup(batch)], dim=1)  # type: ignore[operator]

    vectors: Tensor = latents.in_batches(look_up, codes, latents.device_of(model))
    return vectors


def principal_components(parts: Parts, components: int, seed: int) -> Parts:
    """Coordinates along the directions in which training pixels vary most: a linear autoencoder."""
    components = min(components, *parts[0].shape)
    pca = PCA(components, svd_solver="randomized", random_state=seed).fit(parts[0])
    return tuple(pca.transform(part).astype(np.float32) for part in parts)


class Budget(NamedTuple):
    """What the shortest latents take, for a fair comparison; 0 where there is none."""

    numbers: int  # of the shortest vector
    bits: float  # of the smallest codes, both grids

    @classmethod
    def of(cls, ways: Mapping[str, Feature]) -> Budget:
        """The smallest of these features."""
        numbers = (way.width() for way in ways.values() if way.kind == "vector")
        bits = (way.bits for way in ways.values() if way.kind == "codes")
        return cls(min(numbers, default=0), min(bits, default=0.0))


def at_budget(
    name: str, way: Feature, parts: Parts, budget: Budget, seed: int
) -> dict[str, tuple[float, Parts]]:
    """The same feature cut down to as many numbers, or to as many bits, as the shortest takes.

    Bits and numbers by name; empty where there is nothing to compare with. Pixels and codes keep
    their first principal components, in 32 bits each; a vector's numbers are rounded.
    """
    width = parts[0].shape[1]
    if budget.numbers and way.kind in ("pixels", "codes"):
        projected = principal_components(parts, budget.numbers, seed)
        found = projected[0].shape[1]
        name = "principal components" if way.kind == "pixels" else f"{name}, {found} components"
        return {name: (32.0 * found, projected)}
    each = int(budget.bits // width)
    if way.kind == "vector" and 0 < each <= MOST_BITS:
        return {f"{name}, {each} bits each": (float(each * width), rounded(parts, each))}
    return {}


MOST_BITS = 12  # with more, rounding changes nothing that a classifier could see


def rounded(parts: Parts, bits: int) -> Parts:
    """Every number replaced by one of 2^bits levels, all equally frequent in training.

    A level is the median of the training numbers that it stands for.
    """
    count = 2**bits
    edges = np.quantile(parts[0], np.arange(1, count) / count, axis=0)  # (count - 1, F)
    levels = np.quantile(parts[0], (np.arange(count) + 0.5) / count, axis=0)  # (count, F)
    columns = range(parts[0].shape[1])
    return tuple(
        np.stack(
            [levels[np.searchsorted(edges[:, c], part[:, c], side="right"), c] for c in columns],
            axis=1,
        ).astype(np.float32)
        for part in parts
    )


def on_one_scale(parts: Parts) -> Parts:
    """Every feature shifted to a training mean of 0, all divided by one number: mean variance 1."""
    mean = parts[0].mean(axis=0)
    scale = np.sqrt(parts[0].var(axis=0).mean()) or 1.0
    return tuple((part - mean) / scale for part in parts)
