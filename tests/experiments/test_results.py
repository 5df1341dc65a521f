"""What is saved comes back equal; what does not fit is refused in words."""

from __future__ import annotations

import json
import math
import subprocess
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from vqtutor.experiments import provenance as provenance_module
from vqtutor.experiments import results
from vqtutor.experiments.plain import dump, to_plain
from vqtutor.experiments.results import Provenance


@dataclass(frozen=True)
class Part:
    value: float
    curve: tuple[float, ...]


@dataclass(frozen=True)
class Whole:
    count: int
    name: str
    interval: tuple[float, float] | None
    parts: dict[str, Part]
    by_size: dict[int, float]
    nested: tuple[tuple[int, ...], ...]
    missing: float | None
    images: np.ndarray
    more: dict[str, np.ndarray]


def make_whole(**changes: Any) -> Whole:
    images = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    whole = Whole(
        count=3,
        name="Fréchet",
        interval=(0.25, 0.75),
        parts={"AE": Part(0.5, (1.0, 2.0)), "VAE": Part(math.inf, ())},
        by_size={2: 0.125, 16: 1e-7},
        nested=((1, 2), ()),
        missing=None,
        images=images,
        more={"first": images[:1], "second": images[1:]},
    )
    return replace(whole, **changes)


def make_provenance(**changes: Any) -> Provenance:
    settings = {"config": {"epochs": 3, "sizes": (2, 4)}, "data": "digits", "seed": 1}
    rest = {"device": "cpu", "seconds": 1.5, "command": "python -m vqtutor.experiments all"}
    return Provenance.collect("whole", **(settings | rest | changes))


def assert_same(first: Whole, second: Whole) -> None:
    plain = []
    for whole in (first, second):
        arrays: dict[str, np.ndarray] = {}
        plain.append((to_plain(whole, "", arrays), arrays))
    assert plain[0][0] == plain[1][0]
    assert plain[0][1].keys() == plain[1][1].keys()
    for name, array in plain[0][1].items():
        np.testing.assert_array_equal(array, plain[1][1][name])


def test_round_trip_is_identity(tmp_path):
    whole, made = make_whole(), make_provenance()
    results.save(whole, tmp_path / "new" / "folder", "whole", made)
    loaded, provenance = results.load(Whole, tmp_path / "new" / "folder", "whole")
    assert_same(whole, loaded)
    assert (loaded.parts, loaded.interval, loaded.nested) == (
        whole.parts,
        whole.interval,
        whole.nested,
    )
    assert loaded.by_size == whole.by_size
    assert provenance == made


def test_saving_what_was_loaded_changes_no_byte(tmp_path):
    whole = make_whole(interval=(1 / 3, 2 / 3), missing=math.pi)
    path = results.save(whole, tmp_path, "first", make_provenance())
    again = results.save(
        *(results.load(Whole, tmp_path, "first")[0], tmp_path, "second"), make_provenance()
    )
    assert path.read_bytes() == again.read_bytes()


def test_floats_keep_six_significant_digits():
    assert to_plain((1 / 3, 12345678.9, 1.23456789e-12)) == [0.333333, 12345700.0, 1.23457e-12]


def test_not_a_number_and_infinity_survive(tmp_path):
    whole = make_whole(missing=math.nan, interval=(-math.inf, math.inf))
    path = results.save(whole, tmp_path, "whole", make_provenance())
    json.loads(path.read_text(), parse_constant=pytest.fail)  # strict JSON: no bare NaN
    loaded, _ = results.load(Whole, tmp_path, "whole")
    assert math.isnan(loaded.missing)
    assert loaded.interval == (-math.inf, math.inf)


def test_dump_is_json_with_one_line_per_list_of_numbers():
    value = {"a": [1, 2.5, "é"], "b": {"c": [[1], [2]], "d": {}}, "e": None, "f": [True]}
    assert json.loads(dump(value)) == value
    assert '  "a": [1, 2.5, "é"],\n' in dump(value)


def test_numpy_numbers_become_plain_ones():
    assert to_plain({"a": np.float32(0.5), "b": np.int64(3)}) == {"a": 0.5, "b": 3}


def test_tensor_is_refused_with_its_place(tmp_path):
    import torch

    with pytest.raises(TypeError, match=r"parts/AE is a Tensor; .*call \.numpy\(\)"):
        results.save(make_whole(parts={"AE": torch.zeros(1)}), tmp_path, "w", make_provenance())
    assert list(tmp_path.iterdir()) == []  # nothing half-written


def test_array_of_objects_is_refused(tmp_path):
    bad = np.array([None, "a"], dtype=object)
    with pytest.raises(TypeError, match="images is an array of object"):
        results.save(make_whole(images=bad), tmp_path, "w", make_provenance())


def test_only_dataclasses_are_saved(tmp_path):
    with pytest.raises(TypeError, match="instance of a dataclass, got dict"):
        results.save({"a": 1}, tmp_path, "w", make_provenance())


