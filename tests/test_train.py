"""The training loop: what it minimizes, which weights it keeps, and what it says on the way."""

import io
import math
import shutil
import sys
import warnings
from contextlib import nullcontext
from dataclasses import fields, replace
from itertools import pairwise
from typing import NamedTuple

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode

from vqtutor import train as training
from vqtutor.data import Minibatches
from vqtutor.losses import codes_loss, reconstruction_loss, vq_loss
from vqtutor.models import (
    VQVAE2,
    Autoencoder,
    AutoencoderConfig,
    PixelCNN,
    PixelCNNConfig,
    VQVAE2Config,
)
from vqtutor.train import (
    FitConfig,
    Progress,
    ProgressBar,
    Runtime,
    best_device,
    best_precision,
    evaluate,
    fit,
)

CPU = Runtime("cpu")
STEADY = FitConfig(epochs=4, learning_rate=0.1, rate="constant")


class Terms(NamedTuple):
    total: Tensor
    other: Tensor


class Number(nn.Module):
    """One weight, which the objectives below pull somewhere."""

    def __init__(self, value=0.0):
        super().__init__()
        self.value = nn.Parameter(torch.tensor(value))

    def forward(self, batch):
        return self.value.expand(len(batch))


def towards(model, batch):
    """Squared distance from the batch, (B,)."""
    distance = (model(batch[0]) - batch[0]).square().mean()
    return Terms(distance, 2 * distance), model.value.item()


def falling(model, batch):
    """A gradient of 1, whatever the weight is."""
    return Terms(model(batch[0]).mean(), batch[0].mean()), None


def batches(*values, size=1, shuffle=False):
    return Minibatches(torch.tensor(values), batch_size=size, shuffle=shuffle)


# --- what it minimizes ---------------------------------------------------------------------------


def test_least_squares_ends_at_the_closed_form():
    inputs, targets = torch.randn(32, 3), torch.randn(32, 1)
    model = nn.Linear(3, 1, bias=False)

    def objective(model, batch):
        error = (model(batch[0]) - batch[1]).square().mean()
        return Terms(error, error), None

    data = Minibatches(inputs, targets, batch_size=32)
    config = FitConfig(epochs=300, learning_rate=0.1, rate="cosine")
    history = fit(model, objective, data, config=config, runtime=CPU)
    best = torch.linalg.lstsq(inputs, targets).solution
    torch.testing.assert_close(model.weight.detach(), best.T, atol=1e-3, rtol=1e-3)
    smallest = (inputs @ best - targets).square().mean().item()
    assert smallest <= history.train[-1]["total"] < 1.0001 * smallest < history.train[0]["total"]


def test_the_best_epoch_is_kept_not_the_last_one():
    """The training pulls to 10 in steps of 0.1; the validation would have it stay at 0.22."""
    model = Number()
    history = fit(model, towards, batches(10.0), batches(0.22), config=STEADY, runtime=CPU)
    assert history.best_epoch == 1
    assert model.value.item() == pytest.approx(0.2, abs=1e-3)
    totals = [entry["total"] for entry in history.validation]
    assert totals == pytest.approx([0.12**2, 0.02**2, 0.08**2, 0.18**2], abs=1e-3)
    assert evaluate(model, towards, batches(0.22), runtime=CPU)["total"] == min(totals)
    assert not model.training


def test_what_is_watched_changes_nothing():
    """Watched are numbers that the last epoch is closest to; the validation prefers the second."""
    model, data = Number(), (batches(10.0), batches(0.22))
    history = fit(model, towards, *data, config=STEADY, runtime=CPU, watched=batches(5.0))
    alone = Number()
    expected = fit(alone, towards, *data, config=STEADY, runtime=CPU)
    assert (history.train, history.validation) == (expected.train, expected.validation)
    assert model.value.item() == alone.value.item()
    assert history.best_epoch == expected.best_epoch == 1
    totals = [entry["total"] for entry in history.watched]
    assert totals == pytest.approx([4.9**2, 4.8**2, 4.7**2, 4.6**2], abs=1e-2)
    assert expected.watched == []


