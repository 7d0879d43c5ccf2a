from __future__ import annotations

import numpy as np

from tests.cases.common import call, normal


def _masks(*numbers: int) -> list:
    lengths = [(3, 3), (2, 5), (5, 2), (1, 4), (0, 3)]
    return [call(*pair, number) for pair in lengths for number in numbers]


GOOD = {
    "create_mask": [
        call(lambda q_pos, kv_pos: (q_pos + 2 * kv_pos) % 3 == 0, 4, 7),
        call(lambda q_pos, kv_pos: kv_pos != 1, 5, 3),
    ],
    "causal_mask": [call(3, 3), call(2, 5), call(5, 2), call(0, 3), call(3, 0)],
    "sliding_window_mask": _masks(1, 2, 9),
    "prefix_mask": _masks(0, 2, 9),
    "block_mask": _masks(1, 2, 9),
    "attention_mask": [
        call(3, 5, causal=True),
        call(3, 5),
        call(5, 3, window=2),
        call(3, 5, mask=normal(2, 1, 3, 5) > 0),
        call(3, 5, mask=normal(2, 4, 1, 5) > 0, causal=True, window=2),
        call(3, 5, mask=normal(5) > 0, causal=True),
    ],
    "document_mask": [
        call(np.array([[1, 1, 2, 2, 1], [0, 0, 0, -3, -3]])),
        call(np.array([[1, 1, 2, 2, 1], [0, 0, 0, -3, -3]]), 2),
        call(np.array([[1, 1, 2, 2, 1], [0, 0, 0, -3, -3]]), 0),
    ],
    "padding_mask": [
        call(np.array([3, 0, 5]), 5),
        call(np.array([2], dtype=np.int32), 3),
        call(np.array([3, 0, 5, 1]), 5, side="left"),
    ],
}

BAD = {
    "attention_mask": [
        (call(3.0, 5), TypeError, "q_len: expected a whole number, got 3.0"),
        (call(3, 5, mask=normal(3, 5)), TypeError, "mask: expected a boolean array"),
        (call(3, 5, mask=normal(5, 3) > 0), ValueError, "mask: expected a shape that broadcasts"),
        (call(3, 5, causal=1), TypeError, "causal: expected True or False"),
        (call(3, 5, window=0), ValueError, "window: expected at least 1"),
    ],
    "create_mask": [
        (call(lambda q_pos, kv_pos: q_pos - kv_pos, 2, 3), TypeError, "mask: expected a boolean"),
        (call(lambda q_pos, kv_pos: True, 2, 3), TypeError, "mask: expected a ARRAY, got bool"),
        (
            call(lambda q_pos, kv_pos: (kv_pos >= q_pos)[None], 2, 3),
            ValueError,
            "mask: expected a shape that broadcasts to (q_len, kv_len), (2, 3), got (1, 2, 3)",
        ),
        (
            call(lambda q_pos, kv_pos: kv_pos >= q_pos, -2, 3),
            ValueError,
            "q_len: expected at least",
        ),
    ],
    "causal_mask": [
        (call(2.0, 3), TypeError, "q_len: expected a whole number, got 2.0"),
        (call(2, -1), ValueError, "kv_len: expected at least 0, got -1"),
    ],
    "sliding_window_mask": [
        (call(2, 3, 0), ValueError, "window: expected at least 1, got 0"),
        (call(2, 3, None), TypeError, "window: expected a whole number, got None"),
        (call(-2, 3, 1), ValueError, "q_len"),
    ],
    "prefix_mask": [
        (call(2, 3, -1), ValueError, "prefix_len: expected at least 0, got -1"),
        (call(2, 3, 1.0), TypeError, "prefix_len: expected a whole number"),
    ],
    "block_mask": [
        (call(2, 3, 0), ValueError, "block_len: expected at least 1, got 0"),
        (call(2, 3, "2"), TypeError, "block_len: expected a whole number"),
    ],
    "document_mask": [
        (call(normal(2, 3)), TypeError, "documents: expected an integer array, got float64"),
        (call(np.array([1, 1])), ValueError, "documents: expected shape (batch, kv_len), got (2,)"),
        (call(np.array([[1, 1]]), 3), ValueError, "q_len: expected at most 2, got 3"),
        (call(np.array([[1, 1]]), -1), ValueError, "q_len: expected at least 0, got -1"),
    ],
    "padding_mask": [
        (call(np.array([2, 3]), 5, side="both"), ValueError, "side: expected one of right, left"),
        (call(np.array([True]), 3), TypeError, "lengths: expected an integer array, got bool"),
        (call([1, 2], 3), TypeError, "lengths: expected a ARRAY, got list"),
        (call(np.array([[1]]), 3), ValueError, "lengths: expected shape (batch), got (1, 1)"),
        (call(np.array([1, 4]), 3), ValueError, "lengths: expected numbers from 0 to 3, got 4"),
        (call(np.array([1, -1]), 3), ValueError, "lengths: expected numbers from 0 to 3, got -1"),
        (call(np.array([1]), 3.0), TypeError, "kv_len: expected a whole number"),
    ],
}

NO_GRADIENT = dict.fromkeys(GOOD, "a mask is boolean")
