"""Models with parameters: equal to the pure functions in both rooms, and they learn."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import attncourse.pytorch as att
import attncourse.reference as ref

torch.set_num_threads(1)
BATCH, SEQ, CONTEXT, MODEL, HEADS, N_TOKENS = 2, 5, 7, 12, 3, 11
FREQUENCIES = att.rotary_frequencies(4, base=100.0)
TOKENS = torch.tensor([[1, 2, 3, 4, 5], [7, 6, 5, 9, 10]])
SOURCE = torch.tensor([[1, 2, 3, 4, 5, 6, 7], [8, 7, 6, 5, 0, 0, 0]])
PADDING = att.padding_mask(torch.tensor([7, 4]), CONTEXT)
WIDTHS = {"d_model": MODEL, "n_heads": HEADS, "n_layers": 2}
LLAMA = {"norm": att.RMSNorm, "mlp": att.GatedMLP, "n_kv_heads": 1}
GEGLU = partial(att.GatedMLP, function=att.geglu_tanh_mlp, bias=True)


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(1706)


def shaken(model: nn.Module) -> nn.Module:
    """In float64, with no parameter left where it started: no zero hides a mistake."""
    model = model.double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.2 * torch.randn_like(parameter)
    return model


def to_numpy(thing):
    """A model's parameters for the other room."""
    if isinstance(thing, torch.Tensor):
        return thing.detach().numpy()
    if isinstance(thing, partial):
        return partial(getattr(ref, thing.func.__name__), **thing.keywords)
    if isinstance(thing, tuple):
        parts = [to_numpy(part) for part in thing]
        return (
            getattr(ref, type(thing).__name__)(*parts)
            if hasattr(thing, "_fields")
            else tuple(parts)
        )
    return thing


LANGUAGE = {
    "gpt-2": (
        {
            "positions": "learned",
            "n_positions": 9,
            "bias": True,
            "mlp": partial(att.MLP, function=att.gelu_tanh_mlp),
        },
        {"mlp": "gelu_tanh_mlp"},
    ),
    "llama": (
        {**LLAMA, "tied": False, "frequencies": FREQUENCIES},
        {"mlp": "swiglu_mlp", "norm": "rms_norm", "n_kv_heads": 1, "frequencies": FREQUENCIES},
    ),
    "gemma": (
        {
            **LLAMA,
            "mlp": GEGLU,
            "residual": att.sandwich_norm,
            "layer_options": [{"window": 2, "softcap": 2.0}, {"softcap": 2.0}],
            "embedding_scale": MODEL**0.5,
            "logits_softcap": 3.0,
            "frequencies": FREQUENCIES,
            "qk_norm": att.RMSNorm,
        },
        {
            "mlp": "geglu_tanh_mlp",
            "norm": "rms_norm",
            "n_kv_heads": 1,
            "residual": "sandwich_norm",
            "layer_options": [{"window": 2, "softcap": 2.0}, {"softcap": 2.0}],
            "embedding_scale": MODEL**0.5,
            "logits_softcap": 3.0,
            "frequencies": FREQUENCIES,
            "qk_norm": "rms_norm",
        },
    ),
    "gpt-oss": (
        {**LLAMA, "sinks": True, "layer_options": [{"window": 3}, {}], "frequencies": FREQUENCIES},
        {
            "mlp": "swiglu_mlp",
            "norm": "rms_norm",
            "n_kv_heads": 1,
            "layer_options": [{"window": 3}, {}],
            "frequencies": FREQUENCIES,
        },
    ),
    "the first": (
        {
            "positions": "sinusoidal",
            "residual": att.post_norm,
            "mlp": partial(att.MLP, function=att.relu_mlp),
            "d_hidden": 17,
        },
        {"mlp": "relu_mlp", "residual": "post_norm"},
    ),
}
EACH = pytest.mark.parametrize("name", LANGUAGE)


