"""A sequence's length stays open: at most two graphs for four lengths, exports with a free length.

Every function with a length among its arrays is asked whether one graph serves all lengths; those
below by name are run at four, and exported.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch._dynamo.testing import CompileCounter
from torch.export import Dim, export

import attncourse.pytorch as att
from tests.cases import GOOD
from tests.cases.common import KV_LEN, Q_LEN
from tests.twins import given, leaves, tensors

BATCH, HEADS, D_K, D_V, D_MODEL = 3, 2, 4, 5, 14
#: The second length makes the graph that has to serve all others.
LENGTHS = (6, 7, 11, 14)
WEIGHTS = [torch.randn(D_MODEL, width) for width in (HEADS * D_K, HEADS * D_K, HEADS * D_V)]
WEIGHTS += [torch.randn(HEADS * D_V, D_MODEL)]

MODEL = att.LanguageModel(11, d_model=16, n_heads=HEADS, n_layers=1).eval()


def heads(n):
    return tuple(torch.randn(BATCH, HEADS, n, width) for width in (D_K, D_K, D_V))


def features(n):
    return (torch.randn(BATCH, n, D_MODEL),)


def lengths(n):
    return torch.tensor([1, n, 2]), torch.zeros(n)


def prompts(n):
    """A prompt of this length, and slots of another."""
    return (*heads(n), *heads(20)[1:], torch.tensor([0, 3, 6]))


def slots(n):
    """One token, and as many slots as the length says."""
    return (*heads(1), *heads(n)[1:], torch.tensor([0, 3, 5]))


def written(q, k, v, *past):
    return att.append_to_static_cache(att.StaticCache(*past), k, v)


def decoded(q, k, v, *past):
    return att.static_cached_attention(q, k, v, att.StaticCache(*past))


#: A function of tensors, and the tensors for a length.
OPEN = {
    "scaled_dot_product_attention": (
        lambda q, k, v: att.scaled_dot_product_attention(q, k, v, causal=True),
        heads,
    ),
    "its window": (
        lambda q, k, v: att.scaled_dot_product_attention(q, k, v, causal=True, window=3),
        heads,
    ),
    "fused_attention": (lambda q, k, v: att.fused_attention(q, k, v, causal=True), heads),
    "fused, with a window": (
        lambda q, k, v: att.fused_attention(q, k, v, causal=True, window=3),
        heads,
    ),
    "multi_head_attention": (
        lambda x: att.multi_head_attention(x, *WEIGHTS, n_heads=HEADS, causal=True),
        features,
    ),
    "MultiHeadAttention": (att.MultiHeadAttention(D_MODEL, n_heads=HEADS), features),
    "TransformerBlock": (att.TransformerBlock(D_MODEL, n_heads=HEADS), features),
    "linear_attention_parallel": (
        lambda q, k, v: att.linear_attention_parallel(q.exp(), k.exp(), v),
        heads,
    ),
    "delta_rule_parallel": (
        lambda q, k, v: att.delta_rule_parallel(q, att.l2_normalize(k), v, torch.ones(())),
        heads,
    ),
    "append_to_static_cache, a prompt": (written, prompts),
    "append_to_static_cache, slots": (written, slots),
    "static_cached_attention, a prompt": (decoded, prompts),
    "static_cached_attention, slots": (decoded, slots),
    "rotary": (
        lambda q, k, v: att.rotary(q, torch.arange(q.shape[2]), att.rotary_frequencies(D_K)),
        heads,
    ),
    "softmax": (att.softmax, features),
    "LanguageModel.step, padded": (
        lambda tokens, real: MODEL.step(tokens, padding=real)[0],
        lambda n: (
            torch.arange(BATCH * n).reshape(BATCH, n) % 11,
            torch.arange(n) < n - torch.tensor([[0], [2], [1]]),
        ),
    ),
    "LanguageModel.step, slots": (
        lambda tokens: MODEL.step(tokens, max_len=70)[0],
        lambda n: (torch.arange(BATCH * n).reshape(BATCH, n) % 11,),
    ),
}
MASKS = {
    "causal_mask": (lambda x: att.causal_mask(x.shape[1], x.shape[1], device=x.device), features),
    "sliding_window_mask": (
        lambda x: att.sliding_window_mask(x.shape[1], x.shape[1], 3, device=x.device),
        features,
    ),
    "prefix_mask": (
        lambda x: att.prefix_mask(x.shape[1], x.shape[1], 2, device=x.device),
        features,
    ),
    "block_mask": (lambda x: att.block_mask(x.shape[1], x.shape[1], 4, device=x.device), features),
    "attention_mask": (
        lambda x: att.attention_mask(
            x.shape[1], x.shape[1], causal=True, window=2, device=x.device
        ),
        features,
    ),
    "padding_mask": (lambda real, x: att.padding_mask(real, x.shape[0]), lengths),
    "padding_mask, left": (
        lambda real, x: att.padding_mask(real, x.shape[0], side="left"),
        lengths,
    ),
    "document_mask": (
        att.document_mask,
        lambda n: (torch.arange(BATCH * n).reshape(BATCH, n) // 4,),
    ),
    "alibi_bias": (
        lambda x: att.alibi_bias(x.shape[1], x.shape[1], att.alibi_slopes(HEADS).to(x.device)),
        features,
    ),
    "t5_bias": (
        lambda x, table: att.t5_bias(x.shape[1], x.shape[1], table, bidirectional=False),
        lambda n: (*features(n), torch.randn(32, HEADS)),
    ),
}
#: Where something is made of a width: a scale, a question to PyTorch's kernel, pairs.
WIDTHS_OPEN = ["scaled_dot_product_attention", "fused_attention", "fused, with a window", "rotary"]
#: Each step is a part of the graph: the number of steps is settled when it is made.
WALKS = {
    "delta_rule_recurrent": "position by position",
    "delta_rule_chunked": "chunk by chunk",
    "flash_attention": "tile by tile",
    "flash_attention_backward": "tile by tile",
    "linear_attention_recurrent": "position by position",
    "linear_attention_chunked": "chunk by chunk",
    "online_softmax": "tile by tile",
    "big_bird_attention": "its global rows see all keys, tile by tile",
    "fixed_attention": "the summaries of all blocks, tile by tile",
    "strided_attention": "column by column: their number is the length over the stride",
    "vision_transformer": "an image has as many patches as there are learned positions",
}
EACH = pytest.mark.parametrize("name", [*OPEN, *MASKS])


def asked(name, n):
    function, tensors = (OPEN | MASKS)[name]
    return function, tensors(n)


@EACH
@torch.no_grad()
def test_four_lengths_make_two_graphs(name):
    torch._dynamo.reset()
    function, _ = asked(name, 6)
    counter = CompileCounter()
    compiled = torch.compile(function, backend=counter, fullgraph=True)
    for n in LENGTHS:
        _, tensors = asked(name, n)
        torch.testing.assert_close(compiled(*tensors), function(*tensors))
    assert counter.frame_count <= 2


def with_lengths(name):
    """The plainest call of a function, and how many lengths in it were declared open."""
    call = given(att, min(GOOD[name], key=lambda call: len(call[1])))
    axes = [
        (tensor, axis)
        for tensor in tensors(call)
        for axis in range(max(tensor.ndim - 2, 0), tensor.ndim)
        if tensor.shape[axis] in (Q_LEN, KV_LEN)
    ]
    for tensor, axis in axes:
        torch._dynamo.mark_dynamic(tensor, axis)
    return call, len(axes)


ARRAYS = [n for n in GOOD if any(isinstance(leaf, np.ndarray) for leaf in leaves(GOOD[n][0]))]
LONG = [name for name in ARRAYS if with_lengths(name)[1]]


def test_functions_with_a_length_are_found():
    assert len(LONG) > 100
    assert set(WALKS) <= set(LONG)


@pytest.mark.parametrize("name", LONG)
@torch.no_grad()
def test_one_graph_serves_every_length(name):
    """Torch refuses to compile where a size that was declared open has been settled."""
    torch._dynamo.reset()
    (args, kwargs), _ = with_lengths(name)
    function = getattr(att, name)
    compiled = torch.compile(lambda a, k: function(*a, **k), backend="eager", fullgraph=True)
    if name in WALKS:
        with pytest.raises(Exception, match="Constraints violated"):
            compiled(args, kwargs)
    else:
        compiled(args, kwargs)


@pytest.mark.parametrize("name", WIDTHS_OPEN)
@torch.no_grad()
def test_every_size_may_be_open_from_the_start(name):
    """``dynamic=True`` leaves widths and heads open too, and what is made of them: the scale."""
    torch._dynamo.reset()
    function, _ = asked(name, 6)
    counter = CompileCounter()
    compiled = torch.compile(function, backend=counter, fullgraph=True, dynamic=True)
    for n in LENGTHS[:3]:
        _, tensors = asked(name, n)
        torch.testing.assert_close(compiled(*tensors), function(*tensors))
    assert counter.frame_count == 1


def test_a_length_that_is_fixed_is_noticed():
    """Flash attention walks over its tiles in Python, so each number of tiles is a graph."""
    torch._dynamo.reset()
    counter = CompileCounter()
    compiled = torch.compile(
        lambda q, k, v: att.flash_attention(q, k, v, q_tile=2, kv_tile=2)[0], backend=counter
    )
    for n in LENGTHS:
        compiled(*heads(n))
    assert counter.frame_count > 2


@torch.no_grad()
def test_a_number_of_blocks_is_no_graph():
    """Sparse attention takes blocks by a table, however many there are."""
    torch._dynamo.reset()
    counter = CompileCounter()

    def attend(q, k, v):
        return att.sliding_window_attention(q, k, v, window=3)

    compiled = torch.compile(attend, backend=counter, fullgraph=True)
    for n in (12, 15, 18, 21):
        tensors = heads(n)
        torch.testing.assert_close(compiled(*tensors), attend(*tensors))
    assert counter.frame_count <= 2


class Whole(nn.Module):
    """A module of a function, as an export wants it."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *tensors):
        return self.function(*tensors)


@EACH
@torch.no_grad()
def test_an_export_keeps_the_length_free(name):
    function, tensors = asked(name, 7)
    free = Dim("length", min=2, max=64)
    shapes = tuple(
        {i: free for i, size in enumerate(t.shape) if size == 7} or None for t in tensors
    )
    exported = export(Whole(function), tensors, dynamic_shapes=(shapes,)).module()
    _, longer = asked(name, 11)
    torch.testing.assert_close(exported(*longer), function(*longer))


@pytest.mark.parametrize("name", MASKS)
def test_masks_and_biases_have_a_shape_before_they_have_numbers(name):
    function, tensors = asked(name, 7)
    there = function(*tensors)
    meta = function(*(tensor.to("meta") for tensor in tensors))
    assert meta.is_meta
    assert (meta.shape, meta.dtype) == (there.shape, there.dtype)
