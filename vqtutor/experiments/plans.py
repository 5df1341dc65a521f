"""Which networks there are, and how each is built and trained for a data set and a scale.

A study compares a network with variants of it. All of them follow one recipe, that of the network
itself; where the variants learn for fewer epochs, "... brief" is the network trained as briefly.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from vqtutor.checks import check_choice
from vqtutor.data import ImageSet
from vqtutor.experiments.training import Recipe
from vqtutor.models import (
    ORIGINAL_MNIST,
    AutoencoderConfig,
    ClassifierConfig,
    PixelCNNConfig,
    VAEConfig,
    VQVAE2Config,
)
from vqtutor.models.blocks import ImageShape, grid_of
from vqtutor.models.classifier import VARIANTS
from vqtutor.train import FitConfig

Scale = Literal["quick", "full"]
Level = Literal["top", "bottom"]
SCALES = ("quick", "full")
COMPARED = ("AE", "VAE", "VQ-VAE-2")
PRIORS = ("top prior", "bottom prior")
CLASSIFIERS = (*VARIANTS[:-1], "judge")
JUDGES = ("judge", "second judge", "third judge")
REPORTED = CLASSIFIERS[:3]  # the original gives a figure for these
SIZES = (2, 4, 8, 16, 32, 64, 128)  # of the latents in the autoencoder study
BETAS = (0.0, 0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)  # weights of the VAE's KL
COMMITMENTS = (0.1, 0.5, 1.0, 2.0)  # weights of the commitment, beside the usual 0.25
MANY = 10_000  # training images from which a data set counts as large


@dataclass(frozen=True)
class Plan:
    """How one network is built, and how it is trained.

    A prior learns the codes of one level of another network, `codes_of`; its config says what else
    it is given: labels (`num_labels`), the top codes (`condition_codes`).
    """

    config: Any  # of the model
    recipe: Recipe
    family: str = ""  # the entry of EPOCHS and COSTS
    codes_of: str = ""  # of a prior
    level: Level | None = None  # of a prior
    seed: int = 0  # added to that of the run


def plan(data: ImageSet, scale: Scale = "quick") -> dict[str, Plan]:
    """Plans by name, for the data's image shape, labels and number of training images.

    "5x5", "3x3-pairs", "3x3-deep" and "judge" (with labels only) are classifiers; "AE-2" to
    "AE-128" and "AE-linked" belong to the bottleneck study; "AE", "VAE" and "VQ-VAE-2" are compared
    side by side, with about the same training time for each of the three; "top
    prior" and "bottom prior" belong to the VQ-VAE-2. The others are controls and variants of these.
    A small data set is seen more often.
    """
    check_choice("scale", scale, SCALES)
    planner = Planner(data, EPOCHS[scale, len(data.train) >= MANY])
    plans = dict(planner.classifiers()) if data.num_classes else {}
    for group in (planner.autoencoders(), planner.quantized(), planner.priors()):
        plans.update(group)
    return plans


class Planner:
    """What all plans for one data set have in common."""

    def __init__(self, data: ImageSet, epochs: Mapping[str, int]) -> None:
        self.epochs, self.num_labels = epochs, data.num_classes
        self.large = len(data.train) >= MANY
        self.batch_size = 128 if self.large else 32
        self.shape, self.inner = data.image_shape, inner_shape(data)
        self.color = self.shape[0] > 1
        self.vqvae = VQVAE2Config(self.shape)
        if self.color:
            self.vqvae = replace(self.vqvae, num_codes_top=128, num_codes_bottom=128)

    def plan(
        self,
        family: str,
        config: Any,
        learning_rate: float,
        *,
        weight_decay: float = 0.0,
        beta: float = 1.0,
        codes_of: str = "",
        level: Level | None = None,
        **more: Any,
    ) -> Plan:
        """A plan with the epochs of its family; `more` are further fields of the recipe."""
        fit = FitConfig(self.epochs[family], learning_rate=learning_rate, weight_decay=weight_decay)
        recipe = Recipe(fit, self.batch_size, beta, **more)
        return Plan(config, recipe, family, codes_of, level)

    def classifiers(self) -> Iterator[tuple[str, Plan]]:
        """The original's three, two controls, and the judge; the three again by its recipe."""
        for variant in VARIANTS[:-1]:
            config = ClassifierConfig(variant, self.inner, self.num_labels)
            yield variant, self.plan("warm-up", config, 2e-3)
            if variant in REPORTED:
                fit = FitConfig(self.epochs["warm-up"], learning_rate=1e-2, rate="constant")
                recipe = Recipe(fit, batch_size=min(100, self.batch_size))
                yield f"{variant} original", Plan(config, recipe, "warm-up")
        config = ClassifierConfig("modern", self.shape, self.num_labels)
        judge = self.plan("judge", config, 1e-2, weight_decay=1e-2)
        if self.color:  # photographs are harder to tell apart, and may be mirrored
            wider = replace(config, channels=(32, 64, 128))
            judge = self.plan("color judge", wider, 1e-2, weight_decay=1e-2, shift=4, mirror=True)
        for number, name in enumerate(JUDGES):  # the first one judges
            yield name, replace(judge, seed=number)

    def autoencoders(self) -> Iterator[tuple[str, Plan]]:
        """With and without a posterior, all of one body except those of the bottleneck study."""
        for size in SIZES:
            config = AutoencoderConfig(self.shape, size)
            yield f"AE-{size}", self.plan("AE study", config, 3e-3, watch_test=True)
        linked = AutoencoderConfig(self.inner, 128, body="linked")
        # As published: briefer than the study of sizes, with one learning rate throughout.
        fit = FitConfig(self.epochs["AE linked"], learning_rate=1e-3, rate="constant")
        yield "AE-linked", Plan(linked, Recipe(fit, self.batch_size), "AE linked")

        width, latent_dim = ((32, 64, 128), 64) if self.color else ((16, 32, 64), 16)
        plain = AutoencoderConfig(self.shape, latent_dim, channels=width, hidden=256)
        vae = VAEConfig(self.shape, latent_dim, width, 256)
        yield "AE", self.plan("AE", plain, 3e-3)
        yield "VAE", self.plan("AE", vae, 3e-3)
        yield "AE relu", self.plan("AE", replace(plain, code="relu"), 3e-3)
        yield "AE brief", self.plan("beta study", plain, 3e-3)
        for beta in BETAS:  # squared error, as in the original: what is left at 0 is an AE
            swept = self.plan("beta study", vae, 3e-3, beta=beta, likelihood="squared_error")
            yield f"VAE beta={beta:g}", swept

    def quantized(self) -> Iterator[tuple[str, Plan]]:
        """The VQ-VAE-2, the same at the original's sizes, and its variants."""

        def planned(family: str, config: VQVAE2Config, beta: float = 0.25) -> Plan:
            return self.plan(family, config, 2e-3, beta=beta)

        yield "VQ-VAE-2", planned("VQ-VAE-2", self.vqvae)
        if original := original_sizes(self.shape):
            yield "VQ-VAE-2 original", planned("VQ-VAE-2", original)
        yield "VQ-VAE-2 brief", planned("codes study", self.vqvae)
        # As many numbers as the bottom grid has cells, from the same layers: nothing is quantized.
        cells = math.prod(grid_of(self.shape))
        grid = AutoencoderConfig(self.shape, cells, body="grid", hidden=self.vqvae.channels)
        yield "AE convolutional", self.plan("VQ-VAE-2", grid, 2e-3)
        variants: dict[str, Mapping[str, Any]] = {
            "gradient": {"codebook": "gradient"},
            "no restart": {"restart_below": 0.0},
            "rotation": {"backward": "rotation"},
            "add": {"join": "add"},
            "no top": {"top_to_bottom": False},
        }
        for name, changes in variants.items():
            yield f"VQ-VAE-2 {name}", planned("codes study", replace(self.vqvae, **changes))
        for beta in COMMITMENTS:
            yield f"VQ-VAE-2 commitment={beta:g}", planned("codes study", self.vqvae, beta)

    def priors(self) -> Iterator[tuple[str, Plan]]:
        """Over the codes of both levels, with and without what each may be given."""
        yield "top prior", self.prior("top")
        yield "bottom prior", self.prior("bottom")
        if self.num_labels:
            yield "top prior no label", self.prior("top", labels=False)
            yield "bottom prior no label", self.prior("bottom", labels=False)
        for variant in ("brief", "no top"):
            name = f"VQ-VAE-2 {variant}"
            yield f"bottom prior {variant}", self.prior("bottom", name, family="prior study")
        if original := original_sizes(self.shape):
            name = "VQ-VAE-2 original"
            yield "top prior original", self.prior("top", name, original)
            # The original's bottom prior is given the top codes only.
            yield "bottom prior original", self.prior("bottom", name, original, labels=False)

    def prior(
        self,
        level: Level,
        codes_of: str = "VQ-VAE-2",
        vqvae: VQVAE2Config | None = None,
        *,
        labels: bool = True,
        family: str = "",
    ) -> Plan:
        """A prior over one level's codes; that of the bottom is given the top codes."""
        vqvae, bottom = self.vqvae if vqvae is None else vqvae, level == "bottom"
        config = PixelCNNConfig(
            vqvae.num_codes_bottom if bottom else vqvae.num_codes_top,
            layers=8 if bottom else 6,
            num_labels=self.num_labels if labels else 0,
            condition_codes=vqvae.num_codes_top if bottom else 0,
            dropout=0.0 if self.large else 0.3,
        )
        family = family or f"{level} prior"
        return self.plan(family, config, 3e-3, weight_decay=1e-2, codes_of=codes_of, level=level)


