"""Ring attention on one machine: exact, and balanced where it is said to be."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import attncourse.reference as ref
from tests.cases.common import normal
from tests.reference.oracle import attend, visible

ORDERS = {
    "in order": lambda n, _: np.arange(n),
    "zigzag": ref.zigzag_order,
    "striped": ref.striped_order,
    "shuffled": lambda n, _: np.random.default_rng(3).permutation(n),
}


@pytest.mark.parametrize("name", ORDERS)
@pytest.mark.parametrize("n_devices", [1, 2, 4])
@pytest.mark.parametrize(
    "options", [{}, {"causal": True}, {"causal": True, "window": 5}, {"window": 20, "scale": 0.2}]
)
def test_a_ring_is_attention(name, n_devices, options):
    q, k, v = normal(2, 6, 16, 4), normal(2, 3, 16, 4), normal(2, 3, 16, 5)
    order = ORDERS[name](16, n_devices)
    output, work = ref.simulated_ring_attention(q, k, v, order, n_devices=n_devices, **options)
    expected, weights = attend(q, k, v, **options)
    np.testing.assert_allclose(output, expected, atol=1e-12)
    # Who counts: device d at hop h meets the keys of device d - h.
    place = np.argsort(order) // (16 // n_devices)
    counted = np.zeros((n_devices, n_devices), int)
    sees = {"causal": False, "window": None} | {k: o for k, o in options.items() if k != "scale"}
    for i, j in itertools.product(range(16), range(16)):
        if visible(i, j, 16, 16, **sees):
            counted[place[i], (place[i] - place[j]) % n_devices] += 1
    np.testing.assert_array_equal(work, counted)
    assert work.sum() == (weights[0, 0] > 0).sum()


def slowest(order: np.ndarray | None, n_devices: int = 4, seq: int = 32) -> int:
    x = np.ones((1, seq, 1))
    _, work = ref.simulated_ring_attention(x, x, x, order, n_devices=n_devices, causal=True)
    assert work.sum() == seq * (seq + 1) // 2
    return work.max(0).sum()


def test_balance_by_hand():
    """Shards of 8: a full one is 64 pairs, a triangle 36 with its diagonal and 28 without."""
    assert slowest(None) == 36 + 64 + 64 + 64
    assert slowest(ref.zigzag_order(32, 4)) == 36 + 32 + 32 + 32
    assert slowest(ref.striped_order(32, 4)) == 36 + 36 + 36 + 36


def test_zigzag_gives_all_the_same_at_every_hop():
    x = np.ones((1, 48, 1))
    order = ref.zigzag_order(48, 4)
    _, work = ref.simulated_ring_attention(x, x, x, order, n_devices=4, causal=True)
    assert (work == work[0]).all()


@pytest.mark.parametrize("name", ["zigzag", "striped"])
@pytest.mark.parametrize(("seq", "n_devices"), [(12, 3), (16, 2), (6, 1), (40, 4)])
def test_an_order_and_its_inverse(name, seq, n_devices):
    order = ORDERS[name](seq, n_devices)
    x = normal(seq)
    np.testing.assert_array_equal(x[order][ref.inverse_order(order)], x)
    shards = order.reshape(n_devices, -1)
    for d, shard in enumerate(shards):
        if name == "striped":
            assert shard.tolist() == list(range(d, seq, n_devices))
        else:
            piece = seq // (2 * n_devices)
            late = (2 * n_devices - 1 - d) * piece
            wanted = [*range(d * piece, (d + 1) * piece), *range(late, late + piece)]
            assert shard.tolist() == wanted
