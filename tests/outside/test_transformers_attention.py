"""Attention layers of `transformers` models: their weights, our functions, the same outputs.

One adapter a model, in both rooms. The models' layers bring their own masks (causal, windows,
padding on either side), so nothing of ours stands on both sides of the comparison.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import torch

from tests.outside.transformers_models import HEADS, KV_HEADS, MODELS, Seen, model, observed
from tests.outside.transformers_weights import BOTH_ROOMS, Room


def grouped_and_rotated(room: Room, seen: Seen, **options: Any) -> Any:
    """Llama, and what others add to it."""
    layer, x = seen.layer, room.array(seen.x)
    q = room.split_heads(room.project(x, layer.q_proj), HEADS)
    k = room.split_heads(room.project(x, layer.k_proj), KV_HEADS)
    v = room.split_heads(room.project(x, layer.v_proj), KV_HEADS)
    cos, sin = tables(room, seen, n_pairs=q.shape[-1] // 2)
    q, k = room.rotate(q, cos, sin), room.rotate(k, cos, sin)
    attended = room.scaled_dot_product_attention(q, k, v, causal=True, **options)
    return room.project(room.merge_heads(attended), layer.o_proj)


def tables(room: Room, seen: Seen, n_pairs: int) -> tuple[Any, Any]:
    """Read the cosines and sines that the layer was given; some models give each twice."""
    cos, sin = (room.array(table[0, :, :n_pairs]) for table in seen.given["position_embeddings"])
    return cos, sin


def mistral(room: Room, seen: Seen, mask: Any) -> Any:
    return grouped_and_rotated(room, seen, mask=mask, window=seen.layer.config.sliding_window)


def gemma_2(room: Room, seen: Seen, mask: Any) -> Any:
    """Every other layer has a window; the scale is not that of the head's width."""
    config = seen.layer.config
    return grouped_and_rotated(
        room,
        seen,
        mask=mask,
        window=seen.layer.sliding_window,
        scale=config.query_pre_attn_scalar**-0.5,
        softcap=config.attn_logit_softcapping,
    )


def gpt_oss(room: Room, seen: Seen, mask: Any) -> Any:
    sinks = room.array(seen.layer.sinks)
    window = seen.layer.sliding_window
    return grouped_and_rotated(room, seen, mask=mask, window=window, sinks=sinks)


def gpt_2(room: Room, seen: Seen, mask: Any) -> Any:
    """One projection for all three; deeper layers have a smaller scale."""
    projected = room.project(room.array(seen.x), seen.layer.c_attn)
    width = projected.shape[-1] // 3
    q, k, v = (
        room.split_heads(projected[..., i * width : (i + 1) * width], HEADS) for i in range(3)
    )
    scale = q.shape[-1] ** -0.5 / (seen.layer.layer_idx + 1)
    attended = room.scaled_dot_product_attention(q, k, v, mask=mask, causal=True, scale=scale)
    return room.project(room.merge_heads(attended), seen.layer.c_proj)


def bert(room: Room, seen: Seen, mask: Any) -> Any:
    """The layer that we look at ends before the output projection."""
    layer, x = seen.layer, room.array(seen.x)
    q, k, v = (
        room.split_heads(room.project(x, projection), HEADS)
        for projection in (layer.query, layer.key, layer.value)
    )
    return room.merge_heads(room.scaled_dot_product_attention(q, k, v, mask=mask))


def vit(room: Room, seen: Seen, mask: Any) -> Any:
    layer, x = seen.layer, room.array(seen.x)
    q, k, v = (
        room.split_heads(room.project(x, projection), HEADS)
        for projection in (layer.q_proj, layer.k_proj, layer.v_proj)
    )
    attended = room.scaled_dot_product_attention(q, k, v, mask=mask)
    return room.project(room.merge_heads(attended), layer.o_proj)


def bloom(room: Room, seen: Seen, mask: Any) -> Any:
    """Each head's query, key and value lie side by side; the layer adds its residual."""
    projected = room.split_heads(
        room.project(room.array(seen.x), seen.layer.query_key_value), HEADS
    )
    d_k = projected.shape[-1] // 3
    q, k, v = (projected[..., i * d_k : (i + 1) * d_k] for i in range(3))
    slopes = room.alibi_slopes(HEADS)
    bias = room.alibi_bias(q.shape[-2], k.shape[-2], slopes)
    attended = room.scaled_dot_product_attention(q, k, v, mask=mask, bias=bias, causal=True)
    output = room.project(room.merge_heads(attended), seen.layer.dense)
    return output + room.array(seen.args[1])


