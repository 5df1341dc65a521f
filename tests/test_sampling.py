import dataclasses
import threading

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from vqtutor.models.pixelcnn import MaskedPixelCNN, PixelCNN, PixelCNNConfig
from vqtutor.models.vqvae import VQVAE2, Codes, VQVAE2Config
from vqtutor.sampling import CodeCache, draw, evaluating, generate, sample_codes

K, LABELS, TOP = 6, 3, 4
CONFIG = PixelCNNConfig(num_codes=K, channels=8, layers=3, dropout=0.5)
KNOWN = pytest.mark.parametrize(
    "known", [(), ("labels",), ("condition",), ("labels", "condition")], ids="+".join
)
SHAPES = pytest.mark.parametrize("shape", [(1, 4, 4), (3, 2, 6), (2, 6, 4)], ids=str)


def make_prior(prior_class=PixelCNN, **changes):
    torch.manual_seed(0)
    prior = prior_class(dataclasses.replace(CONFIG, **changes)).eval()
    # Fresh weights make all codes about equally likely, whatever came before. Larger ones do not.
    for parameter in prior.parameters():
        if parameter.ndim > 1:
            parameter.data *= 2
    return prior


def make_known(known, shape, **changes):
    """A prior that is given what `known` names, and these two inputs or None."""
    sizes = {"labels": ("num_labels", LABELS), "condition": ("condition_codes", TOP)}
    prior = make_prior(**dict(sizes[name] for name in known), **changes)
    batch, height, width = shape
    labels = torch.randint(LABELS, (batch,)) if "labels" in known else None
    condition = None
    if "condition" in known:
        condition = torch.randint(TOP, (batch, height // 2, width // 2))
    return prior, labels, condition


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@SHAPES
@KNOWN
@pytest.mark.parametrize("kernel_size", [3, 5])
@torch.no_grad()
def test_cached_logits_are_forwards(shape, known, kernel_size):
    prior, labels, condition = make_known(known, shape, kernel_size=kernel_size)
    codes = torch.randint(K, shape)
    expected = prior(codes, labels, condition)  # (B, K, H, W)
    cache, so_far = CodeCache(prior, shape, labels, condition), torch.zeros_like(codes)
    for row in range(shape[1]):
        cache.start_row(row, so_far)
        for column in range(shape[2]):
            logits = cache.logits(row, column, so_far)
            torch.testing.assert_close(logits, expected[:, :, row, column], rtol=1e-5, atol=1e-5)
            so_far[:, row, column] = codes[:, row, column]


@SHAPES
@KNOWN
@pytest.mark.parametrize("temperature", [1.0, 0.7, 0])
def test_cached_codes_are_the_naive_ones(shape, known, temperature):
    prior, labels, condition = make_known(known, shape)
    first, second = (
        sample_codes(prior, labels, shape, condition, temperature, seeded(), method=method)
        for method in ("cached", "naive")
    )
    assert torch.equal(first, second)
    assert len(first.unique()) > 1 or temperature == 0


def test_seed_decides():
    prior = make_prior()
    first, same, other = (
        sample_codes(prior, None, (8, 4, 4), generator=seeded(seed)) for seed in (0, 0, 1)
    )
    assert torch.equal(first, same)
    assert not torch.equal(first, other)
    torch.manual_seed(0)
    first = sample_codes(prior, None, (8, 4, 4))
    torch.manual_seed(0)
    assert torch.equal(first, sample_codes(prior, None, (8, 4, 4)))


def test_shape_with_and_without_batch():
    prior, labels, _ = make_known(("labels",), (3, 4, 4))
    short = sample_codes(prior, labels, (4, 4), generator=seeded())
    assert torch.equal(short, sample_codes(prior, labels, (3, 4, 4), generator=seeded()))
    assert short.shape == (3, 4, 4)
    assert short.dtype == torch.int64


def test_masked_prior_is_sampled_naively():
    prior = make_prior(MaskedPixelCNN)
    codes = sample_codes(prior, None, (2, 4, 4), temperature=0, method="naive")
    # The likeliest code everywhere, given those before it: a fixed point.
    assert torch.equal(prior(codes).argmax(dim=1), codes)
    with pytest.raises(TypeError, match=r"MaskedPixelCNN has no cache: .* method='naive'"):
        sample_codes(prior, None, (2, 4, 4))


def test_temperature_zero_takes_the_likeliest():
    prior = make_prior()
    codes = sample_codes(prior, None, (2, 4, 4), temperature=0)
    assert torch.equal(prior(codes).argmax(dim=1), codes)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_draws_follow_the_softmax(temperature):
    logits = torch.tensor([0.0, 1.0, 2.0, -1.0])
    n = 20_000
    drawn = draw(logits.expand(n, 4), temperature, seeded())
    wanted = torch.softmax(logits / temperature, dim=0)
    found = torch.bincount(drawn, minlength=4) / n
    # Five standard deviations of a share.
    assert ((found - wanted).abs() < 5 * (wanted * (1 - wanted) / n).sqrt()).all()


def test_grids_follow_the_prior():
    """All 9 grids of two codes: the share drawn is the product of the two conditionals."""
    prior, n = make_prior(num_codes=3), 20_000
    drawn = sample_codes(prior, None, (n, 1, 2), generator=seeded())
    grids = torch.cartesian_prod(torch.arange(3), torch.arange(3)).view(9, 1, 2)
    with torch.no_grad():
        chances = prior(grids).log_softmax(dim=1)  # (9, K, 1, 2)
    wanted = chances.gather(1, grids[:, None]).sum(dim=(1, 2, 3)).exp()  # (9,)
    torch.testing.assert_close(wanted.sum(), torch.tensor(1.0))
    found = torch.bincount((drawn * torch.tensor([3, 1])).sum(dim=(1, 2)), minlength=9) / n
    assert ((found - wanted).abs() < 5 * (wanted * (1 - wanted) / n).sqrt() + 1e-9).all()


def test_trained_prior_draws_by_the_rule():
    """A code is the one above plus the one to the left: neither alone tells anything."""
    codes = torch.randint(K, (128, 4, 4))
    for row in range(1, 4):
        for column in range(1, 4):
            codes[:, row, column] = (codes[:, row - 1, column] + codes[:, row, column - 1]) % K
    prior = PixelCNN(PixelCNNConfig(num_codes=K, channels=16, layers=1))
    optimizer = torch.optim.Adam(prior.parameters(), lr=2e-2)
    for _ in range(80):
        loss = F.cross_entropy(prior(codes)[:, :, 1:, 1:], codes[:, 1:, 1:])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    drawn = sample_codes(prior, None, (200, 4, 4), generator=seeded())
    expected = (drawn[:, :-1, 1:] + drawn[:, 1:, :-1]) % K
    assert (drawn[:, 1:, 1:] == expected).float().mean() > 0.95  # by chance 1 / K


@pytest.mark.parametrize("method", ["cached", "naive"])
def test_no_dropout_and_modes_are_restored(method):
    prior = make_prior()
    expected = sample_codes(prior, None, (2, 4, 4), generator=seeded())
    prior.train()
    prior.layers[0].eval()  # one part is frozen
    before = [module.training for module in prior.modules()]
    codes = sample_codes(prior, None, (2, 4, 4), generator=seeded(), method=method)
    assert [module.training for module in prior.modules()] == before
    assert torch.equal(codes, expected)


def test_modes_are_restored_after_an_error():
    layer = nn.Dropout()
    with pytest.raises(KeyError, match=r"False"), evaluating(layer):
        raise KeyError(layer.training)
    assert layer.training


def test_codes_may_be_trained_on():
    prior = make_prior()
    codes = sample_codes(prior, None, (2, 4, 4))
    prior(codes).sum().backward()  # an inference tensor would refuse


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"method": "fast"}, ValueError, "method must be one of 'cached', 'naive'; got 'fast'"),
        ({"temperature": -1.0}, ValueError, "temperature must be 0 or more, .*got -1.0"),
        ({"temperature": float("nan")}, ValueError, "temperature must be .*got nan"),
        ({"labels": None}, ValueError, "labels must be given"),
        ({"labels": torch.tensor([0, 3])}, ValueError, "labels must lie in 0..2 .*got 3"),
        ({"labels": torch.tensor([0.0, 1.0])}, TypeError, "labels must be int64"),
        ({"condition": None}, ValueError, "condition must be given"),
        ({"condition": torch.full((2, 2, 2), TOP)}, ValueError, "condition must lie in 0..3"),
        ({"shape": (3, 4, 4)}, ValueError, r"agree on B; got \(3, 4, 4\), B = \[2, 3\]"),
        ({"shape": (4,)}, ValueError, r"shape must be \(H, W\), or .*got \(4,\)"),
        ({"shape": (5, 4)}, ValueError, r"sides divide \(5, 4\)"),
        ({"shape": (0, 4)}, ValueError, "height must be at least 1, got 0"),
    ],
)
@pytest.mark.parametrize("method", ["cached", "naive"])
def test_bad_arguments_are_named(changes, error, message, method):
    prior, labels, condition = make_known(("labels", "condition"), (2, 4, 4))
    arguments = {"labels": labels, "shape": (4, 4), "condition": condition, "method": method}
    with pytest.raises(error, match=message):
        sample_codes(prior, **(arguments | changes))


