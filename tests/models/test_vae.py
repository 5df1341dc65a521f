"""The VAE: a posterior, a draw from it, and the same decoder as the autoencoder's."""

from dataclasses import fields, replace

import pytest
import torch

from vqtutor.models import VAE, Autoencoder, AutoencoderConfig, VAEConfig

SMALL = VAEConfig((1, 28, 28), 3, (2, 3, 4), 6)


def num_weights(model):
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize("image_shape", [(1, 28, 28), (1, 32, 32), (3, 32, 32)])
def test_without_noise_forward_is_decode_of_encode(image_shape):
    model = VAE(replace(SMALL, image_shape=image_shape)).eval()
    images = torch.rand(4, *image_shape)
    output = model(images, noise=torch.zeros(4, 3))
    assert torch.equal(output.latent, model.encode(images))
    assert torch.equal(output.reconstruction, model.decode(model.encode(images)))
    assert torch.equal(output.reconstruction, output.logits.sigmoid())
    assert output.reconstruction.shape == images.shape


def test_the_latent_is_mean_plus_deviation_times_noise():
    model, images, noise = VAE(SMALL).eval(), torch.rand(4, 1, 28, 28), torch.randn(4, 3)
    output = model(images, noise)
    mean, log_variance = model.posterior(images)
    assert torch.equal(output.mean, mean)
    assert torch.equal(output.log_variance, log_variance)
    torch.testing.assert_close(output.latent, mean + log_variance.exp().sqrt() * noise)
    torch.testing.assert_close(output.reconstruction, model.decode(output.latent))
    assert torch.equal(model.encode(images), mean)


def test_drawn_noise_is_normal_and_follows_the_seed():
    model, images = VAE(SMALL).eval(), torch.rand(4000, 1, 28, 28)
    torch.manual_seed(3)
    first = model(images[:4]).latent
    torch.manual_seed(3)
    assert torch.equal(first, model(images[:4]).latent)
    assert not torch.equal(first, model(images[:4]).latent)
    with torch.no_grad():
        output = model(images)
    noise = (output.latent - output.mean) / (0.5 * output.log_variance).exp()
    # 12,000 independent normal numbers: 5 standard errors of their mean and of their square.
    assert noise.mean().abs() < 5 / 12_000**0.5
    assert (noise.square().mean() - 1).abs() < 5 * (2 / 12_000) ** 0.5


def test_gradients_reach_mean_and_variance_through_the_draw():
    model, noise = VAE(SMALL), torch.randn(4, 3)
    model(torch.rand(4, 1, 28, 28), noise).logits.sum().backward()
    last = model.encoder[-1].weight.grad  # (2 D, hidden)
    assert last[:3].abs().sum() > 0
    assert last[3:].abs().sum() > 0


def test_it_is_the_autoencoder_with_twice_the_outputs():
    other = Autoencoder(AutoencoderConfig(SMALL.image_shape, 3, channels=(2, 3, 4), hidden=6))
    assert num_weights(VAE(SMALL)) == num_weights(other) + 3 * (6 + 1)


@pytest.mark.parametrize(
    ("name", "value"),
    [("image_shape", (1, 32, 40)), ("latent_dim", 4), ("channels", (2, 4, 4)), ("hidden", 7)],
)
def test_every_field_of_the_config_counts(name, value):
    assert num_weights(VAE(replace(SMALL, **{name: value}))) != num_weights(VAE(SMALL))
    assert len(fields(VAEConfig)) == 4


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"latent_dim": 0}, "latent_dim must be at least 1, got 0"),
        ({"hidden": 0}, "hidden must be at least 1"),
        ({"channels": (1, 2)}, "three widths"),
        ({"image_shape": (1, 29, 29)}, "multiples of 4"),
    ],
)
def test_bad_configs(wrong, message):
    with pytest.raises(ValueError, match=message):
        replace(SMALL, **wrong)


def test_bad_inputs():
    model = VAE(SMALL)
    with pytest.raises(ValueError, match=r"noise .* B = 2, D = 3, got \(2, 4\)"):
        model(torch.rand(2, 1, 28, 28), torch.zeros(2, 4))
    with pytest.raises(ValueError, match=r"latent .* D = 3, got \(3,\)"):
        model.decode(torch.zeros(3))
    for method in (model.forward, model.encode, model.posterior):
        with pytest.raises(ValueError, match=r"images .* got \(2, 3, 28, 28\)"):
            method(torch.rand(2, 3, 28, 28))
        with pytest.raises(ValueError, match="from -1 to -1"):
            method(-torch.ones(2, 1, 28, 28))
        with pytest.raises(TypeError, match=r"got torch\.int64"):
            method(torch.zeros(2, 1, 28, 28, dtype=torch.int64))


def test_float32_under_autocast():
    model, images = VAE(SMALL), torch.rand(2, 1, 28, 28)
    with torch.autocast("cpu", torch.bfloat16):
        output = model(images)
    assert {tensor.dtype for tensor in output} == {torch.float32}
