"""Models in the situations that people report: built without memory, padded, compiled, misspelt."""

from __future__ import annotations

import copy
import re
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn
from torch._dynamo.testing import CompileCounter

import attncourse.pytorch as att
import attncourse.reference as ref

torch.set_num_threads(1)
BATCH, SEQ, MODEL, HEADS, LAYERS, N_TOKENS = 2, 5, 24, 3, 2, 11
POSITIONS = ["rotary", "learned", "sinusoidal", "alibi", "t5", None]
TOKENS = torch.tensor([[1, 2, 3, 4, 5], [7, 6, 5, 9, 10]])
EACH = pytest.mark.parametrize("positions", POSITIONS)


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(2020)


def language(positions: str | None = "rotary", **options) -> att.LanguageModel:
    given = {"n_positions": 40} if positions == "learned" else {}
    model = att.LanguageModel(
        N_TOKENS, MODEL, HEADS, LAYERS, positions=positions, **given, **options
    )
    return shaken(model)


def seq2seq(positions: str | None = "sinusoidal", **options) -> att.EncoderDecoder:
    given = {"n_positions": 40} if positions == "learned" else {}
    model = att.EncoderDecoder(
        N_TOKENS, N_TOKENS, MODEL, HEADS, LAYERS, positions=positions, **given, **options
    )
    return shaken(model)


def shaken(model: nn.Module) -> nn.Module:
    model = model.double().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.3 * torch.randn_like(parameter)
    return model


def padded(left: tuple[int, ...] = (3, 1), right: tuple[int, ...] = (0, 2)) -> tuple:
    """Each text between paddings of its own; what the padding holds must not matter."""
    parts = [
        torch.cat([torch.full((a,), 8), row, torch.full((b,), 2)])
        for row, a, b in zip(TOKENS, left, right, strict=True)
    ]
    real = [torch.tensor([0] * a + [1] * SEQ + [0] * b) for a, b in zip(left, right, strict=True)]
    return torch.stack(parts), torch.stack(real).bool()


# ---- built on the meta device, and then filled


@EACH
@pytest.mark.parametrize("how", ["assign", "to_empty"])
def test_a_model_built_on_the_meta_device_is_the_same(positions, how):
    for build in (language, seq2seq):
        model = build(positions)
        with torch.device("meta"):
            other = build(positions)
        if how == "assign":
            other.load_state_dict(model.state_dict(), assign=True)
        else:
            other.to_empty(device="cpu").load_state_dict(model.state_dict())
        given = (TOKENS,) if build is language else (TOKENS.flip(0), TOKENS)
        assert torch.equal(other(*given), model(*given))
        assert not list(other.buffers())


@pytest.mark.parametrize("how", ["assign", "to_empty", "copy", "double"])
def test_a_shared_table_stays_one(how):
    model = seq2seq(shared=True)
    with torch.device("meta"):
        other = att.EncoderDecoder(N_TOKENS, N_TOKENS, MODEL, HEADS, LAYERS, shared=True).double()
    if how == "assign":
        other.load_state_dict(model.state_dict(), assign=True)
    elif how == "to_empty":
        other.to_empty(device="cpu").load_state_dict(model.state_dict())
    else:
        other = copy.deepcopy(model) if how == "copy" else model.float().double()
    assert other.embedding.tokens is other.target.embedding.tokens
    assert len(list(other.parameters())) == len(list(model.parameters()))


def test_frequencies_without_numbers_are_refused():
    with (
        torch.device("meta"),
        pytest.raises(ValueError, match="frequencies: expected numbers, got a tensor of the meta"),
    ):
        language(frequencies=att.rotary_frequencies(8))


# ---- what attention gives beside its output


