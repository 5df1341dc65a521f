"""The one training loop, for every network of the book.

A model and its data meet in an `objective`: a function of the model and one batch that returns the
named loss terms and the model's output. `fit` minimizes their `total`; `evaluate` only reads them.
"""

from __future__ import annotations

import contextlib
import copy
import math
import platform
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm
from tqdm.notebook import tqdm_notebook

from vqtutor import processes
from vqtutor.checks import check_choice, check_positive

Terms = Any  # a NamedTuple of () tensors with a field `total`: see losses.py
Objective = Callable[[nn.Module, tuple[Any, ...]], tuple[Terms, Any]]


class Batches(Protocol):
    """Something to iterate over once an epoch, of known length, like data.Minibatches."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Any: ...


@dataclass(frozen=True)
class Runtime:
    """Where and how precisely the arithmetic happens; it does not change what is computed."""

    device: str = "auto"  # or "cpu", "cuda", "cuda:1", "mps"
    precision: Literal["float32", "bfloat16"] = "float32"  # of convolutions and matrix products
    compile: bool = False  # by torch.compile: long to start, then faster

    def __post_init__(self) -> None:
        check_choice("precision", self.precision, ("float32", "bfloat16"))
        # A device that is not there is an error here, not after loading the data.
        object.__setattr__(self, "device", find_device(self.device))

    def autocast(self) -> contextlib.AbstractContextManager[Any]:
        """The context in which models are called."""
        if self.precision == "float32":
            return contextlib.nullcontext()
        return torch.autocast(torch.device(self.device).type, torch.bfloat16)


def find_device(name: str) -> str:
    """`name`, or the best device for "auto". ValueError unless this machine has it."""
    if name == "auto":
        return best_device()
    kind, _, index = name.partition(":")
    check_choice("device", kind, ("auto", "cpu", "cuda", "mps"))
    cuda = torch.cuda.device_count() if torch.cuda.is_available() else 0
    present = {"cpu": 1, "cuda": cuda, "mps": int(torch.backends.mps.is_available())}[kind]
    if int(index or 0) >= present:
        raise ValueError(
            f"device {name!r} is not there: torch finds {present} of kind {kind!r} on this "
            "machine; leave it at 'auto'."
        )
    return name


def best_device() -> str:
    """ "cuda" where there is one, else "mps", else "cpu"."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def best_precision(device: str) -> Literal["float32", "bfloat16"]:
    """ "bfloat16" where the device multiplies it in hardware, else "float32"."""
    if torch.device(device).type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float32"
    return "bfloat16" if device == "cpu" and _cpu_multiplies_bfloat16() else "float32"


def _cpu_multiplies_bfloat16() -> bool:
    if not torch.backends.mkldnn.is_available():
        return False
    if platform.machine().lower() in ("x86_64", "amd64"):
        # Not torch.ops.mkldnn's answer, which counts emulation as support; asked so from 2.6 on.
        supported = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
        return bool(supported())
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


@dataclass(frozen=True)
class FitConfig:
    """How long and how fast to learn: AdamW, with decay 0 plain Adam."""

    epochs: int = 10
    steps: int | None = None  # at most so many, however many epochs are left
    learning_rate: float = 1e-3  # the highest one, where it changes
    rate: Literal["constant", "cosine", "one_cycle"] = "one_cycle"
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        check_positive(epochs=self.epochs, steps=1 if self.steps is None else self.steps)
        check_choice("rate", self.rate, ("constant", "cosine", "one_cycle"))
        if not self.learning_rate > 0 or self.weight_decay < 0:
            raise ValueError(
                "learning_rate must be above 0 and weight_decay at least 0, got "
                f"{self.learning_rate} and {self.weight_decay}."
            )

    def rate_at(self, step: int, steps: int) -> float:
        """Share of `learning_rate` used at `step` of `steps`, in (0, 1].

        "one_cycle" rises over the first quarter, as a cosine, and falls over the rest.
        """
        if self.rate == "constant":
            return 1.0
        done = step / max(steps, 1)
        if self.rate == "one_cycle" and done < 0.25:
            return 0.04 + 0.96 * (1 - math.cos(math.pi * done / 0.25)) / 2
        falling = (done - 0.25) / 0.75 if self.rate == "one_cycle" else done
        return 0.001 + 0.999 * (1 + math.cos(math.pi * falling)) / 2


class Progress(NamedTuple):
    """Where a training run stands: told to `report` after every step and epoch, and at the end."""

    step: int  # steps done
    steps: int  # steps planned
    epoch: int  # epochs done
    terms: dict[str, float] | None = None  # of the validation (else training) data, after an epoch
    finished: bool = False  # the last report, also of a run that was interrupted or failed


@dataclass
class History:
    """What happened, as data: one entry per finished epoch, each a mean over the epoch's images."""

    train: list[dict[str, float]] = field(default_factory=list)
    validation: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int | None = None  # index of the lowest validation total; its weights are kept
    interrupted: bool = False
    seconds: float = 0.0
    watched: list[dict[str, float]] = field(default_factory=list)  # takes no part in anything


