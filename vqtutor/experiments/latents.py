"""A latent, whatever it is: one vector of floats per image (AE, VAE), or grids of codes (VQ-VAE-2).

The experiments compare models that answer `encode` differently. What they need of a latent without
asking which it is stands here, and so does running a model over many images in batches.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from vqtutor import metrics
from vqtutor.data import ImageSet, Split
from vqtutor.models import Posterior
from vqtutor.sampling import evaluating

Latent = Tensor | tuple[Tensor, ...]  # (B, D) float, or a NamedTuple of (B, H, W) int64
AnyLatent = TypeVar("AnyLatent", Tensor, tuple[Tensor, ...])
BATCH_SIZE = 512


def is_discrete(latent: Latent) -> bool:
    """True for grids of codes, False for a vector of floats."""
    return not isinstance(latent, Tensor)


def map_latent(function: Callable[..., Tensor], latent: Any, *others: Any) -> Any:
    """`function` of a vector, or of each grid in turn; `others` are latents of the same kind."""
    if isinstance(latent, Tensor):
        return function(latent, *others)
    return type(latent)(*(function(*grids) for grids in zip(latent, *others, strict=True)))


def select(latent: Any, rows: Any) -> Any:
    """The latents of some images: `rows` is an index, a slice or a tensor of either."""
    return map_latent(lambda part: part[rows], latent)


def join(latents: Sequence[Any]) -> Any:
    """Latents of several batches as those of one."""
    return map_latent(lambda *parts: torch.cat(parts), *latents)


def flatten(latent: Latent) -> Tensor:
    """(B, F): all numbers of each latent in a row, of the first grid first."""
    parts = (latent,) if isinstance(latent, Tensor) else latent
    return torch.cat([part.flatten(1) for part in parts], dim=1)


def unflatten(flat: Tensor, like: Latent) -> Any:
    """The inverse of `flatten`: `flat`, (B, F), in the shapes of `like`."""
    if isinstance(like, Tensor):
        return flat
    parts = flat.split([grid[0].numel() for grid in like], dim=1)
    shapes = [(-1, *grid.shape[1:]) for grid in like]
    return type(like)(*(p.reshape(shape) for p, shape in zip(parts, shapes, strict=True)))


def num_codes(model: nn.Module, codes: Any) -> dict[str, int]:
    """K of every grid of `codes`, by name: {"top": 32, "bottom": 16}."""
    return {level: getattr(model.config, f"num_codes_{level}") for level in codes._fields}


def bits(model: nn.Module, latent: Any) -> float:
    """Size of one image's latent: 32 per stored float, log2 K per code."""
    if isinstance(latent, Tensor):
        return 32.0 * latent[0].numel()
    sizes = zip(latent, num_codes(model, latent).values(), strict=True)
    return sum(grid[0].numel() * math.log2(count) for grid, count in sizes)


def code_histograms(model: nn.Module, codes: Any) -> dict[str, Tensor]:
    """How often each of the K codes occurs in every grid of `codes`, (K,) int64, by name."""
    levels = zip(num_codes(model, codes).items(), codes, strict=True)
    return {level: metrics.code_histogram(grid, count) for (level, count), grid in levels}


@contextlib.contextmanager
def inference(*models: nn.Module | None) -> Iterator[None]:
    """No gradients and eval mode inside; afterwards every module is in the mode it had before."""
    given = (model for model in models if model is not None)
    with evaluating(*given), torch.inference_mode():
        yield


def device_of(model: nn.Module) -> torch.device:
    """Where a model lives; the CPU for one without weights."""
    tensors = (*model.parameters(), *model.buffers())
    return tensors[0].device if tensors else torch.device("cpu")


def in_batches(
    function: Callable[[Any], Any], inputs: Any, device: torch.device, batch_size: int = BATCH_SIZE
) -> Any:
    """`function` of `batch_size` inputs at a time, moved to `device`; joined results on the CPU.

    uint8 images become float in [0, 1]. Inputs and results are latents or tensors of any kind.
    """

    def move(part: Tensor) -> Tensor:
        part = part.to(device)
        return part.float() / 255 if part.dtype == torch.uint8 else part

    count = len(inputs if isinstance(inputs, Tensor) else inputs[0])
    results = []
    for start in range(0, count, batch_size):
        batch = map_latent(move, select(inputs, slice(start, start + batch_size)))
        results.append(map_latent(lambda part: part.cpu(), function(batch)))
    return join(results)


def encode(model: nn.Module, images: Tensor, batch_size: int = BATCH_SIZE) -> Any:
    """Latents of `images`, (N, C, H, W) uint8 or float in [0, 1], on the CPU."""
    return in_batches(model.encode, images, device_of(model), batch_size)  # type: ignore[arg-type]


def decode(model: nn.Module, latent: Any, batch_size: int = BATCH_SIZE) -> Tensor:
    """Images (N, C, H, W) in [0, 1] of `latent`, on the CPU."""
    images: Tensor = in_batches(model.decode, latent, device_of(model), batch_size)  # type: ignore[arg-type]
    return images


def rebuild(model: nn.Module, images: Tensor, batch_size: int = BATCH_SIZE) -> Tensor:
    """Reconstructions (N, C, H, W) of `images`; a VAE's are those of the posterior mean."""
    return decode(model, encode(model, images, batch_size), batch_size)


def squared_errors(rebuilt: Tensor, data: ImageSet, split: Split) -> Tensor:
    """Squared error per pixel value of the reconstructions of a split, (N,) float64, unpadded."""
    originals = data.unpad(split.images).float() / 255
    return metrics.squared_error(data.unpad(rebuilt), originals).double()


def posterior_of(model: nn.Module, images: Tensor, batch_size: int = BATCH_SIZE) -> Posterior:
    """A VAE's posterior, mean and log-variance (N, D), of `images`, (N, C, H, W), on the CPU.

    Gradients are kept where they are on.
    """
    found: Posterior = in_batches(model.posterior, images, device_of(model), batch_size)  # type: ignore[arg-type]
    return found


def sample_posterior(
    model: nn.Module, images: Tensor, generator: torch.Generator, batch_size: int = BATCH_SIZE
) -> Tensor:
    """Latents (N, D) drawn from a VAE's posterior, one per image, with noise from `generator`."""
    mean, log_variance = posterior_of(model, images, batch_size)
    noise = torch.randn(mean.shape, generator=generator)
    return mean + (0.5 * log_variance).exp() * noise


def to_bytes(images: Tensor) -> np.ndarray:
    """uint8 array of the shape of `images`, float in [0, 1]: how a result keeps a picture."""
    return (images * 255).round().clamp(0, 255).to(torch.uint8).cpu().numpy()
