from __future__ import annotations

import numpy as np

from tests.cases.common import (
    BATCH,
    D_K,
    D_MODEL,
    D_V,
    HEADS,
    KV_LEN,
    Q_LEN,
    call,
    normal,
    qkv,
    some,
)

_lengths = [(3, 3), (2, 5), (5, 2), (1, 4), (0, 3), (3, 0)]
_each = np.array([[4, 5, 6, 7, 8], [0, 1, 2, 3, 100000]])  # positions of BATCH sequences
_frequencies = np.array([1.0, 0.1, 0.003])
_slow = 10000.0 ** -(np.arange(32) / 32)
_x = normal(BATCH, HEADS, Q_LEN, 9)
_tables = (normal(Q_LEN, 3), normal(Q_LEN, 3))
_buckets = normal(8, HEADS)
_distances_k, _distances_v = normal(5, D_K), normal(3, D_V)
_weights = normal(BATCH, HEADS, Q_LEN, KV_LEN)

GOOD = {
    "relative_positions": [call(*lengths) for lengths in _lengths],
    "sinusoidal_positions": [
        call(_each, 12),
        call(np.arange(7), 6, base=50.0),
        call(np.array(-3), 2),
        call(np.array([3, 1], dtype=np.int32), 4),
        call(np.arange(5), 4, dtype="float64"),
    ],
    "learned_positions": [
        call(normal(9, D_MODEL), np.array([[0, 8, 3], [1, 1, 4]])),
        call(normal(4, 3), np.array([3, 0], dtype=np.uint8)),
        call(normal(4, 3), np.array([], dtype=np.int64)),
    ],
    "shaw_bias": [
        call(_x[..., :D_K], _distances_k, KV_LEN),
        call(normal(Q_LEN, 3), normal(1, 3), 2, scale=-0.3),
        call(normal(3, Q_LEN, 2), normal(17, 2), Q_LEN, scale=1),
    ],
    "shaw_values": [
        call(_weights, _distances_v),
        call(normal(Q_LEN, 2), normal(1, 3)),
        call(normal(3, Q_LEN, Q_LEN), normal(17, 2)),
    ],
    "shaw_attention": [
        call(*qkv(), _distances_k, _distances_v, bias=normal(Q_LEN, KV_LEN)),
        call(*qkv(), _distances_k, causal=True, scale=0.7, return_weights=True),
        call(*qkv(), _distances_k, _distances_v, mask=some(Q_LEN, KV_LEN), return_weights=True),
        call(*[a[0, 0] for a in qkv(1, 1)], _distances_k, _distances_v, window=3),
        call(*qkv(), _distances_k, _distances_v, softcap=2.0, sinks=normal(HEADS)),
    ],
    "t5_buckets": [
        *[call(*lengths, bidirectional=False) for lengths in _lengths],
        *[call(*lengths, bidirectional=True) for lengths in _lengths],
        call(40, 300, bidirectional=True),
        call(40, 300, bidirectional=False),
        call(9, 50, bidirectional=True, n_buckets=4, max_distance=7),
        call(9, 50, bidirectional=False, n_buckets=2, max_distance=7),
        call(9, 50, bidirectional=False, n_buckets=7, max_distance=33),
    ],
    "t5_bias": [
        call(Q_LEN, KV_LEN, _buckets, bidirectional=True),
        call(Q_LEN, KV_LEN, _buckets, bidirectional=False, max_distance=5),
        call(2, 140, normal(32, 3), bidirectional=False),
    ],
    "alibi_slopes": [
        *[call(n) for n in (1, 2, 3, 8, 12, 13, 16, np.int64(112))],
        call(6, dtype="float32"),
    ],
    "alibi_bias": [call(*lengths, np.array([0.5, 0.25, 2.0, 0.3])) for lengths in _lengths],
    "rotary_frequencies": [
        call(2),
        call(10),
        call(8, base=500000.0),
        call(6, base=100, dtype="float32"),
    ],
    "rotary_tables": [
        call(_each, _frequencies, attention_factor=1.3),
        call(np.array(7), _frequencies),
        call(np.array([[[3], [-2]]], dtype=np.int32), _frequencies),
    ],
    "rotate": [
        call(_x, *_tables),
        call(_x, *_tables, interleaved=True),
        call(_x, normal(BATCH, Q_LEN, 4), normal(BATCH, Q_LEN, 4)),
        call(_x, normal(BATCH, Q_LEN, 4), normal(BATCH, Q_LEN, 4), interleaved=True),
        call(normal(Q_LEN, 4), normal(Q_LEN, 2), normal(Q_LEN, 2), interleaved=True),
    ],
    "rotary": [
        call(_x, np.arange(Q_LEN), _frequencies),
        call(_x, np.arange(Q_LEN), _frequencies, interleaved=True),
        call(_x, _each, _frequencies, attention_factor=0.7),
        call(_x, _each, _frequencies, interleaved=True, attention_factor=1.2),
        call(_x[0], np.array([3, 3, 1, 900, -4]), _frequencies[:1]),
        call(normal(Q_LEN, 6), np.arange(Q_LEN), _frequencies),
        call(normal(2, 4, 3, Q_LEN, 6), np.zeros((2, 4, Q_LEN), dtype=np.int64), _frequencies),
    ],
    "interleaved_to_half_split": [
        call(normal(3, 4, 7), d_rotary=6),
        call(normal(3, 24), n_heads=4),
        call(normal(24, 5), n_heads=3, d_rotary=4, axis=0),
        call(normal(8)),
    ],
    "half_split_to_interleaved": [
        call(normal(3, 4, 7), d_rotary=6),
        call(normal(3, 24), n_heads=4),
        call(normal(24, 5), n_heads=3, d_rotary=4, axis=0),
        call(normal(8)),
    ],
    "interpolated_frequencies": [call(_frequencies, factor=4.0), call(_slow, factor=0.5)],
    "ntk_frequencies": [call(_frequencies, factor=4.0), call(_slow, factor=16)],
    "dynamic_ntk_frequencies": [
        call(_frequencies, seq_len=96, original_len=64),
        call(_slow, seq_len=300, original_len=64, factor=2.0),
        call(_slow, seq_len=10, original_len=64, factor=2.0),
    ],
    "ntk_by_parts_frequencies": [
        call(_frequencies, factor=4.0, original_len=70),
        call(_slow, factor=16, original_len=4096),
        call(_slow, factor=16, original_len=4096, low_turns=2.5, high_turns=8),
    ],
    "llama3_frequencies": [
        call(500000.0 ** -(np.arange(64) / 64)),
        call(_slow, factor=32.0, original_len=512, low_freq_factor=0.5, high_freq_factor=3.0),
    ],
    "yarn_frequencies": [
        call(_frequencies, base=1000.0, factor=4.0, original_len=70),
        call(_slow, base=10000.0, factor=16, original_len=4096),
        call(_slow, base=10000.0, factor=16, original_len=4096, truncate=False),
        call(_slow, base=10000.0, factor=8, original_len=4096, beta_fast=20, beta_slow=0.5),
        call(_slow, base=10000.0, factor=8, original_len=10, truncate=False),
        call(_slow[:4], base=10000.0, factor=8, original_len=10),
        call(_slow[:4], base=10000.0, factor=8, original_len=3),
        call(_slow[:4], base=50.0, factor=8, original_len=100000, beta_fast=20000.0),
    ],
    "yarn_attention_factor": [call(16.0), call(1), call(0.5), call(40, mscale=0.707)],
}