def language(name: str, **changes) -> att.LanguageModel:
    return shaken(att.LanguageModel(N_TOKENS, **WIDTHS, **{**LANGUAGE[name][0], **changes})).eval()


def in_room(room, options: dict) -> dict:
    """The options of a pure function: a name stands for the room's function."""
    convert = to_numpy if room is ref else lambda thing: thing
    named = {k: getattr(room, o) if isinstance(o, str) else convert(o) for k, o in options.items()}
    return {"n_heads": HEADS, **named}


@EACH
def test_a_language_model_is_the_pure_function_in_both_rooms(name):
    model, options = language(name), LANGUAGE[name][1]
    logits = model(TOKENS)
    pure, _ = att.language_model(TOKENS, model.as_parameters(), **in_room(att, options))
    torch.testing.assert_close(logits, pure, rtol=0, atol=1e-12)
    numpy, _ = ref.language_model(
        TOKENS.numpy(), to_numpy(model.as_parameters()), **in_room(ref, options)
    )
    np.testing.assert_allclose(logits.detach().numpy(), numpy, rtol=0, atol=1e-10)


@EACH
def test_step_by_step_with_a_cache_is_one_pass(name):
    model = language(name)
    whole, caches = model(TOKENS), None
    for t in range(1, SEQ + 1):
        logits, caches = model.step(TOKENS[:, :t], caches)
        torch.testing.assert_close(logits, whole[:, t - 1], rtol=0, atol=1e-11)
    _, caches = model.with_cache(TOKENS[:, :2])
    logits, _ = model.with_cache(TOKENS[:, 2:], caches=caches)
    torch.testing.assert_close(logits, whole[:, 2:], rtol=0, atol=1e-11)


@EACH
def test_no_language_model_sees_the_future(name):
    model = language(name)
    before = model(TOKENS)
    for t in range(SEQ):
        changed = TOKENS.clone()
        changed[:, t] = (changed[:, t] + 1) % N_TOKENS
        after = model(changed)
        assert torch.equal(after[:, :t], before[:, :t])
        assert ((after - before)[:, t].abs().amax(-1) > 1e-6).all()
        _, caches = model.with_cache(TOKENS[:, :t]) if t else (None, None)
        rest, _ = model.with_cache(changed[:, t:], caches=caches)
        torch.testing.assert_close(rest, after[:, t:], rtol=0, atol=1e-11)


@EACH
def test_gradients_reach_every_parameter_and_respect_causality(name):
    model = language(name)
    F.cross_entropy(model(TOKENS[:, :-1]).flatten(0, 1), TOKENS[:, 1:].flatten()).backward()
    for key, parameter in model.named_parameters():
        # With softmax a bias of the keys shifts all scores of a query alike.
        if key.endswith("key.bias"):
            assert parameter.grad.abs().max() < 1e-12
        else:
            assert parameter.grad.abs().max() > 1e-9, key


@EACH
def test_state_goes_to_a_file_and_back(name, tmp_path):
    model = language(name)
    torch.save(model.state_dict(), tmp_path / "model.pt")
    other = language(name)
    assert not torch.equal(other(TOKENS), model(TOKENS))
    other.load_state_dict(torch.load(tmp_path / "model.pt", weights_only=True))
    assert torch.equal(other(TOKENS), model(TOKENS))


def test_tied_weights_are_one_tensor():
    model = language("gpt-2")
    parameters = model.as_parameters()
    assert parameters.w_out is None
    table = model.embedding.tokens
    assert sum(p.shape == table.shape for p in model.parameters()) == 1
    assert parameters.embedding.tokens.data_ptr() == table.data_ptr()
    untied = language("llama")
    assert untied.out.weight.data_ptr() != untied.embedding.tokens.data_ptr()
    both = att.EncoderDecoder(N_TOKENS, N_TOKENS, **WIDTHS, shared=True)
    assert both.embedding.tokens is both.target.embedding.tokens
    assert len([p for p in both.parameters() if p.shape == (N_TOKENS, MODEL)]) == 1
    # And so after a file.
    both.load_state_dict(both.state_dict())
    assert both.embedding.tokens is both.target.embedding.tokens


