"""Each trainer minimizes the loss it names, on the images it is given, in the seed's order."""

from dataclasses import fields, replace

import pytest
import torch

from tests.experiments.standins import make_data
from vqtutor.experiments import training
from vqtutor.experiments.training import Recipe, build, extract_codes, train, train_classifier
from vqtutor.losses import codes_loss, vae_loss
from vqtutor.models import (
    AutoencoderConfig,
    ClassifierConfig,
    Codes,
    PixelCNNConfig,
    QuantizerConfig,
    VAEConfig,
    VQVAE2Config,
)
from vqtutor.train import FitConfig, Runtime

PADDED, INNER = (1, 16, 16), (1, 12, 12)
AUTOENCODER = AutoencoderConfig(PADDED, 3, channels=(4, 4, 4), hidden=16)
VARIATIONAL = VAEConfig(PADDED, 3, (4, 4, 4), 16)
QUANTIZED = VQVAE2Config(PADDED, 8, 1, 4, 4, 6, 5)
RECIPE = Recipe(FitConfig(epochs=2, learning_rate=5e-3), batch_size=32)
HOW = {"seed": 0, "runtime": Runtime("cpu")}
DATA = make_data()


def pixels(split, data=None):
    """Images (N, C, H, W) in [0, 1]; of the inner view where `data` says what that is."""
    images = split.images / 255
    return images if data is None else data.unpad(images)


def trained(config, recipe=RECIPE, data=DATA, seed=0):
    torch.manual_seed(0)
    model = build(config)
    return model, train(model, data, recipe, seed=seed, runtime=Runtime("cpu"))


def weights(model):
    return torch.cat([value.detach().flatten().float() for value in model.state_dict().values()])


# --- what is minimized ---------------------------------------------------------------------------


@pytest.mark.parametrize("config", [AUTOENCODER, AutoencoderConfig(INNER, 3, "linked", hidden=16)])
def test_autoencoder_on_padded_and_on_unpadded_images(config):
    model, history = trained(config)
    images = pixels(DATA.validation, None if config.image_shape == PADDED else DATA)
    with torch.no_grad():
        mse = (model(images).reconstruction - images).square().mean().item()
    assert history.validation[history.best_epoch]["mse"] == pytest.approx(mse, rel=1e-4)
    assert history.train[-1]["mse"] < history.train[0]["mse"]


def test_an_autoencoders_test_error_is_watched_where_the_recipe_says_so():
    model, history = trained(AUTOENCODER)
    again, watched = trained(AUTOENCODER, replace(RECIPE, watch_test=True))
    assert history.watched == []
    assert torch.equal(weights(again), weights(model))
    assert watched.train == history.train
    images = pixels(DATA.test)
    with torch.no_grad():
        mse = (model(images).reconstruction - images).square().mean().item()
    assert watched.watched[watched.best_epoch]["mse"] == pytest.approx(mse, rel=1e-4)


@pytest.mark.parametrize("config", [ClassifierConfig("modern", PADDED, 3, (4, 4, 8)), None])
def test_classifier_on_padded_and_on_unpadded_images(config):
    config = config or ClassifierConfig("5x5", INNER, 3)
    model, history = trained(config, replace(RECIPE, fit=FitConfig(12, learning_rate=2e-2)))
    images = pixels(DATA.validation, None if config.image_shape == PADDED else DATA)
    with torch.no_grad():
        right = model(images).argmax(dim=1) == DATA.validation.labels
    kept = history.validation[history.best_epoch]
    assert kept["accuracy"] == pytest.approx(right.float().mean().item())
    assert kept["accuracy"] > 0.9  # bright bands: a third would be guessing


