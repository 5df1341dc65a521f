"""The benchmarks measure what they say: on fake clocks, and on sizes that take no time."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from benchmarks import (
    __main__,
    bench_digits,
    bench_feeding,
    bench_gpu,
    bench_quantizer,
    bench_sampling,
    bench_startup,
    bench_training,
)
from benchmarks.quantizers import PACKAGES, OneHotQuantizer, make_step
from benchmarks.timing import Options, Report, interleave, ratio_row, row, table
from vqtutor.experiments import results
from vqtutor.models.pixelcnn import PixelCNNConfig
from vqtutor.models.quantizer import QuantizerConfig, VectorQuantizer
from vqtutor.models.vqvae import VQVAE2Config

ROOT = Path(__file__).parents[1]
TINY = bench_quantizer.Sizes(batch=2, side=4, code_dim=3, num_codes=8)


@pytest.fixture(autouse=True)
def _no_garbage(monkeypatch):
    """Collecting takes longer than all that is measured here."""
    monkeypatch.setattr("benchmarks.timing.gc.collect", lambda: 0)


class Clock:
    """A clock that stands still but for what the competitors add."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_competitors_take_turns_after_the_warmup():
    clock, calls = Clock(), []

    def competitor(name, durations):
        def run():
            calls.append(name)
            clock.now += next(durations)

        return run

    slow, fast = competitor("A", iter((100, 4, 6, 9))), competitor("B", iter((100, 2, 2, 2)))
    seconds = interleave({"A": slow, "B": fast}, 3, clock=clock)
    assert "".join(calls) == "ABABABAB"
    assert seconds == {"A": [4, 6, 9], "B": [2, 2, 2]}  # without the first 100


def test_at_least_one_run():
    with pytest.raises(ValueError, match="runs must be at least 1, got 0"):
        interleave({}, 0)


def test_ratios_are_taken_pair_by_pair():
    """Both competitors slow down tenfold for a while; no ratio notices."""
    seconds = {"slow": [4.0, 60.0, 8.0], "fast": [2.0, 20.0, 2.0], "other": [1.0, 1.0, 1.0]}
    line = ratio_row("slow / fast", seconds, "slow", "fast", 1, target=2.5)
    assert line.values == (2, 3, 4)
    assert (line.median, line.low, line.high) == (3, 2, 4)
    assert line.seconds == {"slow": 8, "fast": 2}
    assert line.verdict == "met"


@pytest.mark.parametrize(
    ("value", "at_most", "verdict"),
    [(2, False, "met"), (1.9, False, "missed"), (2, True, "met"), (2.1, True, "missed")],
)
def test_target_is_a_lower_or_an_upper_limit(value, at_most, verdict):
    assert row("figure", [value], 1, target=2, at_most=at_most).verdict == verdict
    assert row("figure", [], 1, target=2, at_most=at_most).verdict == ""
    assert row("figure", [value], 1).verdict == ""


def test_targets_are_for_one_thread():
    seconds = {"slow": [4.0], "fast": [2.0]}
    assert ratio_row("figure", seconds, "slow", "fast", 2, target=3).target is None


def test_table_holds_what_was_measured():
    text = table(
        [
            row("speed", [2.0, 3.0, 4.5], 1, target=2.5, note="on three digits"),
            row("time", [60.0], 2, unit="ms", target=50, at_most=True),
            row("absent", [], 1, note="not installed"),
        ]
    )
    head, speed, speed_note, time, absent, absent_note = (line.split() for line in text.split("\n"))
    assert head == ["what", "threads", "median", "min-max", "target"]
    assert speed == ["speed", "1", "3", "x", "2-4.5", "≥", "2.5", "met"]
    assert time == ["time", "2", "60", "ms", "≤", "50", "missed"]
    assert absent == ["absent", "1", "not", "measured"]
    assert (speed_note, absent_note) == (["on", "three", "digits"], ["not", "installed"])


