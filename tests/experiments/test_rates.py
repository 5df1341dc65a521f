"""Bits against closed forms, and against the bytes of a file read by hand."""

from __future__ import annotations

import io
import math
import struct

import numpy as np
import pytest
import torch
from PIL import Image
from torch.distributions import Normal, kl_divergence

from tests.experiments.standins import make_data, make_vqvae
from vqtutor.experiments import rates
from vqtutor.models import Codes, Posterior


def test_kl_in_bits_equals_that_of_the_distributions():
    mean, log_variance = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0))
    nats = kl_divergence(Normal(mean, (0.5 * log_variance).exp()), Normal(0, 1)).sum(dim=1)
    found = rates.kl_bits(Posterior(mean, log_variance))
    torch.testing.assert_close(found.float(), nats / math.log(2), rtol=1e-4, atol=1e-5)


def test_active_units_depend_on_the_image():
    mean = torch.tensor([[0.0, 5.0, 0.05, -0.2], [0.0, 5.0, -0.05, 0.2]])
    posterior = Posterior(mean, torch.zeros(2, 4))
    assert rates.active_units(posterior).tolist() == [False, False, False, True]
    assert rates.active_units(posterior, above=0.002).tolist() == [False, False, True, True]


def test_entropy_is_that_of_each_position_alone():
    model = make_vqvae(make_data())  # 5 codes above, 4 below
    top = torch.zeros(4, 2, 2, dtype=torch.int64)
    bottom = torch.zeros(4, 4, 4, dtype=torch.int64)
    assert rates.entropy_bits(model, Codes(top, bottom)) == 0
    top[:, 0, 0] = torch.tensor([0, 4, 0, 4])  # 1 bit
    bottom[:, 3, 1] = torch.arange(4)  # 2 bits
    bottom[:, 0, 2] = 3  # another code, but always the same
    assert rates.entropy_bits(model, Codes(top, bottom)) == pytest.approx(3)


def read_chunks(file: bytes) -> dict[bytes, int]:
    """Bytes of content of every chunk of a PNG, by name."""
    place, chunks = 8, {}
    while place < len(file):
        length, name = struct.unpack(">I4s", file[place : place + 8])
        chunks[name] = length
        place += 12 + length
    return chunks


@pytest.mark.parametrize("channels", [1, 3])
def test_png_bits_are_those_of_the_files(channels):
    images = torch.randint(0, 256, (3, channels, 6, 7), dtype=torch.uint8)
    sizes = []
    for image in images:
        file = io.BytesIO()
        array = np.moveaxis(image.numpy(), 0, 2)
        Image.fromarray(array[..., 0] if channels == 1 else array).save(file, "PNG", optimize=True)
        assert np.array_equal(np.asarray(Image.open(file)).reshape(array.shape), array)
        chunks = read_chunks(file.getvalue())
        assert chunks.keys() == {b"IHDR", b"IDAT", b"IEND"}
        assert 8 * (len(file.getvalue()) - chunks[b"IDAT"]) == rates.PNG_OVERHEAD
        sizes.append(8 * len(file.getvalue()))
    assert rates.png_bits(images) == pytest.approx(sum(sizes) / 3)
