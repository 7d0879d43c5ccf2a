from __future__ import annotations

import numpy as np

import attncourse.reference as ref
from tests.cases.common import BATCH, D_K, D_V, HEADS, KV_HEADS, KV_LEN, Q_LEN, call, normal, some

KV_SUM = KV_LEN + Q_LEN
WINDOW, MAX_LEN, PAGE_LEN, N_PAGES, MAX_PAGES = 3, 13, 2, 15, 8
COUNTS = np.array([4, 0])


def _new(seq: int = Q_LEN) -> tuple[np.ndarray, np.ndarray]:
    return normal(BATCH, KV_HEADS, seq, D_K), normal(BATCH, KV_HEADS, seq, D_V)


def _qkv(seq: int = Q_LEN) -> tuple[np.ndarray, ...]:
    return normal(BATCH, HEADS, seq, D_K), *_new(seq)


def _static() -> ref.StaticCache:
    empty = ref.static_cache(*_new(0), MAX_LEN)
    return ref.append_to_static_cache(empty, *_new(KV_LEN), counts=np.array([7, 5]))


def _rolling() -> ref.RollingCache:
    empty = ref.rolling_cache(*_new(0), WINDOW)
    return ref.append_to_rolling_cache(empty, *_new(KV_LEN), counts=np.array([7, 2]))


def _paged() -> ref.PagedCache:
    empty = ref.paged_cache(*_new(0), N_PAGES, PAGE_LEN, MAX_PAGES)
    return ref.append_to_paged_cache(empty, *_new(KV_LEN), counts=np.array([7, 0]))


_past, _slots, _ring, _pages = ref.KVCache(*_new(KV_LEN)), _static(), _rolling(), _paged()
_shared = ref.fork_sequence(_pages, 0, 1)
#: Sequence 1 had pages 0 and 1, which are free again: the next pages are not neighbours.
_scattered = ref.append_to_paged_cache(_pages, *_new(3), counts=np.array([0, 3]))
_scattered = ref.free_sequence(ref.fork_sequence(ref.free_sequence(_scattered, 0), 1, 0), 1)
_int32 = ref.PagedCache(*_pages[:2], *[a.astype(np.int32) for a in _pages[2:]])
_slots_int32 = _slots._replace(lengths=_slots.lengths.astype(np.int32))
_positions = np.array([[3, 4, 0, 1, -1], [-1, -1, 8, 9, 7]])
_kv_positions = np.array([[5, 4, 3, 2, 1, 0, -1], [-1, 7, 8, 9, -1, 10, 2]])


def _near(q_positions, kv_positions):
    return abs(q_positions - kv_positions) != 2


def _slope(q_positions, kv_positions):
    return (kv_positions - q_positions) * 0.25


_functions = {"mask": _near, "bias": _slope}
_ours = {"softcap": 2.0, "scale": 0.4, "sinks": normal(HEADS), "return_weights": True}

