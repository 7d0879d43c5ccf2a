from __future__ import annotations

import numpy as np

from tests.cases.common import call, normal, some


def _softmaxes() -> list:
    x = normal(2, 3, 5)
    spread = np.array([[1e4, -1e4, 0.0], [-np.inf, 2.0, -np.inf], [-np.inf] * 3])
    return [
        call(x),
        call(x, axis=0),
        call(x, axis=1, mask=some(3, 1)),
        call(x, mask=some(2, 3, 5)),
        call(x, axis=-2, mask=some(2, 3, 5)),
        call(normal(7)),
        call(spread),
        call(1e300 * normal(3, 4)),
    ]


_row = normal(4)
_tied = np.array([[2.0, 2.0, 2.0, 2.0], [1.0, 1.0, 0.5, -1.0], [1.0, 0.0, 0.0, 0.0]])
_infinite = np.array([[0.0, np.inf], [1.0, 2.0]])


def _refused() -> list:
    return [
        (call(np.array([1, 2])), TypeError, "x: expected a floating dtype"),
        (call(_row, axis=1), ValueError, "axis of the 1-dimensional array, got 1"),
        (call(normal(3, 0)), ValueError, "axis: expected at least one entry"),
        (call(_row, mask=np.zeros(4)), TypeError, "mask: expected a boolean array"),
        (call(_row, mask=np.ones(3, bool)), ValueError, "mask: expected a shape that broadcasts"),
        (call(_infinite), ValueError, "x: expected scores below inf, got inf in 1 of 2 rows"),
    ]


GOOD = {
    "softmax": [*_softmaxes(), call(normal(3, 4), temperature=0.2), call(1e8 * normal(3, 4))],
    "online_softmax": [
        *_softmaxes(),
        *[call(normal(3, 7), tile_len=tile_len) for tile_len in (1, 2, 7, 9)],
        call(normal(3, 7), axis=0, tile_len=2),
    ],
    "sparsemax": [*_softmaxes(), call(_tied), call(5 * normal(4, 30))],
    "entmax": [
        *_softmaxes(),
        *[call(normal(3, 7), alpha=alpha) for alpha in (1.01, 1.5, 2, 2.5, 4.0)],
        call(_tied),
        call(5 * normal(4, 30), alpha=1.2, mask=some(4, 30)),
    ],
    "online_softmax_step": [
        call(normal(3, 1), np.exp(normal(3, 1)), normal(3, 5)),
        call(normal(1, 4), np.exp(normal(1, 4)), normal(3, 4), axis=0),
        call(np.full((3, 1), -np.inf), np.zeros((3, 1)), normal(3, 5)),
        call(np.full((3, 1), -np.inf), np.zeros((3, 1)), np.full((3, 5), -np.inf)),
    ],
}

BAD = {
    "softmax": [
        (call([1.0, 2.0]), TypeError, "x: expected a ARRAY, got list."),
        (call(np.array([1, 2])), TypeError, "got int64; convert it to floating point first"),
        (call(np.array([True, False])), TypeError, "a boolean array is a mask"),
        (call(_row + 1j), TypeError, "got complex128"),
        (
            call(_row, axis=1),
            ValueError,
            "axis: expected an axis of the 1-dimensional array, got 1",
        ),
        (call(_row, axis=-2), ValueError, "got -2"),
        (call(_row, axis=0.5), TypeError, "axis: expected a whole number, got 0.5"),
        (call(np.array(1.0)), ValueError, "0-dimensional"),
        (call(normal(3, 0)), ValueError, "at least one entry along axis -1, got shape (3, 0)"),
        (call(_row, mask=np.array([1, 0, 1, 1])), TypeError, "write mask != 0"),
        (call(_row, mask=np.zeros(4)), TypeError, "an additive mask is a bias"),
        (call(_row, mask=[True] * 4), TypeError, "mask: expected a ARRAY, got list"),
        (call(_row, mask=np.ones(3, bool)), ValueError, "broadcasts to x, (4,), got (3,)"),
        (call(_row, mask=np.ones((2, 4), bool)), ValueError, "broadcasts to x, (4,), got (2, 4)"),
        (call(_row, temperature=0), ValueError, "temperature: expected a number above zero, got 0"),
        (call(_row, temperature=np.inf), ValueError, "temperature: expected a finite number"),
        (call(_row, temperature="hot"), TypeError, "temperature: expected a number, got str"),
        (call(_infinite), ValueError, "x: expected scores below inf, got inf in 1 of 2 rows"),
    ],
    "online_softmax": [
        (call(np.array([1, 2])), TypeError, "x: expected a floating dtype"),
        (call(_row, axis=3), ValueError, "got 3"),
        (call(_row, mask=np.zeros(4)), TypeError, "mask: expected a boolean array"),
        (call(_row, mask=np.ones(3, bool)), ValueError, "broadcasts to x"),
        (call(_infinite), ValueError, "tile: expected scores below inf, got inf in 1 of 2 rows"),
        (call(_row, tile_len=0), ValueError, "tile_len: expected at least 1, got 0"),
        (call(_row, tile_len=1.5), TypeError, "tile_len: expected a whole number, got 1.5"),
        (call(_row, tile_len=True), TypeError, "tile_len: expected a whole number, got True"),
    ],
    "sparsemax": _refused(),
    "entmax": [
        *_refused(),
        (call(_row, alpha=1), ValueError, "alpha: expected a number above one, got 1."),
        (call(_row, alpha=0.5), ValueError, "alpha: expected a number above one, got 0.5."),
        (call(_row, alpha=np.inf), ValueError, "alpha: expected a finite number"),
        (call(_row, alpha="2"), TypeError, "alpha: expected a number, got str"),
    ],
    "online_softmax_step": [
        (call(_row[:1], _row[:1], np.array([1])), TypeError, "tile: expected a floating dtype"),
        (call(np.array([1]), _row[:1], _row), TypeError, "maximum: expected a floating dtype"),
        (call(_row[:1], np.array([1]), _row), TypeError, "normaliser: expected a floating dtype"),
        (call(_row, _row[:1], _row), ValueError, "maximum: expected shape (1,), got (4,)"),
        (call(_row[:1], _row[:2], _row), ValueError, "normaliser: expected shape (1,), got (2,)"),
        (call(_row[:1], _row[:1], _row, axis=1), ValueError, "axis"),
        (call(np.array([np.inf]), _row[:1], _row), ValueError, "tile: expected scores below inf"),
    ],
}

FLOAT32 = {"online_softmax_step": (0, 1)}  # the maximum and the normaliser
