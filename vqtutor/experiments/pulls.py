"""Where each term of a VQ-VAE-2's loss pulls, and where moving averages end: exact checks.

Source: van den Oord, Vinyals and Kavukcuoglu 2017, arXiv:1711.00937, eq. 1-3, appendix A.1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vqtutor.experiments import latents
from vqtutor.experiments.plans import Level
from vqtutor.losses import vq_loss
from vqtutor.models import VQVAE2, QuantizerConfig, VectorQuantizer, nearest_codes

LEVELS: tuple[Level, ...] = ("top", "bottom")


@dataclass(frozen=True)
class Gradients:
    """Largest absolute entries of gradients on one level."""

    to_features: float  # of the reconstruction loss, at the features
    straight_through: float  # of its difference between features and quantized vectors
    to_codebook: float  # of the reconstruction loss, at the codebook
    commitment_to_features: float
    commitment_to_codebook: float
    codebook_loss_to_features: float
    codebook_loss_to_codebook: float
    step_error: float  # from a code to its features' mean, after one step of a suitable rate


@dataclass(frozen=True)
class Averages:
    """Moving averages on one level, fed with the same features again and again."""

    start_error: float  # largest difference to the closed form after a tenth of the updates
    mean_error: float  # from a code to its features' mean, after all updates


def fresh_averages(
    config: QuantizerConfig, features: Tensor, generator: torch.Generator
) -> VectorQuantizer:
    """A codebook without restarts that starts on `features`, (B, D, H, W)."""
    with torch.random.fork_rng(devices=[]):
        quantizer = VectorQuantizer(replace(config, restart_below=0.0)).to(features.device)
    quantizer.start_codebook(features, generator)
    return quantizer


def follow_averages(quantizer: VectorQuantizer, features: Tensor, updates: int) -> Averages:
    """Feed a fresh codebook the same `features`, (B, D, H, W), with the codes of k-means."""
    vectors = features.movedim(1, -1).flatten(0, 2)  # (N, D)
    codes = cluster(vectors, quantizer.codebook)  # (N,)
    grid = codes.view(features.movedim(1, -1).shape[:-1])  # (B, H, W)
    counts, sums = count_and_sum(vectors, codes, len(quantizer.codebook))
    start = quantizer.codebook.double()
    early = max(1, updates // 10)
    for _ in range(early):
        quantizer.update_codebook(features, grid)
    left = quantizer.config.decay**early  # of the first vector, which counts once
    expected = (left * start + (1 - left) * sums) / (left + (1 - left) * counts)
    used = counts.squeeze(1) > 0
    start_error = largest((quantizer.codebook.double() - expected)[used])
    for _ in range(updates - early):
        quantizer.update_codebook(features, grid)
    return Averages(start_error, distance_to_means(quantizer.codebook, features, quantizer))


def cluster(vectors: Tensor, codebook: Tensor, rounds: int = 1000) -> Tensor:
    """Codes (N,) of `vectors`, (N, D), by k-means from `codebook`, (K, D), until none changes."""
    means, codes = codebook.clone(), nearest_codes(vectors, codebook)
    for _ in range(rounds):
        counts, sums = count_and_sum(vectors, codes, len(codebook))
        used = counts.squeeze(1) > 0
        means[used] = (sums / counts)[used].to(means)
        before, codes = codes, nearest_codes(vectors, means)
        if torch.equal(before, codes):
            break
    return codes


def count_and_sum(vectors: Tensor, codes: Tensor, num_codes: int) -> tuple[Tensor, Tensor]:
    """Number (K, 1) and sum (K, D) float64 of the `vectors`, (N, D), of each code."""
    counts = torch.bincount(codes, minlength=num_codes).unsqueeze(1)
    sums = vectors.new_zeros(num_codes, vectors.shape[1], dtype=torch.float64)
    return counts, sums.index_add_(0, codes, vectors.double())


def distance_to_means(codebook: Tensor, features: Tensor, quantizer: Any) -> float:
    """Largest difference between an entry of `codebook` and the mean of the features whose code,
    in `quantizer`, it is. Codes without features are left out.
    """
    vectors = features.detach().movedim(1, -1).flatten(0, 2)  # (N, D)
    counts, sums = count_and_sum(vectors, quantizer(features).codes.flatten(), len(codebook))
    used = counts.squeeze(1) > 0
    return largest((codebook.detach() - sums / counts)[used])


def gradient_twin(model: VQVAE2) -> VQVAE2:
    """The same model with codebooks that have a gradient."""
    with torch.random.fork_rng(devices=[]):
        twin = VQVAE2(replace(model.config, codebook="gradient"))
    wanted = twin.state_dict().keys()
    twin.load_state_dict({k: v for k, v in model.state_dict().items() if k in wanted})
    return twin.to(latents.device_of(model)).eval()


def find_gradients(twin: VQVAE2, images: Tensor) -> tuple[dict[str, Gradients], float]:
    """Where each term of the loss pulls, by level; and how far its error is from NumPy's."""
    entered: dict[str, Tensor] = {}  # what each quantizer is given
    quantizers = {level: getattr(twin, f"{level}_quantizer") for level in LEVELS}
    handles = [
        quantizer.register_forward_hook(
            lambda _module, inputs, _output, level=level: entered.update({level: inputs[0]})
        )
        for level, quantizer in quantizers.items()
    ]
    with torch.enable_grad():
        output = twin(images)
    for handle in handles:
        handle.remove()
    commitment = output.top.commitment + output.bottom.commitment
    error = vq_loss(output.unclamped, images, commitment).mse
    painted = output.unclamped.detach().cpu().numpy().astype(np.float64)
    expected = float(np.mean((painted - images.cpu().numpy()) ** 2))

    found: dict[str, Gradients] = {}
    for level, quantizer in quantizers.items():
        features, quantized, codebook = entered[level], getattr(output, level), quantizer.codebook
        through = gradient(error, features)
        pull = gradient(quantized.codebook_loss, codebook)
        counts = torch.bincount(quantized.codes.flatten(), minlength=len(codebook)).clamp_min(1)
        # d/de of the mean over N D numbers is 2 n (e - mean) / (N D): with this rate, e - mean.
        rate = features.numel() / (2 * counts.unsqueeze(1))  # (K, 1)
        found[level] = Gradients(
            largest(through),
            largest(through - gradient(error, quantized.vectors)),
            largest(gradient(error, codebook)),
            largest(gradient(quantized.commitment, features)),
            largest(gradient(quantized.commitment, codebook)),
            largest(gradient(quantized.codebook_loss, features)),
            largest(pull),
            distance_to_means(codebook - rate * pull, features, quantizer),
        )
    return found, abs(error.item() - expected) / expected


def gradient(loss: Tensor, at: Tensor) -> Tensor:
    """d loss / d at, zero where there is no way from one to the other."""
    if not loss.requires_grad:
        return torch.zeros_like(at)
    (found,) = torch.autograd.grad(loss, at, retain_graph=True, allow_unused=True)
    return torch.zeros_like(at) if found is None else found


def largest(values: Tensor) -> float:
    """The largest absolute entry."""
    return values.abs().max().item()