GOOD = {
    "position_mask": [
        call(_positions, _kv_positions),
        call(_positions, _kv_positions, causal=False),
        call(_positions, _kv_positions, window=2),
        call(_positions, _kv_positions, window=2, causal=False),
        call(_positions[0], _kv_positions[1]),
        call(np.array([0, 1, 2]), np.arange(5), causal=False),
    ],
    "positioned_attention": [
        call(
            *_qkv()[:1],
            *_new(KV_LEN),
            _positions,
            _kv_positions,
            mask=some(BATCH, 1, Q_LEN, KV_LEN),
            bias=normal(HEADS, Q_LEN, KV_LEN),
        ),
        call(*_qkv()[:1], *_new(KV_LEN), _positions, _kv_positions),
        call(*_qkv()[:1], *_new(KV_LEN), _positions, _kv_positions, **_functions, **_ours),
        call(*_qkv()[:1], *_new(KV_LEN), _positions[0], _kv_positions[0], **_functions, window=2),
        call(*_qkv()[:1], *_new(KV_LEN), _positions, _kv_positions, causal=False),
        call(
            *[a[0, 0] for a in (*_qkv()[:1], *_new(KV_LEN))],
            _positions[1],
            _kv_positions[1],
            **_functions,
        ),
    ],
    "append_to_cache": [
        call(_past, *_new()),
        call(None, *_new()),
        call(ref.KVCache(*[a[0, 0] for a in _past]), *[a[0, 0] for a in _new()]),
    ],
    "cached_attention": [
        call(*_qkv(), _past),
        call(*_qkv()),
        call(*_qkv(), _past, window=3, **_ours),
        call(
            *_qkv(),
            _past,
            causal=False,
            mask=some(BATCH, 1, Q_LEN, KV_SUM),
            bias=normal(HEADS, Q_LEN, KV_SUM),
        ),
    ],
    "tensor_scatter": [
        call(normal(2, 3, 7, 4), normal(2, 3, 5, 4), np.array([2, 0])),
        call(normal(2, 3, 7, 4), normal(2, 3, 5, 4), np.array([6, 16]), circular=True),
        call(normal(2, 3, 7, 4), normal(2, 3, 7, 4)),
        call(normal(2, 3, 7, 4), normal(2, 3, 0, 4), np.array([7, 1])),
        call(normal(2, 3, 7, 4), normal(2, 1, 7, 4), np.array([2, 1]), axis=1),
        call(normal(2, 3), normal(2, 2), np.array([-1, 2]), axis=-1, circular=True),
    ],
    "static_cache": [call(*_new(), MAX_LEN), call(*_new(0), 1)],
    "append_to_static_cache": [
        call(_slots, *_new()),
        call(_slots, *_new(), counts=COUNTS),
        call(_slots_int32, *_new(), counts=COUNTS),
        call(_slots, *_new(6)),
        call(_slots, *_new(0)),
    ],
    "static_cached_attention": [
        call(*_qkv(), _slots),
        call(*_qkv(), _slots, counts=COUNTS, **_functions, **_ours),
        call(*_qkv(), _slots, mask=some(Q_LEN, MAX_LEN), window=3),
        call(*_qkv(6), _slots, causal=False),
    ],
    "rolling_cache": [call(*_new(), WINDOW), call(*_new(0), 1)],
    "append_to_rolling_cache": [
        call(_ring, *_new()),
        call(_ring, *_new(), counts=COUNTS),
        call(_ring, *_new(2)),
        call(_ring, *_new(1)),
        call(_ring, *_new(0)),
    ],
    "rolling_cached_attention": [
        call(*_qkv(), _ring),
        call(*_qkv(), _ring, counts=COUNTS, **_functions, **_ours),
        call(*_qkv(1), _ring),
    ],
    "paged_cache": [call(*_new(), N_PAGES, PAGE_LEN, MAX_PAGES), call(*_new(0), 1, 1, 1)],
    "append_to_paged_cache": [
        call(_shared, *_new()),
        call(_pages, *_new()),
        call(_int32, *_new()),
        call(_pages, *_new(), counts=np.array([0, 5])),
        call(_shared, *_new(), counts=COUNTS),
        call(_shared, *_new(), counts=np.array([0, 1])),
        call(_scattered, *_new()),
        call(_pages, *_new(0)),
    ],
    "read_paged_cache": [call(_shared), call(_pages), call(_scattered), call(_int32)],
    "paged_cached_attention": [
        call(*_qkv(), _shared),
        call(*_qkv(), _pages, counts=COUNTS, **_functions, **_ours),
        call(*_qkv(), _scattered, mask=some(Q_LEN, 2 * MAX_PAGES), window=3),
        call(*_qkv(), _pages, causal=False),
    ],
    "fork_sequence": [
        call(_pages, 0, 1),
        call(_pages, 0, 1, length=4),
        call(_pages, 0, 1, length=5),
        call(_pages, 0, 1, length=0),
        call(_int32, 0, 1, length=5),
    ],
    "free_sequence": [
        call(_shared, 1),
        call(_pages, 0),
        call(_pages, 1),
        call(_scattered, 0),
        call(_int32, 0),
    ],
}

_new_counts = [
    (np.array([1, 2, 3]), ValueError, "counts: expected shape (batch) with batch = 2"),
    (np.array([1, 6]), ValueError, "counts: expected numbers from 0 to 5, got 6"),
    (np.array([-1, 6]), ValueError, "counts: expected numbers from 0 to 5, got -1"),
    (np.array([1.0, 2.0]), TypeError, "counts: expected an integer array"),
]