def test_of_equal_epochs_the_first_is_kept():
    def nothing(model, batch):
        return Terms(0 * model.value, batch[0].mean()), None

    history = fit(Number(), nothing, batches(1.0), batches(1.0), config=STEADY, runtime=CPU)
    assert history.best_epoch == 0


def test_without_validation_the_last_weights_stay():
    model = Number()
    history = fit(model, towards, batches(10.0), config=STEADY, runtime=CPU)
    assert model.value.item() == pytest.approx(0.4, abs=1e-2)
    assert (history.best_epoch, history.validation, len(history.train)) == (None, [], 4)
    assert history.seconds > 0


def test_a_validation_that_is_not_a_number_is_never_the_best():
    def objective(model, batch):
        terms, output = towards(model, batch)
        return terms._replace(total=terms.total * batch[1].mean()), output

    train = Minibatches(torch.full((1,), 10.0), torch.ones(1), batch_size=1)
    later = iter([torch.nan, 3.0, 2.0, 5.0])

    class Validation:
        def __len__(self):
            return 1

        def __iter__(self):
            return iter([(torch.zeros(1), torch.full((1,), next(later)))])

    history = fit(Number(), objective, train, Validation(), config=STEADY, runtime=CPU)
    assert math.isnan(history.validation[0]["total"])
    assert history.best_epoch == 1


@pytest.mark.parametrize(
    ("steps", "done", "epochs"), [(None, 6, 2), (1, 1, 1), (3, 3, 1), (4, 4, 2), (99, 6, 2)]
)
def test_epochs_or_steps_whichever_ends_first(steps, done, epochs):
    outputs = []
    history = fit(
        Number(),
        towards,
        batches(1.0, 2.0, 3.0),
        batches(1.0),
        config=FitConfig(epochs=2, steps=steps, learning_rate=1e-3),
        runtime=CPU,
        after_step=outputs.append,
    )
    assert len(outputs) == done
    assert len(history.train) == len(history.validation) == epochs


@pytest.mark.parametrize("rate", ["constant", "cosine", "one_cycle"])
def test_each_step_uses_the_rate_of_the_schedule(rate):
    """Under a gradient of 1, Adam moves by the learning rate itself."""
    model, config = Number(), FitConfig(epochs=5, learning_rate=0.01, rate=rate)
    values = [0.0]

    def note(_):
        values.append(model.value.item())

    fit(model, falling, batches(1.0, 2.0, 3.0, 4.0), config=config, runtime=CPU, after_step=note)
    moves = [before - after for before, after in pairwise(values)]
    assert moves == pytest.approx([0.01 * config.rate_at(i, 20) for i in range(20)], abs=1e-6)


def test_schedules():
    def rates(rate, steps=400):
        return [FitConfig(rate=rate).rate_at(step, steps) for step in range(steps + 1)]

    def rises(values):
        return all(before < after for before, after in pairwise(values))

    assert set(rates("constant")) == {1.0}
    cosine, cycle = rates("cosine"), rates("one_cycle")
    assert (cosine[0], cosine[200]) == pytest.approx((1, 0.5005))
    assert cosine[400] == pytest.approx(0.001)
    assert rises(cosine[::-1])
    assert (cycle[0], cycle[100], cycle[400]) == pytest.approx((0.04, 1, 0.001))
    assert rises(cycle[:101])
    assert rises(cycle[:99:-1])
    assert max(map(abs, torch.tensor(cycle).diff().tolist())) < 0.02  # no jump
    for rate in ("constant", "cosine", "one_cycle"):
        assert FitConfig(rate=rate).rate_at(0, 1) > 0


# --- history and evaluation ----------------------------------------------------------------------


