"""The fused path: equal to the plain one, and to what PyTorch's own function says.

Its error budget in low precision stands in ``tests/test_budget.py``.
"""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

import attncourse.pytorch as att
from attncourse.pytorch import fused
from tests.cases.common import all_options

torch.set_num_threads(1)
KNOWN = [o for o in all_options() if not {"softcap", "sinks"} & set(o)]
NAMED = pytest.mark.parametrize("options", KNOWN, ids=["+".join(o) or "plain" for o in KNOWN])
LENGTHS = pytest.mark.parametrize(
    ("q_len", "kv_len"), [(5, 7), (7, 7), (7, 5), (1, 7), (5, 6), (3, 7)]
)


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(2022)


def inputs(q_len=5, kv_len=7, n_heads=6, n_kv_heads=3, dtype=torch.float64):
    return (
        torch.randn(2, n_heads, q_len, 4, dtype=torch.float64).to(dtype),
        torch.randn(2, n_kv_heads, kv_len, 4, dtype=torch.float64).to(dtype),
        torch.randn(2, n_kv_heads, kv_len, 8, dtype=torch.float64).to(dtype),
    )


def tensors(options):
    return {k: torch.tensor(o) if k in ("mask", "bias") else o for k, o in options.items()}


@NAMED
def test_equal_to_the_plain_path(options):
    q, k, v = inputs()
    expected = att.scaled_dot_product_attention(q, k, v, **tensors(options))
    found = att.fused_attention(q, k, v, **tensors(options))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


@LENGTHS
@pytest.mark.parametrize("n_kv_heads", [1, 3, 6])
@pytest.mark.parametrize("options", [{}, {"causal": True}, {"window": 3}])
def test_equal_for_any_lengths_and_groups(q_len, kv_len, n_kv_heads, options):
    q, k, v = inputs(q_len, kv_len, n_kv_heads=n_kv_heads)
    for given in ((q, k, v), (q[0], k[0], v[0]), (q[0, 0], k[0, 0], v[0, 0])):
        expected = att.scaled_dot_product_attention(*given, **options)
        found = att.fused_attention(*given, **options)
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


def test_plain_path_against_pytorch():
    """PyTorch's own function, on what it says in the same words as we do."""
    q, k, v = inputs(7, 7)
    mask, bias = torch.rand(2, 1, 7, 7) < 0.6, torch.randn(6, 7, 7, dtype=torch.float64)
    for ours, theirs in (
        ({}, {}),
        ({"causal": True}, {"is_causal": True}),
        ({"mask": mask}, {"attn_mask": mask}),
        ({"bias": bias, "scale": 0.3}, {"attn_mask": bias, "scale": 0.3}),
    ):
        expected = F.scaled_dot_product_attention(q, k, v, enable_gqa=True, **theirs)
        found = att.scaled_dot_product_attention(q, k, v, **ours)
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


def test_pytorch_aligns_top_left_and_we_do_not():
    q, k, v = inputs(3, 7, n_kv_heads=6)
    theirs = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    ours = att.fused_attention(q, k, v, causal=True)
    torch.testing.assert_close(theirs[:, :, 0], v[:, :, 0])  # sees the first key only
    torch.testing.assert_close(ours[:, :, 2], F.scaled_dot_product_attention(q, k, v)[:, :, 2])
    assert not torch.allclose(ours, theirs)