def test_weights_come_through_block_stack_and_models():
    model = language()
    logits, weights = model(TOKENS, return_weights=True)
    assert torch.equal(logits, model(TOKENS))
    assert len(weights) == LAYERS
    for layer in weights:
        assert layer.self_attention.shape == (BATCH, HEADS, SEQ, SEQ)
        torch.testing.assert_close(
            layer.self_attention.sum(-1), torch.ones(BATCH, HEADS, SEQ).double()
        )
        assert layer.cross_attention is None
    x = torch.randn(BATCH, SEQ, MODEL).double()
    block = model.decoder.blocks[0]
    _, looked = block(x, return_weights=True, causal=True)
    normed = block.attention_norms[0](x)
    _, expected = block.attention(normed, return_weights=True, causal=True)
    torch.testing.assert_close(looked.self_attention, expected)
    both = seq2seq()
    logits, (of_source, of_target) = both(TOKENS[:, :4], TOKENS, return_weights=True)
    assert torch.equal(logits, both(TOKENS[:, :4], TOKENS))
    assert of_source[1].self_attention.shape == (BATCH, HEADS, 4, 4)
    assert of_target[1].cross_attention.shape == (BATCH, HEADS, SEQ, 4)
    vision = shaken(att.VisionTransformer((3, 4, 6), 2, 7, MODEL, HEADS, LAYERS))
    _, weights = vision(torch.randn(2, 3, 4, 6).double(), return_weights=True)
    assert weights[0].self_attention.shape == (2, HEADS, 7, 7)


def test_weights_of_one_layer():
    model = language(layer_options=[{}, {"return_weights": True}])
    logits, (first, second) = model(TOKENS)
    assert first is None
    assert second.self_attention.shape == (BATCH, HEADS, SEQ, SEQ)
    assert logits.shape == (BATCH, SEQ, N_TOKENS)


def test_weights_of_a_text_in_a_cache():
    model = language()
    _, whole = model(TOKENS, return_weights=True)
    _, caches = model.with_cache(TOKENS[:, :3])
    (_, rest), _ = model.with_cache(TOKENS[:, 3:], caches=caches, return_weights=True)
    torch.testing.assert_close(rest[1].self_attention, whole[1].self_attention[:, :, 3:])


@pytest.mark.parametrize("attend", [att.flash_attention, att.fused_attention])
def test_other_ways_to_attend_go_through_a_block_and_models(attend):
    """Flash attention gives the logarithms of its sums as well: they are no weights."""
    plain, other = language("alibi"), language("alibi", attend=attend)
    other.load_state_dict(plain.state_dict())
    torch.testing.assert_close(other(TOKENS), plain(TOKENS), rtol=0, atol=1e-10)
    tokens, padding = padded()
    expected = plain(tokens, padding=padding)[padding]
    torch.testing.assert_close(
        other(tokens, padding=padding)[padding], expected, rtol=0, atol=1e-10
    )
    x = torch.randn(BATCH, SEQ, MODEL).double()
    layer = plain.decoder.blocks[0].attention
    found = att.attention_layer(x, layer.as_parameters(), n_heads=HEADS, attend=attend)[0]
    torch.testing.assert_close(found, layer(x), rtol=0, atol=1e-10)


def test_what_a_call_asks_for_is_not_forgotten():
    model, seen = language(), []

    def attend(q, k, v, **options):
        seen.append(q.shape)
        return att.scaled_dot_product_attention(q, k, v, **options)

    assert torch.equal(model(TOKENS, attend=attend), model(TOKENS))
    assert len(seen) == LAYERS


# ---- padding


@EACH
def test_padding_on_either_side_changes_nothing(positions):
    model, (tokens, padding) = language(positions), padded()
    found = model(tokens, padding=padding)[padding].reshape(BATCH, SEQ, N_TOKENS)
    torch.testing.assert_close(found, model(TOKENS), rtol=0, atol=1e-11)
    logits, weights = model(tokens, padding=padding, return_weights=True)
    assert not weights[0].self_attention.movedim(1, -1)[~padding].any(), "padding asks nobody"
    assert not weights[0].self_attention.movedim(-1, 1)[~padding].any(), "and is not asked"
    assert logits.isfinite().all()


@EACH
def test_a_padded_source_changes_nothing(positions):
    model, (source, padding) = seq2seq(positions), padded()
    found = model(source, TOKENS.flip(1), source_padding=padding)
    torch.testing.assert_close(found, model(TOKENS, TOKENS.flip(1)), rtol=0, atol=1e-11)
    state = model.begin(source, source_padding=padding)
    written, _ = att.generate(model.step, TOKENS[:, :1], 4, state=state)
    expected, _ = att.generate(model.step, TOKENS[:, :1], 4, state=model.begin(TOKENS))
    assert torch.equal(written, expected)


