"""Checks of ``linear_attention_recurrent(q, k, v, key_value_sum, key_sum)``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.exercises.ch04_mathematics import oracles
from attncourse.grading.exercises.ch04_mathematics.common import Mistake, hold, shares, turned

QUESTION = Question(
    "linear_attention_recurrent",
    ("q", "k", "v", "key_value_sum", "key_sum"),
    returns=("array", "array", "array"),
    ready_made=oracles.READY_ATTENTION + oracles.READY_SOFTMAX,
)
WHAT = ("the output", "key_value_sum", "key_sum")
AXES = (("position", "feature"), ("key feature", "value feature"), ("key feature",))
Arrays = tuple[np.ndarray, ...]
Reader = Callable[..., Arrays]


def _divided(mixed: np.ndarray, total: np.ndarray) -> np.ndarray:
    return mixed / np.where(total == 0, 1, total)[..., None]


def _sums(q: np.ndarray, k: np.ndarray, v: np.ndarray, S: np.ndarray, z: np.ndarray) -> Arrays:
    """Both states after each position, the ones that came in first."""
    kv = np.cumsum(k[..., :, None] * v[..., None, :], axis=-3)
    return S[..., None, :, :] + kv, z[..., None, :] + np.cumsum(k, axis=-2)


def _asked(q: np.ndarray, states: np.ndarray, totals: np.ndarray) -> Arrays:
    return np.einsum("...ta,...tab->...tb", q, states), np.einsum("...ta,...ta->...t", q, totals)


def _read(q: np.ndarray, k: np.ndarray, v: np.ndarray, S: np.ndarray, z: np.ndarray) -> Arrays:
    states, totals = _sums(q, k, v, S, z)
    return _divided(*_asked(q, states, totals)), states[..., -1, :, :], totals[..., -1, :]


def _before_writing(
    q: np.ndarray, k: np.ndarray, v: np.ndarray, S: np.ndarray, z: np.ndarray
) -> Arrays:
    states, totals = _sums(q, k, v, S, z)
    before = [np.concatenate([S[..., None, :, :], states[..., :-1, :, :]], axis=-3)]
    before.append(np.concatenate([z[..., None, :], totals[..., :-1, :]], axis=-2))
    return _divided(*_asked(q, *before)), states[..., -1, :, :], totals[..., -1, :]


def _future(q: np.ndarray, k: np.ndarray, v: np.ndarray, S: np.ndarray, z: np.ndarray) -> Arrays:
    _, S, z = _read(q, k, v, S, z)
    mixed, total = np.einsum("...ta,...ab->...tb", q, S), np.einsum("...ta,...a->...t", q, z)
    return _divided(mixed, total), S, z


def _undivided(q: np.ndarray, k: np.ndarray, v: np.ndarray, S: np.ndarray, z: np.ndarray) -> Arrays:
    _, after, total = _read(q, k, v, S, z)
    return _asked(q, *_sums(q, k, v, S, z))[0], after, total


def _by_count(q: np.ndarray, k: np.ndarray, v: np.ndarray, S: np.ndarray, z: np.ndarray) -> Arrays:
    mixed, after, total = _undivided(q, k, v, S, z)
    return mixed / np.arange(1, q.shape[-2] + 1)[:, None], after, total


def _old_total(q: np.ndarray, k: np.ndarray, v: np.ndarray, S: np.ndarray, z: np.ndarray) -> Arrays:
    states, totals = _sums(q, k, v, S, 0 * z)
    return _divided(*_asked(q, states, totals)), states[..., -1, :, :], totals[..., -1, :]


def _nan(q: np.ndarray, k: np.ndarray, v: np.ndarray, S: np.ndarray, z: np.ndarray) -> Arrays:
    mixed, total = _asked(q, *_sums(q, k, v, S, z))
    return mixed / total[..., None], *_read(q, k, v, S, z)[1:]


def _softmax(q: np.ndarray, k: np.ndarray, v: np.ndarray, S: np.ndarray, z: np.ndarray) -> Arrays:
    causal = np.tri(q.shape[-2], dtype=bool)
    weights = shares(q @ turned(k) / np.sqrt(q.shape[-1]), causal)
    return weights @ v, *_read(q, k, v, S, z)[1:]


def _fresh(q: np.ndarray, k: np.ndarray, v: np.ndarray, S: np.ndarray, z: np.ndarray) -> Arrays:
    return _read(q, k, v, 0 * S, 0 * z)


def _forgetful(q: np.ndarray, k: np.ndarray, v: np.ndarray, S: np.ndarray, z: np.ndarray) -> Arrays:
    only = k[..., :, None] * v[..., None, :]
    states, totals = S[..., None, :, :] + only, z[..., None, :] + k
    return _divided(*_asked(q, states, totals)), states[..., -1, :, :], totals[..., -1, :]


def _given_back(
    q: np.ndarray, k: np.ndarray, v: np.ndarray, S: np.ndarray, z: np.ndarray
) -> Arrays:
    return _read(q, k, v, S, z)[0], S, z


def _queries_kept(
    q: np.ndarray, k: np.ndarray, v: np.ndarray, S: np.ndarray, z: np.ndarray
) -> Arrays:
    return _read(k, q, v, S, z)


def _turned_state(
    q: np.ndarray, k: np.ndarray, v: np.ndarray, S: np.ndarray, z: np.ndarray
) -> Arrays:
    if S.shape[-1] != S.shape[-2]:
        raise ValueError("these shapes do not allow the mistake")
    states, totals = _sums(q, k, v, S, z)
    states = S[..., None, :, :] + turned(states - S[..., None, :, :])
    return _divided(*_asked(q, states, totals)), states[..., -1, :, :], totals[..., -1, :]


#: Name, message and all three results of each known mistake.
KNOWN: list[tuple[str, str, Reader]] = [
    (
        "read before writing",
        "You read the state before the token's own key and value are in it. A query sees itself: "
        "write first, then read.",
        _before_writing,
    ),
    (
        "future seen",
        "Every query reads the state at the end, and so sees what comes after it. Read after each "
        "step.",
        _future,
    ),
    (
        "not normalised",
        "The output is not divided. The weights of a query have to sum to 1: divide by the dot "
        "product of q with key_sum.",
        _undivided,
    ),
    (
        "divided by the count",
        "You divide by the number of tokens. The weights' sum is the dot product of q with "
        "key_sum.",
        _by_count,
    ),
    (
        "key_sum starts at zero",
        "key_value_sum goes on where it was, key_sum starts at zero. Both came in, and belong "
        "together.",
        _old_total,
    ),
    (
        "state ignored",
        "Both sums start at zero, whatever was handed in. What was read before is in them: start "
        "from there.",
        _fresh,
    ),
    (
        "old state given back",
        "The output is right, but the sums that you give back are those that came in. The next "
        "piece of text needs the new ones.",
        _given_back,
    ),
    (
        "state overwritten",
        "Each step begins at the state that came in again, so only the last token is in it. Carry "
        "the sums on from step to step.",
        _forgetful,
    ),
    (
        "NaN without weight",
        "A query whose features meet no key gets NaN: 0 divided by 0. Its output should be zeros.",
        _nan,
    ),
    (
        "softmax",
        "That is softmax attention. Here q and k hold features already, and the weight of a key is "
        "their dot product as it is.",
        _softmax,
    ),
    (
        "queries in the state",
        "Queries and keys are swapped: the state collects keys, and the query asks it.",
        _queries_kept,
    ),
    (
        "state transposed",
        "The products in the state are transposed. Its rows are features of the key, its columns "
        "those of the value: k[:, None] * v[None, :].",
        _turned_state,
    ),
]


def _mistakes(inputs: Arrays, reader: Callable[[Reader], Reader] = lambda f: f) -> list[Mistake]:
    return [Mistake(bug, says, partial(reader(f), *inputs)) for bug, says, f in KNOWN]


def _draw(
    rng: np.random.Generator,
    *batch: int,
    seq: int = 5,
    d_k: int = 4,
    d_v: int = 3,
    read: bool = True,
) -> Arrays:
    """Features that are not negative, and the state of some text that was read before."""
    q, k = rng.exponential(size=(2, *batch, seq, d_k))
    v = rng.normal(size=(*batch, seq, d_v))
    old_k, old_v = rng.exponential(size=(*batch, 3, d_k)), rng.normal(size=(*batch, 3, d_v))
    return q, k, v, read * (turned(old_k) @ old_v), read * old_k.sum(axis=-2)


def _hold(call: Call, inputs: Arrays) -> None:
    hold(
        call("linear_attention_recurrent", *inputs),
        oracles.linear_attention_recurrent(*inputs),
        what=WHAT,
        mistakes=_mistakes(inputs),
        axes=AXES,
    )


@QUESTION.check(points=1, hint="All weights are equal here. What is a mean with equal weights?")
def equal_keys_give_means(call: Call, rng: np.random.Generator) -> None:
    """Where all keys are alike, the outputs are the means of the values so far."""
    a, b = rng.uniform(0.5, 2, size=2)
    v = rng.normal(size=(4, 3))
    inputs = (np.full((4, 1), a), np.full((4, 1), b), v, np.zeros((1, 3)), np.zeros(1))
    means = np.array([v[: t + 1].mean(axis=0) for t in range(4)])
    right = (means, b * v.sum(axis=0, keepdims=True), np.array([4 * b]))
    given = call("linear_attention_recurrent", *inputs)
    hold(given, right, what=WHAT, mistakes=_mistakes(inputs), axes=AXES)


@QUESTION.check(
    points=2, hint="For each t: write k_t and v_t into the sums, then ask them with q_t."
)
def agrees_with_all_pairs(call: Call, rng: np.random.Generator) -> None:
    """From an empty state, the same numbers as by all pairs of a query and a key before it."""
    _hold(call, _draw(rng, read=False))


@QUESTION.check(points=2, hint="key_value_sum and key_sum: start from those that came in.")
def goes_on_where_it_was(call: Call, rng: np.random.Generator) -> None:
    """From the state of a text that was read before."""
    _hold(call, _draw(rng, seq=6))


@QUESTION.check(points=2, hint="Hand back the sums after the last token.")
def two_pieces_make_a_whole(call: Call, rng: np.random.Generator) -> None:
    """A text read in two pieces, the state handed on, gives what it gives in one."""
    inputs = _draw(rng, 2, seq=7)
    cut = int(rng.integers(2, 6))

    def twice(read: Reader) -> Reader:
        def both(*inputs: np.ndarray) -> Arrays:
            texts, state = inputs[:3], inputs[3:]
            first, *state = read(*(x[..., :cut, :] for x in texts), *state)
            if [np.shape(s) for s in state] != [s.shape for s in inputs[3:]]:
                return first, *state
            second, *state = read(*(x[..., cut:, :] for x in texts), *state)
            if np.ndim(first) != 3 or np.ndim(second) != 3 or first.shape[-1] != second.shape[-1]:
                return second, *state
            return np.concatenate([first, second], axis=-2), *state

        return both

    given = twice(partial(call, "linear_attention_recurrent"))(*inputs)
    right = oracles.linear_attention_recurrent(*inputs)
    hold(given, right, what=WHAT, mistakes=_mistakes(inputs, twice), axes=AXES)


@QUESTION.check(
    points=1, hint="Where the sum of weights is 0, divide by 1: 0 / 1 is what you want."
)
def no_weight_no_output(call: Call, rng: np.random.Generator) -> None:
    """Where a query's features meet none of the keys so far, the output is zeros."""
    q, k, v, S, z = _draw(rng, read=False)
    k[:2] = 0
    q[int(rng.integers(3, 5))] = 0
    _hold(call, (q, k, v, S, z))


@QUESTION.check(
    points=1, hint="s += … writes into the array that came in. s = s + … makes a new one."
)
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """The arrays that were passed in are the same afterwards, the state above all."""
    _hold(call, _draw(rng, seq=3))
    QUESTION.unchanged(call, "Right results")


@QUESTION.check(points=1, hidden=True, hint="Count axes from the end: k[..., t, :, None].")
def leading_axes(call: Call, rng: np.random.Generator) -> None:
    """Batch and heads in front, each with a state of its own."""
    _hold(call, _draw(rng, 2, 3, seq=4))


@QUESTION.check(points=1, hidden=True, hint="The state's rows are features of keys.")
def all_sizes_equal(call: Call, rng: np.random.Generator) -> None:
    """Every size the same: what a transposed state would not notice."""
    _hold(call, _draw(rng, 3, seq=3, d_k=3, d_v=3))


@QUESTION.check(points=1, hidden=True, hint="One step at a time is how it writes.")
def one_token(call: Call, rng: np.random.Generator) -> None:
    """A single new token after a text."""
    _hold(call, _draw(rng, 4, seq=1, d_k=6))
