"""Receptive fields, single paths and frames, medians drawn again: against brute force."""

import math

import pytest
import torch
from torch import nn
from torch.autograd.functional import jacobian

from vqtutor import metrics


def make_decoder(depth=3, channels=2):
    """Half of what comes in is negative, so that the ReLU hides some of it."""
    return nn.Sequential(
        nn.Conv2d(depth, 4, 3, padding=1), nn.ReLU(), nn.ConvTranspose2d(4, channels, 2, stride=2)
    )


def test_gradient_energy_is_the_squared_jacobian():
    decoder, latent = make_decoder(), torch.randn(1, 3, 2, 4)
    slopes = jacobian(decoder, latent)  # (1, C, H, W, 1, D, 2, 4)
    expected = slopes[0, :, :, :, 0].square().sum(dim=(0, 3)).flatten(2).movedim(-1, 0)
    energy = metrics.gradient_energy(decoder, latent)
    assert energy.shape == (8, 4, 8)
    torch.testing.assert_close(energy, expected)
    with torch.inference_mode():
        torch.testing.assert_close(metrics.gradient_energy(decoder, latent + 0), expected)
    assert all(weight.grad is None for weight in decoder.parameters())


def test_field_of_one_layer_is_where_its_kernel_reaches():
    layer = nn.Conv2d(2, 1, 3, padding=1, bias=False)
    energy = metrics.gradient_energy(layer, torch.randn(1, 2, 5, 5))
    kernel = layer.weight[0].square().sum(dim=0).flip(0, 1)
    torch.testing.assert_close(energy[12, 1:4, 1:4], kernel)  # the position in the middle
    assert torch.equal(energy[12] > 0, nn.functional.pad(torch.ones(3, 3), [1] * 4) > 0)
    assert torch.equal(energy[0] > 0, nn.functional.pad(torch.ones(2, 2), [0, 3, 0, 3]) > 0)


def test_many_pixels_are_taken_a_few_at_a_time(monkeypatch):
    decoder, latent = make_decoder(), torch.randn(1, 3, 3, 3)
    whole = metrics.gradient_energy(decoder, latent)
    monkeypatch.setattr(metrics.fields, "AT_A_TIME", 7)
    torch.testing.assert_close(metrics.gradient_energy(decoder, latent), whole)


def test_largest_part_holds_the_largest():
    energy = torch.arange(20.0).roll(7).view(1, 4, 5).repeat(2, 1, 1)
    energy[1] *= -1
    part = metrics.largest_part(energy, 0.4)
    assert energy[0][part[0]].sort().values.tolist() == list(range(12, 20))
    assert energy[1][part[1]].sort().values.tolist() == [-7, -6, -5, -4, -3, -2, -1, 0]
    assert metrics.largest_part(energy, 1.0).all()
    assert metrics.largest_part(energy, 0.39).sum(dim=(1, 2)).tolist() == [7, 7]


def test_share_inside_counts_squared_change_of_all_channels():
    before, after = torch.zeros(2, 2, 2, 2), torch.zeros(2, 2, 2, 2)
    after[0, 0, 0, 0], after[0, 1, 1, 1] = 3, -1
    field = torch.tensor([[True, False], [False, False]])
    shares = metrics.share_inside(before, after, field)
    assert shares[0].item() == pytest.approx(0.9)
    assert math.isnan(shares[1])
    assert metrics.share_inside(before, after, ~field)[0].item() == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            (torch.zeros(1, 1, 2, 2), torch.zeros(1, 1, 2, 3), torch.ones(2, 2) > 0),
            "after .* W = 2",
        ),
        (
            (torch.zeros(1, 1, 2, 2), torch.zeros(1, 1, 2, 2), torch.ones(2, 3) > 0),
            "field .* W = 2",
        ),
    ],
)
def test_shapes_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        metrics.share_inside(*arguments)


def test_share_of_the_largest_is_checked():
    with pytest.raises(ValueError, match=r"share must lie in \(0, 1\], got 0"):
        metrics.largest_part(torch.zeros(1, 2, 2), 0)


def test_third_classes_path_by_path():
    probabilities = torch.zeros(3, 2, 4)
    probabilities[0, 1, 3] = 0.6  # neither end
    probabilities[1, 0, 1] = 0.9  # its own start
    probabilities[2, 0, 3] = 0.5  # not more than half
    starts, ends = torch.tensor([0, 1, 0]), torch.tensor([1, 2, 1])
    passed = metrics.passes_third_class(probabilities, starts, ends)
    assert passed.tolist() == [True, False, False]
    assert metrics.third_class_rate(probabilities, starts, ends) == pytest.approx(1 / 3)


def test_garbage_frame_by_frame():
    surest, distances = torch.tensor([0.95, 0.95, 0.5, 0.9]), torch.tensor([1.0, 3.0, 1.0, 2.0])
    garbage = metrics.is_garbage(surest, distances, 2.0)
    assert garbage.tolist() == [False, True, True, False]
    assert metrics.garbage_rate(surest, distances, 2.0) == 0.5


def test_area_of_every_step():
    frames = torch.rand(2, 4, 1, 5, 5)
    frames[1, 2] = frames[1, 1]
    areas = metrics.step_areas(frames)
    for path in range(2):
        for step in range(3):
            (expected,) = metrics.locality(frames[path, step, None], frames[path, step + 1, None])
            torch.testing.assert_close(areas[path, step], expected, equal_nan=True)
    assert areas.isnan().nonzero().tolist() == [[1, 1]]


def test_bootstrap_takes_any_center():
    values = torch.randn(50, 2, generator=torch.Generator().manual_seed(1))
    mean = metrics.bootstrap_interval(values, center=lambda rows: rows.mean(dim=0))
    assert mean == metrics.bootstrap_interval(values)
    outlier = torch.cat((torch.full((49,), 3.0), torch.tensor([1e9])))
    middle = metrics.bootstrap_interval(outlier, center=lambda rows: rows.median(dim=0).values)
    assert middle == (3, 3)
    assert metrics.bootstrap_interval(outlier)[1] > 1e6
