"""Layers of `transformers` that see few keys, or few landmarks: their projections, our functions.

Longformer with its two sets of projections, Big Bird with its own draw of random blocks, and
Nyströmformer, each on random weights in float64.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from transformers import BigBirdConfig, LongformerConfig, NystromformerConfig
from transformers.models.big_bird.modeling_big_bird import (
    BigBirdBlockSparseAttention,
    BigBirdModel,
)
from transformers.models.longformer.modeling_longformer import LongformerSelfAttention
from transformers.models.nystromformer.modeling_nystromformer import NystromformerSelfAttention

import attncourse.pytorch as att
import attncourse.reference as ref

HEADS, D_MODEL = 3, 24
SIZES = {"hidden_size": D_MODEL, "num_attention_heads": HEADS}


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(2020)


def split(x: Tensor, *layers: nn.Module) -> list[Tensor]:
    return [att.split_heads(layer(x), HEADS) for layer in layers]


def assert_both(
    name: str, expected: Tensor, args: tuple, error: float = 1e-9, **options: Any
) -> None:
    """Our function in both rooms, its heads merged, gives what their layer gave."""

    def plain(thing: Any) -> Any:
        if isinstance(thing, tuple):
            return tuple(plain(part) for part in thing)
        return thing.detach().numpy() if isinstance(thing, Tensor) else thing

    found = att.merge_heads(getattr(att, name)(*args, **options))
    torch.testing.assert_close(found, expected, rtol=error, atol=error)
    options = {key: plain(option) for key, option in options.items()}
    found = ref.merge_heads(getattr(ref, name)(*plain(args), **options))
    np.testing.assert_allclose(found, plain(expected), rtol=error, atol=error)


@pytest.mark.parametrize("with_padding", [False, True])
def test_longformer(with_padding):
    """Their window counts across: eight is four on either side, and oneself. Softmax in float32."""
    config = LongformerConfig(**SIZES, attention_window=[8], attention_probs_dropout_prob=0.0)
    theirs = LongformerSelfAttention(config, 0).double().eval()
    x, tokens = torch.randn(2, 32, D_MODEL, dtype=torch.float64), torch.tensor([0, 11, 12])
    kinds = torch.zeros(2, 32)
    kinds[:, tokens] = 1  # theirs: above zero is global, below zero padding
    if with_padding:
        kinds[1, 27:] = -10000
    real = kinds >= 0
    expected = theirs(
        x, kinds, is_index_masked=~real, is_index_global_attn=kinds > 0, is_global_attn=True
    )[0]
    ours = split(x, theirs.query, theirs.key, theirs.value)
    own = tuple(split(x, theirs.query_global, theirs.key_global, theirs.value_global))
    given = {"window": 5, "global_qkv": own, "mask": real[:, None, None]}
    # Theirs gives zeros at padding; ours leaves it to the reader.
    found = att.merge_heads(att.longformer_attention(*ours, tokens, **given))
    torch.testing.assert_close(found[real], expected[real], rtol=1e-6, atol=1e-6)
    if not with_padding:
        assert_both("longformer_attention", expected, (*ours, tokens), 1e-6, **given)


def test_big_bird(monkeypatch):
    """Three blocks across, the first and the last block global, random ones as theirs drew them."""
    config = BigBirdConfig(
        **SIZES, block_size=4, num_random_blocks=2, max_position_embeddings=64, use_bias=True
    )
    theirs = (
        BigBirdBlockSparseAttention(config, seed=7).double().train()
    )  # in eval nothing is drawn
    drawn = []
    name = "_bigbird_block_rand_mask_with_head"
    draw = getattr(theirs, name)
    monkeypatch.setattr(theirs, name, lambda *a, **o: drawn.append(draw(*a, **o)) or drawn[-1])
    x = torch.randn(2, 48, D_MODEL, dtype=torch.float64)
    masks = BigBirdModel.create_masks_for_block_sparse_attn(torch.ones(2, 48).double(), 4)
    blocked, band, before, after = masks
    expected = theirs(x, band, before, after, blocked, blocked)[0]
    random = torch.full((HEADS, 12, 2), -1)  # the first and the last block see all: they draw none
    random[:, 1:-1] = torch.from_numpy(np.stack(drawn[0]).astype(np.int64))
    assert len(random.unique()) > 3, "random indeed"
    ours = split(x, theirs.query, theirs.key, theirs.value)
    args = (*ours, random, torch.tensor([0, 11]))
    assert_both("big_bird_attention", expected, args, block_len=4, window=2)


@pytest.mark.parametrize("iterations", [6, 2])
def test_nystromformer(iterations):
    """With its convolution at zero: it stands beside attention."""
    config = NystromformerConfig(
        **SIZES,
        segment_means_seq_len=20,
        num_landmarks=5,
        conv_kernel_size=3,
        attention_probs_dropout_prob=0.0,
    )
    theirs = NystromformerSelfAttention(config).double().eval()
    theirs.init_option = "exact"  # each matrix with its own norms, as ours
    nn.init.zeros_(theirs.conv.weight)
    theirs.iterative_inv = lambda a: type(theirs).iterative_inv(theirs, a, n_iter=iterations)
    x = 3 * torch.randn(1, 20, D_MODEL, dtype=torch.float64)
    ours = split(x, theirs.query, theirs.key, theirs.value)
    one_head = [a[:, :1] for a in ours]
    expected = theirs(x)[0]
    found = att.nystrom_attention(*one_head, n_landmarks=5, iterations=iterations)
    torch.testing.assert_close(
        found[0, 0], expected[0, :, : D_MODEL // HEADS], rtol=1e-9, atol=1e-9
    )
    assert_both("nystrom_attention", expected, tuple(ours), n_landmarks=5, iterations=iterations)
