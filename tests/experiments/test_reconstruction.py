"""Perfect models get perfect scores, and a latent's size is what was counted by hand."""

from __future__ import annotations

import math
from dataclasses import asdict, is_dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.experiments.standins import (
    CLASSES,
    SIZE,
    Judge,
    Perfect,
    PerfectWithPosterior,
    make_data,
    make_vae,
    make_vqvae,
)
from vqtutor.experiments import results
from vqtutor.experiments.estimates import Estimate
from vqtutor.experiments.reconstruction import (
    Reconstruction,
    ReconstructionConfig,
    run_reconstruction,
)
from vqtutor.experiments.results import Provenance


def test_perfect_model_loses_nothing():
    data = make_data()
    result = run_reconstruction({"AE": Perfect()}, data, Judge())
    score = result.scores["AE"]
    assert (score.mse, score.mse_error, score.psnr) == (0.0, 0.0, math.inf)
    assert score.ssim == pytest.approx(1)
    assert score.sharpness == pytest.approx(1)
    assert score.accuracy == result.original_accuracy == 1
    assert score.cross_entropy == pytest.approx(result.original_cross_entropy)
    assert (score.numbers, score.bits) == (SIZE * SIZE, 32 * SIZE * SIZE)
    assert (score.usage, score.perplexity) == ({}, {})
    np.testing.assert_array_equal(result.examples["AE"], result.originals)


def test_error_is_that_of_the_inner_pixels():
    class Darker(Perfect):
        """Loses 0.1 everywhere inside, and wrecks the padding, which does not count."""

        def decode(self, latent: Tensor) -> Tensor:
            images = torch.ones(len(latent), 1, SIZE, SIZE)
            inner = super().decode(latent)[..., 2:-2, 2:-2]
            images[..., 2:-2, 2:-2] = inner - 0.1
            return images

    score = run_reconstruction({"AE": Darker()}, make_data()).scores["AE"]
    assert score.mse == pytest.approx(0.01)
    assert score.psnr == pytest.approx(20)
    assert score.mse_error == pytest.approx(0, abs=1e-7)
    assert score.sharpness == pytest.approx(1)  # a constant has no gradient


def test_half_the_contrast_is_half_the_sharpness():
    class Faded(Perfect):
        def decode(self, latent: Tensor) -> Tensor:
            return 0.5 * super().decode(latent)

    score = run_reconstruction({"AE": Faded()}, make_data()).scores["AE"]
    assert score.sharpness == pytest.approx(0.5)


class Worse(Perfect):
    """Keeps a share of the image: an error, SSIM and sharpness in closed form."""

    def __init__(self, kept: float) -> None:
        super().__init__()
        self.kept = kept

    def decode(self, latent: Tensor) -> Tensor:
        return self.kept * super().decode(latent)


def test_models_are_compared_image_by_image():
    models = {"AE": Worse(0.9), "VQ-VAE-2": Worse(0.7)}
    result = run_reconstruction(models, make_data())
    (name, found), *more = result.comparisons.items()
    assert (name, more) == ("VQ-VAE-2 against AE", [])
    # 0.3 and 0.1 of every pixel are lost, whatever the image: no spread at all.
    assert found.mse_ratio == Estimate(*[pytest.approx(9)] * 3)
    assert found.sharpness_gain == Estimate(*[pytest.approx(-0.2)] * 3)
    assert found.ssim_gain.value == pytest.approx(
        result.scores["VQ-VAE-2"].ssim - result.scores["AE"].ssim, rel=1e-4
    )
    assert found.ssim_gain.low < found.ssim_gain.value < found.ssim_gain.high < 0


def test_too_sharp_is_as_far_off_as_too_blurred():
    models = {"AE": Worse(0.8), "VQ-VAE-2": Worse(1.2)}
    result = run_reconstruction(models, make_data())
    assert result.scores["VQ-VAE-2"].sharpness == pytest.approx(1.2)
    gain = result.comparisons["VQ-VAE-2 against AE"].sharpness_gain
    assert gain.value == pytest.approx(0, abs=1e-6)


def test_sharpness_has_two_more_opinions():
    score = run_reconstruction({"AE": Worse(0.7)}, make_data()).scores["AE"]
    assert score.sharpness_estimate == Estimate(*[pytest.approx(0.7)] * 3)
    assert score.laplacian == pytest.approx(0.49)  # a variance
    assert score.fine_detail == pytest.approx(1)  # a share


def test_judge_is_asked_about_every_image_and_its_reconstruction():
    data, judge = make_data(), Judge()  # its logits are proportional to brightness
    judge.head.weight.data.mul_(0.1)  # now it is not sure of the images themselves either
    result = run_reconstruction({"AE": Worse(0.5)}, data, judge)
    score = result.scores["AE"]
    with torch.no_grad():
        images = data.test.images.float() / 255
        entropies = [
            torch.nn.functional.cross_entropy(judge(part), data.test.labels, reduction="none")
            for part in (images, images / 2)
        ]
    change = (entropies[1] - entropies[0]).double()
    assert score.cross_entropy_change.value == pytest.approx(change.mean().item(), rel=1e-4)
    assert score.cross_entropy_change.above(0)
    assert score.cross_entropy_lower.value == (change < 0).double().mean() == 0
    assert score.cross_entropy == pytest.approx(entropies[1].mean().item(), rel=1e-4)


