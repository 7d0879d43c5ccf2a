"""Linear attention: every form against sums written out one number at a time, and its limits."""

from __future__ import annotations

import functools
import itertools
import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import attncourse.reference as ref
from tests.cases.common import BATCH, D_K, D_V, HEADS, KV_HEADS, normal

SEQ = 6


def _chunked(chunk_len):
    def form(*args, **kwargs):
        return ref.linear_attention_chunked(*args, chunk_len=chunk_len, **kwargs)

    return form


FORMS = {
    "recurrent": ref.linear_attention_recurrent,
    "parallel": ref.linear_attention_parallel,
    **{f"chunks of {n}": _chunked(n) for n in (1, 2, 4, 6, 9)},
}
EVERY_FORM = pytest.mark.parametrize("attend", FORMS.values(), ids=FORMS)


def qkv(seq: int = SEQ, n_heads: int = HEADS, positive: bool = False) -> tuple[np.ndarray, ...]:
    q, k = normal(BATCH, n_heads, seq, D_K), normal(BATCH, KV_HEADS, seq, D_K)
    v = normal(BATCH, KV_HEADS, seq, D_V)
    return (np.abs(q), np.abs(k), v) if positive else (q, k, v)


def a_state() -> ref.LinearState:
    sums = normal(BATCH, KV_HEADS, D_K, D_V), np.abs(normal(BATCH, KV_HEADS, D_K))
    return ref.LinearState(*sums)


def gates(kind: str, seq: int = SEQ) -> np.ndarray | None:
    per_feature = -np.abs(normal(BATCH, KV_HEADS, seq, D_K))
    return {
        "none": None,
        "feature": per_feature,
        "head": per_feature[..., :1],
        "constant": ref.retention_log_decay(KV_HEADS),
        "strong": 1e4 * per_feature,
        # A difference of two sums from the start would have lost all digits of the later gates.
        "then weak": np.where(np.arange(seq)[:, None] == 1, -1e17, per_feature),
        "reset": np.where(np.arange(seq)[:, None] == 3, -np.inf, per_feature),
    }[kind]


KINDS = ["none", "feature", "head", "constant", "strong", "then weak", "reset"]


def product_of_gates(g, i, c, after):
    """What the gates of the positions behind ``after`` leave of feature c at i."""
    product = 1.0
    for t in range(after + 1, i + 1):
        product *= math.exp(g[t, c])
    return product


def oracle(q, k, v, *, log_decay=None, mask=None, state=None, normalize=False, scale=None):
    """Weigh each earlier position by a product of gates: no running state, one number at a time."""
    n_batch, n_heads, seq, d_k = q.shape
    n_kv_heads, d_v = v.shape[1], v.shape[-1]
    scale = 1 / math.sqrt(d_k) if scale is None else scale
    g = np.broadcast_to(0.0 if log_decay is None else log_decay, k.shape)
    mask = np.broadcast_to(True if mask is None else mask, (n_batch, n_kv_heads, 1, seq))
    output = np.zeros((n_batch, n_heads, seq, d_v))
    for b, h, i in np.ndindex(n_batch, n_heads, seq):
        shared = h * n_kv_heads // n_heads
        left = functools.partial(product_of_gates, g[b, shared], i)
        weights = [
            sum(q[b, h, i, c] * k[b, shared, j, c] * left(c, j) for c in range(d_k)) * scale
            if mask[b, shared, 0, j]
            else 0.0
            for j in range(i + 1)
        ]
        old = [0.0 if state is None else scale * q[b, h, i, c] * left(c, -1) for c in range(d_k)]
        total = sum(weights)
        if state is not None:
            total += sum(old[c] * state.key_sum[b, shared, c] for c in range(d_k))
        for e in range(d_v):
            value = sum(w * v[b, shared, j, e] for j, w in enumerate(weights))
            if state is not None:
                value += sum(old[c] * state.key_value_sum[b, shared, c, e] for c in range(d_k))
            if normalize:
                value = value / total if total else 0.0
            output[b, h, i, e] = value
    return output


@EVERY_FORM
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("normalize", [False, True])
def test_against_one_number_at_a_time(attend, kind, normalize):
    q, k, v = qkv(positive=normalize)
    mask = np.ones((BATCH, KV_HEADS, 1, SEQ), bool)
    mask[0, 0, 0, :2] = mask[1, :, 0, 4] = False
    for state, given_mask in ((None, None), (a_state(), mask)):
        options = {"log_decay": gates(kind), "mask": given_mask, "state": state}
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found, after = attend(q, k, v, **options, normalize=normalize)
        expected = oracle(q, k, v, **options, normalize=normalize)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
        assert all(np.isfinite(part).all() for part in after)


