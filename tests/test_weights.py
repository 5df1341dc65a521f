"""The weights in the package reach what their manifest says, measured again on the data itself."""

from pathlib import Path

import pytest

from vqtutor import data, pretrained
from vqtutor.experiments import latents
from vqtutor.experiments.release import measure

WEIGHTS = Path(pretrained.__file__).parent / "weights"
MOST = 40 * 2**20  # bytes of all weights together


def test_all_weights_can_be_loaded_and_say_where_they_come_from():
    assert {"cnn-mnist", "vae-mnist-16", "vqvae2-mnist"} <= set(pretrained.names())
    for name in pretrained.names():
        model, found = pretrained.load(name), pretrained.provenance(name)
        assert not model.training
        assert found.metrics
        assert len(found.commit) == 40
        assert found.command.startswith("python -m vqtutor.experiments")


def test_weights_are_small():
    files = {path.name for path in WEIGHTS.glob("*.safetensors")}
    assert files == {f"{name}.safetensors" for name in pretrained.names()}
    assert sum((WEIGHTS / file).stat().st_size for file in files) < MOST


@pytest.mark.slow
@pytest.mark.parametrize("name", pretrained.names())
def test_figures_are_found_again(name):
    found = pretrained.provenance(name)
    try:
        images = data.load(found.data, download=False)
    except FileNotFoundError as error:
        pytest.skip(f"without the data set there is nothing to measure: {error}")
    codes = None
    if name.startswith("prior"):
        vqvae = pretrained.load(f"vqvae2-{found.data}")
        codes = latents.encode(vqvae, images.test.images)
    assert measure(pretrained.load(name), images, codes) == pytest.approx(found.metrics, rel=1e-3)
