"""Run experiments from a terminal: python -m vqtutor.experiments all

Trains what an experiment needs, runs it, writes its result (JSON, NPZ), its figures (PNG) and for
the autoencoder study a CSV, and prints a summary table. Nothing is downloaded for `--data digits`
and `--data photos`, which come with scikit-learn.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import platform
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import torch

from vqtutor import data as datasets
from vqtutor import plots, processes
from vqtutor.data import ImageSet
from vqtutor.experiments import ledger, results
from vqtutor.experiments.bottleneck_table import write_csv
from vqtutor.experiments.catalog import EXPERIMENTS
from vqtutor.experiments.manifest import take_stock
from vqtutor.experiments.networks import Networks
from vqtutor.experiments.plans import SCALES
from vqtutor.experiments.results import Provenance
from vqtutor.experiments.stages import Stages
from vqtutor.experiments.summary import summarize
from vqtutor.train import ProgressBar, Runtime, best_precision


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line; a wrong word is answered with the right ones."""
    parser = argparse.ArgumentParser(
        prog="python -m vqtutor.experiments", description=__doc__.split("\n\n")[1]
    )
    parser.add_argument(
        "name",
        choices=["all", "ledger", "manifest", *EXPERIMENTS],
        help="which experiment; ledger: the claims, decided by all results that are in --out; "
        "manifest: which of the planned results are there, and which are missing",
    )
    parser.add_argument("--scale", choices=SCALES, default="quick", help="default: quick")
    parser.add_argument(
        "--data",
        default="digits",
        metavar="NAME",
        help="digits (default), photos, mnist, cifar10, or a FILE.npz with train_images, ...",
    )
    parser.add_argument("--root", help="folder that holds the data; default: $VQTUTOR_DATA, caches")
    parser.add_argument("--out", default="results", help="folder for results; default: results")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--resume",
        action="store_true",
        help="take networks that are already in --out instead of training them again",
    )
    parser.add_argument(
        "--compile",
        action="store_true",
        help="compile networks before training: a wait at each start, faster after it",
    )
    parser.add_argument("--device", default="auto", help="cpu, cuda, mps; default: the best one")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for; 0 when all went well, 130 after Ctrl-C."""
    options = parse(arguments)
    command = shlex.join(["python", "-m", "vqtutor.experiments", *(arguments or sys.argv[1:])])
    if options.name in ("ledger", "manifest"):
        write = decide_claims if options.name == "ledger" else list_runs
        print(write(options.out, options.scale, command))
        return 0
    try:
        device = Runtime(processes.join(options.device)).device
        runtime = Runtime(device, best_precision(device), options.compile)
        data = datasets.load(options.data, root=options.root)
    except (ImportError, OSError, RuntimeError, TypeError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    keep_heap()
    seed = f"-seed{options.seed}" if options.seed else ""
    out = Path(options.out) / f"{data.name}-{options.scale}{seed}"
    everything = [n for n, e in EXPERIMENTS.items() if options.scale == "full" or not e.study]
    names = everything if options.name == "all" else [options.name]
    # Of several processes that train together only the first one speaks.
    silence = contextlib.redirect_stdout(None)
    try:
        with contextlib.nullcontext() if processes.is_first() else silence:
            run_all(names, data, runtime, out, command, options)
    except KeyboardInterrupt:
        print(f"\ninterrupted; what is finished is in {out}: go on with --resume", file=sys.stderr)
        return 130
    return 0


def run_all(
    names: Sequence[str],
    data: ImageSet,
    runtime: Runtime,
    out: Path,
    command: str,
    options: argparse.Namespace,
) -> None:
    """Train, run, save and draw, one after the other; print the table at the end."""
    skipped = [n for n in names if EXPERIMENTS[n].needs_labels and not data.num_classes]
    names = [n for n in names if n not in skipped]
    for name in skipped:
        print(f"{name}: left out, {data.name!r} has no labels")
    first = processes.is_first()
    networks = Networks(
        data,
        options.scale,
        seed=options.seed,
        runtime=runtime,
        folder=out / "networks",
        resume=options.resume,
        report=lambda name: ProgressBar(f"      {name}") if first else lambda _: None,
    )
    needs = dict.fromkeys(need for name in names for need in EXPERIMENTS[name].needs)
    needed = [need for need in needs if need in networks.plans]
    costs = {f"train {need}": networks.cost(need) for need in needed}
    stages = Stages(costs | {name: EXPERIMENTS[name].cost for name in names})
    print(
        f"{data.name}: {len(data.train):,} training, {len(data.validation):,} validation, "
        f"{len(data.test):,} test images; {options.scale} scale, seed {options.seed}, "
        f"{runtime.device} in {runtime.precision}"
        + (f", {processes.count()} processes" if processes.count() > 1 else "")
    )
    for need in needed:
        with stages.stage(f"train {need}"):
            networks[need]
    processes.leave()
    if not first:
        return
    found = {}
    for name in names:
        experiment = EXPERIMENTS[name]
        with stages.stage(name):
            started = time.perf_counter()
            found[name] = experiment.run(networks)
            provenance = Provenance.collect(
                name,
                config=networks.describe(experiment.needs),
                data=data.name,
                seed=options.seed,
                device=device_name(runtime.device),
                seconds=time.perf_counter() - started + networks.seconds(experiment.needs),
                command=command,
            )
            results.save(found[name], out, name, provenance)
            if name == "bottleneck":
                write_csv(found[name], out / "bottleneck.csv")
            for figure_name, figure in experiment.draw(found[name]).items():
                plots.save(figure, out / f"{figure_name}.png", dpi=110)
    print()
    print(summarize(found))
    print(f"\nresults, figures and networks are in {out}; {stages.elapsed()} in all")


def decide_claims(folder: str, scale: str, command: str) -> str:
    """Write folder/ledger.json and ledger.csv from the results in it; how many claims hold."""
    evidence = ledger.Evidence(folder, scale)
    written = ledger.write_ledger(folder, evidence, command)
    lines = [f"{row.number:3}  {row.verdict:11}  {row.statement}" for row in written.rows]
    verdicts = get_args(ledger.Verdict)
    counts = ", ".join(f"{written.count(verdict)} {verdict}" for verdict in verdicts)
    return "\n".join([*lines, "", f"{counts}: {Path(folder) / 'ledger.csv'}"])


def list_runs(folder: str, scale: str, command: str) -> str:
    """Write folder/manifest.json: what has been run and what is missing, with its command."""
    manifest = take_stock(folder, EXPERIMENTS, scale)
    origin = Provenance.of_stored("manifest", scale, command)
    path = results.save(manifest, folder, "manifest", origin)
    missing = [entry.command for entry in manifest.missing]
    return "\n".join(
        [*missing, f"{len(missing)} of {len(manifest.entries)} planned results are missing: {path}"]
    )


def device_name(device: str) -> str:
    """The accelerator's or the processor's own name, for a result's provenance."""
    if device.startswith("cuda"):
        return f"{device}: {torch.cuda.get_device_name(device)}"
    return f"{device}: {platform.machine()}, {torch.get_num_threads()} threads"


def keep_heap() -> None:
    """Ask glibc to keep freed memory: mapping it anew for every large temporary is slow.

    Training on the CPU frees and takes the same large blocks at every step. Elsewhere than under
    glibc this does nothing.
    """
    if platform.libc_ver()[0] != "glibc":
        return
    libc = ctypes.CDLL(None)
    for option in (MMAP_THRESHOLD, TRIM_THRESHOLD):
        libc.mallopt(option, 2**31 - 1)


TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # as malloc.h numbers them

if __name__ == "__main__":
    sys.exit(main())
