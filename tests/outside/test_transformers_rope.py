"""Rotary and Shaw positions against the lines of `transformers` that real models run."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import LlamaConfig, Wav2Vec2BertConfig
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS
from transformers.models.deepseek_v3 import modeling_deepseek_v3 as deepseek
from transformers.models.gpt_neox import modeling_gpt_neox as neox
from transformers.models.gptj import modeling_gptj as gptj
from transformers.models.llama import modeling_llama as llama
from transformers.models.wav2vec2_bert.modeling_wav2vec2_bert import Wav2Vec2BertSelfAttention

import attncourse.pytorch as att

BATCH, HEADS, KV_HEADS, SEQ, D_K = 2, 6, 3, 5, 8
SEEDED = settings(derandomize=True, deadline=None)
POSITIONS = torch.tensor([[0, 1, 2, 3, 4], [90, 91, 92, 93, 94]])


def normal(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def tables(d_rotary: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Frequencies, and cosines and sines as most models hold them: twice, one after the other."""
    frequencies = att.rotary_frequencies(d_rotary, base=50.0)
    angles = POSITIONS[..., None] * frequencies
    twice = torch.cat([angles, angles], dim=-1)
    return frequencies, twice.cos(), twice.sin()


@pytest.mark.parametrize(("model", "d_rotary"), [(llama, 8), (neox, 4)], ids=["llama", "neox"])
def test_half_split(model, d_rotary):
    """Llama turns all features, GPT-NeoX the first ones."""
    q, k = normal(BATCH, HEADS, SEQ, D_K), normal(BATCH, KV_HEADS, SEQ, D_K) + 1
    frequencies, cos, sin = tables(d_rotary)
    for ours, theirs in zip((q, k), model.apply_rotary_pos_emb(q, k, cos, sin), strict=True):
        found = att.rotary(ours, POSITIONS, frequencies)
        torch.testing.assert_close(found, theirs, rtol=1e-12, atol=1e-12)
        other = att.rotary(ours, POSITIONS, frequencies, interleaved=True)
        assert not torch.allclose(other, theirs, atol=0.1)


