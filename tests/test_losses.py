"""Loss terms: closed forms, and that none depends on the batch size."""

import math

import pytest
import torch
from torch.distributions import Bernoulli, Categorical, Independent, Normal, kl_divergence

from vqtutor.losses import (
    classification_loss,
    codes_loss,
    gaussian_kl,
    reconstruction_loss,
    vae_loss,
    vq_loss,
)


def test_squared_error_by_hand():
    reconstruction, images = torch.rand(3, 2, 4, 5), torch.rand(3, 2, 4, 5)
    terms = reconstruction_loss(reconstruction, images)
    pairs = zip(reconstruction.flatten(), images.flatten(), strict=True)
    by_hand = sum((a - b) ** 2 for a, b in pairs) / 120
    torch.testing.assert_close(terms.mse, by_hand)
    assert terms.total is terms.mse


def test_bernoulli_misfit_is_the_negative_log_likelihood():
    logits, images = 3 * torch.randn(3, 2, 4, 5), torch.rand(3, 2, 4, 5).round()
    mean, log_variance = torch.randn(3, 6), torch.randn(3, 6)
    terms = vae_loss(logits, images, mean, log_variance, beta=0.5)
    pixels = Independent(Bernoulli(logits=logits), 3)
    torch.testing.assert_close(terms.misfit, -pixels.log_prob(images).mean())
    posterior = Independent(Normal(mean, (0.5 * log_variance).exp()), 1)
    prior = Independent(Normal(torch.zeros(3, 6), torch.ones(3, 6)), 1)
    torch.testing.assert_close(terms.kl, kl_divergence(posterior, prior).mean())
    torch.testing.assert_close(terms.total, terms.misfit + 0.5 * terms.kl)


def test_squared_error_misfit_is_a_normal_likelihood_of_variance_one_half():
    logits, images = torch.randn(3, 1, 4, 4), torch.rand(3, 1, 4, 4)
    terms = vae_loss(logits, images, torch.zeros(3, 2), torch.zeros(3, 2), 1.0, "squared_error")
    pixels = Independent(Normal(logits.sigmoid(), 0.5**0.5), 3)
    constant = 16 * 0.5 * math.log(math.pi)
    torch.testing.assert_close(terms.misfit, -pixels.log_prob(images).mean() - constant)
    assert terms.kl == 0


def test_kl_agrees_with_monte_carlo():
    """KL = E_q[log q(z) - log p(z)], estimated from draws; the bound is five standard errors."""
    mean, log_variance = torch.tensor([[0.7, -1.2, 0.0]]), torch.tensor([[-0.5, 0.4, 0.0]])
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(100_000, 3, generator=generator, dtype=torch.float64)
    draws = mean + (0.5 * log_variance).exp() * noise
    # log q(z) - log p(z), without the constants that cancel.
    logs = 0.5 * (draws.square() - noise.square() - log_variance).sum(dim=1)
    error = 5 * logs.std() / len(logs) ** 0.5
    assert (logs.mean() - gaussian_kl(mean, log_variance)).abs() < error
    assert error < 0.03 * gaussian_kl(mean, log_variance)  # the bound is worth something
    assert gaussian_kl(torch.zeros(1, 4), torch.zeros(1, 4)).tolist() == [0]


def test_vq_loss_by_hand():
    reconstruction, images = torch.rand(2, 1, 4, 4), torch.rand(2, 1, 4, 4)
    commitment, codebook = torch.tensor(0.3), torch.tensor(0.2)
    mse = (reconstruction - images).square().mean()
    terms = vq_loss(reconstruction, images, commitment, codebook, beta=0.1)
    torch.testing.assert_close(terms.total, mse + 0.1 * 0.3 + 0.2)
    assert (terms.mse, terms.commitment, terms.codebook) == (mse, commitment, codebook)
    terms = vq_loss(reconstruction, images, commitment)
    torch.testing.assert_close(terms.total, mse + 0.25 * 0.3)
    assert terms.codebook == 0


def test_classification_by_hand():
    logits, labels = torch.randn(7, 3), torch.tensor([0, 1, 2, 0, 1, 2, 0])
    terms = classification_loss(logits, labels)
    torch.testing.assert_close(terms.total, -Categorical(logits=logits).log_prob(labels).mean())
    right = sum(row.argmax() == label for row, label in zip(logits, labels, strict=True))
    torch.testing.assert_close(terms.accuracy, right / 7)


def test_codes_by_hand():
    logits, codes = torch.randn(2, 5, 3, 4), torch.randint(0, 5, (2, 3, 4))
    terms = codes_loss(logits, codes)
    nats = -Categorical(logits=logits.movedim(1, -1)).log_prob(codes).mean()
    torch.testing.assert_close(terms.total, nats)
    torch.testing.assert_close(terms.bits, nats / math.log(2))
    guessing = codes_loss(torch.zeros(2, 8, 3, 4), torch.zeros(2, 3, 4, dtype=torch.int64))
    torch.testing.assert_close(guessing.bits, torch.tensor(3.0))


GENERATOR = torch.Generator().manual_seed(0)


def random(*shape):
    """Uniform in [0, 1)."""
    return torch.rand(shape, generator=GENERATOR)