def encoder_decoder(**changes) -> att.EncoderDecoder:
    given = {"positions": "learned", "n_positions": 9, "bias": True, **changes}
    return shaken(att.EncoderDecoder(9, N_TOKENS, **WIDTHS, **given)).eval()


@pytest.mark.parametrize("options", [{}, {"residual": att.post_norm}, {"embedding_scale": 3.0}])
def test_an_encoder_decoder_is_the_pure_function_in_both_rooms(options):
    model = encoder_decoder(**options)
    logits = model(SOURCE, TOKENS, PADDING)
    pure = {key: o for key, o in options.items() if key != "residual"}
    pure |= {"residual": "post_norm"} if "residual" in options else {}
    found = att.encoder_decoder(
        SOURCE, TOKENS, model.as_parameters(), source_mask=PADDING, **in_room(att, pure)
    )
    torch.testing.assert_close(found, logits, rtol=0, atol=1e-12)
    numpy = ref.encoder_decoder(
        SOURCE.numpy(),
        TOKENS.numpy(),
        to_numpy(model.as_parameters()),
        source_mask=PADDING.numpy(),
        **in_room(ref, pure),
    )
    np.testing.assert_allclose(logits.detach().numpy(), numpy, rtol=0, atol=1e-10)


def test_an_encoder_decoder_ignores_padding_and_the_future_and_decodes_with_a_cache():
    model = encoder_decoder()
    logits = model(SOURCE, TOKENS, PADDING)
    changed = SOURCE.clone()
    changed[1, 4:] = 3
    assert torch.equal(model(changed, TOKENS, PADDING), logits)
    torch.testing.assert_close(model(SOURCE[1:, :4], TOKENS[1:]), logits[1:], rtol=0, atol=1e-11)
    other = TOKENS.clone()
    other[:, 3] = 0
    after = model(SOURCE, other, PADDING)
    assert torch.equal(after[:, :3], logits[:, :3])
    assert not torch.allclose(after[:, 3], logits[:, 3])
    state = model.begin(SOURCE, PADDING)
    for t in range(1, SEQ + 1):
        found, state = model.step(TOKENS[:, :t], state)
        torch.testing.assert_close(found, logits[:, t - 1], rtol=0, atol=1e-11)
    assert state[2][0].cross_attention.k.shape[-2] == CONTEXT
    begun = TOKENS[:, :1]
    greedy, _ = att.generate(model.step, begun, 6, state=model.begin(SOURCE, PADDING))
    one, _ = att.beam_search(model.step, begun, 6, n_beams=1, state=model.begin(SOURCE, PADDING))
    assert torch.equal(one[:, 0], greedy)
    found, _ = att.beam_search(model.step, begun, 4, n_beams=3, state=model.begin(SOURCE, PADDING))

    def without_cache(tokens, state):
        context, hidden = state
        return model.target(tokens, context=context, **hidden)[:, -1], state

    state = model.begin(SOURCE, PADDING)[:2]
    expected, _ = att.beam_search(without_cache, begun, 4, n_beams=3, state=state)
    assert torch.equal(found, expected)


@pytest.mark.parametrize("class_token", [True, False])
def test_a_vision_transformer_is_the_pure_function_in_both_rooms(class_token):
    model = shaken(att.VisionTransformer((3, 4, 6), 2, 7, **WIDTHS, class_token=class_token)).eval()
    images = torch.randn(2, 3, 4, 6).double()
    logits = model(images)
    given = {"patch_len": 2, "n_heads": HEADS}
    pure = att.vision_transformer(images, model.as_parameters(), **given)
    torch.testing.assert_close(logits, pure, rtol=0, atol=1e-12)
    numpy = ref.vision_transformer(images.numpy(), to_numpy(model.as_parameters()), **given)
    np.testing.assert_allclose(logits.detach().numpy(), numpy, rtol=0, atol=1e-10)
    logits.square().sum().backward()
    assert all(p.grad.abs().max() > 1e-9 for p in model.parameters())