@pytest.mark.parametrize("likelihood", ["bernoulli", "squared_error"])
def test_vae_minimizes_misfit_and_beta_times_kl(likelihood):
    recipe = replace(RECIPE, beta=0.5, likelihood=likelihood)
    model, history = trained(VARIATIONAL, recipe)
    images, kept = pixels(DATA.validation), history.validation[history.best_epoch]
    with torch.no_grad():
        output = model(images, torch.zeros(len(images), 3))
    terms = vae_loss(output.logits, images, output.mean, output.log_variance, likelihood=likelihood)
    assert kept["kl"] == pytest.approx(terms.kl.item(), rel=1e-4)
    assert kept["total"] == pytest.approx(kept["misfit"] + 0.5 * kept["kl"], rel=1e-5)
    assert kept["misfit"] == pytest.approx(terms.misfit.item(), rel=0.1)  # there, with noise


@pytest.mark.parametrize("codebook", ["moving_average", "gradient"])
def test_vqvae_minimizes_misfit_and_commitment_of_both_levels(codebook):
    model, history = trained(replace(QUANTIZED, codebook=codebook), replace(RECIPE, beta=0.5))
    images, kept = pixels(DATA.validation), history.validation[history.best_epoch]
    with torch.no_grad():
        output = model(images)
    commitment = (output.top.commitment + output.bottom.commitment).item()
    assert kept["mse"] == pytest.approx((output.unclamped - images).square().mean().item(), 1e-4)
    assert kept["commitment"] == pytest.approx(commitment, rel=1e-4)
    loss = commitment if codebook == "gradient" else 0.0
    assert kept["codebook"] == pytest.approx(loss, rel=1e-4)
    assert kept["total"] == pytest.approx(kept["mse"] + 0.5 * commitment + loss, rel=1e-4)
    assert history.train[-1]["mse"] < history.train[0]["mse"]


@pytest.mark.parametrize("codebook", ["moving_average", "gradient"])
def test_codebooks_start_at_features_and_then_move(codebook, monkeypatch):
    started = []
    monkeypatch.setattr(
        training,
        "_fit",
        lambda model, *_, **__: started.append([b.clone() for b in codebooks(model)]),
    )

    def codebooks(model):
        return model.top_quantizer.codebook.detach(), model.bottom_quantizer.codebook.detach()

    trained(replace(QUANTIZED, codebook=codebook))
    torch.manual_seed(0)
    fresh = build(replace(QUANTIZED, codebook=codebook))
    monkeypatch.undo()
    model, _ = trained(replace(QUANTIZED, codebook=codebook))
    for before, start, end in zip(codebooks(fresh), started[0], codebooks(model), strict=True):
        assert not torch.equal(before, start)
        assert not torch.equal(start, end)
        assert start.std() < 0.5 < before.std()  # fresh: N(0, 1), features of a fresh network: less


LABELED = PixelCNNConfig(num_codes=5, channels=6, layers=1, num_labels=3, condition_codes=6)


@pytest.mark.parametrize("labeled", [True, False])
@pytest.mark.parametrize("conditional", [True, False])
def test_prior_minimizes_the_cross_entropy_of_codes(labeled, conditional):
    config = replace(LABELED, num_labels=3 * labeled, condition_codes=6 * conditional)
    torch.manual_seed(0)
    splits = []
    for count in (40, 20):
        codes = torch.arange(16).view(1, 4, 4).repeat(count, 1, 1) % 5
        labels = torch.randint(3, (count,)) if labeled else None
        splits.append((codes, labels, torch.randint(6, (count, 2, 2)) if conditional else None))
    model = build(config)
    recipe = replace(RECIPE, fit=FitConfig(12, learning_rate=3e-2), batch_size=8)
    history = train(model, splits, recipe, **HOW)
    with torch.no_grad():
        terms = codes_loss(model(*splits[1]), splits[1][0])
    kept = history.validation[history.best_epoch]
    assert kept["total"] == pytest.approx(terms.total.item(), rel=1e-4)
    assert kept["bits"] < 0.5 * torch.tensor(5.0).log2()  # always the same grid


# --- portions and order --------------------------------------------------------------------------


@pytest.mark.parametrize(("batch_size", "steps"), [(32, 3), (120, 1), (500, 1), (7, 17)])
def test_a_last_smaller_batch_is_left_out(batch_size, steps):
    told = []
    recipe = Recipe(FitConfig(epochs=1), batch_size)
    train(build(AUTOENCODER), DATA, recipe, report=told.append, **HOW)
    assert {progress.steps for progress in told} == {steps}


