"""How small a code really is, and who rebuilds best when all may spend the same.

A code of integers has a size in bits; one of floats has not, until somebody rounds them. So the
floats of an autoencoder are rounded to as many levels as a budget allows, and a VAE is also charged
its KL, what sending a draw from the posterior costs. For each VQ-VAE-2 the best rival within its
budget is chosen on validation images, and the two are compared on test images.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from vqtutor import metrics
from vqtutor.checks import check_positive
from vqtutor.data import ImageSet
from vqtutor.experiments import latents
from vqtutor.experiments.rates import (
    PNG_OVERHEAD,
    entropy_bits,
    kl_bits,
    png_bits,
)
from vqtutor.experiments.reconstruction import Comparison, PerImage, Reference

FINEST = 16  # bits per number; more change no pixel


@dataclass(frozen=True)
class BudgetsConfig:
    """How many images serve to choose and to find the range of each number."""

    max_codes: int = 10_000  # training images: range of each number, entropy of codes
    max_validation: int = 5000
    max_png: int = 10_000  # test images whose PNG is measured
    batch_size: int = 512

    def __post_init__(self) -> None:
        check_positive(
            max_codes=self.max_codes,
            max_validation=self.max_validation,
            max_png=self.max_png,
            batch_size=self.batch_size,
        )


@dataclass(frozen=True)
class Code:
    """One way to write images and rebuild them; errors per pixel value over the original pixels."""

    network: str
    way: str  # "floats", "codes", "6 bits per number", "draw"
    numbers: int  # in one image's code
    bits: float  # per image
    validation_mse: float
    mse: float  # on the test images
    sharpness: float  # relative to the test images


@dataclass(frozen=True)
class Match:
    """The best rival within a budget, and a VQ-VAE-2 against it on the same test images."""

    rival: Code
    comparison: Comparison  # of the VQ-VAE-2 against the rival


@dataclass(frozen=True)
class Budgets:
    """What each network spends, and how the VQ networks fare against rivals of the same means."""

    codes: dict[str, Code]  # by network: floats of 32 bits, or codes of log2 K bits
    rates: dict[str, Code]  # by VAE: a draw, at the price of its KL
    entropies: dict[str, float]  # by VQ network: bits per image if each position is coded alone
    # By VQ network, then "AE, as it is", "AE, same bits", "AE, same numbers", the same of the VAE,
    # and "VAE, same rate"; without those for which no rival is small enough.
    matches: dict[str, dict[str, Match]]
    pixel_values: int  # of one image, without padding
    png_bits: float  # per image, averaged over test images
    png_overhead_bits: float  # of which a PNG without content: signature and headers


class Rival(NamedTuple):
    """A way to write images that is still to be measured: from raw images to decoded ones."""

    network: str
    way: str
    numbers: int
    bits: float
    rebuild: Callable[[Tensor], Tensor]


def run_budgets(
    models: Mapping[str, nn.Module],
    data: ImageSet,
    *,
    seed: int = 0,
    config: BudgetsConfig | None = None,
) -> Budgets:
    """Compare all `models` with latents of codes with those of floats, by name.

    Networks with a posterior count as VAEs, the others with vectors as AEs. "AE" and "VAE" are the
    ones that are taken as they are.
    """
    config = BudgetsConfig() if config is None else config
    rows = torch.randperm(len(data.train), generator=torch.Generator().manual_seed(seed))
    train = data.train.images[rows[: config.max_codes]]
    with latents.inference(*models.values()):
        encoded = {n: latents.encode(m, train, config.batch_size) for n, m in models.items()}
        bench = Bench(data, config)
        plain = {name: as_it_is(name, models[name], encoded[name], config) for name in models}
        quantized = [name for name in models if latents.is_discrete(encoded[name])]
        drawn = {
            name: at_its_rate(name, model, data, seed, config)
            for name, model in models.items()
            if hasattr(model, "posterior")
        }
        matches: dict[str, dict[str, Match]] = {}
        for name in quantized:
            found = bench.test(plain[name])
            matches[name] = {}
            rivals = groups(models, plain, drawn, encoded, plain[name], config)
            for kind, group in rivals.items():
                if group:
                    best = min(group, key=bench.validation_mse)
                    comparison = bench.reference.compare(found, bench.test(best))
                    matches[name][kind] = Match(bench.code(best), comparison)
        return Budgets(
            {name: bench.code(rival) for name, rival in plain.items()},
            {name: bench.code(rival) for name, rival in drawn.items()},
            {name: entropy_bits(models[name], encoded[name]) for name in quantized},
            matches,
            pixel_values=data.unpad(data.test.images[:1]).numel(),
            png_bits=png_bits(data.unpad(data.test.images[: config.max_png])),
            png_overhead_bits=PNG_OVERHEAD,
        )


def groups(
    models: Mapping[str, nn.Module],
    plain: Mapping[str, Rival],
    drawn: Mapping[str, Rival],
    encoded: Mapping[str, Any],
    target: Rival,
    config: BudgetsConfig,
) -> dict[str, list[Rival]]:
    """Rivals of a VQ network by kind of network and of budget; those of each within the budget."""
    found: dict[str, list[Rival]] = {}
    for kind in ("AE", "VAE"):
        names = [
            name
            for name, model in models.items()
            if not latents.is_discrete(encoded[name])
            and hasattr(model, "posterior") == (kind == "VAE")
        ]
        depths = {name: min(FINEST, int(target.bits // plain[name].numbers)) for name in names}
        found[f"{kind}, as it is"] = [plain[name] for name in names if name == kind]
        found[f"{kind}, same bits"] = [
            rounded(name, models[name], encoded[name], depth, config)
            for name, depth in depths.items()
            if depth
        ]
        same = [plain[name] for name in names if plain[name].numbers <= target.numbers]
        found[f"{kind}, same numbers"] = same
    found["VAE, same rate"] = [rival for rival in drawn.values() if rival.bits <= target.bits]
    return found


def as_it_is(name: str, model: nn.Module, latent: Any, config: BudgetsConfig) -> Rival:
    """Codes as they are, or floats in full."""

    def rebuild(images: Tensor) -> Tensor:
        encoded = latents.encode(model, images, config.batch_size)
        return latents.decode(model, encoded, config.batch_size)

    numbers, bits = latents.flatten(latent).shape[1], latents.bits(model, latent)
    way = "codes" if latents.is_discrete(latent) else "floats"
    return Rival(name, way, numbers, bits, rebuild)


def rounded(name: str, model: nn.Module, train: Tensor, depth: int, config: BudgetsConfig) -> Rival:
    """Each number rounded to one of 2^depth levels, between what nearly all training codes span.

    train : codes (N, D) of training images.
    """
    low, high = train.double().quantile(torch.tensor([0.001, 0.999]).double(), dim=0)  # (D,) each

    def rebuild(images: Tensor) -> Tensor:
        encoded = latents.encode(model, images, config.batch_size)
        levels = to_levels(encoded, low, high, 2**depth)
        return latents.decode(model, levels, config.batch_size)

    numbers = train.shape[1]
    return Rival(name, f"{depth} bits per number", numbers, float(depth * numbers), rebuild)


def to_levels(codes: Tensor, low: Tensor, high: Tensor, levels: int) -> Tensor:
    """`codes`, (N, D), moved to the middle of their cell: `levels` of one width in low..high."""
    width = ((high - low) / levels).clamp_min(1e-12)  # (D,)
    cell = ((codes - low) / width).floor().clamp(0, levels - 1)
    return (low + (cell + 0.5) * width).float()


def at_its_rate(
    name: str, model: nn.Module, data: ImageSet, seed: int, config: BudgetsConfig
) -> Rival:
    """A draw from each image's posterior, charged with the KL, averaged over test images."""

    def rebuild(images: Tensor) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        drawn = latents.sample_posterior(model, images, generator, config.batch_size)
        return latents.decode(model, drawn, config.batch_size)

    posterior = latents.posterior_of(model, data.test.images, config.batch_size)
    numbers = posterior.mean.shape[1]
    return Rival(name, "draw", numbers, kl_bits(posterior).mean().item(), rebuild)