IMAGES = (random(3, 1, 4, 4), random(3, 1, 4, 4))
POSTERIOR = (random(3, 5), random(3, 5))
CALLS = {
    "reconstruction": (reconstruction_loss, IMAGES),
    "bernoulli": (vae_loss, (*IMAGES, *POSTERIOR)),
    "squared error": (
        lambda *tensors: vae_loss(*tensors, beta=2.0, likelihood="squared_error"),
        (*IMAGES, *POSTERIOR),
    ),
    "classification": (classification_loss, (random(4, 3), torch.tensor([0, 1, 2, 1]))),
    "codes": (codes_loss, (random(3, 5, 2, 2), random(3, 2, 2).mul(5).long())),
    "vq": (lambda *images: vq_loss(*images, torch.tensor(0.5), torch.tensor(0.1)), IMAGES),
}


@pytest.mark.parametrize("name", CALLS)
def test_doubling_the_batch_changes_nothing(name):
    loss, tensors = CALLS[name]
    once, twice = loss(*tensors), loss(*(torch.cat((tensor, tensor)) for tensor in tensors))
    for term, first, second in zip(once._fields, once, twice, strict=True):
        torch.testing.assert_close(first, second, msg=lambda m, term=term: f"{term}: {m}")


@pytest.mark.parametrize("name", CALLS)
def test_terms_are_float32_under_autocast(name):
    loss, tensors = CALLS[name]
    with torch.autocast("cpu", torch.bfloat16):
        terms = loss(*tensors)
    assert {term.dtype for term in terms} == {torch.float32}
    for first, second in zip(terms, loss(*tensors), strict=True):
        assert torch.equal(first, second)


@pytest.mark.parametrize("name", CALLS)
def test_total_comes_first_and_each_term_is_one_number(name):
    loss, tensors = CALLS[name]
    terms = loss(*tensors)
    assert terms._fields[0] == "total"
    assert all(term.shape == () for term in terms)


def test_each_vae_term_reaches_only_what_it_should():
    inputs = [torch.randn(3, 1, 4, 4), torch.randn(3, 5), torch.randn(3, 5)]
    for term, reached in (("misfit", [True, False, False]), ("kl", [False, True, True])):
        logits, mean, log_variance = (tensor.clone().requires_grad_() for tensor in inputs)
        terms = vae_loss(logits, torch.rand(3, 1, 4, 4), mean, log_variance)
        getattr(terms, term).backward()
        assert [tensor.grad is not None for tensor in (logits, mean, log_variance)] == reached


def test_beta_weighs_the_kl_only():
    logits, images, mean, log_variance = CALLS["bernoulli"][1]
    free = vae_loss(logits, images, mean, log_variance, beta=0.0)
    assert torch.equal(free.total, free.misfit)
    dear = vae_loss(logits, images, mean, log_variance, beta=8.0)
    torch.testing.assert_close(dear.total - free.total, 8 * dear.kl)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: reconstruction_loss(torch.rand(2, 1, 4, 4), torch.rand(2, 1, 4, 5)),
            ValueError,
            r"same shape, got \(2, 1, 4, 4\) and \(2, 1, 4, 5\)",
        ),
        (
            lambda: vq_loss(torch.rand(2, 1, 4, 4), torch.rand(1, 1, 4, 4), torch.tensor(0.0)),
            ValueError,
            "same shape",
        ),
        (
            lambda: vae_loss(*IMAGES, torch.zeros(2, 5), torch.zeros(2, 5)),
            ValueError,
            r"mean .* B = 3, got \(2, 5\)",
        ),
        (
            lambda: vae_loss(*IMAGES, torch.zeros(3, 5), torch.zeros(3, 4)),
            ValueError,
            r"log_variance .* B = 3, D = 5, got \(3, 4\)",
        ),
        (
            lambda: vae_loss(*IMAGES, torch.zeros(3, 5), torch.zeros(3, 5), 1.0, "laplace"),
            ValueError,
            "likelihood must be one of 'bernoulli', 'squared_error'; got 'laplace'",
        ),
        (
            lambda: gaussian_kl(torch.zeros(3), torch.zeros(3)),
            ValueError,
            r"mean must have shape \(B, D\), got \(3,\)",
        ),
        (
            lambda: classification_loss(torch.zeros(3, 4), torch.tensor([0, 1])),
            ValueError,
            r"logits .* B = 2, got \(3, 4\)",
        ),
        (
            lambda: classification_loss(torch.zeros(2, 4), torch.tensor([0, 4])),
            ValueError,
            r"labels must lie in 0\.\.3 \(4 classes\), got 4 among them",
        ),
        (
            lambda: classification_loss(torch.zeros(2, 4), torch.tensor([0.0, 1.0])),
            TypeError,
            r"labels must be int64, got torch\.float32",
        ),
        (
            lambda: codes_loss(torch.zeros(2, 5, 3, 3), torch.zeros(2, 3, 4, dtype=torch.int64)),
            ValueError,
            r"codes .* B = 2, H = 3, W = 3, got \(2, 3, 4\)",
        ),
        (
            lambda: codes_loss(torch.zeros(2, 5, 3), torch.zeros(2, 3, dtype=torch.int64)),
            ValueError,
            r"logits must have shape \(B, K, H, W\)",
        ),
        (
            lambda: codes_loss(torch.zeros(1, 5, 1, 1), torch.full((1, 1, 1), 5)),
            ValueError,
            r"codes must lie in 0\.\.4 \(5 codes\), got 5",
        ),
    ],
)
def test_refusals(call, error, message):
    with pytest.raises(error, match=message):
        call()