@pytest.mark.parametrize(
    "config",
    [AUTOENCODER, VARIATIONAL, QUANTIZED, ClassifierConfig("modern", PADDED, 3, (4, 4, 8))],
)
def test_the_same_seed_gives_the_same_bits(config):
    (first, told), (second, again), (other, _) = (trained(config, seed=s) for s in (0, 0, 1))
    assert (told.train, told.validation) == (again.train, again.validation)
    assert torch.equal(weights(first), weights(second))
    assert not torch.equal(weights(first), weights(other))


def test_codes_are_those_of_the_whole_set_at_once():
    model = build(QUANTIZED).train()
    codes = extract_codes(model, DATA.train, batch_size=32)
    with torch.no_grad():
        expected = model.encode(pixels(DATA.train))
    assert isinstance(codes, Codes)
    assert torch.equal(codes.top, expected.top)
    assert torch.equal(codes.bottom, expected.bottom)
    assert not codes.top.requires_grad


# --- recipes and refusals ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fit", FitConfig(1, learning_rate=5e-3)),
        ("batch_size", 16),
        ("beta", 0.25),
        ("likelihood", "squared_error"),
    ],
)
def test_every_field_of_the_recipe_counts(name, value):
    changed, _ = trained(VARIATIONAL, replace(RECIPE, **{name: value}))
    assert not torch.equal(weights(changed), weights(trained(VARIATIONAL)[0]))
    # These four, the two below, and watch_test, which changes nothing.
    assert len(fields(Recipe)) == 7


@pytest.mark.parametrize(("name", "value"), [("shift", 1), ("mirror", True)])
def test_training_images_of_a_classifier_are_varied_and_validation_images_are_not(name, value):
    recipe = replace(RECIPE, **{name: value})
    config = ClassifierConfig("5x5", INNER, 3)
    changed, history = trained(config, recipe)
    assert not torch.equal(weights(changed), weights(trained(config)[0]))
    with torch.no_grad():
        logits = changed(pixels(DATA.validation)[..., 2:-2, 2:-2])
    right = (logits.argmax(dim=1) == DATA.validation.labels).double().mean()
    assert history.validation[history.best_epoch]["accuracy"] == pytest.approx(right.item())


def test_beta_weighs_the_commitment_too():
    changed, _ = trained(QUANTIZED, replace(RECIPE, beta=4.0))
    assert not torch.equal(weights(changed), weights(trained(QUANTIZED)[0]))


def test_bad_recipes():
    with pytest.raises(ValueError, match="batch_size must be at least 1, got 0"):
        replace(RECIPE, batch_size=0)
    with pytest.raises(ValueError, match=r"beta must be at least 0, got -1\.0"):
        replace(RECIPE, beta=-1.0)
    with pytest.raises(ValueError, match="likelihood must be one of"):
        replace(RECIPE, likelihood="laplace")


def test_nothing_to_classify():
    model = build(ClassifierConfig("5x5", INNER, 3))
    with pytest.raises(ValueError, match="'bands' has no labels: there is nothing to classify"):
        train_classifier(model, make_data(labels=False), RECIPE, **HOW)


def test_data_that_does_not_fit_the_network_is_named_with_its_step():
    with pytest.raises(ValueError, match=r"step 0: images .* H = 32, W = 32, got \(32, 1, 16, 16"):
        train(build(replace(VARIATIONAL, image_shape=(1, 32, 32))), DATA, RECIPE, **HOW)
    classifier = build(ClassifierConfig("5x5", INNER, 2))
    with pytest.raises(ValueError, match=r"step 0: labels must lie in 0\.\.1 .* got 2"):
        train(classifier, DATA, RECIPE, **HOW)


def test_unknown_configs():
    with pytest.raises(TypeError, match=r"one of ClassifierConfig, .*; got QuantizerConfig"):
        build(QuantizerConfig())
    with pytest.raises(TypeError, match="got str"):
        build("VAE")