def test_missing_file_names_the_command(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"python -m vqtutor\.experiments generation --out"):
        results.load(Whole, tmp_path, "generation")


def test_result_of_another_experiment_is_named(tmp_path):
    results.save(Part(1.0, ()), tmp_path, "whole", make_provenance(config={}))
    with pytest.raises(ValueError, match="holds a Part of the experiment 'whole', not a Whole"):
        results.load(Whole, tmp_path, "whole")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r.pop("count"), "does not fit Whole: Whole lacks count; run it again"),
        (lambda r: r["parts"]["AE"].pop("curve"), "parts/AE lacks curve"),
        (lambda r: r.update(extra=1), "Whole has unknown fields: extra"),
        (lambda r: r["interval"].append(1.0), "does not fit Whole"),
    ],
)
def test_fields_that_do_not_fit_are_named(tmp_path, change, message):
    path = results.save(make_whole(), tmp_path, "whole", make_provenance())
    content = json.loads(path.read_text())
    change(content["result"])
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=message):
        results.load(Whole, tmp_path, "whole")


def test_results_from_before_a_field_take_its_default(tmp_path):
    @dataclass(frozen=True)
    class Measured:
        value: float

    path = results.save(Measured(1.5), tmp_path, "measured", make_provenance())
    assert path.exists()
    Later.__name__ = "Measured"  # the same class, one version on
    loaded, _ = results.load(Later, tmp_path, "measured")
    assert (loaded.value, loaded.note, loaded.curves) == (1.5, None, {})


@dataclass(frozen=True)
class Later:
    value: float
    note: str | None = None
    curves: dict[str, float] = field(default_factory=dict)


def test_arrays_of_another_run_are_noticed(tmp_path):
    results.save(make_whole(), tmp_path, "whole", make_provenance())
    np.savez(tmp_path / "whole.npz", images=np.zeros((2, 3, 5), np.uint8))
    with pytest.raises(ValueError, match=r"'images' is \(2, 3, 5\) uint8, not \(2, 3, 4\) uint8"):
        results.load(Whole, tmp_path, "whole")
    np.savez(tmp_path / "whole.npz", images=np.zeros((2, 3, 4), np.float32))
    with pytest.raises(ValueError, match=r"\(2, 3, 4\) float32, not \(2, 3, 4\) uint8"):
        results.load(Whole, tmp_path, "whole")
    (tmp_path / "whole.npz").unlink()
    with pytest.raises(ValueError, match=r"'images' is missing in the \.npz beside it"):
        results.load(Whole, tmp_path, "whole")


@pytest.mark.parametrize("name", ["whole.json", "whole.npz"])
def test_file_cut_short_is_an_error(tmp_path, name):
    results.save(make_whole(), tmp_path, "whole", make_provenance())
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=f"{name} is .*; run it again"):
        results.load(Whole, tmp_path, "whole")


def test_pickled_array_is_never_loaded(tmp_path):
    results.save(make_whole(), tmp_path, "whole", make_provenance())
    np.savez(tmp_path / "whole.npz", images=np.array([print], dtype=object))
    with pytest.raises(ValueError, match="is damaged"):
        results.load(Whole, tmp_path, "whole")


def test_result_without_arrays_leaves_no_stale_ones(tmp_path):
    results.save(make_whole(), tmp_path, "whole", make_provenance())
    results.save(Part(1.0, (2.0,)), tmp_path, "whole", make_provenance())
    assert [path.name for path in tmp_path.iterdir()] == ["whole.json"]


def test_provenance_knows_versions_and_takes_a_dataclass():
    made = make_provenance(config=Part(1 / 3, (1.0,)))
    assert made.config == {"value": 0.333333, "curve": [1.0]}
    assert {"python", "torch", "torchvision", "numpy", "scikit-learn", "vqtutor"} == set(
        made.versions
    )


def test_commit_of_a_checkout(tmp_path):
    def git(*arguments: str) -> str:
        identity = ("-c", "user.name=n", "-c", "user.email=e")
        command = ["git", "-C", str(tmp_path), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    package = tmp_path / "package"
    (package / "results").mkdir(parents=True)
    current_commit = provenance_module.current_commit
    assert current_commit(package) == "unknown"
    git("init", "-q")
    (package / "__init__.py").write_text("")
    assert current_commit(package) == "unknown"  # nothing is committed yet
    git("add", ".")
    git("commit", "-q", "-m", "start")
    commit = git("rev-parse", "HEAD")
    assert current_commit(package) == commit
    (tmp_path / "installed").mkdir()  # such as a virtual environment in somebody's project
    (tmp_path / "installed" / "__init__.py").write_text("")
    assert current_commit(tmp_path / "installed") == "unknown"
    (package / "results" / "new.json").write_text("{}")
    assert current_commit(package) == commit
    (package / "module.py").write_text("")
    assert current_commit(package) == f"{commit}-dirty"
