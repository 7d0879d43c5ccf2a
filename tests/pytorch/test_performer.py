"""Performer in PyTorch: right gradients although the stabiliser is left out of them."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck

import attncourse.pytorch as att

SEQ, D_K = 5, 3


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(1986)


def leaves() -> list[Tensor]:
    shapes = (2, 4, SEQ, D_K), (2, 2, SEQ, D_K), (2, 2, SEQ, 6), (7, D_K)
    return [torch.randn(*shape, dtype=torch.float64, requires_grad=True) for shape in shapes]


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("mask", [None, torch.tensor([False, True, True, False, True])])
def test_gradients(causal, mask):
    def function(q, k, v, projection):
        return att.performer_attention(
            q, k, v, projection, causal=causal, mask=mask, scale=0.8, chunk_len=2
        )

    assert gradcheck(function, leaves(), fast_mode=True)


def test_gradients_are_those_without_a_stabiliser():
    found = []
    for stabilised in (True, False):
        torch.manual_seed(1)
        q, k, v, projection = leaves()
        if stabilised:
            output = att.performer_attention(q, k, v, projection, scale=1.0, causal=True)
        else:
            features = (att.positive_features(x, projection) for x in (q, k))
            output, _ = att.linear_attention_parallel(*features, v, normalize=True)
        output.square().sum().backward()
        found.append([x.grad for x in (q, k, v, projection)])
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("causal", [False, True])
def test_an_empty_row_has_a_gradient_of_zero(causal):
    q, k, v, projection = leaves()
    mask = torch.tensor([False, False, True, True, True])
    output = att.performer_attention(q, k, v, projection, causal=causal, mask=mask)
    output.square().sum().backward()
    for x in (q, k, v, projection):
        assert x.grad.isfinite().all()
    assert (k.grad[..., :2, :] == 0).all()
    if causal:
        assert (output[..., :2, :] == 0).all()
        assert (q.grad[..., :2, :] == 0).all()


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
def test_long_vectors_have_finite_gradients(causal, dtype):
    q, k, v, projection = (x.detach().to(dtype) for x in leaves())
    q, k = (40 * q).requires_grad_(), (40 * k).requires_grad_()
    output = att.performer_attention(q, k, v, projection, causal=causal)
    assert output.dtype == dtype
    output.sum().backward()
    assert q.grad.isfinite().all()
    assert k.grad.isfinite().all()


def test_gradients_respect_causality():
    for i in range(SEQ):
        q, k, v, projection = leaves()
        output = att.performer_attention(q, k, v, projection, causal=True, chunk_len=2)
        output[..., i, :].square().sum().backward()
        for x in (q, k, v):
            assert (x.grad[..., i + 1 :, :] == 0).all()
        assert (v.grad[..., : i + 1, :] != 0).all()
