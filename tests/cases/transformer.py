from __future__ import annotations

import numpy as np

import attncourse.reference as ref
from tests.cases.common import call, normal, some

BATCH, SEQ, CONTEXT, MODEL, D_CONTEXT, N_TOKENS, D_HIDDEN = 2, 5, 7, 6, 10, 9, 13
HEADS, KV_HEADS, D_K, D_V = 4, 2, 8, 3
IMAGES, CHANNELS, PATCH = 2, 3, 2


def weight(d_in: int, d_out: int) -> np.ndarray:
    return normal(d_in, d_out) / d_in**0.5


def attention(d_context: int = MODEL, extras: bool = True) -> ref.AttentionParameters:
    """Of a layer with grouped heads; with everything that may stand beside the projections."""
    widths = HEADS * D_K, KV_HEADS * D_K, KV_HEADS * D_V
    projections = (
        weight(MODEL, widths[0]),
        weight(d_context, widths[1]),
        weight(d_context, widths[2]),
        weight(HEADS * D_V, MODEL),
    )
    if not extras:
        return ref.AttentionParameters(*projections)
    return ref.AttentionParameters(
        *projections,
        *[normal(width) for width in (*widths, MODEL)],
        query_norm=ref.NormParameters(1 + normal(D_K) / 9),
        key_norm=ref.NormParameters(1 + normal(D_K) / 9),
        sinks=normal(HEADS),
    )


def norm(n: int = 1) -> tuple[ref.NormParameters, ...]:
    return tuple(ref.NormParameters(1 + normal(MODEL) / 9, normal(MODEL) / 9) for _ in range(n))


def rms(n: int = 1) -> tuple[ref.NormParameters, ...]:
    return tuple(ref.NormParameters(1 + normal(MODEL) / 9) for _ in range(n))


def mlp(biases: bool = True) -> ref.MLPParameters:
    parts = weight(MODEL, D_HIDDEN), weight(D_HIDDEN, MODEL)
    return ref.MLPParameters(*parts, *([normal(D_HIDDEN), normal(MODEL)] if biases else []))


def gated(biases: bool = True) -> ref.GatedMLPParameters:
    parts = weight(MODEL, D_HIDDEN), weight(MODEL, D_HIDDEN), weight(D_HIDDEN, MODEL)
    more = [normal(D_HIDDEN), normal(D_HIDDEN), normal(MODEL)] if biases else []
    return ref.GatedMLPParameters(*parts, *more)


def block(cross: bool = False, d_context: int = D_CONTEXT, extras: bool = True):
    return ref.BlockParameters(
        attention(extras=extras),
        mlp(),
        norm(),
        norm(),
        *([attention(d_context, extras), norm()] if cross else []),
    )


def llama_block() -> ref.BlockParameters:
    return ref.BlockParameters(attention(extras=False), gated(biases=False), rms(), rms())


def gemma_block() -> ref.BlockParameters:
    return ref.BlockParameters(attention(extras=False), gated(biases=False), rms(2), rms(2))


def embedding(n_positions: int | None = 11, segments: bool = False) -> ref.EmbeddingParameters:
    return ref.EmbeddingParameters(
        normal(N_TOKENS, MODEL),
        None if n_positions is None else normal(n_positions, MODEL),
        normal(3, MODEL) if segments else None,
        norm()[0] if segments else None,
    )


def language_model(n_blocks: int = 1, tied: bool = True, cross: bool = False):
    blocks = tuple(block(cross, d_context=MODEL, extras=False) for _ in range(n_blocks))
    output = () if tied else (weight(MODEL, N_TOKENS), normal(N_TOKENS))
    stack = ref.StackParameters(blocks, norm()[0])
    return ref.LanguageModelParameters(embedding(), stack, *output)


def vision(class_token: bool = True, head: bool = True) -> ref.VisionTransformerParameters:
    return ref.VisionTransformerParameters(
        weight(CHANNELS * PATCH * PATCH, MODEL),
        normal(MODEL),
        normal(6 + class_token, MODEL),
        normal(MODEL) if class_token else None,
        ref.StackParameters((block(extras=False),), norm()[0]),
        *([weight(MODEL, 5), normal(5)] if head else []),
    )


