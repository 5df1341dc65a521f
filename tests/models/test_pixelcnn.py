import dataclasses

import pytest
import torch
import torch.nn.functional as F

from tests.models.causality import assert_causal
from vqtutor.experiments.causality import find_reached
from vqtutor.models.pixelcnn import (
    MaskedConv2d,
    MaskedPixelCNN,
    PixelCNN,
    PixelCNNConfig,
    gate,
)

K, LABELS, TOP = 5, 3, 4
CONFIG = PixelCNNConfig(
    num_codes=K, channels=8, layers=3, num_labels=LABELS, condition_codes=TOP, dropout=0.2
)
BOTH = pytest.mark.parametrize("prior_class", [PixelCNN, MaskedPixelCNN])


def make_prior(prior_class=PixelCNN, **changes):
    torch.manual_seed(0)
    return prior_class(dataclasses.replace(CONFIG, **changes)).eval()


def make_inputs(batch=2, height=4, width=6):
    """Codes (B, H, W), labels (B,) and a condition (B, H / 2, W / 2)."""
    return (
        torch.randint(K, (batch, height, width)),
        torch.randint(LABELS, (batch,)),
        torch.randint(TOP, (batch, height // 2, width // 2)),
    )


@BOTH
@pytest.mark.parametrize("training", [False, True])
@torch.no_grad()
def test_causal(prior_class, training):
    prior = make_prior(prior_class).train(training)
    codes, labels, condition = make_inputs()

    def logits_of(codes):
        torch.manual_seed(0)  # drops the same units each time
        return prior(codes, labels, condition)

    assert_causal(logits_of, codes, K)


@BOTH
@pytest.mark.parametrize(("kernel_size", "layers"), [(3, 1), (5, 1), (5, 2)])
@torch.no_grad()
def test_causal_with_any_kernel_and_depth(prior_class, kernel_size, layers):
    changes = {"num_labels": 0, "condition_codes": 0}
    prior = make_prior(prior_class, kernel_size=kernel_size, layers=layers, **changes)
    assert_causal(prior, make_inputs()[0], K)


@BOTH
@torch.no_grad()
def test_images_of_a_batch_do_not_mix(prior_class):
    """In training too: no statistics of a batch, through which a later code could leak."""
    prior, inputs = make_prior(prior_class, dropout=0.0).train(), make_inputs(batch=4)
    alone = torch.cat([prior(*(tensor[i : i + 1] for tensor in inputs)) for i in range(4)])
    torch.testing.assert_close(prior(*inputs), alone)


@pytest.mark.parametrize(("kernel_size", "layers"), [(3, 1), (3, 2), (5, 1)])
def test_reach_is_the_derived_one(kernel_size, layers):
    prior = make_prior(kernel_size=kernel_size, layers=layers, num_labels=0, condition_codes=0)
    codes, reach = torch.randint(K, (1, 7, 9)), kernel_size // 2 * layers
    rows, columns = torch.arange(7)[:, None] - 5, torch.arange(9) - 4  # from (5, 4)
    above = (rows < 0) & (rows >= -1 - reach) & (columns.abs() <= reach)
    left = (rows == 0) & (columns < 0) & (columns >= -1 - reach)
    assert torch.equal(find_reached(prior, codes, 5, 4), above | left)


@pytest.mark.parametrize("position", [(0, 3), (3, 0), (4, 2), (4, 5), (5, 5)])
def test_no_blind_spot(position):
    prior = make_prior(layers=6, num_labels=0, condition_codes=0)
    earlier = torch.arange(36).view(6, 6) < position[0] * 6 + position[1]
    assert torch.equal(find_reached(prior, torch.randint(K, (1, 6, 6)), *position), earlier)


@pytest.mark.parametrize("kernel_size", [3, 5])
def test_masked_stack_is_blind_above_to_the_right(kernel_size):
    changes = {"num_labels": 0, "condition_codes": 0}
    prior = make_prior(MaskedPixelCNN, layers=8, kernel_size=kernel_size, **changes)
    rows, columns = torch.arange(8)[:, None] - 5, torch.arange(8) - 2  # from (5, 2)
    earlier = (rows < 0) | ((rows == 0) & (columns < 0))
    blind = columns > -rows * (kernel_size // 2)
    assert (earlier & blind).any()
    reached = find_reached(prior, torch.randint(K, (1, 8, 8)), 5, 2)
    assert torch.equal(reached, earlier & ~blind)


@pytest.mark.parametrize("middle", [0, 1])
def test_mask_is_the_earlier_half(middle):
    mask = MaskedConv2d(2, 4, 3, middle=bool(middle)).mask
    assert mask.tolist() == [[1, 1, 1], [1, middle, 0], [0, 0, 0]]


@BOTH
@torch.no_grad()
def test_label_and_condition_influence_every_position(prior_class):
    prior, (codes, labels, condition) = make_prior(prior_class), make_inputs()
    logits = prior(codes, labels, condition)
    for other in (
        prior(codes, (labels + 1) % LABELS, condition),
        prior(codes, labels, (condition + 1) % TOP),
    ):
        assert ((other - logits).abs().amax(dim=1) > 1e-6).all()


@torch.no_grad()
def test_condition_lies_where_its_codes_lie():
    """Without the mixing convolutions, a code of the condition reaches its own 2x2 block first."""
    prior, (codes, labels, condition) = make_prior(), make_inputs()
    for convolution in prior.context.mixing:
        torch.nn.init.zeros_(convolution.weight)
    changed = condition.clone()
    changed[:, 1, 2] = (changed[:, 1, 2] + 1) % TOP
    shape = tuple(codes.shape)
    moved = prior.context(shape, labels, changed) - prior.context(shape, labels, condition)
    moved = moved.abs().amax(dim=(0, 1)) > 0  # (H, W)
    expected = torch.zeros(4, 6, dtype=torch.bool)
    expected[2:4, 4:6] = True
    assert torch.equal(moved, expected)


def test_gate_is_the_papers():
    features = torch.randn(2, 6, 3, 4)
    expected = torch.tanh(features[:, :3]) * torch.sigmoid(features[:, 3:])
    torch.testing.assert_close(gate(features), expected)


@torch.no_grad()
def test_layer_equals_a_loop_over_taps():
    """The two stacks of one layer, written out with the shifts that each weight stands for."""
    layer = make_prior(kernel_size=3).layers[0]
    above, left = torch.randn(2, 8, 4, 5), torch.randn(2, 8, 4, 5)

    def shift(features, down, right):  # zeros come in; a negative `right` is to the left
        return F.pad(features, (right, -right, down, -down))

    seen = layer.vertical.bias[:, None, None]
    for i in range(2):
        for j in range(3):
            tap = layer.vertical.weight[:, :, i, j]
            seen = seen + torch.einsum("oc,bchw->bohw", tap, shift(above, 1 - i, 1 - j))
    new_above = above + layer.vertical_out(gate(seen))
    seen = layer.link(new_above)
    for j in range(2):
        tap = layer.horizontal.weight[:, :, 0, j]
        seen = seen + torch.einsum("oc,bchw->bohw", tap, shift(left, 0, 1 - j))
    new_left = left + layer.horizontal_out(gate(seen))
    torch.testing.assert_close(layer(above, left), (new_above, new_left))


@BOTH
def test_gradients_reach_every_parameter(prior_class):
    prior = make_prior(prior_class)
    codes, labels, condition = make_inputs(batch=16)
    F.cross_entropy(prior(codes, labels, condition), codes).backward()
    for name, parameter in prior.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@BOTH
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("num_codes", 7),
        ("channels", 10),
        ("layers", 4),
        ("num_labels", 4),
        ("condition_codes", 6),
        ("kernel_size", 5),
    ],
)
def test_each_size_changes_the_weights(prior_class, field, value):
    shapes = [
        {name: weight.shape for name, weight in prior.state_dict().items()}
        for prior in (make_prior(prior_class), make_prior(prior_class, **{field: value}))
    ]
    assert shapes[0] != shapes[1]


@BOTH
def test_dropout_acts_in_training_only(prior_class):
    prior, inputs = make_prior(prior_class), make_inputs()
    assert torch.equal(prior(*inputs), prior(*inputs))
    prior.train()
    assert not torch.equal(prior(*inputs), prior(*inputs))
    without = make_prior(prior_class, dropout=0.0).train()
    assert torch.equal(without(*inputs), without(*inputs))


@torch.no_grad()
def test_dropout_of_both_streams():
    layer = make_prior(dropout=0.25).layers[0].train()
    above, left = torch.randn(2, 8, 20, 20), torch.randn(2, 8, 20, 20)
    for before, after in zip((above, left), layer(above, left), strict=True):
        share = (after == before).float().mean()
        assert (share - 0.25).abs() < 5 * (0.25 * 0.75 / before.numel()) ** 0.5


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_codes": 0}, "num_codes must be at least 1, got 0"),
        ({"channels": 0}, "channels must be at least 1, got 0"),
        ({"layers": 0}, "layers must be at least 1, got 0"),
        ({"num_labels": -1}, "num_labels must be 0 .none. or more, got -1"),
        ({"condition_codes": -2}, "condition_codes must be 0 .none. or more, got -2"),
        ({"kernel_size": 4}, "kernel_size must be odd and at least 3, got 4"),
        ({"kernel_size": 1}, "kernel_size must be odd and at least 3, got 1"),
        ({"dropout": 1.0}, r"dropout must lie in \[0, 1\), got 1.0"),
    ],
)
def test_config_checks_itself(changes, message):
    with pytest.raises(ValueError, match=message):
        PixelCNNConfig(**changes)


