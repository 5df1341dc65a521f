import pytest
import torch

from vqtutor.data import Minibatches


def make_batches(number: int = 10, **changes: object) -> Minibatches:
    images = torch.arange(number, dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, 3, 2, 2)
    options = {"batch_size": 4, **changes}
    return Minibatches(images, torch.arange(number), **options)


def order_of(batches: Minibatches) -> list[int]:
    return torch.cat([labels for _, labels in batches]).tolist()


def test_bytes_become_floats_exactly():
    images = torch.arange(256, dtype=torch.uint8).view(256, 1, 1, 1)
    (batch,) = next(iter(Minibatches(images, batch_size=256, shuffle=False)))
    assert batch.dtype == torch.float32
    assert torch.equal(batch, images / 255)
    assert batch.min() == 0
    assert batch.max() == 1


def test_every_item_comes_once_beside_its_label():
    batches = make_batches(generator=torch.Generator().manual_seed(0))
    for images, labels in batches:
        assert labels.dtype == torch.int64
        assert torch.equal(images, (labels / 255).view(-1, 1, 1, 1).expand_as(images))
    assert sorted(order_of(batches)) == list(range(10))


def test_none_stays_none():
    images = torch.zeros(5, 1, 2, 2, dtype=torch.uint8)
    assert [labels for _, labels in Minibatches(images, None, batch_size=2)] == [None] * 3


def test_same_generator_same_order():
    def order(seed: int) -> list[int]:
        return order_of(make_batches(generator=torch.Generator().manual_seed(seed)))

    assert order(1) == order(1) != order(2)


def test_each_epoch_has_a_new_order():
    batches = make_batches(100, generator=torch.Generator().manual_seed(0))
    assert order_of(batches) != order_of(batches)


def test_order_is_drawn_from_the_generator_alone():
    before = torch.random.get_rng_state()
    order_of(make_batches(generator=torch.Generator()))
    order_of(make_batches(shuffle=False))
    assert torch.equal(torch.random.get_rng_state(), before)
    order_of(make_batches())
    assert not torch.equal(torch.random.get_rng_state(), before)


def test_without_shuffle_the_order_stays():
    assert order_of(make_batches(shuffle=False)) == list(range(10))


@pytest.mark.parametrize(("number", "whole", "all_of_them"), [(10, 2, 3), (8, 2, 2), (4, 1, 1)])
def test_length_is_the_number_of_batches(number, whole, all_of_them):
    for drop_last, expected in ((True, whole), (False, all_of_them)):
        batches = make_batches(number, drop_last=drop_last)
        assert len(batches) == expected
        assert len(list(batches)) == expected
    sizes = [len(labels) for _, labels in make_batches(number, drop_last=True)]
    assert sizes == [4] * whole


def test_a_batch_is_a_copy():
    """A training step that writes into its batch must not change the data."""
    labels = torch.arange(4)
    (batch,) = next(iter(Minibatches(labels, batch_size=4, shuffle=False)))
    batch.zero_()
    assert torch.equal(labels, torch.arange(4))


def test_batches_go_to_the_device_asked_for():
    """The meta device holds no numbers, but knows where it is."""
    for images, labels in make_batches(device="meta"):
        assert (images.device.type, images.dtype) == ("meta", torch.float32)
        assert (labels.device.type, labels.dtype) == ("meta", torch.int64)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("stored", ["cpu", "cuda"])
def test_batches_come_on_the_device(stored):
    images = torch.arange(8, dtype=torch.uint8).view(8, 1, 1, 1)
    here = Minibatches(images, batch_size=3, generator=torch.Generator().manual_seed(0))
    there = Minibatches(
        images.to(stored),
        batch_size=3,
        generator=torch.Generator().manual_seed(0),
        device="cuda",
    )
    for (expected,), (batch,) in zip(here, there, strict=True):
        assert batch.device.type == "cuda"
        assert torch.equal(batch.cpu(), expected)


@pytest.mark.parametrize(
    ("tensors", "options", "message"),
    [
        ((torch.zeros(3), torch.zeros(4)), {}, r"same length, got \[3, 4\]"),
        ((None,), {}, r"at least one tensor"),
        ((torch.zeros(3),), {"batch_size": 0}, r"batch_size must be at least 1, got 0"),
        ((torch.zeros(0, 1),), {}, r"0 items make no batch of 4: take"),
        ((torch.zeros(3),), {"drop_last": True}, r"3 items make no batch of 4 while drop_last"),
    ],
)
def test_what_makes_no_batch_is_refused(tensors, options, message):
    with pytest.raises(ValueError, match=message):
        Minibatches(*tensors, **{"batch_size": 4, **options})


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_generator_elsewhere_is_refused():
    with pytest.raises(ValueError, match=r"must be a CPU generator, got one on cuda"):
        make_batches(generator=torch.Generator("cuda"))


def test_parts_of_a_batch_make_up_the_whole():
    numbers = torch.arange(30)

    def drawn(**how):
        generator = torch.Generator().manual_seed(0)
        return [batch for (batch,) in Minibatches(numbers, generator=generator, **how)]

    whole = drawn(batch_size=12, drop_last=True)
    parts = [drawn(batch_size=12, part=(index, 3)) for index in range(3)]
    assert [len(part) for part in parts] == [2, 2, 2]
    for batch, *shares in zip(whole, *parts, strict=True):
        assert [len(share) for share in shares] == [4, 4, 4]
        assert torch.equal(torch.cat(shares), batch)


@pytest.mark.parametrize("part", [(0, 5), (3, 3), (-1, 3)])
def test_parts_that_do_not_fit(part):
    with pytest.raises(ValueError, match=r"n must divide batch_size = 12, got \("):
        Minibatches(torch.arange(30), batch_size=12, part=part)
