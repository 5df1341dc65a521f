"""Quantizers: the nearest code, the way back for the gradient, and how each codebook learns."""

from dataclasses import fields, replace

import pytest
import torch

from vqtutor.models import GradientQuantizer, QuantizerConfig, VectorQuantizer, nearest_codes
from vqtutor.models.quantizer import draw_vectors

CONFIG = QuantizerConfig(num_codes=5, code_dim=3, decay=0.9, restart_below=0.0)
BOTH = pytest.mark.parametrize("kind", [VectorQuantizer, GradientQuantizer])
WAYS = pytest.mark.parametrize("backward", ["straight_through", "rotation"])


def make(kind=VectorQuantizer, **changes):
    return kind(replace(CONFIG, **changes))


def flat(features):
    """(B, D, H, W) to (N, D)."""
    return features.movedim(1, -1).flatten(0, 2)


# --- which code is chosen ------------------------------------------------------------------------


@pytest.mark.parametrize("num_vectors", [1, 511, 513, 3000])
@pytest.mark.parametrize("offset", [0.0, 3.0])
def test_nearest_code_is_the_nearest_in_float64(num_vectors, offset):
    vectors = torch.randn(num_vectors, 8) + offset
    codebook = torch.randn(37, 8) + offset
    distances = torch.cdist(
        vectors.double(), codebook.double(), compute_mode="donot_use_mm_for_euclid_dist"
    )
    found, closest = nearest_codes(vectors, codebook), distances.argmin(dim=1)
    chosen = distances.gather(1, found.unsqueeze(1)).squeeze(1).square()
    # |v||e| is at most about 150 here: sums of 8 such terms are rounded by far less than 1e-3.
    assert (chosen - distances.amin(dim=1).square()).max() < 1e-3
    assert (found != closest).sum() <= 1 + num_vectors // 1000  # near-ties, if at all


@BOTH
@WAYS
def test_vectors_are_rows_of_the_codebook_bit_for_bit(kind, backward):
    quantizer = make(kind, backward=backward)
    output = quantizer(10 * torch.randn(2, 3, 4, 5))
    rows = quantizer.codebook[output.codes]  # (B, H, W, D)
    assert torch.equal(output.vectors, rows.movedim(-1, 1))
    assert torch.equal(output.vectors, quantizer.lookup(output.codes))
    assert output.codes.shape == (2, 4, 5)
    assert output.codes.dtype == torch.int64


@BOTH
@WAYS
def test_autocast_changes_nothing(kind, backward):
    quantizer = make(kind, num_codes=64, backward=backward)
    with torch.no_grad():
        quantizer.codebook.copy_(1 + 0.01 * torch.randn(64, 3))  # bfloat16 could not tell apart
    features = 1 + 0.01 * torch.randn(2, 3, 8, 8)
    expected = quantizer(features)
    with torch.autocast("cpu", torch.bfloat16):
        output = quantizer(features)
        rounded = quantizer(features.bfloat16())
    for name, before, after in zip(expected._fields, expected, output, strict=True):
        assert torch.equal(before, after), name
    for name, value in rounded._asdict().items():
        assert value.dtype == (torch.int64 if name == "codes" else torch.float32), name
    rounded = [t.detach().bfloat16().float() for t in (flat(features), quantizer.codebook)]
    differ = nearest_codes(*rounded) != expected.codes.flatten()
    assert differ.float().mean() > 0.25  # in bfloat16 other codes would be the nearest


@BOTH
def test_forward_changes_no_state(kind):
    quantizer = make(kind)
    before = {name: value.clone() for name, value in quantizer.state_dict().items()}
    quantizer.train()(torch.randn(2, 3, 4, 4))
    assert before.keys() == quantizer.state_dict().keys()
    assert all(torch.equal(before[name], value) for name, value in quantizer.state_dict().items())


# --- the way back --------------------------------------------------------------------------------


