"""Whole models of `transformers`, their weights in our transformer functions: the same answers."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import torch
from torch import nn

from tests.outside.transformers_models import HEADS, KV_HEADS, Run, model, observed
from tests.outside.transformers_weights import (
    BOTH_ROOMS,
    Room,
    attention,
    gated_mlp,
    mlp,
    norms,
    projections,
    stack,
)


def gpt_2(room: Room, run: Run, mask: Any) -> Any:
    """One projection holds queries, keys and values side by side; deeper scores are smaller."""
    body = model("GPT-2").transformer

    def block(layer: nn.Module) -> Any:
        joint, biases = room.matrix(layer.attn.c_attn), room.bias(layer.attn.c_attn)
        width = joint.shape[0]
        thirds = [slice(i * width, (i + 1) * width) for i in range(3)]
        parameters = room.AttentionParameters(
            *(joint[:, third] for third in thirds),
            room.matrix(layer.attn.c_proj),
            *(biases[third] for third in thirds),
            room.bias(layer.attn.c_proj),
        )
        hidden = mlp(room, layer.mlp.c_fc, layer.mlp.c_proj)
        return room.BlockParameters(
            parameters, hidden, norms(room, layer.ln_1), norms(room, layer.ln_2)
        )

    tables = room.EmbeddingParameters(room.array(body.wte.weight), room.array(body.wpe.weight))
    blocks = stack(room, map(block, body.h), *norms(room, body.ln_f))
    return room.language_model(
        room.array(run.inputs["input_ids"]),
        room.LanguageModelParameters(tables, blocks),
        n_heads=HEADS,
        mlp=room.gelu_tanh_mlp,
        mask=mask,
        layer_options=[{"scale": layer.attn.scaling} for layer in body.h],
    )[0]


def llama(room: Room, run: Run, mask: Any, name: str = "Llama", **options: Any) -> Any:
    made = model(name)
    body = made.model
    blocks = [
        room.BlockParameters(
            attention(room, *projections(layer.self_attn)),
            gated_mlp(room, layer.mlp),
            norms(room, layer.input_layernorm),
            norms(room, layer.post_attention_layernorm),
        )
        for layer in body.layers
    ]
    tables = room.EmbeddingParameters(room.array(body.embed_tokens.weight))
    return room.language_model(
        room.array(run.inputs["input_ids"]),
        room.LanguageModelParameters(
            tables, stack(room, blocks, *norms(room, body.norm)), room.matrix(made.lm_head)
        ),
        n_heads=HEADS,
        n_kv_heads=KV_HEADS,
        norm=partial(room.rms_norm, eps=made.config.rms_norm_eps),
        mlp=room.swiglu_mlp,
        frequencies=room.rotary_frequencies(8, base=made.config.rope_parameters["rope_theta"]),
        mask=mask,
        **options,
    )[0]


def gemma_2(room: Room, run: Run, mask: Any) -> Any:
    """Norms on both sides of each sublayer, their gains stored minus one; two soft-caps."""
    made = model("Gemma 2")
    body, config = made.model, made.config
    one = {"stored_minus": 1}
    blocks = [
        room.BlockParameters(
            attention(room, *projections(layer.self_attn)),
            gated_mlp(room, layer.mlp),
            norms(room, layer.input_layernorm, layer.post_attention_layernorm, **one),
            norms(room, layer.pre_feedforward_layernorm, layer.post_feedforward_layernorm, **one),
        )
        for layer in body.layers
    ]
    tables = room.EmbeddingParameters(room.array(body.embed_tokens.weight))
    return room.language_model(
        room.array(run.inputs["input_ids"]),
        room.LanguageModelParameters(tables, stack(room, blocks, *norms(room, body.norm, **one))),
        n_heads=HEADS,
        n_kv_heads=KV_HEADS,
        norm=partial(room.rms_norm, eps=config.rms_norm_eps),
        mlp=room.geglu_tanh_mlp,
        residual=room.sandwich_norm,
        frequencies=room.rotary_frequencies(8, base=config.rope_parameters["rope_theta"]),
        mask=mask,
        scale=config.query_pre_attn_scalar**-0.5,
        softcap=config.attn_logit_softcapping,
        layer_options=[{"window": layer.self_attn.sliding_window} for layer in body.layers],
        embedding_scale=config.hidden_size**0.5,
        logits_softcap=config.final_logit_softcapping,
    )[0]


def bert(room: Room, run: Run, mask: Any) -> Any:
    """Norms behind the sublayers, and a segment for each token."""
    body = model("BERT")
    tables = body.embeddings
    blocks = [
        room.BlockParameters(
            attention(room, own.query, own.key, own.value, layer.attention.output.dense),
            mlp(room, layer.intermediate.dense, layer.output.dense),
            norms(room, layer.attention.output.LayerNorm),
            norms(room, layer.output.LayerNorm),
        )
        for layer in body.encoder.layer
        for own in [layer.attention.self]
    ]
    tokens = run.inputs["input_ids"]
    norm = partial(room.layer_norm, eps=body.config.layer_norm_eps)
    x = room.embed(
        room.array(tokens),
        room.EmbeddingParameters(
            room.array(tables.word_embeddings.weight),
            room.array(tables.position_embeddings.weight),
            room.array(tables.token_type_embeddings.weight),
            *norms(room, tables.LayerNorm),
        ),
        positions=room.array(torch.arange(tokens.shape[-1])),
        segments=room.array(torch.zeros_like(tokens)),
        norm=norm,
    )
    ways = {"norm": norm, "residual": room.post_norm, "mlp": room.gelu_mlp}
    return room.encoder(x, stack(room, blocks), n_heads=HEADS, mask=mask, **ways)


def t5(room: Room, run: Run, mask: Any) -> Any:
    made = model("T5")

    def side(half: nn.Module) -> Any:
        def block(layer: Any) -> Any:
            first, *cross, last = layer
            own, asked = first.SelfAttention, [part.EncDecAttention for part in cross]
            return room.BlockParameters(
                attention(room, own.q, own.k, own.v, own.o),
                mlp(room, last.DenseReluDense.wi, last.DenseReluDense.wo),
                norms(room, first.layer_norm),
                norms(room, last.layer_norm),
                *(attention(room, a.q, a.k, a.v, a.o) for a in asked),
                *(norms(room, part.layer_norm) for part in cross),
            )

        return stack(
            room, (block(b.layer) for b in half.block), *norms(room, half.final_layer_norm)
        )

    def bias(half: nn.Module, length: int) -> Any:
        table = half.block[0].layer[0].SelfAttention.relative_attention_bias.weight
        both = half is made.encoder
        far = made.config.relative_attention_max_distance
        return room.t5_bias(length, length, room.array(table), bidirectional=both, max_distance=far)

    source, target = run.inputs["input_ids"], run.inputs["decoder_input_ids"]
    tables = room.EmbeddingParameters(room.array(made.shared.weight))
    return room.encoder_decoder(
        room.array(source),
        room.array(target),
        room.EncoderDecoderParameters(
            tables, side(made.encoder), room.LanguageModelParameters(tables, side(made.decoder))
        ),
        source_mask=mask,
        source_options={"bias": bias(made.encoder, source.shape[-1])},
        target_options={
            "bias": bias(made.decoder, target.shape[-1]),
            "logits_scale": made.config.d_model**-0.5,
        },
        norm=partial(room.rms_norm, eps=made.config.layer_norm_epsilon),
        mlp=room.relu_mlp,
        n_heads=HEADS,
        scale=1,
    )


def vit(room: Room, run: Run, mask: Any) -> Any:
    body = model("ViT")
    blocks = [
        room.BlockParameters(
            attention(room, *projections(layer.attention)),
            mlp(room, layer.mlp.fc1, layer.mlp.fc2),
            norms(room, layer.layernorm_before),
            norms(room, layer.layernorm_after),
        )
        for layer in body.layers
    ]
    cut = body.embeddings.patch_embeddings.projection
    return room.vision_transformer(
        room.array(run.inputs["pixel_values"]),
        room.VisionTransformerParameters(
            room.array(cut.weight.flatten(1).T),
            room.bias(cut),
            room.array(body.embeddings.position_embeddings[0]),
            room.array(body.embeddings.cls_token[0, 0]),
            stack(room, blocks, *norms(room, body.layernorm)),
        ),
        patch_len=cut.kernel_size[0],
        norm=partial(room.layer_norm, eps=body.config.layer_norm_eps),
        mlp=room.gelu_mlp,
        n_heads=HEADS,
    )


EXACT, ROUNDED = 1e-10, 1e-5
#: Models whose norms and angles are float32, whatever comes in, differ by their rounding.
WHOLE = {
    "GPT-2": (gpt_2, EXACT),
    "Llama": (llama, ROUNDED),
    "Mistral": (partial(llama, name="Mistral", window=4), ROUNDED),
    "Gemma 2": (gemma_2, ROUNDED),
    "BERT": (bert, EXACT),
    "T5": (t5, ROUNDED),
    "ViT": (vit, EXACT),
}


@pytest.mark.parametrize("name", WHOLE)
@BOTH_ROOMS
def test_same_answers(room, name):
    say, tolerance = WHOLE[name]
    run = observed(name)
    found = torch.as_tensor(say(room, run, room.array(run.real[:, None, None])))
    expected = run.output
    if name == "ViT":
        expected = expected[:, 0]  # ours reads the class token
    elif expected.shape[:2] == run.real.shape:
        found, expected = found[run.real], expected[run.real]
    torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)
