"""What a chapter shows of the library in words: source, shapes, tables, the origin of a result.

Everything here returns Markdown. Jupyter, Colab and the built book render it in their own colors,
light or dark, and a terminal prints it as it is.
"""

from __future__ import annotations

import inspect
import json
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from vqtutor.experiments import results
from vqtutor.experiments.provenance import Provenance
from vqtutor.experiments.run_times import RunTimes
from vqtutor.experiments.stages import duration

if TYPE_CHECKING:  # every experiment comes with the ledger: too slow to import for a table
    from vqtutor.experiments.ledger.core import Ledger, Row
from vqtutor.experiments.seeds import Figure


@dataclass(frozen=True)
class Markdown:
    """A text that notebooks render. Its `str` is the Markdown itself."""

    text: str

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        return self.text


def text(markdown: str) -> Markdown:
    """A paragraph; the common indentation of its lines is dropped."""
    return Markdown(inspect.cleandoc(markdown))


def source(thing: type | Callable[..., object]) -> Markdown:
    """The source code of a class or a function, as it stands in the library, with its file."""
    code = textwrap.dedent(inspect.getsource(thing)).rstrip()
    place = f"{thing.__module__.replace('.', '/')}.py"
    return Markdown(f"`{place}`\n\n```python\n{code}\n```")


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> Markdown:
    """A table. Columns of numbers are set to the right; floats keep four significant digits.

    ValueError for a row that is not as long as the header.
    """
    for row in rows:
        if len(row) != len(header):
            raise ValueError(
                f"every row needs {len(header)} entries, one per column of the header; "
                f"got {len(row)}: {tuple(row)}."
            )
    numeric = [all(isinstance(row[i], int | float) for row in rows) for i in range(len(header))]
    rule = ["---:" if right else ":---" for right in numeric]
    lines = [map(_cell, header), rule, *(map(_cell, row) for row in rows)]
    return Markdown("\n".join("| " + " | ".join(line) + " |" for line in lines))


def _cell(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else str(value).replace("|", "\\|")


def shapes(model: nn.Module, *inputs: Tensor, call: str = "forward") -> Markdown:
    """Every layer that `inputs` pass through, in order: what comes out of it, and its weights.

    call : the method of `model` that is followed, such as "encode". The batch is left out of the
        shapes. A layer that has no weights and keeps the shape shares the row of the one before.
    """
    rows: list[tuple[str, str, int]] = [("input", _shape(inputs[0]), 0)]

    def note(layer: nn.Module, _: object, output: Any) -> None:
        weights = sum(weight.numel() for weight in layer.parameters())
        # A quantizer answers with more than the vectors.
        name, shape = f"`{_brief(layer)}`", _shape(getattr(output, "vectors", output))
        if len(rows) > 1 and not weights and shape == rows[-1][1]:
            before, _, count = rows.pop()
            rows.append((f"{before}, {name}", shape, count))
        else:
            rows.append((name, shape, weights))

    leaves = [layer for layer in model.modules() if not list(layer.children())]
    hooks = [layer.register_forward_hook(note) for layer in leaves]
    was_training = model.training
    try:
        with torch.no_grad():
            getattr(model.eval(), call)(*inputs)
    finally:
        model.train(was_training)
        for hook in hooks:
            hook.remove()
    counted, every = sum(row[2] for row in rows), sum(w.numel() for w in model.parameters())
    if call == "forward" and every > counted:  # belong to no layer, such as a learned offset
        rows.append(("others", "", every - counted))
        counted = every
    return table(["layer", "shape", "weights"], [*rows, ("together", "", counted)])


def _shape(tensor: Tensor) -> str:
    return " × ".join(map(str, tensor.shape[1:])) or "one number"


def _brief(layer: nn.Module) -> str:
    """ "Conv2d(1, 16, 5x5)" instead of everything that PyTorch says of a layer."""
    name, (first, second) = type(layer).__name__, _sizes(layer)
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        height, width = layer.kernel_size
        stride = f", stride {layer.stride[0]}" if layer.stride[0] > 1 else ""
        return f"{name}({first}, {second}, {height}x{width}{stride})"
    return f"{name}({first}, {second})" if first else name


def _sizes(layer: nn.Module) -> tuple[int, int]:
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        return layer.in_channels, layer.out_channels
    return (layer.in_features, layer.out_features) if isinstance(layer, nn.Linear) else (0, 0)


def provenance(origin: Provenance) -> Markdown:
    """Where a stored result comes from: data, seed, device, commit, duration; the rest folded."""
    versions = ", ".join(f"{name} {version}" for name, version in origin.versions.items())
    lines = [
        f"- **data** {origin.data}, **seed** {origin.seed}, **device** {origin.device}",
        f"- **computed** on {origin.date} in {duration(origin.seconds)}, from commit "
        f"`{origin.commit[:12]}`",
        f"- **with** {versions}",
    ]
    if origin.command:
        lines.append(f"- **by** `{origin.command}`")
    config = json.dumps(origin.config, indent=1)
    folded = f"<details><summary>Its full configuration</summary>\n\n```json\n{config}\n```\n\n"
    return Markdown("\n".join(lines) + f"\n\n{folded}</details>")


def run_time(chapter: str) -> Markdown:
    """How long the cells of a chapter took, where and when. KeyError for a name not measured."""
    times, origin = results.load(RunTimes, results.ROOT, "chapters")
    return Markdown(
        f"Running its cells takes {duration(times.seconds[chapter])} at the {times.scale} scale "
        f"({times.device}; {origin.date}, commit `{origin.commit[:10]}`)."
    )


def ledger(found: Ledger, section: str = "", numbers: Sequence[int] = ()) -> Markdown:
    """Claims, what was measured of each, and the verdict: of one section, of `numbers`, or all.

    Values are means over seeds ± their standard deviation. ValueError where no claim is left.
    """
    rows = [
        row
        for row in found.rows
        if section in ("", row.section) and (not numbers or row.number in numbers)
    ]
    if not rows:
        raise ValueError(f"no claim in section {section!r} with a number in {tuple(numbers)}.")
    header = ["", "claim", "measured", "verdict", "why"]
    return table(
        header,
        [[str(r.number), r.statement, _measured(r), f"**{r.verdict}**", _why(r)] for r in rows],
    )


def claim(row: Row) -> Markdown:
    """One claim in full: how it was measured, and which thresholds it was held against."""
    lines = [
        f"**{row.number}. {row.statement}**",
        f"- measured: {row.metric}",
        f"- confirmed if: {row.confirmed_if}",
        f"- refuted if: {row.refuted_if}",
        *(f"- {name}: {value}" for name, value in _named_values(row)),
        f"- **{row.verdict}**. {_why(row)}".rstrip(),
    ]
    return Markdown("\n".join([lines[0], "", *lines[1:]]))


def _named_values(row: Row) -> list[tuple[str, Figure]]:
    """Every value of a row by name, with what real images and noise give."""
    values = list(row.values.items())
    values += [("real images", row.floor)] if row.floor is not None else []
    return values + ([("noise", row.ceiling)] if row.ceiling is not None else [])


def _measured(row: Row) -> str:
    return "<br>".join(f"{name}: {value}" for name, value in _named_values(row))


def _why(row: Row) -> str:
    return " ".join(text for text in (row.cause, row.note) if text)
