"""Budgets counted by hand, and rivals whose rounding error is known."""

from __future__ import annotations

import math
from dataclasses import asdict, replace

import pytest
import torch
from torch import Tensor

from tests.experiments.standins import (
    Bands,
    Perfect,
    PerfectWithPosterior,
    make_data,
    make_vae,
    make_vqvae,
)
from vqtutor.experiments import budgets, latents, results
from vqtutor.experiments.budgets import Budgets, BudgetsConfig, run_budgets
from vqtutor.experiments.rates import PNG_OVERHEAD, kl_bits
from vqtutor.experiments.reconstruction import run_reconstruction
from vqtutor.experiments.results import Provenance

VQ_BITS = 4 * math.log2(5) + 16 * math.log2(4)  # 41.3


@pytest.fixture(scope="module")
def found() -> Budgets:
    torch.manual_seed(0)
    data = make_data()
    models = {"AE": Bands(), "AE-256": Perfect(), "VAE": make_vae(), "VQ-VAE-2": make_vqvae(data)}
    return run_budgets(models, data)


def test_levels_are_the_middles_of_their_cells():
    codes = torch.linspace(-2, 3, 401).unsqueeze(1)
    low, high = torch.tensor([-1.0]), torch.tensor([2.0])
    moved = budgets.to_levels(codes, low, high, 4)
    torch.testing.assert_close(moved.unique(), torch.tensor([-0.625, 0.125, 0.875, 1.625]))
    inside = (codes > low) & (codes < high)
    assert (moved - codes).abs()[inside].max() <= 0.375 + 1e-6
    assert (moved[codes <= low] == -0.625).all()
    torch.testing.assert_close(budgets.to_levels(moved, low, high, 4), moved)
    fine = budgets.to_levels(codes[inside].unsqueeze(1), low, high, 2**16)
    torch.testing.assert_close(fine, codes[inside].unsqueeze(1), atol=3 / 2**17 + 1e-6, rtol=0)


def test_sizes_are_counted(found):
    sizes = {name: (code.way, code.numbers, code.bits) for name, code in found.codes.items()}
    assert sizes == {
        "AE": ("floats", 3, 96),
        "AE-256": ("floats", 256, 8192),
        "VAE": ("floats", 3, 96),
        "VQ-VAE-2": ("codes", 20, pytest.approx(VQ_BITS)),
    }
    assert found.pixel_values == 12 * 12
    assert found.png_bits > found.png_overhead_bits == PNG_OVERHEAD
    assert 0 < found.entropies["VQ-VAE-2"] <= VQ_BITS


def test_errors_are_those_of_the_reconstruction_experiment():
    torch.manual_seed(0)
    data = make_data()
    models = {"AE": Bands(), "VAE": make_vae(), "VQ-VAE-2": make_vqvae(data)}
    found = run_budgets(models, data)
    expected = run_reconstruction(models, data)
    for name, code in found.codes.items():
        assert code.mse == pytest.approx(expected.scores[name].mse, rel=1e-5)
        assert code.sharpness == pytest.approx(expected.scores[name].sharpness, rel=1e-5)
    drawn = found.rates["VAE"]
    assert drawn.mse == pytest.approx(expected.scores["VAE, sampled"].mse, rel=1e-5)
    with torch.no_grad():
        bits = kl_bits(models["VAE"].posterior(data.test.images / 255)).mean().item()
    assert (drawn.way, drawn.bits) == ("draw", pytest.approx(bits, rel=1e-4))
    match = found.matches["VQ-VAE-2"]["AE, as it is"]
    assert asdict(match.comparison.mse_ratio) == pytest.approx(
        asdict(expected.comparisons["VQ-VAE-2 against AE"].mse_ratio), rel=1e-5
    )


