"""The delta rule: every form against plain loops, and what it is for: writing a key again."""

from __future__ import annotations

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
        return ref.delta_rule_chunked(*args, chunk_len=chunk_len, **kwargs)

    return form


FORMS = {
    "recurrent": ref.delta_rule_recurrent,
    "parallel": ref.delta_rule_parallel,
    **{f"chunks of {n}": _chunked(n) for n in (1, 2, 4, 6, 9)},
}
EVERY_FORM = pytest.mark.parametrize("attend", FORMS.values(), ids=FORMS)
KINDS = ["none", "feature", "head", "constant", "strong", "then weak", "reset"]


def qkv(seq: int = SEQ) -> tuple[np.ndarray, ...]:
    """Queries, keys of length one, values, and rates up to two."""
    q, k = normal(BATCH, HEADS, seq, D_K), normal(BATCH, KV_HEADS, seq, D_K)
    v, rates = normal(BATCH, KV_HEADS, seq, D_V), normal(BATCH, KV_HEADS, seq)
    return q, ref.l2_normalize(k), v, 1 + np.sin(rates)


def gates(kind: str, seq: int = SEQ) -> np.ndarray | None:
    per_feature = -np.abs(normal(BATCH, KV_HEADS, seq, D_K))
    return {
        "none": None,
        "feature": per_feature,
        "head": per_feature[..., :1],
        "constant": ref.retention_log_decay(KV_HEADS),
        "strong": 1e4 * per_feature,
        "then weak": np.where(np.arange(seq)[:, None] == 1, -1e17, per_feature),
        "reset": np.where(np.arange(seq)[:, None] == 3, -np.inf, per_feature),
    }[kind]


def oracle(q, k, v, beta, *, log_decay=None, state=None, scale=None):
    """Unroll the definition into what each position has written by itself, with plain numbers.

    No matrix is carried along: what is read is summed anew from the list of all that was written,
    each entry faded by the gates since.
    """
    n_batch, n_heads, seq, d_k = q.shape
    n_kv_heads, d_v = v.shape[1], v.shape[-1]
    scale = 1 / math.sqrt(d_k) if scale is None else scale
    g = np.broadcast_to(0.0 if log_decay is None else log_decay, k.shape)
    beta = np.broadcast_to(beta, k.shape[:-1])
    output = np.zeros((n_batch, n_heads, seq, d_v))
    for b, shared in np.ndindex(n_batch, n_kv_heads):
        # Each entry: how much of it each feature still has, and the value.
        entries = []
        if state is not None:
            for c in range(d_k):
                one = [float(c == other) for other in range(d_k)]
                entries.append((one, [state[b, shared, c, e] for e in range(d_v)]))

        def read(vector, entries=entries):
            answer = [0.0] * d_v
            for features, value in entries:
                match = sum(x * y for x, y in zip(vector, features, strict=True))
                answer = [a + match * e for a, e in zip(answer, value, strict=True)]
            return answer

        for t in range(seq):
            for i, (features, value) in enumerate(entries):
                kept = [math.exp(g[b, shared, t, c]) * x for c, x in enumerate(features)]
                entries[i] = kept, value
            key = [k[b, shared, t, c] for c in range(d_k)]
            known = read(key)
            wrong = [beta[b, shared, t] * (v[b, shared, t, e] - known[e]) for e in range(d_v)]
            entries.append((key, wrong))
            for h in range(n_heads):
                if h * n_kv_heads // n_heads == shared:
                    output[b, h, t] = [scale * x for x in read(q[b, h, t])]
    return output


@EVERY_FORM
@pytest.mark.parametrize("kind", KINDS)
def test_against_one_number_at_a_time(attend, kind):
    q, k, v, beta = qkv()
    for state in (None, normal(BATCH, KV_HEADS, D_K, D_V)):
        options = {"log_decay": gates(kind), "state": state}
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found, after = attend(q, k, v, beta, **options)
        np.testing.assert_allclose(found, oracle(q, k, v, beta, **options), rtol=1e-12, atol=1e-12)
        assert np.isfinite(after).all()


