"""What the comparison of reads rests on: one place holds the answer, and each loss tells what it should."""

from __future__ import annotations

import pytest
import torch

import attncourse.pytorch as att
from attncourse.experiments import one_that_matters as game


def grown(condition, batch):
    """The gradients at queries and at values, of a network in float64."""
    model = game.build(condition).double()
    model.loss(*batch).backward()
    return model.query.weight.grad, model.value.weight.grad


def test_one_place_has_the_letter_and_its_digit_is_the_answer():
    torch.manual_seed(0)
    letters, digits, place, wanted = game.lists(50)
    assert all(len(set(row)) == game.N_PLACES for row in letters.tolist())
    for i in range(50):
        assert digits[i, place[i, 0]] == wanted[i]
    assert letters.max() < game.N_LETTERS
    assert digits.max() < game.N_DIGITS


@pytest.mark.parametrize("condition", ["REINFORCE", "REINFORCE, baseline"])
def test_the_draws_have_the_gradient_of_all_choices_on_average(condition):
    torch.manual_seed(0)
    one = game.lists(3)
    exact = grown("all choices", one)
    # Many draws at once: the same three lists again and again, in one batch.
    batch = tuple(part.repeat(20_000, *[1] * (part.ndim - 1)) for part in one)
    for mean, wanted in zip(grown(condition, batch), exact, strict=True):
        assert (mean - wanted).norm() < 0.1 * wanted.norm()


def test_the_arg_max_tells_queries_and_keys_nothing_and_values_something():
    torch.manual_seed(0)
    query, value = grown("arg max", game.lists(8))
    assert query is None or not query.any()
    assert value.any()


def test_the_reads_of_one_seed_begin_equal_and_an_even_start_is_even():
    first, second = game.build("soft", 3), game.build("straight-through", 3)
    assert all(map(torch.equal, first.state_dict().values(), second.state_dict().values()))
    torch.manual_seed(0)
    letters, _, place, _ = game.lists(200)
    weights = game.build("sparsemax, even start").weights(letters, place)
    assert (weights > 0).all()
    at_random = game.build("sparsemax").weights(letters, place)
    assert (at_random > 0).float().sum(-1).mean() < game.N_PLACES / 4


def test_a_network_that_knows_the_letters_is_right_and_alone_is_told_apart():
    model = game.build("soft")
    with torch.no_grad():
        model.query.weight.copy_(30 * torch.eye(game.N_LETTERS, game.WIDTH))
        model.key.weight.copy_(torch.eye(game.N_LETTERS, game.WIDTH))
        model.value.weight.copy_(torch.eye(game.N_DIGITS, game.WIDTH))
        model.answer.weight.copy_(torch.eye(game.N_DIGITS, game.WIDTH))
        model.answer.bias.zero_()
    seen = game.look(model)
    assert seen["right"] == seen["right alone"] == 1
    assert seen["weight"] > 0.9
    assert seen["places"] == game.N_PLACES
    letters, _, place, _ = game.lists(4)
    assert torch.equal(model.weights(letters, place), att.softmax(model.scores(letters, place)))
