"""The autoencoder study's numbers against plain tensor code, on small data."""

import csv
from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from tests.experiments.standins import INNER, SIZE, Bands, Judge, awaken, make_data
from vqtutor.experiments import latents, results
from vqtutor.experiments.bottleneck import (
    CSV_COLUMNS,
    Bottleneck,
    BottleneckConfig,
    add_noise,
    convert,
    nearest_size,
    pca_errors,
    run_bottleneck,
    write_csv,
)
from vqtutor.experiments.provenance import Provenance
from vqtutor.models import Autoencoder, AutoencoderConfig, ClassifierConfig
from vqtutor.train import History

DATA = make_data()
CONFIG = BottleneckConfig(num_shown=2, path_classes=(0, 1), path_steps=4, max_codes=50)


def make_history(seconds):
    """Four epochs; the third is the best on validation."""
    train = [{"total": mse, "mse": mse} for mse in (0.4, 0.3, 0.2, 0.1234567891)]
    validation = [{"total": mse, "mse": mse} for mse in (0.45, 0.35, 0.25, 0.27)]
    return History(train, validation, best_epoch=2, seconds=seconds)


def make_judge():
    judge = Judge()
    judge.config = ClassifierConfig("modern", (1, SIZE, SIZE), 3)
    return judge


@pytest.fixture(scope="module")
def models():
    torch.manual_seed(0)
    small = AutoencoderConfig((1, SIZE, SIZE), channels=(4, 4, 4), hidden=16)
    return {size: awaken(Autoencoder(replace(small, latent_dim=size))) for size in (5, 2, 3)}


@pytest.fixture(scope="module")
def linked():
    torch.manual_seed(1)
    return awaken(Autoencoder(AutoencoderConfig((1, INNER, INNER), 4, "linked", hidden=16)))


def run(models, linked, data=DATA, config=CONFIG, judge=None, seed=0):
    histories = {size: make_history(float(size)) for size in models}
    histories["linked"] = make_history(9.0)
    return run_bottleneck(models, linked, data, histories, judge=judge, seed=seed, config=config)


@pytest.fixture(scope="module")
def result(models, linked):
    return run(models, linked, judge=make_judge())


def test_errors_are_those_of_the_inner_images(result, models, linked):
    assert [size.latent_dim for size in result.sizes] == [2, 3, 5, 4]
    assert [size.body for size in result.sizes] == ["convolutional"] * 3 + ["linked"]
    images = DATA.test.images / 255
    inner = images[..., 2:-2, 2:-2]
    with torch.no_grad():
        for size in result.sizes[:3]:
            rebuilt = models[size.latent_dim](images).reconstruction[..., 2:-2, 2:-2]
            assert size.test_mse == pytest.approx((rebuilt - inner).square().mean().item())
        rebuilt = linked(inner).reconstruction
        assert result.sizes[3].test_mse == pytest.approx((rebuilt - inner).square().mean().item())


def test_curves_and_the_best_epoch_come_from_the_history(result):
    for size in result.sizes:
        assert size.train_mse == (0.4, 0.3, 0.2, 0.1234567891)
        assert size.validation_mse == (0.45, 0.35, 0.25, 0.27)
        assert size.best_epoch == 2
    assert [size.seconds for size in result.sizes] == [2.0, 3.0, 5.0, 9.0]


def test_principal_components_are_those_of_an_explicit_decomposition():
    train = make_data(train=60).train.images
    found = pca_errors(DATA, train, [1, 2, 5, 40, 59, 144, 500])
    known = train[..., 2:-2, 2:-2].flatten(1).double() / 255
    new = DATA.test.images[..., 2:-2, 2:-2].flatten(1).double() / 255 - known.mean(dim=0)
    directions = torch.linalg.svd(known - known.mean(dim=0)).Vh[:59]  # 60 images span 59
    for size, error in found.items():
        kept = directions[:size]
        rest = new - new @ kept.T @ kept
        assert error == pytest.approx(rest.square().mean().item(), rel=1e-6), size
    errors = list(found.values())
    assert errors == sorted(errors, reverse=True)


def test_as_many_components_as_pixels_lose_nothing():
    errors = pca_errors(DATA, make_data(train=300).train.images, [144])
    assert errors[144] == pytest.approx(0, abs=1e-12)


