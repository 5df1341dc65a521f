"""Progress of a long run in a terminal: which stage, how long it took, about how long is left."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping


class Stages:
    """Prints a line per stage. The time left is scaled from the stages that are done.

    costs : expected relative cost of each stage, in the order in which they come.
    """

    def __init__(self, costs: Mapping[str, float]) -> None:
        self.costs = dict(costs)
        self.started = time.perf_counter()
        self.done: dict[str, float] = {}  # stage -> seconds

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Announce the stage, run the body, and print how long it took."""
        started = time.perf_counter()
        print(f"[{len(self.done) + 1}/{len(self.costs)}] {name} …{self.left()}", flush=True)
        yield
        self.done[name] = time.perf_counter() - started
        print(f"      {name}: {duration(self.done[name])}", flush=True)

    def left(self) -> str:
        """ "  (about 3 min 20 s left)" once there is something to scale from, else nothing."""
        finished = sum(self.costs[name] for name in self.done)
        if not finished:
            return ""
        rest = sum(self.costs.values()) - finished
        seconds = rest * sum(self.done.values()) / finished
        return f"  (about {duration(seconds)} left)"

    def elapsed(self) -> str:
        """Time since the first stage was planned."""
        return duration(time.perf_counter() - self.started)


def duration(seconds: float) -> str:
    """ "42 s", "3 min 20 s" or "2 h 05 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
