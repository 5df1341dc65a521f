"""Codebooks are compared on the same images, and their codes counted over all of them."""

from __future__ import annotations

import functools

import pytest
import torch

from tests.experiments.standins import make_data, make_vqvae
from vqtutor import metrics
from vqtutor.experiments import results
from vqtutor.experiments.codebooks import Codebooks, epochs_until, run_codebooks
from vqtutor.experiments.results import Provenance
from vqtutor.train import History

DATA = make_data()


def make_models():
    torch.manual_seed(0)
    first, second = make_vqvae(DATA), make_vqvae(DATA)
    for quantizer in (second.top_quantizer, second.bottom_quantizer):
        quantizer.codebook[1:] = 1e3  # one code is left for everything
    return first, second


def history(*errors):
    return History(validation=[{"total": 9.0, "mse": error} for error in errors])


@functools.cache
def run():
    first, second = make_models()
    histories = {
        "gradient": history(0.5, 0.3, 0.4),
        "moving average": history(0.4, 0.3, 0.1),
        "rotation": history(0.5, 0.4, 0.31),
        0.25: history(0.2, 0.2, 0.2),
    }
    variants = {"gradient": first, "moving average": second, "rotation": first}
    found = run_codebooks(second, variants, {0.25: first}, DATA, histories, history(1.0))
    return found, first, second


def test_errors_are_those_of_the_inner_pixels():
    found, first, second = run()
    for model, book in ((first, found.variants["gradient"]), (second, found.trained)):
        for split, stored in ((DATA.test, book.test_mse), (DATA.validation, book.validation_mse)):
            with torch.no_grad():
                painted = model.eval()(split.images / 255).reconstruction
            difference = (painted - split.images / 255)[..., 2:-2, 2:-2]
            assert stored.value == pytest.approx(difference.square().mean().item(), rel=1e-5)
            assert stored.low < stored.value < stored.high


def test_against_the_gradient():
    found, _, _ = run()
    gradient, average = found.variants["gradient"], found.variants["moving average"]
    own = gradient.mse_ratio
    assert (own.value, own.low, own.high) == (1, 1, 1)
    expected = average.validation_mse.value / gradient.validation_mse.value
    assert average.mse_ratio.value == pytest.approx(expected)
    assert found.commitments[0.25].mse_ratio.value == 1
    assert found.trained.mse_ratio is None
    assert found.trained.epochs_to_target is None


def test_epochs_to_the_gradients_lowest_error():
    found, _, _ = run()
    assert [one.epochs_to_target for one in found.variants.values()] == [2, 2, None]
    assert found.commitments[0.25].epochs_to_target == 1
    assert found.variants["rotation"].curve == (0.5, 0.4, 0.31)
    assert found.epochs == 3
    assert epochs_until((3.0, 2.0, 1.0, 2.0), 2.0) == 2


def test_use_is_counted_over_all_training_images():
    found, first, _ = run()
    assert found.num_train == 120
    for level, num_codes in (("top", 5), ("bottom", 4)):
        collapsed = found.trained.usage[level]
        assert (collapsed.used, collapsed.dead) == (1 / num_codes, num_codes - 1)
        assert collapsed.perplexity == pytest.approx(1)
        with torch.no_grad():
            codes = getattr(first.encode(DATA.train.images / 255), level)
        usage = found.variants["gradient"].usage[level]
        counts = torch.bincount(codes.flatten(), minlength=num_codes)
        assert usage.dead == int((counts == 0).sum())
        assert usage.used == pytest.approx(1 - usage.dead / num_codes)
        assert usage.perplexity == pytest.approx(metrics.perplexity(counts))


def test_without_a_gradient_there_is_nothing_to_compare_with(tmp_path):
    first, second = make_models()
    found = run_codebooks(
        first, {"moving average": second}, {}, DATA, {"moving average": history(1.0)}, history(1.0)
    )
    assert found.variants["moving average"].mse_ratio is None
    how = Provenance.collect("x", config={}, data="x", seed=0, device="cpu", seconds=1.0)
    results.save(run()[0], tmp_path, "codebooks", how)
    assert set(results.load(Codebooks, tmp_path, "codebooks")[0].commitments) == {0.25}
