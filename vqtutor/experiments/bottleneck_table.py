"""The autoencoder study as one CSV table, from which its curves can be drawn again.

A row per network and epoch. What holds for a whole network, such as its best epoch and its test
error, stands in each of its rows.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from vqtutor.experiments.bottleneck import Bottleneck
from vqtutor.experiments.plain import rounded
from vqtutor.experiments.sizes import Gain, SizeResult

CURVES = ("train_mse", "validation_mse", "test_curve")  # one value per epoch
GAINS = ("mse", "ssim", "accuracy")
CSV_COLUMNS = (
    "body",
    "latent_dim",
    "epoch",
    *CURVES,
    "best_epoch",
    "test_mse",
    "mse_error",
    "pca_mse",
    "ssim",
    "accuracy",
    "accuracy_low",
    "accuracy_high",
    *(f"{part}_{name}" for name in GAINS for part in ("gain", "gain_error")),
    "seconds",
)


def table_of(sizes: Iterable[SizeResult]) -> list[dict[str, str]]:
    """The rows of the table; the epochs count from 1, and an empty cell was not measured."""
    rows = []
    for one in sizes:
        low, high = one.accuracy_interval or (None, None)
        cells: dict[str, Any] = {name: getattr(one, name, None) for name in CSV_COLUMNS}
        cells |= {"best_epoch": one.best_epoch + 1, "accuracy_low": low, "accuracy_high": high}
        for name, gain in one.gains.items():
            cells |= {f"gain_{name}": gain.value, f"gain_error_{name}": gain.error}
        for epoch in range(len(one.train_mse)):
            cells["epoch"] = epoch + 1
            for name in CURVES:
                curve = getattr(one, name)
                cells[name] = curve[epoch] if curve else None
            rows.append({name: plain(value) for name, value in cells.items()})
    return rows


def sizes_of(rows: Iterable[Mapping[str, str]]) -> tuple[SizeResult, ...]:
    """The inverse of `table_of`. KeyError for a missing column, ValueError for a missing row."""
    networks: dict[tuple[str, str], list[Mapping[str, str]]] = {}
    for row in rows:
        networks.setdefault((row["body"], row["latent_dim"]), []).append(row)
    return tuple(_size_of(mine) for mine in networks.values())


def _size_of(rows: list[Mapping[str, str]]) -> SizeResult:
    """One network from its rows."""
    first = rows[0]
    if [row["epoch"] for row in rows] != [str(epoch + 1) for epoch in range(len(rows))]:
        raise ValueError(
            f"the rows of {first['body']} {first['latent_dim']} must be epochs 1, 2, ..., got "
            f"{[row['epoch'] for row in rows]}."
        )

    def value(name: str) -> Any:
        return float(first[name]) if first[name] else None

    def curve(name: str) -> tuple[float, ...]:
        return tuple(float(row[name]) for row in rows) if first[name] else ()

    measured = first["accuracy_low"] != ""
    return SizeResult(
        latent_dim=int(first["latent_dim"]),
        body=first["body"],
        train_mse=curve("train_mse"),
        validation_mse=curve("validation_mse"),
        best_epoch=int(first["best_epoch"]) - 1,
        test_mse=value("test_mse"),
        pca_mse=value("pca_mse"),
        seconds=value("seconds"),
        test_curve=curve("test_curve"),
        mse_error=value("mse_error"),
        ssim=value("ssim"),
        accuracy=value("accuracy"),
        accuracy_interval=(value("accuracy_low"), value("accuracy_high")) if measured else None,
        gains={
            name: Gain(value(f"gain_{name}"), value(f"gain_error_{name}"))
            for name in GAINS
            if first[f"gain_{name}"]
        },
    )


def write_csv(result: Bottleneck, path: str | Path) -> None:
    """One table of everything: a row per network and epoch, with its best epoch and test error."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, CSV_COLUMNS)
        writer.writeheader()
        writer.writerows(table_of(result.sizes))


def read_csv(path: str | Path) -> tuple[SizeResult, ...]:
    """The networks of a table that `write_csv` wrote: `plot_sizes` and others draw them again."""
    with open(path, newline="", encoding="utf-8") as file:
        return sizes_of(csv.DictReader(file))


def plain(value: float | int | str | None) -> str:
    """Floats as in the other result files, to the digit; nothing for None."""
    if isinstance(value, float):
        return repr(rounded(value))
    return "" if value is None else str(value)
