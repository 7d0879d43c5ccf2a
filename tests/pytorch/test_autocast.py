"""Under autocast: what promises float32 keeps it, and what multiplies by weights goes along."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import torch

import attncourse.pytorch as att
from tests.cases import GOOD
from tests.test_parity import cast
from tests.twins import given, tensors

HALVES = [torch.bfloat16, torch.float16]
#: They multiply by learned matrices, which is what autocast is for; their attention is in float32.
PROJECT = {
    *("absorbed_latent_attention", "multi_head_latent_attention", "unembed"),
    *("multi_head_attention", "multi_query_attention", "grouped_query_attention"),
    *("attention_layer", "transformer_block", "encoder", "decoder", "language_model"),
    *("encoder_decoder", "vision_transformer", "additive_scores", "concat_scores"),
    *("general_scores", "location_scores", "dot_scores", "scaled_dot_scores"),
    *(f"{name}_mlp" for name in ("relu", "gelu", "gelu_tanh", "swiglu", "geglu", "geglu_tanh")),
}


def calls(name):
    with np.errstate(over="ignore"):
        return [given(att, cast(call, np.float32)) for call in GOOD[name]]


@pytest.mark.parametrize("half", HALVES, ids=str)
@pytest.mark.parametrize("name", [name for name in GOOD if name not in PROJECT])
def test_full_precision_is_kept(name, half):
    for args, kwargs in calls(name):
        expected = tensors(getattr(att, name)(*args, **kwargs))
        with torch.autocast("cpu", half):
            found = tensors(getattr(att, name)(*args, **kwargs))
        for a, b in zip(found, expected, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6, equal_nan=True)


@pytest.mark.parametrize("half", HALVES, ids=str)
@pytest.mark.parametrize("name", sorted(PROJECT))
def test_projections_go_along(name, half):
    for args, kwargs in calls(name):
        expected = tensors(getattr(att, name)(*args, **kwargs))
        with torch.autocast("cpu", half):
            found = tensors(getattr(att, name)(*args, **kwargs))
        for a, b in zip(found, expected, strict=True):
            size = 1 + b.detach()[b.isfinite()].float().abs().sum() ** 0.5
            assert a.isfinite().all() == b.isfinite().all()
            torch.testing.assert_close(
                a.float(), b.float(), rtol=0.05, atol=0.1 * float(size), equal_nan=True
            )


def test_the_list_has_no_promise_in_it():
    for name in PROJECT:
        assert "at least\nfloat32" not in inspect.getdoc(getattr(att, name))


@pytest.mark.parametrize(
    "attend",
    [
        att.scaled_dot_product_attention,
        att.fused_attention,
        lambda q, k, v: att.flash_attention(q, k, v)[0],
        att.cached_attention,
    ],
)
def test_scores_beyond_half_precision(attend):
    """Every key is the same, so the answer is the value, though a score would be 80,000."""
    q = k = torch.full((1, 1, 2, 64), 100.0)
    with torch.autocast("cpu", torch.float16):
        found = attend(q, k, torch.ones(1, 1, 2, 64))
    found = found[0] if isinstance(found, tuple) else found
    torch.testing.assert_close(found.float(), torch.ones(1, 1, 2, 64))


def test_scores_near_seventy():
    """In bfloat16 a score of 70 is off by up to a quarter, and its weight by a fifth."""
    generator = torch.Generator().manual_seed(0)
    q, k, v = torch.randn(3, 2, 4, 7, 16, generator=generator).unbind(0)
    expected = att.scaled_dot_product_attention(9 * q, 9 * k, v)
    with torch.autocast("cpu", torch.bfloat16):
        found = att.scaled_dot_product_attention(9 * q, 9 * k, v)
    assert (found - expected).abs().max() < 1e-5


@pytest.mark.parametrize("attend", [att.scaled_dot_product_attention, att.fused_attention])
def test_a_layer_takes_what_comes_out_of_autocast(attend):
    layers = torch.nn.Linear(6, 12), att.MultiHeadAttention(12, 3, attend=attend)
    x = torch.randn(2, 5, 6)
    with torch.autocast("cpu", torch.bfloat16):
        found = layers[1](layers[0](x), causal=True)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(
        found.float(), layers[1](layers[0](x), causal=True), rtol=0.05, atol=0.02
    )


def test_a_model_trains_under_autocast():
    model = att.LanguageModel(11, d_model=12, n_heads=3, n_layers=2)
    tokens = torch.arange(8)[None]
    with torch.autocast("cpu", torch.bfloat16):
        loss = torch.nn.functional.cross_entropy(model(tokens)[0], tokens[0])
    loss.backward()
    assert all(p.grad.isfinite().all() and p.grad.dtype == p.dtype for p in model.parameters())