@given(st.integers(1, 9), st.integers(1, 11), st.integers(1, 8), st.sampled_from(KINDS))
def test_all_forms_are_equal_and_the_state_carries(seq, chunk_len, split, kind):
    q, k, v, beta = qkv(seq)
    g, start = gates(kind, seq), normal(BATCH, KV_HEADS, D_K, D_V)
    options = {"log_decay": g, "state": start, "scale": 0.6}
    whole, end = ref.delta_rule_recurrent(q, k, v, beta, **options)
    for attend in (ref.delta_rule_parallel, _chunked(chunk_len)):
        for a, b in zip(attend(q, k, v, beta, **options), (whole, end), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)
    if split < seq:
        outputs = []
        for part in (slice(None, split), slice(split, None)):
            options["log_decay"] = g if g is None or g.shape[-2] == 1 else g[..., part, :]
            arrays = (x[..., part, :] for x in (q, k, v))
            output, options["state"] = _chunked(chunk_len)(*arrays, beta[..., part], **options)
            outputs.append(output)
        found = np.concatenate(outputs, -2), options["state"]
        for a, b in zip(found, (whole, end), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


@EVERY_FORM
def test_by_hand(attend):
    """Write 4 under one key, half of 8 more under the same, then ask between two keys."""
    k = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    q = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 1.0]])
    v, beta = np.array([[4.0], [8.0], [10.0]]), np.array([1.0, 0.5, 1.0])
    output, state = attend(q, k, v, beta, scale=1.0)
    np.testing.assert_allclose(output, [[4], [6], [16]])
    np.testing.assert_allclose(state, [[6], [10]])
    fading = np.log([[0.3], [0.5], [0.1]])  # 4, then 2 + (8 - 2) / 2 = 5, then 0.5 + 10
    output, state = attend(q, k, v, beta, scale=1.0, log_decay=fading)
    np.testing.assert_allclose(output, [[4], [5], [10.5]])
    np.testing.assert_allclose(state, [[0.5], [10]])


@EVERY_FORM
def test_a_key_can_be_written_again(attend):
    """The rule's purpose: more writes than keys, and each key answers with its latest value.

    Linear attention gives the sum of all values that a key ever had.
    """
    keys, _ = np.linalg.qr(normal(D_K, D_K))
    which = np.array([0, 1, 2, 3, 1, 0, 1, 3, 3])
    v = normal(len(which), D_V)
    k = keys[which]
    output, state = attend(k, k, v, np.ones(len(which)), scale=1.0)
    np.testing.assert_allclose(output, v, atol=1e-12)
    latest = {key: i for i, key in enumerate(which)}
    np.testing.assert_allclose(keys @ state, v[[latest[key] for key in range(D_K)]], atol=1e-12)
    added, _ = ref.linear_attention_recurrent(k, k, v, scale=1.0)
    np.testing.assert_allclose(added[4], v[1] + v[4], atol=1e-12)


