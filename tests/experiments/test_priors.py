"""Bits of codes whose probabilities are known, and what it costs a prior to be told the wrong."""

from __future__ import annotations

import functools
import math
from dataclasses import replace

import pytest
import torch

from tests.experiments.standins import Judge, make_data, make_vqvae
from vqtutor import sampling
from vqtutor.experiments import prior_samples, results
from vqtutor.experiments.causality import find_dependence
from vqtutor.experiments.prior_samples import compare_samplers, draw_codes
from vqtutor.experiments.priors import (
    Priors,
    PriorsConfig,
    bits_per_code,
    compare_accuracy,
    exchange,
    level_bits,
    run_priors,
)
from vqtutor.experiments.results import Provenance
from vqtutor.models import MaskedPixelCNN, PixelCNN, PixelCNNConfig

DATA = make_data()
CONFIG = PriorsConfig(num_samples=30, num_compared=7, num_grids=3, batch_size=12)
TOP = PixelCNNConfig(5, channels=6, layers=3, num_labels=3)  # enough to see a 4x4 grid
BOTTOM = replace(TOP, num_codes=4, condition_codes=5)


def make_prior(config, factor=3.0, seed=0):
    torch.manual_seed(seed)
    prior = PixelCNN(config)
    with torch.no_grad():
        for weight in prior.parameters():
            weight.mul_(factor if weight.ndim > 1 else 1)
    return prior.eval()


def make_priors():
    return {
        "top prior": make_prior(TOP),
        "top prior no label": make_prior(replace(TOP, num_labels=0)),
        "bottom prior": make_prior(BOTTOM),
        "bottom prior no label": make_prior(replace(BOTTOM, num_labels=0)),
    }


@functools.cache
def run(labels=True):
    torch.manual_seed(0)
    data = DATA if labels else make_data(labels=False)
    vqvae, priors = make_vqvae(data), make_priors()
    if not labels:
        priors = {"top prior": priors["top prior no label"]}
        priors["bottom prior"] = make_priors()["bottom prior no label"]
    return run_priors(vqvae, priors, data, Judge(), config=CONFIG), vqvae, priors


# --- bits ----------------------------------------------------------------------------------------


def test_bits_of_an_equal_chance():
    prior = PixelCNN(replace(TOP, num_codes=8, num_labels=0))
    prior.head[-1].weight.data.zero_()
    prior.head[-1].bias.data.zero_()
    codes = torch.randint(8, (5, 3, 4))
    with torch.no_grad():
        bits = bits_per_code(prior, codes, torch.zeros(5, dtype=torch.int64), batch_size=2)
    torch.testing.assert_close(bits, torch.full((5,), 3.0, dtype=torch.float64))


def test_bits_are_those_of_each_factor():
    found, vqvae, priors = run()
    with torch.no_grad():
        codes = vqvae.encode(DATA.test.images / 255)
        prior, labels = priors["bottom prior"], DATA.test.labels
        factors = prior(codes.bottom, labels, codes.top).softmax(dim=1)  # (B, K, H, W)
    chosen = factors.gather(1, codes.bottom.unsqueeze(1)).squeeze(1)
    expected = -chosen.log2().flatten(1).mean(dim=1)
    level = found.levels["bottom"]
    assert level.bits["all"].value == pytest.approx(expected.mean().item(), rel=1e-5)
    assert level.bits["all"].low < level.bits["all"].value < level.bits["all"].high
    assert (level.num_codes, level.positions, level.uniform) == (4, 16, 2.0)


def test_what_is_taken_away():
    found, vqvae, priors = run()
    with torch.no_grad():
        codes = vqvae.encode(DATA.test.images / 255)
        without = {
            "top": bits_per_code(priors["top prior no label"], codes.top).mean().item(),
            "bottom": bits_per_code(priors["bottom prior no label"], codes.bottom, None, codes.top)
            .mean()
            .item(),
        }
    for name, level in found.levels.items():
        assert level.bits["no label"].value == pytest.approx(without[name])
        ratio = level.bits["all"].value / without[name]
        assert level.ratios["no label"].value == pytest.approx(ratio)
        gain = level.positions * (without[name] - level.bits["all"].value)
        assert level.label_gain.value == pytest.approx(gain)
        baseline = level.bits["all"].value / level.unigram
        assert level.ratios["unigram"].value == pytest.approx(baseline)
    assert set(found.levels["top"].bits) == {"all", "no label"}
    assert set(found.levels["bottom"].bits) == {
        "all", "no label", "another of its class", "another",
    }  # fmt: skip
    assert found.num_images == 30


def test_unigram_is_the_entropy_of_the_codes():
    codes = torch.tensor([[[0, 0], [0, 1]], [[2, 0], [1, 1]]])
    level = level_bits({"all": torch.ones(2, dtype=torch.float64)}, codes, 4)
    shares = (4 / 8, 3 / 8, 1 / 8)
    assert level.unigram == pytest.approx(-sum(p * math.log2(p) for p in shares))
    assert level.uniform == 2
    assert level.label_gain is None


def test_everyone_gets_the_top_codes_of_another_of_its_group():
    groups = torch.tensor([0, 1, 0, 2, 1, 0, 1])
    other = exchange(groups, torch.Generator().manual_seed(0))
    assert sorted(other.tolist()) == list(range(7))
    assert torch.equal(groups[other], groups)
    assert (other == torch.arange(7)).tolist() == [False, False, False, True, False, False, False]