def test_number_of_draws_must_come_from_somewhere():
    with pytest.raises(ValueError, match=r"or \(B, H, W\) if neither .* got \(4, 4\), B = \[\]"):
        sample_codes(make_prior(), None, (4, 4))
    with pytest.raises(ValueError, match=r"labels must be None: this prior has num_labels = 0"):
        sample_codes(make_prior(), torch.tensor([0]), (4, 4))


def make_models(top_labels=LABELS, bottom_labels=LABELS):
    """A VQ-VAE-2 with 2x2 and 4x4 grids, and the two priors."""
    vqvae = VQVAE2(
        VQVAE2Config(
            image_shape=(1, 16, 16),
            channels=8,
            residual_channels=4,
            residual_blocks=1,
            code_dim=4,
            num_codes_top=TOP,
            num_codes_bottom=K,
        )
    ).eval()
    top_prior = make_prior(num_codes=TOP, num_labels=top_labels)
    bottom_prior = make_prior(num_labels=bottom_labels, condition_codes=TOP)
    return vqvae, top_prior, bottom_prior


def test_generate_is_its_three_steps():
    vqvae, top_prior, bottom_prior = make_models()
    labels, generator = torch.tensor([0, 1, 2, 1]), seeded()
    top = sample_codes(top_prior, labels, (2, 2), None, 0.8, generator)
    bottom = sample_codes(bottom_prior, labels, (4, 4), top, 0.8, generator)
    with torch.no_grad():
        expected = vqvae.decode(Codes(top, bottom))
    images = generate(vqvae, top_prior, bottom_prior, labels, 0.8, seeded())
    assert torch.equal(images, expected)
    assert images.shape == (4, 1, 16, 16)
    assert not images.requires_grad


