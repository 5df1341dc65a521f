"""Features are what they are said to be; classifiers find what is there and nothing else."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from tests.experiments.standins import (
    SIZE,
    Bands,
    Perfect,
    PerfectWithPosterior,
    make_data,
    make_split,
    make_vqvae,
)
from vqtutor.data import ImageSet
from vqtutor.experiments import features, latents
from vqtutor.experiments.classification import (
    Classification,
    ClassificationConfig,
    can_hold_out,
    run_classification,
    score,
)
from vqtutor.metrics import wilson_interval

CLASSIFIERS = ["logistic regression", "nearest neighbors", "small network"]


def test_bands_are_classified_perfectly_from_any_vector():
    data = make_data()
    result = run_classification({"AE": Bands()}, data)
    assert list(result.scores) == ["pixels", "principal components", "AE"]
    assert result.dimensions == {"pixels": 144, "principal components": 3, "AE": 3}
    assert (result.num_train, result.num_test, result.skipped) == (120, 30, {})
    for scores in result.scores.values():
        assert list(scores) == CLASSIFIERS
        for found in scores.values():
            assert found.accuracy == 1
            assert (found.low, found.high) == wilson_interval(30, 30)


def test_latent_without_the_class_gives_chance():
    class Noise(Bands):
        def encode(self, images: torch.Tensor) -> torch.Tensor:
            return images[:, 0, 2:4, 2].sub(images[:, 0, 2:4, 3])  # noise in every class

    data = make_data(train=300, test=300)
    scores = run_classification({"AE": Noise()}, data).scores["AE"]
    for found in scores.values():
        assert found.low < 0.6  # three classes


def test_features_of_a_vae_and_of_codes_are_listed():
    data = make_data()
    models = {"VAE": PerfectWithPosterior(), "VQ-VAE-2": make_vqvae(data)}
    result = run_classification(models, data)
    assert list(result.scores) == [
        "pixels",
        "principal components",
        "VAE",
        "VAE, sampled",
        "VQ-VAE-2, bottom indices",
        "VQ-VAE-2, one-hot",
        "VQ-VAE-2, vectors",
    ]
    assert result.dimensions["VQ-VAE-2, bottom indices"] == 16
    assert result.dimensions["VQ-VAE-2, one-hot"] == 4 * 5 + 16 * 4
    assert result.dimensions["VQ-VAE-2, vectors"] == (4 + 16) * 3


def test_codes_are_written_as_ones_and_as_vectors():
    data = make_data()
    model = make_vqvae(data)
    with latents.inference(model):
        images = [data.test.images[:2]]
        ways = features.of_model("VQ", model, images, seed=0, batch_size=1)
        codes = latents.encode(model, images[0])
        (ones,) = ways["VQ, one-hot"].parts()
        assert ones.sum() == 2 * (4 + 16)
        blocks = ones[:, :20].reshape(2, 4, 5)  # top positions, codes
        np.testing.assert_array_equal(blocks.argmax(axis=2), codes.top.flatten(1))
        blocks = ones[:, 20:].reshape(2, 16, 4)
        np.testing.assert_array_equal(blocks.argmax(axis=2), codes.bottom.flatten(1))
        (vectors,) = ways["VQ, vectors"].parts()
        first = model.top_quantizer.codebook[codes.top[0, 0, 0]]
        np.testing.assert_array_equal(vectors[0, :12:4], first)  # channels first, 2x2 positions
        assert ways["VQ, vectors"].width() == vectors.shape[1]
        (indices,) = ways["VQ, bottom indices"].parts()
        np.testing.assert_array_equal(indices, codes.bottom.flatten(1))


def test_principal_components_keep_distances_to_the_mean():
    rng = np.random.default_rng(0)
    train, test = rng.standard_normal((50, 4)), rng.standard_normal((20, 4))
    rotated = features.principal_components((train, test), 4, seed=0)
    expected = np.linalg.norm(test - train.mean(axis=0), axis=1)
    np.testing.assert_allclose(np.linalg.norm(rotated[1], axis=1), expected, rtol=1e-5)


def test_one_scale_keeps_ratios_of_deviations():
    rng = np.random.default_rng(0)
    train = rng.standard_normal((100, 2)) * [1, 10] + [5, -5]
    scaled = features.on_one_scale((train, train[:5]))
    np.testing.assert_allclose(scaled[0].mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(scaled[0].var(axis=0).mean(), 1)
    ratio = train.std(axis=0)[1] / train.std(axis=0)[0]
    np.testing.assert_allclose(scaled[0].std(axis=0)[1] / scaled[0].std(axis=0)[0], ratio)
    np.testing.assert_array_equal(scaled[1], scaled[0][:5])
    assert not features.on_one_scale((np.ones((3, 2)),))[0].any()


def test_validation_data_choose_the_candidate_and_test_data_score_it():
    class Fixed:
        def __init__(self, answer: int) -> None:
            self.answer = answer

        def fit(self, *_: object) -> Fixed:
            return self

        def predict(self, rows: np.ndarray) -> np.ndarray:
            return np.full(len(rows), self.answer)

        def score(self, rows: np.ndarray, labels: np.ndarray) -> float:
            return float((self.predict(rows) == labels).mean())

    parts = (np.zeros((4, 1)),) * 3
    labels = [np.array([0, 0, 0, 0]), np.array([1, 1, 1, 0]), np.array([0, 0, 1, 0])]
    found = score([Fixed(0), Fixed(1), Fixed(2)], parts, labels)
    assert found.accuracy == 0.25


def test_running_out_of_iterations_is_recorded_not_warned():
    rng = np.random.default_rng(0)
    parts = (rng.standard_normal((60, 3)),) * 3
    labels = [rng.integers(0, 2, 60)] * 3
    short = MLPClassifier((4,), max_iter=2, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        assert not score([short], parts, labels).converged
    done = MLPClassifier((4,), max_iter=100, tol=10, n_iter_no_change=2, random_state=0)
    assert score([done], parts, labels).converged


def test_long_features_are_left_out_and_named():
    data = make_data()
    config = ClassificationConfig(max_features=80)
    result = run_classification({"VQ-VAE-2": make_vqvae(data)}, data, config=config)
    assert list(result.scores) == ["VQ-VAE-2, bottom indices", "VQ-VAE-2, vectors"]
    assert list(result.skipped) == ["pixels", "VQ-VAE-2, one-hot"]
    assert result.skipped["pixels"] == "144 numbers per image; max_features is 80."


def test_caps_are_kept():
    config = ClassificationConfig(max_train=60, max_test=9)
    result = run_classification({"AE": Bands()}, make_data(), config=config)
    assert (result.num_train, result.num_test) == (60, 9)
    found = result.scores["AE"]["logistic regression"]
    assert (found.low, found.high) == wilson_interval(9, 9)


def test_without_labels_nothing_is_scored_and_the_result_says_so():
    result = run_classification({"AE": Perfect()}, make_data(labels=False))
    assert result == Classification({}, {}, 0, 0, {"all": "bands has no labels."})


def test_one_class_cannot_be_told_apart():
    split = make_split(20, 0)
    split = replace(split, labels=torch.zeros(20, dtype=torch.int64))
    data = ImageSet("same", split, split, split, ("only",), (2, 2, 2, 2))
    assert run_classification({"AE": Bands()}, data).skipped == {"all": "same has a single class."}


def test_a_class_with_a_single_image_does_not_stop_the_network():
    assert can_hold_out(np.repeat([0, 1], 20))
    assert not can_hold_out(np.array([0] * 30 + [1]))
    assert not can_hold_out(np.repeat(np.arange(10), 5))


def run_seeded(seed: int, batch_size: int = 512) -> dict[str, float]:
    data = make_data(test=60)
    config = ClassificationConfig(batch_size=batch_size, max_train=40)
    result = run_classification({"VAE": PerfectWithPosterior()}, data, seed=seed, config=config)
    return {
        f"{name}, {kind}": found.accuracy
        for name, scores in result.scores.items()
        for kind, found in scores.items()
    }


def test_seed_fixes_everything_and_batch_size_nothing():
    before = torch.get_rng_state()
    numpy_before = np.random.get_state()[1].copy()  # noqa: NPY002
    assert run_seeded(0) == run_seeded(0, batch_size=7)
    assert torch.equal(before, torch.get_rng_state())
    np.testing.assert_array_equal(numpy_before, np.random.get_state()[1])  # noqa: NPY002


def test_sampled_features_have_the_posteriors_spread():
    images = [make_data().test.images]
    ways = features.of_model("VAE", PerfectWithPosterior(), images, seed=0, batch_size=512)
    (mean,), (sampled,) = ways["VAE"].parts(), ways["VAE, sampled"].parts()
    assert (sampled - mean).std() == pytest.approx(0.1, rel=0.02)
    assert mean.shape == (30, SIZE * SIZE)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"neighbors": 0}, "neighbors must be at least 1, got 0"),
        (
            {"penalties": (1.0, 0.0)},
            r"penalties must be positive, at least one, got \(1\.0, 0\.0\)",
        ),
        ({"penalties": ()}, r"penalties must be positive, at least one, got \(\)"),
    ],
)
def test_config_is_checked(settings, message):
    with pytest.raises(ValueError, match=message):
        ClassificationConfig(**settings)
