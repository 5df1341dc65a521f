"""Ways to make up a latent that no image was encoded to, for every kind of model."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from torch import Tensor, nn

from vqtutor.experiments import latents

# From a number and a generator to so many latents.
Sampler = Callable[[int, torch.Generator], Any]


def uniform(dimensions: int) -> Sampler:
    """Every coordinate from U(-1, 1): the original drew this, though no image has such a code."""
    return lambda count, generator: torch.rand(count, dimensions, generator=generator) * 2 - 1


def normal(dimensions: int) -> Sampler:
    """Every coordinate from N(0, 1): what a VAE is trained for, and an AE is not."""
    return lambda count, generator: torch.randn(count, dimensions, generator=generator)


def mixture(codes: Tensor, components: int, seed: int) -> Sampler:
    """A mixture of normal distributions with full covariances, fitted to `codes`, (N, D).

    Source: Ghosh et al. 2020, arXiv:1903.12436, section 4.
    """
    fitted = GaussianMixture(
        min(components, len(codes)), reg_covar=1e-4, max_iter=200, random_state=seed
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the likelihood then still rises a bit
        fitted.fit(codes.double().numpy())
    weights = torch.from_numpy(fitted.weights_)
    means = torch.from_numpy(fitted.means_)  # (components, D)
    roots = torch.from_numpy(np.linalg.cholesky(fitted.covariances_))  # (components, D, D)

    def draw(count: int, generator: torch.Generator) -> Tensor:
        chosen = torch.multinomial(weights, count, replacement=True, generator=generator)
        noise = torch.randn(count, means.shape[1], dtype=means.dtype, generator=generator)
        moved = (roots[chosen] @ noise.unsqueeze(2)).squeeze(2)
        return (means[chosen] + moved).float()

    return draw


def uniform_codes(model: nn.Module, like: Any) -> Sampler:
    """Every code with the same probability, whatever stands beside it."""
    counts = latents.num_codes(model, like).values()

    def draw(count: int, generator: torch.Generator) -> Any:
        grids = zip(like, counts, strict=True)
        shapes = (((count, *grid.shape[1:]), number) for grid, number in grids)
        return type(like)(*(torch.randint(n, s, generator=generator) for s, n in shapes))

    return draw


def ways(model: nn.Module, codes: Any, components: int, seed: int) -> dict[str, Sampler]:
    """The samplers for latents such as `codes`, those of training images, by name.

    A VAE is trained so that N(0, 1) fits; U(-1, 1) is drawn for models that know no distribution.
    """
    if latents.is_discrete(codes):
        return {"uniform": uniform_codes(model, codes)}
    dimensions = codes.shape[1]
    drawn = {"N(0, 1)": normal(dimensions), "mixture": mixture(codes, components, seed)}
    if hasattr(model, "posterior"):
        return drawn
    return {"U(-1, 1)": uniform(dimensions), **drawn}
