from __future__ import annotations

import numpy as np

from tests.cases.common import HEADS, Q_LEN, call, normal, qkv

_q, _k, _v = qkv()
_x = normal(3, 7, 4)

GOOD = {
    "segment_means": [
        call(normal(2, 3, 7, 4), 3),
        *[call(normal(7, 4), n) for n in range(1, 8)],
        call(normal(11, 2), 4),
        call(normal(12, 2), 4),
    ],
    "iterative_pseudo_inverse": [
        call(normal(2, 3, 4, 4), iterations=3),
        call(normal(3, 5)),
        call(normal(5, 3), iterations=0),
        call(normal(4, 2) @ normal(2, 4), iterations=7),
        call(np.zeros((2, 3, 3))),
    ],
    "nystrom_attention": [
        call(*qkv(), n_landmarks=3, iterations=4, scale=0.3),
        call(*qkv(HEADS, 1), n_landmarks=Q_LEN),
        call(*[a[0, 0] for a in qkv()], n_landmarks=2),
        call(*[a[0] for a in qkv(HEADS, HEADS)], n_landmarks=1),
    ],
}

BAD = {
    "segment_means": [
        (call(_x, 0), ValueError, "n_segments: expected at least 1, got 0"),
        (call(_x, 8), ValueError, "n_segments: expected at most 7, got 8"),
        (call(_x, 2.5), TypeError, "n_segments: expected a whole number"),
        (call(_x[0, 0], 1), ValueError, "x: expected shape (*batch, seq, dim)"),
        (call(_x > 0, 2), TypeError, "x: expected a floating dtype"),
    ],
    "iterative_pseudo_inverse": [
        (call(_x > 0), TypeError, "a: expected a floating dtype"),
        (call(_x[0, 0]), ValueError, "a: expected shape (*batch, rows, columns)"),
        (call(normal(0, 3)), ValueError, "rows: expected at least 1, got 0"),
        (call(normal(3, 0)), ValueError, "columns: expected at least 1, got 0"),
        (call(_x, iterations=-1), ValueError, "iterations: expected at least 0, got -1"),
        (call(_x, iterations=1.5), TypeError, "iterations: expected a whole number"),
    ],
    "nystrom_attention": [
        (call(_q, _k, _v, n_landmarks=6), ValueError, "n_landmarks: expected at most 5, got 6"),
        (
            call(_q, _k[:, :, :2], _v[:, :, :2], n_landmarks=3),
            ValueError,
            "n_landmarks: expected at most 2, got 3",
        ),
        (call(_q, _k, _v, n_landmarks=0), ValueError, "n_landmarks: expected at least 1, got 0"),
        (call(_q, _k, _v, n_landmarks=2, iterations=-1), ValueError, "iterations: expected at"),
        (call(_q, _k, _v, n_landmarks=2, iterations=0.5), TypeError, "iterations: expected a"),
        (call(_q, _k, _v, n_landmarks=2, scale=np.inf), ValueError, "scale: expected a finite"),
        (call(_q[:, :4], _k, _v, n_landmarks=2), ValueError, "n_heads: expected a multiple"),
        (call(_q, _k[..., :-1], _v, n_landmarks=2), ValueError, "d_k = 4 (from q)"),
        (call(_q, _k, _v > 0, n_landmarks=2), TypeError, "v: expected a floating dtype"),
    ],
}