@pytest.mark.parametrize("of", ["layer", "block", "stack"])
def test_padding_of_a_layer_a_block_and_a_stack(of):
    model = language()
    part = {
        "layer": model.decoder.blocks[0].attention,
        "block": model.decoder.blocks[0],
        "stack": shaken(att.Encoder(MODEL, HEADS, LAYERS)),
    }[of]
    x = torch.randn(BATCH, SEQ, MODEL).double()
    for padding in ([True, True, True, False, False], [False, False, True, True, True]):
        real = torch.tensor(padding)
        alone = part(x[:, real])
        found = part(x, padding=real.expand(BATCH, SEQ))[:, real]
        torch.testing.assert_close(found, alone, rtol=0, atol=1e-11)
        text = part(x[0], padding=real)[real]
        torch.testing.assert_close(text, alone[0], rtol=0, atol=1e-11)


@pytest.mark.parametrize("name", ["mask", "context_mask", "source_mask"])
@pytest.mark.parametrize("n_texts", [2, 5])
def test_a_mask_of_texts_is_never_read_as_one_of_queries(name, n_texts):
    """Five texts of five tokens: nothing but the name tells (batch, seq) from (q_len, kv_len)."""
    x, mask = torch.randn(n_texts, SEQ, MODEL).double(), torch.ones(n_texts, SEQ).bool()
    block = shaken(att.TransformerBlock(MODEL, HEADS, cross_attention=name == "context_mask"))
    calls = {
        "mask": lambda m: [block(x, mask=m), block.attention(x, mask=m)],
        "context_mask": lambda m: [block(x, x, context_mask=m)],
        "source_mask": lambda m: [seq2seq()(TOKENS[:1].expand(n_texts, SEQ), TOKENS[:1], m)],
    }[name]
    instead = name.replace("mask", "padding") if name != "mask" else "padding"
    shown = name if name != "source_mask" else "(source_)?mask"
    instead = instead if name != "source_mask" else "(source_)?padding"
    with pytest.raises(ValueError, match=rf"{shown}: .*\(batch, seq\) as {instead}="):
        calls(mask)
    if name != "source_mask":
        calls(torch.ones(1, SEQ, SEQ).bool())


@pytest.mark.parametrize(
    ("padding", "error", "words"),
    [
        (torch.ones(2, 4).bool(), ValueError, "padding: expected one boolean for each position"),
        (torch.ones(5).bool(), ValueError, r"shape \(2, 5\), got \(5,\)"),
        (torch.ones(2, 5), TypeError, "padding: expected a boolean array"),
        ([[True]], TypeError, "padding: expected a torch.Tensor, got list"),
    ],
)
def test_wrong_padding(padding, error, words):
    with pytest.raises(error, match=words):
        language()(TOKENS, padding=padding)


# ---- decoding


@EACH
@pytest.mark.parametrize("max_len", [None, 19])
@pytest.mark.parametrize("left", [True, False])
def test_a_padded_batch_is_decoded_with_padding_given_once(positions, max_len, left):
    model = language(positions)
    tokens, padding = padded((3, 1), (0, 2)) if left else padded((0, 0), (4, 4))
    step = partial(model.step, padding=padding, max_len=max_len)
    written, caches = att.generate(step, tokens, 6)
    expected, _ = att.generate(model.step, TOKENS, 6)
    assert torch.equal(written[:, tokens.shape[1] :], expected[:, SEQ:])
    kind = att.KVCache if max_len is None else att.StaticCache
    assert {type(cache.self_attention) for cache in caches} == {kind}
    found, _ = att.beam_search(step, tokens, 3, n_beams=2)
    expected, _ = att.beam_search(model.step, TOKENS, 3, n_beams=2)
    assert torch.equal(found[..., tokens.shape[1] :], expected[..., SEQ:])


@EACH
def test_a_window_counts_no_padding(positions):
    """On the right, the padding of the prompt lies between its end and the next token."""
    model = language(positions, layer_options={"window": 3})
    tokens, padding = padded((0, 0), (4, 4))
    written, _ = att.generate(partial(model.step, padding=padding), tokens, 6)
    expected, _ = att.generate(model.step, TOKENS, 6)
    assert torch.equal(written[:, tokens.shape[1] :], expected[:, SEQ:])


