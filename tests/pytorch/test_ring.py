"""Ring attention in four processes is attention in one, forward and backward."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import attncourse.pytorch as att
from attncourse.pytorch.ring.agreement import _Ring
from tests.pytorch.ring_processes import (
    BAD,
    GOOD,
    HEADS,
    KV_HEADS,
    PROCESSES,
    inputs,
    shards,
    wants_gradient,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> list[dict]:
    """What each process wrote down, of all calls in one start."""
    folder = tmp_path_factory.mktemp("ring")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += [f"--nproc-per-node={PROCESSES}", "-m", "tests.pytorch.ring_processes", str(folder)]
    quiet = {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "GLOO_SOCKET_IFNAME": "lo"}
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | quiet, capture_output=True, text=True, timeout=150
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return [torch.load(folder / f"{rank}.pt") for rank in range(PROCESSES)]


def alone(name: str) -> tuple[dict[str, torch.Tensor], dict]:
    """The same text in one process, on the plain path; and the options of the ring."""
    *given, grad = (x.double() for x in inputs(name))
    options = dict(GOOD[name])
    order = options.pop("order", None)
    leaves = [x.requires_grad_() for x in given]
    output = att.scaled_dot_product_attention(*leaves, **options)
    output.backward(grad)
    return {
        "output": output.detach(),
        **dict(zip("qkv", (x.grad for x in leaves), strict=True)),
    }, order


@pytest.mark.parametrize("name", sorted(set(GOOD) - {"two rings", "half"}))
def test_four_processes_are_one(found, name):
    expected, order = alone(name)
    wanted = {"output": True, **dict(zip("qkv", wants_gradient(name), strict=True))}
    for key, whole in expected.items():
        for rank, shard in enumerate(shards(whole, order, PROCESSES)):
            mine = found[rank][name][key]
            if not wanted[key]:
                assert mine is None
                continue
            assert mine.dtype == torch.float64
            torch.testing.assert_close(mine, shard, rtol=0, atol=1e-12, msg=f"{key} of {rank}")


def test_half_precision_is_rounded_once(found):
    """Parts are joined in float32: what is lost is the rounding of the result."""
    expected, order = alone("half")
    for key, whole in expected.items():
        for rank, shard in enumerate(shards(whole, order, PROCESSES)):
            mine = found[rank]["half"][key]
            assert mine.dtype == torch.float16
            torch.testing.assert_close(mine.double(), shard, rtol=2**-11, atol=2e-6)


def test_two_rings_side_by_side(found):
    """Processes 0 and 2 share one text, 1 and 3 another."""
    whole, order = inputs("two rings"), GOOD["two rings"]["order"]
    for ring in range(2):
        q, k, v, _ = (x.chunk(2, -2)[ring] for x in whole)
        expected = att.scaled_dot_product_attention(q, k, v, causal=True)
        for place, shard in enumerate(shards(expected, order, 2)):
            mine = found[2 * place + ring]["two rings"]["output"]
            torch.testing.assert_close(mine, shard, rtol=0, atol=1e-12)


WORDS = {
    "another length": "ValueError: k: expected as many keys as queries, 5, got 6",
    "a shorter shard": "ValueError: order: expected shape (seq_len,) = (20,), got (24,)",
    "more heads": "ValueError: the shape of q: expected the same in all processes, got (2, 6, 6, 4) "
    "in process 0, (2, 6, 6, 4) in process 1, (2, 12, 6, 4) in process 2",
    "a list": "TypeError: v: expected a torch.Tensor, got list. (process 2)",
    "NaN": "ValueError: k: expected numbers, got NaN",
    "another dtype": "ValueError: dtype: expected the same in all processes, got float64 in process",
    "not causal": "ValueError: causal: expected the same in all processes, got True in process 0",
    "another window": "ValueError: window: expected the same in all processes, got 7 in process 0",
    "window of none": "ValueError: window: expected at least 1, got 0. (process 2)",
    "another order": "ValueError: order: expected the same in all processes",
    "a short order": "ValueError: order: expected shape (seq_len,) = (24,), got (8,). (process 2)",
    "no gradients": "ValueError: gradients wanted: expected the same in all processes, got True in "
    "process 0, True in process 1, False in process 2",
}


@pytest.mark.parametrize("name", sorted(BAD))
def test_one_process_is_wrong_and_all_say_so(found, name):
    texts = {found[rank][name] for rank in range(PROCESSES)}
    assert len(texts) == 1
    assert WORDS[name] in texts.pop()


def cut(order: torch.Tensor, size: int, **options: Any) -> _Ring:
    pieces = order.reshape(size, 1 if len(order) // size % 2 else 2, -1)
    first, last = pieces.amin(-1).tolist(), pieces.amax(-1).tolist()
    options = {"causal": False, "window": None, "scale": None, "group": None} | options
    return _Ring(pieces, first, last, **options)


def computed(ring: _Ring, rank: int, source: int, monkeypatch) -> list[tuple[int, bool]]:
    """How many scores each block has that one process computes at one hop, and if with a mask."""
    monkeypatch.setattr(_Ring, "rank", rank)
    return [
        ((rows.stop - rows.start) * (columns.stop - columns.start), "mask" in options)
        for rows, columns, options in ring.blocks(source)
    ]


def test_the_work_is_shared_out_as_counted(monkeypatch):
    """Pieces of 3: at home two masked ones and an open one; then two open ones at every hop."""
    ring = cut(att.zigzag_order(24, 4), 4, causal=True)
    for rank in range(4):
        for hop in range(4):
            found = computed(ring, rank, (rank - hop) % 4, monkeypatch)
            expected = [(9, True), (9, False), (9, True)] if hop == 0 else [(9, False)] * 2
            assert found == expected


def test_what_lies_outside_the_window_is_skipped(monkeypatch):
    ring = cut(torch.arange(24), 4, window=4)
    for rank in range(4):
        # Pieces of 3: a query sees its own piece and the one before.
        seen = [computed(ring, rank, source, monkeypatch) for source in range(4)]
        expected = [[], [], [], []]
        expected[rank] = [(9, True)] * 3
        if rank:
            expected[rank - 1] = [(9, True)]
        assert seen == expected
    # A window as wide as the distance of all pairs is no window.
    ring = cut(torch.arange(24), 4, window=6)
    assert computed(ring, 1, 0, monkeypatch) == [(9, True), (9, False), (9, True)]


def test_shards_of_one_position(monkeypatch):
    ring = cut(torch.arange(3), 3, causal=True)
    found = [[len(computed(ring, r, s, monkeypatch)) for s in range(3)] for r in range(3)]
    assert found == [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    ring = cut(torch.arange(3), 3)
    found = [[len(computed(ring, r, s, monkeypatch)) for s in range(3)] for r in range(3)]
    assert found == [[1, 1, 1]] * 3


def test_without_processes():
    q = torch.zeros(HEADS, 4, 2)
    with pytest.raises(ValueError, match="group: expected an initialised process group; start"):
        att.ring_attention(q, q[:KV_HEADS], q[:KV_HEADS])