def test_without_labels():
    found, _, _ = run(labels=False)
    assert set(found.levels["bottom"].bits) == {"all", "another"}
    assert found.levels["top"].label_gain is None
    assert found.accuracy == {}
    assert found.accuracy_gain is None
    assert found.sampling.different == 0


def test_a_result_is_stored_and_read(tmp_path):
    found, _, _ = run()
    how = Provenance.collect("x", config={}, data="x", seed=0, device="cpu", seconds=1.0)
    results.save(found, tmp_path, "priors", how)
    again, _ = results.load(Priors, tmp_path, "priors")
    assert again.dependence["masked"].view.shape == (4, 4)


# --- what they look at ---------------------------------------------------------------------------


def test_priors_see_all_that_came_before_and_nothing_else():
    found, _, _ = run()
    for name, side in (("top prior", 2), ("bottom prior", 4)):
        one = found.dependence[name]
        assert (one.leaks, one.blind) == (0, 0)
        assert one.earlier == side**2 * (side**2 - 1) // 2
        assert one.position == (side // 2, side // 2)
        order = torch.arange(side**2).view(side, side).numpy()
        middle = side // 2 * side + side // 2
        assert (one.view.astype(bool) == (order < middle)).all()


def test_a_single_stack_overlooks_what_lies_above_to_the_right():
    torch.manual_seed(0)
    masked = MaskedPixelCNN(PixelCNNConfig(5, channels=8, layers=7))
    codes = torch.randint(5, (4, 8, 8))
    one = find_dependence(masked, codes)
    assert one.leaks == 0
    # n rows up, with kernels of 3, it sees n columns to the right; 7 layers reach everything else.
    expected = sum(
        1
        for row in range(8)
        for column in range(8)
        for up in range(1, row + 1)
        for right in range(column + 1, 8)
        if right - column > up
    )
    assert one.blind == expected > 0


def test_a_leak_is_counted():
    class Leaky(PixelCNN):
        def forward(self, codes, labels=None, condition=None):
            logits = super().forward(codes, labels, condition)
            ahead = self.code_left(codes).movedim(-1, 1).sum(dim=1, keepdim=True)
            logits[:, :, 1:, 0] = logits[:, :, 1:, 0] + ahead[:, :, 1:, 0]  # itself
            logits[:, :, 0, 0] = logits[:, :, 0, 0] + ahead[:, :, -1, -1]  # the last
            return logits

    torch.manual_seed(0)
    one = find_dependence(Leaky(replace(TOP, num_labels=0)), torch.randint(5, (4, 3, 3)))
    assert one.leaks == 3


# --- samples -------------------------------------------------------------------------------------


def test_the_cache_draws_the_same_codes():
    found, vqvae, priors = run()
    sampled = found.sampling
    assert (sampled.num_images, sampled.num_codes, sampled.different) == (7, 7 * 20, 0)
    assert sampled.naive_seconds > 0 < sampled.cached_seconds
    codes, _ = draw_codes(vqvae, priors["top prior"], priors["bottom prior"], 7, 3, seed=1)
    assert codes.top.shape == (7, 2, 2)
    assert codes.bottom.shape == (7, 4, 4)


def test_codes_that_differ_are_counted(monkeypatch):
    _, vqvae, priors = run()
    draw = prior_samples.sample_codes

    def wrong(*given, method, **how):
        codes = draw(*given, method=method, **how)
        codes[:, 0, 0] += method == "naive"
        return codes

    monkeypatch.setattr(prior_samples, "sample_codes", wrong)
    bottom = make_prior(replace(BOTTOM, condition_codes=0))  # is not told about it
    found = compare_samplers(vqvae, priors["top prior"], bottom, 5, 2, 0)
    assert found.different == 2 * 5


def test_labels_go_round_whatever_the_batch(monkeypatch):
    _, vqvae, priors = run()
    asked = []

    def note(prior, labels, *given, **how):
        asked.append(labels.tolist())
        return sampling.sample_codes(prior, labels, *given, **how)

    monkeypatch.setattr(prior_samples, "sample_codes", note)
    draw_codes(vqvae, priors["top prior"], priors["bottom prior"], 5, 4, seed=0)
    assert asked == [[0, 1, 2, 0], [0, 1, 2, 0], [1], [1]]


def test_accuracy_of_samples(monkeypatch):
    """A decoder that paints the class that the bottom prior was told, or none."""
    _, vqvae, priors = run()

    def draw(_vqvae, _top, bottom, count, *_):
        return torch.arange(count) % 3 if bottom.config.num_labels else torch.zeros(count).long(), 0

    def decode(_vqvae, classes):
        return DATA.test.images[classes].float() / 255  # image i is of class i

    monkeypatch.setattr(prior_samples, "draw_codes", draw)
    monkeypatch.setattr(prior_samples.latents, "decode", decode)
    found, gain = compare_accuracy(vqvae, priors, DATA, Judge(), CONFIG, 0)
    assert found["all"].value == 1
    assert found["no label"].value == pytest.approx(1 / 3)
    assert gain.value == pytest.approx(2 / 3)
    assert 0.4 < gain.low < gain.value < gain.high < 0.9


def test_numbers_are_wanted():
    with pytest.raises(ValueError, match="num_compared"):
        PriorsConfig(num_compared=0)