def test_means_are_over_images_not_over_batches():
    """Batches of 2, 2 and 1, at a rate too small to move the weight."""
    data = batches(1.0, 5.0, 2.0, 4.0, 9.0, size=2)
    slow = FitConfig(epochs=1, learning_rate=1e-12, rate="constant")
    history = fit(Number(), towards, data, data, config=slow, runtime=CPU)
    mean_square = (1 + 25 + 4 + 16 + 81) / 5
    expected = pytest.approx({"total": mean_square, "other": 2 * mean_square})
    assert history.train == [expected]
    assert history.validation == [expected]
    assert evaluate(Number(), towards, batches(1.0, 5.0, 2.0, 4.0, 9.0, size=5)) == expected


@pytest.mark.parametrize("training_mode", [True, False])
def test_evaluate_leaves_the_model_as_it_was(training_mode):
    model = nn.Sequential(nn.BatchNorm1d(1), nn.Dropout(0.5)).train(training_mode)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    seen = []

    def objective(model, batch):
        seen.append((model.training, torch.is_grad_enabled()))
        total = model(batch[0]).sum()
        return Terms(total, total), None

    data = Minibatches(torch.randn(4, 1), batch_size=2)
    evaluate(model, objective, data, runtime=CPU)
    assert seen == [(False, False)] * 2
    assert model.training is training_mode
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())

    def broken(*_):
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        evaluate(model, broken, data, runtime=CPU)
    assert model.training is training_mode


def test_training_is_in_train_mode_also_after_a_validation():
    model, modes = Number().eval(), []

    def objective(model, batch):
        modes.append((model.training, torch.is_grad_enabled()))
        return towards(model, batch)

    config = replace(STEADY, epochs=3)
    fit(model, objective, batches(1.0), batches(1.0), config=config, runtime=CPU)
    assert modes == [(True, True), (False, False)] * 3


def test_after_step_gets_each_steps_output_in_order():
    """`towards` returns the weight before the step; after it, the weight has moved."""
    model, seen = Number(), []
    fit(
        model,
        towards,
        batches(10.0),
        config=STEADY,
        runtime=CPU,
        after_step=lambda output: seen.append((output, model.value.item())),
    )
    assert [before for before, _ in seen] == pytest.approx([0.0, 0.1, 0.2, 0.3], abs=1e-2)
    assert all(before < after for before, after in seen)


def test_reports():
    told = []
    config = replace(STEADY, epochs=2)
    validation = batches(0.0)
    history = fit(
        Number(),
        towards,
        batches(1.0, 2.0),
        validation,
        config=config,
        runtime=CPU,
        report=told.append,
    )
    first, last = history.validation
    assert [(p.step, p.epoch, p.terms, p.finished) for p in told] == [
        (1, 0, None, False),
        (2, 0, None, False),
        (2, 1, first, False),
        (3, 1, None, False),
        (4, 1, None, False),
        (4, 2, last, False),
        (4, 2, None, True),
    ]
    assert {p.steps for p in told} == {4}
    told.clear()
    history = fit(Number(), towards, batches(1.0), config=config, runtime=CPU, report=told.append)
    assert [p.terms for p in told if p.terms] == history.train


# --- what goes wrong -----------------------------------------------------------------------------


def test_a_loss_that_is_not_finite_names_step_and_term():
    model = Number()

    def objective(model, batch):
        terms, output = towards(model, batch)
        return terms._replace(other=terms.other * batch[1].mean()), output

    train = Minibatches(
        torch.full((6,), 10.0),
        torch.tensor([1.0, 1, 1, 1, torch.inf, 1]),
        batch_size=1,
        shuffle=False,
    )
    message = r"step 4: not finite: other = inf\. Training stopped; lower the learning rate"
    with pytest.raises(FloatingPointError, match=message):
        fit(model, objective, train, config=STEADY, runtime=CPU)
    assert model.value.item() == pytest.approx(0.4, abs=0.02)  # four steps, none with an infinity
    assert not model.training


