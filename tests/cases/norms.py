from __future__ import annotations

import numpy as np

from tests.cases.common import BATCH, D_MODEL, Q_LEN, call, normal

_x = 3 * normal(BATCH, Q_LEN, D_MODEL) + 1
_gain, _bias = normal(D_MODEL), normal(D_MODEL)
_constant = np.full((3, 4), 2.0)


def _refused() -> list:
    return [
        (call([1.0, 2.0]), TypeError, "x: expected a ARRAY, got list"),
        (call(_x.astype(int)), TypeError, "x: expected a floating dtype"),
        (call(np.array(1.0)), ValueError, "x: expected shape (*batch, d_model), got ()"),
        (call(_x[..., :0]), ValueError, "d_model: expected at least 1, got 0"),
        (call(_x, _gain[:5]), ValueError, "weight: expected shape (d_model) with d_model = 12"),
        (call(_x, _x), ValueError, "weight: expected shape (d_model)"),
        (call(_x, _gain > 0), TypeError, "weight: expected a floating dtype"),
        (call(_x, _gain, eps=0.0), ValueError, "eps: expected a number above zero, got 0.0"),
        (call(_x, _gain, eps=np.inf), ValueError, "eps: expected a finite number"),
        (call(_x, _gain, eps="small"), TypeError, "eps: expected a number, got str"),
    ]


GOOD = {
    "layer_norm": [
        call(_x, _gain, _bias),
        call(_x),
        call(_x[0, 0], _gain),
        call(_x, bias=_bias, eps=0.5),
        call(_constant, np.arange(4.0), np.ones(4)),
        call(1e100 * _x),
        call(1e-4 * _x),
        call(_x[:0], _gain, _bias),
    ],
    "rms_norm": [
        call(_x, _gain),
        call(_x),
        call(_x[0, 0]),
        call(_x, _gain, eps=0.5),
        call(0 * _constant, np.arange(4.0)),
        call(1e100 * _x),
        call(1e-4 * _x),
        call(_x[:0], _gain),
    ],
}

BAD = {
    "layer_norm": [
        *_refused(),
        (call(_x, None, _bias[:5]), ValueError, "bias: expected shape (d_model)"),
        (call(_x, _gain, [0.0] * D_MODEL), TypeError, "bias: expected a ARRAY, got list"),
    ],
    "rms_norm": _refused(),
}