def _of_writing(cache) -> list:
    kind = type(cache).__name__
    return [
        (call(None, *_new()), TypeError, f"cache: expected a {kind}"),
        (call(tuple(cache), *_new()), TypeError, f"cache: expected a {kind}"),
        (call(cache, None, _new()[1]), TypeError, "k: expected a ARRAY, got NoneType"),
        (call(cache, _new()[0], None), TypeError, "v: expected a ARRAY, got NoneType"),
        (call(cache, *[a[:1] for a in _new()]), ValueError, "k: expected shape (batch, n_kv_heads"),
        (call(cache, *[a[:, 1:] for a in _new()]), ValueError, "n_kv_heads = 3 (from cache.k)"),
        (call(cache, _new()[0], _new(2)[1]), ValueError, "v: expected shape (batch, n_kv_heads"),
        (
            call(cache._replace(lengths=np.zeros(3, int)), *_new()),
            ValueError,
            "cache.lengths: expected shape (batch) with batch = 2",
        ),
        *[(call(cache, *_new(), counts=counts), *rest) for counts, *rest in _new_counts],
    ]


_q = normal(BATCH, HEADS, Q_LEN, D_K)


def _of_steps(cache) -> list:
    return [
        (call(_q, *_new(), tuple(cache)), TypeError, f"cache: expected a {type(cache).__name__}"),
        (call(_q[:, :, 1:], *_new(), cache), ValueError, "k: expected shape (batch, n_kv_heads, q"),
        (call(_q[0], *_new(), cache), ValueError, "q: expected shape (batch, n_heads, q_len, d_k)"),
        (call(_q[:, :4], *_new(), cache), ValueError, "n_heads: expected a multiple of n_kv_heads"),
        (call(_q, *_new(), cache, temperature=1.0), TypeError, "temperature"),
        (
            call(_q, *_new(), cache, mask=np.ones((5, 6), bool)),
            ValueError,
            "mask: expected a shape",
        ),
        (call(_q, *_new(), cache, mask=lambda i, j: i - j), TypeError, "mask: expected a boolean"),
        (call(_q, *_new(), cache, bias=lambda i, j: i > j), TypeError, "bias: expected a floating"),
        (call(_q, *_new(), cache, counts=np.array([1, 9])), ValueError, "from 0 to 5, got 9"),
    ]


_unlike = [
    (call(normal(2, 3, 5, 4), normal(2, 3, 6, 8), 3), ValueError, "v: expected shape"),
    (call(normal(3, 5, 4), normal(3, 5, 8), 3), ValueError, "k: expected shape (batch, n_kv_heads"),
]

