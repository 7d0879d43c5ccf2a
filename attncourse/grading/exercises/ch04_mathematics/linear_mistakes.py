"""What goes wrong in ``linear_attention_recurrent``, with its numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from attncourse.grading.exercises.ch04_mathematics.common import shares, turned

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
