"""The autoencoder study's numbers against plain tensor code, on small data."""

import csv
import json
from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from tests.experiments.standins import INNER, SIZE, Bands, Judge, awaken, make_data
from vqtutor import metrics
from vqtutor.experiments import latents, results
from vqtutor.experiments.bottleneck import (
    Bottleneck,
    BottleneckConfig,
    add_noise,
    nearest_size,
    run_bottleneck,
)
from vqtutor.experiments.bottleneck_table import CSV_COLUMNS, read_csv, write_csv
from vqtutor.experiments.conversion import convert
from vqtutor.experiments.plain import to_plain
from vqtutor.experiments.provenance import Provenance
from vqtutor.experiments.sizes import pca_errors
from vqtutor.models import Autoencoder, AutoencoderConfig, ClassifierConfig
from vqtutor.train import History

DATA = make_data()
CONFIG = BottleneckConfig(
    num_shown=2, path_classes=(0, 1), path_steps=4, max_codes=50, num_pairs=6, num_steps=5
)


def make_history(seconds, test=()):
    """Four epochs; the third is the best on validation."""
    train = [{"total": mse, "mse": mse} for mse in (0.4, 0.3, 0.2, 0.1234567891)]
    validation = [{"total": mse, "mse": mse} for mse in (0.45, 0.35, 0.25, 0.27)]
    watched = [{"total": mse, "mse": mse} for mse in test]
    return History(train, validation, best_epoch=2, seconds=seconds, watched=watched)


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
    histories = {size: make_history(float(size), (0.5, 0.3, 0.31, 0.32)) for size in models}
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


def test_what_was_watched_on_test_images(result):
    for size in result.sizes[:3]:
        assert size.test_curve == (0.5, 0.3, 0.31, 0.32)
        assert size.epoch_on_test == 1  # the original's choice; ours is the third
        assert size.ratio == pytest.approx(0.32 / 0.1234567891)
    assert result.sizes[3].test_curve == ()
    assert result.sizes[3].epoch_on_test is None
    assert result.sizes[3].ratio == pytest.approx(0.27 / 0.1234567891)  # of validation images


def test_scores_of_the_pictures(result, models, linked):
    images = DATA.test.images / 255
    inner, judge = images[..., 2:-2, 2:-2], make_judge()
    before = None
    with torch.no_grad():
        for size in result.sizes:
            if size.body == "linked":
                rebuilt = linked(inner).reconstruction
                answers = judge(torch.nn.functional.pad(rebuilt, (2, 2, 2, 2))).argmax(dim=1)
            else:
                whole = models[size.latent_dim](images).reconstruction
                rebuilt, answers = whole[..., 2:-2, 2:-2], judge(whole).argmax(dim=1)
            scores = {
                "mse": (rebuilt - inner).square().mean(dim=(1, 2, 3)),
                "ssim": metrics.ssim(rebuilt, inner),
                "accuracy": (answers == DATA.test.labels).float(),
            }
            assert size.mse_error == pytest.approx(scores["mse"].std().item() / 30**0.5, rel=1e-4)
            assert size.ssim == pytest.approx(scores["ssim"].mean().item(), rel=1e-4)
            assert size.accuracy == pytest.approx(scores["accuracy"].mean().item())
            right = int(scores["accuracy"].sum())
            assert size.accuracy_interval == metrics.wilson_interval(right, 30)
            if before is None or size.body == "linked":
                assert size.gains == {}
            else:
                better = {name: scores[name] - before[name] for name in scores}
                better["mse"] = -better["mse"]
                for name, gain in size.gains.items():
                    mean = better[name].mean().item()
                    error = better[name].std().item() / 30**0.5
                    assert (gain.value, gain.error) == pytest.approx((mean, error), abs=1e-6)
                assert set(size.gains) == set(scores)
            before = scores
    assert len({size.accuracy for size in result.sizes}) > 1


def test_networks_are_found_by_size(result):
    assert list(result.by_size) == [2, 3, 5]
    assert all(one.latent_dim == size for size, one in result.by_size.items())
    assert result.linked is result.sizes[3]


def test_real_images_are_judged_beside(result):
    assert result.original_accuracy == 1.0
    assert 0 <= result.garbage_floor < 0.5
    assert result.garbage_ceiling == 1.0
    assert result.noise.uniform_garbage is not None


def test_share_of_codes_in_the_original_range(result, models, linked):
    assert result.sweep_dim == 5
    with torch.no_grad():
        codes = models[5].encode(DATA.train.images / 255)
    whole = run(models, linked, config=replace(CONFIG, max_codes=500))
    expected = (codes.abs() <= 1).float().mean(dim=0).tolist()
    assert whole.inside == pytest.approx(expected)


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
        path = convert(models[2], DATA, (2, 7), 4)
        first = convert(models[2], DATA, (0, 1), 4)
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


def test_curves_come_back_from_the_table(result, tmp_path):
    write_csv(result, tmp_path / "all.csv")
    assert to_plain(read_csv(tmp_path / "all.csv")) == to_plain(result.sizes)
    blind = replace(result.sizes[0], ssim=None, accuracy=None, accuracy_interval=None)
    write_csv(replace(result, sizes=(blind,)), tmp_path / "blind.csv")
    assert to_plain(read_csv(tmp_path / "blind.csv")) == to_plain((blind,))


def test_a_table_with_a_row_too_few(result, tmp_path):
    write_csv(result, tmp_path / "all.csv")
    lines = (tmp_path / "all.csv").read_text("utf-8").splitlines(keepends=True)
    (tmp_path / "all.csv").write_text("".join(lines[:2] + lines[3:]), "utf-8")
    with pytest.raises(
        ValueError, match=r"convolutional 2 must be epochs 1, 2, \.\.\., got \['1', '3"
    ):
        read_csv(tmp_path / "all.csv")


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


def outcome(found, folder):
    """All that is stored of a result."""
    provenance = Provenance.collect("b", config={}, data="", seed=0, device="", seconds=1.0)
    results.save(found, folder, "b", provenance)
    with np.load(folder / "b.npz") as arrays:
        content = {key: arrays[key].tobytes() for key in arrays}
    return json.loads((folder / "b.json").read_text())["result"], content


@pytest.fixture(scope="module")
def plain_outcome(result, tmp_path_factory):
    return outcome(result, tmp_path_factory.mktemp("plain"))


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
        ("num_draws", 3),
        ("num_pairs", 4),
        ("num_steps", 3),
        ("max_train", 1),
    ],
)
def test_every_field_of_the_config_counts(name, value, models, linked, plain_outcome, tmp_path):
    changed = replace(CONFIG, **{name: value})
    assert outcome(run(models, linked, config=changed, judge=make_judge()), tmp_path) != (
        plain_outcome
    )
    assert len(fields(BottleneckConfig)) == 13


def test_bad_configs():
    with pytest.raises(ValueError, match="path_steps must be at least 2, got 1"):
        BottleneckConfig(path_steps=1)
    with pytest.raises(ValueError, match="num_steps must be at least 2, got 1"):
        BottleneckConfig(num_steps=1)
    with pytest.raises(ValueError, match="num_shown must be at least 1, got 0"):
        BottleneckConfig(num_shown=0)
    with pytest.raises(ValueError, match="max_codes must be at least 1, got 0"):
        BottleneckConfig(max_codes=0)
