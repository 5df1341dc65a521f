"""What the book found, in three sentences whose numbers come from the results in the package.

The README and the book's first page say the same sentences; a test holds them to these.
"""

from __future__ import annotations

from vqtutor.experiments import results
from vqtutor.experiments.generation import Generation
from vqtutor.experiments.reconstruction import Reconstruction
from vqtutor.experiments.summary import percent
from vqtutor.experiments.warmup import Warmup


def findings(run: str = "mnist-full") -> tuple[str, str, str]:
    """One sentence each on accuracy, reconstruction and generation; Markdown."""
    folder = results.shipped(run)
    warmup, _ = results.load(Warmup, folder, "warmup")
    reconstruction, _ = results.load(Reconstruction, folder, "reconstruction")
    generation, _ = results.load(Generation, folder, "generation")

    deep = warmup.classifiers["3x3-deep"]
    accuracy = (
        f"**“100 %” was one batch.** The network that the original reports at 100 % gets "
        f"{percent(deep.accuracy)} of the {warmup.num_test:,} test digits right here; the "
        f"original's rule, the accuracy of the last batch of 100, prints 1.00 for it in "
        f"{percent(deep.printed.get('1.00', 0.0))} of all shuffles."
    )
    scores = reconstruction.scores
    parts = [
        f"{name} {score.mse:.4f} ({score.bits:.0f} bits)"
        for name, score in scores.items()
        if "sampled" not in name
    ]
    rebuilt = (
        "**Codes rebuild a digit best.** Squared error per pixel on the test digits: "
        f"{', '.join(parts)}."
    )
    uniform, mixture = generation.scores["AE, U(-1, 1)"], generation.scores["AE, mixture"]
    prior = generation.scores["VQ-VAE-2, PixelCNN"]
    drawn = (
        "**The sampler decides.** An independent judge calls "
        f"{percent(uniform.garbage_rate)} of the autoencoder's U(-1, 1) draws garbage, but only "
        f"{percent(mixture.garbage_rate)} when the same network decodes draws from a Gaussian "
        f"mixture; of the digits that VQ-VAE-2 draws on request, {percent(prior.accuracy)} are "
        "the digit asked for."
    )
    return accuracy, rebuilt, drawn
