"""Speculative decoding changes nothing: by exact enumeration, of the rule and of the code."""

from __future__ import annotations

import itertools
from collections import Counter
from fractions import Fraction

import pytest
import torch

import attncourse.pytorch as att
from attncourse.experiments import speculative as spec


def table(seed, n_tokens=3):
    """A model of the last two tokens, as a function of the text; some chances are zero."""
    draw = torch.Generator().manual_seed(seed)
    p = torch.rand(n_tokens + 1, n_tokens + 1, n_tokens, generator=draw, dtype=torch.float64)
    p[p < 0.2] = 0
    p = (p + 1e-9 * (p.sum(-1, keepdim=True) == 0)) / p.sum(-1, keepdim=True).clamp(min=1e-9)

    def chances(text):
        a, b = ([-1, -1, *text])[-2:]
        return p[a, b]

    return chances


@pytest.mark.parametrize("n_draft", [1, 2, 3])
def test_the_distribution_of_texts_is_the_models(n_draft):
    p, q = table(1), table(2)
    wanted, found = spec.said(p, 3), spec.spoken(p, q, n_draft, 3)
    assert sum(found.values()) == pytest.approx(1, abs=1e-12)
    for text, chance in wanted.items():
        assert found.get(text, 0) == pytest.approx(chance, abs=1e-12)


def test_drawing_from_the_model_after_a_refusal_is_wrong():
    p, q = table(1), table(2)
    wanted, found = spec.said(p, 2), spec.spoken(p, q, 2, 2, refuse=lambda p, q: p)
    assert max(abs(found.get(text, 0) - chance) for text, chance in wanted.items()) > 0.02


def test_the_code_itself_by_all_its_noise():
    """Chances are multiples of 1/8, so a grid of midpoints is the integral over the noise."""
    p = torch.tensor([[2, 4, 2], [1, 1, 6], [0, 4, 4]], dtype=torch.float64) / 8
    q = torch.tensor([[4, 2, 2], [2, 4, 2]], dtype=torch.float64) / 8
    # Ratios p / q are 1/2, 2, 1 and 1/2, 1/4, 3; residuals are one token each.
    grid = (torch.arange(8, dtype=torch.float64) + 0.5) / 8
    found: Counter = Counter()
    for draft in itertools.product(range(3), repeat=2):
        share = Fraction(int(8 * q[0, draft[0]])) / 8 * Fraction(int(8 * q[1, draft[1]])) / 8
        for noise in itertools.product(grid, repeat=3):
            said = spec.verify(p, q, draft, torch.stack(noise))
            found[tuple(said)] += share / 8**3
    first = {a: sum(x for text, x in found.items() if text[0] == a) for a in range(3)}
    assert first == {0: Fraction(2, 8), 1: Fraction(4, 8), 2: Fraction(2, 8)}
    # Behind an accepted first token the second has the model's chances, too.
    longer = {text: x for text, x in found.items() if len(text) > 1}
    total = sum(longer.values())
    second = {b: sum(x for text, x in longer.items() if text[1] == b) / total for b in range(3)}
    assert second == {0: Fraction(1, 8), 1: Fraction(1, 8), 2: Fraction(6, 8)}
    assert total == Fraction(3, 4)  # Σ min(p, q)
    third = {text: x for text, x in longer.items() if len(text) == 3}
    assert all(text[2] != 0 for text in third)


def test_a_draft_that_is_always_right_is_always_accepted():
    p = torch.tensor([[0.5, 0.5], [0.2, 0.8], [1.0, 0.0]])
    assert spec.verify(p, p[:2], [1, 1], torch.tensor([0.99, 0.99, 0.3])) == [1, 1, 0]
    assert torch.equal(spec.residual(p[0], p[0]), p[0])


def test_tokens_a_pass_by_hand():
    assert spec.tokens_a_pass(0.5, 2) == 1.75
    assert spec.tokens_a_pass(1.0, 4) == 5
    assert spec.tokens_a_pass(0.0, 4) == 1


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return att.LanguageModel(40, 24, 6, 3, n_kv_heads=2).eval()


PARENTS = [-1, 0, 0, 1, 1, 2, -1, 6]


def branch(i):
    """From the root to a token, by another way than the mask."""
    return [] if i < 0 else [*branch(PARENTS[i]), i]


def test_a_tree_sees_its_branches():
    mask = spec.tree_mask(PARENTS)
    for i, row in enumerate(mask):
        assert row.nonzero().flatten().tolist() == branch(i)
    assert torch.equal(spec.tree_mask([-1, 0, 1, 2]), torch.ones(4, 4).tril().bool())
    with pytest.raises(ValueError, match=r"parents\[1\]"):
        spec.tree_mask([-1, 1])


@torch.no_grad()
def test_a_tree_in_one_pass_gives_each_branchs_logits(model):
    draw = torch.Generator().manual_seed(1)
    text, tree = (torch.randint(40, (1, n), generator=draw) for n in (7, len(PARENTS)))
    _, caches = model.with_cache(text)
    mask = spec.tree_mask(PARENTS)
    seen = torch.cat([torch.ones(len(PARENTS), 7, dtype=torch.bool), mask], -1)
    places = 6 + mask.sum(-1)
    found, _ = model.with_cache(tree, caches=caches, mask=seen, causal=False, positions=places)
    for i in range(len(PARENTS)):
        alone = model(torch.cat([text, tree[:, branch(i)]], -1))[0, -1]
        torch.testing.assert_close(found[0, i], alone, atol=1e-5, rtol=0)


@torch.no_grad()
def test_checked_guesses_write_what_the_model_writes(model):
    text = torch.randint(40, (1, 7), generator=torch.Generator().manual_seed(2))
    alone = att.generate(model.step, text, 24)[0][0].tolist()

    def knows(tokens):  # right, but for every fifth token
        return [(t + (i % 5 == 4)) % 40 for i, t in enumerate(alone)][len(tokens) :][:4]

    for guess, passes in ((lambda _: [], 24), (lambda _: [1, 2, 3], None), (knows, None)):
        found, n = spec.continued(model, text, 24, guess)
        assert found == alone
        assert n == passes or passes is None
    assert n < 12


def test_a_lookup_finds_the_last_time():
    assert spec.lookup([5, 1, 2, 7, 1, 2, 8, 9, 1, 2], 2) == [8, 9]
    assert spec.lookup([5, 1, 2, 7, 1, 2], 3) == [7, 1, 2]
    assert spec.lookup([1, 2, 3], 2) == []
