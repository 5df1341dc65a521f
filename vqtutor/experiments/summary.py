"""The numbers of a run as plain text tables for the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from vqtutor.experiments.bottleneck import Bottleneck
from vqtutor.experiments.classification import Classification
from vqtutor.experiments.coordinates import Coordinates
from vqtutor.experiments.generation import Generation
from vqtutor.experiments.reconstruction import Reconstruction
from vqtutor.experiments.transformation import Transformation
from vqtutor.experiments.warmup import Warmup


def summarize(found: Mapping[str, Any]) -> str:
    """One table per result, in the order given; all on the test images."""
    return "\n\n".join(TABLES[type(result)](result) for result in found.values())


def table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns as wide as their widest entry; the first one is aligned left."""
    lines = [tuple(head), *(tuple(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    drawn = [
        "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])])
        for line in lines
    ]
    return "\n".join([title, "-" * len(drawn[0]), *drawn])


def percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def number(value: float | None, digits: int = 4) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def warmup_table(result: Warmup) -> str:
    rows = [
        [name, f"{c.num_weights:,}", percent(c.accuracy), f"{c.errors} of {result.num_test:,}"]
        for name, c in result.classifiers.items()
    ]
    return table("Classifiers", ["network", "weights", "accuracy", "errors"], rows)


def bottleneck_table(result: Bottleneck) -> str:
    rows = [
        [f"{s.body}, {s.latent_dim} numbers", number(s.test_mse), number(s.pca_mse)]
        for s in result.sizes
    ]
    return table("Autoencoders: squared error per pixel", ["network", "MSE", "PCA's MSE"], rows)


def reconstruction_table(result: Reconstruction) -> str:
    rows = []
    for name, s in result.scores.items():
        usage = ", ".join(percent(share) for share in s.usage.values()) or "-"
        rows.append(
            [
                name,
                f"{s.bits:.0f}",
                number(s.mse),
                number(s.psnr, 1),
                number(s.ssim, 3),
                number(s.sharpness, 2),
                percent(s.accuracy),
                usage,
            ]
        )
    head = ["model", "bits", "MSE", "PSNR dB", "SSIM", "sharpness", "judge right", "codes used"]
    title = f"Reconstruction (the judge on the originals: {percent(result.original_accuracy)})"
    return table(title, head, rows)


def coordinates_table(result: Coordinates) -> str:
    rows = [
        [
            name,
            number(max(s.effect), 3),
            percent(s.locality),
            number(max(map(abs, s.brightness)), 2),
            number(max(map(abs, s.slant)), 2),
        ]
        for name, s in result.sweeps.items()
    ]
    head = ["sweep", "largest effect", "pixels with 90 %", "best brightness ρ", "best slant ρ"]
    return table("One coordinate changed", head, rows)


def transformation_table(result: Transformation) -> str:
    rows = [
        [name, percent(s.third_class_rate), percent(s.garbage_rate), number(s.jumpiness, 1)]
        for name, s in result.scores.items()
    ]
    head = ["path", "third class", "garbage", "jumpiness"]
    floor, ceiling = percent(result.garbage_floor), percent(result.garbage_ceiling)
    return table(f"Paths (garbage: real images {floor}, noise {ceiling})", head, rows)


def classification_table(result: Classification) -> str:
    if not result.scores:
        return f"Classification of Z: {'; '.join(result.skipped.values())}"
    kinds = list(next(iter(result.scores.values())))
    rows = [
        [name, str(result.dimensions[name]), *(percent(scores[kind].accuracy) for kind in kinds)]
        for name, scores in result.scores.items()
    ]
    return table("Classification of Z", ["features", "numbers", *kinds], rows)


def generation_table(result: Generation) -> str:
    scores = dict(result.scores)
    if result.real is not None:
        scores["real training images"] = result.real
    rows = [
        [
            name,
            percent(s.accuracy),
            percent(s.garbage_rate),
            number(s.sharpness, 2),
            number(s.frechet, 2),
            number(s.kernel, 4),
        ]
        for name, s in scores.items()
    ]
    head = ["sampler", "label right", "garbage", "sharpness", "Fréchet", "kernel"]
    return table(f"Generation, {result.num_images:,} images each", head, rows)


TABLES: dict[type, Callable[[Any], str]] = {
    Warmup: warmup_table,
    Bottleneck: bottleneck_table,
    Reconstruction: reconstruction_table,
    Coordinates: coordinates_table,
    Transformation: transformation_table,
    Classification: classification_table,
    Generation: generation_table,
}