def t5(room: Room, seen: Seen, mask: Any) -> Any:
    """No scale, no biases on the projections, and one table of biases for a whole stack."""
    layer, x = seen.layer, room.array(seen.x)
    weights = [room.matrix(projection) for projection in (layer.q, layer.k, layer.v, layer.o)]
    options = {"n_heads": HEADS, "scale": 1, "mask": mask}
    if "key_value_states" in seen.given:  # cross-attention knows no positions
        context = room.array(seen.given["key_value_states"])
        return room.multi_head_attention(x, *weights, context=context, **options)
    decoder = layer.is_decoder
    stack = model("T5").decoder if decoder else model("T5").encoder
    table = stack.block[0].layer[0].SelfAttention.relative_attention_bias.weight
    length = x.shape[-2]
    options["bias"] = room.t5_bias(
        length,
        length,
        room.array(table),
        bidirectional=not decoder,
        max_distance=layer.config.relative_attention_max_distance,
    )
    if decoder:
        options |= {"causal": True, "mask": None}  # nothing is padded there
    return room.multi_head_attention(x, *weights, **options)


def deepseek_v3(room: Room, seen: Seen, mask: Any, *, absorbed: bool = False) -> Any:
    """Each head's columns hold two parts side by side; the scale carries YaRN's magnitude twice."""
    layer, config = seen.layer, seen.layer.config
    nope, rank, yarn = config.qk_nope_head_dim, config.kv_lora_rank, config.rope_parameters

    def parts(projection: torch.nn.Module) -> tuple[Any, Any]:
        columns = room.matrix(projection).reshape(projection.in_features, HEADS, -1)
        split = columns[..., :nope], columns[..., nope:]
        return tuple(part.reshape(projection.in_features, -1) for part in split)

    w_query_up, w_query_rope = parts(layer.q_b_proj)
    w_key_up, w_value_up = parts(layer.kv_b_proj)
    down = room.matrix(layer.kv_a_proj_with_mqa)
    parameters = room.LatentParameters(
        w_query_up=w_query_up,
        w_query_rope=w_query_rope,
        w_kv_down=down[:, :rank],
        kv_norm=room.array(layer.kv_a_layernorm.weight),
        w_key_up=w_key_up,
        w_key_rope=down[:, rank:],
        w_value_up=w_value_up,
        w_out=room.matrix(layer.o_proj),
        w_query_down=room.matrix(layer.q_a_proj),
        query_norm=room.array(layer.q_a_layernorm.weight),
    )
    base, factor = yarn["rope_theta"], yarn["factor"]
    below = room.yarn_attention_factor(factor, mscale=yarn["mscale_all_dim"])
    attend = room.absorbed_latent_attention if absorbed else room.multi_head_latent_attention
    return attend(
        room.array(seen.x),
        parameters,
        room.yarn_frequencies(
            room.rotary_frequencies(config.qk_rope_head_dim, base=base),
            base=base,
            factor=factor,
            original_len=yarn["original_max_position_embeddings"],
        ),
        n_heads=HEADS,
        attention_factor=room.yarn_attention_factor(factor, mscale=yarn["mscale"]) / below,
        scale=config.qk_head_dim**-0.5 * below**2,
        mask=mask,
        causal=True,
    )[0]


ADAPTERS = {
    "Llama": lambda room, seen, mask: grouped_and_rotated(room, seen, mask=mask),
    "Mistral": mistral,
    "Gemma 2": gemma_2,
    "gpt-oss": gpt_oss,
    "DeepSeek-V3": deepseek_v3,
    "DeepSeek-V3, absorbed": partial(deepseek_v3, absorbed=True),
    "GPT-2": gpt_2,
    "BERT": bert,
    "ViT": vit,
    "BLOOM": bloom,
    "T5": t5,
}


@pytest.mark.parametrize("padded", ["right", "left"])
@pytest.mark.parametrize("name", ADAPTERS)
@BOTH_ROOMS
def test_same_attention(room, name, padded):
    run = observed(name.removesuffix(", absorbed"), padded=padded)
    assert len(run.calls) == (6 if name == "T5" else 2)
    # DeepSeek's angles and norms are float32, whatever comes in.
    tolerance = 1e-5 if name.startswith("DeepSeek") else 1e-10
    for seen in run.calls:
        found = torch.as_tensor(ADAPTERS[name](room, seen, room.array(run.real[:, None, None])))
        expected = seen.output
        if seen.x.shape[:2] == run.real.shape:
            # A query that is padding may see nothing; models leave to chance what it then brings.
            found, expected = found[run.real], expected[run.real]
        torch.testing.assert_close(found, expected, rtol=0, atol=tolerance)


def test_ten_models():
    assert set(ADAPTERS) == {*MODELS, "DeepSeek-V3, absorbed"}
    assert len(MODELS) == 10