@pytest.mark.parametrize(("top_labels", "bottom_labels"), [(LABELS, 0), (0, LABELS)])
def test_generate_with_labels_in_one_prior(top_labels, bottom_labels):
    models = make_models(top_labels, bottom_labels)
    images = [
        generate(*models, torch.full((6,), label), generator=seeded()) for label in range(LABELS)
    ]
    assert not torch.equal(images[0], images[1])


def test_generate_without_labels():
    models = make_models(0, 0)
    assert generate(*models, num_images=5).shape == (5, 1, 16, 16)


def test_generate_decodes_in_evaluation_mode(monkeypatch):
    vqvae, top_prior, bottom_prior = make_models(0, 0)
    seen = []

    def decode(codes):
        seen.append(vqvae.training)
        return codes.bottom

    monkeypatch.setattr(vqvae, "decode", decode)
    generate(vqvae.train(), top_prior, bottom_prior, num_images=1)
    assert seen == [False]
    assert vqvae.training


def test_generate_in_batches():
    """The first batch draws from the generator itself, the others from generators it has seeded."""
    models, labels, generator = make_models(), torch.tensor([0, 1, 2, 1, 0]), seeded()
    seeds = [int(torch.randint(2**63 - 1, (), generator=generator)) for _ in range(2)]
    noises = [generator, *(torch.Generator().manual_seed(seed) for seed in seeds)]
    expected = torch.cat(
        [
            generate(*models, some, 1.0, noise)
            for some, noise in zip(labels.split(2), noises, strict=True)
        ]
    )
    images = generate(*models, labels, 1.0, seeded(), batch_size=2)
    assert torch.equal(images, expected)
    assert not images.requires_grad


