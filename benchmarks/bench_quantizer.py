"""One step of a quantizer, forward, backward, moving averages: its time, its memory, its codes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import NamedTuple

import torch
from torch import Tensor

from benchmarks.quantizers import PACKAGES, Step, make_step
from benchmarks.timing import Options, Row, interleave, ratio_row, row
from vqtutor.models.quantizer import nearest_codes

RUNS = 7
MEMORY_RUNS = 3
ROOT = Path(__file__).parents[1]
TARGETS = {"vector-quantize-pytorch": 3.5, "pythae": 3.0}  # times as fast
MEMORY_TARGET = 6  # times as much memory


class Sizes(NamedTuple):
    """`side` x `side` positions in each of `batch` maps of D features; K codes."""

    batch: int = 64
    side: int = 32
    code_dim: int = 64  # D
    num_codes: int = 512  # K

    @property
    def num_vectors(self) -> int:
        """N."""
        return self.batch * self.side**2


FULL, SMALL = Sizes(), Sizes(batch=8)


def make_data(sizes: Sizes) -> tuple[Tensor, Tensor, Tensor]:
    """Codebook (K, D), vectors (B, H, W, D) that want a gradient, and the upstream gradient."""
    generator = torch.Generator().manual_seed(0)
    shape = (sizes.batch, sizes.side, sizes.side, sizes.code_dim)
    codebook = torch.randn(sizes.num_codes, sizes.code_dim, generator=generator)
    vectors, upstream = (torch.randn(shape, generator=generator) for _ in range(2))
    return codebook, vectors.requires_grad_(), upstream


def run_step(name: str, sizes: Sizes) -> partial[Tensor]:
    """A call without arguments: one step of the quantizer `name` from fresh gradients."""
    codebook, vectors, upstream = make_data(sizes)
    return partial(fresh_step, make_step(name, codebook), vectors, upstream)


def fresh_step(step: Step, vectors: Tensor, upstream: Tensor) -> Tensor:
    """One `step`, without gradients of an earlier one to add to."""
    vectors.grad = None
    return step(vectors, upstream)


def count_differences(sizes: Sizes) -> tuple[int, int]:
    """Codes that differ from float64 brute force: near-ties, and others.

    A near-tie is a pair whose squared distances differ by no more than float32 may round them.
    """
    codebook, vectors, _ = make_data(sizes)
    vectors = vectors.detach().flatten(0, 2)  # (N, D)
    codes = nearest_codes(vectors, codebook)
    # Two sums of D + 1 terms, each rounded D + 2 times at most, and twice as large as distances.
    norms, longest = vectors.norm(dim=1), codebook.norm(dim=1).max()
    bound = 4 * (sizes.code_dim + 2) * 2**-24 * (norms * longest + longest**2 / 2)
    near_ties = others = 0
    for rows in torch.arange(len(vectors)).split(4096):
        exact = torch.cdist(
            vectors[rows].double(),
            codebook.double(),
            compute_mode="donot_use_mm_for_euclid_dist",
        ).square()  # (n, K)
        chosen = exact.gather(1, codes[rows, None]).squeeze(1)
        differs = codes[rows] != exact.argmin(dim=1)
        within = chosen - exact.amin(dim=1) <= bound[rows]
        near_ties += int((differs & within).sum())
        others += int((differs & ~within).sum())
    return near_ties, others


def peak_bytes() -> int:
    """The largest memory this process has occupied so far.

    From /proc where there is one: there, getrusage starts at the peak of the parent process.
    """
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        if found:
            return 1024 * int(found[1])
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def print_extra_memory(name: str, threads: int, sizes: Sizes) -> None:
    """Print by how many bytes one step raises the peak: for a process of its own."""
    torch.set_num_threads(threads)
    run_step(name, Sizes(2, 8, *sizes[2:]))()  # what is loaded and set up once
    step = run_step(name, sizes)
    before = peak_bytes()
    step()
    print(peak_bytes() - before)


def extra_memory(name: str, threads: int, sizes: Sizes) -> float:
    """Peak over baseline of one step, in MiB, from a fresh process.

    The heap is not kept there: freed memory, held back in pieces, would count as occupied.
    """
    code = (
        "from benchmarks.bench_quantizer import Sizes, print_extra_memory as run\n"
        f"run({name!r}, {threads}, {sizes!r})"
    )
    command = [sys.executable, "-c", code]
    own = {key: value for key, value in os.environ.items() if not key.startswith("MALLOC_")}
    printed = subprocess.run(
        command, cwd=ROOT, env=own, check=True, stdout=subprocess.PIPE, text=True
    )
    return int(printed.stdout.splitlines()[-1]) / 2**20


def measure(options: Options, sizes: tuple[Sizes, ...] = (FULL, SMALL)) -> list[Row]:
    """Speed at each of `sizes`; memory and exactness at the first. Targets are for the first."""
    rows = []
    present = [name for name, package in PACKAGES.items() if find_spec(package)]
    names = ["vqtutor", "one-hot", *present]
    for size in sizes:
        steps = {name: run_step(name, size) for name in names}
        seconds = interleave(steps, options.runs or RUNS)
        for name in names[1:]:
            target = TARGETS.get(name) if size == sizes[0] else None
            what = f"N = {size.num_vectors:,}: {name} / vqtutor, time"
            rows.append(ratio_row(what, seconds, name, "vqtutor", options.threads, target=target))
    for name in sorted(PACKAGES.keys() - set(present)):
        note = f'{name} is not installed: pip install -e ".[bench]"'
        rows.append(row(f"{name} / vqtutor", [], options.threads, note=note))
    if options.threads > 1:
        return rows  # neither memory nor codes depend on the threads
    memory: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(MEMORY_RUNS):
        for name in names:
            memory[name].append(extra_memory(name, options.threads, sizes[0]))
    for name in names[1:]:
        pairs = zip(memory[name], memory["vqtutor"], strict=True)
        rows.append(
            row(
                f"N = {sizes[0].num_vectors:,}: {name} / vqtutor, extra memory",
                [theirs / ours for theirs, ours in pairs],
                options.threads,
                target=MEMORY_TARGET if name in PACKAGES else None,
                note=f"{median(memory[name]):.0f} and {median(memory['vqtutor']):.0f} MiB",
            )
        )
    near_ties, others = count_differences(sizes[0])
    rows.append(
        row(
            f"N = {sizes[0].num_vectors:,}: codes unlike float64 brute force",
            [others],
            options.threads,
            unit="",
            target=0,
            at_most=True,
            note=f"besides {near_ties} near-ties, closer than float32 can tell",
        )
    )
    return rows