FREQUENCIES = ref.rotary_frequencies(4, base=100.0)
X, ASKED = normal(BATCH, SEQ, MODEL), normal(BATCH, CONTEXT, D_CONTEXT)
TOKENS, SOURCE = np.arange(10).reshape(2, 5) % N_TOKENS, np.arange(14).reshape(2, 7) % 5
IMAGE = normal(IMAGES, CHANNELS, 4, 6)
RANDOM = abs(normal(BATCH, HEADS, SEQ, SEQ)) % 1
PADDING = ref.padding_mask(np.array([7, 4]), CONTEXT)
HEADED = {"n_heads": HEADS, "n_kv_heads": KV_HEADS}
NORMED = HEADED | {"qk_norm": ref.rms_norm}
LLAMA = HEADED | {"norm": ref.rms_norm, "mlp": ref.swiglu_mlp, "frequencies": FREQUENCIES}


def past(n: int = 3) -> ref.KVCache:
    return ref.KVCache(normal(BATCH, KV_HEADS, n, D_K), normal(BATCH, KV_HEADS, n, D_V))


def static(max_len: int = 9) -> ref.StaticCache:
    """Slots of two texts, three and four of them in use."""
    shapes = (BATCH, KV_HEADS, max_len, D_K), (BATCH, KV_HEADS, max_len, D_V)
    return ref.StaticCache(*map(normal, *zip(*shapes, strict=True)), np.array([3, 4]))


def real(left: int = 1, right: int = 1, seq: int = SEQ) -> np.ndarray:
    """One text with padding on the left, one with padding on the right."""
    at = np.arange(seq)
    return np.stack([at >= left, at < seq - right])


def ahead(queries, keys):
    """A bias as a function of positions, the same for all heads."""
    return (keys - queries) * 0.25


def waves(positions):
    """Positions as a function, for every feature the same."""
    return (positions * 0.125)[..., None]


def squared(h):
    return h * h


def halved(h):
    return h / 2


_BLOCK, _STACK = block(cross=True), ref.StackParameters((llama_block(), llama_block()), rms()[0])
_PLAIN, _CROSS = attention(extras=False), attention(D_CONTEXT)
_LM, _VISION = language_model(), vision()
_SEQ2SEQ = ref.EncoderDecoderParameters(
    embedding(), ref.StackParameters((block(extras=False),), norm()[0]), language_model(cross=True)
)
_ACTIVATION = [call(normal(3, 4)), call(normal(2)), call(30 * normal(5)), call(np.array([0.0]))]

