"""What a classifier is given instead of the image: every way to write a latent as numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

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
    """

    latents: Sequence[Any]
    write: Callable[[Any], Tensor]

    def width(self) -> int:
        """F, found from one image."""
        return self.write(latents.select(self.latents[0], slice(0, 1))).shape[1]

    def parts(self) -> Parts:
        """The numbers of all images."""
        return tuple(self.write(part).float().numpy() for part in self.latents)


def pixels(images: Sequence[Tensor]) -> Feature:
    """Pixel values in [0, 1] of each part, (N, C, H, W) uint8."""
    return Feature(images, lambda part: part.flatten(1).float() / 255)


def of_model(
    name: str, model: nn.Module, images: Sequence[Tensor], *, seed: int, batch_size: int
) -> dict[str, Feature]:
    """Ways to write the latents of `images`, parts of (N, C, H, W) uint8.

    A vector is taken as it is; of a VAE that is the posterior mean, and "..., sampled" is a draw.
    Codes: "..., bottom indices" takes names for quantities, as the original did; "one-hot" and
    "vectors" are of both grids.
    """
    encoded = [latents.encode(model, part, batch_size) for part in images]
    if latents.is_discrete(encoded[0]):
        return {
            f"{name}, bottom indices": Feature(encoded, lambda codes: codes.bottom.flatten(1)),
            f"{name}, one-hot": Feature(encoded, lambda codes: one_hot(model, codes)),
            f"{name}, vectors": Feature(encoded, lambda codes: code_vectors(model, codes)),
        }
    features = {name: Feature(encoded, latents.flatten)}
    if hasattr(model, "posterior"):
        generator = torch.Generator().manual_seed(seed)
        draw = latents.sample_posterior
        drawn = [draw(model, part, generator, batch_size) for part in images]
        features[f"{name}, sampled"] = Feature(drawn, latents.flatten)
    return features


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


def on_one_scale(parts: Parts) -> Parts:
    """Every feature shifted to a training mean of 0, all divided by one number: mean variance 1."""
    mean = parts[0].mean(axis=0)
    scale = np.sqrt(parts[0].var(axis=0).mean()) or 1.0
    return tuple((part - mean) / scale for part in parts)