_bad_lengths = [
    (call(1.0, 2), TypeError, "q_len: expected a whole number, got 1.0"),
    (call(1, "2"), TypeError, "kv_len: expected a whole number, got '2'"),
    (call(-1, 2), ValueError, "q_len: expected at least 0, got -1"),
    (call(1, -2), ValueError, "kv_len: expected at least 0, got -2"),
]


def _with(bad: list, *args, **kwargs) -> list:
    """The same bad calls with further arguments that are good."""
    return [(call(*given, *args, **kwargs), e, words) for (given, _), e, words in bad]


_bad_dtype = "dtype: expected one of float32, float64, got 'int64'"
_pairing = [
    (call([1.0, 2.0]), TypeError, "x: expected a ARRAY, got list"),
    (call(normal(4), n_heads=2.0), TypeError, "n_heads: expected a whole number"),
    (call(normal(4), d_rotary=2.0), TypeError, "d_rotary: expected a whole number"),
    (call(normal(4), n_heads=3), ValueError, "a divisor of the features along axis -1, 4, got 3"),
    (call(normal(6), n_heads=2), ValueError, "d_rotary: expected an even number, got 3"),
    (call(normal(4), d_rotary=3), ValueError, "d_rotary: expected an even number, got 3"),
    (call(normal(4), d_rotary=0), ValueError, "d_rotary: expected at least 2, got 0"),
    (call(normal(4), d_rotary=6), ValueError, "d_rotary: expected at most 4, got 6"),
    (call(normal(4), axis=1), ValueError, "axis: expected an axis of the 1-dimensional array"),
]
_scaling = [
    (call([1.0, 0.5], factor=2.0), TypeError, "frequencies: expected a ARRAY, got list"),
    (call(np.array([1]), factor=2.0), TypeError, "frequencies: expected a floating dtype"),
    (call(normal(2, 3), factor=2.0), ValueError, "frequencies: expected shape (n_pairs)"),
    (call(_frequencies, factor="2"), TypeError, "factor: expected a number, got str"),
    (call(_frequencies, factor=0), ValueError, "factor: expected a number above zero, got 0"),
]
_from = [
    (
        call(_frequencies, factor=2.0, original_len=0),
        ValueError,
        "original_len: expected at least 1",
    ),
    (
        call(_frequencies, factor=2.0, original_len=1.5),
        TypeError,
        "original_len: expected a whole",
    ),
]


