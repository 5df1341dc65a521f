"""Section J: images from nothing, claims 62 to 67 on MNIST; the others in `textures`, `objects`."""

from __future__ import annotations

from collections.abc import Callable

from vqtutor.experiments.generation import Generation, GenerationScores
from vqtutor.experiments.ledger import objects, textures
from vqtutor.experiments.ledger.core import Claim, Evidence, Finding, decide
from vqtutor.experiments.ledger.samples import (
    AE_MIXTURE,
    AE_NORMAL,
    OTHERS,
    PRIOR,
    REFUSING,
    UNIFORM,
    VAE_MIXTURE,
    VAE_NORMAL,
    Interval,
    beaten,
    best_of_all,
    ceiling,
    each,
    floor,
    frechet,
    garbage,
    judged_by,
    kernel,
    of_the_original,
    scores_of,
    share,
    sharpness,
    stored,
    values_of,
)

DISTANCES = ("garbage", "Fréchet", "kernel")
ORIGINAL_PRIOR = "VQ-VAE-2 original, PixelCNN"
COPIES = 0.05  # of the samples may be nearer to a training image than 1 % of test images are


def random_codes_are_garbage(evidence: Evidence) -> Finding:
    """Claim 62: both samplers have to say the same."""
    results = stored(evidence)
    rates = list(
        zip(
            *([garbage(s) for s in each(results, way)] for way in (UNIFORM, AE_NORMAL)), strict=True
        )
    )
    verdict = decide(
        [all(rate.low >= 0.60 for rate in pair) for pair in rates],
        [all(rate.high <= 0.30 for rate in pair) for pair in rates],
    )
    cause = {
        "confirmed": "Such codes lie where no image has its code: the decoder never saw any.",
        "refuted": "The codes of images happen to lie where these samplers draw.",
        "undecided": "The two samplers do not agree, or the rate lies between the thresholds.",
    }
    return Finding(
        verdict,
        values_of(results, (UNIFORM, AE_NORMAL), DISTANCES)
        | of_the_original(evidence, ("AE relu, U(-1, 1)",), DISTANCES),
        floor(results, "garbage"),
        ceiling(results, "garbage"),
        cause[verdict],
    )


def autoencoders_cannot_generate(evidence: Evidence) -> Finding:
    """Claim 63."""
    results = stored(evidence)
    mixture = [frechet(s) for s in each(results, AE_MIXTURE)]
    prior = [frechet(s) for s in each(results, VAE_NORMAL)]
    pairs = list(zip(mixture, prior, strict=True))
    verdict = decide([v.below(m) for m, v in pairs], [m.below(v) for m, v in pairs])
    ways = (UNIFORM, AE_MIXTURE, VAE_NORMAL, VAE_MIXTURE)
    values = values_of(results, ways, DISTANCES)
    before, after = (values[f"{way}: Fréchet"].mean for way in (UNIFORM, AE_MIXTURE))
    moved = f"Drawn from where the codes lie, the distance goes from {before:.3g} to {after:.3g}"
    cause = {
        "confirmed": f"{moved}, which is still more than the VAE's.",
        "refuted": f"The sampler was at fault, not the model. {moved}.",
        "undecided": f"{moved}, about as far as the VAE's.",
    }
    return Finding(
        verdict, values, floor(results, "Fréchet"), ceiling(results, "Fréchet"), cause[verdict]
    )


def vae_samples_are_fuzzy(evidence: Evidence) -> Finding:
    """Claim 64."""
    results = stored(evidence)
    found = each(results, VAE_NORMAL)
    rates, sharp = [garbage(s) for s in found], [sharpness(s) for s in found]
    both = list(zip(rates, sharp, strict=True))
    verdict = decide(
        [rate.high <= 0.40 and blur.high <= 0.90 for rate, blur in both],
        [rate.low > 0.40 or blur.low > 0.90 for rate, blur in both],
    )
    values = values_of(results, (VAE_NORMAL, VAE_MIXTURE), (*DISTANCES, "sharpness"))
    rate, blur = (values[f"{VAE_NORMAL}: {name}"].mean for name in ("garbage", "sharpness"))
    cause = f"{rate:.0%} look like nothing real, and they are {blur:.2f} times as sharp as digits."
    return Finding(verdict, values, floor(results, "garbage"), ceiling(results, "garbage"), cause)


def codes_make_good_images(evidence: Evidence) -> Finding:
    """Claim 65."""
    results = stored(evidence)
    verdict = decide(
        [is_good(result) for result in results], [beaten(result, frechet) for result in results]
    )
    quantities = (*DISTANCES, "sharpness", "precision", "recall", "copies")
    cause = {
        "confirmed": "The prior learned where the codes of digits lie, and the decoder is sharp.",
        "refuted": "Another model's draws lie nearer to the test images.",
        "undecided": "Not every one of the five conditions holds for every seed.",
    }
    failed = [name for name, holds in conditions(results).items() if not holds]
    return Finding(
        verdict,
        values_of(results, (PRIOR,), quantities)
        | of_the_original(evidence, (ORIGINAL_PRIOR,), quantities)
        | values_of(results, OTHERS, ("Fréchet", "kernel")),
        floor(results, "Fréchet"),
        ceiling(results, "Fréchet"),
        cause[verdict],
        "Held against every sampler of AE and VAE, the mixtures included; no copies: at most "
        f"{COPIES:.0%} of the samples nearer to a training image than 1 % of the test images are."
        + (f" Not held for every seed: {', '.join(failed)}." if failed else ""),
    )