@EACH
def test_static_caches_give_what_growing_ones_give(positions):
    model = language(positions)
    whole, caches = model(TOKENS), model.static_caches(BATCH, 9)
    first, caches = model.with_cache(TOKENS[:, :3], caches=caches)
    torch.testing.assert_close(first, whole[:, :3], rtol=0, atol=1e-11)
    for t in (3, 4):
        logits, caches = model.with_cache(TOKENS[:, t : t + 1], caches=caches)
        torch.testing.assert_close(logits[:, 0], whole[:, t], rtol=0, atol=1e-11)
    assert caches[1].self_attention.lengths.tolist() == [SEQ, SEQ]
    bias = torch.randn(HEADS, SEQ, SEQ).double()
    mask = torch.rand(1, SEQ, SEQ) < 0.8
    mask |= torch.eye(SEQ).bool()
    expected = model(TOKENS, bias=bias, mask=mask)
    caches = model.static_caches(BATCH, SEQ)
    found, _ = model.with_cache(TOKENS, caches=caches, bias=bias, mask=mask)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-11)


def test_empty_slots_are_not_asked_even_where_the_future_is_open():
    model = language()
    layer, x = model.decoder.blocks[0].attention, torch.randn(BATCH, SEQ, MODEL).double()
    cache = model.static_caches(BATCH, 12)[0].self_attention
    (found, weights), after = layer.with_cache(x, cache=cache, return_weights=True)
    torch.testing.assert_close(found, layer(x), rtol=0, atol=1e-11)
    assert not weights[..., SEQ:].any()
    _, growing = layer.with_cache(x)
    torch.testing.assert_close(layer(x, cache=after), layer(x, cache=growing), rtol=0, atol=1e-11)


def test_static_caches_in_the_reference():
    """A table and rotation, some of it padding, in both rooms."""
    model = language()
    tokens, padding = padded()
    caches = model.static_caches(BATCH, 12)
    expected, _ = model.with_cache(tokens, caches=caches, padding=padding)
    options = {"n_heads": HEADS, "frequencies": ref.rotary_frequencies(8)}
    empty = tuple(
        ref.BlockCache(ref.StaticCache(*(a.detach().numpy() for a in cache.self_attention)))
        for cache in caches
    )
    found, after = ref.language_model(
        tokens.numpy(),
        in_numpy(model.as_parameters()),
        caches=empty,
        padding=padding.numpy(),
        **options,
    )
    np.testing.assert_allclose(found, expected.detach(), rtol=0, atol=1e-10)
    assert after[0].padding.shape == (BATCH, 12)


def in_numpy(thing):
    if isinstance(thing, torch.Tensor):
        return thing.detach().numpy()
    if isinstance(thing, tuple):
        parts = [in_numpy(part) for part in thing]
        return (
            getattr(ref, type(thing).__name__)(*parts)
            if hasattr(thing, "_fields")
            else tuple(parts)
        )
    return thing


@pytest.mark.parametrize("positions", ["rotary", "t5"])
def test_decoding_with_static_caches_compiles_once(positions):
    model, counter = language(positions), CompileCounter()
    tokens, padding = padded()
    torch._dynamo.reset()
    step = torch.compile(model.with_cache, backend=counter, fullgraph=True)
    with torch.no_grad():
        _, caches = model.with_cache(tokens, caches=model.static_caches(BATCH, 20), padding=padding)
        plain = caches
        for t in range(8):
            new = torch.full((BATCH, 1), t)
            logits, caches = step(new, caches=caches)
            expected, plain = model.with_cache(new, caches=plain)
            torch.testing.assert_close(logits, expected, rtol=0, atol=1e-11)
    assert counter.frame_count == 1


def test_more_tokens_than_slots_are_refused():
    model = language()
    with pytest.raises(ValueError, match="tokens so far: expected at most 6, got 7"):
        att.generate(partial(model.step, max_len=6), TOKENS, 4)


