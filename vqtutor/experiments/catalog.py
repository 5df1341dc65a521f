"""Which experiments there are: the networks each one needs, how it runs and how it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure

from vqtutor import plots
from vqtutor.experiments.beta import run_beta
from vqtutor.experiments.bottleneck import run_bottleneck
from vqtutor.experiments.budgets import run_budgets
from vqtutor.experiments.classification import CONFIGS as CLASSIFICATION
from vqtutor.experiments.classification import run_classification
from vqtutor.experiments.codebooks import run_codebooks
from vqtutor.experiments.coordinates import CONFIGS as COORDINATES
from vqtutor.experiments.coordinates import run_coordinates
from vqtutor.experiments.disturbance import run_disturbance
from vqtutor.experiments.ensemble import run_ensemble
from vqtutor.experiments.generation import CONFIGS as GENERATION
from vqtutor.experiments.generation import run_generation
from vqtutor.experiments.hierarchy import run_hierarchy
from vqtutor.experiments.identities import run_identities
from vqtutor.experiments.networks import Networks
from vqtutor.experiments.plans import (
    BETAS,
    CLASSIFIERS,
    COMMITMENTS,
    COMPARED,
    JUDGES,
    PRIORS,
    REPORTED,
    SIZES,
)
from vqtutor.experiments.posterior import run_posterior
from vqtutor.experiments.priors import run_priors
from vqtutor.experiments.reconstruction import run_reconstruction
from vqtutor.experiments.transformation import CONFIGS as TRANSFORMATION
from vqtutor.experiments.transformation import run_transformation
from vqtutor.experiments.warmup import run_warmup
from vqtutor.train import History


@dataclass(frozen=True)
class Experiment:
    """One name on the command line: the networks it needs, how it runs and how it is drawn."""

    needs: tuple[str, ...]
    run: Callable[[Networks], Any]
    draw: Callable[[Any], dict[str, Figure]]
    cost: float = 5.0  # rough seconds, for the time left
    needs_labels: bool = False
    study: bool = False  # one model looked at closely: at the quick scale not part of "all"


def warmup(networks: Networks) -> Any:
    models = {name: networks[name] for name in CLASSIFIERS}
    return run_warmup(models, networks.data, networks.histories, seed=networks.seed)


def warmup_original(networks: Networks) -> Any:
    models = {name: networks[f"{name} original"] for name in REPORTED}
    histories = {name: networks.histories[f"{name} original"] for name in REPORTED}
    return run_warmup(models, networks.data, histories, seed=networks.seed)


def disturbance(networks: Networks) -> Any:
    models = {name: networks[name] for name in VECTORS}
    return run_disturbance(models, networks.data, networks.judge, seed=networks.seed)


VECTORS = ("AE-16", "AE-64", "AE", "AE relu", "VAE")  # whose codes are disturbed


def bottleneck(networks: Networks) -> Any:
    models = {size: networks[f"AE-{size}"] for size in SIZES}
    histories: dict[int | str, History] = {size: networks.histories[f"AE-{size}"] for size in SIZES}
    return run_bottleneck(
        models,
        networks["AE-linked"],
        networks.data,
        {**histories, "linked": networks.histories["AE-linked"]},
        judge=networks.judge,
        seed=networks.seed,
    )


def beta(networks: Networks) -> Any:
    models = {beta: networks[f"VAE beta={beta:g}"] for beta in BETAS}
    return run_beta(models, networks["AE brief"], networks.data, seed=networks.seed)


def posterior(networks: Networks) -> Any:
    models = {name: networks[name] for name in ("VAE", *SWEEP)}
    return run_posterior(models, networks.data, networks.judge, seed=networks.seed)


def budgets(networks: Networks) -> Any:
    models = networks.named(SPENDERS)
    return run_budgets(models, networks.data, seed=networks.seed)


SWEEP = tuple(f"VAE beta={beta:g}" for beta in BETAS)
SPENDERS = (*COMPARED, "VQ-VAE-2 original", *(f"AE-{size}" for size in SIZES), *SWEEP)


def identities(networks: Networks) -> Any:
    return run_identities(networks["VQ-VAE-2"], networks.data, seed=networks.seed)


def codebooks(networks: Networks) -> Any:
    variants = {"moving average, restarts": "VQ-VAE-2 brief"} | {
        name: f"VQ-VAE-2 {plan}"
        for name, plan in (
            ("moving average", "no restart"),
            ("gradient", "gradient"),
            ("rotation", "rotation"),
        )
    }
    weights = {0.25: "VQ-VAE-2 brief"} | {w: f"VQ-VAE-2 commitment={w:g}" for w in COMMITMENTS}
    return run_codebooks(
        networks["VQ-VAE-2"],
        {name: networks[plan] for name, plan in variants.items()},
        {weight: networks[weights[weight]] for weight in sorted(weights)},
        networks.data,
        {key: networks.histories[plan] for key, plan in (variants | weights).items()},  # type: ignore[operator]
        networks.histories["VQ-VAE-2"],
    )


def hierarchy(networks: Networks) -> Any:
    priors = {"plain": "bottom prior brief", "no top": "bottom prior no top"}
    return run_hierarchy(
        networks["VQ-VAE-2"],
        networks["VQ-VAE-2 brief"],
        {name: networks[f"VQ-VAE-2 {name}"] for name in ("add", "no top")},
        networks.data,
        networks.judge,
        {name: networks[plan] for name, plan in priors.items()},
        seed=networks.seed,
    )


def priors(networks: Networks) -> Any:
    return run_priors(
        networks["VQ-VAE-2"],
        networks.named(PRIOR_NAMES),
        networks.data,
        networks.judge,
        seed=networks.seed,
    )


def coordinates(networks: Networks, names: Sequence[str]) -> Any:
    models = networks.named(names)
    config = COORDINATES[networks.scale]
    return run_coordinates(models, networks.data, seed=networks.seed, config=config)


def transformation(networks: Networks, names: Sequence[str]) -> Any:
    models = networks.named(names)
    config = TRANSFORMATION[networks.scale]
    return run_transformation(
        models, networks.data, networks.judge, seed=networks.seed, config=config
    )


def classification(networks: Networks, names: Sequence[str]) -> Any:
    models = networks.named(names)
    config = CLASSIFICATION[networks.scale]
    return run_classification(models, networks.data, seed=networks.seed, config=config)


def generation(networks: Networks, names: Sequence[str], priors: Mapping[str, str]) -> Any:
    """priors : by network, what the names of its two priors end in."""
    known = networks.plans
    return run_generation(
        networks.named(names),
        networks.data,
        networks.judge,
        {
            name: (networks[f"top prior{end}"], networks[f"bottom prior{end}"])
            for name, end in priors.items()
            if name in known
        },
        networks["3x3-deep"] if "3x3-deep" in known else None,  # refuses what the judge judges
        seed=networks.seed,
        config=GENERATION[networks.scale],
    )


def renamed(figures: dict[str, Figure], old: str, variant: str) -> dict[str, Figure]:
    """Figures of an experiment that is run twice, under names of their own."""
    return {name.replace(old, f"{old}-{variant}", 1): one for name, one in figures.items()}


COORDINATES_CONTROLS = ("AE", "VAE", "VQ-VAE-2 original", "AE convolutional")
# What the original had: its grids of codes, and autoencoders whose code ends in a ReLU.
CLASSIFICATION_ORIGINAL = ("AE", "AE relu", "VAE", "VQ-VAE-2 original")
GENERATION_ORIGINAL = ("AE relu", "VQ-VAE-2 original")
TRANSFORMATION_ORIGINAL = ("AE", "VQ-VAE-2 original")
PRIOR_NAMES = (*PRIORS, "top prior no label", "bottom prior no label")

EXPERIMENTS: dict[str, Experiment] = {
    "warmup": Experiment(CLASSIFIERS, warmup, plots.draw_warmup, needs_labels=True),
    "warmup-original": Experiment(
        tuple(f"{name} original" for name in REPORTED),
        warmup_original,
        lambda result: renamed(plots.draw_warmup(result), "warmup", "original"),
        needs_labels=True,
        study=True,
    ),
    "ensemble": Experiment(
        JUDGES,
        lambda n: run_ensemble(n.named(JUDGES), n.data),
        lambda _: {},
        needs_labels=True,
        study=True,
    ),
    "bottleneck": Experiment(
        ("judge", *(f"AE-{size}" for size in SIZES), "AE-linked"),
        bottleneck,
        plots.draw_bottleneck,
    ),
    "disturbance": Experiment(
        ("judge", *VECTORS), disturbance, plots.draw_disturbance, cost=60.0, study=True
    ),
    "reconstruction": Experiment(
        ("judge", *COMPARED),
        lambda n: run_reconstruction(n.compared, n.data, n.judge, seed=n.seed),
        plots.draw_reconstruction,
    ),
    "beta": Experiment(("AE brief", *SWEEP), beta, plots.draw_beta, cost=30.0, study=True),
    "posterior": Experiment(
        ("judge", "VAE", *SWEEP), posterior, plots.draw_posterior, cost=90.0, study=True
    ),
    "budgets": Experiment(SPENDERS, budgets, plots.draw_budgets, cost=60.0, study=True),
    "coordinates": Experiment(
        COMPARED,
        lambda n: coordinates(n, COMPARED),
        plots.draw_coordinates,
    ),
    "coordinates-controls": Experiment(
        COORDINATES_CONTROLS,
        lambda n: coordinates(n, COORDINATES_CONTROLS),
        lambda result: renamed(plots.draw_coordinates(result), "coordinates", "controls"),
        study=True,
    ),
    "transformation": Experiment(
        ("judge", *COMPARED),
        lambda n: transformation(n, COMPARED),
        plots.draw_transformation,
    ),
    "transformation-original": Experiment(
        ("judge", *TRANSFORMATION_ORIGINAL),
        lambda n: transformation(n, TRANSFORMATION_ORIGINAL),
        lambda result: renamed(plots.draw_transformation(result), "transformation", "original"),
        study=True,
    ),
    "classification": Experiment(
        COMPARED,
        lambda n: classification(n, COMPARED),
        plots.draw_classification,
        needs_labels=True,
    ),
    "classification-original": Experiment(
        CLASSIFICATION_ORIGINAL,
        lambda n: classification(n, CLASSIFICATION_ORIGINAL),
        lambda result: renamed(plots.draw_classification(result), "classification", "original"),
        needs_labels=True,
        study=True,
    ),
    "generation": Experiment(
        ("judge", "3x3-deep", *COMPARED, *PRIORS),
        lambda n: generation(n, COMPARED, {"VQ-VAE-2": ""}),
        plots.draw_generation,
    ),
    "generation-original": Experiment(
        ("judge", "3x3-deep", *GENERATION_ORIGINAL, *(f"{name} original" for name in PRIORS)),
        lambda n: generation(n, GENERATION_ORIGINAL, {"VQ-VAE-2 original": " original"}),
        lambda result: renamed(plots.draw_generation(result), "generation", "original"),
        study=True,
    ),
    "identities": Experiment(("VQ-VAE-2",), identities, lambda _: {}, study=True),
    "codebooks": Experiment(
        (
            "VQ-VAE-2",
            *(f"VQ-VAE-2 {name}" for name in ("brief", "no restart", "gradient", "rotation")),
            *(f"VQ-VAE-2 commitment={weight:g}" for weight in COMMITMENTS),
        ),
        codebooks,
        plots.draw_codebooks,
        study=True,
    ),
    "hierarchy": Experiment(
        (
            "judge",
            "VQ-VAE-2",
            *(f"VQ-VAE-2 {name}" for name in ("brief", "add", "no top")),
            "bottom prior brief",
            "bottom prior no top",
        ),
        hierarchy,
        plots.draw_hierarchy,
        study=True,
    ),
    "priors": Experiment(
        ("judge", "VQ-VAE-2", *PRIOR_NAMES), priors, plots.draw_priors, cost=60.0, study=True
    ),
}