def test_after_a_loss_that_is_not_finite_the_best_weights_are_there():
    model = Number()
    steps = []

    def objective(model, batch):
        terms, output = towards(model, batch)
        broken = model.training and len(steps) == 5
        return terms._replace(total=terms.total * (torch.nan if broken else 1)), output

    with pytest.raises(FloatingPointError, match=r"step 5: not finite: total = nan\."):
        fit(
            model,
            objective,
            batches(10.0),
            batches(0.22),
            config=replace(STEADY, epochs=9),
            runtime=CPU,
            after_step=steps.append,
        )
    assert model.value.item() == pytest.approx(0.2, abs=1e-3)


def test_where_values_are_read_once_an_epoch_the_first_step_is_still_named(monkeypatch):
    """As on an accelerator, whose values are not read at every step."""
    checked = []

    def only_at_the_end(names, values, first_step):
        checked.append((len(values), first_step))
        if len(values) > 1:
            check(names, values, first_step)

    check = training._check_finite
    monkeypatch.setattr(training, "_check_finite", only_at_the_end)
    train = batches(1.0, 1.0, torch.nan, 1.0)
    with pytest.raises(FloatingPointError, match=r"step 2: not finite: total = nan, other = nan\."):
        fit(Number(), towards, train, config=STEADY, runtime=CPU)
    assert checked[-1] == (4, 0)


def autoencoding(model, batch):
    output = model(batch[0])
    return reconstruction_loss(output.reconstruction, batch[0]), output


def small_autoencoder():
    torch.manual_seed(0)
    return Autoencoder(AutoencoderConfig((1, 12, 12), 4, channels=(4, 8, 8), hidden=16))


def test_a_nan_among_the_images_is_named_with_its_step():
    images = torch.rand(6, 1, 12, 12)
    images[5, 0, 3, 3] = torch.nan
    train = Minibatches(images, batch_size=2, shuffle=False)
    message = r"step 2: images must hold values in \[0, 1\], got NaN among them"
    with pytest.raises(ValueError, match=message):
        fit(small_autoencoder(), autoencoding, train, config=FitConfig(), runtime=CPU)


def test_a_refused_batch_is_named_with_its_step_and_keeps_its_kind():
    train = Minibatches(torch.zeros(2, 1, 12, 12, dtype=torch.int64), batch_size=2)
    with pytest.raises(TypeError, match=r"step 0: images must be floating point"):
        fit(small_autoencoder(), autoencoding, train, config=FitConfig(), runtime=CPU)


@pytest.mark.parametrize(("step", "epochs", "value"), [(1, 0, 0.1), (2, 1, 0.1), (6, 5, 0.2)])
def test_ctrl_c_in_a_step_leaves_the_best_weights_so_far(step, epochs, value):
    """Or, before there was a validation, the latest."""
    model, told = Number(), []

    def interrupt(progress):
        told.append(progress)
        if progress.step == step and not progress.finished:
            raise KeyboardInterrupt

    config = replace(STEADY, epochs=9)
    history = fit(
        model,
        towards,
        batches(10.0),
        batches(0.22),
        config=config,
        runtime=CPU,
        report=interrupt,
    )
    assert history.interrupted
    assert len(history.train) == len(history.validation) == epochs
    assert model.value.item() == pytest.approx(value, abs=2e-3)
    assert not model.training
    assert history.seconds > 0
    assert told[-1].finished


def test_ctrl_c_in_a_validation_leaves_a_history_of_whole_epochs():
    calls = []

    def objective(model, batch):
        calls.append(model.training)
        if calls.count(False) == 6:  # the watched and the validation batch of the third epoch
            raise KeyboardInterrupt
        return towards(model, batch)

    model = Number()
    data = (batches(10.0), batches(0.22))
    how = {"config": STEADY, "runtime": CPU, "watched": batches(5.0)}
    history = fit(model, objective, *data, **how)
    assert history.interrupted
    assert len(history.train) == len(history.validation) == len(history.watched) == 2
    assert model.value.item() == pytest.approx(0.2, abs=1e-3)
    assert not model.training