GOOD = {
    **dict.fromkeys(("gelu", "gelu_tanh", "silu"), _ACTIVATION),
    **{
        name: [call(X, mlp()), call(X, mlp(biases=False)), call(X[0, 0], mlp())]
        for name in ("relu_mlp", "gelu_mlp", "gelu_tanh_mlp")
    },
    **{
        name: [call(X, gated()), call(X, gated(biases=False)), call(X[0, 0], gated())]
        for name in ("swiglu_mlp", "geglu_mlp", "geglu_tanh_mlp")
    },
    "attention_layer": [
        call(
            X,
            attention(),
            **HEADED,
            qk_norm=ref.rms_norm,
            positions=np.array([[3, 4, 5, 6, 7], [0, 1, 2, 3, 9]]),
            frequencies=FREQUENCIES,
            causal=True,
            window=3,
            softcap=2.0,
            bias=normal(HEADS, SEQ, SEQ),
            mask=some(BATCH, 1, SEQ, SEQ),
        ),
        call(X, _PLAIN, **HEADED),
        call(X, _PLAIN, **HEADED, cache=past(), frequencies=FREQUENCIES, interleaved=True),
        call(
            X, _PLAIN, **HEADED, frequencies=FREQUENCIES, attention_factor=1.3, return_weights=True
        ),
        call(X, _CROSS, **HEADED, context=ASKED, mask=PADDING, qk_norm=ref.layer_norm),
        call(
            X,
            _CROSS,
            **HEADED,
            context=ASKED,
            cache=past(7),
            mask=PADDING,
            qk_norm=ref.rms_norm,
        ),
        call(X[0], _PLAIN, **HEADED, causal=True),
        call(
            X,
            attention()._replace(
                w_key=weight(MODEL, 32), b_key=None, w_value=weight(MODEL, 12), b_value=None
            ),
            n_heads=HEADS,
            qk_norm=ref.layer_norm,
        ),
        call(X, _PLAIN, **HEADED, padding=real(), causal=True, bias=ahead, frequencies=FREQUENCIES),
        call(X, _PLAIN, **HEADED, padding=real()[:1] | real(), mask=some(BATCH, 1, SEQ, SEQ)),
        call(
            X,
            _PLAIN,
            **HEADED,
            cache=static(),
            frequencies=FREQUENCIES,
            bias=ahead,
            mask=some(BATCH, 1, SEQ, 9),
            window=3,
        ),
        call(X[:, :2], _PLAIN, **HEADED, cache=static(), padding=real(seq=9), causal=True),
        call(X, _PLAIN, **HEADED, cache=past(), padding=real(seq=8), positions=np.arange(3, 8)),
        call(X, _CROSS, **HEADED, context=ASKED, padding=real(seq=7), qk_norm=ref.rms_norm),
        call(X, _PLAIN, **HEADED, dropout=0.3, noise=RANDOM, return_weights=True),
        call(X, _PLAIN, **HEADED, attend=ref.flash_attention, causal=True),
    ],
    "pre_norm": [call(X, squared, halved)],
    "post_norm": [call(X, squared, halved)],
    "sandwich_norm": [call(X, squared, halved, lambda h: h + 1)],
    "transformer_block": [
        call(X, _BLOCK, **NORMED, context=ASKED, context_mask=PADDING, causal=True, scale=0.3),
        call(X, block(extras=False), **HEADED, residual=ref.post_norm, mlp=ref.relu_mlp),
        call(X, gemma_block(), **LLAMA, residual=ref.sandwich_norm, softcap=1.5),
        call(X, block(), **NORMED, cache=ref.BlockCache(past()), mask=some(BATCH, 1, SEQ, 8)),
        call(
            X[:, :2],
            _BLOCK,
            **NORMED,
            context=ASKED,
            cache=ref.BlockCache(past(), past(7)),
            bias=normal(HEADS, 2, 5),
            window=4,
        ),
        call(
            X,
            _BLOCK,
            **NORMED,
            context=ASKED,
            context_padding=real(seq=7),
            padding=real(),
            drop=halved,
            causal=True,
            return_weights=True,
        ),
        call(
            X,
            block(extras=False),
            **HEADED,
            cache=ref.BlockCache(past(), padding=real(seq=3)),
            causal=True,
        ),
        call(
            X[:, :2],
            block(extras=False),
            **HEADED,
            cache=ref.BlockCache(static(), padding=real(seq=9)),
            padding=real(0, 1, seq=2),
        ),
    ],
    "encoder": [
        call(X, _STACK, **LLAMA),
        call(X, _STACK, **LLAMA, layer_options=[{"window": 2}, {}]),
        call(X, ref.StackParameters((block(),)), **NORMED, residual=ref.post_norm),
        call(X, _STACK, **LLAMA, padding=real(), drop=halved, return_weights=True),
    ],
    "decoder": [
        call(X, _STACK, **LLAMA),
        call(X, _STACK, **LLAMA, layer_options=({"window": 2}, {"softcap": 1.0}), causal=False),
        call(X, _STACK, **LLAMA, caches=(ref.BlockCache(past()), ref.BlockCache(past()))),
        call(X, ref.StackParameters((_BLOCK,)), **NORMED, context=ASKED, context_mask=PADDING),
        call(X, _STACK, **LLAMA, layer_options=({}, {"return_weights": True})),
    ],
    "embed": [
        call(
            TOKENS,
            embedding(segments=True),
            positions=np.arange(10).reshape(2, 5),
            segments=TOKENS % 3,
            scale=1.5,
        ),
        call(TOKENS, embedding()),
        call(TOKENS[0].astype(np.int32), embedding(None)),
        call(TOKENS.astype(np.uint8), embedding(segments=True), norm=ref.layer_norm),
        call(TOKENS, embedding()._replace(positions=waves), positions=np.arange(5) + 90),
    ],
    "unembed": [
        call(X, weight(MODEL, N_TOKENS), normal(N_TOKENS), scale=0.5, softcap=2.0),
        call(X, weight(MODEL, N_TOKENS)),
        call(X[0, 0], weight(MODEL, N_TOKENS)),
    ],
    "language_model": [
        call(TOKENS, _LM, **HEADED),
        call(
            TOKENS,
            language_model(2, tied=False),
            **HEADED,
            positions=np.array([[0, 0, 0, 1, 2], [0, 1, 2, 3, 4]]),
            mask=some(BATCH, 1, SEQ, SEQ),
            frequencies=FREQUENCIES,
            embedding_scale=3.0,
            logits_scale=0.5,
            logits_softcap=2.0,
        ),
        call(TOKENS[:, :2], _LM, **HEADED, caches=(ref.BlockCache(past()),)),
        call(TOKENS, language_model(cross=True), **HEADED, context=X, context_mask=some(5)),
        call(TOKENS, _LM, **HEADED, padding=real(), drop=halved, return_weights=True),
        call(
            TOKENS[:, :2],
            _LM,
            **HEADED,
            padding=real(0, 1, seq=2),
            caches=(ref.BlockCache(static(), padding=real(seq=9)),),
        ),
        call(TOKENS[:, :2], _LM, **HEADED, caches=(ref.BlockCache(past(), padding=real(seq=3)),)),
    ],
    "encoder_decoder": [
        call(SOURCE, TOKENS, _SEQ2SEQ, **HEADED, source_mask=PADDING),
        call(
            SOURCE,
            TOKENS,
            _SEQ2SEQ,
            **HEADED,
            source_options={"bias": normal(HEADS, CONTEXT, CONTEXT)},
            target_options={"bias": normal(HEADS, SEQ, SEQ), "logits_scale": 0.4},
            embedding_scale=2.0,
            mlp=ref.relu_mlp,
            scale=1.0,
        ),
        call(
            SOURCE,
            TOKENS,
            _SEQ2SEQ,
            **HEADED,
            source_padding=real(seq=7),
            target_options={"padding": real()},
            drop=halved,
            return_weights=True,
        ),
    ],
    "patches": [call(IMAGE, 2), call(IMAGE[0], patch_len=1)],
    "vision_transformer": [
        call(IMAGE, _VISION, patch_len=PATCH, **HEADED),
        call(IMAGE[0], vision(class_token=False), patch_len=PATCH, **HEADED),
        call(IMAGE, vision(head=False), patch_len=PATCH, **HEADED, mlp=ref.gelu_tanh_mlp),
        call(IMAGE, vision(), patch_len=PATCH, **HEADED, drop=halved, return_weights=True),
        call(
            IMAGE,
            _VISION._replace(class_token=None, positions=None, b_patch=None),
            patch_len=PATCH,
            **HEADED,
        ),
    ],
}


