"""How well the priors know the codes: bits per code of test images, and what each input is worth.

What a prior is given is taken away or exchanged, and the price is counted on the same images. Two
baselines: log2 K bits, and the entropy of how often each code occurs, measured on the test images
themselves, so that no model without context could do better.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vqtutor import metrics
from vqtutor.checks import check_positive
from vqtutor.data import ImageSet
from vqtutor.experiments import latents
from vqtutor.experiments.causality import Dependence, find_dependence
from vqtutor.experiments.estimates import Estimate, estimate, ratio, share
from vqtutor.experiments.prior_samples import Sampling, compare_samplers, judge_samples
from vqtutor.models import VQVAE2, Codes, MaskedPixelCNN, PixelCNN
from vqtutor.sampling import evaluating

WITHOUT_LABEL = "no label"  # in names such as "bottom prior no label"


@dataclass(frozen=True)
class PriorsConfig:
    """How many samples, and how many at a time."""

    num_samples: int = 5000  # per bottom prior, for the judge
    num_compared: int = 1000  # drawn from the cache and without it
    num_grids: int = 8  # whose gradients are looked at together
    batch_size: int = 256

    def __post_init__(self) -> None:
        check_positive(
            num_samples=self.num_samples,
            num_compared=self.num_compared,
            num_grids=self.num_grids,
            batch_size=self.batch_size,
        )


@dataclass(frozen=True)
class LevelBits:
    """One level's codes of the test images, in bits per code."""

    num_codes: int  # K
    positions: int  # codes per image
    uniform: float  # log2 K
    unigram: float  # entropy of the test codes' own frequencies
    # By what the prior is given: "all" that it was made for; "no label", by a prior trained without
    # it; for the bottom also the top codes of "another of its class", and of "another" image.
    bits: dict[str, Estimate]
    ratios: dict[str, Estimate]  # of "all" to the others and to the "unigram"
    label_gain: Estimate | None = None  # bits per image that the label saves


@dataclass(frozen=True)
class Priors:
    """Both priors of a VQ-VAE-2 on the test images."""

    num_images: int
    levels: dict[str, LevelBits]
    dependence: dict[str, Dependence]  # by prior; "masked" is a single stack with random weights
    sampling: Sampling
    # Share of samples that the judge puts into the class asked for, by what the bottom prior is
    # given; the top prior is given the label in both. Empty without labels or judge.
    accuracy: dict[str, Estimate] = field(default_factory=dict)
    accuracy_gain: Estimate | None = None  # of the bottom prior's label, on the same top codes


def run_priors(
    vqvae: VQVAE2,
    priors: Mapping[str, PixelCNN],
    data: ImageSet,
    judge: nn.Module | None = None,
    *,
    seed: int = 0,
    config: PriorsConfig | None = None,
) -> Priors:
    """Measure "top prior" and "bottom prior", and what they miss "no label" where given."""
    config = PriorsConfig() if config is None else config
    generator = torch.Generator().manual_seed(seed)
    with latents.inference(vqvae, judge, *priors.values()):
        codes = latents.encode(vqvae, data.test.images)
        levels = {
            "top": measure_top(priors, codes, data.test.labels, config),
            "bottom": measure_bottom(priors, codes, data.test.labels, config, generator),
        }
        top, bottom, size = priors["top prior"], priors["bottom prior"], config.batch_size
        sampling = compare_samplers(vqvae, top, bottom, config.num_compared, size, seed)
        accuracy, gain = compare_accuracy(vqvae, priors, data, judge, config, seed)
    dependence = map_dependence(priors, codes, data.test.labels, config, seed)
    return Priors(len(data.test), levels, dependence, sampling, accuracy, gain)


def bits_per_code(
    prior: PixelCNN,
    codes: Tensor,
    labels: Tensor | None = None,
    condition: Tensor | None = None,
    batch_size: int = 256,
) -> Tensor:
    """-log2 p(codes) of each image over its number of codes: (N,) float64.

    labels and condition are left out for a prior that takes none.
    """
    device, found = latents.device_of(prior), []
    for start in range(0, len(codes), batch_size):
        batch = slice(start, start + batch_size)
        wanted = codes[batch].to(device)
        logits = prior(wanted, *given(prior, labels, condition, batch, device))
        nats = F.cross_entropy(logits.float(), wanted, reduction="none")
        found.append(nats.double().mean(dim=(1, 2)).cpu() / math.log(2))
    return torch.cat(found)


def given(
    prior: PixelCNN | MaskedPixelCNN,
    labels: Tensor | None,
    condition: Tensor | None,
    rows: slice,
    device: torch.device,
) -> tuple[Tensor | None, Tensor | None]:
    """Those rows of labels and condition that the prior takes, on its device."""
    takes = (prior.config.num_labels, prior.config.condition_codes)
    pairs = zip(takes, (labels, condition), strict=True)
    first, second = (v[rows].to(device) if k and v is not None else None for k, v in pairs)
    return first, second