def test_several_tokens_end_a_text():
    model = language()
    free, _ = att.generate(model.step, TOKENS, 9)
    stops = tuple({int(free[0, SEQ + 2]), int(free[1, SEQ + 1])})
    ended, _ = att.generate(model.step, TOKENS, 9, stop=stops)
    first = [next(t for t in range(9) if int(row[SEQ + t]) in stops) for row in free]
    for row, whole, t in zip(ended, free, first, strict=True):
        assert torch.equal(row[: SEQ + t + 1], whole[: SEQ + t + 1])
    assert ended.shape[1] == SEQ + max(first) + 1


# ---- positions by name


@EACH
def test_order_counts_unless_there_are_no_positions(positions):
    """An encoder without positions sees a set; that is no default of any model."""
    model = seq2seq(positions)
    other = [1, 0, 3, 4, 2]  # turned around, distances stay
    found, expected = model.encode(TOKENS[:, other]), model.encode(TOKENS)[:, other]
    same = torch.allclose(found, expected, atol=1e-9)
    assert same == (positions is None)


def test_no_model_ignores_order_by_default():
    both = att.EncoderDecoder(N_TOKENS, N_TOKENS, MODEL, HEADS, 1).eval()
    assert not torch.allclose(both.encode(TOKENS.flip(1)).flip(1), both.encode(TOKENS), atol=1e-6)
    one = att.LanguageModel(N_TOKENS, MODEL, HEADS, 1).eval()
    swapped = TOKENS[:, [1, 0, 2, 3, 4]]
    assert not torch.allclose(one(swapped)[:, -1], one(TOKENS)[:, -1], atol=1e-6)


@pytest.mark.parametrize("positions", ["alibi", "t5"])
@pytest.mark.parametrize("bidirectional", [True, False])
def test_biases_are_those_of_the_functions(positions, bidirectional):
    model = seq2seq(positions)
    relative = model.relative if bidirectional else model.target.relative
    n = 300
    at = torch.arange(n)
    found = relative(at[:, None], at[None, :])
    if positions == "alibi":
        expected = att.alibi_bias(n, n, att.alibi_slopes(HEADS, dtype="float32"))
    else:
        expected = att.t5_bias(n, n, relative.table, bidirectional=bidirectional)
    torch.testing.assert_close(found, expected, rtol=0, atol=0)
    late = relative(at[None, None, -7:, None], at[None, None, None, :])
    torch.testing.assert_close(late[0], expected[:, -7:], rtol=0, atol=0)


@pytest.mark.parametrize("positions", ["alibi", "t5"])
def test_a_bias_of_the_callers_is_added(positions):
    model, bias = language(positions), torch.randn(HEADS, SEQ, SEQ).double()
    at = torch.arange(SEQ)
    given = {"n_heads": HEADS, "bias": model.relative(at[:, None], at) + bias}
    expected, _ = att.language_model(TOKENS, model.as_parameters(), **given)
    torch.testing.assert_close(model(TOKENS, bias=bias), expected, rtol=0, atol=1e-11)
    again = model(TOKENS, bias=lambda q, k: bias[:, q[:, 0]][..., k[0]])
    torch.testing.assert_close(again, expected, rtol=0, atol=1e-11)


def test_every_parameter_of_positions_learns():
    model = language("t5").train()
    model(TOKENS).square().sum().backward()
    assert (model.relative.table.grad[:SEQ].abs() > 1e-9).all()


@pytest.mark.parametrize("cached", [0, 3])
def test_a_text_beyond_the_table_gets_our_words(cached):
    model = att.LanguageModel(N_TOKENS, MODEL, HEADS, 1, positions="learned", n_positions=4).eval()
    _, caches = model.with_cache(TOKENS[:, :cached]) if cached else (None, None)
    with pytest.raises(ValueError, match="positions: expected numbers from 0 to 3, the rows of"):
        model.with_cache(TOKENS[:, cached:], caches=caches)


# ---- dropout


def test_attention_dropout_acts_in_training_alone():
    for attend in (att.scaled_dot_product_attention, att.fused_attention):
        model = language(attention_dropout=0.5, attend=attend)
        assert torch.equal(model(TOKENS), model(TOKENS))
        model.train()
        assert not torch.equal(model(TOKENS), model(TOKENS))
        model.eval()
        assert torch.equal(model(TOKENS), model(TOKENS))


