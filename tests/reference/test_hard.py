"""Choosing instead of mixing: by hand, by enumeration of all choices, and by the laws of chance."""

from __future__ import annotations

import itertools
import math
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import attncourse.pytorch as att
import attncourse.reference as ref
from tests.cases.common import normal, qkv, some
from tests.reference.oracle import visible

BOTH = pytest.mark.parametrize("room", [ref, att], ids=["reference", "pytorch"])
TIES = hnp.arrays(np.float64, (4, 5), elements=st.sampled_from([-np.inf, -1.0, 0.0, 0.5]))
MASKS = hnp.arrays(bool, (4, 5))


def to(room, *arrays):
    """The arrays in the room's own library, and its result back in NumPy."""
    return [torch.from_numpy(a) if room is att else a for a in arrays]


def best_first(row, allowed) -> list[int]:
    """Places by falling score, the earlier first among equals, without what may not be chosen."""
    places = [j for j in range(len(row)) if allowed[j] and row[j] > -math.inf]
    return sorted(places, key=lambda j: (-row[j], j))


@BOTH
@given(x=TIES, mask=MASKS)
def test_hardmax_takes_the_first_of_the_best(room, x, mask):
    x_, mask_ = to(room, x, mask)
    found = np.asarray(room.hardmax(x_, mask=mask_))
    for row, scores, allowed in zip(found, x, mask, strict=True):
        expected = best_first(scores, allowed)[:1]
        assert row.nonzero()[0].tolist() == expected
        assert row.sum() == len(expected)


@BOTH
@given(x=TIES, mask=MASKS, top_k=st.integers(1, 6))
def test_top_k_is_the_softmax_of_the_k_best(room, x, mask, top_k):
    x_, mask_ = to(room, x, mask)
    found = np.asarray(room.top_k_softmax(x_, top_k, mask=mask_))
    for row, scores, allowed in zip(found, x, mask, strict=True):
        chosen = best_first(scores, allowed)[:top_k]
        total = sum(math.exp(scores[j]) for j in chosen)
        expected = [math.exp(scores[j]) / total if j in chosen else 0 for j in range(5)]
        np.testing.assert_allclose(row, expected, atol=1e-15)


def test_top_k_between_its_limits():
    x, mask = normal(3, 6), some(3, 6)
    np.testing.assert_array_equal(ref.top_k_softmax(x, 1, mask=mask), ref.hardmax(x, mask=mask))
    np.testing.assert_array_equal(ref.top_k_softmax(x, 6, mask=mask), ref.softmax(x, mask=mask))
    np.testing.assert_array_equal(ref.top_k_softmax(x, 99), ref.softmax(x))


@BOTH
@pytest.mark.parametrize("order", [1, -1])
def test_the_first_are_taken_of_many_equals(room, order):
    """Long rows, on which a sort that is not stable shuffles equal scores."""
    x = np.repeat([3.0, 1.0, 2.0, 0.0], 250)[::order].copy()
    found = np.asarray(room.top_k_softmax(to(room, x)[0], 400))
    expected = [*np.flatnonzero(x == 3), *np.flatnonzero(x == 2)[:150]]
    assert found.nonzero()[0].tolist() == sorted(expected)
    assert np.asarray(room.hardmax(to(room, x)[0])).argmax() == np.flatnonzero(x == 3)[0]


def test_hardmax_is_the_softmax_at_no_temperature():
    x = normal(5, 6)
    np.testing.assert_allclose(ref.softmax(x, temperature=1e-4), ref.hardmax(x), atol=1e-12)


def test_hard_weights_lie_along_the_axis_that_is_asked_for():
    x = normal(3, 4, 5)
    assert (ref.hardmax(x, axis=1).sum(1) == 1).all()
    assert ((ref.top_k_softmax(x, 2, axis=0) > 0).sum(0) == 2).all()
    assert (ref.gumbel_hardmax(x, normal(3, 4, 5), axis=1).sum(1) == 1).all()


def test_gradients_of_top_k_flow_to_what_was_chosen():
    x = torch.tensor([3.0, 1.0, 2.0, 0.0], dtype=torch.float64, requires_grad=True)
    att.top_k_softmax(x, 2)[0].backward()
    p = 1 / (1 + math.exp(-1))  # scores 3 and 2
    np.testing.assert_allclose(x.grad, [p * (1 - p), 0, -p * (1 - p), 0])
    assert not att.hardmax(x).requires_grad


@BOTH
def test_gumbel_noise_by_hand(room):
    """P(g <= t) = exp(-exp(-t)), so u = 1/e is at 0, and u = exp(-1/e) at 1."""
    (uniform,) = to(room, np.exp([-1.0, -np.exp(-1.0), -np.e]))
    np.testing.assert_allclose(room.gumbel_noise(uniform), [0, 1, -1], atol=1e-12)