def test_rivals_stay_within_the_budget(found):
    rivals = {kind: match.rival for kind, match in found.matches["VQ-VAE-2"].items()}
    # 256 numbers would get no bit each; 3 numbers get 13 of 41.3 bits.
    assert (rivals["AE, same bits"].network, rivals["AE, same bits"].bits) == ("AE", 39)
    assert rivals["AE, same bits"].way == "13 bits per number"
    assert rivals["AE, same numbers"].network == "AE"
    assert rivals["AE, as it is"].network == "AE"
    assert rivals["VAE, same bits"].numbers == 3
    within = [rivals[kind].bits for kind in rivals if kind.endswith(("bits", "rate"))]
    assert max(within) <= VQ_BITS
    # 13 bits of a range of 1: an error far below the network's own.
    whole = found.codes["AE"].mse
    assert rivals["AE, same bits"].mse == pytest.approx(whole, rel=1e-3)
    assert rivals["AE, same bits"].mse != whole


def test_rounding_costs_a_twelfth_of_the_squared_width():
    data = make_data()
    codes = latents.encode(Perfect(), data.train.images)
    varies = (codes.amax(dim=0) > codes.amin(dim=0)).view(1, 16, 16)
    for depth in (3, 5):
        rival = budgets.rounded("AE", Perfect(), codes, depth, BudgetsConfig())
        assert rival.bits == depth * 256
        outcome = rival.rebuild(data.train.images)
        low, high = codes.double().quantile(torch.tensor([0.001, 0.999]).double(), dim=0)
        expected = ((high - low) / 2**depth).square().mean() / 12
        error = (outcome - data.train.images / 255).square().mean().item()
        # The brightness of a band is uniform up to the rounding to 1 / 255.
        assert error == pytest.approx(expected.item(), rel=0.35)
    assert varies.any()


class Picky(Perfect):
    """Loses much where the image is bright on average, and a little elsewhere, or the opposite."""

    def __init__(self, bright: float, dark: float) -> None:
        super().__init__()
        self.bright, self.dark = bright, dark

    def encode(self, images: Tensor) -> Tensor:
        return 4 * super().encode(images)[:, ::16] - 2  # few enough numbers to get some bits

    def decode(self, latent: Tensor) -> Tensor:
        bright = latent.mean(dim=1) > -1
        level = torch.where(bright, self.bright, self.dark)
        return level.view(-1, 1, 1, 1).expand(-1, 1, 16, 16)


def test_rivals_are_chosen_on_validation_images_and_compared_on_test_images():
    torch.manual_seed(0)
    data = make_data()
    white = torch.full_like(data.test.images, 255)
    data = replace(
        data,
        validation=replace(data.validation, images=0 * data.validation.images),
        test=replace(data.test, images=white),
    )
    models = {"good": Picky(1.0, 0.5), "chosen": Picky(0.5, 0.0), "VQ-VAE-2": make_vqvae(data)}
    found = run_budgets(models, data)
    match = found.matches["VQ-VAE-2"]["AE, same numbers"]
    assert match.rival.network == "chosen"
    assert match.rival.validation_mse == pytest.approx(0, abs=1e-6)
    assert match.rival.mse == pytest.approx(0.25)
    ratio = found.codes["VQ-VAE-2"].mse / 0.25
    assert match.comparison.mse_ratio.value == pytest.approx(ratio, rel=1e-4)


def test_kinds_without_a_rival_are_left_out():
    torch.manual_seed(0)
    data = make_data()
    models = {"AE-256": Perfect(), "VAE-256": PerfectWithPosterior()}  # named as no "AE", no "VAE"
    found = run_budgets(models | {"VQ-VAE-2": make_vqvae(data)}, data)
    assert found.rates["VAE-256"].bits > VQ_BITS
    assert found.matches == {"VQ-VAE-2": {}}


def test_result_is_stored_and_read_again(tmp_path, found):
    made = Provenance.collect("b", config={}, data="bands", seed=0, device="cpu", seconds=1)
    results.save(found, tmp_path, "budgets", made)
    loaded, _ = results.load(Budgets, tmp_path, "budgets")
    assert loaded.matches["VQ-VAE-2"].keys() == found.matches["VQ-VAE-2"].keys()
    assert loaded.png_bits == pytest.approx(found.png_bits, rel=1e-5)


def test_config_is_checked():
    with pytest.raises(ValueError, match="max_codes must be at least 1, got 0"):
        BudgetsConfig(max_codes=0)