def test_no_batches():
    class Empty:
        def __len__(self):
            return 0

        def __iter__(self):
            return iter(())

    with pytest.raises(ValueError, match="train_batches must be at least 1, got 0"):
        fit(Number(), towards, Empty(), config=STEADY, runtime=CPU)
    with pytest.raises(ValueError, match="batches must be at least 1, got 0"):
        evaluate(Number(), towards, Empty(), runtime=CPU)


# --- configs, devices and precision --------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 3),
        ("steps", 3),
        ("learning_rate", 2e-3),
        ("rate", "cosine"),
        ("weight_decay", 0.5),
    ],
)
def test_every_field_of_the_config_counts(name, value):
    def outcome(config):
        model = Number(1.0)
        fit(model, falling, batches(1.0, 2.0), config=config, runtime=CPU)
        return model.value.item()

    config = FitConfig(epochs=2)
    assert outcome(replace(config, **{name: value})) != outcome(config)
    assert len(fields(FitConfig)) == 5


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"epochs": 0}, "epochs must be at least 1, got 0"),
        ({"steps": 0}, "steps must be at least 1, got 0"),
        ({"rate": "linear"}, "rate must be one of 'constant', 'cosine', 'one_cycle'; got 'linear'"),
        ({"learning_rate": 0.0}, r"learning_rate must be above 0 .*got 0\.0"),
        ({"learning_rate": math.nan}, "learning_rate must be above 0 .*got nan"),
        ({"weight_decay": -1.0}, r"weight_decay at least 0, got 0\.001 and -1\.0"),
    ],
)
def test_bad_configs(wrong, message):
    with pytest.raises(ValueError, match=message):
        FitConfig(**wrong)


def test_devices():
    assert Runtime().device == best_device()
    assert Runtime("cpu").device == "cpu"
    with pytest.raises(ValueError, match=r"device must be one of 'auto', 'cpu', .*; got 'gpu'"):
        Runtime("gpu")
    with pytest.raises(ValueError, match="precision must be one of 'float32', 'bfloat16'"):
        Runtime("cpu", "float16")


@pytest.mark.skipif(best_device() != "cpu", reason="this machine has what is asked for")
@pytest.mark.parametrize("name", ["cuda", "cuda:1", "mps"])
def test_a_device_that_is_not_there(name):
    with pytest.raises(ValueError, match=rf"device '{name}' is not there: .* leave it at 'auto'"):
        Runtime(name)


