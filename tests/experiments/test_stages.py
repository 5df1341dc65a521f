"""What a terminal shows of a long run: stages, their durations, and the time left."""

import re

import pytest

from vqtutor.experiments import stages
from vqtutor.experiments.stages import Stages, duration


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is moved."""
    now = [100.0]
    monkeypatch.setattr(stages.time, "perf_counter", lambda: now[0])
    return now


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (0.4, "0 s"),
        (42.3, "42 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (200, "3 min 20 s"),
        (3599.7, "1 h 00 min"),
        (7505, "2 h 05 min"),
        (90_000, "25 h 00 min"),
    ],
)
def test_durations(seconds, said):
    assert duration(seconds) == said


def test_the_time_left_is_scaled_from_what_is_done(clock, capsys):
    run = Stages({"first": 1.0, "second": 3.0, "third": 2.0})
    assert run.left() == ""
    with run.stage("first"):
        clock[0] += 10
    assert run.left() == "  (about 50 s left)"  # 5 more at 10 seconds each
    with run.stage("second"):
        clock[0] += 70  # slower than thought: 80 seconds for 4
    assert run.left() == "  (about 40 s left)"
    with run.stage("third"):
        clock[0] += 1
    assert run.left() == "  (about 0 s left)"
    assert run.elapsed() == "1 min 21 s"
    assert capsys.readouterr().out.splitlines() == [
        "[1/3] first …",
        "      first: 10 s",
        "[2/3] second …  (about 50 s left)",
        "      second: 1 min 10 s",
        "[3/3] third …  (about 40 s left)",
        "      third: 1 s",
    ]


def test_stages_that_cost_nothing_give_nothing_to_scale_from(clock):
    """As networks that are taken from an earlier run."""
    run = Stages({"loaded": 0.0, "trained": 5.0, "rest": 5.0})
    with run.stage("loaded"):
        clock[0] += 1
    assert run.left() == ""
    with run.stage("trained"):
        clock[0] += 9
    assert run.left() == "  (about 10 s left)"


def test_a_stage_that_fails_does_not_count(clock, capsys):
    run = Stages({"first": 1.0, "second": 1.0})

    def fail():
        clock[0] += 3
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"), run.stage("first"):
        fail()
    assert run.done == {}
    assert re.findall(r"\d s", capsys.readouterr().out) == []
