"""The networks that the experiments compare, trained at first use and kept on disk.

`plan` says how each network is built and trained for a data set and a scale; `Networks` trains what
is asked for, once, and saves weights and history. The judge of generated images, a classifier,
takes no part in training the others.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from vqtutor import checkpoint, processes
from vqtutor.checks import check_choice
from vqtutor.data import ImageSet
from vqtutor.experiments.training import Recipe, Report, build, extract_codes, train
from vqtutor.models import (
    AutoencoderConfig,
    ClassifierConfig,
    Codes,
    PixelCNNConfig,
    VAEConfig,
    VQVAE2Config,
    WarmupCNN,
)
from vqtutor.train import FitConfig, History, Runtime

Scale = Literal["quick", "full"]
SCALES = ("quick", "full")
COMPARED = ("AE", "VAE", "VQ-VAE-2")
PRIORS = ("top prior", "bottom prior")
CLASSIFIERS = ("5x5", "3x3-pairs", "3x3-deep", "judge")
SIZES = (2, 4, 8, 16, 32, 64, 128)  # of the latents in the autoencoder study
MANY = 10_000  # training images from which a data set counts as large


@dataclass(frozen=True)
class Plan:
    """How one network is built, and how it is trained."""

    config: Any  # of the model
    recipe: Recipe


def plan(data: ImageSet, scale: Scale = "quick") -> dict[str, Plan]:
    """Plans by name, for the data's image shape, labels and number of training images.

    "5x5", "3x3-pairs", "3x3-deep" and "judge" (with labels only) are classifiers; "AE-2" to
    "AE-128" and "AE-linked" belong to the bottleneck study; "AE", "VAE" and "VQ-VAE-2" are compared
    side by side, with about the same training time for each of the three; "top
    prior" and "bottom prior" belong to the VQ-VAE-2. A small data set is seen more often.
    """
    check_choice("scale", scale, SCALES)
    large = len(data.train) >= MANY
    epochs, batch_size = EPOCHS[scale, large], 128 if large else 32
    shape, inner = data.image_shape, inner_shape(data)

    def recipe(
        family: str, learning_rate: float, weight_decay: float = 0.0, beta: float = 1.0
    ) -> Recipe:
        fit = FitConfig(epochs[family], learning_rate=learning_rate, weight_decay=weight_decay)
        return Recipe(fit, batch_size, beta)

    plans: dict[str, Plan] = {}
    if data.num_classes:
        for variant in ("5x5", "3x3-pairs", "3x3-deep"):
            config = ClassifierConfig(variant, inner, data.num_classes)
            plans[variant] = Plan(config, recipe("warm-up", 2e-3))
        config = ClassifierConfig("modern", shape, data.num_classes)
        plans["judge"] = Plan(config, recipe("judge", 1e-2, 1e-2))
    for size in SIZES:
        plans[f"AE-{size}"] = Plan(AutoencoderConfig(shape, size), recipe("AE study", 3e-3))
    linked = AutoencoderConfig(inner, 128, body="linked")
    plans["AE-linked"] = Plan(linked, recipe("AE study", 1e-3))

    color = shape[0] > 1
    width, hidden, latent_dim = ((32, 64, 128), 256, 64) if color else ((16, 32, 64), 256, 16)
    plans["AE"] = Plan(
        AutoencoderConfig(shape, latent_dim, channels=width, hidden=hidden), recipe("AE", 3e-3)
    )
    plans["VAE"] = Plan(VAEConfig(shape, latent_dim, width, hidden), recipe("AE", 3e-3))
    vqvae = VQVAE2Config(shape)
    if color:
        vqvae = replace(vqvae, num_codes_top=128, num_codes_bottom=128)
    plans["VQ-VAE-2"] = Plan(vqvae, recipe("VQ-VAE-2", 2e-3, beta=0.25))
    top = PixelCNNConfig(
        vqvae.num_codes_top,
        layers=6,
        num_labels=data.num_classes,
        dropout=0.0 if large else 0.3,
    )
    bottom = replace(
        top, num_codes=vqvae.num_codes_bottom, layers=8, condition_codes=vqvae.num_codes_top
    )
    plans["top prior"] = Plan(top, recipe("top prior", 3e-3, 1e-2))
    plans["bottom prior"] = Plan(bottom, recipe("bottom prior", 3e-3, 1e-2))
    return plans


def inner_shape(data: ImageSet) -> tuple[int, int, int]:
    """(C, H, W) of the images without the zeros around them, unless no network could take it."""
    channels, height, width = data.unpad(data.train.images[:1]).shape[1:]
    if height % 4 or width % 4:  # the classifiers halve them twice
        return data.image_shape
    return channels, height, width


# Epochs by (scale, whether the data set is large), then by family of networks.
EPOCHS: Mapping[tuple[str, bool], Mapping[str, int]] = {
    ("quick", False): {
        "warm-up": 15,
        "judge": 15,
        "AE study": 20,
        "AE": 60,
        "VQ-VAE-2": 15,
        "top prior": 15,
        "bottom prior": 10,
    },
    ("quick", True): {
        "warm-up": 2,
        "judge": 3,
        "AE study": 4,
        "AE": 20,
        "VQ-VAE-2": 6,
        "top prior": 8,
        "bottom prior": 5,
    },
    ("full", False): {
        "warm-up": 100,
        "judge": 60,
        "AE study": 100,
        "AE": 400,
        "VQ-VAE-2": 100,
        "top prior": 80,
        "bottom prior": 60,
    },
    ("full", True): {
        "warm-up": 10,
        "judge": 12,
        "AE study": 100,
        "AE": 100,
        "VQ-VAE-2": 25,
        "top prior": 40,
        "bottom prior": 25,
    },
}

# Rough milliseconds per 32x32 training image on two cores: only ratios matter, for the time left.
COSTS = {
    "warm-up": 0.1,
    "judge": 0.4,
    "AE study": 0.07,
    "AE": 0.1,
    "VQ-VAE-2": 0.4,
    "top prior": 0.25,
    "bottom prior": 0.7,
}


def family(name: str) -> str:
    """The entry of `EPOCHS` and `COSTS` that the network belongs to."""
    if name.startswith("AE-"):
        return "AE study"
    if name == "VAE":
        return "AE"
    return "warm-up" if name in CLASSIFIERS[:-1] else name


class Networks:
    """Networks of one data set, scale and seed; each is trained the first time it is asked for.

    folder : where weights and histories are saved; None keeps them in memory only.
    resume : take weights of the same plan and seed from the folder instead of training anew.
    report : makes the progress report of one network from its name.
    plans : by name, instead of those of `plan`.
    """

    def __init__(
        self,
        data: ImageSet,
        scale: Scale = "quick",
        *,
        seed: int = 0,
        runtime: Runtime | None = None,
        folder: str | Path | None = None,
        resume: bool = False,
        report: Callable[[str], Report] = lambda _: lambda _: None,
        plans: Mapping[str, Plan] | None = None,
    ) -> None:
        self.data = data
        self.plans = plan(data, scale) if plans is None else plans
        self.seed = seed
        self.runtime = Runtime() if runtime is None else runtime
        self.folder = None if folder is None else Path(folder)
        self.resume = resume
        self.report = report
        self.histories: dict[str, History] = {}
        self._models: dict[str, nn.Module] = {}

    def __getitem__(self, name: str) -> Any:
        """The trained network of this name, in eval mode. ValueError lists the names."""
        check_choice("network", name, tuple(self.plans))
        if self._find(name) is None:
            self._models[name] = self._train(name)
        return self._models[name]

    @property
    def compared(self) -> dict[str, nn.Module]:
        """The three models that stand side by side."""
        return {name: self[name] for name in COMPARED}

    @property
    def judge(self) -> WarmupCNN | None:
        """The classifier that judges images; None where the data has no labels."""
        return self["judge"] if "judge" in self.plans else None

    @cached_property
    def codes(self) -> dict[str, Codes]:
        """Codes of the training and the validation images."""
        splits = {"train": self.data.train, "validation": self.data.validation}
        return {name: extract_codes(self["VQ-VAE-2"], split) for name, split in splits.items()}

    def cost(self, name: str) -> float:
        """Rough seconds of training this network; 0 if it is there already."""
        if self._find(name) is not None:
            return 0.0
        kind, epochs = family(name), self.plans[name].recipe.fit.epochs
        return COSTS[kind] * epochs * len(self.data.train) / 1000

    def describe(self, names: Iterable[str]) -> dict[str, Any]:
        """Config and recipe of some networks, as plain data: the provenance of what they show."""
        return {name: self._fingerprint(name) for name in names if name in self.plans}

    def _find(self, name: str) -> nn.Module | None:
        """The network if it has been trained already, in memory or on disk."""
        if name not in self._models and (loaded := self._load(name)) is not None:
            self._models[name] = loaded
        return self._models.get(name)

    def seconds(self, names: Iterable[str]) -> float:
        """Time that training these networks took, as far as they are trained."""
        return sum(self.histories[name].seconds for name in names if name in self.histories)

    def _train(self, name: str) -> nn.Module:
        plan, data = self.plans[name], self.data
        source = self._prior_data(name) if name in PRIORS else data
        torch.manual_seed(self.seed)  # initial weights, dropout and the VAE's noise
        how: dict[str, Any] = {
            "seed": self.seed,
            "runtime": self.runtime,
            "report": self.report(name),
        }
        model = build(plan.config)
        history = train(model, source, plan.recipe, **how)
        if history.interrupted:
            raise KeyboardInterrupt(f"training of {name!r} was interrupted")
        self.histories[name] = history
        self._save(name, model)
        return model

    def _prior_data(self, name: str) -> list[tuple[Tensor, Tensor | None, Tensor | None]]:
        """(codes, labels, condition) of the training and of the validation images."""
        splits = [
            (self.data.train.labels, self.codes["train"]),
            (self.data.validation.labels, self.codes["validation"]),
        ]
        if name == "top prior":
            return [(codes.top, labels, None) for labels, codes in splits]
        return [(codes.bottom, labels, codes.top) for labels, codes in splits]

    def _paths(self, folder: Path, name: str) -> tuple[Path, Path]:
        stem = name.lower().replace(" ", "-")
        return folder / f"{stem}.safetensors", folder / f"{stem}.json"

    def _fingerprint(self, name: str) -> dict[str, Any]:
        """What a saved network must agree in to be taken for the one asked for."""
        described: dict[str, Any] = {
            "data": self.data.name,
            "images": len(self.data.train),
            "seed": self.seed,
            "config": asdict(self.plans[name].config),
            "recipe": asdict(self.plans[name].recipe),
        }
        if name in PRIORS:
            described["VQ-VAE-2"] = self._fingerprint("VQ-VAE-2")
        plain: dict[str, Any] = json.loads(json.dumps(described))  # tuples become lists, as on disk
        return plain

    def _save(self, name: str, model: nn.Module) -> None:
        if self.folder is None or not processes.is_first():
            return
        weights, history = self._paths(self.folder, name)
        # New codes make the priors worthless, and new weights the history of others.
        for old in (name, *PRIORS) if name == "VQ-VAE-2" else (name,):
            self._paths(self.folder, old)[1].unlink(missing_ok=True)
        checkpoint.save(model, weights)
        content = {**self._fingerprint(name), "history": asdict(self.histories[name])}
        checkpoint.write_whole(history, (json.dumps(content, indent=1) + "\n").encode())

    def _load(self, name: str) -> nn.Module | None:
        """The saved network, where `resume` is on and one of this very plan lies in the folder."""
        if self.folder is None or not self.resume:
            return None
        if name in PRIORS and self._find("VQ-VAE-2") is None:
            return None  # a prior speaks of the codes of one trained network
        weights, history = self._paths(self.folder, name)
        if not (weights.exists() and history.exists()):
            return None
        try:
            content = json.loads(history.read_text(encoding="utf-8"))
            stored = History(**content.pop("history"))
            if content != self._fingerprint(name):
                return None
            model = checkpoint.load(weights, self.runtime.device)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            warnings.warn(f"{name!r} is trained anew: {error!r} in {history}.", stacklevel=2)
            return None
        self.histories[name] = stored
        # The layout that `fit` trains in: another one rounds differently.
        return model.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]