def test_stacks_and_parts_alone():
    x, context = torch.randn(BATCH, SEQ, MODEL).double(), torch.randn(BATCH, 7, 10).double()
    encoder = shaken(att.Encoder(**WIDTHS)).eval()
    expected = att.encoder(x, encoder.as_parameters(), n_heads=HEADS)
    torch.testing.assert_close(encoder(x), expected, rtol=0, atol=1e-12)
    assert not torch.allclose(encoder(x)[:, 0], encoder(x[:, :3])[:, 0]), "it sees what follows"
    decoder = shaken(att.Decoder(**WIDTHS, cross_attention=True, d_context=10)).eval()
    given = {"context": context, "context_mask": PADDING}
    expected, _ = att.decoder(x, decoder.as_parameters(), n_heads=HEADS, **given)
    torch.testing.assert_close(decoder(x, **given), expected, rtol=0, atol=1e-12)
    block = shaken(att.TransformerBlock(MODEL, HEADS, norm=partial(att.LayerNorm, bias=False)))
    expected, _ = att.transformer_block(x, block.as_parameters(), n_heads=HEADS, causal=True)
    torch.testing.assert_close(block(x, causal=True), expected, rtol=0, atol=1e-12)
    for norm in (att.LayerNorm(MODEL, eps=0.3), att.RMSNorm(MODEL, eps=0.3)):
        pure = att.layer_norm if isinstance(norm, att.LayerNorm) else att.rms_norm
        torch.testing.assert_close(norm(x.float()), pure(x.float(), eps=0.3))


def test_an_attention_layer_with_everything():
    layer = shaken(
        att.MultiHeadAttention(MODEL, 6, n_kv_heads=2, bias=True, qk_norm=att.RMSNorm, sinks=True)
    )
    x = torch.randn(BATCH, SEQ, MODEL).double()
    given = {"frequencies": att.rotary_frequencies(2), "causal": True}
    expected, cache = att.attention_layer(
        x, layer.as_parameters(), n_heads=6, n_kv_heads=2, qk_norm=att.rms_norm, **given
    )
    torch.testing.assert_close(layer(x, **given), expected, rtol=0, atol=1e-12)
    _, past = layer.with_cache(x[:, :2], **given)
    rest, kept = layer.with_cache(x[:, 2:], cache=past, **given)
    torch.testing.assert_close(rest, expected[:, 2:], rtol=0, atol=1e-12)
    torch.testing.assert_close(kept.k, cache.k, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["gpt-2", "llama", "the first"])
def test_the_fused_path_can_be_chosen(name):
    plain, fused = language(name), language(name, attend=att.fused_attention)
    fused.load_state_dict(plain.state_dict())
    torch.testing.assert_close(fused(TOKENS), plain(TOKENS), rtol=0, atol=1e-11)
    expected, _ = att.generate(plain.step, TOKENS[:, :2], 6)
    assert torch.equal(att.generate(fused.step, TOKENS[:, :2], 6)[0], expected)


def test_dropout_acts_in_training_alone():
    for model, given in (
        (att.LanguageModel(N_TOKENS, **WIDTHS, dropout=0.5), (TOKENS,)),
        (att.EncoderDecoder(9, N_TOKENS, **WIDTHS, dropout=0.5), (SOURCE, TOKENS)),
        (att.VisionTransformer((3, 4, 6), 2, 7, **WIDTHS, dropout=0.5), (torch.randn(2, 3, 4, 6),)),
        (att.TransformerBlock(MODEL, HEADS, dropout=0.5), (torch.randn(2, 5, MODEL),)),
    ):
        assert not torch.equal(model(*given), model(*given))
        model.eval()
        assert torch.equal(model(*given), model(*given))
    block = att.TransformerBlock(MODEL, HEADS, dropout=1.0, cross_attention=True)
    x = torch.randn(2, 5, MODEL)
    assert torch.equal(block(x, x), x), "all three sublayers are dropped"
    language = att.LanguageModel(N_TOKENS, **WIDTHS, dropout=1.0)
    both = att.EncoderDecoder(9, N_TOKENS, **WIDTHS, dropout=1.0)
    vision = att.VisionTransformer((3, 4, 6), 2, 7, **WIDTHS, dropout=1.0)
    for nothing in (language(TOKENS), both.encode(SOURCE), vision(torch.randn(2, 3, 4, 6))):
        assert not nothing.any(), "embeddings are dropped as well"