def _replaced(parameters, **changes):
    return call(X, parameters._replace(**changes))


_RESIDUAL = [
    (call(X > 0, squared, halved), TypeError, "x: expected a floating dtype"),
    (call(X, lambda h: h[..., 1:], halved), ValueError, "gives the shape it takes, (2, 5, 6)"),
    (call(X, lambda h: None, halved), ValueError, "sublayer: expected a function"),
    (call(X, lambda h: h[:1], halved), ValueError, "got (1, 5, 6)"),
]
_MLP, _GATED = mlp(), gated()
_WRONG_MLP = [
    (call(X, _GATED), TypeError, "parameters: expected a MLPParameters, got"),
    (call(X, tuple(_MLP)), TypeError, "got tuple"),
    (_replaced(_MLP, w_in=weight(5, 13)), ValueError, "w_in: expected shape (d_model, d_hidden)"),
    (_replaced(_MLP, w_out=weight(12, 6)), ValueError, "w_out: expected shape"),
    (_replaced(_MLP, b_in=normal(12)), ValueError, "b_in: expected shape (d_hidden) with"),
    (_replaced(_MLP, b_out=normal(13)), ValueError, "b_out: expected shape"),
    (_replaced(_MLP, w_out=weight(13, 7), b_out=None), ValueError, "w_out: expected shape"),
]
_WRONG_GATED = [
    (call(X, _MLP), TypeError, "parameters: expected a GatedMLPParameters, got"),
    (_replaced(_GATED, w_gate=weight(5, 13)), ValueError, "w_gate: expected shape"),
    (_replaced(_GATED, w_in=weight(6, 12)), ValueError, "w_in: expected shape"),
    (_replaced(_GATED, w_out=weight(12, 6)), ValueError, "w_out: expected shape"),
    (_replaced(_GATED, b_gate=normal(6)), ValueError, "b_gate: expected shape"),
    (_replaced(_GATED, b_in=normal(6)), ValueError, "b_in: expected shape"),
    (_replaced(_GATED, b_out=normal(13)), ValueError, "b_out: expected shape"),
]
_ALL = attention()


