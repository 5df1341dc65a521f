"""The numbers of a run as plain text tables for the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from vqtutor.experiments.beta import BetaSweep
from vqtutor.experiments.bottleneck import Bottleneck
from vqtutor.experiments.budgets import Budgets
from vqtutor.experiments.classification import Classification
from vqtutor.experiments.codebooks import Codebooks
from vqtutor.experiments.coordinates import Coordinates
from vqtutor.experiments.disturbance import Disturbance
from vqtutor.experiments.ensemble import Ensemble
from vqtutor.experiments.generation import Generation
from vqtutor.experiments.hierarchy import Hierarchy
from vqtutor.experiments.identities import Identities
from vqtutor.experiments.posterior import AggregatePosteriors
from vqtutor.experiments.priors import Priors
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


def ensemble_table(result: Ensemble) -> str:
    every = result.alone | {"together": result.together}
    rows = [
        [name, percent(one.accuracy), f"{one.errors} of {result.num_test:,}"]
        for name, one in every.items()
    ]
    return table("Judges, alone and together", ["network", "accuracy", "errors"], rows)


def bottleneck_table(result: Bottleneck) -> str:
    rows = [
        [
            f"{s.body}, {s.latent_dim} numbers",
            number(s.test_mse),
            number(s.pca_mse),
            number(s.ssim, 3),
            percent(s.accuracy),
            number(s.ratio, 2),
        ]
        for s in result.sizes
    ]
    head = ["network", "MSE", "PCA's MSE", "SSIM", "judge right", "unseen / training MSE"]
    return table("Autoencoders: squared error per pixel", head, rows)


def disturbance_table(result: Disturbance) -> str:
    rows = [
        [name, percent(sum(inside) / len(inside)), number(result.robustness[name].half_point, 2)]
        for name, inside in result.inside.items()
    ]
    return table("Disturbed codes", ["model", "in [-1, 1]", "noise (σ) that halves"], rows)


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


def beta_table(result: BetaSweep) -> str:
    rows = [
        [
            f"beta {point.beta:g}",
            number(point.mean.mse.value),
            number(point.sampled.mse.value),
            number(point.mean.sharpness.value, 2),
            number(point.sampled.sharpness.value, 2),
            f"{point.rate:.0f}",
            f"{point.active_units} of {point.latent_dim}",
        ]
        for point in result.points
    ]
    plain = result.autoencoder
    sharpness = number(plain.sharpness.value, 2)
    rows.append(["AE", number(plain.mse.value), "-", sharpness, "-", "-", "-"])
    head = ["", "MSE", "of a draw", "sharpness", "of a draw", "KL bits", "active"]
    return table("The VAE's weight of the KL", head, rows)


def posterior_table(result: AggregatePosteriors) -> str:
    rows = [
        [
            name,
            number(one.auc.value, 3),
            percent(one.garbage.value if one.garbage else None),
            percent(one.garbage_rebuilt.value if one.garbage_rebuilt else None),
            f"{one.rate:.0f}",
        ]
        for name, one in result.networks.items()
    ]
    head = ["codes of", "AUC to N(0, I)", "garbage drawn", "garbage rebuilt", "KL bits"]
    floor, ceiling = percent(result.garbage_floor), percent(result.garbage_ceiling)
    return table(f"All codes together (garbage: real images {floor}, noise {ceiling})", head, rows)


def budgets_table(result: Budgets) -> str:
    rows = [
        [
            f"{name} / {kind}",
            f"{match.rival.network}, {match.rival.way}",
            f"{match.rival.bits:.0f}",
            number(match.rival.mse),
            number(match.comparison.mse_ratio.value, 2),
        ]
        for name, matches in result.matches.items()
        for kind, match in matches.items()
    ]
    sizes = (f"{name} {one.bits:.0f}" for name, one in result.codes.items() if one.way == "codes")
    title = f"Same budgets (bits: PNG {result.png_bits:.0f}, {', '.join(sizes)})"
    return table(title, ["against", "best rival", "bits", "its MSE", "MSE to it"], rows)


def coordinates_table(result: Coordinates) -> str:
    rows = [
        [
            name,
            number(max(s.effect), 3),
            percent(s.locality),
            percent(sum(s.field.area) / len(s.field.area) if s.field else None),
            number(max(map(abs, s.brightness)), 2),
            number(max(map(abs, s.slant)), 2),
        ]
        for name, s in result.sweeps.items()
    ]
    head = ["sweep", "largest effect", "pixels with 90 %", "field", "brightness ρ", "slant ρ"]
    first = table("One coordinate changed", head, rows)
    rows = [
        [
            name,
            number(o.index_ratio, 3),
            number(o.vector_ratio, 3),
            f"{o.index_p:.2g}",
        ]
        for name, o in result.orders.items()
    ]
    if not rows:
        return first
    head = ["codes", "in index order", "by nearest vector", "p of the indices"]
    return f"{first}\n\n{table('Change from code to code, random orders = 1', head, rows)}"


def transformation_table(result: Transformation) -> str:
    rows = [
        [
            name,
            percent(s.third_class_rate),
            percent(s.garbage_rate),
            number(s.jumpiness, 1),
            percent(s.step_area),
        ]
        for name, s in result.scores.items()
    ]
    head = ["path", "third class", "garbage", "jumpiness", "pixels of a step"]
    floor, ceiling = percent(result.garbage_floor), percent(result.garbage_ceiling)
    return table(f"Paths (garbage: real images {floor}, noise {ceiling})", head, rows)


def classification_table(result: Classification) -> str:
    if not result.scores:
        return f"Classification of Z: {'; '.join(result.skipped.values())}"
    kinds = list(next(iter(result.scores.values())))
    rows = [
        [
            name,
            str(result.dimensions[name]),
            number(result.bits.get(name), 0),
            *(percent(scores[kind].accuracy) for kind in kinds),
            percent(result.unscaled[name].accuracy) if name in result.unscaled else "-",
        ]
        for name, scores in result.scores.items()
    ]
    head = ["features", "numbers", "bits", *kinds, "unscaled, as the original"]
    return table("Classification of Z", head, rows)


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
            percent(s.recall),
            percent(s.taught_accuracy),
        ]
        for name, s in scores.items()
    ]
    head = ["sampler", "label right", "garbage", "sharpness", "Fréchet", "kernel"]
    head += ["real ones met", "taught by them"]
    title = f"Generation, {result.num_images:,} images each"
    if result.judge is not None:
        right, temperature = result.judge.accuracy, result.judge.temperature
        title += f" (the judge: {percent(right)} right, temperature {temperature:.2f})"
    return table(title, head, rows)


def identities_table(result: Identities) -> str:
    rows = [
        [
            level,
            f"{lookup.distinct} of {lookup.num_codes}",
            f"{lookup.mismatches} of {lookup.num_vectors:,}",
            f"{result.gradients[level].straight_through:g}",
            f"{result.gradients[level].step_error:.1e}",
            f"{result.averages[level].mean_error:.1e}",
        ]
        for level, lookup in result.lookups.items()
    ]
    head = ["level", "vectors", "wrong codes", "gradient left", "step to mean", "average to mean"]
    return table("Exact checks of the VQ-VAE-2", head, rows)


def codebooks_table(result: Codebooks) -> str:
    books = {"trained longer": result.trained, **result.variants}
    books |= {f"commitment {weight:g}": one for weight, one in result.commitments.items()}
    rows = [
        [
            name,
            number(book.test_mse.value),
            *(f"{u.perplexity:.1f} of {u.num_codes}" for u in book.usage.values()),
            "-" if book.mse_ratio is None else number(book.mse_ratio.value, 3),
        ]
        for name, book in books.items()
    ]
    head = ["codebook", "MSE", "top perplexity", "bottom perplexity", "MSE to gradient"]
    return table(f"Codebooks, {result.epochs} epochs", head, rows)


def hierarchy_table(result: Hierarchy) -> str:
    rows = [
        [
            f"{level} codes exchanged",
            percent(swap.flips.value if swap.flips else None),
            percent(swap.adopted),
            percent(swap.coarse),
        ]
        for level, swap in result.swaps.items()
    ]
    head = ["", "class changes", "to the other's", "coarse change"]
    first = table(f"Two levels, {result.num_pairs:,} pairs", head, rows)
    rows = [
        [
            name,
            number(one.mse.value),
            number(one.mse_ratio.value, 3),
            "-" if one.bits is None else number(one.bits.value, 3),
        ]
        for name, one in {"plain": result.plain, **result.variants}.items()
    ]
    return f"{first}\n\n{table('Variants', ['network', 'MSE', 'ratio', 'bits per code'], rows)}"


def priors_table(result: Priors) -> str:
    rows = [
        [f"{name} codes, given {given}", number(bits.value, 3), number(level.unigram, 3)]
        for name, level in result.levels.items()
        for given, bits in level.bits.items()
    ]
    one = result.sampling
    speed = f"the cache is {one.naive_seconds / one.cached_seconds:.0f} times as fast"
    title = f"Priors ({speed}, {one.different} of {one.num_codes:,} codes differ)"
    return table(title, ["codes", "bits per code", "unigram"], rows)


TABLES: dict[type, Callable[[Any], str]] = {
    Warmup: warmup_table,
    Ensemble: ensemble_table,
    Bottleneck: bottleneck_table,
    Disturbance: disturbance_table,
    Reconstruction: reconstruction_table,
    BetaSweep: beta_table,
    AggregatePosteriors: posterior_table,
    Budgets: budgets_table,
    Coordinates: coordinates_table,
    Transformation: transformation_table,
    Classification: classification_table,
    Generation: generation_table,
    Identities: identities_table,
    Codebooks: codebooks_table,
    Hierarchy: hierarchy_table,
    Priors: priors_table,
}