def measure_top(
    priors: Mapping[str, PixelCNN], codes: Codes, labels: Tensor | None, config: PriorsConfig
) -> LevelBits:
    """The top prior with and without the label."""
    measured = {"all": bits_per_code(priors["top prior"], codes.top, labels, None)}
    if without := priors.get(f"top prior {WITHOUT_LABEL}"):
        measured[WITHOUT_LABEL] = bits_per_code(without, codes.top, batch_size=config.batch_size)
    return level_bits(measured, codes.top, priors["top prior"].config.num_codes)


def measure_bottom(
    priors: Mapping[str, PixelCNN],
    codes: Codes,
    labels: Tensor | None,
    config: PriorsConfig,
    generator: torch.Generator,
) -> LevelBits:
    """The bottom prior with the image's label and top codes, without the one, with other codes."""
    prior, size = priors["bottom prior"], config.batch_size
    measured = {"all": bits_per_code(prior, codes.bottom, labels, codes.top, size)}
    if without := priors.get(f"bottom prior {WITHOUT_LABEL}"):
        measured[WITHOUT_LABEL] = bits_per_code(without, codes.bottom, None, codes.top, size)
    anyone = torch.zeros(len(codes.top), dtype=torch.int64)
    for name, groups in {"another of its class": labels, "another": anyone}.items():
        if groups is not None:
            other = codes.top[exchange(groups, generator)]
            measured[name] = bits_per_code(prior, codes.bottom, labels, other, size)
    return level_bits(measured, codes.bottom, prior.config.num_codes)


def exchange(groups: Tensor, generator: torch.Generator) -> Tensor:
    """For each of N images the index of another one of its group (N,), each taken once."""
    other = torch.empty_like(groups)
    for group in groups.unique():
        rows = (groups == group).nonzero().flatten()
        rows = rows[torch.randperm(len(rows), generator=generator)]
        other[rows] = rows.roll(1)  # a ring: nobody keeps its own, unless it is alone
    return other


def level_bits(measured: Mapping[str, Tensor], codes: Tensor, num_codes: int) -> LevelBits:
    """Bits per code of each image, (N,) by what was given, as estimates."""
    shares = metrics.code_histogram(codes, num_codes).double() / codes.numel()
    unigram = -shares.clamp_min(torch.finfo(torch.float64).tiny).log2()[codes].mean(dim=(1, 2))
    everything, without = measured["all"], measured.get(WITHOUT_LABEL)
    others = {**measured, "unigram": unigram}
    positions = codes[0].numel()
    return LevelBits(
        num_codes,
        positions,
        math.log2(num_codes),
        unigram.mean().item(),
        {name: estimate(bits) for name, bits in measured.items()},
        {name: ratio(everything, bits) for name, bits in others.items() if name != "all"},
        None if without is None else estimate(positions * (without - everything)),
    )


def map_dependence(
    priors: Mapping[str, PixelCNN],
    codes: Codes,
    labels: Tensor | None,
    config: PriorsConfig,
    seed: int,
) -> dict[str, Dependence]:
    """What the priors look at; and a single stack of the bottom prior's size, for comparison."""
    bottom = priors["bottom prior"]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        masked = MaskedPixelCNN(bottom.config).to(latents.device_of(bottom))
    looked_at: dict[str, PixelCNN | MaskedPixelCNN] = {
        name: priors[name] for name in ("top prior", "bottom prior")
    }
    found, rows = {}, slice(0, config.num_grids)
    top = codes.top.clone()  # made in inference mode, where nothing can have a gradient
    for name, prior in {**looked_at, "masked": masked}.items():
        device = latents.device_of(prior)
        grids = (top if name == "top prior" else codes.bottom)[rows].clone().to(device)
        known = given(prior, labels, top, rows, device)
        with evaluating(prior):
            found[name] = find_dependence(prior, grids, *known)
    return found


def compare_accuracy(
    vqvae: VQVAE2,
    priors: Mapping[str, PixelCNN],
    data: ImageSet,
    judge: nn.Module | None,
    config: PriorsConfig,
    seed: int,
) -> tuple[dict[str, Estimate], Estimate | None]:
    """How often the judge sees the class asked for, with and without a label for the bottom."""
    names = {"all": "bottom prior", WITHOUT_LABEL: f"bottom prior {WITHOUT_LABEL}"}
    if judge is None or not data.num_classes or names[WITHOUT_LABEL] not in priors:
        return {}, None
    right = {
        kind: judge_samples(
            vqvae,
            priors["top prior"],
            priors[name],
            judge,
            data,
            config.num_samples,
            config.batch_size,
            seed,
        )
        for kind, name in names.items()
    }
    gain = right["all"].double() - right[WITHOUT_LABEL].double()
    return {kind: share(flags) for kind, flags in right.items()}, estimate(gain)