def _adding(bad: list, **extra) -> list:
    return [(call(*args, **extra | kwargs), e, words) for (args, kwargs), e, words in bad]


def _ordered(lower: str, upper: str, **kwargs) -> list:
    good = {"factor": 2.0, "original_len": 64, **kwargs}

    def words(name: str, value: float, error: type, text: str) -> tuple:
        return call(_frequencies, **good | {name: value}), error, f"{name}: expected {text}"

    return [
        words(lower, 0, ValueError, "a number above zero, got 0"),
        words(lower, "1", TypeError, "a number, got str"),
        words(upper, -1, ValueError, "a number above zero, got -1"),
        words(upper, 0.5, ValueError, f"a number above {lower} = 1.0, got 0.5"),
        words(upper, 1.0, ValueError, f"a number above {lower} = 1.0, got 1.0"),
    ]


BAD = {
    "relative_positions": _bad_lengths,
    "sinusoidal_positions": [
        (call([1, 2], 4), TypeError, "positions: expected a ARRAY, got list"),
        (call(np.array([1.0]), 4), TypeError, "positions: expected an integer array, got float64"),
        (call(np.array([1]), 4.0), TypeError, "d_model: expected a whole number, got 4.0"),
        (call(np.array([1]), 5), ValueError, "d_model: expected an even number, got 5"),
        (call(np.array([1]), 0), ValueError, "d_model: expected at least 2, got 0"),
        (call(np.array([1]), 4, base=-1), ValueError, "base: expected a number above zero"),
        (call(np.array([1]), 4, dtype="int64"), ValueError, _bad_dtype),
    ],
    "learned_positions": [
        (call(np.eye(4, dtype=int), np.array([1])), TypeError, "table: expected a floating dtype"),
        (call(normal(4, 3), np.array([1.0])), TypeError, "positions: expected an integer array"),
        (
            call(normal(4, 3), np.array([[1, 4], [0, 3]])),
            ValueError,
            "positions: expected 0 to 3, as the table has 4 rows, got 4",
        ),
        (call(normal(4, 3), np.array([0, -1])), ValueError, "positions: expected 0 to 3"),
        (
            call(normal(4), np.array([1])),
            ValueError,
            "table: expected shape (n_positions, d_model)",
        ),
    ],
    "shaw_bias": [
        (call([1.0], _distances_k, 3), TypeError, "q: expected a ARRAY, got list"),
        (call(normal(2, D_K), np.eye(5, D_K, dtype=int), 3), TypeError, "key_table: expected"),
        (call(normal(2, 3), _distances_k, 3), ValueError, "key_table: expected shape"),
        (
            call(normal(2, D_K), normal(6, D_K), 3),
            ValueError,
            "key_table: expected an odd number of rows, one for each distance from -d to d, got 6",
        ),
        (call(normal(2, D_K), _distances_k, -3), ValueError, "kv_len: expected at least 0"),
        (call(normal(2, D_K), _distances_k, 3.0), TypeError, "kv_len: expected a whole number"),
        (call(normal(2, D_K), _distances_k, 3, scale=np.inf), ValueError, "scale: expected"),
    ],
    "shaw_values": [
        (call([1.0], _distances_v), TypeError, "weights: expected a ARRAY, got list"),
        (call(normal(2, 3), np.eye(3, dtype=int)), TypeError, "value_table: expected a floating"),
        (call(normal(2, 3), normal(4, 2)), ValueError, "value_table: expected an odd number"),
        (call(normal(2, 3), normal(4)), ValueError, "value_table: expected shape"),
    ],
    "shaw_attention": [
        (call(*qkv(), [[1.0]]), TypeError, "key_table: expected a ARRAY, got list"),
        (call(*qkv(), _distances_k, [[1.0]]), TypeError, "value_table: expected a ARRAY, got list"),
        (
            call(*qkv(), _distances_k.astype(np.float32)),
            TypeError,
            "one floating dtype for all, got q float64, key_table float32",
        ),
        (
            call(*qkv(), _distances_k, _distances_v.astype(np.float32)),
            TypeError,
            "got v float64, value_table float32",
        ),
        (call(*qkv(), _distances_v), ValueError, "key_table: expected shape (n_distances, d_k)"),
        (call(*qkv(), _distances_k, normal(2, D_V)), ValueError, "value_table: expected an odd"),
        (
            call(*qkv(), _distances_k, normal(3, D_K)),
            ValueError,
            "value_table: expected shape (n_distances, d_v) with d_v = 8",
        ),
        (call(*qkv(), _distances_k, bias=normal(3)), ValueError, "bias: expected a shape"),
        (call(*qkv(4, 3), _distances_k), ValueError, "n_heads: expected a multiple"),
    ],
    "t5_buckets": [
        *_with(_bad_lengths, bidirectional=True),
        (
            call(2, 3, bidirectional=True, n_buckets=7),
            ValueError,
            "n_buckets: expected an even number, got 7",
        ),
        (
            call(2, 3, bidirectional=True, n_buckets=2),
            ValueError,
            "n_buckets: expected at least 4, got 2",
        ),
        (
            call(2, 3, bidirectional=False, n_buckets=1),
            ValueError,
            "n_buckets: expected at least 2, got 1",
        ),
        (call(2, 3, bidirectional=False, n_buckets=8.0), TypeError, "n_buckets: expected a whole"),
        (
            call(2, 3, bidirectional=False, max_distance=16),
            ValueError,
            "max_distance: expected at least 17, got 16",
        ),
        (
            call(2, 3, bidirectional=True, max_distance=8),
            ValueError,
            "max_distance: expected at least 9, got 8",
        ),
        (call(2, 3, bidirectional=True, max_distance=9.5), TypeError, "max_distance: expected a"),
    ],
    "t5_bias": [
        *_with(_bad_lengths, _buckets, bidirectional=True),
        (call(2, 3, [[1.0]], bidirectional=True), TypeError, "table: expected a ARRAY, got list"),
        (call(2, 3, normal(8), bidirectional=True), ValueError, "table: expected shape"),
        (call(2, 3, normal(7, 2), bidirectional=True), ValueError, "n_buckets: expected an even"),
        (
            call(2, 3, _buckets, bidirectional=False, max_distance=4),
            ValueError,
            "max_distance: expected at least 5, got 4",
        ),
    ],
    "alibi_slopes": [
        (call(2.0), TypeError, "n_heads: expected a whole number, got 2.0"),
        (call(0), ValueError, "n_heads: expected at least 1, got 0"),
        (call(2, dtype="int64"), ValueError, _bad_dtype),
    ],
    "alibi_bias": [
        *_with(_bad_lengths, np.array([1.0])),
        (call(2, 3, [1.0]), TypeError, "slopes: expected a ARRAY, got list"),
        (call(2, 3, normal(2, 2)), ValueError, "slopes: expected shape (n_heads), got (2, 2)"),
    ],
    "rotary_frequencies": [
        (call(4.0), TypeError, "d_rotary: expected a whole number, got 4.0"),
        (call(5), ValueError, "d_rotary: expected an even number, got 5"),
        (call(0), ValueError, "d_rotary: expected at least 2, got 0"),
        (call(4, base="10"), TypeError, "base: expected a number, got str"),
        (call(4, base=0), ValueError, "base: expected a number above zero, got 0"),
        (call(4, dtype="int64"), ValueError, _bad_dtype),
    ],
    "rotary_tables": [
        (call([1], _frequencies), TypeError, "positions: expected a ARRAY, got list"),
        (call(normal(3), _frequencies), TypeError, "positions: expected an integer array"),
        (call(_each, _each), TypeError, "frequencies: expected a floating dtype"),
        (call(_each, normal(2, 3)), ValueError, "frequencies: expected shape (n_pairs)"),
        (
            call(_each, _frequencies, attention_factor=0),
            ValueError,
            "attention_factor: expected a number above",
        ),
        (
            call(_each, _frequencies, attention_factor="1"),
            TypeError,
            "attention_factor: expected a number",
        ),
    ],
    "rotate": [
        (call([1.0], *_tables), TypeError, "x: expected a ARRAY, got list"),
        (call(_x, _each, _each), TypeError, "cos: expected a floating dtype"),
        (
            call(_x, _tables[0], _tables[1].astype(np.float32)),
            TypeError,
            "got cos float64, sin float32",
        ),
        (call(_x, _tables[0], normal(Q_LEN, 2)), ValueError, "sin: expected shape"),
        (
            call(_x, normal(4, 3), normal(4, 3)),
            ValueError,
            "cos: expected positions of shape (seq,) = (5,) or (*batch, seq) = (2, 5) for x",
        ),
        (call(_x, normal(6, 5, 3), normal(6, 5, 3)), ValueError, "cos: expected positions of"),
        (
            call(_x, normal(5, 5), normal(5, 5)),
            ValueError,
            "cos: expected at most 4 pairs, as x has 9 features, got 5",
        ),
        (call(normal(9), *_tables), ValueError, "x: expected shape (*batch, seq, d)"),
    ],
    "rotary": [
        (call([1.0], _each, _frequencies), TypeError, "x: expected a ARRAY, got list"),
        (call(_x, normal(5), _frequencies), TypeError, "positions: expected an integer array"),
        (call(_x, _each, [1.0]), TypeError, "frequencies: expected a ARRAY, got list"),
        (call(_x, np.arange(4), _frequencies), ValueError, "positions: expected positions of"),
        (call(_x, _each.T, _frequencies), ValueError, "positions: expected positions of"),
        (
            call(_x, _each, normal(5)),
            ValueError,
            "frequencies: expected at most 4 pairs, as x has 9 features, got 5",
        ),
        (call(_x, _each, normal(1, 3)), ValueError, "frequencies: expected shape (n_pairs)"),
        (call(_x, _each, np.array(0.5)), ValueError, "frequencies: expected shape (n_pairs)"),
        (
            call(_x, _each, _frequencies, attention_factor=-1),
            ValueError,
            "attention_factor: expected",
        ),
    ],
    "interleaved_to_half_split": _pairing,
    "half_split_to_interleaved": _pairing,
    "interpolated_frequencies": _scaling,
    "ntk_frequencies": [
        *_scaling,
        (call(normal(1), factor=2.0), ValueError, "frequencies: expected at least 2, got 1"),
    ],
    "dynamic_ntk_frequencies": [
        *_adding(_scaling, seq_len=96, original_len=64),
        *_adding(_from, seq_len=96),
        (
            call(_frequencies, seq_len=0, original_len=64),
            ValueError,
            "seq_len: expected at least 1, got 0",
        ),
        (
            call(_frequencies[:1], seq_len=9, original_len=64),
            ValueError,
            "frequencies: expected at least 2, got 1",
        ),
    ],
    "ntk_by_parts_frequencies": [
        *_adding(_scaling, original_len=64),
        *_from,
        *_ordered("low_turns", "high_turns"),
    ],
    "llama3_frequencies": [
        *_scaling,
        *_from,
        *_ordered("low_freq_factor", "high_freq_factor"),
    ],
    "yarn_frequencies": [
        *_adding(_scaling, base=10.0, original_len=64),
        *_adding(_from, base=10.0),
        *_ordered("beta_slow", "beta_fast", base=10.0),
        (
            call(_frequencies, base=1, factor=2.0, original_len=64),
            ValueError,
            "base: expected a number above one, got 1",
        ),
    ],
    "yarn_attention_factor": [
        (call("2"), TypeError, "factor: expected a number, got str"),
        (call(0), ValueError, "factor: expected a number above zero, got 0"),
        (call(2, mscale=np.inf), ValueError, "mscale: expected a finite number"),
    ],
}

#: Angles of far positions have no digits left in half precision.
FLOAT32 = {"rotary_tables": (0, 1)}

NO_GRADIENT = dict.fromkeys(
    [
        "alibi_slopes",
        "relative_positions",
        "rotary_frequencies",
        "sinusoidal_positions",
        "t5_buckets",
        "yarn_attention_factor",
    ],
    "no floating array comes in",
)
