"""What autograd makes of sparse, low-rank and landmark attention: gradients, and their memory."""

from __future__ import annotations

from functools import partial

import pytest
import torch

import attncourse.pytorch as att
from attncourse.pytorch.flash.tiles import _Tiles
from tests.cases.common import HEADS, KV_LEN, Q_LEN
from tests.pytorch.test_flash import leaf, peaks

TABLE = torch.tensor([[1, 0, -1], [2, 2, 0], [3, -1, -1]])
RANDOM, EVERYWHERE = torch.tensor([[3], [-1], [0]]), torch.tensor([1])
TOKENS = torch.tensor([5, 0, 5])
SIZES = {"block_len": 2, "window": 1}
PAIRS = {
    "window": (
        partial(att.sliding_window_attention, window=2),
        att.sliding_window_mask(Q_LEN, KV_LEN, 2),
    ),
    "dilated": (
        partial(att.sliding_window_attention, window=2, dilation=2, two_sided=True),
        att.dilated_window_mask(Q_LEN, KV_LEN, 2, 2, two_sided=True),
    ),
    "longformer": (
        lambda q, k, v, **o: att.longformer_attention(q, k, v, TOKENS, window=2, **o),
        att.two_sided_window_mask(Q_LEN, KV_LEN, 2) | att.global_mask(TOKENS, Q_LEN, KV_LEN),
    ),
    "blocks": (
        lambda q, k, v, **o: att.block_sparse_attention(q, k, v, TABLE, block_len=2, **o),
        att.block_sparse_mask(TABLE, Q_LEN, KV_LEN, block_len=2),
    ),
    "local": (partial(att.block_attention, block_len=2), att.block_mask(Q_LEN, KV_LEN, 2)),
    "big bird": (
        lambda q, k, v, **o: att.big_bird_attention(q, k, v, RANDOM, EVERYWHERE, **SIZES, **o),
        att.big_bird_mask(RANDOM, EVERYWHERE, Q_LEN, KV_LEN, **SIZES),
    ),
    "strided": (
        partial(att.strided_attention, stride=2),
        att.strided_mask(Q_LEN, KV_LEN, 2),
    ),
    "fixed": (
        partial(att.fixed_attention, block_len=3, n_summaries=2),
        att.fixed_mask(Q_LEN, KV_LEN, 3, 2),
    ),
}


@pytest.mark.parametrize("with_sinks", [False, True])
@pytest.mark.parametrize(("attend", "mask"), PAIRS.values(), ids=PAIRS)
def test_gradients_are_those_of_the_plain_path(attend, mask, with_sinks):
    """One sequence has padding, the other is nothing else: its rows are empty."""
    torch.manual_seed(2004)
    leaves = [leaf(2, HEADS, Q_LEN, 4), leaf(2, 3, KV_LEN, 4), leaf(2, 3, KV_LEN, 8)]
    options = {"sinks": leaf(HEADS)} if with_sinks else {}
    padding = (torch.arange(KV_LEN) < torch.tensor([5, 0])[:, None])[:, None, None]
    weights = torch.randn(2, HEADS, Q_LEN, 8, dtype=torch.float64)
    plain = att.scaled_dot_product_attention(*leaves, mask=mask & padding, **options)
    found = attend(*leaves, mask=padding, **options)
    torch.testing.assert_close(found, plain, atol=1e-12, rtol=1e-12)
    every = [*leaves, *options.values()]
    ours, theirs = (torch.autograd.grad((o * weights).sum(), every) for o in (found, plain))
    torch.testing.assert_close(ours, theirs, atol=1e-12, rtol=1e-12)


def big_bird(q, k, v):
    rows = torch.arange(q.shape[-2] // 16)
    random = (7 * rows[:, None] + torch.arange(2)) % len(rows)
    return att.big_bird_attention(q, k, v, random, torch.tensor([0]), block_len=16)


@pytest.mark.parametrize(
    "attend",
    [
        partial(att.sliding_window_attention, window=16, dilation=2),
        lambda *qkv: att.longformer_attention(*qkv, torch.tensor([0, 99]), window=16),
        big_bird,
        lambda q, k, v: att.linformer_attention(q, k, v, *2 * [torch.ones(16, k.shape[-2])]),
        partial(att.nystrom_attention, n_landmarks=16),
    ],
    ids=["window", "longformer", "big bird", "linformer", "nystrom"],
)
def test_memory_is_linear_in_length(attend):
    """Forward, and forward and backward together."""
    short, long = peaks(attend, 1024), peaks(attend, 2048)
    for at_short, at_long in zip(short, long, strict=True):
        assert at_long < 2.1 * at_short
    assert max(long) < 2 * 2048 * 2048, "less than half a score a pair"


def test_the_peak_sees_a_whole_matrix():
    """The measure can tell: the plain path, with the mask of a window."""
    short, long = (
        peaks(
            lambda q, k, v: att.scaled_dot_product_attention(
                q, k, v, mask=att.sliding_window_mask(q.shape[-2], k.shape[-2], 16)
            ),
            length,
        )
        for length in (256, 512)
    )
    assert all(b > 3.8 * a for a, b in zip(short, long, strict=True))
    assert min(long) > 4 * 512 * 512


@pytest.mark.parametrize(
    ("attend", "kept"),
    [
        (partial(att.sliding_window_attention, window=16), 2 * 16),
        (partial(att.sliding_window_attention, window=16, two_sided=True), 3 * 16),
        (partial(att.sliding_window_attention, window=16, dilation=4), 2 * 16),
        (partial(att.block_attention, block_len=16), 16),
        (big_bird, 6 * 16 + 16),
    ],
)
def test_scores_are_computed_for_what_is_kept(attend, kept, monkeypatch):
    """Count them where they are made: as many for each query as the docstring says."""
    made = []
    scores = _Tiles.scores

    def counting(self, q, k):
        found = scores(self, q, k)
        made.append(found.numel())
        return found

    monkeypatch.setattr(_Tiles, "scores", counting)
    attend(*(torch.randn(1, 256, 4) for _ in range(3)))
    assert sum(made) == 256 * kept