@BOTH
@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"codes": torch.zeros(2, 4, dtype=torch.int64)}, ValueError, r"codes .*\(B, H, W\), got"),
        ({"codes": torch.zeros(2, 4, 6)}, TypeError, "codes must be int64, got torch.float32"),
        ({"codes": torch.full((2, 4, 6), K)}, ValueError, r"codes must lie in 0..4 .*got 5"),
        ({"labels": None}, ValueError, "labels must be given: .* num_labels = 3"),
        ({"labels": torch.tensor([0, 3])}, ValueError, "labels must lie in 0..2 .*got 3"),
        ({"labels": torch.tensor([0.0, 1.0])}, TypeError, "labels must be int64"),
        ({"labels": torch.tensor([0])}, ValueError, r"labels .* B = 2, got \(1,\)"),
        ({"condition": None}, ValueError, "condition must be given: .* condition_codes = 4"),
        ({"condition": torch.full((2, 2, 3), TOP)}, ValueError, "condition must lie in 0..3"),
        ({"condition": torch.zeros(2, 2, 3)}, TypeError, "condition must be int64"),
        (
            {"condition": torch.zeros(2, 3, 3, dtype=torch.int64)},
            ValueError,
            r"condition must hold 2 grids whose sides divide \(4, 6\), got \(2, 3, 3\)",
        ),
        ({"condition": torch.zeros(1, 2, 3, dtype=torch.int64)}, ValueError, "hold 2 grids"),
        (
            {"condition": torch.zeros(2, 6, dtype=torch.int64)},
            ValueError,
            r"condition .*\(B, H, W\)",
        ),
    ],
)
def test_bad_inputs_are_named(prior_class, changes, error, message):
    codes, labels, condition = make_inputs()
    inputs = {"codes": codes, "labels": labels, "condition": condition} | changes
    with pytest.raises(error, match=message):
        make_prior(prior_class)(**inputs)


@BOTH
def test_superfluous_inputs_are_named(prior_class):
    codes, labels, condition = make_inputs()
    with pytest.raises(ValueError, match="labels must be None: this prior has num_labels = 0"):
        make_prior(prior_class, num_labels=0)(codes, labels, condition)
    with pytest.raises(ValueError, match=r"condition must be None: .* condition_codes = 0"):
        make_prior(prior_class, condition_codes=0)(codes, labels, condition)