@BOTH
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_gumbel_noise_is_finite_at_both_ends(room, dtype):
    noise = np.asarray(room.gumbel_noise(*to(room, np.array([0.0, 1.0], dtype=dtype))))
    assert noise.dtype == dtype
    tiny = np.finfo(np.promote_types(dtype, np.float32)).tiny
    half_step = np.finfo(np.promote_types(dtype, np.float32)).eps / 2
    expected = [-math.log(-math.log(tiny)), -math.log(half_step)]
    np.testing.assert_allclose(noise, expected, rtol=1e-3)
    assert noise[0] < -4
    assert noise[1] > 16


def test_draws_follow_the_softmax():
    """20 000 draws: each frequency within four standard deviations of its probability."""
    x, mask = np.array([0.3, -1.0, 1.2, 0.0, 2.0]), np.array([True, True, True, True, False])
    n = 20_000
    noise = ref.gumbel_noise(np.random.default_rng(1954).random((n, 5)))
    found = ref.gumbel_hardmax(np.tile(x, (n, 1)), noise, mask=mask).mean(0)
    p = ref.softmax(x, mask=mask)
    assert found[4] == 0
    assert (abs(found - p) <= 4 * np.sqrt(p * (1 - p) / n)).all()


@BOTH
def test_the_noise_decides(room):
    x, noise = to(room, np.array([1.0, 2.0]), np.array([1.5, 0.0]))
    np.testing.assert_array_equal(room.gumbel_hardmax(x, noise), [1, 0])
    np.testing.assert_array_equal(room.gumbel_hardmax(x, -noise), [0, 1])
    np.testing.assert_allclose(
        room.gumbel_softmax(x, noise), [1 / (1 + math.exp(-0.5)), 1 / (1 + math.exp(0.5))]
    )
    np.testing.assert_allclose(
        room.gumbel_softmax(x, noise, temperature=0.25),
        [1 / (1 + math.exp(-2)), 1 / (1 + math.exp(2))],
    )


def test_the_soft_draw_falls_where_the_hard_one_does():
    x, noise = normal(50, 6), ref.gumbel_noise(np.random.default_rng(0).random((50, 6)))
    hard = ref.gumbel_hardmax(x, noise)
    for temperature in (0.01, 1.0, 30.0):
        soft = ref.gumbel_softmax(x, noise, temperature=temperature)
        np.testing.assert_array_equal(ref.hardmax(soft), hard)
    np.testing.assert_allclose(ref.gumbel_softmax(x, noise, temperature=1e-5), hard, atol=1e-9)


@pytest.mark.parametrize("temperature", [1.0, 0.4])
@pytest.mark.parametrize("axis", [0, 1])
def test_straight_through_has_the_value_of_one_and_the_gradient_of_the_other(temperature, axis):
    x, noise, grad, mask = normal(4, 5), normal(4, 5), normal(4, 5), some(4, 5)
    options = {"axis": axis, "temperature": temperature}
    leaf, mask_ = torch.tensor(x, requires_grad=True), torch.from_numpy(mask)
    found = att.straight_through_gumbel(leaf, torch.from_numpy(noise), mask=mask_, **options)
    hard = ref.gumbel_hardmax(x, noise, axis=axis, mask=mask)
    np.testing.assert_array_equal(found.detach(), hard)
    np.testing.assert_array_equal(ref.straight_through_gumbel(x, noise, mask=mask, **options), hard)
    found.backward(torch.from_numpy(grad))
    soft = ref.gumbel_softmax(x, noise, mask=mask, **options)
    np.testing.assert_allclose(leaf.grad, ref.softmax_backward(grad, soft, **options), atol=1e-14)
    assert (leaf.grad.numpy() != 0).any()


def test_straight_through_has_temperature_one_and_the_last_axis():
    x, noise, grad = normal(4, 5), normal(4, 5), normal(4, 5)
    leaf = torch.tensor(x, requires_grad=True)
    att.straight_through_gumbel(leaf, torch.from_numpy(noise)).backward(torch.from_numpy(grad))
    soft = ref.softmax(x + noise)
    np.testing.assert_allclose(leaf.grad, ref.softmax_backward(grad, soft), atol=1e-14)
    np.testing.assert_allclose(ref.gumbel_softmax(x, noise), soft)


@BOTH
def test_log_probability_by_hand(room):
    x, choice = to(room, np.log([[1.0, 3.0, 4.0]] * 2), np.array([[0.0, 1, 0], [0, 0, 1.0]]))
    np.testing.assert_allclose(
        np.exp(np.asarray(room.choice_log_prob(x, choice))), [[3 / 8], [4 / 8]]
    )
    (mask,) = to(room, np.array([True, True, False]))
    found = np.exp(np.asarray(room.choice_log_prob(x, choice, mask=mask)))
    np.testing.assert_allclose(found, [[3 / 4], [0]])
    (nothing,) = to(room, np.zeros((2, 3)))
    (empty,) = to(room, np.zeros(3, dtype=bool))
    assert (np.asarray(room.choice_log_prob(x, nothing, mask=empty)) == 0).all()