@BOTH
def test_gradient_passes_straight_through(kind):
    features = torch.randn(2, 3, 4, 4, requires_grad=True)
    upstream = torch.randn(2, 3, 4, 4)
    quantizer = make(kind)
    quantizer(features).vectors.backward(upstream)
    assert torch.equal(features.grad, upstream)
    assert quantizer.codebook.grad is None  # the reconstruction does not move the codebook


@BOTH
def test_rotation_is_the_explicit_matrix(kind):
    quantizer = make(kind, code_dim=4, backward="rotation")
    features = torch.randn(2, 4, 3, 3, requires_grad=True)
    upstream = torch.randn(2, 4, 3, 3)
    output = quantizer(features)
    output.vectors.backward(upstream)
    assert quantizer.codebook.grad is None
    rows = zip(
        *(flat(t.detach().double()) for t in (features, output.vectors, upstream)), strict=True
    )
    for (vector, code, gradient), came in zip(rows, flat(features.grad).double(), strict=True):
        here, there = vector / vector.norm(), code / code.norm()
        # In the plane of both: a turn by the angle between them; across it nothing changes.
        side = there - (there @ here) * here
        side = side / side.norm()
        cosine, sine = there @ here, there @ side
        rotation = torch.eye(4, dtype=torch.float64)
        rotation += (cosine - 1) * (torch.outer(here, here) + torch.outer(side, side))
        rotation += sine * (torch.outer(side, here) - torch.outer(here, side))
        torch.testing.assert_close(rotation @ here, there)
        torch.testing.assert_close(torch.linalg.det(rotation), torch.ones((), dtype=torch.float64))
        expected = code.norm() / vector.norm() * rotation.T @ gradient
        torch.testing.assert_close(came, expected, atol=1e-5, rtol=1e-4)


def test_rotation_is_the_identity_where_nothing_is_to_be_turned():
    quantizer = make(backward="rotation")
    features = quantizer.codebook[torch.tensor([[[0, 1], [2, 3]]])].movedim(-1, 1)
    features.requires_grad_()
    upstream = torch.randn_like(features)
    quantizer(features).vectors.backward(upstream)
    torch.testing.assert_close(features.grad, upstream)


def test_rotation_of_opposite_and_of_zero_vectors_is_finite():
    quantizer = make(num_codes=1, backward="rotation")
    features = torch.stack([-quantizer.codebook[0], torch.zeros(3)]).T.view(1, 3, 2, 1)
    features.requires_grad_()
    quantizer(features).vectors.sum().backward()
    assert features.grad.isfinite().all()


@BOTH
def test_commitment_by_hand_reaches_the_features_only(kind):
    quantizer = make(kind)
    features = torch.randn(2, 3, 4, 4, requires_grad=True)
    output = quantizer(features)
    difference = features.detach() - quantizer.lookup(output.codes).detach()
    torch.testing.assert_close(output.commitment, difference.square().mean())
    output.commitment.backward()
    torch.testing.assert_close(features.grad, 2 * difference / difference.numel())
    assert quantizer.codebook.grad is None


def test_codebook_loss_reaches_the_codebook_only():
    quantizer = make(GradientQuantizer)
    features = torch.randn(2, 3, 4, 4, requires_grad=True)
    output = quantizer(features)
    assert torch.equal(output.codebook_loss, output.commitment)
    output.codebook_loss.backward()
    assert features.grad is None
    expected = torch.zeros(5, 3)
    for code in range(5):
        mine = flat(features.detach())[output.codes.flatten() == code]  # (n, D)
        expected[code] = 2 * (quantizer.codebook[code] - mine).sum(dim=0) / features.numel()
    torch.testing.assert_close(quantizer.codebook.grad, expected)


def test_moving_averages_need_no_loss():
    output = make()(torch.randn(2, 3, 4, 4, requires_grad=True))
    assert output.codebook_loss == 0
    assert not output.codebook_loss.requires_grad


