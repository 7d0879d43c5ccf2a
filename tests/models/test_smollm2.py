"""SmolLM2 in our layers is the SmolLM2 of `transformers`."""

from __future__ import annotations

import copy
from functools import partial

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

import attncourse.pytorch as att
import attncourse.reference as ref
from attncourse import models
from tests.budget import assert_within_budget
from tests.models.same import layers_agree

TEXT = "Attention lets a model look back at every word it has read. When it reads"
EPS = 9.999999747378752e-06  # 1e-5 in float32
HALVES = {"attention.query": "self_attn.q_proj", "attention.key": "self_attn.k_proj"}
PARTS = HALVES | {
    "attention_norms.0": "input_layernorm",
    "attention.value": "self_attn.v_proj",
    "attention.out": "self_attn.o_proj",
    "mlp_norms.0": "post_attention_layernorm",
    "mlp.gate": "mlp.gate_proj",
    "mlp.input": "mlp.up_proj",
    "mlp.out": "mlp.down_proj",
}


@pytest.fixture(scope="module")
def tokens(smollm2):
    return torch.tensor([smollm2[1].encode(TEXT).ids])


@pytest.fixture(scope="module")
def theirs(smollm2):
    """A Llama, which turns pairs of halves: a head's even rows first, then its odd ones."""
    weights = {}
    for name, w in smollm2[0].state_dict().items():
        if name == "embedding.tokens":
            weights["model.embed_tokens.weight"] = weights["lm_head.weight"] = w
        elif name == "decoder.norm.weight":
            weights["model.norm.weight"] = w
        else:
            _, _, layer, part = name.removesuffix(".weight").split(".", 3)
            if part in HALVES:
                w = w.unflatten(0, (-1, 32, 2)).transpose(1, 2).flatten(0, 2)
            weights[f"model.layers.{layer}.{PARTS[part]}.weight"] = w
    config = LlamaConfig(
        vocab_size=49152,
        hidden_size=576,
        intermediate_size=1536,
        num_hidden_layers=30,
        num_attention_heads=9,
        num_key_value_heads=3,
        max_position_embeddings=8192,
        rms_norm_eps=EPS,
        rope_parameters={"rope_type": "default", "rope_theta": 100_000.0},
        tie_word_embeddings=True,
        attn_implementation="eager",
    )
    with torch.device("meta"):
        model = LlamaForCausalLM(config)
    model.load_state_dict(weights, assign=True)
    model.model.rotary_emb = type(model.model.rotary_emb)(config)  # its buffer is in no file
    return model.eval()


@torch.no_grad()
def test_same_logits(smollm2, tokens, theirs):
    found, careless = smollm2[0](tokens), theirs(tokens).logits
    exact = copy.deepcopy(theirs).double()(tokens).logits
    assert_within_budget(found, careless, exact)
    assert torch.equal(found.argmax(-1), exact.argmax(-1))


@torch.no_grad()
def test_same_64_tokens(smollm2, tokens, theirs):
    found, caches = att.generate(smollm2[0].step, tokens, 64)
    # Each is the one that they would choose: told what came before, they choose it.
    choices = theirs(found[:, :-1]).logits.argmax(-1)
    assert found.shape == (1, tokens.shape[1] + 64)
    assert torch.equal(choices[:, tokens.shape[1] - 1 :], found[:, tokens.shape[1] :])
    assert caches[0].self_attention.k.shape == (1, 3, found.shape[1] - 1, 64)
    said = smollm2[1].decode(found[0].tolist())
    assert said.startswith(TEXT + " a sentence, it looks at the previous sentence")


@torch.no_grad()
def test_the_reference_runs_a_layer(smollm2, tokens):
    model = smollm2[0]
    frequencies, interleaved = att.rotary_frequencies(64, base=100_000.0), {"interleaved": True}
    x, _ = model.decoder.blocks[0].with_cache(
        model.embedding.tokens[tokens], frequencies=frequencies, causal=True, **interleaved
    )
    layers_agree(
        model.decoder.blocks[1],
        x,
        {"causal": True, "frequencies": frequencies.double(), **interleaved},
        n_heads=9,
        n_kv_heads=3,
        norm=partial(ref.rms_norm, eps=EPS),
        mlp=ref.swiglu_mlp,
    )


@torch.no_grad()
def test_maps_are_theirs(smollm2, tokens, theirs):
    model = smollm2[0]
    before = model(tokens)
    maps = models.attention_maps(model, tokens)
    expected = torch.stack(theirs(tokens, output_attentions=True).attentions)
    assert maps.decoder.shape == (30, 1, 9, tokens.shape[1], tokens.shape[1])
    torch.testing.assert_close(maps.decoder, expected, rtol=0, atol=1e-4)
    assert maps.encoder is None
    assert maps.cross is None
    assert torch.equal(model(tokens), before)


def test_tokens_are_cut_as_in_training(smollm2):
    """Each digit alone, bytes elsewhere, what is special in one piece; and back again."""
    tokenizer = smollm2[1]
    text = "It was 1984, isn't<|im_end|>\n naïve 注意"
    cut = tokenizer.encode(text)
    assert cut.tokens[:8] == ["It", "Ġwas", "Ġ", "1", "9", "8", "4", ","]
    assert "<|im_end|>" in cut.tokens
    assert tokenizer.decode(cut.ids, skip_special_tokens=False) == text
    assert tokenizer.encode("The capital of France is").ids == [504, 3575, 282, 4649, 314]