def test_dropped_weights_are_made_up_for():
    q = k = torch.zeros(1, 1, 1, 4).double().expand(1, 1, 4000, 4)
    v = torch.ones(1, 1, 4000, 1).double()
    few = att.scaled_dot_product_attention(q[..., :1, :], k, v, dropout=0.25)
    assert few.item() == pytest.approx(1, abs=0.06)
    noise = torch.zeros(4000).double()
    noise[:1000] = 0.25
    found = att.scaled_dot_product_attention(q[..., :1, :], k, v, dropout=0.25, noise=noise)
    assert found.item() == pytest.approx(0.25 / 0.75)


def test_a_rate_of_attention_dropout_is_checked():
    with pytest.raises(ValueError, match="attention_dropout: expected a number from 0 to 1"):
        language(attention_dropout=1.5)
    with pytest.raises(ValueError, match="attention_dropout"):
        language(attention_dropout=1.0)


# ---- modules of the user's own


def test_a_module_of_ones_own_in_place_of_the_mlp():
    class Twice(nn.Module):
        def __init__(self, d_model, d_hidden):
            super().__init__()
            self.inner = nn.Linear(d_model, d_model)

        def forward(self, x):
            return 2 * self.inner(x)

    block = shaken(att.TransformerBlock(MODEL, HEADS, mlp=Twice))
    x = torch.randn(BATCH, SEQ, MODEL).double()
    after = x + block.attention(block.attention_norms[0](x))
    expected = after + 2 * block.mlp.inner(block.mlp_norms[0](after))
    torch.testing.assert_close(block(x), expected)


def test_a_residual_of_ones_own_says_how_many_norms_it_takes():
    def bare(x, sublayer):
        return x + sublayer(x)

    block = att.TransformerBlock(MODEL, HEADS, residual=bare, n_norms=0)
    assert not len(block.mlp_norms)
    assert block(torch.randn(BATCH, SEQ, MODEL)).shape == (BATCH, SEQ, MODEL)


def test_a_norm_that_says_nothing_of_itself_is_refused():
    with pytest.raises(TypeError, match=r"norm: expected a class with function.*got torch\.nn"):
        att.TransformerBlock(MODEL, HEADS, norm=nn.LayerNorm)


def test_one_block_may_differ_from_the_others():
    model = language("learned")
    model.decoder.blocks[1] = shaken(att.TransformerBlock(MODEL, 6, mlp=att.GatedMLP))
    assert model(TOKENS).shape == (BATCH, SEQ, N_TOKENS)
    _, weights = model(TOKENS, return_weights=True)
    assert [layer.self_attention.shape[1] for layer in weights] == [HEADS, 6]


# ---- names and numbers


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda **o: att.LanguageModel(9, 12, n_layers=1, **o), "LanguageModel"),
        (lambda **o: att.EncoderDecoder(9, 9, 12, n_layers=1, **o), "EncoderDecoder"),
        (lambda **o: att.VisionTransformer((3, 4, 6), 2, 7, 12, n_layers=1, **o), "VisionTransf"),
        (lambda **o: att.Encoder(12, n_layers=1, **o), "Encoder"),
        (lambda **o: att.Decoder(12, n_layers=1, **o), "Decoder"),
        (lambda **o: att.TransformerBlock(12, **o), "TransformerBlock"),
        (lambda **o: att.MultiHeadAttention(12, **o), "MultiHeadAttention"),
    ],
)
def test_a_misspelt_option_names_the_class_that_was_called(build, words):
    with pytest.raises(
        TypeError, match=rf"^{words}\w* has no option 'n_head'; did you mean 'n_heads'\?$"
    ):
        build(n_head=3)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: att.MLP(3, 4, biass=True), "MLP has no option 'biass'; did you mean 'bias'?"),
        (lambda: att.GatedMLP(3, 4, func=1), "GatedMLP has no option 'func'; did you mean 'fun"),
        (lambda: att.LayerNorm(3, epsilon=1), "LayerNorm has no option 'epsilon'"),
        (lambda: att.RMSNorm(3, bias=True), "RMSNorm has no option 'bias': d_model, eps."),
        (lambda: language(atend=None), "LanguageModel has no option 'atend'; did you mean 'att"),
    ],
)
def test_misspelt_options_of_the_parts(build, words):
    with pytest.raises(TypeError, match="^" + re.escape(words)):
        build()