def test_how_weights_start():
    model = att.LanguageModel(
        500, 128, 4, 3, positions="learned", n_positions=300, bias=True, tied=False
    )
    block = model.decoder.blocks[1]
    # Two additions in each of three blocks.
    for layer, wide in ((block.attention.query, 128), (block.mlp.input, 128)):
        assert layer.weight.std().item() == pytest.approx(wide**-0.5, rel=0.05)
    for layer, wide in ((block.attention.out, 128), (block.mlp.out, 512)):
        assert layer.weight.std().item() == pytest.approx((6 * wide) ** -0.5, rel=0.05)
    for name, parameter in model.named_parameters():
        assert not (name.endswith("bias") and parameter.any())
    for table in (model.embedding.tokens, model.embedding.positions, model.out.weight):
        assert table.std().item() == pytest.approx(0.02, rel=0.05)
    uniform = F.cross_entropy(model(torch.arange(200)[None]).flatten(0, 1), torch.arange(200))
    assert uniform.item() == pytest.approx(np.log(500), rel=0.05)
    crossed = att.Decoder(128, 4, 2, cross_attention=True).blocks[0].cross_attention
    assert crossed.out.weight.std().item() == pytest.approx((6 * 128) ** -0.5, rel=0.05)


def test_half_a_model_keeps_its_angles():
    model = language("llama").bfloat16()
    assert model.relative.frequencies.dtype == torch.float64
    assert model(TOKENS).dtype == torch.bfloat16
    model = language("the first").bfloat16()
    rows = model.embedding.as_parameters().positions(torch.arange(20))
    assert torch.equal(rows, att.sinusoidal_positions(torch.arange(20), MODEL))
    assert model(TOKENS).dtype == torch.bfloat16
    assert "embedding.positions" not in model.state_dict()


def test_padding_on_the_left_changes_nothing():
    model = language("gpt-2")
    padded = torch.cat([torch.zeros(2, 3, dtype=torch.int64), TOKENS], dim=1)
    mask = torch.arange(8)[None, None, None] >= 3
    positions = torch.tensor([0, 0, 0, 0, 1, 2, 3, 4])
    found = model(padded, mask=mask, positions=positions)[:, 3:]
    torch.testing.assert_close(found, model(TOKENS), rtol=0, atol=1e-11)


@pytest.mark.parametrize("name", ["gpt-2", "gemma"])
def test_a_small_model_learns_a_few_texts_by_heart(name):
    changes = {"gpt-2": {}, "gemma": {"frequencies": FREQUENCIES, "logits_softcap": 30.0}}[name]
    given = WIDTHS | {"d_model": 24} | LANGUAGE[name][0] | changes
    model = att.LanguageModel(N_TOKENS, **given)
    # Each token once: of equal ones alone, rotary positions cannot tell how many there are.
    texts = torch.stack([(torch.randperm(N_TOKENS - 4) + 4)[:6] for _ in range(4)])
    texts = torch.cat([torch.arange(4)[:, None], texts], dim=1)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(50):
        loss = F.cross_entropy(model(texts[:, :-1]).flatten(0, 1), texts[:, 1:].flatten())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss < 0.1
    written, _ = att.generate(model.eval().step, texts[:, :1], 6)
    assert torch.equal(written, texts)