@BOTH
def test_losses_do_not_depend_on_the_batch_size(kind):
    quantizer, features = make(kind), torch.randn(2, 3, 4, 4)
    once, twice = quantizer(features), quantizer(torch.cat((features, features)))
    torch.testing.assert_close(once.commitment, twice.commitment)
    torch.testing.assert_close(once.codebook_loss, twice.codebook_loss)


def test_a_full_batch_gradient_step_lands_on_the_means():
    quantizer = make(GradientQuantizer, num_codes=2)
    features = torch.cat((torch.randn(4, 3, 2, 2) + 9, torch.randn(4, 3, 2, 2) - 9))
    with torch.no_grad():
        quantizer.codebook.copy_(torch.tensor([[8.0, 8, 8], [-8, -8, -8]]))
    codes = quantizer(features).codes
    quantizer(features).codebook_loss.backward()
    counts = codes.flatten().bincount(minlength=2)
    # The gradient of code k is 2 n_k (e_k - mean_k) / (N D): this rate undoes the factor.
    with torch.no_grad():
        rate = features.numel() / (2 * counts).unsqueeze(1)
        quantizer.codebook -= rate * quantizer.codebook.grad
    means = torch.stack([flat(features)[codes.flatten() == code].mean(dim=0) for code in (0, 1)])
    torch.testing.assert_close(quantizer.codebook.detach(), means)


# --- moving averages -----------------------------------------------------------------------------


def test_update_equals_closed_form():
    quantizer, features = make(), torch.randn(2, 3, 4, 4)
    start = quantizer.codebook.clone()
    batches = [features, features + 0.1, features * 0.9]
    counts, sums = torch.ones(5), start.clone()
    for batch in batches:
        codes = quantizer(batch).codes
        quantizer.update_codebook(batch, codes)
        mine = [flat(batch)[codes.flatten() == code] for code in range(5)]  # (n, D) each
        counts = 0.9 * counts + 0.1 * torch.tensor([float(len(m)) for m in mine])
        sums = 0.9 * sums + 0.1 * torch.stack([m.sum(dim=0) for m in mine])
        torch.testing.assert_close(quantizer.counts, counts)
        torch.testing.assert_close(quantizer.sums, sums)
        torch.testing.assert_close(quantizer.codebook, sums / counts.unsqueeze(1))


def test_at_decay_0_an_update_is_one_step_of_k_means():
    quantizer, features = make(decay=0.0), torch.randn(4, 3, 6, 6)
    for _ in range(3):
        before = quantizer(features)
        quantizer.update_codebook(features, before.codes)
        for code in before.codes.unique():
            mean = flat(features)[before.codes.flatten() == code].mean(dim=0)
            torch.testing.assert_close(quantizer.codebook[code], mean)
        assert quantizer(features).commitment < before.commitment


def test_unused_codes_stay_where_they_are():
    quantizer, features = make(decay=0.0, num_codes=8), torch.randn(2, 3, 2, 2)
    before = quantizer.codebook.clone()
    codes = torch.randint(0, 3, (2, 2, 2))
    for _ in range(200):  # until float32 counts of the unused ones are zero
        quantizer.update_codebook(features, codes)
    unused = torch.arange(8) > codes.max()
    assert torch.equal(quantizer.codebook[unused], before[unused])
    assert not torch.equal(quantizer.codebook[~unused], before[~unused])
    assert quantizer.counts[unused].eq(0).all()
    # One of them that is needed again does not remember anything.
    quantizer.update_codebook(features, torch.full_like(codes, 7))
    torch.testing.assert_close(quantizer.codebook[7], flat(features).mean(dim=0))


