"""Caches in PyTorch: decoding trains as the full pass does, and nothing is written in place."""

from __future__ import annotations

import pytest
import torch

import attncourse.pytorch as att
from tests.cases.latent import D_ROPE, HEADS, parameters
from tests.twins import tensors, to_torch

N, WINDOW = 7, 3
CUTS = [[1] * N, [3, 1, 3], [N]]


def leaf(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, requires_grad=True)


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(2405)


CACHES = {
    "growing": (lambda k, v: None, att.cached_attention),
    "static": (lambda k, v: att.static_cache(k, v, N + 1), att.static_cached_attention),
    "rolling": (lambda k, v: att.rolling_cache(k, v, WINDOW), att.rolling_cached_attention),
    "paged": (lambda k, v: att.paged_cache(k, v, 9, 2, 4), att.paged_cached_attention),
}
EACH = pytest.mark.parametrize("name", CACHES)


@EACH
@pytest.mark.parametrize("cut", CUTS, ids=str)
def test_decoding_and_its_gradients_are_those_of_the_full_pass(name, cut):
    q, k, v, weights = leaf(2, 6, N, 4), leaf(2, 3, N, 4), leaf(2, 3, N, 5), leaf(2, 6, N, 5)
    start, step = CACHES[name]
    options = {} if name == "rolling" else {"window": WINDOW}
    expected = att.scaled_dot_product_attention(q, k, v, causal=True, window=WINDOW)
    wanted = torch.autograd.grad((expected * weights.detach()).sum(), (q, k, v))
    cache, outputs = start(k, v), []
    for part in zip(*(x.split(cut, -2) for x in (q, k, v)), strict=True):
        before = [] if cache is None else [x.clone() for x in tensors(cache)]
        past = cache
        output, cache = step(*part, cache, **options)
        outputs.append(output)
        for new, old in zip(tensors(past), before, strict=True):
            torch.testing.assert_close(new, old, rtol=0, atol=0)
    found = torch.cat(outputs, -2)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    grads = torch.autograd.grad((found * weights.detach()).sum(), (q, k, v))
    for ours, theirs in zip(grads, wanted, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("form", [att.multi_head_latent_attention, att.absorbed_latent_attention])
def test_latent_attention_trains_through_its_cache(form):
    p = to_torch(parameters())
    leaves = [leaf(2, N, 12), *(x.requires_grad_() for x in p)]
    options = {"n_heads": HEADS, "causal": True}
    frequencies = att.rotary_frequencies(D_ROPE)
    expected, _ = att.multi_head_latent_attention(leaves[0], p, frequencies, **options)
    wanted = torch.autograd.grad(expected.square().sum(), leaves)
    cache, outputs = None, []
    for part in leaves[0].split([2, 1, 4], -2):
        output, cache = form(part, p, frequencies, cache=cache, **options)
        outputs.append(output)
    grads = torch.autograd.grad(torch.cat(outputs, -2).square().sum(), leaves)
    for ours, theirs in zip(grads, wanted, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)


def test_writing_in_place_as_the_notes_say():
    """What a loop does that decodes without gradients; the pure functions give the same."""
    k, v = torch.randn(2, 3, 5, 4), torch.randn(2, 3, 5, 6)
    past, update = torch.randn(2, 3, 8, 4), torch.randn(2, 3, 2, 4)
    expected = att.tensor_scatter(past, update, torch.tensor([5, 5]))
    past[:, :, 5:7] = update
    torch.testing.assert_close(past, expected, rtol=0, atol=0)

    ring = att.append_to_rolling_cache(att.rolling_cache(k, v, 3), k, v)
    expected = att.append_to_rolling_cache(ring, k[:, :, :1], v[:, :, :1])
    ring.k[:, :, 5 % 3] = k[:, :, 0]
    torch.testing.assert_close(ring.k, expected.k, rtol=0, atol=0)

    pages = att.append_to_paged_cache(att.paged_cache(k, v, 9, 4, 2), k, v)
    expected = att.append_to_paged_cache(pages, k[:, :, :1], v[:, :, :1])
    page, row = pages.block_table[:, 5 // 4], 5 % 4
    pages.k[page, :, row] = k[:, :, 0]
    torch.testing.assert_close(pages.k, expected.k, rtol=0, atol=0)


@EACH
def test_half_precision_stays_half(name):
    q, k, v = (torch.randn(2, h, N, 4).half() for h in (6, 3, 3))
    start, step = CACHES[name]
    output, cache = step(q, k, v, start(k, v))
    assert output.dtype == torch.float16
    assert {x.dtype for x in tensors(cache)} <= {torch.float16, torch.int64}
