"""What has been run and what is missing, and that the stored list says the truth."""

from __future__ import annotations

from dataclasses import dataclass

from vqtutor.experiments import __main__ as command_line
from vqtutor.experiments import results
from vqtutor.experiments.catalog import EXPERIMENTS
from vqtutor.experiments.manifest import PLANNED, Manifest, take_stock
from vqtutor.experiments.provenance import Provenance

SHIPPED = results.shipped("mnist-full").parent


@dataclass(frozen=True)
class Found:
    value: float


def store(folder, name: str, command: str) -> Provenance:
    origin = Provenance.collect(
        name, config={}, data="mnist", seed=1, device="cpu", seconds=9, command=command
    )
    results.save(Found(1.0), folder, name, origin)
    return origin


def test_what_is_there_is_run_and_the_rest_is_missing(tmp_path):
    origin = store(tmp_path / "mnist-full-seed1", "beta", "python of old")
    manifest = take_stock(tmp_path, ["warmup", "beta"])
    assert len(manifest.entries) == 2 * sum(len(seeds) for _, seeds in PLANNED)
    (run,) = [entry for entry in manifest.entries if entry.date]
    assert (run.data, run.seed, run.experiment) == ("mnist", 1, "beta")
    assert (run.date, run.commit, run.seconds) == (origin.date, origin.commit, 9.0)
    assert run.command == "python of old"
    assert run not in manifest.missing
    assert len(manifest.missing) == len(manifest.entries) - 1


def test_the_command_of_a_missing_result_is_understood(tmp_path):
    commands = {entry.command for entry in take_stock(tmp_path, EXPERIMENTS).missing}
    assert len(commands) == len(EXPERIMENTS) * sum(len(seeds) for _, seeds in PLANNED)
    for entry in take_stock(tmp_path, ["beta"]).missing:
        options = command_line.parse(entry.command.split()[3:])
        assert (options.name, options.seed, options.scale) == ("beta", entry.seed, "full")
        assert options.data.removesuffix(".npz") == entry.data


def test_the_list_in_the_package_is_that_of_its_results():
    stored, _ = results.load(Manifest, SHIPPED, "manifest")
    assert stored == take_stock(SHIPPED, EXPERIMENTS)
    assert any(entry.date for entry in stored.entries)


def test_the_command_line_writes_it_and_says_what_is_missing(tmp_path, capsys):
    store(tmp_path / "mnist-full", "beta", "")
    assert command_line.main(["manifest", "--scale", "full", "--out", str(tmp_path)]) == 0
    stored, _ = results.load(Manifest, tmp_path, "manifest")
    assert stored == take_stock(tmp_path, EXPERIMENTS)
    said = capsys.readouterr().out
    assert f"{len(stored.missing)} of {len(stored.entries)} planned results are missing" in said
    assert all(entry.command in said for entry in stored.missing)
