"""Counts against a counter that nobody here wrote, PyTorch's, and against one number at a time."""

from __future__ import annotations

import math
from collections import Counter
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

import attncourse.pytorch as att
import attncourse.reference as ref
from attncourse import analysis
from attncourse.analysis import Operations


def counted(function, *args, **kwargs) -> int:
    """What PyTorch's counter says the call does in matrix products."""
    with FlopCounterMode(display=False) as counter:
        function(*args, **kwargs)
    return counter.get_total_flops()


def zeros(*shape: int, grad: bool = False) -> torch.Tensor:
    return torch.zeros(shape, requires_grad=grad)


@pytest.mark.parametrize("options", [{}, {"causal": True}, {"window": 2}, {"softcap": 3.0}])
@pytest.mark.parametrize("n_kv_heads", [1, 2, 4])
def test_attention_as_pytorch_counts(n_kv_heads, options):
    q, k, v = zeros(3, 4, 5, 6), zeros(3, n_kv_heads, 7, 6), zeros(3, n_kv_heads, 7, 2)
    wanted = counted(att.scaled_dot_product_attention, q, k, v, **options)
    found = analysis.attention_operations(5, 7, n_heads=4, d_k=6, d_v=2, batch=3)
    assert found.matmul == wanted == 2 * 3 * 4 * 5 * 7 * 8


def test_the_backward_pass_as_pytorch_counts():
    q, k, v = (
        zeros(3, 4, 5, 6, grad=True),
        zeros(3, 4, 7, 6, grad=True),
        zeros(3, 4, 7, 2, grad=True),
    )
    output = att.scaled_dot_product_attention(q, k, v)
    wanted = counted(output.sum().backward)
    sizes = {"n_heads": 4, "d_k": 6, "d_v": 2, "batch": 3}
    found = analysis.attention_backward_operations(5, 7, **sizes)
    assert found.matmul == wanted
    again = analysis.attention_backward_operations(5, 7, recompute=True, **sizes)
    assert again.matmul - wanted == 2 * 3 * 4 * 5 * 7 * 6  # the scores, once more


@pytest.mark.parametrize("n_kv_heads", [1, 2, 4])
def test_heads_with_projections_as_pytorch_counts(n_kv_heads):
    d_model, d_context, n_heads, d_k, d_v = 10, 9, 4, 3, 5
    given = (
        zeros(2, 6, d_model),
        zeros(d_model, n_heads * d_k),
        zeros(d_context, n_kv_heads * d_k),
        zeros(d_context, n_kv_heads * d_v),
        zeros(n_heads * d_v, d_model),
    )
    wanted = counted(
        att.grouped_query_attention,
        *given,
        n_heads=n_heads,
        n_kv_heads=n_kv_heads,
        context=zeros(2, 8, d_context),
    )
    sizes = {"d_model": d_model, "d_context": d_context, "n_heads": n_heads, "d_k": d_k, "d_v": d_v}
    found = analysis.multi_head_operations(6, 8, n_kv_heads=n_kv_heads, batch=2, **sizes)
    assert found.matmul == wanted
    # With three keys in a cache, three keys and three values are not projected.
    cached = analysis.multi_head_operations(
        6, 8, n_kv_heads=n_kv_heads, batch=2, n_cached=3, **sizes
    )
    assert wanted - cached.matmul == 2 * 2 * 3 * d_context * n_kv_heads * (d_k + d_v)


def test_heads_divide_the_width_if_nothing_else_is_said():
    found = analysis.multi_head_operations(5, 5, d_model=12, n_heads=3)
    assert found == analysis.multi_head_operations(
        5, 5, d_model=12, n_heads=3, n_kv_heads=3, d_k=4, d_v=4, d_context=12
    )


class Number:
    """A float that counts what is done with it, in or outside of a product."""

    counts: ClassVar[Counter] = Counter()
    kind = "elementwise"

    def __init__(self, value: float):
        self.value = value

    def _with(self, value: float, kind: str | None = None) -> Number:
        Number.counts[kind or Number.kind] += 1
        return Number(value)

    def __add__(self, other):
        return self._with(self.value + other.value)

    def __sub__(self, other):
        return self._with(self.value - other.value)

    def __mul__(self, other):
        return self._with(self.value * other.value)

    def __truediv__(self, other):
        return self._with(self.value / other.value)

    def larger(self, other):
        return self._with(max(self.value, other.value))

    def exp(self):
        return self._with(math.exp(self.value), "exponentials")


def dot(a, b):
    Number.kind, total = "matmul", Number(0.0)
    for x, y in zip(a, b, strict=True):
        total = total + x * y
    Number.kind = "elementwise"
    return total


def grid(*shape):
    return np.vectorize(Number, otypes=[object])(np.random.default_rng(0).normal(size=shape))