def test_file_holds_what_was_measured(tmp_path, capsys, monkeypatch):
    lines = [row("speed", [2.0, 3.0], 1, target=2.5), row("absent", [], 1, note="why")]
    asked = []
    monkeypatch.setattr(__main__, "run", lambda *each: asked.append(each) or lines)
    path = tmp_path / "new" / "figures.json"
    __main__.main(["sampling", "--threads", "2", "--runs", "3", "--out", str(path)])
    assert asked == [("sampling", Options(threads=2, runs=3))]
    assert table(lines) in capsys.readouterr().out
    report, provenance = results.load(Report, path.parent, path.stem)
    assert [line.what for line in report.rows] == ["sampling: speed", "sampling: absent"]
    assert [line.values for line in report.rows] == [(2, 3), ()]
    assert [line.median for line in report.rows] == [2.5, None]
    assert provenance.command == "python -m benchmarks sampling --threads 2 --runs 3"
    assert {"torch", *PACKAGES} <= provenance.versions.keys()
    assert str(tmp_path) not in path.read_text("utf-8")
    assert json.loads(path.read_text("utf-8"))["result"]["rows"][0]["target"] == 2.5


def test_without_a_name_all_run_on_one_thread_and_on_all(monkeypatch):
    asked = []
    monkeypatch.setattr(__main__, "available_threads", lambda: 3)
    monkeypatch.setattr(__main__, "run", lambda *each: asked.append(each) or [])
    __main__.main([])
    numbers = {name: [o.threads for n, o in asked if n == name] for name in __main__.NAMES}
    assert numbers == {name: [1, 3] for name in __main__.NAMES} | {
        "startup": [1],
        "gpu": [1],
        "digits": [3],
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["speed"], list(__main__.NAMES)),
        (["--runs", "0"], ["--runs must be at least 1, got 0"]),
        (["--threads", "-1"], ["--threads must be at least 1, got -1"]),
        (["--out", "figures.txt"], ["file ending in .json, got figures.txt"]),
    ],
)
def test_wrong_argument_says_what_is_possible(arguments, said, capsys):
    with pytest.raises(SystemExit, match="2"):
        __main__.main(arguments)
    printed = capsys.readouterr().err
    assert [text for text in said if text not in printed] == []


def test_process_starts_anew_with_a_kept_heap(monkeypatch):
    started = []
    monkeypatch.setattr(os, "execve", lambda *each: started.append(each))
    monkeypatch.setattr(sys, "orig_argv", ["python", "-m", "benchmarks", "feeding"])
    for name in __main__.KEPT_HEAP:
        monkeypatch.delenv(name, raising=False)
    for library, starts in (("", 0), ("glibc", 1)):
        monkeypatch.setattr(__main__.platform, "libc_ver", lambda library=library: (library, ""))
        __main__.keep_heap()
        assert len(started) == starts
    ((program, arguments, environment),) = started
    assert (program, arguments) == (sys.executable, [sys.executable, "-m", "benchmarks", "feeding"])
    assert environment == {**os.environ, **__main__.KEPT_HEAP}
    monkeypatch.setattr(os, "environ", environment)
    __main__.keep_heap()
    assert len(started) == 1  # not over and over


