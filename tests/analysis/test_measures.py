"""Entropy, distance, rollout and head scores: by hand, one number at a time, on known heads."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

import attncourse.pytorch as att
import attncourse.reference as ref
from attncourse import analysis


def some_weights(*shape: int, causal: bool = True, dtype=np.float64) -> np.ndarray:
    rng = np.random.default_rng(7)
    mask = ref.causal_mask(*shape[-2:]) if causal else None
    return ref.softmax(rng.normal(size=shape), mask=mask).astype(dtype)


def test_entropy_by_hand():
    rows = np.array([[0.5, 0.25, 0.125, 0.125], [0, 0, 1, 0], [0, 0, 0, 0]])
    np.testing.assert_array_equal(analysis.attention_entropy(rows), [1.75, 0, 0])
    assert not np.signbit(analysis.attention_entropy(rows)).any()


@pytest.mark.parametrize("n", [1, 2, 3, 10, 1000])
def test_equal_weights_have_the_entropy_of_their_number(n):
    found = analysis.attention_entropy(np.full((1, n), 1 / n))
    np.testing.assert_allclose(found, math.log2(n), rtol=1e-12, atol=1e-12)


def test_entropy_one_number_at_a_time():
    weights = some_weights(2, 3, 4, 6, causal=False)
    wanted = [sum(-p * math.log2(p) for p in row) for row in weights.reshape(-1, 6)]
    np.testing.assert_allclose(analysis.attention_entropy(weights).ravel(), wanted, rtol=1e-12)


def test_what_a_sink_took_is_one_more_outcome():
    """Entropy with a sink is that of the whole softmax, the sink among the keys."""
    q, k = np.random.default_rng(1).normal(size=(2, 1, 3, 5, 4))
    sinks = np.array([0.5, -1.0, 2.0])
    _, weights = ref.scaled_dot_product_attention(q, k, k, sinks=sinks, return_weights=True)
    scores = ref.scaled_dot_scores(q, k)
    column = np.broadcast_to(sinks[:, None, None], (1, 3, 5, 1))
    whole = ref.softmax(np.concatenate([scores, column], axis=-1))
    np.testing.assert_allclose(
        analysis.attention_entropy(weights), analysis.attention_entropy(whole), rtol=1e-9
    )


@pytest.mark.parametrize(("dtype", "close"), [(np.float16, 0.01), (np.float32, 1e-5)])
def test_rounding_is_no_outcome(dtype, close):
    exact = some_weights(2, 50, 700, causal=False)
    found = analysis.attention_entropy(exact.astype(dtype))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, analysis.attention_entropy(exact), atol=close)


def test_distance():
    weights = np.array([[0.5, 0, 0.5, 0], [0, 0, 0, 0.25], [0, 0, 0, 0]])
    # The queries stand at positions 1, 2 and 3 of four.
    np.testing.assert_array_equal(analysis.attention_distance(weights), [1, 1, 0])
    weights = some_weights(2, 3, 4, 6)
    wanted = [
        sum(row[j] * abs(i % 4 + 2 - j) for j in range(6))
        for i, row in enumerate(weights.reshape(-1, 6))
    ]
    np.testing.assert_allclose(analysis.attention_distance(weights).ravel(), wanted, rtol=1e-12)


@pytest.mark.parametrize("residual", [0.5, 0.2])
def test_rollout_follows_every_route(residual):
    """The sum over all routes through the layers, each the product of its steps."""
    weights = some_weights(3, 2, 4, 4)
    found = analysis.attention_rollout(weights, residual=residual)
    step = (1 - residual) * weights.mean(axis=1) + residual * np.eye(4)
    for i, j in np.ndindex(4, 4):
        routes = sum(step[2, i, a] * step[1, a, b] * step[0, b, j] for a, b in np.ndindex(4, 4))
        assert found[2, i, j] == pytest.approx(routes, rel=1e-12)
    np.testing.assert_allclose(found[0], step[0], rtol=1e-12)
    np.testing.assert_allclose(found.sum(-1), 1, rtol=1e-12)
    assert not np.triu(found[2], 1).any()  # causal layers stay causal


def test_rollout_of_sinks_and_empty_rows_still_sums_to_one():
    weights = some_weights(3, 2, 4, 4)
    weights[1] *= 0.5
    weights[2, :, 0] = 0
    found = analysis.attention_rollout(weights)
    np.testing.assert_allclose(found.sum(-1), 1, rtol=1e-12)
    np.testing.assert_array_equal(found[2, 0], found[1, 0])
    # Without a residual an empty row has no route but its own.
    np.testing.assert_array_equal(
        analysis.attention_rollout(np.zeros((2, 1, 3, 3)), residual=0)[1], np.eye(3)
    )


def test_rollout_of_a_batch():
    weights = some_weights(3, 5, 2, 4, 4)
    found = analysis.attention_rollout(weights)
    for b in range(5):
        np.testing.assert_allclose(found[:, b], analysis.attention_rollout(weights[:, b]))
    assert analysis.attention_rollout(weights, residual=1)[2, 0].tolist() == np.eye(4).tolist()


TOKENS = np.array([[3, 1, 4, 3, 1, 4], [2, 2, 7, 2, 8, 9]])


def one_hot(targets) -> np.ndarray:
    """Weights (2, 1, 6, 6) that put everything on one key a query."""
    return np.eye(6)[np.broadcast_to(targets, (2, 6))][:, None]


def test_known_heads():
    previous = one_hot([0, 0, 1, 2, 3, 4])
    assert analysis.previous_token_score(previous) == [1]
    assert analysis.previous_token_score(previous, offset=0) == [1 / 6]
    assert analysis.previous_token_score(previous, offset=2) == [0]
    assert analysis.previous_token_score(previous, offset=6) == [0]  # no query stands there
    first = one_hot([0, 0, 0, 0, 0, 0])
    assert analysis.first_token_score(first) == [1]
    assert analysis.first_token_score(previous) == [1 / 5]
    assert analysis.first_token_score(previous, n_first=2) == [1 / 4]
    assert analysis.first_token_score(previous, n_first=6) == [0]


def test_heads_that_look_for_copies():
    # Copies: queries 3, 4, 5 of the first sequence; 1 and 3 of the second.
    copies = one_hot([[0, 0, 0, 0, 1, 2], [0, 0, 0, 1, 0, 0]])
    assert analysis.duplicate_token_score(copies, TOKENS) == [1]
    # After a copy, before the query: 1, 2, 3 in the first; 1 or 2 for the fourth in the second.
    after = one_hot([[0, 0, 0, 1, 2, 3], [0, 1, 0, 2, 0, 0]])
    assert analysis.induction_score(after, TOKENS) == [1]
    assert analysis.duplicate_token_score(after, TOKENS) == [0]
    assert analysis.induction_score(copies, TOKENS) == [1 / 4]  # token 1 of "2 2 7 2" is both
    nothing_twice = np.arange(12).reshape(2, 6)
    assert analysis.duplicate_token_score(copies, nothing_twice) == [0]
    assert analysis.induction_score(after, nothing_twice) == [0]


def score(weights, tokens, wanted) -> np.ndarray:
    """The mean over queries with wanted keys, one weight at a time."""
    found = []
    for h in range(weights.shape[1]):
        terms = []
        for b, i in np.ndindex(weights.shape[0], weights.shape[2]):
            p = i + weights.shape[3] - weights.shape[2]
            keys = [j for j in range(p) if wanted(tokens[b], p, j)]
            if keys:
                terms.append(sum(weights[b, h, i, j] for j in keys))
        found.append(sum(terms) / len(terms))
    return np.array(found)


def test_scores_one_weight_at_a_time():
    """Four queries of six, behind a cache of two."""
    weights = some_weights(2, 3, 4, 6)
    for function, wanted in (
        (analysis.duplicate_token_score, lambda x, p, j: x[j] == x[p]),
        (analysis.induction_score, lambda x, p, j: j > 0 and x[j - 1] == x[p]),
        (lambda w, _: analysis.previous_token_score(w), lambda x, p, j: j == p - 1),
        (lambda w, _: analysis.previous_token_score(w, offset=3), lambda x, p, j: j == p - 3),
        (lambda w, _: analysis.first_token_score(w), lambda x, p, j: j == 0),
        (lambda w, _: analysis.first_token_score(w, n_first=3), lambda x, p, j: p > 2 > j - 1),
    ):
        found = function(weights, TOKENS)
        np.testing.assert_allclose(found, score(weights, TOKENS, wanted), rtol=1e-12)
        assert found.shape == (3,)


def test_half_precision_is_measured_in_single():
    weights = some_weights(2, 3, 6, 6, dtype=np.float16)
    for function in (
        analysis.attention_distance,
        analysis.attention_entropy,
        analysis.attention_rollout,
        analysis.first_token_score,
        analysis.previous_token_score,
        lambda w: analysis.induction_score(w, TOKENS),
        lambda w: analysis.head_importance(w, w),
    ):
        assert function(weights).dtype == np.float32


def test_importance_is_the_gradient_by_a_gate():
    torch.manual_seed(0)
    q, k, v = torch.randn(3, 2, 4, 5, 6, dtype=torch.float64)
    w_out = torch.randn(24, 7, dtype=torch.float64)
    gates = torch.ones(2, 4, 1, 1, dtype=torch.float64, requires_grad=True)
    outputs = att.scaled_dot_product_attention(q, k, v, causal=True).requires_grad_()
    loss = torch.tanh(att.merge_heads(gates * outputs) @ w_out).square().sum()
    by_gate, by_output = torch.autograd.grad(loss, [gates, outputs])
    found = analysis.head_importance(outputs.detach().numpy(), by_output.numpy())
    np.testing.assert_allclose(found, by_gate.abs().mean(0).ravel().numpy(), rtol=1e-12)
