from __future__ import annotations

from typing import Any

import numpy as np

import attncourse.reference as ref
from tests.cases.common import BATCH, D_K, D_MODEL, D_OUT, D_V, KV_LEN, Q_LEN, call, normal, some

HEADS, KV_RANK, Q_RANK, D_ROPE = 3, 7, 9, 6
KV_SUM = KV_LEN + Q_LEN


def parameters(query_latent: bool = True, weights: bool = True) -> ref.LatentParameters:
    query = Q_RANK if query_latent else D_MODEL
    return ref.LatentParameters(
        w_query_up=normal(query, HEADS * D_K),
        w_query_rope=normal(query, HEADS * D_ROPE) / 3,
        w_kv_down=normal(D_MODEL, KV_RANK),
        kv_norm=normal(KV_RANK) if weights else None,
        w_key_up=normal(KV_RANK, HEADS * D_K) / 3,
        w_key_rope=normal(D_MODEL, D_ROPE) / 3,
        w_value_up=normal(KV_RANK, HEADS * D_V),
        w_out=normal(HEADS * D_V, D_OUT),
        w_query_down=normal(D_MODEL, Q_RANK) if query_latent else None,
        query_norm=normal(Q_RANK) if query_latent and weights else None,
    )


def calls() -> list:
    x, one = normal(BATCH, Q_LEN, D_MODEL), {"n_heads": HEADS}
    frequencies = ref.rotary_frequencies(D_ROPE)
    past = ref.LatentCache(normal(BATCH, KV_LEN, KV_RANK), normal(BATCH, KV_LEN, D_ROPE))
    options: dict[str, Any] = {
        "mask": some(BATCH, 1, Q_LEN, KV_SUM),
        "bias": normal(HEADS, Q_LEN, KV_SUM),
        "softcap": 2.0,
        "sinks": normal(HEADS),
        "return_weights": True,
    }
    each = np.array([[3, 4, 5, 6, 7], [0, 0, 1, 2, 3]])
    plain = parameters(query_latent=False, weights=False)
    return [
        call(x, parameters(), frequencies, **one, cache=past, positions=each),
        call(x, parameters(), frequencies, **one, causal=True),
        call(x, parameters(), frequencies, **one, cache=past, **options),
        call(x, plain, frequencies, **one, interleaved=False, window=2),
        call(
            x[0],
            plain,
            frequencies,
            **one,
            positions=each[0],
            scale=0.3,
            attention_factor=1.2,
            eps=0.1,
        ),
    ]


_x, _p, _f, _one = normal(BATCH, Q_LEN, D_MODEL), parameters(), normal(3), {"n_heads": HEADS}
_past = ref.LatentCache(normal(BATCH, KV_LEN, KV_RANK), normal(BATCH, KV_LEN, D_ROPE))


def _without(**fields: Any) -> tuple:
    return call(_x, _p._replace(**fields), _f, **_one)


_bad = [
    (call(_x, tuple(_p), _f, **_one), TypeError, "parameters: expected a LatentParameters"),
    (call(_x, _p, _f, **_one, cache=tuple(_past)), TypeError, "cache: expected a LatentCache"),
    (
        call(_x, _p, _f, n_heads=5),
        ValueError,
        "n_heads: expected a divisor of the width of w_query",
    ),
    (
        call(_x, _p._replace(w_value_up=normal(KV_RANK, 8), w_out=normal(8, D_OUT)), _f, **_one),
        ValueError,
        "n_heads: expected a divisor of the width of w_value_up, 8, got 3",
    ),
    (_without(w_query_down=None), ValueError, "query_norm: expected None without w_query_down"),
    (_without(w_query_down=None, query_norm=None), ValueError, "d_model = 12 (from x)"),
    (_without(w_query_up=normal(D_MODEL, 12)), ValueError, "w_query_up: expected shape (q_rank"),
    (_without(w_key_up=normal(KV_RANK, 15)), ValueError, "n_heads*d_nope = 12 (from w_query_up)"),
    (_without(w_out=normal(D_V, D_OUT)), ValueError, "n_heads*d_v = 24 (from w_value_up)"),
    (
        _without(w_query_rope=normal(Q_RANK, 12)),
        ValueError,
        "with n_heads = 3 and d_rope = 6 (from",
    ),
    (_without(kv_norm=normal(KV_RANK, 1)), ValueError, "kv_norm: expected shape (kv_rank)"),
    (_without(kv_norm=np.ones(KV_RANK, int)), TypeError, "kv_norm: expected a floating dtype"),
    (
        call(_x, _p, normal(D_ROPE), **_one),
        ValueError,
        "frequencies: expected shape (d_rope / 2,) with d_rope = 6 (from w_key_rope), got (6,)",
    ),
    (
        call(
            _x,
            _p._replace(w_key_rope=normal(D_MODEL, 7), w_query_rope=normal(Q_RANK, 21)),
            _f,
            **_one,
        ),
        ValueError,
        "frequencies: expected shape (d_rope / 2,) with d_rope = 7",
    ),
    (call(_x, _p._replace(w_out=None), _f, **_one), TypeError, "w_out: expected a "),
    (
        call(_x, _p, _f, **_one, cache=_past._replace(latents=_past.latents[:, 1:])),
        ValueError,
        "cache.rotary_keys: expected shape (*batch, kv_len, d_rope) with *batch = (2,)",
    ),
    (
        call(_x, _p, _f, **_one, cache=ref.LatentCache(*[a[:1] for a in _past])),
        ValueError,
        "cache.latents: expected shape",
    ),
    (
        call(_x, _p, _f, **_one, positions=np.arange(4)),
        ValueError,
        "positions: expected shape (seq",
    ),
    (
        call(_x, _p, _f, **_one, positions=np.zeros((3, 5), int)),
        ValueError,
        "positions: expected shape (*batch, seq)",
    ),
    (
        call(_x, _p, _f, **_one, positions=np.arange(5.0)),
        TypeError,
        "positions: expected an integer",
    ),
    (call(_x, _p, _f, **_one, eps=0.0), ValueError, "eps: expected a number above zero"),
    (call(_x, _p, _f, **_one, temperature=1.0), TypeError, "temperature"),
    (
        call(_x, _p, _f, **_one, mask=np.ones((BATCH, Q_LEN), bool)),
        ValueError,
        "give a mask of (batch, seq) as mask[:, None, None], and one of (q_len, kv_len)",
    ),
]

NAMES = ("multi_head_latent_attention", "absorbed_latent_attention")
GOOD = {name: calls() for name in NAMES}
BAD = dict.fromkeys(NAMES, _bad)
