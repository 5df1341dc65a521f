"""Samplers draw what they say, and sets with known properties get the scores they must."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.experiments.standins import (
    CLASSES,
    SIZE,
    Bands,
    Judge,
    PerfectWithPosterior,
    make_data,
    make_split,
    make_vqvae,
)
from vqtutor.data import ImageSet, Split
from vqtutor.experiments import results, samplers
from vqtutor.experiments.conditional import refuse_and_redraw, sees_the_class, taught_accuracy
from vqtutor.experiments.generation import (
    CONFIGS,
    Generation,
    GenerationConfig,
    GenerationScores,
    run_generation,
)
from vqtutor.experiments.judging import Calibrated, calibrate, judge_images
from vqtutor.experiments.jury import Jury, sureness
from vqtutor.experiments.results import Provenance
from vqtutor.experiments.texture import Mean
from vqtutor.models import PixelCNN, PixelCNNConfig

SMALL = GenerationConfig(num_images=60, num_shown=12, max_train=120, epochs=1)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_uniform_and_normal_draws():
    drawn = samplers.uniform(3)(4000, seeded())
    assert drawn.shape == (4000, 3)
    assert -1 <= drawn.min() < -0.99
    assert 0.99 < drawn.max() <= 1
    drawn = samplers.normal(3)(4000, seeded())
    # The standard error of a mean is 1 / sqrt(4000) = 0.016, of a variance sqrt(2 / 4000) = 0.022.
    torch.testing.assert_close(drawn.mean(dim=0), torch.zeros(3), atol=0.08, rtol=0)
    torch.testing.assert_close(drawn.var(dim=0), torch.ones(3), atol=0.11, rtol=0)


def test_mixture_has_the_moments_of_the_codes():
    centers = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, -10.0]])
    spread = torch.tensor([[1.0, 0.8], [0.0, 0.6]])
    noise = torch.randn(600, 2, generator=seeded())
    codes = centers.repeat(200, 1) + noise @ spread
    drawn = samplers.mixture(codes, components=3, seed=0)(6000, seeded(1))
    nearest = torch.cdist(drawn, centers).argmin(dim=1)
    for index, center in enumerate(centers):
        mine, own = drawn[nearest == index], codes[index::3]
        assert len(mine) / 6000 == pytest.approx(1 / 3, abs=0.03)  # five standard errors
        torch.testing.assert_close(mine.mean(dim=0), own.mean(dim=0), atol=0.15, rtol=0)
        torch.testing.assert_close(mine.T.cov(), own.T.cov(), atol=0.2, rtol=0)
        assert (mine.mean(dim=0) - center).norm() < 0.3


def test_mixture_is_fixed_by_the_seeds():
    codes = torch.randn(50, 2, generator=seeded())
    first, again = (samplers.mixture(codes, 3, seed=0)(20, seeded()) for _ in range(2))
    assert torch.equal(first, again)
    assert not torch.equal(first, samplers.mixture(codes, 3, seed=0)(20, seeded(1)))


def test_mixture_of_fewer_codes_than_components():
    drawn = samplers.mixture(torch.eye(2), components=10, seed=0)(5, seeded())
    assert drawn.shape == (5, 2)
    assert drawn.isfinite().all()


def test_uniform_codes_cover_both_codebooks():
    data = make_data()
    model = make_vqvae(data)
    like = model.encode(data.test.images[:2].float() / 255)
    drawn = samplers.uniform_codes(model, like)(2000, seeded())
    assert drawn.top.shape == (2000, 2, 2)
    assert drawn.bottom.shape == (2000, 4, 4)
    for grid, count in ((drawn.top, 5), (drawn.bottom, 4)):
        shares = grid.flatten().bincount(minlength=count) / grid.numel()
        torch.testing.assert_close(shares, torch.full((count,), 1 / count), atol=0.03, rtol=0)


def test_a_model_without_a_distribution_gets_the_originals_draw_too():
    model, codes = Bands(), torch.randn(20, 3, generator=seeded())
    assert list(samplers.ways(model, codes, 2, seed=0)) == ["U(-1, 1)", "N(0, 1)", "mixture"]
    assert list(samplers.ways(PerfectWithPosterior(), codes, 2, seed=0)) == ["N(0, 1)", "mixture"]


def score_images(images: Tensor, asked: Tensor | None) -> GenerationScores:
    jury = Jury(Judge().eval(), make_data(), 0, SMALL)
    return jury.score(images, asked)


def test_real_images_are_nearly_perfect():
    split = make_split(60, seed=7)
    score = score_images(split.images.float() / 255, split.labels)
    assert score.accuracy == 1
    assert score.class_accuracy == (1, 1, 1)
    assert score.interval[1] == pytest.approx(1)
    assert score.sharpness == pytest.approx(1, abs=0.02)
    assert score.garbage_rate <= 0.1
    assert score.frechet < 1e-4
    assert abs(score.kernel) < 4 * score.kernel_error + 1e-6


def test_wrong_class_counts_for_that_class_only():
    split = make_split(60, seed=7)
    asked = split.labels.clone()
    asked[split.labels == 2] = 1
    score = score_images(split.images.float() / 255, asked)
    assert score.accuracy == pytest.approx(2 / 3)
    assert score.class_accuracy == (1, 0.5)  # the classes that were asked for


def test_blurred_images_are_less_sharp_and_noise_is_garbage():
    images = make_split(60, seed=7).images.float() / 255
    blurred = nn.functional.avg_pool2d(images, 5, stride=1, padding=2)
    assert score_images(blurred, None).sharpness < 0.8
    noise = score_images(torch.rand(images.shape, generator=seeded()), None)
    assert noise.garbage_rate == 1
    assert noise.frechet > 0.1
    assert (noise.accuracy, noise.class_accuracy) == (None, None)


def make_priors(model: nn.Module, labels: int) -> tuple[PixelCNN, PixelCNN]:
    small = {"channels": 4, "layers": 1, "num_labels": labels}
    top = PixelCNN(PixelCNNConfig(model.config.num_codes_top, **small))
    given = {"condition_codes": model.config.num_codes_top}
    return top, PixelCNN(PixelCNNConfig(model.config.num_codes_bottom, **small, **given))


def run_all(
    seed: int = 0, *, labels: bool = True, batch_size: int = 512, priors: bool = True
) -> Generation:
    torch.manual_seed(0)  # of the networks' weights
    data = make_data(labels=labels)
    models = {"AE": Bands(), "VAE": PerfectWithPosterior(), "VQ-VAE-2": make_vqvae(data)}
    both = {"VQ-VAE-2": make_priors(models["VQ-VAE-2"], data.num_classes)} if priors else {}
    judge, second = (Judge(), Judge()) if labels else (None, None)
    config = GenerationConfig(60, 12, 2, 120, epochs=1, rounds=1, batch_size=batch_size)
    return run_generation(models, data, judge, both, second, seed=seed, config=config)


def test_every_way_is_tried_and_scored():
    result = run_all()
    assert list(result.scores) == [
        "AE, U(-1, 1)",
        "AE, N(0, 1)",
        "AE, mixture",
        "VAE, N(0, 1)",
        "VAE, mixture",
        "VQ-VAE-2, uniform",
        "VQ-VAE-2, PixelCNN",
        "VQ-VAE-2, PixelCNN, refusing",
        "VQ-VAE-2, PixelCNN, cooler",
    ]
    for name, score in result.scores.items():
        assert score.images.shape == (12, 1, SIZE, SIZE), name
        assert score.images.dtype == np.uint8
        assert 0 <= score.garbage_rate <= 1
        assert score.num_images == 60
        assert (score.accuracy is None) == ("PixelCNN" not in name)
        assert (score.accepted is None) == ("refusing" not in name)
        asked_once = name in ("VQ-VAE-2, PixelCNN", "VQ-VAE-2, PixelCNN, cooler")
        assert (score.taught_accuracy is None) == (not asked_once)
    (trials,) = result.trials.values()
    assert [trial.temperature for trial in trials] == list(GenerationConfig().temperatures)
    assert list(result.reconstructions) == ["AE", "VAE", "VQ-VAE-2"]
    assert (result.judge.accuracy, result.judge.temperature) == (1, 1)
    assert result.skipped == {}
    assert (result.num_images, result.classes) == (60, ("zero", "one", "two"))


def test_mixture_of_the_bands_brightness_makes_real_images_and_uniform_draws_do_not():
    scores = run_all().scores
    assert scores["AE, mixture"].frechet < 0.01 < scores["AE, U(-1, 1)"].frechet


def test_real_row_is_the_floor():
    result = run_all()
    assert result.real.accuracy == 1
    assert result.real.garbage_rate <= 1 / 30 + 1e-9
    assert result.garbage_ceiling == 1
    assert result.real.novelty.distance == pytest.approx(1)  # that of test images
    assert result.real.texture.fine_energy.value == pytest.approx(1, abs=0.1)
    assert result.real.frechet < min(score.frechet for score in result.scores.values())


def test_reconstructions_are_what_the_decoder_makes_of_test_images():
    result = run_all()
    perfect = result.reconstructions["VAE"]  # loses nothing
    assert perfect.frechet == pytest.approx(0, abs=1e-6)
    assert perfect.sharpness == pytest.approx(1, abs=1e-6)
    assert (perfect.precision, perfect.recall) == (1, 1)
    assert perfect.novelty.distance == pytest.approx(1)
    assert perfect.images.shape == (0, 1, SIZE, SIZE)
    mixture = result.scores["VAE, mixture"]
    assert mixture.frechet_rebuilt == pytest.approx(mixture.frechet, rel=1e-3)
    lossy = result.scores["VQ-VAE-2, uniform"]
    assert lossy.frechet_rebuilt != pytest.approx(lossy.frechet, rel=1e-3)


def test_noise_is_the_ceiling():
    result = run_all()
    assert result.noise.garbage_rate == 1
    assert abs(result.noise.texture.neighbor_correlation.value) < 0.05
    assert result.noise.texture.spectrum_slope == pytest.approx(0, abs=0.2)
    assert result.noise.sharpness > result.real.sharpness


def test_images_without_an_answer_are_left_out_of_a_mean():
    found = Mean.of(torch.tensor([1.0, np.nan, 3.0]), scale=2)
    assert (found.value, found.error) == (1, pytest.approx(0.5))  # sqrt(1/2) / sqrt(2)


def test_copies_of_training_images_are_found_and_new_images_are_none():
    data = make_data()
    jury = Jury(None, data, 0, SMALL)
    copied = jury.score(data.train.images.float() / 255).novelty
    assert (copied.distance, copied.copies) == (0, 1)
    new = jury.score(make_split(300, seed=7).images.float() / 255).novelty
    assert new.distance == pytest.approx(1, abs=0.05)
    assert new.copies < 0.1
    assert new.num_images == 300


def test_novelty_is_measured_against_every_training_image():
    data = make_data()
    jury = Jury(None, data, 0, GenerationConfig(max_train=1, max_compared=5))
    inner = data.unpad(data.train.images).flatten(1).float() / 255
    tested = data.unpad(data.test.images[:5]).flatten(1).float() / 255
    squares = (tested[:, None] - inner[None]).square().mean(dim=2)
    torch.testing.assert_close(jury.test_distances, squares.min(dim=1).values.sqrt())
    assert jury.novelty(data.unpad(data.test.images)).num_images == 5


def test_sureness_of_known_answers():
    probabilities = torch.tensor([[0.5, 0.5], [0.9, 0.1], [1.0, 0.0]]).repeat(400, 1)
    found = sureness(probabilities)
    assert (found.median, found.low, found.high) == pytest.approx((0.9, 0.9, 0.9))
    mixed = -(0.9 * np.log2(0.9) + 0.1 * np.log2(0.1))
    assert found.entropy.value == pytest.approx((1 + mixed + 0) / 3)
    rising = torch.linspace(0.5, 1, 1001)
    found = sureness(torch.stack([rising, 1 - rising], dim=1))
    assert found.median == pytest.approx(0.75)
    # The rank of a median of n draws has a standard deviation of sqrt(n) / 2.
    assert found.high - found.low == pytest.approx(0.5 * 1.96 * 1001**0.5 / 1001, rel=0.05)


def test_what_is_refused_is_drawn_again():
    labels = torch.tensor([0, 1, 2, 0])
    images = torch.zeros(4, 1, 1, 1)
    images[1] = 1.0
    asked = []

    def draw(wanted: Tensor) -> Tensor:
        asked.append(wanted.tolist())
        return torch.full((len(wanted), 1, 1, 1), float(len(asked)))  # right for class 1, then 2

    def accepts(images: Tensor, labels: Tensor) -> Tensor:
        return images.flatten() == labels

    found = refuse_and_redraw(images, labels, draw, accepts, rounds=5)
    assert asked == [[2], [2]]
    assert found.images.flatten().tolist() == [0, 1, 2, 0]
    assert (found.accepted, found.refused) == (4 / 6, 0)
    found = refuse_and_redraw(images, labels, draw, accepts, rounds=0)
    assert (found.accepted, found.refused) == (3 / 4, 1)
    assert images.flatten().tolist() == [0, 1, 0, 0]  # as they were


def test_refusing_raises_the_accuracy_and_not_the_number(monkeypatch):
    images = make_split(300, seed=7).images.float() / 255  # of all classes in turn

    def generate(*arguments: object, **_: object) -> Tensor:
        labels, generator = arguments[3], arguments[5]
        seeds.append(generator.initial_seed())
        return images[torch.randint(300, (len(labels),), generator=generator)]

    seeds: list[int] = []
    monkeypatch.setattr("vqtutor.sampling.generate", generate)
    result = run_all()  # refused images are drawn again once
    assert seeds[:2] == [0, 1]  # and not from the noise that they came from
    assert seeds[2:] == [0] * 6  # five temperatures are tried, the best one is taken
    free, refusing = (result.scores[f"VQ-VAE-2, PixelCNN{way}"] for way in ("", ", refusing"))
    assert refusing.num_images == free.num_images == 60
    assert refusing.seconds > free.seconds
    # A third is right by chance, of the rest a third again; the standard error is 0.06.
    assert free.accuracy == pytest.approx(1 / 3, abs=0.2)
    assert refusing.accuracy == pytest.approx(5 / 9, abs=0.2)
    assert refusing.accuracy > free.accuracy
    drawn = 60 + 60 * (1 - free.accuracy)
    assert refusing.accepted == pytest.approx(60 * refusing.accuracy / drawn)


def test_second_classifier_must_be_sure_of_the_class_asked_for():
    data = make_data()
    accepts = sees_the_class(Calibrated(Judge(), 1.0), data, 0.9, batch_size=7)
    images = data.test.images.float() / 255
    assert accepts(images, data.test.labels).all()
    assert not accepts(images, (data.test.labels + 1) % CLASSES).any()
    unsure = sees_the_class(Calibrated(Judge(), 1e6), data, 0.9, batch_size=7)
    assert not unsure(images, data.test.labels).any()


def test_taught_by_right_labels_and_by_wrong_ones():
    data = make_data(train=240)
    before = torch.get_rng_state()
    right, interval = taught_accuracy(data.train, data, epochs=15, seed=0)
    assert torch.equal(before, torch.get_rng_state())
    assert right > 0.9
    assert interval[0] < right <= interval[1]
    shifted = Split(data.train.images, (data.train.labels + 1) % CLASSES)
    wrong, _ = taught_accuracy(shifted, data, epochs=15, seed=0)
    assert wrong < 0.1


def test_lesson_of_a_single_image_repeated_teaches_little():
    data = make_data(train=240)
    rows = data.train.labels.argsort(stable=True)[:: 240 // CLASSES].repeat(80)
    dull = Split(
        data.train.images[rows][:, :, :1].expand(-1, -1, SIZE, -1), data.train.labels[rows]
    )
    assert taught_accuracy(dull, data, epochs=2, seed=0)[0] < 0.7


def test_calibration_finds_the_temperature_that_a_judge_was_sharpened_by():
    # Labels drawn from the judge's own probabilities: it is calibrated as it is.
    images = make_split(6000, seed=3).images
    unsure = Calibrated(Judge(), 8.0)
    probabilities = judge_images(unsure, images).probabilities
    labels = torch.multinomial(probabilities, 1, generator=seeded()).flatten()
    for factor in (0.5, 1.0, 2.0):
        found = calibrate(Calibrated(unsure, factor), Split(images, labels))
        assert found.temperature == pytest.approx(1 / factor, rel=0.1)


def test_calibration_changes_no_answer_and_stays_within_bounds():
    data = make_data()
    judge = Calibrated(Judge(), 16.0)
    found = calibrate(judge, data.validation)
    assert found.temperature == pytest.approx(1 / 4, rel=1e-3)  # never wrong, but unsure
    images = data.test.images.float() / 255
    plain, sharper = (judge_images(one, images) for one in (judge, found))
    assert torch.equal(plain.features, sharper.features)
    assert torch.equal(plain.probabilities.argmax(1), sharper.probabilities.argmax(1))
    assert (sharper.probabilities.amax(1) >= plain.probabilities.amax(1)).all()
    torch.testing.assert_close(found(images), 4 * judge(images), rtol=1e-3, atol=1e-3)
    wrong = Split(data.validation.images, (data.validation.labels + 1) % CLASSES)
    assert calibrate(judge, wrong).temperature == pytest.approx(4, rel=1e-3)


def test_calibration_needs_labels_and_a_temperature_above_zero():
    with pytest.raises(ValueError, match="no labels to calibrate with"):
        calibrate(Judge(), make_split(9, 0, labels=False))
    with pytest.raises(ValueError, match="temperature must be above 0, got 0"):
        Calibrated(Judge(), 0)


def test_report_states_the_temperature():
    judge = Calibrated(Judge(), 1.5)
    report = run_generation({}, make_data(), judge, config=SMALL).judge
    assert (report.accuracy, report.temperature) == (1, 1.5)


def test_full_scale_makes_ten_thousand_images():
    assert CONFIGS["full"].num_images == 10_000


def test_images_of_the_picture_are_sorted_by_class():
    split = make_split(60, seed=7)
    score = score_images(split.images.float() / 255, split.labels)
    bands = score.images[:, 0, 2:-2].reshape(12, CLASSES, -1).sum(axis=2).argmax(axis=1)
    np.testing.assert_array_equal(bands, np.repeat([0, 1, 2], 4))


def test_asked_classes_come_in_equal_numbers(monkeypatch):
    seen = []

    def generate(*arguments: object, **_: object) -> Tensor:
        seen.append(arguments[3])
        return torch.rand(60, 1, SIZE, SIZE, generator=arguments[5])

    monkeypatch.setattr("vqtutor.sampling.generate", generate)
    run_all()
    assert seen[0].bincount().tolist() == [20, 20, 20]


def test_without_labels_and_judge_the_rest_is_measured():
    result = run_all(labels=False)
    assert result.skipped == {"judgment": "there is no judge."}
    assert (result.real.garbage_rate, result.garbage_ceiling, result.classes) == (None, None, ())
    for score in result.scores.values():
        assert (score.accuracy, score.garbage_rate, score.frechet, score.kernel) == (None,) * 4
        assert score.sharpness > 0


def test_without_priors_the_result_says_so():
    result = run_all(priors=False)
    assert "VQ-VAE-2, PixelCNN" not in result.scores
    assert result.skipped == {"VQ-VAE-2, PixelCNN": "there are no priors."}


def test_without_a_second_classifier_the_result_says_so():
    torch.manual_seed(0)
    data = make_data()
    model = make_vqvae(data)
    priors = {"VQ": make_priors(model, data.num_classes)}
    result = run_generation({"VQ": model}, data, Judge(), priors, config=SMALL)
    assert list(result.scores) == ["VQ, uniform", "VQ, PixelCNN"]
    assert result.skipped == {"VQ, PixelCNN, refusing": "there is no second classifier."}


def test_batch_size_changes_no_draw():
    one, other = run_all(), run_all(batch_size=7)
    for name in list(one.scores)[:-3]:  # a prior draws its noise batch by batch
        first, second = one.scores[name].images, other.scores[name].images
        np.testing.assert_allclose(first.astype(int), second.astype(int), atol=1, err_msg=name)


def test_seed_fixes_the_images_and_no_global_state_moves():
    first, again, other = run_all(), run_all(), run_all(seed=1)
    for name in first.scores:
        same, changed = again.scores[name].images, other.scores[name].images
        np.testing.assert_array_equal(first.scores[name].images, same)
        assert (first.scores[name].images != changed).any(), name
    data, judge = make_data(), Judge()
    before = torch.get_rng_state()
    run_generation({"AE": Bands()}, data, judge, config=SMALL)
    assert torch.equal(before, torch.get_rng_state())


def test_few_test_images_are_enough():
    parts = [make_split(count, seed) for seed, count in enumerate((12, 6, 6))]
    data = ImageSet("few", *parts, class_names=("a", "b", "c"), padding=(2, 2, 2, 2))
    config = GenerationConfig(num_images=6, num_shown=3)
    score = run_generation({"AE": Bands()}, data, Judge(), config=config).scores["AE, N(0, 1)"]
    assert np.isfinite([score.frechet, score.kernel, score.kernel_error]).all()


def test_result_is_stored_and_read_again(tmp_path):
    result = run_all()
    made = Provenance.collect("g", config={}, data="bands", seed=0, device="cpu", seconds=1)
    results.save(result, tmp_path, "generation", made)
    loaded, _ = results.load(Generation, tmp_path, "generation")
    score, stored = result.scores["VQ-VAE-2, PixelCNN"], loaded.scores["VQ-VAE-2, PixelCNN"]
    assert stored.interval == pytest.approx(score.interval, rel=1e-5)
    np.testing.assert_array_equal(stored.images, score.images)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperatures": (1.0, -1.0)}, r"temperatures must be 0 or more, got \(1\.0, -1\.0\)"),
        ({"num_images": 0}, "num_images must be at least 1, got 0"),
        (
            {"confidence": 1.5},
            r"confidence must lie in \[0, 1\] and rounds be 0 or more, got 1\.5 and 5",
        ),
    ],
)
def test_config_is_checked(settings, message):
    with pytest.raises(ValueError, match=message):
        GenerationConfig(**settings)