def test_against_pytorch_multihead_layer():
    """nn.MultiheadAttention with the same parameters; its masks have the other polarity."""
    x, context = torch.randn(2, 5, 12).double(), torch.randn(2, 7, 12).double()
    theirs = torch.nn.MultiheadAttention(12, 3, bias=False, batch_first=True).double()
    w_query, w_key, w_value = theirs.in_proj_weight.T.chunk(3, dim=1)
    weights = (w_query, w_key, w_value, theirs.out_proj.weight.T)
    lengths = torch.tensor([7, 4])
    ours, our_weights = att.multi_head_attention(
        x,
        *weights,
        n_heads=3,
        context=context,
        mask=att.padding_mask(lengths, 7),
        return_weights=True,
    )
    padded = torch.arange(7) >= lengths[:, None]
    expected, expected_weights = theirs(
        x, context, context, key_padding_mask=padded, average_attn_weights=False
    )
    torch.testing.assert_close(ours, expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(our_weights, expected_weights, rtol=0, atol=1e-12)


def test_no_empty_row_ever_reaches_a_kernel(monkeypatch):
    """What a kernel makes of one differs with kernel and version, so none is handed over."""
    seen = []
    real = F.scaled_dot_product_attention

    def watch(q, k, v, attn_mask=None, **options):
        seen.append(attn_mask)
        return real(q, k, v, attn_mask, **options)

    monkeypatch.setattr(fused.F, "scaled_dot_product_attention", watch)
    q, k, v = inputs(7, 5)
    mask = torch.rand(2, 1, 7, 5) < 0.5
    for bias in (None, torch.randn(7, 5)):
        output = att.fused_attention(q, k, v, causal=True, mask=mask, bias=bias)
        assert (output[:, :, :2] == 0).all()
    assert seen[0].any(-1).all()
    assert seen[1].isfinite().any(-1).all()


@pytest.mark.parametrize("causal", [False, True])
def test_no_mask_is_made_where_the_kernel_needs_none(monkeypatch, causal):
    """A stored mask would shut out the fastest kernels."""
    seen = []
    monkeypatch.setattr(
        fused.F,
        "scaled_dot_product_attention",
        lambda *args, **options: seen.append((args, options)),
    )
    att.fused_attention(*inputs(7, 7), causal=causal)
    (args, options), *_ = seen
    assert len(args) == 3
    assert options["is_causal"] == causal


@pytest.mark.parametrize(
    ("bad", "error", "words"),
    [
        ({"mask": torch.ones(5, 7)}, TypeError, "pass it as bias="),
        ({"mask": torch.ones(7, 5, dtype=torch.bool)}, ValueError, "broadcasts to the scores"),
        ({"bias": torch.ones(5, 7, dtype=torch.bool)}, TypeError, "pass it as mask="),
        ({"window": 0}, ValueError, "window: expected at least 1"),
        ({"scale": float("nan")}, ValueError, "scale: expected a finite number"),
        ({"softcap": 1.0}, TypeError, "softcap"),
    ],
)
def test_errors(bad, error, words):
    with pytest.raises(error, match=words):
        att.fused_attention(*inputs(), **bad)
    q, k, v = inputs()
    with pytest.raises(ValueError, match="multiple of n_kv_heads = 3, got 4"):
        att.fused_attention(q[:, :4], k, v)


@pytest.mark.parametrize("scale", [-1.0, -0.25, 0.0, 0.25])
@pytest.mark.parametrize("options", [{"causal": True}, {"window": 2}, {}])
def test_any_scale(scale, options):
    """The kernel hides the future by a large negative score: a scale must not turn it round."""
    q, k, v = inputs(7, 7)
    expected = att.scaled_dot_product_attention(q, k, v, scale=scale, **options)
    found = att.fused_attention(q, k, v, scale=scale, **options)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("scale", [-1000.0, -0.3, 0.0, 1000.0])
@pytest.mark.parametrize("options", [{"causal": True}, {}])
def test_a_scale_beyond_the_range_of_the_queries(scale, dtype, options):
    """The product of a query and the scale, 70,000, is no number of half precision."""
    q, k, v = inputs(7, 7, dtype=dtype)
    q, k = torch.full_like(q, 70), k / 1024
    expected = att.scaled_dot_product_attention(q, k, v, scale=scale, **options)
    found = att.fused_attention(q, k, v, scale=scale, **options)
    torch.testing.assert_close(found, expected, rtol=0.02, atol=0.02)


@pytest.mark.parametrize("size", [1e5, -1e5, 1e9, -1e9, 1e30])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("options", [{"causal": True}, {}])
def test_a_bias_beyond_the_range_of_the_queries(size, dtype, options):
    q, k, v = inputs(7, 7, dtype=dtype)
    bias = size * (1 + torch.arange(7.0)) * torch.tensor([[1.0], [0], [1], [1], [0], [1], [1]])
    expected = att.scaled_dot_product_attention(q, k, v, bias=bias, **options)
    found = att.fused_attention(q, k, v, bias=bias, **options)
    assert found.dtype == dtype
    torch.testing.assert_close(found, expected, rtol=0.02, atol=0.02)


@pytest.mark.parametrize("attend", [att.scaled_dot_product_attention, att.fused_attention])
def test_infinite_scores(attend):
    """Zeros for a query whose every score is -inf, NaN for one with a score of +inf: everywhere."""
    q = torch.tensor([[[[1e30]], [[1.0]]]]).expand(1, 2, 1, 1)
    k, v = torch.tensor([-1e30, -1e30])[None, None, :, None].expand(1, 2, 2, 1), torch.ones(2, 1)
    v = v.expand(1, 2, 2, 1)
    assert (attend(q, k, v)[0, 0] == 0).all()
    assert attend(q, -k, v)[0, 0].isnan().all()
    assert (attend(q, k, v)[0, 1] == 1).all()