def test_pca_of_the_study_uses_the_drawn_training_images(result, models, linked):
    rows = torch.randperm(120, generator=torch.Generator().manual_seed(0))[:50]
    expected = pca_errors(DATA, DATA.train.images[rows], [2, 3, 4, 5])
    assert {size.latent_dim: size.pca_mse for size in result.sizes} == pytest.approx(expected)
    other = run(models, linked, seed=1)
    assert other.sizes[0].pca_mse != result.sizes[0].pca_mse


def test_pictures_are_reconstructions_of_one_image_per_class(result, models):
    shown = DATA.test.images[:2]  # classes 0 and 1
    assert np.array_equal(result.originals, shown.numpy())
    assert result.reconstructions.shape == (3, 2, 1, SIZE, SIZE)
    with torch.no_grad():
        for row, size in enumerate((2, 3, 5)):
            rebuilt = models[size](shown / 255).reconstruction
            assert np.array_equal(result.reconstructions[row], latents.to_bytes(rebuilt))


# --- noise ---------------------------------------------------------------------------------------


def test_noise_of_level_0_is_the_reconstruction(result):
    noise = result.noise
    assert noise.latent_dim == 5  # the nearest to 64
    assert noise.levels[0] == 0
    assert noise.mse[0] == pytest.approx(result.sizes[2].test_mse)
    assert np.array_equal(noise.images[0], result.reconstructions[2])
    assert noise.images.shape == (6, 2, 1, SIZE, SIZE)
    assert noise.uniform_draws.shape == (2, 1, SIZE, SIZE)
    assert len(noise.mse) == len(noise.accuracy) == 6


def noise_of(model, judge=None, data=DATA, levels=(0.0, 0.5, 1.0, 2.0), seed=0):
    generator = torch.Generator().manual_seed(seed)
    config = replace(CONFIG, noise_levels=levels)
    shown = data.test.images[:2]
    with latents.inference(judge):
        return add_noise(model, judge, data, data.train.images, shown, generator, config)


class MeasuredBands(Bands):
    config = AutoencoderConfig((1, SIZE, SIZE), 3)


def test_noise_is_measured_in_each_coordinates_deviation():
    """Within a band the error of the mean is orthogonal to a shift: squares just add up."""
    data = make_data(test=3000)
    noise = noise_of(MeasuredBands(), data=data)
    deviation = MeasuredBands().encode(data.train.images / 255).std(dim=0)
    pairs = zip(noise.mse[1:], noise.levels[1:], strict=True)
    extra = [(mse - noise.mse[0]) / level**2 for mse, level in pairs]
    assert extra == pytest.approx([extra[0]] * 3, rel=1e-3)
    # A mean of 9,000 squared normal numbers: five standard errors.
    assert extra[0] == pytest.approx(deviation.square().mean().item(), rel=5 * (2 / 9000) ** 0.5)


def test_the_judge_answers_for_the_disturbed_images():
    data = make_data(test=300)
    noise = noise_of(MeasuredBands(), make_judge(), data, levels=(0.0, 0.1, 50.0))
    assert noise.accuracy[:2] == (1.0, 1.0)
    assert noise.accuracy[2] < 0.6  # a third would be guessing
    assert noise_of(MeasuredBands()).accuracy is None
    assert noise_of(MeasuredBands(), make_judge(), make_data(labels=False)).accuracy is None


def test_noise_follows_the_seed(models):
    first, again, other = (noise_of(models[3], seed=seed) for seed in (0, 0, 1))
    assert first.mse == again.mse
    assert np.array_equal(first.uniform_draws, again.uniform_draws)
    assert first.mse[1:] != other.mse[1:]
    assert not np.array_equal(first.uniform_draws, other.uniform_draws)


# --- sweeps and paths ----------------------------------------------------------------------------


def test_sweeps_show_the_first_image_of_the_class(result, models, linked):
    assert list(result.sweeps) == ["-1 to 1", "quantiles"]
    model = models[5]  # the nearest to 16
    image = DATA.test.images[2:3] / 255  # class 2
    for sweep in result.sweeps.values():
        assert sweep.images.shape == (5, 9, 1, SIZE, SIZE)
    with torch.no_grad():
        latent = model.encode(image).repeat(9, 1)
        latent[:, 3] = torch.linspace(-1, 1, 9)
        expected = latents.to_bytes(model.decode(latent))
    assert np.array_equal(result.sweeps["-1 to 1"].images[3], expected)
    one = run(models, linked, config=replace(CONFIG, sweep_class=1))
    assert not np.array_equal(one.sweeps["-1 to 1"].images, result.sweeps["-1 to 1"].images)