def test_log_probability_of_what_is_all_but_impossible():
    """A softmax first, and its logarithm after, would give -inf."""
    found = ref.choice_log_prob(np.array([0.0, 2000.0]), np.array([1.0, 0.0]))
    np.testing.assert_allclose(found, [-2000.0])


@BOTH
@pytest.mark.parametrize("with_baseline", [False, True])
def test_reinforce_is_right_on_average(room, with_baseline):
    """All choices, each weighed by its probability: exactly the gradient of the expected reward."""
    x, mask = normal(3, 4), np.array([True, True, False, True])
    rewards = normal(3, 4)  # what each choice would be worth
    baseline = normal(3, 1) if with_baseline else None
    p = ref.softmax(x, mask=mask)
    average = np.zeros_like(x)
    for c in (0, 1, 3):
        choice = np.tile(np.eye(4)[c], (3, 1))
        arrays = to(room, x, choice, rewards[:, c : c + 1])
        options = {"mask": to(room, mask)[0]}
        if with_baseline:
            options["baseline"] = to(room, baseline)[0]
        average += p[:, c : c + 1] * np.asarray(room.reinforce_gradient(*arrays, **options))
    leaf = torch.tensor(x, requires_grad=True)
    expected = (att.softmax(leaf, mask=torch.from_numpy(mask)) * torch.from_numpy(rewards)).sum()
    expected.backward()
    np.testing.assert_allclose(average, leaf.grad, atol=1e-14)


def test_reinforce_of_two_choices_with_one_reward():
    """Two queries choose together, and share what comes of it: all 16 pairs enumerated."""
    x = normal(2, 4)
    worth = normal(4, 4)  # a table that no sum of two parts could give
    p = ref.softmax(x)
    average = np.zeros_like(x)
    for pair in itertools.product(range(4), repeat=2):
        probability = p[0, pair[0]] * p[1, pair[1]]
        estimate = ref.reinforce_gradient(x, np.eye(4)[list(pair)], worth[pair].reshape(1, 1))
        average += probability * estimate
    leaf = torch.tensor(x, requires_grad=True)
    first, second = torch.softmax(leaf, -1)
    (first @ torch.from_numpy(worth) @ second).backward()
    np.testing.assert_allclose(average, leaf.grad, atol=1e-14)


def test_the_best_baseline_leaves_less_variance():
    """With every reward near 10, the estimate without a baseline is mostly noise."""
    x, rewards = np.zeros(4), np.array([10.0, 10.5, 9.5, 11.0])
    p = ref.softmax(x)

    def variance(baseline: float) -> float:
        estimates = np.array(
            [
                ref.reinforce_gradient(
                    x, np.eye(4)[c], rewards[c : c + 1], baseline=np.array([baseline])
                )
                for c in range(4)
            ]
        )
        mean = p @ estimates
        return float(p @ np.square(estimates - mean).sum(-1))

    assert variance(float(p @ rewards)) < variance(0.0) / 100


@pytest.mark.parametrize("axis", [0, 1])
def test_the_surrogate_has_the_estimate_as_its_gradient(axis):
    """Minus the estimate, as a loss is descended; and nothing flows to the reward."""
    x, mask = normal(4, 5), some(4, 5)
    mask[0, 2] = mask[1, :] = True
    one_each = ref.hardmax(normal(4, 5), axis=axis, mask=mask)
    rows = (1, 5) if axis == 0 else (4, 1)
    reward, baseline = normal(*rows), normal(*rows)
    leaf = torch.tensor(x, requires_grad=True)
    paid = torch.tensor(reward, requires_grad=True)
    options = {"axis": axis, "mask": torch.from_numpy(mask), "baseline": torch.from_numpy(baseline)}
    loss = att.reinforce_loss(leaf, torch.from_numpy(one_each), paid, **options)
    log_prob = ref.choice_log_prob(x, one_each, axis=axis, mask=mask)
    np.testing.assert_allclose(loss.detach(), -(reward - baseline) * log_prob)
    loss.sum().backward()
    expected = ref.reinforce_gradient(x, one_each, reward, axis=axis, mask=mask, baseline=baseline)
    np.testing.assert_allclose(leaf.grad, -expected, atol=1e-14)
    assert paid.grad is None