def test_an_encoder_decoder_learns_to_turn_a_text_around():
    model = att.EncoderDecoder(9, 9, 24, 3, 1, embedding_scale=5.0)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    source = torch.randint(1, 9, (6, 4))
    target = torch.cat([torch.zeros(6, 1, dtype=torch.int64), source.flip(1)], dim=1)
    for _ in range(80):
        loss = F.cross_entropy(model(source, target[:, :-1]).flatten(0, 1), target[:, 1:].flatten())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    written, _ = att.generate(model.eval().step, target[:, :1], 4, state=model.begin(source))
    assert torch.equal(written, target)


@pytest.mark.parametrize(
    ("build", "error", "words"),
    [
        (lambda: att.LanguageModel(0, **WIDTHS), ValueError, "n_tokens: expected at least 1"),
        (lambda: att.LanguageModel(9, 12, 5, 1), ValueError, "n_heads: expected a divisor of d_mo"),
        (
            lambda: att.LanguageModel(9, **WIDTHS, positions="learned", n_positions=0),
            ValueError,
            "n_positions: expected at least 1",
        ),
        (
            lambda: att.LanguageModel(9, **WIDTHS, positions="learned"),
            ValueError,
            "n_positions: expected how many",
        ),
        (
            lambda: att.LanguageModel(9, **WIDTHS, n_positions=4),
            ValueError,
            "n_positions: expected None with positions='rotary', which has no table, got 4",
        ),
        (
            lambda: att.LanguageModel(9, **WIDTHS, positions="absolute"),
            ValueError,
            "positions: expected one of 'learned', 'sinusoidal', 'rotary', 'alibi', 't5', None",
        ),
        (
            lambda: att.LanguageModel(9, 15, 3, 1),
            ValueError,
            "d_k, which positions='rotary' turns in pairs,: expected an even",
        ),
        (lambda: att.LanguageModel(9.0, **WIDTHS), TypeError, "n_tokens: expected a whole number"),
        (lambda: att.LanguageModel(9, **WIDTHS, dropout=2), ValueError, "dropout: expected a num"),
        (lambda: att.LanguageModel(9, **WIDTHS, depth=2), TypeError, "depth"),
        (lambda: att.Encoder(12, 3, 0), ValueError, "n_layers: expected at least 1"),
        (lambda: att.Encoder(**WIDTHS, layer_options=[{}]), ValueError, "layer_options: expected"),
        (lambda: att.EncoderDecoder(9, 8, **WIDTHS, shared=True), ValueError, "of one size, got 9"),
        (
            lambda: att.VisionTransformer((3, 4, 6), 4, 7, **WIDTHS),
            ValueError,
            "width of images, 6",
        ),
        (lambda: att.VisionTransformer((3, 4, 6), 3, 7, **WIDTHS), ValueError, "height of images"),
        (lambda: att.VisionTransformer((0, 4, 6), 2, 7, **WIDTHS), ValueError, "channels"),
        (lambda: att.LayerNorm(0), ValueError, "d_model: expected at least 1"),
        (lambda: att.LayerNorm(3, eps=0), ValueError, "eps: expected a number above zero"),
        (lambda: att.RMSNorm(3, eps=0), ValueError, "eps: expected a number above zero"),
        (lambda: att.RMSNorm(0), ValueError, "d_model: expected at least 1"),
        (lambda: att.MLP(3, 0), ValueError, "d_hidden: expected at least 1"),
        (lambda: att.GatedMLP(0, 3), ValueError, "d_model: expected at least 1"),
        (
            lambda: att.TransformerBlock(12, 3)(torch.zeros(1, 2, 12), torch.zeros(1, 2, 12)),
            ValueError,
            "context: expected None",
        ),
        (
            lambda: att.Decoder(**WIDTHS).with_cache(torch.zeros(1, 2, 12), caches=()),
            ValueError,
            "caches: expected one for each of 2 layers, got 0",
        ),
    ],
)
def test_errors(build, error, words):
    with pytest.raises(error, match=words):
        build()
