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
    score_all,
    score_renamed,
    score_unscaled,
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
        "VQ-VAE-2, bottom indices, ordered",
        "VQ-VAE-2, indices",
        "VQ-VAE-2, bottom one-hot",
        "VQ-VAE-2, one-hot",
        "VQ-VAE-2, bottom vectors",
        "VQ-VAE-2, vectors",
        "VQ-VAE-2, vectors, 60 components",
    ]
    names = ("bottom indices", "indices", "bottom one-hot", "one-hot", "bottom vectors", "vectors")
    sizes = [result.dimensions[f"VQ-VAE-2, {name}"] for name in names]
    assert sizes == [16, 4 + 16, 16 * 4, 4 * 5 + 16 * 4, 16 * 3, (4 + 16) * 3]
    bits = [result.bits[f"VQ-VAE-2, {name}"] for name in names]
    assert bits == [32, 32 + 4 * np.log2(5)] * 3  # 16 positions of 4 codes, 4 of 5
    assert result.bits["pixels"] == 8 * 144
    assert result.bits["VAE, sampled"] == 32 * SIZE * SIZE
    assert list(result.unscaled) == ["VAE, sampled", "VQ-VAE-2, bottom indices"]


def test_all_are_compared_at_as_many_numbers_and_as_many_bits():
    data = make_data()
    result = run_classification({"AE": Bands(), "VQ": make_vqvae(data)}, data)
    assert result.dimensions["VQ, vectors, 3 components"] == 3
    assert result.bits["VQ, vectors, 3 components"] == 3 * 32
    bits = 32 + 4 * np.log2(5)  # of the codes; 41.3 of them for three numbers
    assert bits // 3 == 13
    assert not [name for name in result.scores if "bits each" in name]  # more than a float needs
    few = features.Budget(3, 8.0)
    parts = tuple(np.random.default_rng(i).standard_normal((40, 3)) for i in range(3))
    way = features.Feature([torch.zeros(1, 3)], latents.flatten, 96, "vector")
    (name, (size, cut)), *rest = features.at_budget("AE", way, parts, few, seed=0).items()
    assert (name, size, rest) == ("AE, 2 bits each", 6, [])
    for column in range(3):
        assert len(np.unique(cut[0][:, column])) == 4
    assert features.at_budget("AE", way, parts, features.Budget(3, 2.0), seed=0) == {}


def test_rounding_keeps_order_and_uses_all_levels_alike():
    rng = np.random.default_rng(0)
    train, test = rng.exponential(size=(1024, 2)).astype(np.float32), rng.exponential(size=(50, 2))
    rounded, tested = features.rounded((train, test), bits=3)
    for column in range(2):
        levels, counts = np.unique(rounded[:, column], return_counts=True)
        assert counts.tolist() == [128] * 8
        order = rounded[train[:, column].argsort(), column]
        assert (np.diff(order) >= 0).all()
        for level in levels:  # a level is the median of what it stands for
            members = train[rounded[:, column] == level, column]
            assert level == pytest.approx(np.median(members), rel=0.02)
        assert set(tested[:, column]) <= set(levels)
    many = features.rounded((train,), bits=12)[0]
    np.testing.assert_allclose(many, train, atol=0.5)
    assert np.abs(many - train).mean() < 0.01


def test_new_names_are_a_permutation_and_the_same_for_all_parts():
    rng = np.random.default_rng(0)
    parts = tuple(rng.integers(0, 6, (40, 3)).astype(np.float32) for _ in range(2))
    names = features.renamed(parts, np.random.default_rng(1))
    table = {int(old): new for old, new in zip(parts[0].flat, names[0].flat, strict=True)}
    assert sorted(table.values()) == [0, 1, 2, 3, 4, 5] != list(table.values())
    for part, new in zip(parts, names, strict=True):
        np.testing.assert_array_equal([table[int(old)] for old in part.flat], new.flatten())


def test_accuracy_of_names_depends_on_the_names():
    codes = np.random.default_rng(0).integers(0, 3, (300, 1)).astype(np.float32)
    labels = [(codes[:, 0] == 1).astype(np.int64)] * 3  # found unless code 1 is in the middle
    found = score_renamed((codes,) * 3, labels, seed=0, count=12)
    assert len(found) == 12
    assert max(found) == 1
    assert min(found) < 0.75