class Bench:
    """Measures rivals, each once, on validation images to choose and on test images to compare."""

    def __init__(self, data: ImageSet, config: BudgetsConfig) -> None:
        self.data = data
        self.validation = data.validation.images[: config.max_validation]
        self.reference = Reference(data, batch_size=config.batch_size)
        self.chosen_by: dict[tuple[str, str], float] = {}
        self.tested: dict[tuple[str, str], PerImage] = {}

    def validation_mse(self, rival: Rival) -> float:
        """Squared error per pixel value on validation images."""
        key = rival.network, rival.way
        if key not in self.chosen_by:
            outcome = self.data.unpad(rival.rebuild(self.validation))
            original = self.data.unpad(self.validation).float() / 255
            self.chosen_by[key] = metrics.squared_error(outcome, original).mean().item()
        return self.chosen_by[key]

    def test(self, rival: Rival) -> PerImage:
        """All measurements on the test images."""
        key = rival.network, rival.way
        if key not in self.tested:
            self.tested[key] = self.reference.measure(rival.rebuild(self.data.test.images))
        return self.tested[key]

    def code(self, rival: Rival) -> Code:
        """The rival with its numbers."""
        found = self.test(rival)
        gradient = found.gradient.mean() / self.reference.originals.gradient.mean()
        return Code(
            *rival[:4], self.validation_mse(rival), found.mse.mean().item(), gradient.item()
        )
