"""Run the chapters from a terminal, without Jupyter and without building the book.

    python book/execute.py                        # all chapters at the quick scale
    python book/execute.py 03_vae --scale full    # one of them on MNIST

Each chapter is run in a kernel of its own through nbclient and written with its
outputs to --out, where any notebook viewer opens it. --times FOLDER keeps how long
all of them took, for the sentence at the head of each.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from vqtutor.experiments import results
from vqtutor.experiments.__main__ import device_name
from vqtutor.experiments.plans import SCALES
from vqtutor.experiments.provenance import Provenance
from vqtutor.experiments.run_times import RunTimes
from vqtutor.train import best_device

BOOK = Path(__file__).parent


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python book/execute.py", description=__doc__.split("\n\n")[0]
    )
    parser.add_argument(
        "names", nargs="*", metavar="CHAPTER", help="default: all of them"
    )
    parser.add_argument(
        "--scale", choices=SCALES, default="quick", help="default: quick"
    )
    parser.add_argument(
        "--out", default="executed", help="folder for the notebooks"
    )
    parser.add_argument(
        "--book", default=BOOK, type=Path, help="folder with the chapters"
    )
    parser.add_argument(
        "--timeout", type=int, default=3600, help="seconds for one cell"
    )
    parser.add_argument(
        "--times", metavar="FOLDER", help="keep the seconds in FOLDER/chapters.json"
    )
    options = parser.parse_args(arguments)
    if options.times and options.names:
        parser.error("--times is for all chapters: name none of them.")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for; 0 if all ran through, 1 if not, 2 for a wrong name."""
    options = parse(arguments)
    known = {path.stem: path for path in sorted(options.book.glob("[0-9]*.ipynb"))}
    if unknown := [name for name in options.names if name not in known]:
        print(
            f"error: no chapter {unknown}; choose from {', '.join(known)}.",
            file=sys.stderr,
        )
        return 2
    out = Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    seconds: dict[str, float] = {}
    failed = []
    for name in options.names or known:
        started = time.perf_counter()
        error = execute(
            known[name], out / f"{name}.ipynb", options.scale, options.timeout
        )
        seconds[name] = time.perf_counter() - started
        print(
            f"{name}: {seconds[name]:.0f} s{f', FAILED: {error}' if error else ''}",
            flush=True,
        )
        if error:
            failed.append(name)
    if options.times and not failed:
        keep_times(seconds, options.scale, options.times)
    whole = len(seconds) - len(failed)
    print(f"{whole} of {len(seconds)} chapters ran through: {out}")
    return 1 if failed else 0


def execute(chapter: Path, target: Path, scale: str, timeout: int) -> str:
    """Run one chapter, write it to `target`; the error that stopped it, or ""."""
    notebook = nbformat.read(chapter, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=timeout,
        resources={"metadata": {"path": str(chapter.parent)}},
    )
    try:
        client.execute(env=os.environ | {"VQTUTOR_SCALE": scale})
    except CellExecutionError as error:
        return f"{error.ename}: {error.evalue}"
    finally:  # what ran before an error is worth reading
        nbformat.write(notebook, target)
    return ""


def keep_times(seconds: dict[str, float], scale: str, folder: str) -> None:
    """Write folder/chapters.json."""
    device = device_name(best_device())
    origin = Provenance.collect(
        "chapters",
        config={"scale": scale},
        data="digits" if scale == "quick" else "mnist",
        seed=0,
        device=device,
        seconds=sum(seconds.values()),
        command=f"python book/execute.py --scale {scale} --times {folder}",
    )
    results.save(RunTimes(scale, device, seconds), folder, "chapters", origin)


if __name__ == "__main__":
    sys.exit(main())