def test_reference_quantizer_learns_the_same_codebook():
    """The one-hot matrices compute what VectorQuantizer does, but for their epsilon."""
    config = QuantizerConfig(num_codes=4, code_dim=3, decay=0.5, restart_below=0)
    ours, reference = VectorQuantizer(config), OneHotQuantizer(config)
    reference.load_state_dict(ours.state_dict())
    features = torch.randn(5, 3, 4, 4)
    for _ in range(3):
        expected, found = ours(features), reference(features)
        assert torch.equal(found.codes, expected.codes)
        torch.testing.assert_close(found.vectors, expected.vectors)
        torch.testing.assert_close(found.commitment, expected.commitment)
        ours.update_codebook(expected.features, expected.codes)
    torch.testing.assert_close(reference.codebook, ours.codebook, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", ["vqtutor", "one-hot", *PACKAGES])
def test_competitors_do_the_same_step(name):
    if name in PACKAGES:
        pytest.importorskip(PACKAGES[name])
    codebook, vectors, upstream = bench_quantizer.make_data(TINY)
    expected = torch.cdist(vectors.detach(), codebook).argmin(dim=-1)
    assert torch.equal(make_step(name, codebook)(vectors, upstream), expected)
    misfit = vectors.detach() - codebook[expected]  # the gradient of the mean of its square ...
    through = upstream + 0.25 * 2 * misfit / misfit.numel()  # ... and what goes straight through
    torch.testing.assert_close(vectors.grad, through)


def test_only_near_ties_may_differ(monkeypatch):
    assert bench_quantizer.count_differences(TINY) == (0, 0)
    monkeypatch.setattr(
        bench_quantizer,
        "nearest_codes",
        lambda vectors, codebook: torch.cdist(vectors, codebook).argmax(dim=1),
    )
    assert bench_quantizer.count_differences(TINY) == (0, TINY.num_vectors)


def test_equal_distances_are_near_ties(monkeypatch):
    codebook, vectors, upstream = bench_quantizer.make_data(TINY)
    codebook[:] = codebook[0]
    monkeypatch.setattr(bench_quantizer, "make_data", lambda _: (codebook, vectors, upstream))
    last = len(codebook) - 1
    monkeypatch.setattr(bench_quantizer, "nearest_codes", lambda v, _: torch.full((len(v),), last))
    assert bench_quantizer.count_differences(TINY) == (TINY.num_vectors, 0)


def test_quantizer_rows(monkeypatch):
    memory = {"vqtutor": 2, "one-hot": 14}  # MiB
    monkeypatch.setattr(bench_quantizer, "extra_memory", lambda name, *_: memory[name])
    monkeypatch.setattr(bench_quantizer, "find_spec", lambda _: None)
    lines = bench_quantizer.measure(Options(runs=1), (TINY,))
    time, absent, absent_too, extra, codes = lines
    assert (time.what, extra.median, codes.verdict) == ("N = 32: one-hot / vqtutor, time", 7, "met")
    assert absent.median is absent_too.median is None


def test_training_starts_from_the_same_loss():
    config = VQVAE2Config((3, 8, 8), 8, 1, 4, 4, 8, 8, bottom_stride=4)
    lines = bench_training.measure(Options(runs=1), config, batch=4, steps=2)
    first_loss = next(line for line in lines if "first loss in float32" in line.what)
    assert first_loss.verdict == "met"


def test_sampling_draws_the_same_codes():
    """At every position, and at a few of them, which need the right part of the noise."""
    config = PixelCNNConfig(num_codes=7, channels=4, layers=2)
    grids = (bench_sampling.Grid(3, 2, 9), bench_sampling.Grid(4, 3, 5))
    lines = bench_sampling.measure(Options(runs=1), config, grids, (2, 4), (1, 3))
    differing = [line for line in lines if "codes that differ" in line.what]
    assert [line.verdict for line in differing] == ["met", "met"]
    assert [line.what.rsplit(maxsplit=1)[1] for line in differing] == ["18", "15"]
    growth = next(line for line in lines if "side 4 / side 2" in line.what)
    assert growth.target == 4.2
    assert growth.at_most


def test_sampling_at_once_is_measured_on_several_threads():
    prior = bench_sampling.make_prior(PixelCNNConfig(num_codes=7, channels=4, layers=1))
    line = bench_sampling.spread(prior, Options(threads=2, runs=1), 2)
    assert line.what == "4 batches of 2 images: in turns / 2 at once"
    assert line.median > 0


def test_the_run_on_digits_is_a_process_of_its_own(tmp_path):
    """It gets a folder for its results and so many threads; a failure is not a time."""
    script = tmp_path / "run.py"
    script.write_text(
        "import os, pathlib, sys\n"
        "assert os.environ['OMP_NUM_THREADS'] == '2' and sys.argv[1] == '--out'\n"
        "assert pathlib.Path(sys.argv[2]).is_dir()\n"
    )
    (line,) = bench_digits.measure(Options(threads=2), (str(script),))
    assert (line.unit, line.target, line.at_most, line.verdict) == ("s", 180, True, "met")
    with pytest.raises(subprocess.CalledProcessError):
        bench_digits.measure(Options(threads=1), (str(script),))


def test_training_and_sampling_on_a_gpu(monkeypatch):
    """The same code on the CPU; compiling is left out here, as it takes too long."""
    monkeypatch.setattr(bench_gpu, "STEPS", 1)
    monkeypatch.setattr(bench_gpu, "GENERATED", 2)
    monkeypatch.setattr(torch.nn.Module, "compile", lambda _: None)
    names = ("AE", "top prior")
    lines = bench_gpu.measure(Options(runs=1), "cpu", names)
    assert [line.unit for line in lines] == 2 * [*3 * ["images/s"], "x", "x"] + ["images/s"]
    assert all(line.median > 0 for line in lines)
    assert lines[0].what == "cpu: train AE, batch 128, float32"
    top, bottom = (
        bench_gpu.random_codes(bench_gpu.random_images(70), VQVAE2Config(), bottom)
        for bottom in (False, True)
    )
    assert [tensor.shape for tensor in bottom[0]] == [(70, 8, 8), (70,), (70, 4, 4)]
    assert (top[0][0].max(), bottom[0][0].max(), top[0][2]) == (31, 15, None)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_the_table_says_so():
    (line,) = bench_gpu.measure(Options())
    assert line.median is None
    assert "not measured" in line.note


def test_partly_naive_time_is_scaled(monkeypatch):
    monkeypatch.setattr(
        bench_sampling, "interleave", lambda each, *_, **__: {name: [1.0] for name in each}
    )
    prior = bench_sampling.make_prior(PixelCNNConfig(num_codes=7, channels=4, layers=1))
    ratio, _ = bench_sampling.compare(prior, bench_sampling.Grid(4, 1, 5), 1, 1)
    assert ratio.median == 16 / 5


def test_feeding_gives_the_same_batches():
    lines = bench_feeding.measure(Options(runs=1), num_images=300)
    assert ["28x28" in line.what for line in lines] == [True, False]
    assert [line.target for line in lines] == [60, None]


def test_feeding_of_different_batches_is_refused():
    loader = [(torch.zeros(1), torch.zeros(1))]
    with pytest.raises(RuntimeError, match="different batches: not comparable"):
        bench_feeding.check_equal(loader, [(torch.zeros(1), torch.ones(1))])


def test_startup_is_the_difference_of_two_processes(monkeypatch):
    monkeypatch.setattr(
        bench_startup, "interleave", lambda *_: {"import": [0.05, 0.07], "empty": [0.02, 0.03]}
    )
    extra, whole = bench_startup.measure(Options())
    assert extra.values == pytest.approx((30, 40))
    assert whole.values == pytest.approx((50, 70))
    assert (extra.unit, extra.verdict) == ("ms", "met")


def test_every_benchmark_has_a_name():
    names = {path.stem.removeprefix("bench_") for path in (ROOT / "benchmarks").glob("bench_*.py")}
    assert names == set(__main__.NAMES)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux")
def test_peak_memory_is_in_bytes():
    resource = pytest.importorskip("resource")
    pages = int(Path("/proc/self/statm").read_text("utf-8").split()[1])
    now = pages * resource.getpagesize()
    # The kernel counts in batches: a few pages of each thread may be missing from either.
    highest = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert 0.95 * now < bench_quantizer.peak_bytes() < 1.05 * highest
