"""A training step of VQ-VAE-2: vqtutor's `fit`, against the usual loop around a one-hot quantizer.

The networks are the same, weight for weight; the reference keeps images in contiguous layout.
"""

from __future__ import annotations

import copy
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.quantizers import BETA, OneHotQuantizer
from benchmarks.timing import Options, Row, interleave, ratio_row, row
from vqtutor.losses import VQLoss, vq_loss
from vqtutor.models.vqvae import VQVAE2, VQVAE2Config, VQVAE2Output
from vqtutor.train import FitConfig, Runtime, best_precision, fit

RUNS = 5
STEPS = 6  # of each run
RATE = 3e-4
CONFIG = VQVAE2Config(
    image_shape=(3, 32, 32),
    channels=64,
    code_dim=64,
    num_codes_top=512,
    num_codes_bottom=512,
    bottom_stride=4,
    top_stride=2,
)
TARGETS = {"float32": 1.2, "bfloat16": 1.55}  # times as fast as the reference, in float32
TOLERANCES = {"float32": 1e-4, "bfloat16": 1e-2}  # relative difference of the first step's loss


def objective(model: nn.Module, batch: tuple[Any, ...]) -> tuple[VQLoss, VQVAE2Output]:
    """The loss of the book, the same for all."""
    (images,) = batch
    output = model(images)
    commitment = output.top.commitment + output.bottom.commitment
    return vq_loss(output.unclamped, images, commitment, beta=BETA), output


def train_usual(model: nn.Module, batches: list[tuple[Tensor]]) -> float:
    """A plain loop; the first step's loss."""
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    model.train()
    losses = []
    for batch in batches:
        loss, _ = objective(model, batch)
        optimizer.zero_grad()
        loss.total.backward()
        optimizer.step()
        losses.append(loss.total.item())
    return losses[0]


def train_ours(precision: str, model: VQVAE2, batches: list[tuple[Tensor]]) -> float:
    """`fit` for one epoch of `batches`; the first step's loss."""
    losses: list[float] = []

    def watched(model: nn.Module, batch: tuple[Any, ...]) -> tuple[VQLoss, VQVAE2Output]:
        loss, output = objective(model, batch)
        if not losses:
            losses.append(loss.total.item())
        return loss, output

    fit(
        model,
        watched,
        batches,
        config=FitConfig(epochs=1, learning_rate=RATE, rate="constant"),
        runtime=Runtime("cpu", precision),  # type: ignore[arg-type]
        after_step=model.update_codebooks,
    )
    return losses[0]


def one_hot_twin(model: VQVAE2) -> VQVAE2:
    """The same network and codebooks with `OneHotQuantizer` on both levels."""
    twin = VQVAE2(model.config)
    twin.top_quantizer = OneHotQuantizer(model.config.quantizer("top"))  # type: ignore[assignment]
    twin.bottom_quantizer = OneHotQuantizer(model.config.quantizer("bottom"))  # type: ignore[assignment]
    twin.load_state_dict(model.state_dict())
    return twin


def measure(
    options: Options, config: VQVAE2Config = CONFIG, batch: int = 128, steps: int = STEPS
) -> list[Row]:
    """Time of `steps` steps, and how far apart the first losses are."""
    torch.manual_seed(0)
    images = torch.rand(steps, batch, *config.image_shape)
    model = VQVAE2(config)
    model.start_codebooks(images[0])
    batches = [(each,) for each in images]
    twin = one_hot_twin(model)
    supported = ("float32", "bfloat16")[: 1 + (best_precision("cpu") == "bfloat16")]
    trainings = {"one-hot": partial(train_usual, twin, batches)}
    for precision in supported:
        trainings[precision] = partial(train_ours, precision, copy.deepcopy(model), batches)
    first = {name: training() for name, training in trainings.items()}  # warms up as well
    seconds = interleave(trainings, options.runs or RUNS, warmups=0)
    size = f"{config.channels} channels, batch {batch}"
    rows = []
    for precision in ("float32", "bfloat16"):
        what = f"{size}: one-hot in float32 / vqtutor in {precision}"
        if precision not in supported:
            note = "this processor has no bfloat16 multiplication"
            rows.append(row(what, [], options.threads, target=TARGETS[precision], note=note))
            continue
        target = TARGETS[precision]
        rows.append(ratio_row(what, seconds, "one-hot", precision, options.threads, target=target))
        rows.append(
            row(
                f"first loss in {precision} beside one-hot, relative difference",
                [abs(first[precision] / first["one-hot"] - 1)],
                options.threads,
                unit="",
                target=TOLERANCES[precision],
                at_most=True,
            )
        )
    return rows
