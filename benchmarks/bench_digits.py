"""How long all experiments on the embedded digits take, training included: a first run."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.timing import Options, Row, row

RUNS = 1
ROOT = Path(__file__).parents[1]
COMMAND = ("-m", "vqtutor.experiments", "all")


def measure(options: Options, command: tuple[str, ...] = COMMAND) -> list[Row]:
    """Seconds of the whole process, with so many threads, as it sets up its own heap."""
    own = {key: value for key, value in os.environ.items() if not key.startswith("MALLOC_")}
    own["OMP_NUM_THREADS"] = str(options.threads)
    seconds = []
    for _ in range(options.runs or RUNS):
        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            subprocess.run(
                [sys.executable, *command, "--out", folder],
                cwd=ROOT,
                env=own,
                check=True,
                stdout=subprocess.DEVNULL,
            )
            seconds.append(time.perf_counter() - started)
    what = f"python {' '.join(command)}"
    target = 180 if options.threads > 1 else None
    return [row(what, seconds, options.threads, unit="s", target=target, at_most=True)]