def conditions(results: list[Generation]) -> dict[str, bool]:
    """Which of the five conditions of claim 65 hold for every seed."""
    found = each(results, PRIOR)
    return {
        "garbage": all(garbage(s).high <= 0.10 for s in found),
        "Fréchet distance": all(best_of_all(result, frechet) for result in results),
        "kernel distance": all(best_of_all(result, kernel) for result in results),
        "sharpness": all(sharpness(s).low >= 0.95 for s in found),
        "no copies": all(copies(s).high <= COPIES for s in found),
    }


def is_good(result: Generation) -> bool:
    """Whether one seed meets all conditions of claim 65."""
    return all(conditions([result]).values())


def copies(scores: GenerationScores) -> Interval:
    """Of the share of samples that are nearer to a training image than 99 % of test images are."""
    novelty = scores.novelty
    return share(novelty.copies, novelty.num_images) if novelty else share(None, 0)


def labels_are_met(evidence: Evidence) -> Finding:
    """Claim 66."""
    results = stored(evidence)
    found = each(results, PRIOR)
    right = [share(s.accuracy, s.num_images) for s in found]
    worst = [worst_class(s) for s in found]
    verdict = decide(
        [one.low >= 0.95 and low.low >= 0.88 for one, low in zip(right, worst, strict=True)],
        [one.high < 0.85 for one in right],
    )
    quantities = ("label right", "worst class right", "teaches", "recall")
    values = values_of(results, (PRIOR, REFUSING), (*quantities, "accepted"))
    values |= of_the_original(evidence, (ORIGINAL_PRIOR,), quantities)
    cause = f"The label stands before every code: {values[f'{PRIOR}: label right'].mean:.1%} right."
    taught = floor(results, "teaches")
    note = "" if taught is None else f"As many real digits teach a classifier {taught.mean:.1%}."
    return Finding(verdict, values, floor(results, "label right"), None, cause, note)


def worst_class(scores: GenerationScores) -> Interval:
    """Of the class that the judge finds least often when it was asked for."""
    classes = scores.class_accuracy or ()
    each_class = scores.num_images // max(1, len(classes))
    return share(min(classes, default=None), each_class)


def ranking_of_the_models(evidence: Evidence) -> Finding:
    """Claim 67: at the samplers that the original used."""
    results = stored(evidence)
    ways = (PRIOR, VAE_NORMAL, UNIFORM)  # best first, as it was claimed
    holds, reverses = [], []
    for result in results:
        intervals = [
            [measure(scores_of(result, way)) for way in ways]
            for measure in (frechet, kernel, garbage)
        ]
        holds.append(all(a.below(b) and b.below(c) for a, b, c in intervals))
        reverses.append(any(b.below(a) or c.below(b) or c.below(a) for a, b, c in intervals))
    verdict = decide(holds, reverses)
    cause = {
        "confirmed": "At these samplers all three measures give the claimed order.",
        "refuted": "At least one measure gives another order.",
        "undecided": "Some neighbors in the order cannot be told apart.",
    }
    return Finding(
        verdict,
        values_of(results, (*ways, VAE_MIXTURE, AE_MIXTURE), DISTANCES),
        floor(results, "garbage"),
        ceiling(results, "garbage"),
        cause[verdict],
        "U(-1, 1) for the AE, N(0, 1) for the VAE, PixelCNN priors for the VQ-VAE-2.",
    )


def claim(
    number: int,
    statement: str,
    metric: str,
    thresholds: tuple[str, str],
    judge: Callable[[Evidence], Finding],
    *,
    headline: bool = True,
) -> Claim:
    """A claim about digits: five seeds."""
    noted = judged_by(judge, "mnist", least=0.993)
    return Claim(number, "J", statement, metric, *thresholds, noted, seeds=5, headline=headline)


CLAIMS = (
    claim(
        62,
        "Random codes make an autoencoder's decoder draw garbage.",
        "garbage rate of U(-1, 1) and N(0, 1) codes; Fréchet and kernel distance",
        ("garbage rate at least 60 % for both", "garbage rate at most 30 % for both"),
        random_codes_are_garbage,
    ),
    claim(
        63,
        "An autoencoder cannot generate: even with codes from a mixture of ten normal "
        "distributions fitted to its own, it stays behind the VAE.",
        "Fréchet distance to test images in the judge's features",
        (
            "AE with the mixture farther than the VAE with N(0, 1), intervals apart",
            "AE with the mixture nearer, intervals apart",
        ),
        autoencoders_cannot_generate,
    ),
    claim(
        64,
        "Digits drawn from a VAE can be made out, but are very fuzzy.",
        "garbage rate and sharpness relative to real images, N(0, 1)",
        (
            "garbage rate at most 40 % and sharpness at most 0.9",
            "garbage rate above 40 % or sharpness above 0.9, interval clear of it",
        ),
        vae_samples_are_fuzzy,
    ),
    claim(
        65,
        "Digits drawn from a VQ-VAE-2 with its priors are very good.",
        "garbage rate, Fréchet and kernel distance, sharpness, copies of training images",
        (
            "garbage rate at most 10 %, both distances below every way of AE and VAE, sharpness at "
            "least 0.95, no copies",
            "some way of AE or VAE has a smaller Fréchet distance",
        ),
        codes_make_good_images,
    ),
    claim(
        66,
        "Digits drawn from a VQ-VAE-2 with its priors are of the class that was asked for.",
        "share that the judge puts into the class asked for, overall and by class; accuracy on "
        "real digits of a classifier taught by the samples",
        ("at least 95 % overall and 88 % in every class", "below 85 % overall"),
        labels_are_met,
    ),
    claim(
        67,
        "As generators, VQ-VAE-2, VAE and AE come in this order.",
        "order of Fréchet distance, kernel distance and garbage rate",
        ("the same order on all three, intervals apart", "some pair reversed, intervals apart"),
        ranking_of_the_models,
        headline=False,
    ),
    *textures.CLAIMS,
    *objects.CLAIMS,
)
