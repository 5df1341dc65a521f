"""Exchanged codes carry what they hold, and variants are compared image by image."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from tests.experiments.standins import CLASSES, SIZE, Judge, make_data, make_vqvae
from vqtutor.experiments import results
from vqtutor.experiments.hierarchy import (
    Hierarchy,
    HierarchyConfig,
    coarse_share,
    run_hierarchy,
)
from vqtutor.experiments.priors import bits_per_code
from vqtutor.experiments.results import Provenance
from vqtutor.models import Codes, PixelCNN, PixelCNNConfig

DATA = make_data()
CONFIG = HierarchyConfig(num_pairs=60, num_examples=4)


class ClassAbove(nn.Module):
    """A model whose top code is the class of the image and whose bottom codes hold its texture."""

    config = SimpleNamespace(num_codes_top=CLASSES, num_codes_bottom=2)

    def encode(self, images):
        bands = images[:, :, 2:-2, 2:-2].unflatten(2, (CLASSES, 4)).mean(dim=(1, 3, 4))
        top = bands.argmax(dim=1).view(-1, 1, 1)
        texture = F.avg_pool2d(images, 2)[:, 0] > 0.1
        return Codes(top, (texture[:, ::2, ::2]).long())

    def decode(self, codes):
        images = torch.zeros(len(codes.top), 1, SIZE, SIZE)
        bands = 0.2 + F.one_hot(codes.top.flatten(), CLASSES) * 0.5
        rows = bands.repeat_interleave(4, dim=1)
        images[..., 2:-2, 2:-2] = rows[:, None, :, None].expand(-1, 1, 12, 12)
        fine = 0.1 * codes.bottom.float().repeat_interleave(4, 1).repeat_interleave(4, 2)
        checks = 1 - 2 * ((torch.arange(SIZE).view(-1, 1) + torch.arange(SIZE)) % 2)
        return images + (fine * checks)[:, None]


def make_prior(bias=0.0):
    torch.manual_seed(1)
    config = PixelCNNConfig(4, channels=4, layers=1, condition_codes=5)
    prior = PixelCNN(config)
    prior.head[-1].bias.data[0] += bias
    return prior


def run(variants=None, priors=None, judge=None, data=DATA, model=None):
    torch.manual_seed(0)
    plain = make_vqvae(data)
    model = ClassAbove() if model is None else model
    given = {} if variants is None else variants
    return plain, run_hierarchy(model, plain, given, data, judge, priors, config=CONFIG)


def test_the_class_goes_with_the_codes_that_hold_it():
    _, found = run(judge=Judge())
    top, bottom = found.swaps["top"], found.swaps["bottom"]
    assert top.flips.value == top.adopted == 1
    assert bottom.flips.value == bottom.adopted == 0
    assert found.flip_ratio.value == math.inf
    assert top.coarse > 0.5 > 0.05 > bottom.coarse
    assert top.change > bottom.change > 0
    shape = (4, 1, SIZE, SIZE)
    assert found.reconstructions.shape == found.others.shape == shape
    # All of the image but its class: the rows of one, the checks of the other.
    mixed, own = found.exchanged["bottom"].astype(int), found.reconstructions.astype(int)
    assert np.abs(mixed - own).max() <= 26
    assert np.abs(found.exchanged["top"].astype(int) - own).max() > 100


def test_without_a_judge_or_labels_changes_are_still_measured():
    for judge, data in ((None, DATA), (Judge(), make_data(labels=False))):
        _, found = run(judge=judge, data=data)
        assert found.flip_ratio is None
        assert found.swaps["top"].flips is None
        assert found.swaps["top"].change > 0


def test_ratio_of_flips():
    class Mirror(ClassAbove):
        """The class is in both levels: the decoder goes by the sum of the two."""

        def encode(self, images):
            top, _ = super().encode(images)
            return Codes(top, top)

        def decode(self, codes):
            top = (codes.top + codes.bottom) % CLASSES
            return super().decode(Codes(top, torch.zeros(len(top), 4, 4)))

    _, found = run(judge=Judge(), model=Mirror())
    assert found.flip_ratio.value == found.flip_ratio.low == 1


def test_variants_are_held_against_the_plain_one():
    torch.manual_seed(5)
    other = make_vqvae(DATA)
    plain, found = run({"add": other})
    errors = {}
    for name, model in (("plain", plain), ("add", other)):
        with torch.no_grad():
            painted = model(DATA.test.images / 255).reconstruction
        inner = (painted - DATA.test.images / 255)[..., 2:-2, 2:-2]
        errors[name] = inner.square().mean().item()
    variant = found.variants["add"]
    assert variant.mse.value == pytest.approx(errors["add"], rel=1e-5)
    assert variant.mse_ratio.value == pytest.approx(errors["add"] / errors["plain"], rel=1e-5)
    assert variant.mse_ratio.low < variant.mse_ratio.value < variant.mse_ratio.high
    assert found.plain.mse_ratio.value == found.plain.mse_ratio.high == 1
    assert variant.bits is None


def test_bits_of_the_bottom_codes(tmp_path):
    torch.manual_seed(0)
    plain = make_vqvae(DATA)
    priors = {"plain": make_prior(), "no top": make_prior(bias=3.0)}
    _, found = run({"no top": plain}, priors, Judge())
    with torch.no_grad():
        codes = plain.encode(DATA.test.images / 255)
        bits = {
            name: bits_per_code(prior.eval(), codes.bottom, None, codes.top).mean().item()
            for name, prior in priors.items()
        }
    variant = found.variants["no top"]
    assert found.plain.bits.value == pytest.approx(bits["plain"])
    assert variant.bits.value == pytest.approx(bits["no top"])
    assert variant.bits_ratio.value == pytest.approx(bits["no top"] / bits["plain"])
    assert variant.mse_ratio.value == 1
    how = Provenance.collect("x", config={}, data="x", seed=0, device="cpu", seconds=1.0)
    results.save(found, tmp_path, "hierarchy", how)
    assert results.load(Hierarchy, tmp_path, "hierarchy")[0].num_pairs == 60


@pytest.mark.parametrize(("cycles", "share"), [(0, 1.0), (2, 1.0), (3, 1.0), (4, 0.0), (16, 0.0)])
def test_waves_are_coarse_up_to_a_tenth_of_a_cycle_per_pixel(cycles, share):
    rows = torch.cos(2 * math.pi * cycles * torch.arange(32, dtype=torch.float64) / 32)
    waves = rows.view(1, 1, 32, 1).expand(3, 1, 32, 32)
    assert coarse_share(waves, 0.1) == pytest.approx(share, abs=1e-9)
    both = waves + 2 * torch.cos(math.pi * torch.arange(32, dtype=torch.float64))
    if cycles in (2, 3):  # half the squares of a wave, four times those of the highest
        assert coarse_share(both, 0.1) == pytest.approx(0.5 / 4.5)


def test_numbers_are_wanted():
    with pytest.raises(ValueError, match="num_pairs"):
        HierarchyConfig(num_pairs=0)