def test_ordered_codes_lie_along_their_line():
    line = torch.tensor([[3.0, 6.1], [0.0, 0.0], [1.0, 1.9], [2.0, 4.0]])
    ranks = features.along_a_line(line)
    assert ranks.tolist() in ([3, 0, 1, 2], [0, 3, 2, 1])
    data = make_data()
    model = make_vqvae(data)
    with latents.inference(model):
        ways = features.of_model("VQ", model, [data.test.images], seed=0, batch_size=9)
        (names,), (ordered,) = (
            ways[f"VQ, bottom indices{end}"].parts() for end in ("", ", ordered")
        )
    ranks = features.along_a_line(model.bottom_quantizer.codebook).numpy()
    np.testing.assert_array_equal(ordered, ranks[names.astype(int)])


def test_original_does_not_scale_and_its_features_are_names():
    data = make_data(train=300, test=300)
    unscaled = run_classification({"VQ": make_vqvae(data), "AE": Bands()}, data).unscaled
    assert list(unscaled) == ["VQ, bottom indices", "AE"]
    rng = np.random.default_rng(0)
    labels = [rng.integers(0, 2, 400)] * 3
    # The class lies in a number so small that an unscaled penalty forbids to look at it.
    part = np.stack([labels[0] * 1e-4, rng.standard_normal(400)], axis=1)
    assert score_unscaled((part,) * 3, labels).accuracy < 0.7
    config = ClassificationConfig()
    assert score_all((part,) * 3, labels, 0, config)["logistic regression"].accuracy == 1


def test_names_of_codes_are_no_quantities():
    """A class that is a code of its own is found in columns, and not in an unlucky numbering."""
    codes = torch.arange(300) % 3  # the class in the middle has no side of its own
    data = [(codes == 1).long().numpy()] * 3
    numbers = (codes[:, None].float().numpy(),) * 3
    columns = (torch.nn.functional.one_hot(codes).float().numpy(),) * 3
    assert score_unscaled(numbers, data).accuracy == pytest.approx(2 / 3)
    assert score_unscaled(columns, data).accuracy == 1


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
        (bottom,) = ways["VQ, bottom one-hot"].parts()
        np.testing.assert_array_equal(bottom, ones[:, 20:])
        first = model.top_quantizer.codebook[codes.top[0, 0, 0]]
        np.testing.assert_array_equal(vectors[0, :12:4], first)  # channels first, 2x2 positions
        assert ways["VQ, vectors"].width() == vectors.shape[1]
        (bottom,) = ways["VQ, bottom vectors"].parts()
        np.testing.assert_array_equal(bottom, vectors[:, 4 * 3 :])
        last = model.bottom_quantizer.codebook[codes.bottom[0, 3, 3]]
        np.testing.assert_array_equal(bottom[0, 15::16], last)
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
    left = (
        "bottom indices",
        "bottom indices, ordered",
        "indices",
        "bottom one-hot",
        "bottom vectors",
        "vectors",
    )
    assert list(result.scores) == [f"VQ-VAE-2, {name}" for name in left]
    assert list(result.skipped) == ["pixels", "VQ-VAE-2, one-hot"]
    assert result.skipped["pixels"] == "144 numbers per image; max_features is 80."


def test_caps_are_kept():
    config = ClassificationConfig(max_train=60, max_test=9)
    result = run_classification({"AE": Bands()}, make_data(), config=config)
    assert (result.num_train, result.num_test) == (60, 9)
    found = result.scores["AE"]["logistic regression"]
    assert (found.low, found.high) == wilson_interval(9, 9)


def test_fewer_images_for_the_classifiers_that_take_longer():
    rng = np.random.default_rng(0)
    labels = [rng.integers(0, 2, 200)] * 3
    part = np.stack([labels[0] * 10.0, rng.standard_normal(200)], axis=1)
    learned = [np.concatenate([1 - labels[0][:100], labels[0][100:]]), *labels[1:]]
    # The first hundred labels are wrong: those who see nothing else are always wrong.
    config = ClassificationConfig(max_others=100)
    found = score_all((part,) * 3, learned, 0, config)
    assert found["nearest neighbors"].accuracy == 0
    assert found["small network"].accuracy < 0.1
    more = score_all((part,) * 3, labels, 0, ClassificationConfig())
    assert more["nearest neighbors"].accuracy == 1


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