def fit(
    model: nn.Module,
    objective: Objective,
    train: Batches,
    validation: Batches | None = None,
    *,
    config: FitConfig,
    runtime: Runtime | None = None,
    watched: Batches | None = None,
    after_step: Callable[[Any], None] = lambda _: None,
    report: Callable[[Progress], None] = lambda _: None,
) -> History:
    """Minimize `objective(model, batch)[0].total` over `train`; return every epoch's mean terms.

    `watched` is measured after every epoch, for whoever asks how a choice by it would have turned
    out. `after_step` gets each step's model output: a VQ-VAE moves its codebooks there. With
    `validation`, the model ends with the weights of its best epoch. Ctrl-C ends the training
    early, with a usable model and history. Raises ValueError where a batch is refused and
    FloatingPointError where a term is not finite, both naming the step.
    Where several processes train together (see `processes`), each calls `fit` with its own part of
    `train` and all of `validation`.
    """
    runtime = Runtime() if runtime is None else runtime
    check_positive(train_batches=len(train))
    steps = config.epochs * len(train)
    steps = steps if config.steps is None else min(steps, config.steps)
    model.to(runtime.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    if runtime.compile:
        model.compile()
    network = processes.average_gradients(model)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: config.rate_at(step, steps)
    )
    best_weights: dict[str, Any] | None = None
    history, lowest, step, started = History(), math.inf, 0, time.perf_counter()
    try:
        while step < steps:
            model.train()
            epoch_terms, sizes = [], []
            for batch in train:
                with runtime.autocast(), _step_in_errors(step):
                    terms, output = objective(network, batch)
                values = torch.stack([term.detach().float() for term in terms])
                if values.is_cpu:  # elsewhere, reading values makes the device wait
                    _check_finite(terms._fields, values[None], step)
                optimizer.zero_grad()
                terms.total.backward()
                optimizer.step()
                schedule.step()
                after_step(output)
                epoch_terms.append(values)
                sizes.append(len(batch[0]))
                step += 1
                report(Progress(step, steps, len(history.train)))
                if step == steps:
                    break
            _check_finite(terms._fields, torch.stack(epoch_terms), step - len(sizes))
            train_terms = latest = _agree(_mean_terms(terms._fields, epoch_terms, sizes), runtime)
            if watched is not None:
                history.watched.append(evaluate(model, objective, watched, runtime=runtime))
            if validation is not None:
                latest = _agree(evaluate(model, objective, validation, runtime=runtime), runtime)
                history.validation.append(latest)
            history.train.append(train_terms)  # not before: Ctrl-C may come in between
            if validation is not None and latest["total"] < lowest:
                best_weights = copy.deepcopy(model.state_dict())
                history.best_epoch, lowest = len(history.train) - 1, latest["total"]
            report(Progress(step, steps, len(history.train), latest))
    except KeyboardInterrupt:
        history.interrupted = True
        del history.watched[len(history.train) :], history.validation[len(history.train) :]
    finally:  # also after an error: the best weights so far are not lost
        if best_weights is not None:
            model.load_state_dict(best_weights)
        model.eval()
        history.seconds = time.perf_counter() - started
        report(Progress(step, steps, len(history.train), finished=True))
    return history


@torch.no_grad()
def evaluate(
    model: nn.Module, objective: Objective, batches: Batches, *, runtime: Runtime | None = None
) -> dict[str, float]:
    """Mean of each loss term over all images in `batches`, without gradients, in eval mode."""
    runtime = Runtime() if runtime is None else runtime
    check_positive(batches=len(batches))
    was_training = model.training
    model.to(runtime.device).eval()
    all_terms, sizes = [], []
    try:
        for batch in batches:
            with runtime.autocast():
                terms, _ = objective(model, batch)
            all_terms.append(torch.stack([term.float() for term in terms]))
            sizes.append(len(batch[0]))
    finally:
        model.train(was_training)
    return _mean_terms(terms._fields, all_terms, sizes)


def _mean_terms(names: Iterable[str], terms: list[Tensor], sizes: list[int]) -> dict[str, float]:
    """Means over images: a smaller last batch counts less. `terms` are read here, all at once."""
    weights = torch.tensor(sizes, dtype=torch.float64) / sum(sizes)
    means = weights @ torch.stack(terms).cpu().double()  # (batches, names)
    return dict(zip(names, means.tolist(), strict=True))


def _agree(terms: dict[str, float], runtime: Runtime) -> dict[str, float]:
    """The mean of every process's `terms`: all must choose the same best epoch."""
    if processes.count() == 1:
        return terms
    values = torch.tensor(list(terms.values()), dtype=torch.float64, device=runtime.device)
    return dict(zip(terms, processes.mean(values).tolist(), strict=True))


def _check_finite(names: Sequence[str], values: Tensor, first_step: int) -> None:
    """FloatingPointError unless all `values`, (steps, names), are finite; names the first step."""
    broken = (~values.isfinite()).any(dim=1).nonzero().flatten().tolist()  # steps
    if broken:
        pairs = zip(names, values[broken[0]].tolist(), strict=True)
        listed = ", ".join(f"{name} = {value}" for name, value in pairs if not math.isfinite(value))
        raise FloatingPointError(
            f"step {first_step + broken[0]}: not finite: {listed}. Training stopped; lower the "
            "learning rate or look for values that are not finite in the data."
        )


@contextlib.contextmanager
def _step_in_errors(step: int) -> Iterator[None]:
    try:
        yield
    except TypeError as error:
        raise TypeError(f"step {step}: {error}") from error
    except ValueError as error:
        raise ValueError(f"step {step}: {error}") from error


class ProgressBar:
    """A `report` for `fit`: a tqdm bar with the time left and the latest loss terms.

    Works in notebooks and terminals. Without a terminal (a log file) it stays silent.
    """

    def __init__(self, label: str) -> None:
        self.label = label
        self.bar: tqdm | None = None

    def __call__(self, progress: Progress) -> None:
        if self.bar is None:
            # None: silent unless there is a terminal. A notebook's output is none, but shows bars.
            disable = False if issubclass(tqdm, tqdm_notebook) else None
            self.bar = tqdm(total=progress.steps, desc=self.label, unit="step", disable=disable)
        self.bar.update(progress.step - self.bar.n)
        if progress.terms is not None:
            self.bar.set_postfix({name: f"{value:.4g}" for name, value in progress.terms.items()})
        if progress.finished:
            self.bar.close()
            self.bar = None
