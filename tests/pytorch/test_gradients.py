"""Gradients: against finite differences, and finite where a row is fully masked."""

from __future__ import annotations

import inspect

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

import attncourse.pytorch as att
from tests.cases import GOOD, NO_GRADIENT
from tests.cases.common import all_options
from tests.twins import replaced, tensors, to_torch

torch.set_num_threads(1)
OPTIONS = all_options()
DIFFERENTIABLE = sorted(set(GOOD) - set(NO_GRADIENT))


def leaf(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, requires_grad=True)


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(1986)


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_every_function_against_finite_differences(name):
    """Each floating argument of each function, on the first call of the table of good ones."""
    args, kwargs = to_torch(GOOD[name][0])
    given = inspect.signature(getattr(att, name)).bind(*args, **kwargs)
    leaves = [t.requires_grad_() for t in tensors(given.arguments) if t.dtype == torch.float64]

    def function(*values: torch.Tensor):
        left = iter(values)
        args, kwargs = replaced(
            (given.args, given.kwargs), lambda t: next(left) if t.requires_grad else t
        )
        return tuple(t for t in tensors(getattr(att, name)(*args, **kwargs)) if t.requires_grad)

    assert leaves
    assert gradcheck(function, tuple(leaves), fast_mode=True)


@pytest.mark.parametrize("options", OPTIONS, ids=["+".join(o) or "plain" for o in OPTIONS])
def test_attention_with_all_options(options):
    """Queries, keys, values, bias and sinks, through every set of options, empty rows included."""
    floating = {k: torch.tensor(o) for k, o in options.items() if k in ("bias", "sinks")}
    fixed = {k: o for k, o in options.items() if k not in floating}
    if "mask" in fixed:
        fixed["mask"] = torch.tensor(fixed["mask"])
        assert not fixed["mask"].any(-1).all(), "one row is empty"
    leaves = [leaf(2, 6, 5, 4), leaf(2, 3, 7, 4), leaf(2, 3, 7, 8)]
    leaves += [tensor.requires_grad_() for tensor in floating.values()]

    def attend(q, k, v, *rest):
        given = dict(zip(floating, rest, strict=True))
        return att.scaled_dot_product_attention(q, k, v, **fixed, **given)

    assert gradcheck(attend, leaves, fast_mode=True)


@pytest.mark.parametrize("softmax", [att.softmax, att.online_softmax])
def test_masked_softmax_entry_by_entry(softmax):
    mask = torch.tensor([[True, False, True], [False] * 3, [True] * 3, [False, False, True]])
    x = leaf(4, 3)
    assert gradcheck(lambda x: softmax(x, mask=mask), (x,))
    assert gradgradcheck(lambda x: softmax(x, mask=mask), (x,))


@pytest.mark.parametrize("softmax", [att.softmax, att.online_softmax])
def test_softmax_jacobian_by_hand(softmax):
    """diag(p) - p pᵀ."""
    x = leaf(5)
    p = softmax(x.detach())
    expected = torch.diag(p) - torch.outer(p, p)
    torch.testing.assert_close(torch.autograd.functional.jacobian(softmax, x), expected)


@pytest.mark.parametrize("softmax", [att.softmax, att.online_softmax])
def test_no_gradient_flows_through_a_mask(softmax):
    """What is hidden may be infinite; its gradient is zero, and others' are finite."""
    x = torch.tensor([[float("-inf"), 1.0, float("inf"), 2.0], [1.0, 2.0, 3.0, 4.0]])
    x.requires_grad_()
    mask = torch.tensor([[False, True, False, True], [False] * 4])
    softmax(x, mask=mask)[:, 1].sum().backward()
    assert (x.grad[~mask] == 0).all()
    p = 1 / (1 + torch.e)  # scores 1 and 2
    torch.testing.assert_close(x.grad[0, 1].item(), p * (1 - p))


@pytest.mark.parametrize("attend", [att.scaled_dot_product_attention, att.fused_attention])
@pytest.mark.parametrize("with_bias", [False, True])
def test_an_empty_row_gets_zero_gradients(attend, with_bias):
    q, k, v = leaf(2, 3, 5, 4), leaf(2, 3, 7, 4), leaf(2, 3, 7, 8)
    mask = torch.ones(5, 7, dtype=torch.bool)
    mask[1] = False
    mask[:, 6] = False
    bias = leaf(5, 7) if with_bias else None
    output = attend(q, k, v, mask=mask, bias=bias)
    assert (output[:, :, 1] == 0).all()
    output.square().sum().backward()
    leaves = [q, k, v] + [bias] * with_bias
    assert all(tensor.grad.isfinite().all() for tensor in leaves)
    assert (q.grad[:, :, 1] == 0).all()
    assert (k.grad[:, :, 6] == 0).all()
    assert (v.grad[:, :, 6] == 0).all()
    assert (q.grad[:, :, 0] != 0).all()


def test_gradients_respect_causality():
    """The loss at position i pulls on nothing after it."""
    for i in range(5):
        x = leaf(2, 5, 12)
        weights = [torch.randn(12, 12, dtype=torch.float64) for _ in range(4)]
        att.multi_head_attention(x, *weights, n_heads=3, causal=True)[:, i].sum().backward()
        assert (x.grad[:, i + 1 :] == 0).all()
        assert (x.grad[:, : i + 1] != 0).all()
