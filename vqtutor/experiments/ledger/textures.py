"""Section J continued: how images drawn on CIFAR-10 look, claims 68, 69, 70 and 74."""

from __future__ import annotations

from vqtutor.experiments.generation import GenerationScores
from vqtutor.experiments.ledger.cifar import DATA, claim
from vqtutor.experiments.ledger.core import Evidence, Finding, Missing, decide
from vqtutor.experiments.ledger.samples import (
    AE_NORMAL,
    UNIFORM,
    VAE_NORMAL,
    Interval,
    around,
    ceiling,
    each,
    floor,
    frechet,
    over_seeds,
    sharpness,
    stored,
    values_of,
)
from vqtutor.experiments.seeds import figure
from vqtutor.experiments.texture import Texture


def autoencoder_draws_noise(evidence: Evidence) -> Finding:
    """Claim 68."""
    results = stored(evidence, DATA)
    found = [neighbors(s) for s in each(results, UNIFORM)]
    verdict = decide([one.high <= 0.2 for one in found], [one.low >= 0.7 for one in found])
    cause = {
        "confirmed": "Neighboring pixels know next to nothing of each other.",
        "refuted": "A decoder's output is smooth whatever it is given: not noise, but blobs.",
        "undecided": "Neither as random as noise nor as smooth as photographs.",
    }
    return Finding(
        verdict,
        values_of(results, (UNIFORM, AE_NORMAL), ("neighbor correlation", "spectrum slope")),
        floor(results, "neighbor correlation"),
        ceiling(results, "neighbor correlation"),
        cause[verdict],
    )


def vae_samples_are_blurry(evidence: Evidence) -> Finding:
    """Claim 69."""
    results = stored(evidence, DATA)
    found = [fine_energy(s) for s in each(results, VAE_NORMAL)]
    verdict = decide([one.high <= 0.30 for one in found], [one.low >= 0.70 for one in found])
    values = values_of(results, (VAE_NORMAL,), ("fine energy", "sharpness"))
    rebuilt = over_seeds([result.reconstructions.get("VAE") for result in results], "fine energy")
    if rebuilt:
        values["VAE, reconstructions: fine energy"] = rebuilt
    cause = f"{values[f'{VAE_NORMAL}: fine energy'].mean:.1%} of real images' fine detail is left."
    return Finding(
        verdict, values, floor(results, "fine energy"), ceiling(results, "fine energy"), cause
    )


def samples_look_like_reconstructions(evidence: Evidence) -> Finding:
    """Claim 70."""
    results = stored(evidence, DATA)
    confirmed, refuted, ratios = [], [], []
    for result, drawn in zip(results, each(results, VAE_NORMAL), strict=True):
        rebuilt = result.reconstructions.get("VAE")
        if rebuilt is None:
            raise Missing("reconstructions in `python -m vqtutor.experiments generation`")
        own = around(drawn.frechet_rebuilt, drawn.frechet_rebuilt_error)
        real, sharp, reference = frechet(drawn), sharpness(drawn), sharpness(rebuilt)
        as_sharp = Interval(sharp.low / reference.high, sharp.high / reference.low)
        alike = as_sharp.low >= 0.85 and as_sharp.high <= 1.15
        confirmed.append(own.high <= 0.5 * real.low and alike)
        refuted.append(own.low >= real.high)
        ratios.append(drawn.sharpness / rebuilt.sharpness)
    verdict = decide(confirmed, refuted)
    quantities = ("Fréchet to reconstructions", "Fréchet", "sharpness")
    values = values_of(results, (VAE_NORMAL,), quantities)
    values["sharpness of samples / of reconstructions"] = figure(ratios)
    near, far = (values[f"{VAE_NORMAL}: {name}"].mean for name in quantities[:2])
    cause = f"The distance to the VAE's own reconstructions is {near / far:.2f} of that to images."
    return Finding(verdict, values, floor(results, "Fréchet"), ceiling(results, "Fréchet"), cause)


def images_are_blurred_already(evidence: Evidence) -> Finding:
    """Claim 74: not decided, but the images' own spectrum stands among the values."""
    try:
        slope = floor(stored(evidence, DATA), "spectrum slope")
    except Missing:
        slope = None
    return Finding(
        "not tested",
        {} if slope is None else {"spectrum slope": slope},
        cause="It takes an open set of large photographs, and the images as they were published.",
        note="scikit-learn brings two photographs only, which is no sample of photographs.",
    )


def neighbors(scores: GenerationScores) -> Interval:
    """Of the correlation of neighboring pixels."""
    correlation = texture(scores).neighbor_correlation
    return around(correlation.value, correlation.error)


def fine_energy(scores: GenerationScores) -> Interval:
    """Of the Fourier energy above a quarter cycle per pixel, relative to that of test images."""
    energy = texture(scores).fine_energy
    return around(energy.value, energy.error)


def texture(scores: GenerationScores) -> Texture:
    if scores.texture is None:
        raise Missing("texture in the results of `python -m vqtutor.experiments generation`")
    return scores.texture


CLAIMS = (
    claim(
        68,
        "On CIFAR-10, what an autoencoder makes of random codes is random pixels.",
        "correlation of neighboring pixels, U(-1, 1); slope of the spectrum",
        ("at most 0.2", "at least 0.7"),
        autoencoder_draws_noise,
        looked_at=False,
    ),
    claim(
        69,
        "On CIFAR-10, images drawn from a VAE are very blurry.",
        "Fourier energy above 0.25 cycles per pixel, relative to real images",
        ("at most 30 %", "at least 70 %"),
        vae_samples_are_blurry,
        seeds=5,
        looked_at=False,
    ),
    claim(
        70,
        "On CIFAR-10, images drawn from a VAE look like its reconstructions.",
        "Fréchet distance of samples to reconstructions and to real images; ratio of sharpness",
        (
            "the first at most half the second and the sharpness within 15 %",
            "the first at least the second",
        ),
        samples_look_like_reconstructions,
    ),
    claim(
        74,
        "CIFAR-10 images are blurred themselves, more than small crops of large photographs.",
        "slope of the spectrum against crops of 32x32 of large photographs",
        ("CIFAR-10 falls off more steeply", "it does not"),
        images_are_blurred_already,
        looked_at=False,
    ),
)