BAD = {
    "position_mask": [
        (
            call(_positions, _kv_positions, causal=None),
            TypeError,
            "causal: expected True or False, got NoneType.",
        ),
        (call(_positions * 1.0, _kv_positions), TypeError, "q_positions: expected an integer"),
        (call(_positions, _kv_positions[:1]), ValueError, "kv_positions: expected shape (*batch"),
        (call(_positions, _kv_positions, window=0), ValueError, "window: expected at least 1"),
        (call(_positions, _kv_positions, window=1.5), TypeError, "window: expected a whole number"),
        (call(np.array(3), np.array(3)), ValueError, "q_positions: expected shape (*batch, q_len)"),
    ],
    "positioned_attention": [
        (
            call(_q, *_new(KV_LEN), _positions[:, 1:], _kv_positions),
            ValueError,
            "positions: expected a shape that broadcasts to the scores, (2, 6, 5, 7), got (2, 1, 4",
        ),
        (call(_q, *_new(), _positions, _kv_positions), ValueError, "(2, 6, 5, 5), got (2, 1, 5, 7"),
        (call(_q, *_new(KV_LEN), _positions, None), TypeError, "kv_positions: expected a ARRAY"),
        (
            call(_q, *_new(KV_LEN), _positions, _kv_positions, mask=lambda i, j: i - j),
            TypeError,
            "mask: expected a boolean array",
        ),
        (
            call(_q, *_new(KV_LEN), _positions, _kv_positions, bias=lambda i, j: i - j),
            TypeError,
            "bias: expected a floating dtype",
        ),
        (
            call(_q, *_new(KV_LEN), _positions, _kv_positions, mask=some(KV_LEN, Q_LEN)),
            ValueError,
            "mask: expected a shape that broadcasts to the scores, (2, 6, 5, 7), got (7, 5)",
        ),
        (call(_q, *_new(KV_LEN), _positions, _kv_positions, window=0), ValueError, "window"),
        (call(_q, *_new(KV_LEN), _positions, _kv_positions, top=1), TypeError, "top"),
    ],
    "append_to_cache": [
        (call(tuple(_past), *_new()), TypeError, "cache: expected a KVCache"),
        (call(_past, _new()[0], _new(2)[1]), ValueError, "v: expected shape (*batch, n_kv_heads"),
        (call(_past, *[a[:1] for a in _new()]), ValueError, "cache.k: expected shape (*batch"),
        (
            call(_past, *[a[:, :2] for a in _new()]),
            ValueError,
            "with *batch = (2,) (from k), n_kv_",
        ),
        (call(_past, *_new()[::-1]), ValueError, "d_k = 8 (from k)"),
        (call(None, normal(D_K), normal(D_V)), ValueError, "k: expected shape"),
        (
            call(_past, *[a.astype(np.float32) for a in _new()]),
            TypeError,
            "k float32, v float32, cache.k float64",
        ),
        (
            call(_past._replace(v=_past.v[:, :, 1:]), *_new()),
            ValueError,
            "cache.v: expected shape (*batch, n_kv_heads, kv_len, d_v) with *batch = (2,)",
        ),
    ],
    "cached_attention": [
        (call(*_qkv(), tuple(_past)), TypeError, "cache: expected a KVCache"),
        (call(*_qkv(), _past, mask=some(Q_LEN, KV_LEN)), ValueError, "(2, 6, 5, 12), got (5, 7)"),
        (call(_qkv()[0][:, :4], *_new(), _past), ValueError, "n_heads: expected a multiple"),
        (call(*_qkv(), _past, temperature=2.0), TypeError, "temperature"),
    ],
    "tensor_scatter": [
        (
            call(normal(2, 3, 7, 4), normal(2, 3, 5, 4), np.array([2, 3])),
            ValueError,
            "write_indices: expected numbers from 0 to 2, got 3",
        ),
        (
            call(normal(2, 3, 7, 4), normal(2, 3, 5, 4), np.array([-1, 0])),
            ValueError,
            "write_indices: expected numbers from 0 to 2, got -1",
        ),
        (
            call(normal(2, 3, 7, 4), normal(2, 3, 8, 4), circular=True),
            ValueError,
            "update's rows: expected at most 7, got 8",
        ),
        (
            call(normal(2, 3, 7, 4), normal(2, 5, 4)),
            ValueError,
            "update: expected shape (2, 3, n_new, 4), the shape of past but for axis -2, got (2, 5",
        ),
        (call(normal(2, 3, 7, 4), normal(2, 2, 5, 4)), ValueError, "expected shape (2, 3, 5, 4)"),
        (call(normal(2, 3), normal(2, 3), axis=2), ValueError, "axis: expected an axis of the 2-d"),
        (call(normal(2, 3), normal(2, 3)), ValueError, "another axis than that of the batch"),
        (call(normal(2, 3), normal(2, 3), axis=0), ValueError, "that of the batch, got 0"),
        (call(normal(2, 3), normal(2, 3), axis="seq"), TypeError, "axis: expected a whole number"),
        (
            call(normal(2, 3, 7, 4), normal(2, 3, 5, 4), np.array([2])),
            ValueError,
            "write_indices: expected shape (batch,) = (2,), got (1,)",
        ),
        (
            call(normal(2, 3, 7, 4), normal(2, 3, 5, 4), np.array([2.0, 0.0])),
            TypeError,
            "write_indices: expected an integer array",
        ),
        (call(normal(2, 3), normal(2, 2).astype(np.float32)), TypeError, "one floating dtype"),
    ],
    "static_cache": [
        *_unlike,
        (call(*_new(), 0), ValueError, "max_len: expected at least 1, got 0"),
        (call(*_new(), 3.0), TypeError, "max_len: expected a whole number"),
    ],
    "append_to_static_cache": [
        *_of_writing(_slots),
        (
            call(_slots, *_new(7)),
            ValueError,
            "cache: expected room for 14 positions of one sequence, got 13; set aside a larger",
        ),
        (
            call(_slots, *_new(7), counts=np.array([7, 0])),
            ValueError,
            "room for 14 positions",
        ),
    ],
    "static_cached_attention": _of_steps(_slots),
    "rolling_cache": [
        *_unlike,
        (call(*_new(), 0), ValueError, "window: expected at least 1, got 0"),
        (call(*_new(), "3"), TypeError, "window: expected a whole number"),
    ],
    "append_to_rolling_cache": _of_writing(_ring),
    "rolling_cached_attention": [
        *_of_steps(_ring),
        (call(_q, *_new(), _ring, causal=True, window=2), TypeError, "window"),
    ],
    "paged_cache": [
        *[(call(*args, 2, 3), *rest) for (args, _), *rest in _unlike],
        (call(*_new(), 0, 2, 3), ValueError, "n_pages: expected at least 1, got 0"),
        (call(*_new(), 4, 0, 3), ValueError, "page_size: expected at least 1, got 0"),
        (call(*_new(), 4, 2, 0), ValueError, "max_pages: expected at least 1, got 0"),
        (call(*_new(), 4, 2, 1.0), TypeError, "max_pages: expected a whole number"),
    ],
    "append_to_paged_cache": [
        *_of_writing(_pages),
        (
            call(_pages, *_new(10), counts=np.array([10, 0])),
            ValueError,
            "cache: expected room for 9 pages of one sequence, got 8; give max_pages more",
        ),
        (
            call(_pages._replace(ref_counts=np.ones(N_PAGES, int)), *_new()),
            ValueError,
            "cache: expected room for 5 new pages, got 0; free a sequence, or set more pages aside",
        ),
        (
            call(_pages._replace(block_table=_pages.block_table + N_PAGES), *_new()),
            ValueError,
            "cache.block_table: expected numbers from -1 to 14, got 18",
        ),
    ],
    "read_paged_cache": [
        (call(tuple(_pages)), TypeError, "cache: expected a PagedCache"),
        (
            call(_pages._replace(block_table=_pages.block_table - 1)),
            ValueError,
            "from -1 to 14, got -2",
        ),
        (call(_pages._replace(v=_pages.v[1:])), ValueError, "n_pages = 15 (from cache.k)"),
        (
            call(_pages._replace(ref_counts=_pages.ref_counts[1:])),
            ValueError,
            "cache.ref_counts: expected shape",
        ),
    ],
    "paged_cached_attention": _of_steps(_pages),
    "fork_sequence": [
        (call(tuple(_pages), 0, 1), TypeError, "cache: expected a PagedCache"),
        (call(_pages, 0, 2), ValueError, "target: expected at most 1, got 2"),
        (call(_pages, -1, 1), ValueError, "source: expected at least 0, got -1"),
        (call(_pages, 0, 0), ValueError, "an empty sequence, got 0, which has 7 positions"),
        (call(_pages, 0, 1, length=8), ValueError, "length: expected at most 7, got 8"),
        (call(_pages, 0, 1, length=2.0), TypeError, "length: expected a whole number"),
        (
            call(_pages._replace(block_table=_pages.block_table + 15), 0, 1),
            ValueError,
            "from -1 to 14",
        ),
    ],
    "free_sequence": [
        (call(tuple(_pages), 0), TypeError, "cache: expected a PagedCache"),
        (call(_pages, 2), ValueError, "sequence: expected at most 1, got 2"),
        (call(_pages, None), TypeError, "sequence: expected a whole number"),
        (
            call(_pages._replace(block_table=_pages.block_table + 15), 0),
            ValueError,
            "from -1 to 14",
        ),
    ],
}

NO_GRADIENT = dict.fromkeys(
    ("static_cache", "rolling_cache", "paged_cache"),
    "an empty cache does not depend on what it is made for",
) | {"position_mask": "positions are whole numbers, the mask is boolean"}