def hard_oracle(q, k, v, choose, mask=None, causal=False, window=None):
    """Attention one query at a time, where ``choose`` gives the weights of a row's scores."""
    n_batch, n_heads, q_len, d_k = q.shape
    n_kv_heads, kv_len, d_v = v.shape[1:]
    output = np.zeros((n_batch, n_heads, q_len, d_v))
    for b, h, i in np.ndindex(n_batch, n_heads, q_len):
        g = h * n_kv_heads // n_heads
        row = [sum(q[b, h, i] * k[b, g, j]) / math.sqrt(d_k) for j in range(kv_len)]
        allowed = [visible(i, j, q_len, kv_len, causal, window) for j in range(kv_len)]
        if mask is not None:
            allowed = [a and mask[b, 0, i, j] for j, a in enumerate(allowed)]
        for j, weight in choose(row, allowed, (b, h, i)).items():
            output[b, h, i] += weight * v[b, g, j]
    return output


@pytest.mark.parametrize(
    "options", [{}, {"causal": True}, {"window": 2}, {"mask": some(2, 1, 5, 7)}], ids=str
)
def test_attention_one_query_at_a_time(options):
    q, k, v = qkv()
    noise = normal(2, 6, 5, 7)

    def first(row, allowed, _):
        return dict.fromkeys(best_first(row, allowed)[:1], 1.0)

    def best_three(row, allowed, _):
        chosen = best_first(row, allowed)[:3]
        total = sum(math.exp(row[j]) for j in chosen)
        return {j: math.exp(row[j]) / total for j in chosen}

    def drawn(row, allowed, where):
        return dict.fromkeys(best_first(row + noise[where], allowed)[:1], 1.0)

    for found, choose in (
        (ref.argmax_attention(q, k, v, **options), first),
        (ref.top_k_attention(q, k, v, 3, **options), best_three),
        (ref.sampled_attention(q, k, v, noise, **options), drawn),
    ):
        np.testing.assert_allclose(found, hard_oracle(q, k, v, choose, **options), atol=1e-12)


def test_attention_without_a_batch():
    """Grouped heads, and one head alone: what a batch of one gives."""
    q, k, v = qkv()
    noise = normal(2, 6, 5, 7)
    for attend, more in (
        (ref.argmax_attention, ()),
        (partial(ref.top_k_attention, top_k=3), ()),
        (ref.sampled_attention, (noise,)),
    ):
        whole = attend(q, k, v, *more, causal=True)
        heads = [a[1] for a in (q, k, v, *more)]
        np.testing.assert_array_equal(attend(*heads, causal=True), whole[1])
        one = q[1, 4], k[1, 2], v[1, 2], *(a[1, 4] for a in more)  # head 4 is served by 2
        np.testing.assert_array_equal(attend(*one, causal=True), whole[1, 4])


def test_attention_that_may_choose_all_is_soft():
    q, k, v = qkv()
    options = {"causal": True, "softcap": 1.5, "bias": normal(5, 7)}
    soft = ref.scaled_dot_product_attention(q, k, v, **options, return_weights=True)
    for found, expected in zip(
        ref.top_k_attention(q, k, v, 7, **options, return_weights=True), soft, strict=True
    ):
        np.testing.assert_allclose(found, expected, atol=1e-14)


def test_draws_give_soft_attention_on_average():
    """5000 draws of three keys: the mean output within five standard errors."""
    q, k, v = normal(1, 4), normal(3, 4), normal(3, 2)
    n = 5000
    noise = ref.gumbel_noise(np.random.default_rng(7).random((n, 1, 1, 3)))
    many = [np.broadcast_to(a, (n, 1, *a.shape)) for a in (q, k, v)]
    draws = ref.sampled_attention(*many, noise)[:, 0, 0]
    expected = ref.scaled_dot_product_attention(q, k, v)[0]
    assert (abs(draws.mean(0) - expected) < 5 * draws.std(0) / math.sqrt(n)).all()


@BOTH
def test_weights_are_shown_when_asked_for(room):
    q, k, v = to(room, *qkv())
    output, weights = room.argmax_attention(q, k, v, causal=True, return_weights=True)
    assert weights.shape == (2, 6, 5, 7)
    assert (np.asarray(weights).sum(-1) == 1).all()
    np.testing.assert_array_equal(room.argmax_attention(q, k, v, causal=True), output)
    assert np.asarray(weights)[..., 0, 3:].sum() == 0


def test_learning_by_reinforce_finds_the_best_key():
    """The loop of a reader: draw, be paid, step. The right key ends up with the weight."""
    rng = np.random.default_rng(0)
    x, rewards, baseline = np.zeros(4), np.array([0.0, 1.0, 0.2, 0.1]), 0.0
    for _ in range(300):
        choice = ref.gumbel_hardmax(x, ref.gumbel_noise(rng.random(4)))
        reward = rewards[choice == 1]
        x = x + 0.5 * ref.reinforce_gradient(x, choice, reward, baseline=np.array([baseline]))
        baseline += 0.1 * (reward.item() - baseline)
    assert ref.softmax(x)[1] > 0.9
