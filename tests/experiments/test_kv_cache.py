"""What the cache laboratory rests on: a mask is a cache, a scale sees no future, one counter of bytes."""

from __future__ import annotations

import pytest
import torch

import attncourse.pytorch as att
from attncourse.analysis import kv_cache_bytes
from attncourse.experiments import kv_cache as lab


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    made = att.LanguageModel(50, 24, 6, 3, n_kv_heads=2).eval()
    for block in made.decoder.blocks:  # so that attention is not even
        block.attention.query.weight.data *= 4
    return made


def scores(n=12, n_heads=4):
    return 2 * torch.randn(n_heads, n, n, generator=torch.Generator().manual_seed(1))


@torch.no_grad()
def decoded(model, tokens, rule, room):
    """The same by another way: token after token, with a cache whose arrays are really small."""
    n_kv, rows = 2, []
    caches, places, totals = None, [[[] for _ in range(n_kv)] for _ in range(3)], None
    totals = [[{} for _ in range(n_kv)] for _ in range(3)]
    for t in range(tokens.shape[1]):
        if t >= room:
            smaller = []
            for layer, block in enumerate(caches):
                gone = []
                for head in range(n_kv):
                    old = places[layer][head]
                    free = [p for p in old if p >= rule.n_sinks]
                    if rule.older:
                        free = [p for p in free if p < t - room // 2]
                        free.sort(key=lambda p, s=totals[layer][head]: s[p])
                    out = free[0]
                    rest = [i for i, p in enumerate(old) if p != out]
                    gone.append(torch.tensor(rest))
                    places[layer][head] = [p for p in old if p != out]
                index = torch.stack(gone)[None, :, :, None]
                smaller.append(
                    block._replace(
                        self_attention=att.KVCache(
                            *(x.take_along_dim(index, 2) for x in block.self_attention)
                        )
                    )
                )
            caches = tuple(smaller)
        weights = []

        def attend(q, k, v, *, seen=weights, **options):
            y, w = att.scaled_dot_product_attention(q, k, v, return_weights=True, **options)
            seen.append(w[0, :, 0].unflatten(0, (n_kv, -1)).sum(1))
            return y

        where = torch.tensor([t])
        logits, caches = model.with_cache(
            tokens[:, t : t + 1], caches=caches, positions=where, attend=attend
        )
        rows.append(logits[0, 0])
        for layer in range(3):
            for head in range(n_kv):
                places[layer][head].append(t)
                for p, w in zip(places[layer][head], weights[layer][head], strict=True):
                    totals[layer][head][p] = totals[layer][head].get(p, 0) + w.item()
    return torch.stack(rows)


@pytest.mark.parametrize("name", ["window", "window and sinks", "heavy hitters"])
@torch.no_grad()
def test_one_pass_with_a_mask_is_decoding_with_a_small_cache(model, name):
    tokens = torch.randint(50, (1, 20), generator=torch.Generator().manual_seed(2))
    rule = lab.RULES[name]
    found = model(tokens, attend=lab.keeping(rule, 8))[0]
    torch.testing.assert_close(found, decoded(model, tokens, rule, 8), atol=1e-5, rtol=0)
    assert (found[8:] - model(tokens)[0, 8:]).abs().max() > 1e-3


@pytest.mark.parametrize("name", lab.RULES)
def test_a_rule_keeps_so_many_and_what_is_dropped_never_returns(name):
    seen = lab.visible(lab.RULES[name], scores(), 8, 2)
    n = seen.shape[-1]
    assert not seen.triu(1).any()
    assert torch.equal(seen.sum(-1), torch.arange(1, n + 1).clamp(max=8).expand(2, -1))
    assert seen.diagonal(dim1=-2, dim2=-1).all()
    for t in range(1, n):
        assert not (seen[:, t, :t] & ~seen[:, t - 1, :t]).any()


def test_a_window_is_the_librarys_window_and_sinks_stay():
    n = 12
    window = lab.visible(lab.RULES["window"], scores(n), 6, 2)[0]
    assert torch.equal(window, att.attention_mask(n, n, causal=True, window=6))
    sinks = lab.visible(lab.RULES["window and sinks"], scores(n), 6, 2)[1]
    assert sinks[-1].nonzero().flatten().tolist() == [0, 1, 2, 3, 10, 11]


def test_heavy_hitters_are_those_that_got_most():
    """By hand: every query gives all it can to position 1, so that it stays and 0 goes."""
    told = torch.zeros(2, 8, 8)
    told[:, :, 1] = 9.0
    seen = lab.visible(lab.RULES["heavy hitters"], told, 4, 1)[0]
    assert seen[-1].nonzero().flatten().tolist()[-2:] == [6, 7]
    assert seen[-1, 1]
    assert not seen[-1, 0] or seen[-1].sum() == 4
    assert not lab.visible(lab.RULES["window"], told, 4, 1)[0][-1, 1]


def test_nothing_later_moves_what_a_rounded_cache_says(model):
    tokens = torch.randint(50, (1, 80), generator=torch.Generator().manual_seed(3))
    changed = tokens.clone()
    changed[0, 50:] = (tokens[0, 50:] + 7) % 50
    for how in lab.ROUNDINGS.values():
        parts = [(lab.rounding(how))(*[x] * 3, causal=True) for x in sequences(50)]
        assert torch.equal(parts[0][..., :50, :], parts[1][..., :50, :])
        assert not torch.equal(parts[0][..., 50:, :], parts[1][..., 50:, :])


def sequences(n):
    """Two arrays (1, 2, 80, 32) that differ from position n on."""
    draw = torch.Generator().manual_seed(4)
    x = torch.randn(1, 2, 80, 32, generator=draw)
    y = x.clone()
    y[..., n:, :] = 5 * torch.randn(1, 2, 80 - n, 32, generator=draw)
    return x, y


def test_rounding_has_so_many_levels_and_keeps_the_ends():
    x = sequences(0)[0][..., :64, :]
    for bits in (2, 4):
        by_token = lab.rounded(x, bits, "token")
        by_channel = lab.rounded(x, bits, "channel")
        assert max(len(row.unique()) for row in by_token.flatten(0, 2)) <= 2**bits
        for column in by_channel[..., :32, :].transpose(-1, -2).flatten(0, 2):
            assert len(column.unique()) <= 2**bits
        torch.testing.assert_close(by_token.amax(-1), x.amax(-1))
        torch.testing.assert_close(by_channel[..., 32:, :].amin(-2), x[..., 32:, :].amin(-2))
    assert (lab.rounded(x, 8, "token") - x).abs().max() < 0.02


def test_a_group_with_an_outlier_pays_for_it():
    """Why keys are rounded by channel: one loud feature coarsens the whole token, not a channel."""
    x = torch.rand(64, 32, generator=torch.Generator().manual_seed(5))
    x[:, 3] += 20
    others = [i for i in range(32) if i != 3]
    wrong = {a: (lab.rounded(x, 2, a) - x)[:, others].abs().mean() for a in ("token", "channel")}
    assert wrong["token"] > 3 * wrong["channel"]


@torch.no_grad()
def test_a_window_of_everything_and_many_bits_change_nothing(model):
    tokens = torch.randint(50, (1, 20), generator=torch.Generator().manual_seed(2))
    full = model(tokens)
    torch.testing.assert_close(model(tokens, attend=lab.keeping(lab.Rule(), 20)), full)
    short = lab.shallow(model, 2)
    assert len(short.decoder.blocks) == 2
    assert len(model.decoder.blocks) == 3
    assert not torch.allclose(short(tokens), full)


@torch.no_grad()
def test_shared_layers_ask_the_layer_before(model):
    asked = []
    shared = lab.sharing()
    q, k, v = torch.randn(3, 1, 2, 5, 4).unbind(0)
    first, second, third = (shared(q, k + n, v + n, causal=True) for n in range(3))
    assert torch.equal(first, second)
    assert not torch.equal(first, third)
    assert asked == []


@torch.no_grad()
def test_one_head_is_the_mean_and_the_model_stays(model):
    tokens = torch.arange(9)[None]
    before = model(tokens)
    one = lab.pooled(model)
    assert one.decoder.blocks[0].attention.key.weight.shape == (4, 24)
    halves = model.decoder.blocks[1].attention.value.weight.chunk(2)
    torch.testing.assert_close(one.decoder.blocks[1].attention.value.weight, sum(halves) / 2)
    assert one(tokens).shape == before.shape
    assert torch.equal(model(tokens), before)


def test_bytes_by_hand():
    per_token = 2 * 30 * 3 * 2 * 64
    assert lab.kept_bytes(1) == per_token == kv_cache_bytes(1, **lab.SHAPES)
    assert lab.kept_bytes(500, room=64) == 64 * per_token
    assert lab.kept_bytes(10, room=64) == 10 * per_token
    # 33 tokens at 2 bits: 32 rounded, with 4 bytes for each 32 numbers, and one as it came.
    numbers = 32 * 30 * 3 * 128
    assert lab.kept_bytes(33, bits=2) == numbers // 4 + numbers // 32 * 4 + per_token
    assert lab.kept_bytes(1, sums=True) == per_token + 4 * 90
    assert lab.bytes_of("one head", 512) * 3 == lab.bytes_of("everything", 512)
    assert lab.bytes_of("layers in pairs", 512) * 2 == lab.bytes_of("everything", 512)


def test_every_condition_is_known():
    known = {"everything", *lab.RULES, *lab.ROUNDINGS, *lab.CHANGES}
    assert set(lab.EXPERIMENT.budgets) == known


def test_the_overlap_of_a_text_with_itself_is_one(monkeypatch):
    text = torch.randint(9, (1, 33), generator=torch.Generator().manual_seed(6))
    monkeypatch.setattr(lab, "passages", lambda: (text,))
    sure = torch.nn.functional.one_hot(text[0, 1:], 9).float() * 40
    monkeypatch.setattr(lab, "whole", lambda passage: sure)
    same = lab.judge(sure, 0)
    assert (same["loss"], same["overlap"], same["along"]) == (0, 1, [0])
    other = lab.judge(torch.zeros(32, 9), 0)
    assert other["loss"] == pytest.approx(torch.tensor(9.0).log().item(), abs=1e-4)
    assert other["overlap"] == pytest.approx(1 / 9, abs=1e-4)
