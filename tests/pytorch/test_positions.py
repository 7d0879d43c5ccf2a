"""Positions in PyTorch: gradients by hand and by finite differences, half precision, tracing."""

from __future__ import annotations

import pytest
import torch
from torch.autograd import gradcheck

import attncourse.pytorch as att

BATCH, HEADS, SEQ, D_K, D_V = 2, 3, 5, 10, 4
POSITIONS = torch.tensor([[4, 0, 6, 7, 30], [900, 1, 2, 3, 12]])
FREQUENCIES = att.rotary_frequencies(6, base=30.0)


def normal(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64)


def leaf(*shape: int) -> torch.Tensor:
    return normal(*shape).requires_grad_()


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(2104)


@pytest.mark.parametrize("interleaved", [False, True])
def test_the_gradient_of_a_turn_is_the_turn_back(interleaved):
    x, gradient = leaf(BATCH, HEADS, SEQ, D_K), normal(BATCH, HEADS, SEQ, D_K)
    att.rotary(x, POSITIONS, FREQUENCIES, interleaved=interleaved).backward(gradient)
    back = att.rotary(gradient, -POSITIONS, FREQUENCIES, interleaved=interleaved)
    torch.testing.assert_close(x.grad, back, rtol=0, atol=1e-12)


@pytest.mark.parametrize("interleaved", [False, True])
def test_turns_against_finite_differences(interleaved):
    """Also of the frequencies, which can be learned, and of tables for each sequence."""

    def turned(x, frequencies):
        options = {"interleaved": interleaved, "attention_factor": 1.3}
        return att.rotary(x, POSITIONS % 5, frequencies, **options)

    leaves = leaf(BATCH, HEADS, SEQ, D_K), FREQUENCIES.clone().requires_grad_()
    assert gradcheck(turned, leaves, fast_mode=True)


def test_the_same_row_twice_gets_both_gradients():
    table = leaf(4, 3)
    att.learned_positions(table, torch.tensor([2, 0, 2])).sum().backward()
    torch.testing.assert_close(table.grad.sum(-1) / 3, torch.tensor([1.0, 0, 2, 0]).double())


def test_a_byte_is_a_position():
    """PyTorch takes uint8 for a mask where it indexes; here it is a number like any other."""
    table = normal(4, 3)
    found = att.learned_positions(table, torch.tensor([1, 0, 1, 3], dtype=torch.uint8))
    torch.testing.assert_close(found, table[[1, 0, 1, 3]])


def test_every_bucket_in_use_gets_a_gradient():
    table = leaf(8, HEADS)
    att.t5_bias(3, 30, table, bidirectional=False, max_distance=20).sum().backward()
    assert (table.grad > 0).all()
    assert table.grad.sum() == HEADS * 3 * 30


@pytest.mark.parametrize("options", [{}, {"causal": True, "softcap": 2.0}, {"window": 2}])
def test_shaw_against_finite_differences(options):
    leaves = (
        leaf(2, HEADS, 4, 3),
        leaf(2, HEADS, 6, 3),
        leaf(2, HEADS, 6, 2),
        leaf(5, 3),
        leaf(3, 2),
    )
    assert gradcheck(lambda *given: att.shaw_attention(*given, **options), leaves, fast_mode=True)


def test_shaw_with_an_empty_row():
    """Gradients stay finite, and nothing flows where nothing is seen."""
    leaves = leaf(HEADS, SEQ, 3), leaf(HEADS, 7, 3), leaf(HEADS, 7, 2), leaf(5, 3), leaf(3, 2)
    mask = torch.ones(SEQ, 7, dtype=torch.bool)
    mask[2] = False
    output = att.shaw_attention(*leaves, mask=mask)
    assert (output[:, 2] == 0).all()
    output.square().sum().backward()
    assert all(tensor.grad.isfinite().all() for tensor in leaves)
    assert (leaves[0].grad[:, 2] == 0).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_rounded_once(dtype):
    """Against the same inputs in float64, half a step of the dtype."""
    step = torch.finfo(dtype).eps / 2 * 1.01
    far = POSITIONS + 100000
    x = normal(BATCH, HEADS, SEQ, D_K).to(dtype)
    pairs = [(att.rotary(x, far, FREQUENCIES), att.rotary(x.double(), far, FREQUENCIES))]
    qkv = [normal(BATCH, HEADS, SEQ, 6), normal(BATCH, HEADS, 7, 6), normal(BATCH, HEADS, 7, 4)]
    given = [a.to(dtype) for a in (*qkv, normal(5, 6), normal(3, 4))]
    pairs.append((att.shaw_attention(*given), att.shaw_attention(*[a.double() for a in given])))
    slopes = att.alibi_slopes(HEADS).to(dtype)
    pairs.append((att.alibi_bias(3, 300, slopes), att.alibi_bias(3, 300, slopes.double())))
    for found, exact in pairs:
        assert found.dtype == dtype
        torch.testing.assert_close(found.double(), exact, rtol=step, atol=2e-6)


def test_under_vmap():
    """Each sequence by itself under torch.func, where values cannot be looked at."""
    x, table = normal(BATCH, HEADS, SEQ, D_K), normal(901, 4)
    each = torch.func.vmap(lambda x, p: att.rotary(x, p, FREQUENCIES))(x, POSITIONS)
    torch.testing.assert_close(each, att.rotary(x, POSITIONS, FREQUENCIES))
    rows = torch.func.vmap(lambda p: att.learned_positions(table, p))(POSITIONS)
    torch.testing.assert_close(rows, table[POSITIONS])
