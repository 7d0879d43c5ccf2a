"""Decoding with a cache is the full pass: every mask, every position scheme, every cache."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

import attncourse.reference as ref
from tests.cases.common import BATCH, D_K, D_MODEL, D_V, HEADS, KV_HEADS, normal

N, WINDOW, PREFIX = 9, 4, 3
#: How a text of N positions is cut into steps. The prefix sees all of itself, so it comes at once.
CUTS = {"token by token": [PREFIX] + [1] * 6, "pieces": [4, 1, 3, 1], "at once": [N]}
DOCUMENTS = np.array([[0, 0, 0, 0, 1, 1, 2, 2, 2], [5, 5, 5, 5, 5, 5, 5, 3, 3]])


class Mask(NamedTuple):
    """What the full pass is told: options, and a mask of (..., N, N)."""

    options: dict[str, Any]
    grid: np.ndarray = np.ones((N, N), dtype=bool)


CAUSAL = {"causal": True}
MASKS = {
    "causal": Mask(CAUSAL),
    "window": Mask(CAUSAL | {"window": WINDOW}),
    "wide window": Mask(CAUSAL | {"window": WINDOW + 3}),
    "prefix": Mask({"causal": False}, ref.prefix_mask(N, N, PREFIX)),
    "block": Mask(CAUSAL, ref.block_mask(N, N, 4)),
    "document": Mask(CAUSAL, ref.document_mask(DOCUMENTS)),
    "padding": Mask(CAUSAL, ref.padding_mask(np.array([N, 5]), N)),
    "options": Mask(CAUSAL | {"softcap": 2.0, "scale": 0.6, "sinks": np.linspace(-1, 1, 6)}),
}


class Scheme(NamedTuple):
    """A position scheme: what it adds to inputs, how it turns queries and keys, how it scores."""

    added: Callable = lambda positions: 0.0
    turned: Callable = lambda x, positions: x
    bias: Callable | None = None  # (q_len, kv_len) -> (heads, q_len, kv_len), bottom-right
    shaw: tuple[np.ndarray, np.ndarray] | None = None


def _rotary(frequencies: np.ndarray, **options: Any) -> Scheme:
    return Scheme(turned=lambda x, positions: ref.rotary(x, positions, frequencies, **options))


_table = np.random.default_rng(7).normal(size=(20, D_MODEL))
_t5 = np.random.default_rng(8).normal(size=(6, HEADS))
_shaw = np.random.default_rng(9)
_plain = ref.rotary_frequencies(D_K)
_stretch = {"factor": 4.0, "original_len": 8}
SCHEMES = {
    "none": Scheme(),
    "sinusoidal": Scheme(added=lambda positions: ref.sinusoidal_positions(positions, D_MODEL)),
    "learned": Scheme(added=lambda positions: ref.learned_positions(_table, positions)),
    "Shaw": Scheme(shaw=(_shaw.normal(size=(5, D_K)), _shaw.normal(size=(5, D_V)))),
    "T5": Scheme(bias=lambda m, n: ref.t5_bias(m, n, _t5, bidirectional=False, max_distance=7)),
    "ALiBi": Scheme(bias=lambda m, n: ref.alibi_bias(m, n, ref.alibi_slopes(HEADS))),
    "rotary, halves": _rotary(_plain),
    "rotary, neighbours": _rotary(_plain, interleaved=True),
    "rotary, part of the width": _rotary(ref.rotary_frequencies(2)),
    "rotary, linear": _rotary(ref.interpolated_frequencies(_plain, factor=4.0)),
    "rotary, NTK": _rotary(ref.ntk_frequencies(_plain, factor=4.0)),
    "rotary, by parts": _rotary(ref.ntk_by_parts_frequencies(_plain, **_stretch)),
    "rotary, Llama 3": _rotary(ref.llama3_frequencies(_plain, **_stretch)),
    "rotary, YaRN": _rotary(
        ref.yarn_frequencies(_plain, base=10000.0, **_stretch),
        attention_factor=ref.yarn_attention_factor(4.0),
    ),
}


SCALINGS = list(SCHEMES)[list(SCHEMES).index("rotary, linear") :]


class Text(NamedTuple):
    """Inputs, and what projects them."""

    x: np.ndarray
    weights: tuple[np.ndarray, ...]

    def qkv(self, scheme: Scheme, start: int, stop: int) -> list[np.ndarray]:
        positions = np.arange(start, stop)
        x = self.x[:, start:stop] + scheme.added(positions)
        heads = (HEADS, KV_HEADS, KV_HEADS)
        q, k, v = (ref.split_heads(x @ w, h) for w, h in zip(self.weights, heads, strict=True))
        return [scheme.turned(q, positions), scheme.turned(k, positions), v]


def text() -> Text:
    widths = (HEADS * D_K, KV_HEADS * D_K, KV_HEADS * D_V)
    return Text(normal(BATCH, N, D_MODEL), tuple(normal(D_MODEL, w) / 3 for w in widths))


def full_pass(given: Text, scheme: Scheme, mask: Mask) -> np.ndarray:
    q, k, v = given.qkv(scheme, 0, N)
    if scheme.shaw:
        return ref.shaw_attention(q, k, v, *scheme.shaw, mask=mask.grid, **mask.options)
    bias = scheme.bias(N, N) if scheme.bias else None
    return ref.scaled_dot_product_attention(q, k, v, mask=mask.grid, bias=bias, **mask.options)


def at(grid: np.ndarray, q_positions: np.ndarray, kv_positions: np.ndarray) -> np.ndarray:
    """Look (..., N, N) numbers up by position; what an empty place gets does not matter."""
    rows, columns = np.broadcast_arrays(q_positions % N, kv_positions % N)
    grid = np.broadcast_to(grid, (BATCH, HEADS, N, N))
    batch, heads = np.arange(BATCH)[:, None, None, None], np.arange(HEADS)[:, None, None]
    return grid[batch, heads, rows, columns]


def growing(qkv: list, cache: Any, scheme: Scheme, mask: Mask) -> tuple[np.ndarray, Any]:
    """The growing cache is asked with grids for the last rows, made anew for each step."""
    past = 0 if cache is None else cache.k.shape[-2]
    m, n = qkv[0].shape[-2], past + qkv[0].shape[-2]
    grid = np.broadcast_to(mask.grid, (*mask.grid.shape[:-2], N, N))[..., past:n, :n]
    if scheme.shaw:
        cache = ref.append_to_cache(cache, *qkv[1:])
        output = ref.shaw_attention(qkv[0], *cache, *scheme.shaw, mask=grid, **mask.options)
        return output, cache
    bias = scheme.bias(m, n) if scheme.bias else None
    return ref.cached_attention(*qkv, cache, mask=grid, bias=bias, **mask.options)


def with_slots(step: Callable, rolling: bool = False) -> Callable:
    """The others are asked with functions of positions."""

    def decode(qkv: list, cache: Any, scheme: Scheme, mask: Mask) -> tuple[np.ndarray, Any]:
        options = dict(mask.options)
        if rolling:
            options.pop("causal")
            options.pop("window", None)

        def bias(q_positions, kv_positions):
            if scheme.shaw is None:
                return at(scheme.bias(N, N), q_positions, kv_positions)
            vectors = scheme.shaw[0][np.clip(kv_positions - q_positions, -2, 2) + 2]
            scale = options.get("scale", D_K**-0.5)
            return scale * np.einsum("bhid,bzijd->bhij", qkv[0], vectors)

        def looked_up(q_positions, kv_positions):
            seen.append((q_positions, kv_positions))
            return at(mask.grid, q_positions, kv_positions)

        seen: list = []
        options["mask"] = looked_up
        if scheme.bias or scheme.shaw:
            options["bias"] = bias
        if scheme.shaw is None:
            return step(*qkv, cache, **options)
        (output, weights), cache = step(*qkv, cache, return_weights=True, **options)
        vectors = scheme.shaw[1][np.clip(seen[0][1] - seen[0][0], -2, 2) + 2]
        return output + np.einsum("bhij,bzijd->bhid", weights, vectors), cache

    return decode


def _empty(given: Text) -> list[np.ndarray]:
    return given.qkv(Scheme(), 0, 1)[1:]


CACHES = {
    "growing": (lambda given: None, growing),
    "static": (
        lambda given: ref.static_cache(*_empty(given), N + 2),
        with_slots(ref.static_cached_attention),
    ),
    "rolling": (
        lambda given: ref.rolling_cache(*_empty(given), WINDOW),
        with_slots(ref.rolling_cached_attention, rolling=True),
    ),
    "paged": (
        lambda given: ref.paged_cache(*_empty(given), 11, 2, 5),
        with_slots(ref.paged_cached_attention),
    ),
}


def defined() -> Iterator[tuple[str, str, str]]:
    for cache, mask, scheme in itertools.product(CACHES, MASKS, SCHEMES):
        if cache == "rolling" and mask in ("prefix", "wide window"):
            continue  # what every query is to see leaves the ring
        if scheme in SCALINGS and mask not in ("causal", "options"):
            continue  # other numbers on the same way
        if scheme == "Shaw" and mask == "options":
            continue  # its bias is no part of a soft-capped score
        yield cache, mask, scheme


@pytest.mark.parametrize(("cache", "mask", "scheme"), list(defined()))
def test_decoding_is_the_full_pass(cache, mask, scheme):
    given, mask_, scheme_ = text(), MASKS[mask], SCHEMES[scheme]
    start, decode = CACHES[cache]
    if cache == "rolling":
        mask_ = mask_._replace(options=mask_.options | {"window": WINDOW})
    expected = full_pass(given, scheme_, mask_)
    for name, cut in CUTS.items():
        state, outputs, position = start(given), [], 0
        for m in cut:
            step = given.qkv(scheme_, position, position + m)
            output, state = decode(step, state, scheme_, mask_)
            outputs.append(output)
            position += m
        found = np.concatenate(outputs, -2)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12, err_msg=name)


def test_a_text_of_its_own_length_each():
    """Sequences of a batch differ in length: each is what it is alone, and padding gives zeros."""
    given, steps = text(), [np.array([4, 2]), np.array([0, 3]), np.array([5, 1])]
    lengths = sum(steps)
    expected = full_pass(given, SCHEMES["none"], MASKS["window"])
    starts = {name: start for name, (start, _) in CACHES.items() if name != "growing"}
    attend = {
        "static": lambda *a, **o: ref.static_cached_attention(*a, window=WINDOW, **o),
        "rolling": ref.rolling_cached_attention,
        "paged": lambda *a, **o: ref.paged_cached_attention(*a, window=WINDOW, **o),
    }
    for name, start in starts.items():
        cache, past = start(given), np.zeros(2, dtype=int)
        for counts in steps:
            qkv = [np.zeros((*a.shape[:2], 6, a.shape[-1])) for a in given.qkv(Scheme(), 0, 1)]
            for b, (p, c) in enumerate(zip(past, counts, strict=True)):
                for padded, whole in zip(qkv, given.qkv(Scheme(), 0, N), strict=True):
                    padded[b, :, :c] = whole[b, :, p : p + c]
                    padded[b, :, c:] = 99.0  # padding, whatever it is
            output, cache = attend[name](*qkv, cache, counts=counts)
            for b, (p, c) in enumerate(zip(past, counts, strict=True)):
                np.testing.assert_allclose(output[b, :, :c], expected[b, :, p : p + c], atol=1e-12)
                assert (output[b, :, c:] == 0).all()
            past = past + counts
        np.testing.assert_array_equal(cache.lengths, lengths)


def test_dynamic_scaling_turns_keys_when_they_are_read():
    """Its frequencies change as the text grows: a key turned once would be turned wrongly."""
    given = text()
    cache, turned = None, None
    for n in range(1, N + 1):
        frequencies = ref.dynamic_ntk_frequencies(_plain, seq_len=n, original_len=4, factor=2.0)

        def turn(x, start, stop, frequencies=frequencies):
            return ref.rotary(x, np.arange(start, stop), frequencies)

        q, k, v = given.qkv(Scheme(), 0, n)
        whole = ref.scaled_dot_product_attention(turn(q, 0, n), turn(k, 0, n), v, causal=True)
        q, k, v = (a[:, :, -1:] for a in (q, k, v))
        cache = ref.append_to_cache(cache, k, v)
        step = ref.scaled_dot_product_attention(
            turn(q, n - 1, n), turn(cache.k, 0, n), cache.v, causal=True
        )
        np.testing.assert_allclose(step, whole[:, :, -1:], atol=1e-12)
        wrong, turned = ref.cached_attention(turn(q, n - 1, n), turn(k, n - 1, n), v, turned)
        assert np.allclose(wrong, step, atol=1e-9) == (n <= 4)


def scattered(past, update, indices, circular):
    """One number at a time, as ONNX writes it down."""
    present = past.copy()
    for b, i in itertools.product(range(past.shape[0]), range(update.shape[2])):
        j = indices[b] + i
        present[b, :, j % past.shape[2] if circular else j] = update[b, :, i]
    return present


@drawn(data=st.data(), n_slots=st.integers(1, 7), circular=st.booleans())
def test_scatter_one_row_at_a_time(data, n_slots, circular):
    n_new = data.draw(st.integers(0, n_slots))
    highest = 3 * n_slots if circular else n_slots - n_new
    indices = np.array(data.draw(st.lists(st.integers(0, highest), min_size=2, max_size=2)))
    past, update = normal(2, 3, n_slots, 4), normal(2, 3, n_new, 4)
    found = ref.tensor_scatter(past, update, indices, circular=circular)
    np.testing.assert_array_equal(found, scattered(past, update, indices, circular))


@drawn(counts=st.lists(st.lists(st.integers(0, 7), min_size=2, max_size=2), max_size=5))
def test_a_ring_holds_the_last_positions_each_in_its_slot(counts):
    cache = ref.rolling_cache(normal(2, 1, 1, 2), normal(2, 1, 1, 3), 3)
    history: list[list] = [[], []]
    for pair in counts:
        k, v = normal(2, 1, 7, 2), normal(2, 1, 7, 3)
        cache = ref.append_to_rolling_cache(cache, k, v, counts=np.array(pair))
        for b in range(2):
            history[b] += [(k[b, 0, i], v[b, 0, i]) for i in range(pair[b])]
    for b in range(2):
        assert cache.lengths[b] == len(history[b])
        for slot in range(3):
            mine = history[b][slot::3] or [(0, 0)]
            np.testing.assert_array_equal(cache.k[b, 0, slot], np.broadcast_to(mine[-1][0], 2))
            np.testing.assert_array_equal(cache.v[b, 0, slot], np.broadcast_to(mine[-1][1], 3))


SEQUENCES, PAGES, PAGE, TABLE = 3, 7, 2, 4


def pages_in_use(cache: ref.PagedCache) -> list[set[int]]:
    return [set(row[row >= 0].tolist()) for row in cache.block_table]


def check_pages(cache: ref.PagedCache, history: list[list]) -> None:
    """The cache holds these texts, and its books are in order."""
    k, v, positions = ref.read_paged_cache(cache)
    for b, text_ in enumerate(history):
        n = len(text_)
        np.testing.assert_array_equal(positions[b], [*range(n), *[-1] * (TABLE * PAGE - n)])
        for j, (key, value) in enumerate(text_):
            np.testing.assert_array_equal(k[b, 0, j], key)
            np.testing.assert_array_equal(v[b, 0, j], value)
        assert (cache.block_table[b] >= 0).sum() == -(-n // PAGE), "no page too many"
    used = pages_in_use(cache)
    assert cache.ref_counts.tolist() == [sum(page in row for row in used) for page in range(PAGES)]


@drawn(data=st.data())
def test_pages_through_any_story(data):
    """Append, fork and free at random, beside lists of Python's."""
    cache = ref.paged_cache(
        normal(SEQUENCES, 1, 1, 2), normal(SEQUENCES, 1, 1, 3), PAGES, PAGE, TABLE
    )
    history: list[list] = [[] for _ in range(SEQUENCES)]
    for _ in range(data.draw(st.integers(1, 8))):
        act, b = data.draw(st.sampled_from("aaafd")), data.draw(st.integers(0, SEQUENCES - 1))
        empty = [i for i in range(SEQUENCES) if not history[i]]
        if act == "d":
            cache, history[b] = ref.free_sequence(cache, b), []
        elif act == "f" and history[b] and empty:
            n = data.draw(st.integers(0, len(history[b])))
            cache = ref.fork_sequence(cache, b, empty[0], length=n)
            history[empty[0]] = history[b][:n]
        else:
            counts = np.array([data.draw(st.integers(0, 3)) for _ in range(SEQUENCES)])
            k, v = normal(SEQUENCES, 1, 3, 2), normal(SEQUENCES, 1, 3, 3)
            try:
                after = ref.append_to_paged_cache(cache, k, v, counts=counts)
            except ValueError as error:
                new = [-(-(len(h) + c) // PAGE) for h, c in zip(history, counts, strict=True)]
                if "one sequence" in str(error):
                    assert max(new) > TABLE
                else:
                    # As many as the texts grow by, and a copy for each shared page but one.
                    assert (
                        sum(new) - (cache.block_table >= 0).sum() + SEQUENCES
                        > (cache.ref_counts == 0).sum()
                    )
                continue
            for i, c in enumerate(counts):
                history[i] = history[i] + [(k[i, 0, j], v[i, 0, j]) for j in range(c)]
            cache = after
        check_pages(cache, history)


def test_a_shared_page_is_copied_before_it_is_written_and_no_other():
    x = normal(SEQUENCES, 1, 3, 2)
    cache = ref.append_to_paged_cache(
        ref.paged_cache(x, x, PAGES, PAGE, TABLE), x, x, counts=np.array([3, 0, 0])
    )
    cache = ref.fork_sequence(ref.fork_sequence(cache, 0, 1), 0, 2)
    assert pages_in_use(cache) == [{0, 1}, {0, 1}, {0, 1}]
    first = ref.append_to_paged_cache(cache, x, x, counts=np.array([0, 1, 0]))
    assert pages_in_use(first) == [{0, 1}, {0, 2}, {0, 1}]
    assert first.ref_counts.tolist() == [3, 2, 1, 0, 0, 0, 0]
    owner = ref.append_to_paged_cache(cache, x, x, counts=np.array([1, 0, 0]))
    assert pages_in_use(owner) == [{0, 2}, {0, 1}, {0, 1}]
    # Two of three write: both need a copy. Then the third is alone and needs none.
    both = ref.append_to_paged_cache(cache, x, x, counts=np.array([0, 1, 1]))
    assert pages_in_use(both) == [{0, 1}, {0, 2}, {0, 3}]
    alone = ref.append_to_paged_cache(both, x, x, counts=np.array([1, 0, 0]))
    assert pages_in_use(alone) == [{0, 1}, {0, 2}, {0, 3}]
    # All three write at once: one of them may keep the page.
    everyone = ref.append_to_paged_cache(cache, x, x, counts=np.array([1, 1, 1]))
    assert pages_in_use(everyone) == [{0, 1}, {0, 2}, {0, 3}]
    # A shared page that is full is never written again.
    full = ref.append_to_paged_cache(cache, x, x, counts=np.array([1, 0, 0]))
    full = ref.fork_sequence(ref.free_sequence(full, 1), 0, 1)
    grown = ref.append_to_paged_cache(full, x, x, counts=np.array([0, 1, 0]))
    assert len(pages_in_use(grown)[0] & pages_in_use(grown)[1]) == 2


def test_the_last_free_page_is_given_and_one_more_is_refused():
    x = normal(2, 1, 8, 2)
    cache = ref.paged_cache(x, x, n_pages=3, page_size=2, max_pages=3)
    cache = ref.append_to_paged_cache(cache, x, x, counts=np.array([4, 2]))
    assert (cache.ref_counts == 1).all()
    with pytest.raises(ValueError, match="room for 1 new pages, got 0; free a sequence"):
        ref.append_to_paged_cache(cache, x, x, counts=np.array([0, 1]))
    cache = ref.append_to_paged_cache(ref.free_sequence(cache, 0), x, x, counts=np.array([0, 4]))
    assert cache.block_table[1].tolist() == [2, 0, 1]


def test_what_a_freed_page_holds_is_not_seen_again():
    q, k, v = normal(2, 1, 5, 2), normal(2, 1, 5, 2), normal(2, 1, 5, 3)
    fresh = ref.paged_cache(k, v, 4, 4, 2)
    expected, _ = ref.paged_cached_attention(q, k, v, fresh, counts=np.array([5, 0]))
    used = ref.append_to_paged_cache(fresh, 1e3 * k, 1e3 * v, counts=np.array([0, 5]))
    used = ref.free_sequence(used, 1)
    found, _ = ref.paged_cached_attention(q, k, v, used, counts=np.array([5, 0]))
    np.testing.assert_array_equal(found, expected)


@drawn(seed=st.integers(0, 999))
def test_the_order_of_keys_in_memory_does_not_matter(seed):
    r = np.random.default_rng(seed)
    q, k, v = r.normal(size=(6, 5, 4)), r.normal(size=(3, 7, 4)), r.normal(size=(3, 7, 8))
    order, rows = r.permutation(7), r.permutation(5)
    expected = ref.scaled_dot_product_attention(q, k, v, causal=True, window=4)
    shuffled = ref.positioned_attention(
        q[:, rows], k[:, order], v[:, order], rows + 2, order, window=4
    )
    np.testing.assert_allclose(shuffled, expected[:, rows], atol=1e-12)