def test_attention_one_number_at_a_time():
    q_len, kv_len, d_k, d_v = 3, 5, 4, 2
    q, k, v = grid(q_len, d_k), grid(kv_len, d_k), grid(kv_len, d_v)
    Number.counts = Counter()
    for i in range(q_len):
        scores = [dot(q[i], k[j]) * Number(d_k**-0.5) for j in range(kv_len)]
        largest, total = Number(-math.inf), Number(0.0)
        for score in scores:
            largest = largest.larger(score)
        terms = [(score - largest).exp() for score in scores]
        for term in terms:
            total = total + term
        weights = [term / total for term in terms]
        for c in range(d_v):
            dot(weights, v[:, c])
    found = analysis.attention_operations(q_len, kv_len, n_heads=1, d_k=d_k, d_v=d_v)
    assert found._asdict() == Number.counts


@pytest.mark.parametrize("recompute", [False, True])
def test_the_backward_pass_one_number_at_a_time(recompute):
    q_len, kv_len, d_k, d_v = 3, 5, 4, 2
    q, k, v, dout = grid(q_len, d_k), grid(kv_len, d_k), grid(kv_len, d_v), grid(q_len, d_v)
    weights, lse, scale = grid(q_len, kv_len), grid(q_len), Number(0.5)
    Number.counts = Counter()
    dscores = np.empty((q_len, kv_len), dtype=object)
    for i in range(q_len):
        if recompute:
            weights[i] = [(dot(q[i], k[j]) * scale - lse[i]).exp() for j in range(kv_len)]
        dweights = [dot(dout[i], v[j]) for j in range(kv_len)]
        total = Number(0.0)
        for j in range(kv_len):
            total = total + dweights[j] * weights[i, j]
        for j in range(kv_len):
            dscores[i, j] = (dweights[j] - total) * weights[i, j] * scale
    for c in range(d_v):
        for j in range(kv_len):
            dot(weights[:, j], dout[:, c])
    for c in range(d_k):
        for i in range(q_len):
            dot(dscores[i], k[:, c])
        for j in range(kv_len):
            dot(dscores[:, j], q[:, c])
    found = analysis.attention_backward_operations(
        q_len, kv_len, n_heads=1, d_k=d_k, d_v=d_v, recompute=recompute
    )
    assert {name: n for name, n in found._asdict().items() if n} == Number.counts


@pytest.mark.parametrize("q_len", [0, 1, 4, 7, 9])
@pytest.mark.parametrize("window", [None, 1, 3, 20])
@pytest.mark.parametrize("causal", [False, True])
def test_visible_pairs_are_the_mask_s(q_len, window, causal):
    mask = np.ones((q_len, 7), dtype=bool)
    if causal:
        mask &= ref.causal_mask(q_len, 7)
    if window is not None:
        mask &= ref.sliding_window_mask(q_len, 7, window)
    found = analysis.visible_pairs(q_len, 7, causal=causal, window=window)
    assert found == mask.sum()
    assert type(found) is int


def test_half_the_pairs_is_half_the_work():
    every = analysis.attention_operations(6, 6, n_heads=2, d_k=4)
    half = analysis.attention_operations(6, 6, n_heads=2, d_k=4, pairs=18)
    assert analysis.add_operations(half, half) == every
    assert analysis.add_operations(half, times=2) == every
    assert analysis.add_operations() == Operations(0)


def test_pairs_reach_every_layer():
    """What is saved by skipping is saved once a head, layer and sequence."""
    shape = analysis.TransformerShape(n_layers=3, d_model=12, n_heads=2, d_ff=8, n_vocab=5)
    latent = {"d_model": 8, "n_heads": 2, "d_latent": 3, "d_nope": 4, "d_rope": 1, "d_v": 7}
    for function, given, a_pair in (
        (analysis.multi_head_operations, {"d_model": 12, "n_heads": 2}, 2 * 2 * 12),
        (analysis.latent_operations, latent, 2 * 2 * (5 + 7)),
        (analysis.absorbed_latent_operations, latent, 2 * 2 * (4 + 3)),
        (analysis.attention_backward_operations, {"n_heads": 2, "d_k": 6}, 4 * 2 * 12),
    ):
        more, less = function(4, 4, **given), function(4, 4, pairs=10, **given)
        assert more.matmul - less.matmul == 6 * a_pair, function
    more = analysis.model_operations(shape, 4, batch=5)
    less = analysis.model_operations(shape, 4, batch=5, pairs=10)
    assert more.matmul - less.matmul == 5 * 3 * 6 * 2 * 2 * 12
    assert analysis.training_operations(shape, 20, length=4, pairs=10) == 3 * less.matmul