@given(
    st.integers(1, 9), st.integers(1, 11), st.integers(1, 8), st.sampled_from(KINDS), st.booleans()
)
def test_all_forms_are_equal_and_the_state_carries(seq, chunk_len, split, kind, normalize):
    q, k, v = qkv(seq, positive=normalize)
    g, start = gates(kind, seq), a_state()
    options = {"normalize": normalize, "scale": 0.6}
    whole, end = ref.linear_attention_recurrent(q, k, v, log_decay=g, state=start, **options)
    for attend in (ref.linear_attention_parallel, _chunked(chunk_len)):
        found, state = attend(q, k, v, log_decay=g, state=start, **options)
        for a, b in zip((found, *state), (whole, *end), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)
    if split < seq:
        state, outputs = start, []
        for part in (slice(None, split), slice(split, None)):
            given = g if g is None or g.shape[-2] == 1 else g[..., part, :]
            arrays = (x[..., part, :] for x in (q, k, v))
            output, state = _chunked(chunk_len)(*arrays, log_decay=given, state=state, **options)
            outputs.append(output)
        for a, b in zip((np.concatenate(outputs, -2), *state), (whole, *end), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


@EVERY_FORM
def test_by_hand(attend):
    """Two features, gates of a half and of nothing; q·k is 1, then the second feature fades."""
    q = np.array([[1.0, 1.0], [1.0, 2.0]])
    k = np.array([[1.0, 10.0], [3.0, 0.0]])
    v = np.array([[1.0, 0.0], [0.0, 1.0]])
    log_decay = np.array([[-5.0, -6.0], [0.0, math.log(0.5)]])  # the first has nothing to act on
    output, state = attend(q, k, v, log_decay=log_decay, scale=1.0)
    np.testing.assert_allclose(output, [[11, 0], [11, 3]])  # 1·1 + 2·10/2 = 11, and 1·3
    np.testing.assert_allclose(state.key_value_sum, [[1, 3], [5, 0]])
    np.testing.assert_allclose(state.key_sum, [4, 5])
    output, _ = attend(q, k, v, log_decay=log_decay, normalize=True)
    np.testing.assert_allclose(output, [[1, 0], [11 / 14, 3 / 14]])


@EVERY_FORM
def test_a_constant_gate_makes_a_geometric_sum(attend):
    gate = 31 / 32
    ones = np.ones((1, 200, 1))
    output, state = attend(ones, ones, ones, log_decay=ref.retention_log_decay(1))
    expected = (1 - gate ** np.arange(1, 201)) / (1 - gate)
    np.testing.assert_allclose(output[0, :, 0], expected, rtol=1e-12)
    np.testing.assert_allclose(state.key_sum.ravel(), expected[-1], rtol=1e-12)


def test_retention_halves_when_its_docstring_says():
    halves = math.log(0.5) / ref.retention_log_decay(3).ravel()
    np.testing.assert_allclose(halves, [22, 44, 88], atol=0.5)
    assert ref.retention_log_decay(2, dtype="float32").dtype == np.float32


@EVERY_FORM
def test_a_reset_forgets_everything(attend):
    q, k, v = qkv()
    g = gates("head")
    g[..., 2, :] = -np.inf
    whole, end = attend(q, k, v, log_decay=g, state=a_state())
    tail = slice(2, None)
    alone, state = attend(*(x[..., tail, :] for x in (q, k, v)), log_decay=g[..., tail, :])
    np.testing.assert_allclose(whole[..., tail, :], alone, rtol=1e-12)
    for a, b in zip(end, state, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


@EVERY_FORM
def test_nothing_comes_from_the_future(attend):
    q, k, v = qkv(positive=True)
    g = gates("feature")
    before, _ = attend(q, k, v, log_decay=g)
    average, _ = attend(q, k, v, log_decay=g, normalize=True)
    for i, which in itertools.product(range(SEQ), ("k", "v", "log_decay")):
        arrays = {"k": k.copy(), "v": v.copy(), "log_decay": g.copy()}
        arrays[which][..., i, :] -= 0.3
        after, _ = attend(q, **arrays)
        np.testing.assert_array_equal(after[..., :i, :], before[..., :i, :])
        normalised, _ = attend(q, **arrays, normalize=True)
        np.testing.assert_array_equal(normalised[..., :i, :], average[..., :i, :])
        if not (which == "log_decay" and i == 0):  # the first gate has nothing to act on
            assert (after[..., i, :] != before[..., i, :]).all()


@EVERY_FORM
def test_normalised_weights_sum_to_one(attend):
    q, k, v = qkv(positive=True)
    options = {"log_decay": gates("feature"), "normalize": True}
    np.testing.assert_allclose(attend(q, k, np.ones_like(v), **options)[0], 1)
    found, _ = attend(q, k, v, **options)
    shared = v.repeat(HEADS // KV_HEADS, axis=1)
    assert (found <= np.maximum.accumulate(shared, axis=-2) + 1e-12).all()
    assert (found >= np.minimum.accumulate(shared, axis=-2) - 1e-12).all()
    scaled, _ = attend(q, k, v, **options, scale=7.0)
    np.testing.assert_allclose(scaled, found, rtol=1e-12)


@EVERY_FORM
def test_weights_that_cancel_give_zeros(attend):
    """Features of both signs can sum to nothing: no average is left to give."""
    k, v = np.array([[1.0], [-1.0], [1.0]]), np.array([[1.0], [2.0], [4.0]])
    output, _ = attend(np.ones((3, 1)), k, v, normalize=True)
    np.testing.assert_array_equal(output.ravel(), [1, 0, 3])  # 1 - 2 + 4 over 1 - 1 + 1


@EVERY_FORM
def test_scale(attend):
    q, k, v = qkv()
    plain, state = attend(q, k, v, scale=1.0)
    for scale, factor in ((None, D_K**-0.5), (-2.0, -2.0), (0, 0.0)):
        found, same = attend(q, k, v, scale=scale)
        np.testing.assert_allclose(found, factor * plain, rtol=1e-12)
        np.testing.assert_array_equal(same.key_value_sum, state.key_value_sum)


@EVERY_FORM
def test_heads_may_share_and_batches_may_be_missing_or_many(attend):
    q, k, v = qkv()
    g, state = gates("feature"), a_state()
    found, _ = attend(q, k, v, log_decay=g, state=state)
    repeated = [x.repeat(HEADS // KV_HEADS, axis=1) for x in (k, v, g, *state)]
    own, _ = attend(q, *repeated[:2], log_decay=repeated[2], state=ref.LinearState(*repeated[3:]))
    np.testing.assert_allclose(found, own, rtol=1e-12, atol=1e-12)
    one = ref.LinearState(*(x[1] for x in state))
    without_batch, _ = attend(q[1], k[1], v[1], log_decay=g[1], state=one)
    np.testing.assert_allclose(without_batch, found[1], rtol=1e-12, atol=1e-12)
    last = ref.LinearState(*(x[1, 2] for x in state))
    one_head, after = attend(q[1, 5], k[1, 2], v[1, 2], log_decay=g[1, 2], state=last)
    np.testing.assert_allclose(one_head, found[1, 5], rtol=1e-12, atol=1e-12)
    assert after.key_sum.shape == (D_K,)
    many, _ = attend(q[None, :, None], k[None, :, None], v[None, :, None])
    np.testing.assert_array_equal(many[0, :, 0], attend(q, k, v)[0])


@EVERY_FORM
def test_a_masked_position_is_as_if_it_were_not_there(attend):
    q, k, v = qkv(positive=True)
    mask = np.array([False, True, True, False, True, True])
    found, state = attend(q, k, v, mask=mask, normalize=True)
    fewer, same = attend(*(x[..., mask, :] for x in (q, k, v)), normalize=True)
    np.testing.assert_allclose(found[..., mask, :], fewer, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(state.key_sum, same.key_sum, rtol=1e-12)
    np.testing.assert_array_equal(found[..., 0, :], 0)  # nothing to attend to yet
    lengths = np.array([4, SEQ])
    padded, _ = attend(q, k, v, mask=ref.padding_mask(lengths, SEQ), normalize=True)
    short, _ = attend(*(x[:1, :, :4] for x in (q, k, v)), normalize=True)
    np.testing.assert_allclose(padded[:1, :, :4], short, rtol=1e-12)


@EVERY_FORM
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_the_state_is_never_in_half_precision(attend, dtype):
    """In float16 a running sum of ones sticks at 2048."""
    ones = np.ones((2200, 1), dtype)
    output, state = attend(ones, ones, ones, log_decay=np.zeros(1))
    assert output.dtype == dtype
    assert state.key_sum.dtype == state.key_value_sum.dtype == np.float32
    assert state.key_sum == state.key_value_sum == 2200
    assert output[-1] == 2200


def test_the_state_does_not_grow():
    q, k, v = qkv(50)
    _, state = ref.linear_attention_chunked(q, k, v)
    assert state.key_value_sum.shape == (BATCH, KV_HEADS, D_K, D_V)
    assert state.key_sum.shape == (BATCH, KV_HEADS, D_K)


class TestBothDirections:
    def test_against_explicit_weights(self):
        q, k, v = normal(2, 6, 5, D_K), normal(2, 3, 7, D_K), normal(2, 3, 7, D_V)
        phi_q, phi_k = ref.elu_features(q), ref.elu_features(k)
        mask = np.array([True, False, True, True, False, True, True])
        for b, h, i in np.ndindex(2, 6, 5):
            terms = [
                sum(phi_q[b, h, i, c] * phi_k[b, h // 2, j, c] for c in range(D_K)) * mask[j]
                for j in range(7)
            ]
            mixed = [sum(t * v[b, h // 2, j, e] for j, t in enumerate(terms)) for e in range(D_V)]
            for normalize, factor in ((False, 0.3), (True, 1 / sum(terms))):
                found = ref.linear_attention(
                    phi_q, phi_k, v, mask=mask, normalize=normalize, scale=0.3
                )
                np.testing.assert_allclose(found[b, h, i], np.multiply(mixed, factor), rtol=1e-12)

    def test_the_last_causal_query_sees_as_much(self):
        q, k, v = qkv(positive=True)
        for normalize in (False, True):
            both = ref.linear_attention(q, k, v, normalize=normalize)
            causal, _ = ref.linear_attention_parallel(q, k, v, normalize=normalize)
            np.testing.assert_allclose(both[..., -1, :], causal[..., -1, :], rtol=1e-12)

    def test_nothing_to_attend_to(self):
        q, k, v = qkv(positive=True)
        found = ref.linear_attention(q, k, v, mask=np.zeros(SEQ, bool), normalize=True)
        np.testing.assert_array_equal(found, 0)
        away = ref.relu_features(-q), ref.relu_features(k)  # no query has a feature left
        np.testing.assert_array_equal(ref.linear_attention(*away, v, normalize=True), 0)

    def test_order_of_keys_does_not_matter(self):
        q, k, v = qkv()
        order = np.array([3, 0, 5, 1, 4, 2])
        np.testing.assert_allclose(
            ref.linear_attention(q, k[..., order, :], v[..., order, :]),
            ref.linear_attention(q, k, v),
            rtol=1e-12,
            atol=1e-12,
        )


class TestDecayMatrix:
    @pytest.mark.parametrize("kind", KINDS[1:3] + KINDS[4:])
    def test_against_loops(self, kind):
        g = gates(kind)[0, 1, :, 0]
        found = ref.decay_matrix(g)
        for i, j in np.ndindex(SEQ, SEQ):
            expected = math.prod(math.exp(x) for x in g[j + 1 : i + 1]) if j <= i else 0
            assert math.isclose(found[i, j], expected, rel_tol=1e-12)

    def test_without_decay_it_is_the_causal_mask(self):
        np.testing.assert_array_equal(ref.decay_matrix(np.zeros(5)), ref.causal_mask(5, 5))


class TestFeatures:
    def test_elu_by_hand(self):
        x = np.array([-800.0, -math.log(4), 0.0, 3.5])
        np.testing.assert_allclose(ref.elu_features(x), [0, 0.25, 1, 4.5])
        near = ref.elu_features(np.array([-1e-9, 1e-9]))
        np.testing.assert_allclose(near, [1 - 1e-9, 1 + 1e-9], rtol=1e-15)

    def test_elu_in_half_does_not_overflow(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            np.testing.assert_array_equal(
                ref.elu_features(np.array([1000.0], np.float16)), np.float16(1001)
            )

    def test_softmax_features_sum_to_one(self):
        features = ref.softmax_features(100 * normal(3, 2, D_K))
        assert (features >= 0).all()
        np.testing.assert_allclose(features.sum(-1), 1)

    def test_taylor_is_the_series_up_to_the_square(self):
        q, k = normal(30, D_K), normal(30, D_K)
        dots = q @ k.T
        found = ref.taylor_features(q) @ ref.taylor_features(k).T
        assert ref.taylor_features(q).shape == (30, 1 + D_K + D_K**2)
        np.testing.assert_allclose(found, 1 + dots + dots**2 / 2, rtol=1e-12)
        assert (found >= 0.5 - 1e-12).all()  # (1 + (1 + x)²) / 2
        small = 1e-3
        near = ref.taylor_features(small * q) @ ref.taylor_features(k).T
        np.testing.assert_allclose(near, np.exp(small * dots), atol=1e-6)

    @pytest.mark.parametrize("n_shifts", [1, 2, 3])
    def test_dpfp_against_loops(self, n_shifts):
        d = 3
        for x in normal(5, d):
            r = [max(e, 0) for e in (*x, *-x)]
            expected = [
                r[i] * r[(i + j) % (2 * d)] for j in range(1, n_shifts + 1) for i in range(6)
            ]
            np.testing.assert_array_equal(ref.dpfp_features(x, n_shifts=n_shifts), expected)

    def test_dpfp_separates_signs(self):
        """Unlike elu's, some pairs of keys have nothing in common at all."""
        x = np.array([1.0, 2.0])
        assert ref.dpfp_features(x) @ ref.dpfp_features(-x) == 0
        assert ref.elu_features(x) @ ref.elu_features(-x) > 0
