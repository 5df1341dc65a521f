"""How long `import vqtutor` takes, in whole processes beside empty ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.timing import Options, Row, interleave, row

RUNS = 15
ROOT = Path(__file__).parents[1]


def measure(options: Options) -> list[Row]:
    """Milliseconds of the import alone, and of the whole process."""

    def start(code: str) -> None:
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)

    seconds = interleave(
        {"import": lambda: start("import vqtutor"), "empty": lambda: start("pass")},
        options.runs or RUNS,
    )
    extra = [
        1000 * (full - empty)
        for full, empty in zip(seconds["import"], seconds["empty"], strict=True)
    ]
    whole = [1000 * full for full in seconds["import"]]
    return [
        row(
            "import vqtutor, beyond an empty process",
            extra,
            1,
            unit="ms",
            target=50,
            at_most=True,
            seconds=seconds,
        ),
        row("import vqtutor, whole process", whole, 1, unit="ms", seconds=seconds),
    ]