def test_restarts_move_the_dead_codes_onto_features_and_nothing_else():
    quantizer = make(num_codes=6, restart_below=0.5)
    twin = make(num_codes=6, restart_below=0.0)
    quantizer.counts.copy_(torch.tensor([5.0, 0.1, 5.0, 0.5, 5.0, 0.6]))
    twin.load_state_dict(quantizer.state_dict())
    features, codes = torch.randn(2, 3, 8, 8), torch.zeros(2, 8, 8, dtype=torch.int64)
    generator = torch.Generator().manual_seed(1)
    quantizer.update_codebook(features, codes, generator)
    twin.update_codebook(features, codes)
    dead = twin.counts < 0.5
    assert dead.tolist() == [False, True, False, True, False, False]
    for name, value in quantizer.state_dict().items():
        assert torch.equal(value[~dead], twin.state_dict()[name][~dead]), name
    assert quantizer.counts[dead].eq(1).all()
    assert torch.equal(quantizer.sums[dead], quantizer.codebook[dead])
    distances = torch.cdist(quantizer.codebook[dead], flat(features))
    # Noise of 0.01 deviations in 3 entries: 5 times its size, against neighbors 0.3 apart.
    assert distances.amin(dim=1).max() < 5 * 0.01 * 3**0.5
    assert len(distances.argmin(dim=1).unique()) == 2


def test_restart_below_0_switches_restarts_off():
    quantizer = make(restart_below=0.0)
    quantizer.counts.zero_()
    before = quantizer.codebook.clone()
    quantizer.update_codebook(torch.randn(1, 3, 2, 2), torch.zeros(1, 2, 2, dtype=torch.int64))
    assert torch.equal(quantizer.codebook[1:], before[1:])


def test_restarts_follow_the_generator():
    features, codes = torch.randn(2, 3, 4, 4), torch.zeros(2, 4, 4, dtype=torch.int64)
    start = make(restart_below=0.5, decay=0.0)
    moved = []
    for seed in (1, 1, 2):
        quantizer = make(restart_below=0.5, decay=0.0)
        quantizer.load_state_dict(start.state_dict())
        quantizer.update_codebook(features, codes, torch.Generator().manual_seed(seed))
        moved.append(quantizer.codebook)
    assert torch.equal(moved[0], moved[1])
    assert not torch.equal(moved[0], moved[2])


@BOTH
@pytest.mark.parametrize("side", [1, 2, 8])
def test_start_codebook_takes_vectors_of_the_features(kind, side):
    """With 1 and 4 vectors for 5 codes, too: then some are taken twice, and kept apart."""
    quantizer, features = make(kind), 100 + torch.randn(1, 3, side, side)
    quantizer.start_codebook(features, torch.Generator().manual_seed(0))
    distances = torch.cdist(quantizer.codebook.detach(), flat(features))
    assert distances.amin(dim=1).max() < 0.1
    each = distances.argmin(dim=1).bincount(minlength=side**2)
    assert each.max() - each.min() <= 1  # as evenly as can be
    if side > 1:
        assert len(quantizer.codebook.unique(dim=0)) == 5
    if kind is VectorQuantizer:
        assert torch.equal(quantizer.sums, quantizer.codebook)
        assert quantizer.counts.eq(1).all()


def test_noise_of_drawn_vectors_is_one_percent_of_each_entrys_deviation():
    features = torch.zeros(1, 2, 1, 2000)
    features[0, 0, 0, ::2] = 200.0  # standard deviations 100 and 0
    drawn = draw_vectors(features, 2000, torch.Generator().manual_seed(0))
    noise = drawn[:, 0] - (drawn[:, 0] > 100) * 200.0
    assert abs(noise.std().item() - 1) < 5 / 4000**0.5  # five standard errors
    assert torch.equal(drawn[:, 1], torch.zeros(2000))


def test_a_good_start_and_restarts_use_every_code():
    """Codes that start far from the data are never the nearest, and so never move."""
    features = 50 + torch.randn(2, 3, 8, 8)
    usage = {}
    for restart_below in (0.0, 0.5):
        quantizer = make(num_codes=16, decay=0.5, restart_below=restart_below)
        for _ in range(20):
            quantizer.update_codebook(features, quantizer(features).codes)
        usage[restart_below] = len(quantizer(features).codes.unique())
    assert usage[0.0] <= 3
    assert usage[0.5] >= 14