def test_sampled_latent_has_the_posteriors_noise():
    result = run_reconstruction({"VAE": PerfectWithPosterior()}, make_data(), Judge())
    assert list(result.scores) == ["VAE", "VAE, sampled"]
    assert result.scores["VAE"].mse < 1e-12
    # Deviation 0.1; less where it would leave [0, 1].
    assert 0.004 < result.scores["VAE, sampled"].mse < 0.0101


def test_size_usage_and_perplexity_of_codes():
    data = make_data()
    model = make_vqvae(data)
    score = run_reconstruction({"VQ-VAE-2": model}, data).scores["VQ-VAE-2"]
    assert score.numbers == 2 * 2 + 4 * 4
    assert score.bits == pytest.approx(4 * math.log2(5) + 16 * math.log2(4))
    codes = model.encode(data.test.images.float() / 255)
    assert score.usage == {
        "top": len(codes.top.unique()) / 5,
        "bottom": len(codes.bottom.unique()) / 4,
    }
    shares = codes.bottom.flatten().bincount(minlength=4) / codes.bottom.numel()
    entropy = -(shares[shares > 0] * shares[shares > 0].log()).sum()
    assert score.perplexity["bottom"] == pytest.approx(entropy.exp().item(), rel=1e-5)


def test_one_example_per_class():
    result = run_reconstruction({"AE": Perfect()}, make_data())
    assert result.classes == ("zero", "one", "two")
    assert len(result.originals) == CLASSES
    brightest = result.originals[:, 0, 2:-2].reshape(CLASSES, 3, -1).sum(axis=2).argmax(axis=1)
    np.testing.assert_array_equal(brightest, np.arange(CLASSES))


def test_nothing_needs_labels_or_a_judge():
    result = run_reconstruction({"AE": Perfect()}, make_data(labels=False), Judge())
    assert (result.original_accuracy, result.scores["AE"].accuracy, result.classes) == (
        None,
        None,
        (),
    )
    assert len(result.originals) == 10
    score = run_reconstruction({"AE": Perfect()}, make_data()).scores["AE"]
    assert score.cross_entropy is score.cross_entropy_change is score.strokes is None


def run_all(seed: int, batch_size: int) -> Reconstruction:
    torch.manual_seed(0)  # of the networks' weights
    data = make_data()
    models = {"VAE": make_vae(), "VQ-VAE-2": make_vqvae(data)}
    config = ReconstructionConfig(batch_size=batch_size)
    return run_reconstruction(models, data, Judge(), seed=seed, config=config)


def flat(value: Any, place: str = "") -> dict[str, Any]:
    """Every number in a result by its place."""
    if is_dataclass(value):
        value = asdict(value)
    if not isinstance(value, dict):
        return {} if value is None else {place: value}
    return {k: v for name, item in value.items() for k, v in flat(item, f"{place}/{name}").items()}


def test_batch_size_changes_nothing():
    one, other = run_all(0, 512), run_all(0, 7)
    for name, score in one.scores.items():
        expected, found = flat(score), flat(other.scores[name])
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-9)
    assert flat(other.comparisons) == pytest.approx(flat(one.comparisons), rel=1e-4, abs=1e-7)


def test_seed_draws_the_sample_and_nothing_else():
    first, second = run_all(0, 512), run_all(1, 512)
    assert first.scores["VAE"] == second.scores["VAE"]
    assert first.scores["VAE, sampled"] != second.scores["VAE, sampled"]


def test_global_random_state_is_untouched():
    data, models, judge = make_data(), {"VAE": PerfectWithPosterior()}, Judge()
    before = torch.get_rng_state()
    run_reconstruction(models, data, judge)
    assert torch.equal(before, torch.get_rng_state())


def test_models_are_measured_in_eval_mode_and_keep_their_own():
    model = make_vae()
    expected = run_reconstruction({"VAE": model}, make_data()).scores
    model.train()
    assert run_reconstruction({"VAE": model}, make_data()).scores == expected  # batch statistics
    model.encoder.eval()
    run_reconstruction({"VAE": model}, make_data())
    assert model.training
    assert model.decoder.training
    assert not model.encoder.training


def test_result_is_stored_and_read_again(tmp_path):
    result = run_all(0, 512)
    made = Provenance.collect("r", config={}, data="bands", seed=0, device="cpu", seconds=1)
    results.save(result, tmp_path, "reconstruction", made)
    loaded, _ = results.load(Reconstruction, tmp_path, "reconstruction")
    assert loaded.scores["VAE"].mse == pytest.approx(result.scores["VAE"].mse, rel=1e-5)
    np.testing.assert_array_equal(loaded.examples["VQ-VAE-2"], result.examples["VQ-VAE-2"])
    assert flat(loaded.comparisons) == pytest.approx(flat(result.comparisons), rel=1e-5)


def test_config_is_checked():
    with pytest.raises(ValueError, match="num_examples must be at least 1, got 0"):
        ReconstructionConfig(num_examples=0)
