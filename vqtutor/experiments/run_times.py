"""How long each chapter's cells took; `book/execute.py` measures it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RunTimes:
    """All chapters, run one after the other."""

    scale: str
    device: str
    seconds: dict[str, float]  # by chapter's file name; start of the kernel included
