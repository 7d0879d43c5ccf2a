from __future__ import annotations

from functools import partial

import pytest
import torch

import attncourse.pytorch as att
from attncourse import _checks

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(2017)


def layer(**options) -> att.MultiHeadAttention:
    return att.MultiHeadAttention(d_model=12, n_heads=6, **options).double()


@pytest.mark.parametrize("n_kv_heads", [1, 2, 3, 6])
@pytest.mark.parametrize("cross", [False, True])
def test_equal_to_the_pure_function(n_kv_heads, cross):
    module = layer(n_kv_heads=n_kv_heads, d_k=4, d_v=5, d_context=10 if cross else None)
    x = torch.randn(2, 5, 12).double()
    context = torch.randn(2, 7, 10).double() if cross else None
    weights = [linear.weight.T for linear in (module.query, module.key, module.value, module.out)]
    options = {"causal": True, "window": 3, "return_weights": True}
    expected = att.grouped_query_attention(
        x, *weights, n_heads=6, n_kv_heads=n_kv_heads, context=context, **options
    )
    for a, b in zip(module(x, context, **options), expected, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-12)
    torch.testing.assert_close(module(x, context, causal=True, window=3), expected[0])


def test_bias_is_added_to_all_four_projections():
    module, x = layer(bias=True, n_kv_heads=2), torch.zeros(1, 3, 12).double()
    with torch.no_grad():
        module.out.weight.copy_(torch.eye(12))
    # From zeros, every value is the value's bias, each group's for its three heads.
    values = module.value.bias.reshape(2, 2).repeat_interleave(3, 0).reshape(-1)
    expected = (values + module.out.bias).expand(1, 3, 12)
    torch.testing.assert_close(module(x), expected)
    assert all(linear.bias is not None for linear in (module.query, module.key))
    assert all(linear.bias is None for linear in (layer().query, layer().key, layer().out))


def test_parameters_are_counted_as_the_docstring_says():
    def count(module):
        return sum(p.numel() for p in module.parameters())

    assert count(layer()) == 4 * 12**2
    assert count(layer(n_kv_heads=2)) == 2 * 12**2 + 2 * 12**2 // 3


@pytest.mark.parametrize("options", [{}, {"causal": True}, {"window": 2}])
def test_the_fused_path_can_be_chosen(options):
    x = torch.randn(2, 5, 12).double()
    plain, fused = layer(n_kv_heads=2), layer(n_kv_heads=2, attend=att.fused_attention)
    fused.load_state_dict(plain.state_dict())
    torch.testing.assert_close(fused(x, **options), plain(x, **options), rtol=0, atol=1e-12)


def test_it_learns():
    """A few steps of gradient descent on copying the previous position lower the loss."""
    module = layer()
    bias = torch.zeros(5, 5).double() - 5
    bias[torch.arange(1, 5), torch.arange(4)] = 5
    x = torch.randn(8, 5, 12).double()
    optimiser, losses = torch.optim.Adam(module.parameters(), lr=0.01), []
    for _ in range(30):
        loss = (module(x, causal=True, bias=bias)[:, 1:] - x[:, :-1]).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2
    assert all(p.grad.abs().sum() > 0 for p in module.parameters())


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"d_model": 12, "n_heads": 5}, ValueError, "n_heads: expected a divisor of d_model, 12"),
        ({"d_model": 12, "n_heads": 6, "n_kv_heads": 4}, ValueError, "multiple of n_kv_heads = 4"),
        ({"d_model": 12.0, "n_heads": 6}, TypeError, "d_model: expected a whole number"),
        ({"d_model": 12, "n_heads": 0}, ValueError, "n_heads: expected at least 1"),
        (
            {"d_model": 12, "n_heads": 6, "n_kv_heads": 0},
            ValueError,
            "n_kv_heads: expected at least",
        ),
        ({"d_model": 12, "n_heads": 6, "d_v": 0}, ValueError, "d_v: expected at least 1"),
        ({"d_model": 12, "n_heads": 6, "d_context": 0}, ValueError, "d_context: expected at least"),
    ],
)
def test_construction_errors(given, error, words):
    with pytest.raises(error, match=words):
        att.MultiHeadAttention(**given)


def test_input_errors():
    module, x = layer(d_context=10), torch.randn(2, 5, 12).double()
    with pytest.raises(ValueError, match=r"context: expected shape \(\*batch, kv_len, 10\)"):
        module(x)
    with pytest.raises(
        ValueError, match=r"x: expected shape \(\*batch, q_len, 12\).*got \(2, 5, 11\)"
    ):
        module(x[..., 1:], x[..., 2:])
    with pytest.raises(TypeError, match="x: expected a floating dtype"):
        module(x.long(), x[..., 2:])


def test_what_passed_once_is_still_looked_at():
    """Checks remember what they let through: nothing else may slip in behind it."""
    x, one = torch.randn(2, 5, 12), torch.eye(12)
    check = partial(_checks.projections, torch.Tensor, x, x, one, one, one, one, n_kv_heads=1)
    check(n_heads=1)
    with pytest.raises(TypeError, match="n_heads"):
        check(n_heads=True)
    q, k = torch.randn(2, 3, 5, 4), torch.randn(2, 3, 7, 4)
    for attend in (att.fused_attention, att.scaled_dot_product_attention):
        attend(q, k, k)
        attend(q.double(), k.double(), k.double())
        with torch.autocast("cpu", torch.bfloat16):
            att.fused_attention(q.bfloat16(), k, k)
        for _ in range(2):  # what is refused is not remembered either
            with pytest.raises(TypeError, match="one floating dtype"):
                attend(q.bfloat16(), k, k)
            with pytest.raises(ValueError, match="kv_len = 7"):
                attend(q, k, k[:, :, 1:])
        with att.check_values(), pytest.raises(ValueError, match="NaN"):
            attend(q, k, k * float("nan"))