def test_interleaved():
    """GPT-J pairs neighbours; its features are (batch, seq, heads, d_k)."""
    x = normal(BATCH, HEADS, SEQ, D_K)
    frequencies, cos, sin = tables(D_K)
    half = cos[..., : D_K // 2], sin[..., : D_K // 2]
    theirs = gptj.apply_rotary_pos_emb(x.transpose(1, 2), half[1], half[0]).transpose(1, 2)
    found = att.rotary(x, POSITIONS, frequencies, interleaved=True)
    torch.testing.assert_close(found, theirs, rtol=1e-12, atol=1e-12)


def test_deepseek_turns_neighbours_and_leaves_halves():
    """Its queries come in with neighbours paired and go out half-split: our rotation, reordered."""
    q, k = normal(BATCH, HEADS, SEQ, D_K), normal(BATCH, 1, SEQ, D_K) + 1
    frequencies, cos, sin = tables(D_K)
    theirs = deepseek.apply_rotary_pos_emb_interleave(q, k, cos, sin)
    for x, expected in zip((q, k), theirs, strict=True):
        turned = att.rotary(x, POSITIONS, frequencies, interleaved=True)
        found = att.interleaved_to_half_split(turned)
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
        first = att.rotary(att.interleaved_to_half_split(x), POSITIONS, frequencies)
        torch.testing.assert_close(first, expected, rtol=1e-12, atol=1e-12)


def test_sinusoids_side_by_side():
    """GPT-J's table is the paper's with all sines first."""
    ours = att.sinusoidal_positions(torch.arange(40), 12)
    expected = gptj.create_sinusoidal_positions(40, 12).double()
    torch.testing.assert_close(att.interleaved_to_half_split(ours), expected, rtol=0, atol=1e-5)


def made_by_transformers(d_rotary: int, base: float, **parameters) -> tuple[torch.Tensor, float]:
    """Frequencies and magnitude from a configuration; two heads' worth of features."""
    length = parameters.pop("max_position_embeddings", 4096)
    config = LlamaConfig(
        hidden_size=2 * d_rotary,
        num_attention_heads=2,
        max_position_embeddings=length,
        rope_parameters={"rope_theta": base, **parameters},
    )
    seq_len = parameters.get("seq_len")
    return ROPE_INIT_FUNCTIONS[parameters["rope_type"]](config, seq_len=seq_len)


SIZES = {
    "n_pairs": st.integers(2, 64),
    "base": st.floats(50, 1e6),
    "factor": st.floats(1.01, 64),
    "original_len": st.integers(64, 20000),
}


@settings(SEEDED, max_examples=25)
@given(**SIZES)
def test_linear_and_dynamic(n_pairs, base, factor, original_len):
    plain = att.rotary_frequencies(2 * n_pairs, base=base)
    shared = {"d_rotary": 2 * n_pairs, "base": base, "factor": factor}
    expected, _ = made_by_transformers(rope_type="linear", **shared)
    found = att.interpolated_frequencies(plain, factor=factor)
    torch.testing.assert_close(found, expected.double(), rtol=2e-6, atol=0)
    for seq_len in (original_len // 2, 3 * original_len):
        lengths = {"seq_len": seq_len, "max_position_embeddings": original_len}
        expected, _ = made_by_transformers(rope_type="dynamic", **shared, **lengths)
        found = att.dynamic_ntk_frequencies(
            plain, seq_len=seq_len, original_len=original_len, factor=factor
        )
        torch.testing.assert_close(found, expected.double(), rtol=1e-5, atol=0)


@settings(SEEDED, max_examples=25)
@given(**SIZES, low=st.floats(0.3, 2), ratio=st.floats(1.1, 40))
def test_llama3(n_pairs, base, factor, original_len, low, ratio):
    factors = {"low_freq_factor": low, "high_freq_factor": low * ratio}
    shared = {"factor": factor, **factors}
    expected, attention_factor = made_by_transformers(
        2 * n_pairs,
        base,
        rope_type="llama3",
        original_max_position_embeddings=original_len,
        **shared,
    )
    plain = att.rotary_frequencies(2 * n_pairs, base=base)
    found = att.llama3_frequencies(plain, original_len=original_len, **shared)
    torch.testing.assert_close(found, expected.double(), rtol=1e-5, atol=0)
    assert attention_factor == 1


@settings(SEEDED, max_examples=50)
@given(
    **SIZES,
    slow=st.floats(0.3, 2),
    ratio=st.floats(1.1, 40),
    truncate=st.booleans(),
    mscales=st.sampled_from([(None, None), (1.0, 1.0), (0.707, 0.5)]),
)
def test_yarn(n_pairs, base, factor, original_len, slow, ratio, truncate, mscales):
    betas = {"beta_fast": slow * ratio, "beta_slow": slow, "truncate": truncate}
    mscale, for_all = mscales
    expected, attention_factor = made_by_transformers(
        2 * n_pairs,
        base,
        rope_type="yarn",
        factor=factor,
        original_max_position_embeddings=original_len,
        mscale=mscale,
        mscale_all_dim=for_all,
        **betas,
    )
    plain = att.rotary_frequencies(2 * n_pairs, base=base)
    found = att.yarn_frequencies(
        plain, base=base, factor=factor, original_len=original_len, **betas
    )
    # Where the ramp is a cliff, float32 decides otherwise which side a pair is on.
    torch.testing.assert_close(found, expected.double(), rtol=2e-3, atol=0)
    ours = att.yarn_attention_factor(factor, mscale=1 if mscale is None else mscale)
    if for_all is not None:
        ours /= att.yarn_attention_factor(factor, mscale=for_all)
    assert attention_factor == pytest.approx(ours, rel=1e-12)


def test_shaw_is_a_whole_layer_of_wav2vec2():
    """Wav2Vec2-BERT's layer has Shaw's key side: distances clipped at three, here."""
    config = Wav2Vec2BertConfig(
        hidden_size=HEADS * 4,
        num_attention_heads=HEADS,
        position_embeddings_type="relative_key",
        left_max_position_embeddings=3,
        right_max_position_embeddings=3,
        attention_dropout=0.0,
        attn_implementation="eager",
    )
    torch.manual_seed(1)
    layer = Wav2Vec2BertSelfAttention(config).double().eval()
    x = normal(BATCH, 9, HEADS * 4)
    with torch.no_grad():
        q, k, v = (
            att.split_heads(projection(x), HEADS)
            for projection in (layer.linear_q, layer.linear_k, layer.linear_v)
        )
        table = layer.distance_embedding.weight
        ours = layer.linear_out(att.merge_heads(att.shaw_attention(q, k, v, table)))
        theirs, _ = layer(x)
        without = layer.linear_out(att.merge_heads(att.scaled_dot_product_attention(q, k, v)))
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)
    assert not torch.allclose(without, theirs, atol=0.01)