# --- configs and refusals ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_codes", 6),
        ("code_dim", 4),
        ("decay", 0.5),
        ("restart_below", 0.95),
        ("backward", "rotation"),
    ],
)
def test_every_field_of_the_config_counts(name, value):
    def outcome(config):
        torch.manual_seed(0)
        quantizer = VectorQuantizer(config)
        features = torch.randn(2, config.code_dim, 4, 4).requires_grad_()
        output = quantizer(features)
        output.vectors.square().sum().backward()
        codes = torch.zeros_like(output.codes)
        quantizer.update_codebook(features.detach(), codes, torch.Generator().manual_seed(0))
        return quantizer.codebook, features.grad

    first, second = outcome(CONFIG), outcome(replace(CONFIG, **{name: value}))
    assert any(
        a.shape != b.shape or not torch.equal(a, b) for a, b in zip(first, second, strict=True)
    )


def test_every_field_is_among_the_changed_ones():
    tried = {case[0] for case in test_every_field_of_the_config_counts.pytestmark[0].args[1]}
    assert tried == {field.name for field in fields(QuantizerConfig)}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"num_codes": 0}, "num_codes must be at least 1, got 0"),
        ({"code_dim": 0}, "code_dim must be at least 1, got 0"),
        ({"decay": 1.0}, r"decay must lie in \[0, 1\), got 1.0; at 1 the codebook never moves"),
        ({"decay": -0.1}, r"decay must lie in \[0, 1\)"),
        ({"restart_below": 1.0}, r"restart_below must lie in \[0, 1\), got 1.0"),
        ({"restart_below": -1.0}, "0 switches restarts off"),
        (
            {"backward": "none"},
            "backward must be one of 'straight_through', 'rotation'; got 'none'",
        ),
    ],
)
def test_bad_configs(wrong, message):
    with pytest.raises(ValueError, match=message):
        replace(CONFIG, **wrong)


def test_bad_features():
    quantizer = make()
    codes = torch.zeros(2, 4, 4, dtype=torch.int64)
    calls = [quantizer, quantizer.start_codebook, lambda f: quantizer.update_codebook(f, codes)]
    for call in calls:
        with pytest.raises(ValueError, match=r"features .* with D = 3, got \(2, 7, 4, 4\)"):
            call(torch.zeros(2, 7, 4, 4))
        with pytest.raises(ValueError, match=r"\(B, D, H, W\) .* got \(2, 3\)"):
            call(torch.zeros(2, 3))
        with pytest.raises(TypeError, match=r"features must be floating point, got torch.int64"):
            call(torch.zeros(2, 3, 4, 4, dtype=torch.int64))


@BOTH
def test_bad_codes(kind):
    quantizer = make(kind)
    with pytest.raises(ValueError, match=r"codes must lie in 0\.\.4 \(5 codes\), got 5 among them"):
        quantizer.lookup(torch.full((1, 2, 2), 5))
    with pytest.raises(ValueError, match="got -1 among them"):
        quantizer.lookup(torch.full((1, 2, 2), -1))
    with pytest.raises(TypeError, match=r"codes must be int64, got torch.float32"):
        quantizer.lookup(torch.zeros(1, 2, 2))
    with pytest.raises(ValueError, match=r"codes must have shape \(B, H, W\), got \(4,\)"):
        quantizer.lookup(torch.zeros(4, dtype=torch.int64))


def test_bad_codes_in_an_update():
    quantizer, features = make(), torch.zeros(1, 3, 2, 2)
    before = quantizer.codebook.clone()
    with pytest.raises(ValueError, match=r"codes .* B = 1, H = 2, W = 2, got \(1, 2, 3\)"):
        quantizer.update_codebook(features, torch.zeros(1, 2, 3, dtype=torch.int64))
    with pytest.raises(ValueError, match="got 5 among them"):
        quantizer.update_codebook(features, torch.full((1, 2, 2), 5))
    assert torch.equal(quantizer.codebook, before)