def test_bfloat16_is_chosen_only_where_the_processor_has_it(monkeypatch):
    assert best_precision("mps") == "float32"
    asked = []
    monkeypatch.setattr(training.platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(
        torch.cpu, "_is_avx512_bf16_supported", lambda: asked.append(1) or True, raising=False
    )
    if torch.backends.mkldnn.is_available():
        assert best_precision("cpu") == "bfloat16"
        monkeypatch.delattr(torch.cpu, "_is_avx512_bf16_supported")
        assert best_precision("cpu") == "float32"
    assert len(asked) == torch.backends.mkldnn.is_available()
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    assert best_precision("cpu") == "float32"


def images_for_training():
    generator = torch.Generator().manual_seed(1)
    images = torch.rand(48, 1, 3, 3, generator=generator)
    return nn.functional.interpolate(images, size=(12, 12), mode="bilinear")


def train_shortly(precision="float32", seed=0):
    model = small_autoencoder()
    data = Minibatches(
        images_for_training(), batch_size=16, generator=torch.Generator().manual_seed(seed)
    )
    config = FitConfig(epochs=10, learning_rate=1e-2)
    history = fit(model, autoencoding, data, data, config=config, runtime=Runtime("cpu", precision))
    return model, history


def test_the_same_seed_gives_the_same_bits():
    (first, told), (second, again), (other, _) = (train_shortly(seed=seed) for seed in (0, 0, 1))
    assert (told.train, told.validation) == (again.train, again.validation)
    second, other = second.state_dict(), other.state_dict()
    assert all(torch.equal(value, second[name]) for name, value in first.state_dict().items())
    assert not all(torch.equal(value, other[name]) for name, value in first.state_dict().items())


def test_bfloat16_learns_the_same():
    """Weights stay in float32. bfloat16 rounds by up to 1/256: a loss moves by a few percent."""
    model, exact = train_shortly()
    rounded_model, rounded = train_shortly("bfloat16")
    assert {value.dtype for value in rounded_model.parameters()} == {torch.float32}
    first, last = exact.train[0]["total"], exact.validation[-1]["total"]
    assert rounded.train[0]["total"] == pytest.approx(first, rel=0.01)
    assert rounded.train[0]["total"] != first
    assert last < 0.9 * first
    assert rounded.validation[-1]["total"] == pytest.approx(last, rel=0.1)
    data = Minibatches(images_for_training(), batch_size=16)
    both = [
        evaluate(model, autoencoding, data, runtime=Runtime("cpu", precision))["total"]
        for precision in ("float32", "bfloat16")
    ]
    assert both[1] == pytest.approx(both[0], rel=0.02)


def test_of_several_processes_all_see_the_mean_of_their_terms(monkeypatch):
    """Here the other one's terms are all 1 higher."""
    monkeypatch.setattr(training.processes, "count", lambda: 2)
    monkeypatch.setattr(training.processes, "mean", lambda values: values + 0.5)
    monkeypatch.setattr(training.processes, "average_gradients", lambda model: model)
    shared = fit(Number(), towards, batches(10.0), batches(0.22), config=STEADY, runtime=CPU)
    monkeypatch.undo()
    alone = fit(Number(), towards, batches(10.0), batches(0.22), config=STEADY, runtime=CPU)
    for theirs, ours in ((shared.train, alone.train), (shared.validation, alone.validation)):
        assert [entry["total"] - 0.5 for entry in theirs] == pytest.approx(
            [entry["total"] for entry in ours]
        )


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler")
def test_compiled_it_learns_the_same():
    numbers = torch.rand(8, 3)

    def objective(model, batch):
        return reconstruction_loss(model(*batch), *batch), None

    curves = []
    for compiled in (False, True):
        torch.manual_seed(0)
        model, data = nn.Linear(3, 3), Minibatches(numbers, batch_size=8)
        runtime = Runtime("cpu", compile=compiled)
        with warnings.catch_warnings():  # torch's own, about its own parts
            warnings.simplefilter("ignore")
            history = fit(model, objective, data, config=FitConfig(3), runtime=runtime)
        assert (model._compiled_call_impl is not None) is compiled
        curves.append([entry["total"] for entry in history.train])
    assert curves[1] == pytest.approx(curves[0], rel=1e-4)


@pytest.mark.skipif(torch.version.cuda is None, reason="this torch knows no GPU, not even a fake")
@pytest.mark.parametrize("codebook", ["moving_average", "gradient"])
def test_a_step_on_a_gpu_reads_no_value(codebook):
    """Fake tensors have no values: reading one, which would make the loop wait, is an error."""
    with FakeTensorMode(allow_non_fake_inputs=True), torch.device("cuda"):
        model = VQVAE2(VQVAE2Config(codebook=codebook))
        top = PixelCNN(PixelCNNConfig(32, 8, 2, num_labels=10))
        bottom = PixelCNN(PixelCNNConfig(16, 8, 2, condition_codes=32))
        images, labels = torch.rand(4, 1, 32, 32), torch.zeros(4, dtype=torch.int64)
        output = model(images)
        commitment = output.top.commitment + output.bottom.commitment
        codebook_loss = output.top.codebook_loss + output.bottom.codebook_loss
        losses = [vq_loss(output.unclamped, images, commitment, codebook_loss, beta=0.25)]
        model.update_codebooks(output, torch.Generator("cpu"))
        losses.append(codes_loss(top(output.top.codes, labels), output.top.codes))
        codes = output.bottom.codes
        losses.append(codes_loss(bottom(codes, condition=output.top.codes), codes))
        assert all(loss.total.device.type == "cuda" for loss in losses)
        with pytest.raises(DataDependentOutputException):  # or this would show nothing
            losses[0].total.item()


def test_codebooks_move_in_after_step():
    """The one visible line that a VQ-VAE needs beyond its loss."""
    model = VQVAE2(VQVAE2Config((1, 16, 16), 8, 1, 4, 4, 6, 5))
    images = torch.rand(8, 1, 16, 16)
    before = model.top_quantizer.codebook.clone()

    def objective(model, batch):
        output = model(batch[0])
        return reconstruction_loss(output.unclamped, batch[0]), output

    fit(
        model,
        objective,
        Minibatches(images, batch_size=4),
        config=FitConfig(epochs=1),
        runtime=CPU,
        after_step=model.update_codebooks,
    )
    assert not torch.equal(model.top_quantizer.codebook, before)


# --- progress bar --------------------------------------------------------------------------------


class Screen(io.StringIO):
    def __init__(self, is_terminal):
        super().__init__()
        self.is_terminal = is_terminal

    def isatty(self):
        return self.is_terminal

    def last_line(self):
        return self.getvalue().rsplit("\r", 1)[-1]


def test_the_bar_counts_steps_and_shows_the_terms(monkeypatch):
    screen, bar = Screen(is_terminal=True), ProgressBar("one number")
    monkeypatch.setattr(sys, "stderr", screen)
    for _ in range(2):  # the same bar serves again
        history = fit(Number(), towards, batches(10.0), config=STEADY, runtime=CPU, report=bar)
        assert bar.bar is None  # closed
        assert "one number" in screen.last_line()
        assert "4/4" in screen.last_line()
        assert f"total={history.train[-1]['total']:.4g}" in screen.last_line()
        assert screen.last_line().endswith("\n")


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_the_bar_is_closed_by_ctrl_c_and_by_an_error(monkeypatch, error):
    screen, bar, shown = Screen(is_terminal=True), ProgressBar("interrupted"), []
    monkeypatch.setattr(sys, "stderr", screen)

    def stop(progress):
        bar(progress)
        shown.append(bar.bar)  # held, so that nobody else closes it
        if progress.step == 3 and not progress.finished:
            raise error("stop")

    expected = nullcontext() if error is KeyboardInterrupt else pytest.raises(OSError, match="stop")
    with expected:
        fit(Number(), towards, batches(10.0), config=STEADY, runtime=CPU, report=stop)
    assert bar.bar is None
    assert "interrupted" in screen.last_line()
    assert "3/4" in screen.last_line()
    assert screen.last_line().endswith("\n")


def test_a_log_file_stays_empty(monkeypatch):
    screen, bar = Screen(is_terminal=False), ProgressBar("quiet")
    monkeypatch.setattr(sys, "stderr", screen)
    fit(Number(), towards, batches(10.0), batches(1.0), config=STEADY, runtime=CPU, report=bar)
    assert screen.getvalue() == ""
    assert bar.bar is None


def test_a_notebook_shows_the_bar(monkeypatch):
    """A notebook's output is no terminal, and tqdm would switch the bar off."""
    seen = {}

    class Recorded(training.tqdm_notebook):
        def __init__(self, **options):
            seen.update(options)
            self.n = 0
            self.disp = None

        def update(self, n=1):
            self.n += n

        def close(self):
            pass

        def __del__(self):
            pass

    monkeypatch.setattr(training, "tqdm", Recorded)
    ProgressBar("AE")(Progress(1, 3, 0))
    assert seen["disable"] is False