@EVERY_FORM
def test_no_rate_leaves_the_state(attend):
    q, k, v, beta = qkv()
    state = normal(BATCH, KV_HEADS, D_K, D_V)
    output, after = attend(q, k, v, 0 * beta, state=state)
    np.testing.assert_array_equal(after, state)
    shared = state.repeat(HEADS // KV_HEADS, axis=1)
    np.testing.assert_allclose(output, q / math.sqrt(D_K) @ shared, rtol=1e-12, atol=1e-12)
    padded = beta.copy()
    padded[..., 4:] = 0
    _, after = attend(q, k, v, padded)
    _, short = attend(*(x[..., :4, :] for x in (q, k, v)), beta[..., :4])
    np.testing.assert_allclose(after, short, rtol=1e-12, atol=1e-12)


@EVERY_FORM
def test_orthogonal_keys_make_it_linear_attention(attend):
    """Nothing is known about a new key, so the whole value is written."""
    k, _ = np.linalg.qr(normal(SEQ, SEQ))
    q, v, rate = normal(SEQ, SEQ), normal(SEQ, D_V), np.array(0.3)
    g = -np.abs(normal(SEQ, 1))  # one gate for all features keeps keys orthogonal
    found, state = attend(q, k, v, rate, log_decay=g)
    expected, sums = ref.linear_attention_recurrent(q, k, 0.3 * v, log_decay=g)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    np.testing.assert_allclose(state, sums.key_value_sum, atol=1e-12)


def test_it_is_a_step_of_gradient_descent():
    """The memory S answers Sᵀk; the rule follows the gradient of half the squared error."""
    _, k, v, _ = (x[0, 0, :1] for x in qkv())
    state, rate, eps = normal(D_K, D_V), 0.7, 1e-6
    _, after = ref.delta_rule_recurrent(k, k, v, np.array([rate]), state=state)

    def error(memory):
        return ((memory.T @ k[0] - v[0]) ** 2).sum() / 2

    for place in itertools.product(range(D_K), range(D_V)):
        step = np.zeros_like(state)
        step[place] = eps
        slope = (error(state + step) - error(state - step)) / (2 * eps)
        assert math.isclose(after[place], state[place] - rate * slope, rel_tol=1e-6, abs_tol=1e-8)


@EVERY_FORM
def test_nothing_comes_from_the_future(attend):
    q, k, v, beta = qkv()
    arrays = {"k": k, "v": v, "beta": beta[..., None], "log_decay": gates("feature")}

    def run(k, v, beta, log_decay):
        return attend(q, k, v, beta[..., 0], log_decay=log_decay)[0]

    before = run(**arrays)
    for i, which in itertools.product(range(SEQ), arrays):
        changed = {name: array.copy() for name, array in arrays.items()}
        changed[which][..., i, :] -= 0.1
        after = run(**changed)
        np.testing.assert_allclose(after[..., :i, :], before[..., :i, :], rtol=1e-12, atol=1e-14)
        if not (which == "log_decay" and i == 0):  # the first gate has nothing to act on
            assert (abs(after - before)[..., i, :] > 1e-9).all()


@EVERY_FORM
def test_heads_may_share_and_batches_may_be_missing(attend):
    (q, k, v, beta), g, state = qkv(), gates("feature"), normal(BATCH, KV_HEADS, D_K, D_V)
    found, _ = attend(q, k, v, beta, log_decay=g, state=state)
    k2, v2, beta2, g2, state2 = (x.repeat(2, axis=1) for x in (k, v, beta, g, state))
    own, _ = attend(q, k2, v2, beta2, log_decay=g2, state=state2)
    np.testing.assert_allclose(found, own, rtol=1e-12, atol=1e-12)
    one, _ = attend(q[1], k[1], v[1], beta[1], log_decay=g[1], state=state[1])
    np.testing.assert_allclose(one, found[1], rtol=1e-12, atol=1e-12)
    head, after = attend(
        q[1, 5], k[1, 2], v[1, 2], beta[1, 2], log_decay=g[1, 2], state=state[1, 2]
    )
    np.testing.assert_allclose(head, found[1, 5], rtol=1e-12, atol=1e-12)
    assert after.shape == (D_K, D_V)


def test_scale_multiplies_the_output_alone():
    q, k, v, beta = qkv()
    plain, state = ref.delta_rule_parallel(q, k, v, beta, scale=1.0)
    for scale, factor in ((None, D_K**-0.5), (-2.0, -2.0), (0, 0.0)):
        found, same = ref.delta_rule_parallel(q, k, v, beta, scale=scale)
        np.testing.assert_allclose(found, factor * plain, rtol=1e-12)
        np.testing.assert_array_equal(same, state)


@EVERY_FORM
def test_keys_of_length_one_never_stretch_the_state(attend):
    """Rates up to two turn over at most; with longer keys the same rate grows without bound."""
    _, k, _, beta = (x[0, 0] for x in qkv(50))
    v, start = np.zeros((50, D_V)), normal(D_K, D_V)
    _, state = attend(k, k, v, beta, state=start)
    assert np.linalg.norm(state) <= np.linalg.norm(start)
    _, state = attend(3 * k, k, v, beta, state=start)
    assert np.linalg.norm(state) <= np.linalg.norm(start)
    _, state = ref.delta_rule_recurrent(k, 3 * k, v, beta, state=start)
    assert np.linalg.norm(state) > 1e6 * np.linalg.norm(start)


@EVERY_FORM
def test_half_precision_keeps_its_state_in_float32(attend):
    q, k, v, beta = (x.astype(np.float16) for x in qkv())
    g = gates("head")
    output, state = attend(q, k, v, beta, log_decay=g)
    assert output.dtype == np.float16
    assert state.dtype == np.float32
    exact, _ = attend(*(x.astype(np.float64) for x in (q, k, v, beta)), log_decay=g)
    np.testing.assert_allclose(output, exact, rtol=2e-3, atol=1e-5)


class TestL2Normalise:
    def test_by_hand(self):
        x = np.array([[3.0, -4.0], [0.0, 0.0], [1e-7, 0.0]])
        np.testing.assert_allclose(ref.l2_normalize(x), [[0.6, -0.8], [0, 0], [0.1, 0]])
        np.testing.assert_allclose(ref.l2_normalize(x, eps=10.0)[0], [0.3, -0.4])

    def test_length_one(self):
        lengths = np.linalg.norm(ref.l2_normalize(normal(3, 5, D_K)), axis=-1)
        np.testing.assert_allclose(lengths, 1, rtol=1e-15)

    def test_half_precision_does_not_overflow(self):
        found = ref.l2_normalize(np.full((4,), 300.0, np.float16))
        np.testing.assert_array_equal(found, np.full(4, 0.5, np.float16))
