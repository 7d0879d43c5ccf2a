from __future__ import annotations

import numpy as np

import attncourse.reference as ref
from tests.cases.common import BATCH, D_K, D_V, HEADS, KV_HEADS, call, normal

SEQ, DEVICES = 12, 3


def _qkv(seq: int = SEQ) -> tuple[np.ndarray, ...]:
    return (
        normal(BATCH, HEADS, seq, D_K),
        normal(BATCH, KV_HEADS, seq, D_K),
        normal(BATCH, KV_HEADS, seq, D_V),
    )


_zigzag, _striped = ref.zigzag_order(SEQ, DEVICES), ref.striped_order(SEQ, DEVICES)
_three = {"n_devices": DEVICES}

GOOD = {
    "zigzag_order": [call(12, 3), call(16, 2), call(6, 1), call(0, 4)],
    "striped_order": [call(12, 3), call(9, 3), call(5, 1), call(0, 4)],
    "inverse_order": [call(_zigzag), call(_striped), call(np.array([2, 0, 3, 1]))],
    "simulated_ring_attention": [
        call(*_qkv(), _zigzag, **_three, causal=True),
        call(*_qkv(), _striped, **_three, causal=True, window=5, scale=0.3),
        call(*_qkv(), **_three, window=2),
        call(*_qkv(), **_three),
        call(*[a[0, 0] for a in _qkv()], _zigzag, **_three, causal=True),
        call(*_qkv(7), n_devices=7, causal=True),
        call(*_qkv(7), n_devices=1, causal=True),
    ],
}

_qkv_ = _qkv()
BAD = {
    "zigzag_order": [
        (
            call(10, 2),
            ValueError,
            "seq_len: expected a multiple of 4, 2 for each of 2 devices, got 10; fill the text up",
        ),
        (call(8, 0), ValueError, "n_devices: expected at least 1, got 0"),
        (call(-8, 2), ValueError, "seq_len: expected at least 0, got -8"),
        (call(8.0, 2), TypeError, "seq_len: expected a whole number"),
    ],
    "striped_order": [
        (call(10, 4), ValueError, "seq_len: expected a multiple of 4, 1 for each of 4 devices"),
        (call(8, -1), ValueError, "n_devices: expected at least 1, got -1"),
        (call(8, "2"), TypeError, "n_devices: expected a whole number"),
    ],
    "inverse_order": [
        (
            call(np.array([0, 1, 1])),
            ValueError,
            "order: expected each of the positions 0 to 2 once",
        ),
        (
            call(np.array([1, 2, 3])),
            ValueError,
            "order: expected each of the positions 0 to 2 once",
        ),
        (call(np.array([[0, 1]])), ValueError, "order: expected shape (seq_len)"),
        (call(np.array([0.0, 1.0])), TypeError, "order: expected an integer array"),
    ],
    "simulated_ring_attention": [
        (call(*_qkv_, n_devices=5), ValueError, "n_devices: expected a divisor of the length of q"),
        (call(*_qkv_, n_devices=0), ValueError, "n_devices: expected at least 1, got 0"),
        (call(*_qkv_, n_devices=3.0), TypeError, "n_devices: expected a whole number"),
        (call(*_qkv_, _zigzag[:6], **_three), ValueError, "(seq_len,) = (12,), got (6,)"),
        (call(*_qkv_, 0 * _zigzag, **_three), ValueError, "each of the positions 0 to 11 once"),
        (
            call(_qkv_[0], *_qkv(9)[1:], **_three),
            ValueError,
            "k: expected as many keys as queries, 12, got 9; a ring is for self-attention",
        ),
        (call(_qkv_[0][:, :4], *_qkv_[1:], **_three), ValueError, "n_heads: expected a multiple"),
        (call(*_qkv_, **_three, window=0), ValueError, "window: expected at least 1"),
        (call(*_qkv_, **_three, scale="1"), TypeError, "scale: expected a number"),
    ],
}

NO_GRADIENT = dict.fromkeys(
    ("zigzag_order", "striped_order", "inverse_order"), "positions are whole numbers"
)
