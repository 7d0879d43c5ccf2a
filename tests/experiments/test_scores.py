"""What the comparison of scores rests on: corners, mirror images, who is meant."""

from __future__ import annotations

import math

import torch

from attncourse.experiments import scores as game


def test_a_corner_is_what_some_direction_prefers():
    torch.manual_seed(0)
    keys = torch.randn(50, game.N_KEYS, 2, dtype=torch.float64)
    angle = torch.linspace(0, 2 * math.pi, 100_000, dtype=torch.float64)
    winners = (keys @ torch.stack([angle.cos(), angle.sin()])).argmax(dim=1)
    seen = torch.stack([(winners == j).any(dim=-1) for j in range(game.N_KEYS)], dim=-1)
    assert (game.corners(keys) == seen).all()
    square = torch.tensor([[[0.0, 0], [2, 0], [2, 2], [0, 2], [1, 1], [0.5, 1]]])
    assert game.corners(square).tolist() == [[True] * 4 + [False] * 2]


def test_each_query_is_the_key_it_asks_for_turned_by_a_third():
    torch.manual_seed(0)
    q, k, wanted = game.by_content(torch.randn(5, game.N_KEYS, 2))
    meant = torch.stack([k[i, wanted[i]] for i in range(5)])
    assert torch.allclose(game.turned(q, 2 * game.TURN), meant, atol=1e-6)
    assert not torch.allclose(q, meant)
    assert (wanted.sort(dim=-1).values == torch.arange(game.N_KEYS)).all()


def test_the_test_sets_are_their_own_mirror_image():
    keys = game.tests()
    assert torch.equal(keys[: len(keys) // 2], -keys[len(keys) // 2 :])


def test_found_belongs_to_the_key_and_not_to_the_query():
    """A score that knows the turn finds a key if its own query prefers it, and it is a corner."""
    model = game.build("multiplicative")
    model.score.w.data = game.turned(torch.eye(2), -game.TURN)
    right, _ = game.found(model)
    keys = game.tests()
    own = (keys @ keys.transpose(1, 2)).argmax(dim=-1) == torch.arange(game.N_KEYS)
    assert torch.equal(right, own)
    assert not right[~game.corners(keys)].any()
