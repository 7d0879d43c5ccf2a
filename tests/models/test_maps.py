"""Attention maps: those of any layer and head, of a model that stays as it was."""

from __future__ import annotations

import pytest
import torch

import attncourse.pytorch as att
from attncourse import models


def language_model(**options):
    torch.manual_seed(1706)
    sizes = {"d_model": 24, "n_heads": 4, "n_layers": 3, "n_kv_heads": 2}
    return att.LanguageModel(50, **sizes, positions="sinusoidal", **options).eval()


TOKENS = torch.tensor([[3, 1, 4, 1, 5, 9], [2, 7, 1, 8, 2, 8]])


@pytest.mark.parametrize("attend", [att.scaled_dot_product_attention, att.fused_attention])
def test_the_model_stays_as_it_was(attend):
    model = language_model(attend=attend)
    before, state = model(TOKENS), {n: w.clone() for n, w in model.state_dict().items()}
    maps = models.attention_maps(model, TOKENS)
    assert maps.decoder.shape == (3, 2, 4, 6, 6)
    torch.testing.assert_close(maps.decoder.sum(-1), torch.ones(3, 2, 4, 6))
    assert not maps.decoder.triu(1).any()
    assert not maps.decoder.requires_grad
    assert torch.equal(model(TOKENS), before)
    assert all(block.attention.attend is attend for block in model.decoder.blocks)
    assert all(torch.equal(w, state[n]) for n, w in model.state_dict().items())


def test_a_map_is_the_layers_own():
    """The first layer's, from its own queries and keys."""
    model = language_model()
    layer = model.decoder.blocks[0]
    places = att.sinusoidal_positions(torch.arange(6), 24, dtype="float32")
    normed = layer.attention_norms[0](model.embedding.tokens[TOKENS] + places)
    _, weights = layer.attention(normed, causal=True, return_weights=True)
    maps = models.attention_maps(model, TOKENS)
    torch.testing.assert_close(maps.decoder[0], weights)
    assert (maps.decoder[0] - maps.decoder[1]).abs().max() > 1e-3


@pytest.mark.parametrize("attend", [att.scaled_dot_product_attention, att.fused_attention])
def test_both_sides_and_what_stands_between(attend):
    torch.manual_seed(1706)
    model = att.EncoderDecoder(50, 60, d_model=12, n_heads=3, n_layers=2, attend=attend).eval()
    maps = models.attention_maps(model, TOKENS, TOKENS[:, :4])
    assert [tuple(m.shape) for m in maps] == [(2, 2, 3, 6, 6), (2, 2, 3, 4, 4), (2, 2, 3, 4, 6)]


def test_after_an_error_the_model_is_as_before():
    model = language_model()
    attend = model.decoder.blocks[1].attention.attend
    with pytest.raises(TypeError):
        models.attention_maps(model, TOKENS, no_such_option=1)
    assert all(block.attention.attend is attend for block in model.decoder.blocks)


def test_a_model_without_attention():
    with pytest.raises(ValueError, match=r"expected an Encoder or a Decoder in it, got .*Linear"):
        models.attention_maps(torch.nn.Linear(2, 3), torch.zeros(1, 2))
