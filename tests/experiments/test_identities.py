"""Exact checks find nothing in a right model, and find what is wrong in a broken one."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest
import torch
from torch import nn

from tests.experiments.standins import SIZE, make_data, make_vqvae
from vqtutor.experiments import results
from vqtutor.experiments.identities import (
    Identities,
    IdentitiesConfig,
    compare_stored,
    encoder_paints,
    find_lookups,
    look_up_again,
    run_identities,
)
from vqtutor.experiments.pulls import find_gradients, follow_averages, gradient_twin
from vqtutor.experiments.results import Provenance
from vqtutor.models import Codes, QuantizerConfig, VectorQuantizer
from vqtutor.models import quantizer as quantizers

DATA = make_data()
CONFIG = IdentitiesConfig(num_vectors=200, num_images=40, updates=800, batch_size=50)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return make_vqvae(DATA)


def run(model, data=DATA):
    return run_identities(model, data, config=CONFIG)


def test_a_right_model_passes(model, tmp_path):
    found = run(model)
    assert found.image_shape == (1, SIZE, SIZE)
    assert found.grids == {"top": (2, 2), "bottom": (4, 4)}
    assert found.num_images == found.num_stored == found.num_labels == 150
    assert found.stored_difference == 0
    assert not found.encoder_paints
    assert found.loss_difference < 1e-6
    for level, num_codes in (("top", 5), ("bottom", 4)):
        lookup = found.lookups[level]
        assert lookup.num_codes == num_codes
        assert 1 < lookup.distinct <= num_codes
        assert lookup.foreign == 0
        assert lookup.num_vectors == {"top": 120, "bottom": 200}[level]  # 30 images of 4, 16
        assert lookup.mismatches == 0 or lookup.excess < 1e-6
        pulls = found.gradients[level]
        assert pulls.straight_through == pulls.to_codebook == 0 < pulls.to_features
        assert pulls.commitment_to_codebook == 0 < pulls.commitment_to_features
        assert pulls.codebook_loss_to_features == 0 < pulls.codebook_loss_to_codebook
        assert pulls.step_error < 1e-5
        assert found.averages[level].start_error < 1e-4
        assert found.averages[level].mean_error < 1e-3
    how = Provenance.collect("x", config={}, data="x", seed=0, device="cpu", seconds=1.0)
    results.save(found, tmp_path, "identities", how)
    assert results.load(Identities, tmp_path, "identities")[0].lookups["top"].num_codes == 5


def test_the_model_is_left_as_it_was(model):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state()
    model.train()
    run(model)
    assert model.training
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_wrong_lookups_are_counted(model, monkeypatch):
    nearest = quantizers.nearest_codes

    def second_best(vectors, codebook):
        codes = nearest(vectors, codebook)
        codes[::10] = (codes[::10] + 1) % len(codebook)
        return codes

    monkeypatch.setattr(quantizers, "nearest_codes", second_best)
    with torch.no_grad():
        found = find_lookups(model, DATA, CONFIG)
    for lookup in found.values():
        assert lookup.mismatches == -(-lookup.num_vectors // 10)
        assert lookup.excess > 1e-4


def test_excess_is_in_units_of_the_squares():
    features, codebook = torch.tensor([[3.0, 0.0]]), torch.tensor([[0.0, 4.0], [3.0, 0.0]])
    found = look_up_again(features, torch.tensor([0]), codebook)
    assert found == (1, 1, pytest.approx(25 / (9 + 16)))
    assert look_up_again(features, torch.tensor([1]), codebook) == (1, 0, 0.0)


def test_vectors_that_are_no_rows_are_counted(model, monkeypatch):
    passed = quantizers.Quantizer.pass_gradient
    monkeypatch.setattr(
        quantizers.Quantizer, "pass_gradient", lambda *given: passed(*given) + 2.0**-20
    )
    with torch.no_grad():
        assert find_lookups(model, DATA, CONFIG)["bottom"].foreign == 30 * 16


def test_a_decoder_that_differs_is_noticed(model, monkeypatch):
    decode = model.decode
    monkeypatch.setattr(model, "decode", lambda codes: decode(codes) + 0.25)
    with torch.no_grad():
        assert compare_stored(model, DATA, CONFIG) == (150, pytest.approx(0.25))


def test_an_encoder_that_could_paint_is_noticed(model):
    model.bottom_encoder = nn.Sequential(nn.Upsample(scale_factor=4), nn.Conv2d(3, 1, 1))
    codes = Codes(torch.zeros(2, 2, 2, dtype=torch.int64), torch.zeros(2, 4, 4, dtype=torch.int64))
    assert encoder_paints(model, codes)


def test_rotated_gradients_are_not_straight(model):
    images = DATA.train.images[:20].float() / 255
    straight, _ = find_gradients(gradient_twin(model), images)
    twin = gradient_twin(model)
    for quantizer in (twin.top_quantizer, twin.bottom_quantizer):
        quantizer.config = replace(quantizer.config, backward="rotation")
    rotated, _ = find_gradients(twin, images)
    for level in ("top", "bottom"):
        assert straight[level].straight_through == 0 < rotated[level].straight_through


def test_the_twin_computes_the_same(model):
    images = DATA.test.images.float() / 255
    twin = gradient_twin(model)
    assert torch.equal(twin(images).reconstruction, model(images).reconstruction)
    assert isinstance(twin.top_quantizer.codebook, nn.Parameter)
    assert torch.equal(twin.top_quantizer.codebook, model.top_quantizer.codebook)


@pytest.mark.parametrize("decay", [0.5, 0.9])
def test_averages_of_one_vector(decay):
    """Two codes, each the nearest to one of two vectors: every average is known."""
    quantizer = VectorQuantizer(QuantizerConfig(2, 1, decay=decay, restart_below=0))
    quantizer.codebook.copy_(torch.tensor([[0.0], [10.0]]))
    quantizer.sums.copy_(quantizer.codebook)
    features = torch.tensor([1.0, 9.0]).view(1, 1, 1, 2)
    few = follow_averages(quantizer, features, 1)
    assert few.start_error < 1e-6
    assert few.mean_error == pytest.approx(decay)  # as much of the start is left
    assert follow_averages(quantizer, features, 300).mean_error < 1e-5


def test_averages_that_forget_too_slowly_are_noticed(model, monkeypatch):
    update = VectorQuantizer.update_codebook

    def lazy(self, features, codes, generator=None):
        update(self, features, codes, generator)
        self.counts.mul_(1.01)

    monkeypatch.setattr(VectorQuantizer, "update_codebook", lazy)
    assert max(a.mean_error for a in run(model).averages.values()) > 1e-3


def test_numbers_are_wanted():
    for name in asdict(CONFIG):
        with pytest.raises(ValueError, match=name):
            replace(CONFIG, **{name: 0})
