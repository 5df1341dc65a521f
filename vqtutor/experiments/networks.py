"""The networks that the experiments compare, trained at first use and kept on disk.

`plans.plan` says how each network is built and trained for a data set and a scale; `Networks`
trains what is asked for, once, and saves weights and history. The judge of generated images, a
classifier, takes no part in training the others.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vqtutor import checkpoint, processes
from vqtutor.checks import check_choice
from vqtutor.data import ImageSet
from vqtutor.experiments.judging import Calibrated, calibrate
from vqtutor.experiments.plans import COMPARED, COSTS, Plan, Scale, plan
from vqtutor.experiments.provenance import current_commit
from vqtutor.experiments.training import Report, build, extract_codes, train
from vqtutor.models import Codes
from vqtutor.train import History, Runtime


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
        self.data, self.scale = data, scale
        self.plans = plan(data, scale) if plans is None else plans
        self.seed = seed
        self.runtime = Runtime() if runtime is None else runtime
        self.folder = None if folder is None else Path(folder)
        self.resume = resume
        self.report = report
        self.histories: dict[str, History] = {}
        self.commits: dict[str, str] = {}  # of the code that trained the networks that were saved
        self._models: dict[str, nn.Module] = {}
        self._codes: dict[str, dict[str, Codes]] = {}

    def __getitem__(self, name: str) -> Any:
        """The trained network of this name, in eval mode. ValueError lists the names."""
        check_choice("network", name, tuple(self.plans))
        if self.find(name) is None:
            self._models[name] = self._train(name)
        return self._models[name]

    @property
    def compared(self) -> dict[str, nn.Module]:
        """The three models that stand side by side."""
        return self.named(COMPARED)

    def named(self, names: Iterable[str]) -> dict[str, Any]:
        """The networks of these names, without those that there is no plan for."""
        return {name: self[name] for name in names if name in self.plans}

    @cached_property
    def judge(self) -> Calibrated | None:
        """The classifier that judges images, calibrated; None where the data has no labels."""
        if "judge" not in self.plans:
            return None
        return calibrate(self["judge"], self.data.validation)

    def codes(self, name: str = "VQ-VAE-2") -> dict[str, Codes]:
        """Codes that a network finds for the training and the validation images."""
        if name not in self._codes:
            splits = {"train": self.data.train, "validation": self.data.validation}
            model = self[name]
            self._codes[name] = {part: extract_codes(model, s) for part, s in splits.items()}
        return self._codes[name]

    def cost(self, name: str) -> float:
        """Rough seconds of training this network; 0 if it is there already."""
        if self.find(name) is not None:
            return 0.0
        planned = self.plans[name]
        epochs, milliseconds = planned.recipe.fit.epochs, COSTS.get(planned.family, 0.1)
        return milliseconds * epochs * len(self.data.train) / 1000

    def describe(self, names: Iterable[str]) -> dict[str, Any]:
        """Config and recipe of some networks, as plain data: the provenance of what they show."""
        return {name: self._fingerprint(name) for name in names if name in self.plans}

    def find(self, name: str) -> nn.Module | None:
        """The network if it has been trained already, in memory or on disk."""
        if name not in self._models and (loaded := self._load(name)) is not None:
            self._models[name] = loaded
        return self._models.get(name)

    def seconds(self, names: Iterable[str]) -> float:
        """Time that training these networks took, as far as they are trained."""
        return sum(self.histories[name].seconds for name in names if name in self.histories)

    def _train(self, name: str) -> nn.Module:
        planned = self.plans[name]
        source = self._prior_data(planned) if planned.codes_of else self.data
        seed = self.seed + planned.seed
        torch.manual_seed(seed)  # initial weights, dropout and the VAE's noise
        how: dict[str, Any] = {
            "seed": seed,
            "runtime": self.runtime,
            "report": self.report(name),
        }
        model = build(planned.config)
        history = train(model, source, planned.recipe, **how)
        if history.interrupted:
            raise KeyboardInterrupt(f"training of {name!r} was interrupted")
        self.histories[name] = history
        self._save(name, model)
        return model

    def _prior_data(self, planned: Plan) -> list[tuple[Tensor, Tensor | None, Tensor | None]]:
        """(codes, labels, condition) of the training and of the validation images."""
        found, config = self.codes(planned.codes_of), planned.config
        return [
            (
                codes.bottom if planned.level == "bottom" else codes.top,
                split.labels if config.num_labels else None,
                codes.top if config.condition_codes else None,
            )
            for split, codes in (
                (self.data.train, found["train"]),
                (self.data.validation, found["validation"]),
            )
        ]

    def _paths(self, folder: Path, name: str) -> tuple[Path, Path]:
        stem = name.lower().replace(" ", "-")
        return folder / f"{stem}.safetensors", folder / f"{stem}.json"

    def _fingerprint(self, name: str) -> dict[str, Any]:
        """What a saved network must agree in to be taken for the one asked for."""
        described: dict[str, Any] = {
            "data": self.data.name,
            "images": len(self.data.train),
            "seed": self.seed + self.plans[name].seed,
            "config": asdict(self.plans[name].config),
            "recipe": asdict(self.plans[name].recipe),
        }
        if base := self.plans[name].codes_of:
            described[base] = self._fingerprint(base)
        plain: dict[str, Any] = json.loads(json.dumps(described))  # tuples become lists, as on disk
        return plain

    def _agrees(self, name: str, stored: Mapping[str, Any]) -> bool:
        """Whether a stored fingerprint is ours; fields that came later are at their defaults."""
        planned, ours = self.plans[name], self._fingerprint(name)
        base = planned.codes_of
        apart = ("config", "recipe", base)
        if stored.keys() != ours.keys() or any(
            stored[key] != ours[key] for key in ours if key not in apart
        ):
            return False
        if base and not self._agrees(base, stored[base]):
            return False
        try:
            return all(
                checkpoint.restore(type(wanted), stored[key]) == wanted
                for key, wanted in (("config", planned.config), ("recipe", planned.recipe))
            )
        except ValueError:  # of another class, or with fields that nobody knows
            return False

    def _save(self, name: str, model: nn.Module) -> None:
        if self.folder is None or not processes.is_first():
            return
        weights, history = self._paths(self.folder, name)
        # New codes make the priors worthless, and new weights the history of others.
        for old in (name, *(n for n, p in self.plans.items() if p.codes_of == name)):
            self._paths(self.folder, old)[1].unlink(missing_ok=True)
        checkpoint.save(model, weights)
        self.commits[name] = current_commit()
        content = {
            **self._fingerprint(name),
            "commit": self.commits[name],
            "history": asdict(self.histories[name]),
        }
        checkpoint.write_whole(history, (json.dumps(content, indent=1) + "\n").encode())

    def _load(self, name: str) -> nn.Module | None:
        """The saved network, where `resume` is on and one of this very plan lies in the folder."""
        if self.folder is None or not self.resume:
            return None
        base = self.plans[name].codes_of
        if base and self.find(base) is None:
            return None  # a prior speaks of the codes of one trained network
        weights, history = self._paths(self.folder, name)
        if not (weights.exists() and history.exists()):
            return None
        try:
            content = json.loads(history.read_text(encoding="utf-8"))
            stored, commit = History(**content.pop("history")), content.pop("commit", "unknown")
            if not self._agrees(name, content):
                return None
            model = checkpoint.load(weights, self.runtime.device)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            warnings.warn(f"{name!r} is trained anew: {error!r} in {history}.", stacklevel=2)
            return None
        self.histories[name], self.commits[name] = stored, commit
        # The layout that `fit` trains in: another one rounds differently.
        return model.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]
