"""Layers, blocks and models against one number at a time, and against what must not matter."""

from __future__ import annotations

import cmath
import math

import numpy as np
import pytest

import attncourse.reference as ref
from tests.cases import transformer as cases
from tests.cases.common import normal, some
from tests.reference import oracle

HEADED, FREQUENCIES = cases.HEADED, cases.FREQUENCIES
BENDS = {
    "relu": lambda x: x if x > 0 else 0.0,
    "gelu": lambda x: x * math.erfc(-x / math.sqrt(2)) / 2,
    "gelu_tanh": lambda x: x / (1 + math.exp(-2 * math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "silu": lambda x: x / (1 + math.exp(-x)),
}


def close(found, expected, atol=1e-12):
    np.testing.assert_allclose(found, expected, rtol=0, atol=atol)


@pytest.mark.parametrize("name", ["gelu", "gelu_tanh", "silu"])
def test_activations_one_number_at_a_time(name):
    x = np.array([-5.0, -1.5, -0.1, 0.0, 0.1, 1.0, 2.5, 6.0])
    close(getattr(ref, name)(x), [BENDS[name](n) for n in x])
    far = getattr(ref, name)(
        np.array([-1e4, 1e4, -1e300, 1e300])
        if name != "gelu_tanh"
        else np.array([-1e4, 1e4, -1e90, 1e90])
    )
    assert list(far) == [0, 1e4, 0, far[3]], "no overflow on the way"
    assert far[3] > 1e80
    half = getattr(ref, name)(x.astype(np.float16))
    assert half.dtype == np.float16
    close(half, getattr(ref, name)(x.astype(np.float16).astype(float)), atol=2e-3)


def test_the_approximation_is_as_near_as_it_says():
    x = np.linspace(-6, 6, 2001)
    distance = abs(ref.gelu(x) - ref.gelu_tanh(x)).max()
    assert 1e-4 < distance < 5e-4


def affine(x, w, b):
    """One vector through one layer."""
    return [sum(x[i] * w[i, j] for i in range(len(x))) + b[j] for j in range(w.shape[1])]


@pytest.mark.parametrize(
    ("name", "bend"),
    [
        ("relu_mlp", "relu"),
        ("gelu_mlp", "gelu"),
        ("gelu_tanh_mlp", "gelu_tanh"),
        ("swiglu_mlp", "silu"),
        ("geglu_mlp", "gelu"),
        ("geglu_tanh_mlp", "gelu_tanh"),
    ],
)
def test_mlps_one_number_at_a_time(name, bend):
    p = cases.gated() if "glu" in name else cases.mlp()
    x = normal(3, cases.MODEL)
    found = getattr(ref, name)(x, p)
    for row, y in zip(x, found, strict=True):
        hidden = affine(row, p.w_in, p.b_in)
        if "glu" in name:
            gate = affine(row, p.w_gate, p.b_gate)
            hidden = [BENDS[bend](g) * h for g, h in zip(gate, hidden, strict=True)]
        else:
            hidden = [BENDS[bend](h) for h in hidden]
        close(y, affine(hidden, p.w_out, p.b_out))


def by_hand(x, p, asked=None, *, normed=False, turned=None, **options):
    """The layer, head by head and position by position; rotation by complex numbers."""
    asked = x if asked is None else asked

    def heads(rows, w, b, n_heads):
        y = np.array([[affine(row, w, b) for row in sequence] for sequence in rows])
        width = w.shape[1] // n_heads
        return np.stack([y[..., h * width : (h + 1) * width] for h in range(n_heads)], axis=1)

    def norm(heads, weight):
        size = np.array(
            [
                math.sqrt(sum(n * n for n in row) / len(row) + 1e-6)
                for row in heads.reshape(-1, heads.shape[-1])
            ]
        )
        return heads / size.reshape(heads.shape[:-1])[..., None] * weight

    def turn(heads):
        heads, n = heads.copy(), len(FREQUENCIES)
        for b, h, t in np.ndindex(*heads.shape[:3]):
            for i, frequency in enumerate(FREQUENCIES):
                z = complex(heads[b, h, t, i], heads[b, h, t, i + n])
                z *= cmath.exp(1j * frequency * turned[b][t])
                heads[b, h, t, i], heads[b, h, t, i + n] = z.real, z.imag
        return heads

    q = heads(x, p.w_query, p.b_query, cases.HEADS)
    k = heads(asked, p.w_key, p.b_key, cases.KV_HEADS)
    v = heads(asked, p.w_value, p.b_value, cases.KV_HEADS)
    if normed:
        q, k = norm(q, p.query_norm.weight), norm(k, p.key_norm.weight)
    if turned is not None:
        q, k = turn(q), turn(k)
    output, _ = oracle.attend(q, k, v, sinks=p.sinks, **options)
    merged = np.concatenate([output[:, h] for h in range(cases.HEADS)], axis=-1)
    return np.array([[affine(row, p.w_out, p.b_out) for row in sequence] for sequence in merged])


def test_attention_layer_by_hand():
    p, x = cases.attention(), normal(cases.BATCH, cases.SEQ, cases.MODEL)
    positions = np.array([[3, 4, 5, 6, 7], [0, 1, 2, 3, 9]])
    options = {"causal": True, "window": 3, "softcap": 2.0, "bias": normal(4, 5, 5), "scale": 0.4}
    found, _ = ref.attention_layer(
        x,
        p,
        **HEADED,
        qk_norm=ref.rms_norm,
        frequencies=FREQUENCIES,
        positions=positions,
        **options,
    )
    close(found, by_hand(x, p, normed=True, turned=positions, **options))


def test_cross_attention_by_hand():
    p, x = cases.attention(cases.D_CONTEXT), normal(cases.BATCH, cases.SEQ, cases.MODEL)
    context, mask = normal(cases.BATCH, cases.CONTEXT, cases.D_CONTEXT), some(2, 1, 5, 7)
    given = {"qk_norm": ref.rms_norm, "mask": mask} | HEADED
    found, cache = ref.attention_layer(x, p, context=context, **given)
    close(found, by_hand(x, p, context, normed=True, mask=mask))
    again, same = ref.attention_layer(x, p, context=0 * context, cache=cache, **given)
    close(again, found)
    assert same is cache, "keys and values of the context are not computed twice"


def test_positions_start_behind_the_cache():
    p, x = cases.attention(extras=False), normal(2, 5, cases.MODEL)
    given = HEADED | {"frequencies": FREQUENCIES, "causal": True}
    whole, cache = ref.attention_layer(x, p, **given)
    _, past = ref.attention_layer(x[:, :3], p, **given)
    rest, kept = ref.attention_layer(x[:, 3:], p, cache=past, **given)
    close(rest, whole[:, 3:])
    for a, b in zip(kept, cache, strict=True):
        close(a, b)


def test_a_magnitude_scales_queries_and_keys():
    p, x = cases.attention(extras=False), normal(2, 5, cases.MODEL)
    turned = {"frequencies": cases.FREQUENCIES}
    frequencies = ref.rotary_frequencies(cases.D_K)
    long, _ = ref.attention_layer(x, p, **HEADED, frequencies=frequencies, attention_factor=1.5)
    scaled, _ = ref.attention_layer(
        x, p, **HEADED, frequencies=frequencies, scale=1.5**2 / cases.D_K**0.5
    )
    close(long, scaled)
    pairs, _ = ref.attention_layer(x, p, **HEADED, **turned, interleaved=True)
    halves, _ = ref.attention_layer(x, p, **HEADED, **turned)
    assert abs(pairs - halves).max() > 1e-3


def test_what_attends_can_be_chosen():
    p, x, maps = cases.attention(extras=False), normal(2, 5, cases.MODEL), []

    def watched(q, k, v, **options):
        output, weights = ref.scaled_dot_product_attention(q, k, v, return_weights=True, **options)
        maps.append(weights)
        return output

    found, _ = ref.attention_layer(x, p, **HEADED, causal=True, attend=watched)
    (asked, weights), _ = ref.attention_layer(x, p, **HEADED, causal=True, return_weights=True)
    close(found, asked)
    close(maps[0], weights)
    assert weights.shape == (2, cases.HEADS, 5, 5)


def test_where_the_norms_stand():
    x = normal(2, 3, 4)
    close(ref.pre_norm(x, lambda h: h**2, lambda h: h - 1), x + (x - 1) ** 2)
    close(ref.post_norm(x, lambda h: h**2, lambda h: h / 3), (x + x**2) / 3)
    close(
        ref.sandwich_norm(x, lambda h: h**2, lambda h: h - 1, lambda h: h / 3), x + (x - 1) ** 2 / 3
    )


@pytest.mark.parametrize("residual", [ref.pre_norm, ref.post_norm, ref.sandwich_norm])
def test_a_block_is_three_sublayers_with_norms_of_their_own(residual):
    n = 2 if residual is ref.sandwich_norm else 1
    p = cases.block(cross=True)
    p = p._replace(
        attention_norms=cases.norm(n), mlp_norms=cases.norm(n), cross_norms=cases.norm(n)
    )
    x, context = normal(2, 5, cases.MODEL), normal(2, 7, cases.D_CONTEXT)
    given = HEADED | {"qk_norm": ref.rms_norm, "scale": 0.7}

    def itself(h):
        own = {"causal": True, "bias": bias, "window": 4, "mask": mask, "frequencies": FREQUENCIES}
        return ref.attention_layer(h, p.attention, **given, **own)[0]

    def asks(h):
        layer = p.cross_attention
        return ref.attention_layer(h, layer, context=context, mask=padding, **given)[0]

    bias, mask = normal(cases.HEADS, 5, 5), some(2, 1, 5, 5)
    padding = ref.padding_mask(np.array([7, 4]), 7)
    expected = x
    for sublayer, norms in (
        (itself, p.attention_norms),
        (asks, p.cross_norms),
        (lambda h: ref.relu_mlp(h, p.mlp), p.mlp_norms),
    ):
        expected = residual(
            expected, sublayer, *[lambda h, q=q: ref.layer_norm(h, q.weight, q.bias) for q in norms]
        )
    found, _ = ref.transformer_block(
        x,
        p,
        **given,
        mlp=ref.relu_mlp,
        residual=residual,
        context=context,
        context_mask=padding,
        causal=True,
        bias=bias,
        window=4,
        mask=mask,
        frequencies=FREQUENCIES,
    )
    close(found, expected)


def test_options_of_single_layers():
    stack = ref.StackParameters(tuple(cases.block(extras=False) for _ in range(2)), cases.norm()[0])
    x, given = normal(2, 5, cases.MODEL), HEADED | {"causal": True}
    expected, _ = ref.transformer_block(x, stack.blocks[0], **given, window=2)
    expected, _ = ref.transformer_block(expected, stack.blocks[1], **given, scale=0.1)
    found, _ = ref.decoder(x, stack, **HEADED, layer_options=[{"window": 2}, {"scale": 0.1}])
    close(found, ref.layer_norm(expected, *stack.norm))
    free, _ = ref.decoder(x, stack._replace(norm=None), **HEADED, causal=False)
    close(ref.layer_norm(free, *stack.norm), ref.encoder(x, stack, **HEADED))


def gpt2(tokens, p, n_heads):
    """The whole model in a few lines of its own, for one text."""

    def norm(x, weight, bias):
        return (x - x.mean(-1, keepdims=True)) / np.sqrt(
            x.var(-1, keepdims=True) + 1e-5
        ) * weight + bias

    x = p.embedding.tokens[tokens] + p.embedding.positions[: len(tokens)]
    for b in p.decoder.blocks:
        a, h, heads = b.attention, norm(x, *b.attention_norms[0]), []
        q, k, v = h @ a.w_query, h @ a.w_key, h @ a.w_value
        for q_h, k_h, v_h in zip(*(np.split(y, n_heads, axis=-1) for y in (q, k, v)), strict=True):
            e = np.tril(np.exp(q_h @ k_h.T / math.sqrt(q_h.shape[-1])))
            heads.append(e / e.sum(-1, keepdims=True) @ v_h)
        x = x + np.concatenate(heads, axis=-1) @ a.w_out
        hidden = norm(x, *b.mlp_norms[0]) @ b.mlp.w_in + b.mlp.b_in
        x = x + np.vectorize(BENDS["gelu_tanh"])(hidden) @ b.mlp.w_out + b.mlp.b_out
    return norm(x, *p.decoder.norm) @ p.embedding.tokens.T


def test_a_whole_model_in_a_few_lines():
    d, w = cases.MODEL, cases.weight
    blocks = tuple(
        cases.block()._replace(
            attention=ref.AttentionParameters(w(d, d), w(d, d), w(d, d), w(d, d))
        )
        for _ in range(2)
    )
    p = ref.LanguageModelParameters(cases.embedding(), ref.StackParameters(blocks, cases.norm()[0]))
    found, _ = ref.language_model(cases.TOKENS, p, n_heads=3, mlp=ref.gelu_tanh_mlp)
    for tokens, logits in zip(cases.TOKENS, found, strict=True):
        close(logits, gpt2(tokens, p, n_heads=3), atol=1e-11)


MODELS = {
    "learned positions": (cases.language_model(2), {}),
    "rotary": (
        cases.language_model(2, tied=False),
        {"frequencies": FREQUENCIES, "layer_options": [{"window": 2}, {}], "softcap": 3.0},
    ),
    "post-norm": (cases.language_model(2), {"residual": ref.post_norm, "window": 3}),
    "cross-attention": (
        cases.language_model(2, cross=True),
        {"context": normal(2, 7, cases.MODEL)},
    ),
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("chunks", [(1, 1, 1, 1, 1), (3, 2), (1, 4), (5,)])
def test_cached_steps_equal_one_pass(name, chunks):
    parameters, options = MODELS[name]
    whole, _ = ref.language_model(cases.TOKENS, parameters, **HEADED, **options)
    caches, first = None, 0
    for n in chunks:
        tokens = cases.TOKENS[:, first : first + n]
        logits, caches = ref.language_model(tokens, parameters, caches=caches, **HEADED, **options)
        close(logits, whole[:, first : first + n])
        first += n


@pytest.mark.parametrize("name", MODELS)
def test_no_model_sees_the_future(name):
    parameters, options = MODELS[name]
    before, _ = ref.language_model(cases.TOKENS, parameters, **HEADED, **options)
    for t in range(5):
        changed = cases.TOKENS.copy()
        changed[:, t] = (changed[:, t] + 1) % cases.N_TOKENS
        after, _ = ref.language_model(changed, parameters, **HEADED, **options)
        assert np.array_equal(after[:, :t], before[:, :t])
        assert (abs(after[:, t:] - before[:, t:]).max(axis=(0, 2)) > 1e-6)[0]


def test_padding_on_the_left_changes_nothing():
    parameters = MODELS["learned positions"][0]
    mask = np.ones((2, 1, 1, 8), dtype=bool)
    mask[..., :3] = False
    padded = np.concatenate([np.zeros((2, 3), dtype=int), cases.TOKENS], axis=1)
    positions = np.array([0, 0, 0, 0, 1, 2, 3, 4])
    turned = {"frequencies": FREQUENCIES}
    expected, _ = ref.language_model(cases.TOKENS, parameters, **HEADED, **turned)
    found, _ = ref.language_model(
        padded, parameters, **HEADED, **turned, mask=mask, positions=positions
    )
    close(found[:, 3:], expected)


def test_padding_of_the_source_changes_nothing():
    p = ref.EncoderDecoderParameters(
        cases.embedding(),
        ref.StackParameters((cases.block(extras=False),), cases.norm()[0]),
        cases.language_model(cross=True),
    )
    mask = ref.padding_mask(np.array([7, 4]), 7)
    found = ref.encoder_decoder(cases.SOURCE, cases.TOKENS, p, **HEADED, source_mask=mask)
    changed = cases.SOURCE.copy()
    changed[1, 4:] = 8
    same = ref.encoder_decoder(changed, cases.TOKENS, p, **HEADED, source_mask=mask)
    close(same, found)
    alone = ref.encoder_decoder(cases.SOURCE[1:, :4], cases.TOKENS[1:], p, **HEADED)
    close(found[1:], alone)
    changed[1, 3] = 8
    assert (
        abs(ref.encoder_decoder(changed, cases.TOKENS, p, **HEADED, source_mask=mask) - found).max()
        > 1e-3
    )


def test_an_encoder_decoder_is_its_parts():
    p = ref.EncoderDecoderParameters(
        cases.embedding(),
        ref.StackParameters((cases.block(extras=False),), cases.norm()[0]),
        cases.language_model(cross=True),
    )
    bias, other = normal(4, 7, 7), normal(4, 5, 5)
    given = HEADED | {"norm": lambda x, weight, bias: ref.layer_norm(x, weight, bias, eps=0.1)}
    x = ref.embed(cases.SOURCE, p.embedding, scale=2.0)
    context = ref.encoder(x, p.encoder, bias=bias, **given)
    expected, _ = ref.language_model(
        cases.TOKENS,
        p.target,
        context=context,
        bias=other,
        embedding_scale=2.0,
        logits_scale=0.3,
        **given,
    )
    found = ref.encoder_decoder(
        cases.SOURCE,
        cases.TOKENS,
        p,
        embedding_scale=2.0,
        source_options={"bias": bias},
        target_options={"bias": other, "logits_scale": 0.3},
        **given,
    )
    close(found, expected)


def test_patches_and_the_convolution_they_are():
    images, p = normal(2, 3, 4, 6), 2
    cut = ref.patches(images, p)
    kernel = normal(5, 3, p, p)
    for b, i, j in np.ndindex(2, 2, 3):
        tile = images[b, :, i * p : (i + 1) * p, j * p : (j + 1) * p]
        assert list(cut[b, i * 3 + j]) == [tile[c, y, x] for c, y, x in np.ndindex(3, p, p)]
        convolved = [sum((kernel[o] * tile).flat) for o in range(5)]
        close(cut[b, i * 3 + j] @ kernel.reshape(5, -1).T, convolved)


@pytest.mark.parametrize("class_token", [True, False])
def test_vision_is_its_parts(class_token):
    p, images = cases.vision(class_token), normal(2, 3, 4, 6)
    x = ref.patches(images, 2) @ p.w_patch + p.b_patch
    if class_token:
        x = np.stack([np.vstack([p.class_token, rows]) for rows in x])
    y = ref.encoder(x + p.positions, p.encoder, **HEADED)
    read = y[:, 0] if class_token else sum(y[:, i] for i in range(6)) / 6
    close(ref.vision_transformer(images, p, patch_len=2, **HEADED), read @ p.w_out + p.b_out)
    features = ref.vision_transformer(images, p._replace(w_out=None), patch_len=2, **HEADED)
    close(features, read)


def test_without_positions_the_order_of_patches_does_not_matter():
    p = cases.vision(class_token=False)._replace(positions=None)
    images = normal(1, 3, 2, 8)
    swapped = np.concatenate([images[..., 4:], images[..., :4]], axis=-1)
    given = HEADED | {"patch_len": 2}
    close(ref.vision_transformer(images, p, **given), ref.vision_transformer(swapped, p, **given))


def test_a_score_out_of_the_softcap_is_bent():
    x, w = np.array([[3.0]]), np.array([[1.0, 2.0]])
    close(
        ref.unembed(x, w, np.array([1.0, 0.0]), scale=2.0, softcap=5.0),
        [[5 * math.tanh(7 / 5), 5 * math.tanh(12 / 5)]],
    )


def test_embeddings_add_up():
    tables = ref.EmbeddingParameters(
        np.array([[1.0, 2.0], [3.0, 4.0]]),
        np.array([[10.0, 20.0], [30.0, 40.0]]),
        np.array([[100.0, 200.0], [300.0, 400.0]]),
    )
    found = ref.embed(np.array([1, 0]), tables, segments=np.array([0, 1]), scale=2.0)
    close(found, [[116, 228], [332, 444]])
    found = ref.embed(np.array([[1, 0]]), tables, positions=np.array([[1, 1]]))
    close(found, [[[133, 244], [131, 242]]])
    normed = ref.embed(np.array([1, 0]), tables._replace(norm=ref.NormParameters()))
    close(normed, [[-1, 1], [-1, 1]], atol=1e-3)