def original_sizes(shape: ImageShape) -> VQVAE2Config | None:
    """The original's grids and codebooks in a network as wide as ours; None where they do not fit.

    4x4 and 2x2 grids of 32 codes for gray images of 32x32, 16x16 and 8x8 grids of 512 for color.
    """
    if any(side % 16 for side in shape[1:]):
        return None
    if shape[0] == 1:
        return replace(ORIGINAL_MNIST, image_shape=shape)
    return VQVAE2Config(shape, num_codes_top=512, num_codes_bottom=512, bottom_stride=2)


def inner_shape(data: ImageSet) -> tuple[int, int, int]:
    """(C, H, W) of the images without the zeros around them, unless no network could take it."""
    channels, height, width = data.unpad(data.train.images[:1]).shape[1:]
    if height % 4 or width % 4:  # the classifiers halve them twice
        return data.image_shape
    return channels, height, width


# Epochs of each family of networks: at the quick scale for a small and for a large data set, then
# the same at the full scale. A study is shorter, as it has many networks.
FAMILIES: Mapping[str, tuple[int, int, int, int]] = {
    "warm-up": (15, 2, 100, 10),
    "judge": (15, 3, 60, 12),
    "color judge": (15, 3, 60, 30),
    "AE study": (20, 4, 100, 100),
    "AE linked": (20, 4, 100, 20),
    "AE": (60, 20, 400, 100),
    "beta study": (15, 5, 100, 20),
    "VQ-VAE-2": (15, 6, 100, 25),
    "codes study": (10, 2, 50, 10),
    "top prior": (15, 8, 80, 40),
    "bottom prior": (10, 5, 60, 25),
    "prior study": (4, 2, 30, 6),
}
# Epochs by (scale, whether the data set is large), then by family.
EPOCHS: Mapping[tuple[str, bool], Mapping[str, int]] = {
    (scale, large): {family: epochs[place] for family, epochs in FAMILIES.items()}
    for place, (scale, large) in enumerate(itertools.product(SCALES, (False, True)))
}

# Rough milliseconds per 32x32 training image on two cores: only ratios matter, for the time left.
COSTS = {
    "warm-up": 0.1,
    "judge": 0.4,
    "color judge": 1.5,
    "AE study": 0.07,
    "AE linked": 0.03,
    "AE": 0.1,
    "beta study": 0.1,
    "VQ-VAE-2": 0.4,
    "codes study": 0.4,
    "top prior": 0.25,
    "bottom prior": 0.7,
    "prior study": 0.7,
}
