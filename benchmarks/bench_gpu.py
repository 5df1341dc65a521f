"""Training each network and sampling on a GPU: in float32, in bfloat16, and compiled."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from benchmarks.timing import Options, Row, interleave, ratio_row, row
from vqtutor.data import ImageSet, Split
from vqtutor.experiments.plans import Plan, plan
from vqtutor.experiments.training import build, train
from vqtutor.models.vqvae import VQVAE2
from vqtutor.sampling import generate
from vqtutor.train import FitConfig, Runtime

RUNS = 5
STEPS = 50  # of one run
IMAGES = 10_000  # from so many on, plans are those of a large data set
GENERATED = 256
TRAINED = ("judge", "AE", "VAE", "VQ-VAE-2", "top prior", "bottom prior")


def random_images(count: int) -> ImageSet:
    """Gray noise of 32x32, with labels: how long a step takes does not depend on the pixels."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(256, (count, 1, 32, 32), generator=generator).to(torch.uint8)
    train = Split(images, torch.arange(count) % 10)
    few = Split(images[:64], train.labels[:64])  # type: ignore[index]
    return ImageSet("noise", train, few, few, tuple("0123456789"))


def random_codes(data: ImageSet, vqvae: Any, bottom: bool) -> list[tuple[torch.Tensor, ...]]:
    """Training and validation data of a prior: codes, labels, and the top codes for the bottom."""
    generator, splits = torch.Generator().manual_seed(0), []
    for split in (data.train, data.validation):
        top, low = (
            torch.randint(count, (len(split), *grid), generator=generator)
            for count, grid in (
                (vqvae.num_codes_top, vqvae.top_grid),
                (vqvae.num_codes_bottom, vqvae.bottom_grid),
            )
        )
        splits.append((low, split.labels, top) if bottom else (top, split.labels, None))
    return splits


def step_rows(name: str, plans: Mapping[str, Plan], data: ImageSet, how: Options, on: str) -> list:
    """Images per second of one network's training, and what each means of speed gains."""
    batch = plans[name].recipe.batch_size
    source: Any = data
    if name.endswith("prior"):
        source = random_codes(data, plans["VQ-VAE-2"].config, name == "bottom prior")

    def trainer(runtime: Runtime) -> Any:
        torch.manual_seed(0)
        model = build(plans[name].config)
        recipe = replace(plans[name].recipe, fit=FitConfig(STEPS, steps=STEPS))
        # `fit` ends with reading the losses, so the device has finished.
        return lambda: train(model, source, recipe, seed=0, runtime=runtime)

    runtimes = {
        "float32": Runtime(on),
        "bfloat16": Runtime(on, "bfloat16"),
        "compiled": Runtime(on, "bfloat16", compile=True),
    }
    seconds = interleave(
        {way: trainer(runtime) for way, runtime in runtimes.items()}, how.runs or RUNS
    )
    rows = [
        row(
            f"train {name}, batch {batch}, {way}",
            [STEPS * batch / each for each in times],
            how.threads,
            unit="images/s",
        )
        for way, times in seconds.items()
    ]
    for slow, fast in (("float32", "bfloat16"), ("bfloat16", "compiled")):
        what = f"train {name}: {slow} / {fast}, time"
        rows.append(ratio_row(what, seconds, slow, fast, how.threads))
    return rows


def sampling_row(plans: Mapping[str, Plan], how: Options, on: str) -> Row:
    """Images per second: top codes, bottom codes, decoder."""
    vqvae, top, bottom = (
        build(plans[name].config).to(on).eval()
        for name in ("VQ-VAE-2", "top prior", "bottom prior")
    )
    assert isinstance(vqvae, VQVAE2)
    labels, rates = torch.arange(GENERATED, device=on) % 10, []
    for run in range(1 + (how.runs or RUNS)):
        started = time.perf_counter()
        generate(vqvae, top, bottom, labels, batch_size=GENERATED).cpu()  # waits for the device
        if run:
            rates.append(GENERATED / (time.perf_counter() - started))
    what = f"generate {GENERATED} labeled images at once"
    return row(what, rates, how.threads, unit="images/s")


def measure(
    options: Options, device: str | None = None, names: tuple[str, ...] = TRAINED
) -> list[Row]:
    """Training and sampling with the plans for MNIST on `device`; on the GPU where there is one."""
    if device is None and not torch.cuda.is_available():
        note = "not measured: torch finds no GPU on this machine"
        return [row("training and sampling on a GPU", [], options.threads, note=note)]
    on = device or "cuda"
    data = random_images(IMAGES)
    plans = plan(data)
    title = torch.cuda.get_device_name(on) if on.startswith("cuda") else on
    rows: list[Row] = []
    for name in names:
        rows += step_rows(name, plans, data, options, on)
    rows.append(sampling_row(plans, options, on))
    return [replace(line, what=f"{title}: {line.what}") for line in rows]