HUGE = [10**30, 10**5000, 2**63]
SIZES = {
    "n_tokens": lambda n: att.LanguageModel(n, 12, 3, 1),
    "d_model": lambda n: att.LanguageModel(9, n, 3, 1),
    "n_heads": lambda n: att.LanguageModel(9, 12, n, 1),
    "n_layers": lambda n: att.LanguageModel(9, 12, 3, n),
    "n_positions": lambda n: att.LanguageModel(9, 12, 3, 1, positions="learned", n_positions=n),
    "n_kv_heads": lambda n: att.MultiHeadAttention(12, 3, n_kv_heads=n),
    "d_k": lambda n: att.MultiHeadAttention(12, 3, d_k=n),
    "d_v": lambda n: att.MultiHeadAttention(12, 3, d_v=n),
    "d_hidden": lambda n: att.TransformerBlock(12, 3, d_hidden=n),
    "n_classes": lambda n: att.VisionTransformer((3, 4, 6), 2, n, 12, 3, 1),
    "height": lambda n: att.VisionTransformer((3, n, 6), 2, 7, 12, 3, 1),
    "window": lambda n: language()(TOKENS, window=n),
    "top_k": lambda n: att.top_k_filter(torch.randn(3), n),
    "n_new": lambda n: att.generate(language().step, TOKENS, n),
    "stop": lambda n: att.generate(language().step, TOKENS, 2, stop=n),
}


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("number", HUGE, ids=["1e30", "1e5000", "2**63"])
def test_whole_numbers_of_any_size_get_our_words(name, number):
    for wrong in (number, -number):
        with pytest.raises(ValueError, match=rf"^{name}: expected"):
            SIZES[name](wrong)
    with pytest.raises(TypeError, match=rf"^{name}: expected a whole number, got inf"):
        SIZES[name](float("1e400"))


REALS = {
    "embedding_scale": lambda x: language(embedding_scale=x),
    "scale": lambda x: language()(TOKENS, scale=x),
    "softcap": lambda x: language()(TOKENS, softcap=x),
    "dropout": lambda x: language(dropout=x),
    "rotary_base": lambda x: language(rotary_base=x),
    "eps": lambda x: att.LayerNorm(3, eps=x),
    "temperature": lambda x: att.sample_token(torch.randn(3), torch.tensor(0.5), temperature=x),
    "length_penalty": lambda x: att.beam_search(
        language().step, TOKENS, 2, n_beams=2, length_penalty=x
    ),
}


@pytest.mark.parametrize("name", REALS)
@pytest.mark.parametrize("number", [*HUGE, float("1e400")], ids=["1e30", "1e5000", "2**63", "inf"])
def test_numbers_of_any_size_get_our_words(name, number):
    for wrong in (number, -number):
        with pytest.raises(ValueError, match=rf"^{name}: expected"):
            REALS[name](wrong)


@pytest.mark.parametrize("number", [*HUGE, float("1e400")], ids=["1e30", "1e5000", "2**63", "inf"])
@pytest.mark.parametrize(
    "build",
    [
        partial(att.TransformerBlock, 12, 3),
        partial(att.Encoder, 12, 3, 1),
        partial(att.EncoderDecoder, 9, 9, 12, 3, 1),
        partial(att.VisionTransformer, (3, 4, 6), 2, 7, 12, 3, 1),
    ],
)
def test_dropout_of_any_size_gets_our_words_from_each_class(build, number):
    for wrong in (number, -number):
        with pytest.raises(ValueError, match=r"^dropout: expected"):
            build(dropout=wrong)


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int64])
def test_numpys_whole_numbers_are_whole_numbers(kind):
    """An int8 holds no 4 · 100: sizes are computed with Python's own."""
    model = att.LanguageModel(
        kind(9), kind(100), kind(5), kind(2), positions="learned", n_positions=kind(12)
    )
    assert model.decoder.blocks[0].mlp.input.out_features == 400
    assert model(TOKENS % 9).shape == (BATCH, SEQ, 9)
    vision = att.VisionTransformer(
        (kind(3), kind(60), kind(40)), kind(20), kind(7), kind(12), kind(3), kind(1)
    )
    assert vision(torch.randn(2, 3, 60, 40)).shape == (2, 7)
