"""Sweeps of known decoders have known effects; a value left as it is changes nothing."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from tests.experiments.standins import (
    BAND,
    INNER,
    SIZE,
    Bands,
    awaken,
    make_data,
    make_vae,
    make_vqvae,
)
from vqtutor import metrics
from vqtutor.experiments import latents
from vqtutor.experiments.appearance import brightness_of, slant_degrees, spearman, width_of
from vqtutor.experiments.coordinates import (
    ORIGINAL_VALUES,
    Coordinates,
    CoordinatesConfig,
    code_values,
    compare_areas,
    ink_shares,
    run_coordinates,
    vector_values,
)
from vqtutor.experiments.estimates import Estimate
from vqtutor.experiments.sweeps import Reach, changed_latents, reach_of, run_sweep
from vqtutor.models import VQVAE2, Autoencoder, AutoencoderConfig, VQVAE2Config

SMALL = VQVAE2Config(
    (1, SIZE, SIZE),
    channels=8,
    residual_channels=2,
    code_dim=3,
    num_codes_top=5,
    num_codes_bottom=4,
)


def draw_line(columns_per_row: int) -> Tensor:
    """A line (1, 9, 9) that moves so many columns to the right per row upwards."""
    image = torch.zeros(1, 9, 9)
    for up in range(-2, 3):
        image[0, 4 - up, 4 + up * columns_per_row] = 1
    return image


@pytest.mark.parametrize(("slope", "degrees"), [(0, 0), (1, 45), (-1, -45), (2, 63.434949)])
def test_slant_of_a_line(slope, degrees):
    image = draw_line(slope)
    assert slant_degrees(image).item() == pytest.approx(degrees, abs=1e-4)
    assert slant_degrees(0.3 * image.roll(1, dims=1)).item() == pytest.approx(degrees, abs=1e-4)


def test_slant_without_ink_is_zero():
    assert slant_degrees(torch.zeros(2, 3, 1, 5, 5)).tolist() == [[0, 0, 0], [0, 0, 0]]


def test_brightness_is_the_mean_of_all_channels():
    images = torch.rand(2, 5, 3, 4, 4)
    torch.testing.assert_close(brightness_of(images), images.flatten(2).mean(dim=2))


def test_leaning_makes_nothing_wider():
    upright, leaning = draw_line(0), draw_line(1)
    assert width_of(upright).item() == 0
    assert width_of(leaning).item() == pytest.approx(0, abs=1e-3)
    block = torch.zeros(1, 9, 9)
    block[0, 2:7, 3:6] = 0.5
    assert width_of(block).item() == pytest.approx(math.sqrt(2 / 3))  # columns -1, 0, 1
    sheared = torch.stack(
        [row.roll(up) for up, row in zip(range(4, -5, -1), block[0], strict=True)]
    )
    assert slant_degrees(sheared.unsqueeze(0)).item() == pytest.approx(45)
    assert width_of(sheared.unsqueeze(0)).item() == pytest.approx(math.sqrt(2 / 3))
    assert width_of(torch.zeros(1, 9, 9)).item() == 0


def test_spearman_equals_scipy_with_and_without_ties():
    generator = torch.Generator().manual_seed(0)
    values = torch.linspace(-1, 1, 9)
    series = torch.randint(5, (20, 9), generator=generator).float()
    expected = [stats.spearmanr(values, row).statistic for row in series.numpy()]
    np.testing.assert_allclose(spearman(values, series), expected, rtol=1e-5)


def test_spearman_of_a_constant_is_zero():
    assert spearman(torch.arange(4), torch.ones(4)).item() == 0
    assert spearman(torch.zeros(4), torch.arange(4)).item() == 0


def test_own_value_reproduces_the_reconstruction():
    data = make_data()
    images = data.test.images[:1]
    for model in (make_vae(), make_vqvae(data)):
        with latents.inference(model):
            latent = latents.encode(model, images)
            own = latents.flatten(latent)[0]
            for coordinate in range(len(own)):
                same = changed_latents(latent, coordinate, own[coordinate : coordinate + 1])
                assert torch.equal(latents.flatten(same), latents.flatten(latent))
                torch.testing.assert_close(
                    latents.decode(model, same), latents.decode(model, latent)
                )


def test_changed_latents_differ_in_one_place():
    latent = torch.zeros(2, 3)
    changed = changed_latents(latent, 1, torch.tensor([5.0, 7.0]))
    assert changed.tolist() == [[0, 5, 0], [0, 7, 0], [0, 5, 0], [0, 7, 0]]
    assert not latent.any()


def test_bands_have_the_effect_and_area_of_a_band():
    data = make_data()
    config = CoordinatesConfig(num_images=len(data.test))
    result = run_coordinates({"AE": Bands()}, data, config=config)
    sweep = result.sweeps["AE, -1 to 1"]
    own = Bands().encode(data.test.images.float() / 255)  # (N, 3)
    values = torch.tensor(ORIGINAL_VALUES)
    for band in range(3):
        squared = (values.unsqueeze(0) - own[:, band : band + 1]).square().mean().item()
        assert sweep.effect[band] == pytest.approx(math.sqrt(squared / 3), rel=1e-5)
    pixels = INNER * BAND
    assert sweep.locality == pytest.approx(math.ceil(0.9 * pixels) / INNER**2)
    assert sweep.brightness == pytest.approx((1, 1, 1))
    assert sweep.steady["brightness"] == (1, 1, 1)
    assert sweep.num_images == len(data.test)
    assert result.inside["AE"] == (1, 1, 1)
    assert result.areas["AE, -1 to 1"].value == sweep.locality
    # One band of three is ink.
    assert result.areas_by_ink["AE, -1 to 1"].value == pytest.approx(3 * sweep.locality)
    assert sweep.field.area == pytest.approx((1 / 3,) * 3)
    assert sweep.field.inside == (1, 1, 1)
    assert sweep.field.largest == pytest.approx(math.floor(0.4 * INNER**2) / INNER**2)


def test_share_of_the_images_that_follow_steadily():
    class Half(Bands):
        """The first number is the brightness of every other image only."""

        def decode(self, latent: Tensor) -> Tensor:
            counted = torch.arange(len(latent)) // 9 % 2  # nine values of each image in turn
            return super().decode(latent * counted.unsqueeze(1))

    data = make_data(test=40)
    config = CoordinatesConfig(num_images=40)
    sweep = run_coordinates({"AE": Half()}, data, config=config).sweeps["AE, -1 to 1"]
    assert sweep.steady["brightness"] == (0.5, 0.5, 0.5)
    assert sweep.brightness == pytest.approx((0.5, 0.5, 0.5))


def test_control_in_either_direction_counts_and_ranges_have_their_error():
    class Inverse(Bands):
        def decode(self, latent: Tensor) -> Tensor:
            return super().decode(1 - latent)

    data = make_data()
    sweep = run_coordinates({"AE": Inverse()}, data).sweeps["AE, -1 to 1"]
    assert sweep.brightness == pytest.approx((-1, -1, -1))
    assert sweep.steady["brightness"] == (1, 1, 1)

    model, images = make_vae(), data.test.images[:6]
    with latents.inference(model):
        latent = latents.encode(model, images)
        plain = latents.decode(model, latent)
        steps = torch.tensor([-1.0, 0.0, 2.0])
        reach = Reach(*(part[1:] for part in reach_of(model, data, latent, "", 0.4)))
        sweep, areas = run_sweep(model, data, latent, plain, 1, steps.repeat(2, 1), reach)
        changed = latents.decode(model, changed_latents(latent, 2, steps)).unflatten(0, (6, 3))
    slants = slant_degrees(data.unpad(changed))[1:]  # the first is for the picture only
    ranges = slants.amax(dim=1) - slants.amin(dim=1)
    assert sweep.slant_range[1] == pytest.approx(ranges.mean().item(), rel=1e-4)
    assert sweep.slant_range_error[1] == pytest.approx(ranges.std().item() / math.sqrt(5), rel=1e-4)
    assert areas.shape == (5, 6)
    inside = metrics.share_inside(
        data.unpad(plain)[1:].repeat_interleave(3, dim=0),
        data.unpad(changed)[1:].flatten(0, 1),
        reach.largest[1],
    )
    assert sweep.field.inside_largest[1] == pytest.approx(inside.nanmean().item(), rel=1e-4)


def test_fields_of_codes_hold_what_codes_change():
    data = make_data()
    model = awaken(VQVAE2(replace(SMALL, residual_blocks=0)), factor=2.0)
    model.start_codebooks(data.train.images.float() / 255, torch.Generator().manual_seed(0))
    with latents.inference(model):
        codes = latents.encode(model, data.test.images[:10])
        reach = reach_of(model, data, codes, "bottom", 0.25)
        assert reach_of(model, data, codes, "top", 0.25).whole.shape == (4, INNER, INNER)
    # One 3x3 layer reaches the cells 0 and 1, the layers above it the pixels 0...10, two of them
    # padding.
    corner = torch.zeros(INNER, INNER, dtype=torch.bool)
    corner[:9, :9] = True
    assert torch.equal(reach.whole[0], corner)
    assert torch.equal(reach.whole[15], corner.flip(0, 1))
    assert (reach.largest.sum(dim=(1, 2)) == INNER**2 // 4).all()
    assert not (reach.largest & ~reach.whole).any()


def test_grid_without_codes_is_local_too():
    data = make_data()
    torch.manual_seed(0)
    config = AutoencoderConfig((1, SIZE, SIZE), 16, body="grid", hidden=4)
    model = awaken(Autoencoder(config), factor=2.0)
    for block in (0, 1):  # without the residual blocks one number does not reach everything
        model.decoder[2][block].conv1x1.weight.data.zero_()
    result = run_coordinates(
        {"AE": Bands(), "AE convolutional": model}, data, config=CoordinatesConfig(num_images=4)
    )
    grid = result.sweeps["AE convolutional, quantiles"]
    assert len(grid.effect) == 16
    assert grid.field.inside == pytest.approx((1,) * 16, abs=1e-3)
    areas = torch.tensor(grid.field.area).view(4, 4)
    assert (areas[[0, 0, 3, 3], [0, 3, 0, 3]] < areas[1:3, 1:3].min()).all()  # the corners
    assert list(result.ratios) == [
        "AE convolutional, -1 to 1 / AE, -1 to 1",
        "AE convolutional, quantiles / AE, -1 to 1",
    ]


def test_areas_are_compared_over_the_same_images_and_by_their_ink():
    areas = {"AE, -1 to 1": torch.full((3, 2), 0.5), "VQ-VAE-2, bottom": torch.full((3, 4), 0.1)}
    (ratio,) = compare_areas(areas, 0).items()
    assert ratio == (
        "VQ-VAE-2, bottom / AE, -1 to 1",
        Estimate(*[pytest.approx(0.2)] * 3),
    )
    images = torch.zeros(2, 1, 2, 5, dtype=torch.uint8)
    images[0, 0, 0] = 200
    images[0, 0, 1] = 127
    shares = ink_shares(images)
    assert shares[0] == 0.5
    assert shares[1].isnan()


def test_picture_is_of_the_chosen_digit():
    data = make_data()
    result = run_coordinates({"AE": Bands()}, data, config=CoordinatesConfig(shown_class=1))
    first = data.test.images[1]  # classes take turns
    np.testing.assert_array_equal(result.original, first.numpy())
    images = result.sweeps["AE, -1 to 1"].images
    assert images.shape == (3, 9, 1, 16, 16)
    assert images[0, -1, 0, 2:6, 2:-2].min() == 255  # the first band, set to 1
    untouched = Bands().decode(Bands().encode(first.unsqueeze(0) / 255))[0, 0, 6:10]
    np.testing.assert_array_equal(images[0, 4, 0, 6:10], latents.to_bytes(untouched))


def test_rows_in_the_picture_are_those_with_the_largest_effect():
    class Uneven(Bands):
        def decode(self, latent: Tensor) -> Tensor:
            return super().decode(latent * torch.tensor([1.0, 0.1, 2.0]))

    config = CoordinatesConfig(max_rows=2)
    sweep = run_coordinates({"AE": Uneven()}, make_data(), config=config).sweeps["AE, quantiles"]
    assert sweep.shown == (0, 2)
    assert np.argsort(sweep.effect).tolist() == [1, 0, 2]


def test_quantiles_are_those_of_the_codes():
    codes = torch.arange(101.0).unsqueeze(1) * torch.tensor([1.0, 2.0])
    config = CoordinatesConfig(num_values=3, lowest_quantile=0.1)
    kinds = vector_values(codes, config)
    torch.testing.assert_close(
        kinds["quantiles"][1], torch.tensor([[10.0, 50, 90], [20, 100, 180]])
    )
    assert kinds["-1 to 1"][1][1].tolist() == list(ORIGINAL_VALUES)


def test_codes_are_swept_over_their_indices():
    data = make_data()
    model = make_vqvae(data)
    codes = model.encode(data.test.images.float() / 255)
    values = code_values(model, codes, num_values=9)
    assert values["top"][0] == 0
    assert values["top"][1].tolist() == [[0, 1, 2, 3, 4]] * 4
    assert values["bottom"][0] == 4  # after the 2x2 top codes
    assert values["bottom"][1].tolist() == [[0, 1, 2, 3]] * 16
    assert code_values(model, codes, num_values=3)["top"][1][0].tolist() == [0, 2, 4]


def run_all(batch_size: int = 512) -> Coordinates:
    torch.manual_seed(0)  # of the networks' weights
    data = make_data()
    models = {"VAE": make_vae(), "VQ-VAE-2": make_vqvae(data)}
    config = CoordinatesConfig(num_images=4, batch_size=batch_size)
    return run_coordinates(models, data, config=config)


def test_one_code_is_more_local_than_one_number():
    sweeps = run_all().sweeps
    assert list(sweeps) == ["VAE, -1 to 1", "VAE, quantiles", "VQ-VAE-2, top", "VQ-VAE-2, bottom"]
    result = run_all()
    assert list(result.orders) == ["VQ-VAE-2, top", "VQ-VAE-2, bottom"]
    for name, area in result.areas.items():
        assert area.low <= area.value == sweeps[name].locality <= area.high
        assert len(sweeps[name].field.area) == len(sweeps[name].effect)
        # Two images leave some ReLU off that other images put on.
        assert sweeps[name].field.inside == pytest.approx((1,) * len(sweeps[name].effect), abs=1e-3)
    assert sweeps["VQ-VAE-2, bottom"].locality < 0.5 * sweeps["VAE, quantiles"].locality
    assert list(run_all().inside) == ["VAE"]


def test_batch_size_changes_nothing():
    one, other = run_all(), run_all(batch_size=3)
    for name, sweep in one.sweeps.items():
        assert other.sweeps[name].effect == pytest.approx(sweep.effect, rel=1e-4)
        assert other.sweeps[name].locality == pytest.approx(sweep.locality, abs=0.02)


def test_labels_are_not_needed_and_no_global_state_moves():
    data, models = make_data(labels=False), {"AE": Bands()}
    before = torch.get_rng_state()
    result = run_coordinates(models, data)
    assert torch.equal(before, torch.get_rng_state())
    np.testing.assert_array_equal(result.original, data.test.images[0].numpy())


def test_best_coordinates_count_either_direction():
    sweep = run_all().sweeps["VAE, quantiles"]
    assert replace(sweep, brightness=(0.5, -0.9, 0.1)).brightest == 1
    assert replace(sweep, slant=(0.5, -0.4, -0.6)).most_slanting == 2


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_values": 1}, "num_values must be at least 2 to be a sweep, got 1"),
        ({"lowest_quantile": 0.5}, r"lowest_quantile must lie in \[0, 0\.5\), got 0\.5"),
        ({"num_images": 0}, "num_images must be at least 1, got 0"),
        ({"order_places": 0}, "order_places must be at least 1, got 0"),
    ],
)
def test_config_is_checked(settings, message):
    with pytest.raises(ValueError, match=message):
        CoordinatesConfig(**settings)
