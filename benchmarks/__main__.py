"""`python -m benchmarks`: measure, print a table, and keep it as JSON.

The peers are packages of their own: pip install -e ".[bench]". Without them, their rows say so.
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.quantizers import PACKAGES
from benchmarks.timing import Options, Report, Row, table, write
from vqtutor.experiments.provenance import Provenance, package_versions

NAMES = ("quantizer", "training", "sampling", "feeding", "startup", "digits", "gpu")

# With glibc's defaults every large temporary tensor is mapped, faulted in page by page and unmapped
# again, at each use. That takes longer than the arithmetic on it, varies from run to run, and says
# nothing about the algorithms that are compared. So freed memory is kept on the heap. glibc reads
# these only when a process starts.
KEPT_HEAP = {
    "MALLOC_MMAP_THRESHOLD_": "8589934592",
    "MALLOC_TRIM_THRESHOLD_": "17179869184",
}


def keep_heap() -> None:
    """Start this process anew with a kept heap, unless it has one, or the C library is another."""
    missing = {name: value for name, value in KEPT_HEAP.items() if name not in os.environ}
    if missing and platform.libc_ver()[0] == "glibc":
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, **missing})


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line. An unknown name ends the program with the list of names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", nargs="?", choices=("all", *NAMES), default="all")
    parser.add_argument("--threads", type=int, help="only with so many; otherwise one, then all")
    parser.add_argument("--runs", type=int, help="of each competitor, instead of the usual number")
    parser.add_argument("--root", type=Path, help="folder of torchvision's MNIST/, for feeding")
    parser.add_argument("--out", type=Path, metavar="FILE.json", help="where to keep the figures")
    chosen = parser.parse_args(arguments)
    if chosen.out is not None and chosen.out.suffix != ".json":
        parser.error(f"--out must name a file ending in .json, got {chosen.out}")
    for option in ("threads", "runs"):
        number = getattr(chosen, option)
        if number is not None and number < 1:
            parser.error(f"--{option} must be at least 1, got {number}")
    return chosen


def command(chosen: argparse.Namespace) -> str:
    """What was typed, without the folders of this machine."""
    typed = ["python -m benchmarks", chosen.name]
    for option in ("threads", "runs"):
        if getattr(chosen, option) is not None:
            typed.append(f"--{option} {getattr(chosen, option)}")
    return " ".join(typed + ["--root FOLDER"] * (chosen.root is not None))


def available_threads() -> int:
    """How many processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run(name: str, options: Options) -> list[Row]:
    """The rows of one benchmark, with so many threads."""
    torch.set_num_threads(options.threads)
    rows: list[Row] = importlib.import_module(f"benchmarks.bench_{name}").measure(options)
    return rows


def processor() -> str:
    """What the processor calls itself, and how many cores there are."""
    information = Path("/proc/cpuinfo")
    found = None
    if information.exists():
        found = re.search(r"^model name\s*: (.+)$", information.read_text("utf-8"), re.MULTILINE)
    name = found[1] if found else platform.processor() or platform.machine()
    return f"{name}, {available_threads()} cores"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what the command line asks for."""
    chosen, started = parse(arguments), time.perf_counter()
    counts = sorted({1, available_threads()}) if chosen.threads is None else [chosen.threads]
    rows: list[Row] = []
    for name in NAMES if chosen.name == "all" else (chosen.name,):
        # Starting needs one thread, and so does a GPU; a reader's run takes all there are.
        only = {"startup": counts[:1], "gpu": counts[:1], "digits": counts[-1:]}
        for threads in only.get(name, counts):
            found = run(name, Options(threads, chosen.runs, chosen.root))
            print(f"{name}\n{table(found)}\n", flush=True)
            rows += [replace(line, what=f"{name}: {line.what}") for line in found]
    if chosen.out is not None:
        provenance = Provenance.collect(
            "benchmarks",
            config={
                "name": chosen.name,
                "threads": counts,
                "runs": chosen.runs,
                "heap": {name: os.environ.get(name, "default") for name in KEPT_HEAP},
            },
            data="random" if chosen.root is None else "random; MNIST for feeding",
            seed=0,
            device=processor(),
            seconds=time.perf_counter() - started,
            command=command(chosen),
        )
        provenance = replace(provenance, versions=provenance.versions | package_versions(PACKAGES))
        print(f"written to {write(Report(tuple(rows)), chosen.out, provenance)}")


if __name__ == "__main__":
    keep_heap()
    main()