def _layer(**changes):
    return call(X, _ALL._replace(**changes), **NORMED)


BAD = {
    **{
        name: [
            (call([1.0]), TypeError, "x: expected a ARRAY, got list"),
            (call(np.array([1])), TypeError, "got int64"),
            (call(np.array([np.nan])), ValueError, "x: expected numbers, got NaN in 1 of 1"),
        ]
        for name in ("gelu", "gelu_tanh", "silu")
    },
    **dict.fromkeys(("relu_mlp", "gelu_mlp", "gelu_tanh_mlp"), _WRONG_MLP),
    **dict.fromkeys(("swiglu_mlp", "geglu_mlp", "geglu_tanh_mlp"), _WRONG_GATED),
    "attention_layer": [
        (call(X, tuple(_PLAIN), n_heads=4), TypeError, "expected a AttentionParameters, got tuple"),
        (call(X, _PLAIN, n_heads=3), ValueError, "n_heads: expected a divisor of the width of w_q"),
        (call(X, _PLAIN, n_heads=4), ValueError, "n_kv_heads: expected a divisor"),
        (call(X, _PLAIN, n_heads=4.0), TypeError, "expected a whole number, got 4.0"),
        (call(X, _PLAIN, n_heads=4, n_kv_heads=0), ValueError, "n_kv_heads: expected at least 1"),
        (call(X[..., 1:], _PLAIN, **HEADED), ValueError, "w_query: expected shape"),
        (call(X, _CROSS, **NORMED), ValueError, "w_key: expected shape"),
        (_layer(b_query=normal(31)), ValueError, "b_query: expected shape (width) with width = 32"),
        (_layer(b_key=normal(32)), ValueError, "b_key: expected shape (width) with width = 16"),
        (_layer(b_value=normal(16)), ValueError, "b_value: expected shape (width) with width = 6"),
        (_layer(b_out=normal(12)), ValueError, "b_out: expected shape (width) with width = 6"),
        (_layer(sinks=normal(2)), ValueError, "sinks: expected shape (n_heads,) = (4,), got (2,)"),
        (
            call(X, _ALL._replace(key_norm=None), **HEADED, qk_norm=ref.rms_norm),
            TypeError,
            "norm parameters: expected a NormParameters, got NoneType",
        ),
        (
            call(X, _CROSS, **NORMED, context=ASKED, frequencies=FREQUENCIES),
            ValueError,
            "frequencies: expected none with a context",
        ),
        (
            call(X, _PLAIN, **HEADED, frequencies=FREQUENCIES, positions=np.arange(4)),
            ValueError,
            "expected positions of shape (seq,) = (5,)",
        ),
        (
            call(X, _PLAIN, **HEADED, cache=ref.KVCache(normal(2, 4, 3, 8), normal(2, 4, 3, 3))),
            ValueError,
            "n_kv_heads",
        ),
        (call(X, _PLAIN, **HEADED, cache=(X, X)), TypeError, "cache: expected a KVCache or Stat"),
        (
            call(X, _CROSS, **NORMED, context=ASKED, cache=static()),
            TypeError,
            "cache: expected a KVCache, got",
        ),
        (
            call(X, _PLAIN, **HEADED, mask=real()),
            ValueError,
            "a mask of (batch, seq) as padding=, and one of (q_len, kv_len) as mask=mask[None]",
        ),
        (call(X, _PLAIN, **HEADED, padding=real(seq=4)), ValueError, "shape (2, 5), got (2, 4)"),
        (call(X, _PLAIN, **HEADED, padding=real() * 1), TypeError, "padding: expected a boolean"),
        (
            call(X, _PLAIN, **HEADED, cache=static(), padding=real()),
            ValueError,
            "shape (2, 9), got (2, 5)",
        ),
        (
            call(X, _CROSS, **NORMED, context=ASKED, bias=ahead),
            ValueError,
            "bias: expected an array with a context",
        ),
        (call(X, _PLAIN, **HEADED, dropout=1), ValueError, "dropout: expected a share below 1"),
        (
            call(X, _PLAIN, **HEADED, dropout=0.5, noise=RANDOM[..., 1:]),
            ValueError,
            "noise: expected a shape that broadcasts to the scores",
        ),
        (call(X, _PLAIN, **HEADED, causal=1), TypeError, "causal: expected True or False"),
        (call(X, _PLAIN, **HEADED, depth=3), TypeError, "depth"),
        (call(X, _ALL, **HEADED), ValueError, "qk_norm: expected the function that takes the par"),
    ],
    "pre_norm": _RESIDUAL,
    "post_norm": _RESIDUAL,
    "sandwich_norm": [
        (call(*args, squared), error, words) for (args, _), error, words in _RESIDUAL
    ],
    "transformer_block": [
        (call(X, _ALL, **HEADED), TypeError, "parameters: expected a BlockParameters"),
        (call(X, block(), **HEADED, cache=past()), TypeError, "cache: expected a BlockCache"),
        (call(X, _BLOCK, **HEADED), ValueError, "context: expected the sequence that cross_att"),
        (call(X, block(), **HEADED, context=ASKED), ValueError, "context: expected None for a"),
        (
            call(X, _BLOCK, **NORMED, context=ASKED, context_mask=PADDING * 1),
            TypeError,
            "context_mask: expected a boolean array",
        ),
        (
            call(X, _BLOCK, **NORMED, context=ASKED, context_mask=real(seq=7)),
            ValueError,
            "a mask of (batch, seq) as context_padding=",
        ),
        (call(X, block(), **NORMED, padding=real(seq=4)), ValueError, "padding: expected one bool"),
        (
            call(X, gemma_block(), **LLAMA),
            TypeError,
            "positional argument",
        ),
    ],
    "encoder": [
        (call(X, llama_block(), **LLAMA), TypeError, "parameters: expected a StackParameters"),
        (
            call(X, _STACK, **LLAMA, layer_options=[{}]),
            ValueError,
            "layer_options: expected one for each of 2 layers, got 1",
        ),
        (call([[1.0]], _STACK, **LLAMA), TypeError, "x: expected a ARRAY, got list"),
    ],
    "decoder": [
        (call(X, llama_block(), **LLAMA), TypeError, "parameters: expected a StackParameters"),
        (
            call(X, _STACK, **LLAMA, caches=(ref.BlockCache(past()),)),
            ValueError,
            "caches: expected one for each of 2 layers, got 1",
        ),
        (
            call(X, _STACK, **LLAMA, layer_options=[{}] * 3),
            ValueError,
            "layer_options: expected one for each of 2 layers, got 3",
        ),
    ],
    "embed": [
        (call(TOKENS, TOKENS), TypeError, "parameters: expected a EmbeddingParameters"),
        (call(X, embedding()), TypeError, "tokens: expected an integer array, got float64"),
        (call(np.array(3), embedding()), ValueError, "tokens: expected shape (*batch, seq)"),
        (call(TOKENS - 1, embedding()), ValueError, "tokens: expected numbers from 0 to 8"),
        (call(TOKENS + 1, embedding()), ValueError, "the rows of the embedding, got 9"),
        (call(TOKENS, embedding(4)), ValueError, "tokens: expected at most 4, one for each row"),
        (
            call(TOKENS, embedding(), positions=np.arange(5) + 7),
            ValueError,
            "positions: expected numbers from 0 to 10, the rows of the table of positions, got 11",
        ),
        (call(TOKENS, embedding(), positions=np.arange(5) - 1), ValueError, "got -1"),
        (
            call(TOKENS, embedding(), positions=np.arange(4)),
            ValueError,
            "positions: expected shape (seq,) = (5,) or that of tokens, (2, 5), got (4,)",
        ),
        (call(TOKENS, embedding(), segments=TOKENS), ValueError, "segments: expected None"),
        (
            call(TOKENS, embedding(segments=True), segments=TOKENS),
            ValueError,
            "segments: expected numbers from 0 to 2",
        ),
        (
            call(TOKENS, embedding(segments=True), segments=TOKENS[:, 1:] % 3),
            ValueError,
            "segments: expected the shape of tokens, (2, 5), got (2, 4)",
        ),
        (
            call(TOKENS, embedding()._replace(positions=normal(11, 7))),
            ValueError,
            "positions: expected shape (n_positions, 6)",
        ),
        (call(TOKENS, embedding(), scale=np.inf), ValueError, "scale: expected a finite number"),
    ],
    "unembed": [
        (call(X, normal(7, 9)), ValueError, "w_out: expected shape (d_model, n_tokens)"),
        (call(X, normal(6, 9), normal(8)), ValueError, "b_out: expected shape (n_tokens)"),
        (call(X, normal(6, 9), softcap=0), ValueError, "softcap: expected a number above zero"),
        (call(X, normal(6, 9), scale="big"), TypeError, "scale: expected a number, got str"),
        (call(X, normal(6, 9).astype(np.float32)), TypeError, "one floating dtype for all"),
    ],
    "language_model": [
        (call(TOKENS, _SEQ2SEQ, **HEADED), TypeError, "expected a LanguageModelParameters"),
        (
            call(TOKENS, _LM._replace(embedding=normal(9, 6)), **HEADED),
            TypeError,
            "embedding: expected a EmbeddingParameters",
        ),
        (call(X, _LM, **HEADED), TypeError, "tokens: expected an integer array"),
        (call(TOKENS + 5, _LM, **HEADED), ValueError, "tokens: expected numbers from 0 to 8"),
        (
            call(TOKENS, _LM, **HEADED, caches=(ref.BlockCache(past(8)),)),
            ValueError,
            "positions: expected numbers from 0 to 10",
        ),
    ],
    "encoder_decoder": [
        (call(SOURCE, TOKENS, _LM, **HEADED), TypeError, "expected a EncoderDecoderParameters"),
        (call(X, TOKENS, _SEQ2SEQ, **HEADED), TypeError, "source: expected an integer array"),
        (call(SOURCE, X, _SEQ2SEQ, **HEADED), TypeError, "target: expected an integer array"),
        (call(SOURCE, TOKENS, _SEQ2SEQ, n_heads=3), ValueError, "n_heads: expected a divisor"),
        (
            call(SOURCE, TOKENS, _SEQ2SEQ, **HEADED, source_mask=PADDING[..., :6]),
            ValueError,
            "mask: expected a shape that broadcasts to the scores",
        ),
        (
            call(SOURCE, TOKENS, _SEQ2SEQ, **HEADED, source_mask=real(seq=7)),
            ValueError,
            "source_mask: expected a shape",
        ),
        (
            call(SOURCE, TOKENS, _SEQ2SEQ, **HEADED, source_padding=real()),
            ValueError,
            "source_padding: expected one boolean for each position of each text, shape (2, 7)",
        ),
    ],
    "patches": [
        (call(IMAGE, 4), ValueError, "patch_len: expected a divisor of the width of images, 6"),
        (call(IMAGE, 3), ValueError, "patch_len: expected a divisor of the height of images, 4"),
        (call(IMAGE[0, 0], 2), ValueError, "images: expected shape (*batch, channels, height, w"),
        (call(IMAGE, 2.0), TypeError, "patch_len: expected a whole number, got 2.0"),
        (call(IMAGE > 0, 2), TypeError, "images: expected a floating dtype"),
    ],
    "vision_transformer": [
        (call(IMAGE, _STACK, patch_len=2, n_heads=4), TypeError, "VisionTransformerParameters"),
        (call(IMAGE[:, 1:], _VISION, patch_len=2, **HEADED), ValueError, "w_patch: expected shape"),
        (
            call(IMAGE, _VISION._replace(class_token=None), patch_len=2, **HEADED),
            ValueError,
            "positions: expected shape (6, 6), got (7, 6)",
        ),
        (
            call(IMAGE, _VISION._replace(class_token=normal(7)), patch_len=2, **HEADED),
            ValueError,
            "class_token: expected shape (6), got (7,)",
        ),
        (
            call(IMAGE, _VISION._replace(w_out=weight(7, 5)), patch_len=2, **HEADED),
            ValueError,
            "w_out: expected shape (d_model, n_classes)",
        ),
        (
            call(IMAGE, _VISION._replace(b_out=normal(6)), patch_len=2, **HEADED),
            ValueError,
            "b_out: expected shape (n_classes)",
        ),
    ],
}