def test_generate_in_several_threads_draws_the_same(monkeypatch):
    """And neither the networks' modes nor torch's threads are left changed."""
    models, labels, used = make_models(), torch.arange(40) % 3, set()
    for model in models:
        model.train()
    alone = generate(*models, labels, 1.0, seeded(), batch_size=4)
    decode = models[0].decode

    def watched(codes):
        used.add(threading.get_ident())
        assert not any(model.training for model in models)
        return decode(codes)

    monkeypatch.setattr(models[0], "decode", watched)
    threads = torch.get_num_threads()
    images = generate(*models, labels, 1.0, seeded(), batch_size=4, workers=3)
    assert torch.equal(images, alone)
    assert not images.requires_grad
    assert len(used) > 1
    assert all(model.training for model in models)
    assert torch.get_num_threads() == threads
    with pytest.raises(ValueError, match="workers must be at least 1, got 0"):
        generate(*models, labels, workers=0)


def test_generate_wants_labels_or_a_number():
    vqvae, top_prior, bottom_prior = make_models()
    with pytest.raises(ValueError, match=r"num_labels = 3 \(top\) and 3 \(bottom\): give labels"):
        generate(vqvae, top_prior, bottom_prior, num_images=3)
    with pytest.raises(ValueError, match=r"give labels, one per image, and no num_images"):
        generate(vqvae, top_prior, bottom_prior, torch.tensor([0]), num_images=1)
    with pytest.raises(ValueError, match=r"labels must lie in 0..2"):
        generate(vqvae, top_prior, bottom_prior, torch.tensor([7]))
    models = make_models(0, 0)
    with pytest.raises(ValueError, match=r"give num_images only"):
        generate(*models, torch.tensor([0]))
    with pytest.raises(ValueError, match=r"give num_images only"):
        generate(*models)
    with pytest.raises(ValueError, match=r"num_images must be at least 1, got 0"):
        generate(*models, num_images=0)
    with pytest.raises(ValueError, match=r"batch_size must be at least 1, got 0"):
        generate(*models, num_images=1, batch_size=0)


def test_generate_wants_priors_of_this_vqvae():
    vqvae, top_prior, bottom_prior = make_models()
    labels = torch.tensor([0])
    with pytest.raises(ValueError, match=r"top_prior's num_codes must be 4 .* got 6"):
        generate(vqvae, bottom_prior, top_prior, labels)
    wrong = make_prior(num_codes=TOP, num_labels=LABELS, condition_codes=TOP)
    with pytest.raises(ValueError, match=r"top_prior's condition_codes must be 0 .* got 4"):
        generate(vqvae, wrong, bottom_prior, labels)
    with pytest.raises(ValueError, match=r"bottom_prior's num_codes must be 6 .* got 4"):
        generate(vqvae, top_prior, top_prior, labels)
    with pytest.raises(ValueError, match=r"bottom_prior's condition_codes must be 4 .* got 0"):
        generate(vqvae, top_prior, make_prior(num_labels=LABELS), labels)