def test_a_path_is_a_straight_line_between_two_classes(result, models):
    assert result.path_dim == 5
    assert result.path.shape == (4, 1, SIZE, SIZE)
    with torch.no_grad():
        ends = models[5].encode(DATA.test.images[:2] / 255)  # classes 0 and 1
        line = [torch.lerp(ends[0], ends[1], step / 3) for step in range(4)]
        expected = latents.to_bytes(models[5].decode(torch.stack(line)))
    assert np.abs(result.path.astype(int) - expected).max() <= 1


def test_a_path_between_classes_that_are_not_there(models):
    with latents.inference():
        path = convert(models[2], DATA, replace(CONFIG, path_classes=(2, 7)))
        first = convert(models[2], DATA, replace(CONFIG, path_classes=(0, 1)))
    assert np.array_equal(path, first)


def test_unlabeled_images_do(models, linked):
    result = run(models, linked, make_data(labels=False))
    assert result.noise.accuracy is None
    assert len(result.originals) == 2
    assert result.path.shape == (4, 1, SIZE, SIZE)


def test_nearest_size():
    assert nearest_size({2: 0, 8: 0, 64: 0}, 64) == 64
    assert nearest_size({2: 0, 8: 0, 32: 0}, 64) == 32
    assert nearest_size({128: 0}, 2) == 128


# --- what is kept --------------------------------------------------------------------------------


def test_the_table_holds_every_value_of_every_curve(result, tmp_path):
    write_csv(result, tmp_path / "all.csv")
    with open(tmp_path / "all.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == CSV_COLUMNS
    assert len(rows) == 4 * 4  # sizes times epochs
    for position, size in enumerate(result.sizes):
        mine = rows[4 * position : 4 * position + 4]
        assert {row["body"] for row in mine} == {size.body}
        assert {row["latent_dim"] for row in mine} == {str(size.latent_dim)}
        assert [row["epoch"] for row in mine] == ["1", "2", "3", "4"]
        assert {row["best_epoch"] for row in mine} == {"3"}  # counted from one, as the epochs
        for name in ("train_mse", "validation_mse"):
            assert [float(row[name]) for row in mine] == pytest.approx(
                getattr(size, name), rel=1e-5
            )
        for name in ("test_mse", "pca_mse", "seconds"):
            values = [float(row[name]) for row in mine]
            assert values == pytest.approx([getattr(size, name)] * 4, rel=1e-5)


def test_saved_and_loaded(result, tmp_path):
    provenance = Provenance.collect(
        "bottleneck", config={}, data="bands", seed=0, device="cpu", seconds=1.0
    )
    results.save(result, tmp_path, "bottleneck", provenance)
    loaded, _ = results.load(Bottleneck, tmp_path, "bottleneck")
    assert isinstance(loaded, Bottleneck)
    assert [size.latent_dim for size in loaded.sizes] == [2, 3, 5, 4]
    assert loaded.noise.mse == pytest.approx(result.noise.mse, rel=1e-5)
    assert np.array_equal(loaded.path, result.path)
    assert list(loaded.sweeps) == list(result.sweeps)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("noise_size", 2),
        ("noise_levels", (0.0, 1.0)),
        ("sweep_size", 2),
        ("sweep_class", 1),
        ("path_size", 2),
        ("path_classes", (0, 2)),
        ("path_steps", 5),
        ("num_shown", 1),
        ("max_codes", 20),
    ],
)
def test_every_field_of_the_config_counts(name, value, models, linked, tmp_path):
    def outcome(config, file):
        provenance = Provenance.collect("b", config={}, data="", seed=0, device="", seconds=1.0)
        results.save(run(models, linked, config=config), tmp_path, file, provenance)
        with np.load(tmp_path / f"{file}.npz") as arrays:
            content = {key: arrays[key].tobytes() for key in arrays}
        return (tmp_path / f"{file}.json").read_text(), content

    assert outcome(CONFIG, "before") != outcome(replace(CONFIG, **{name: value}), "after")
    assert len(fields(BottleneckConfig)) == 9


def test_bad_configs():
    with pytest.raises(ValueError, match="path_steps must be at least 2, got 1"):
        BottleneckConfig(path_steps=1)
    with pytest.raises(ValueError, match="num_shown must be at least 1, got 0"):
        BottleneckConfig(num_shown=0)
    with pytest.raises(ValueError, match="max_codes must be at least 1, got 0"):
        BottleneckConfig(max_codes=0)
