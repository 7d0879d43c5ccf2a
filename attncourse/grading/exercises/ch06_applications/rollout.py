"""Checks of ``attention_rollout(weights)``."""

from __future__ import annotations

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import Suspect, compare
from attncourse.grading.exercises.ch06_applications import oracles

QUESTION = Question(
    "attention_rollout",
    ("weights",),
    read="06-applications/image-recognition",
)
AXES = ("position", "input")


def _chain(layers: np.ndarray, *, backwards: bool = False, times=np.matmul) -> np.ndarray:
    found = [layers[0]]
    for layer in layers[1:]:
        found.append(times(found[-1], layer) if backwards else times(layer, found[-1]))
    return np.stack(found)


def suspects(weights: np.ndarray) -> list[Suspect]:
    """Known mistakes, with what they make of these inputs."""
    w = weights.astype(np.float64)
    own = np.eye(w.shape[-1])
    mean, most = w.mean(axis=-3), w.max(axis=-3)
    none = mean.sum(axis=-1, keepdims=True) == 0

    def shares(mixed: np.ndarray, axis: int = -1) -> np.ndarray:
        total = mixed.sum(axis=axis, keepdims=True)
        return mixed / np.where(total == 0, 1, total)

    right = _chain(shares(mean + own))
    return [
        Suspect(
            "no identity",
            "The residual connection is missing: each position keeps its own vector, so the "
            "identity is mixed in before the layers are multiplied.",
            lambda: _chain(mean),
        ),
        Suspect(
            "layers in the wrong order",
            "The layers are multiplied in the wrong order. The later layer looks at what the "
            "earlier one made, so it stands on the left: layer @ found.",
            lambda: _chain(shares(mean + own), backwards=True),
        ),
        Suspect(
            "layers from the last",
            "You begin with the last layer. The routes start at the input: the first layer first.",
            lambda: _chain(shares(mean + own)[::-1]),
        ),
        Suspect(
            "layers from the last",
            "You begin with the last layer, and multiply from the right. Begin with the first.",
            lambda: _chain(shares(mean + own)[::-1], backwards=True),
        ),
        Suspect(
            "rows not normalised",
            "The identity is added and the rows now sum to 2: divide each row by its sum. Twelve "
            "layers later it would be 4096.",
            lambda: _chain(mean + own),
        ),
        Suspect(
            "halved, not normalised",
            "You halve each row. A blind query's row is zeros, so it sums to 1 before that and to "
            "1/2 after. Divide each row by its own sum.",
            lambda: _chain((mean + own) / 2),
        ),
        Suspect(
            "normalised at the end",
            "You normalise the product, not each layer. A layer whose rows sum to more counts more "
            "then: divide by the row sums before you multiply.",
            lambda: shares(_chain(mean + own)),
        ),
        Suspect(
            "columns normalised",
            "You divide each column by its sum. What a position has come from sums to 1: rows.",
            lambda: _chain(shares(mean + own, axis=-2)),
        ),
        Suspect(
            "largest head",
            "You take the largest weight over the heads. Rollout takes their mean.",
            lambda: _chain(shares(most + own)),
        ),
        Suspect(
            "heads added up",
            "You add the heads up. Their sum outweighs the identity the more, the more heads there "
            "are: take the mean.",
            lambda: _chain(shares(w.sum(axis=-3) + own)),
        ),
        Suspect(
            "first head only",
            "Only the first head is used. Take the mean over all of them.",
            lambda: _chain(shares(w[..., 0, :, :] + own)),
        ),
        Suspect(
            "identity after the product",
            "The identity is mixed in after the layers are multiplied. Each layer has a residual "
            "connection of its own.",
            lambda: shares(_chain(mean) + own),
        ),
        Suspect(
            "identity once too often",
            "Each product has the identity mixed in again, besides that of its layers. Once a "
            "layer is enough.",
            lambda: _twice(shares(mean + own), own),
        ),
        Suspect(
            "number by number",
            "You multiply number by number. Routes are added up over the places between: a matrix "
            "product, @.",
            lambda: _chain(shares(mean + own), times=np.multiply),
        ),
        Suspect(
            "no product",
            "The layers stand side by side, each by itself. Multiply each with what the layers "
            "below it have made.",
            lambda: shares(mean + own),
        ),
        Suspect(
            "mean over layers",
            "You average the layers. A later layer looks at what an earlier one has mixed: "
            "multiply.",
            lambda: (
                np.cumsum(shares(mean + own), axis=0)
                / np.arange(1, len(w) + 1).reshape(-1, *[1] * (mean.ndim - 1))
            ),
        ),
        Suspect(
            "transposed",
            "Rows and columns are swapped: a row says what has come into a position.",
            right.swapaxes(-1, -2),
        ),
        Suspect(
            "last layer only",
            "You return the last layer's map. All are asked for, the first layer's first.",
            right[-1],
        ),
        Suspect(
            "heads kept apart",
            "Each head is followed by itself. A head of one layer reads what all heads of the "
            "layer below have written: take the mean over the heads first.",
            lambda: _chain(shares(w + own)),
        ),
        Suspect(
            "blind rows lost",
            "A blind query, whose weights are all zero, has lost its own vector. The identity "
            "keeps it: its row is 1 at its own place.",
            lambda: _chain(np.where(none, 0, shares(mean + own))),
        ),
    ]


def _twice(mixed: np.ndarray, own: np.ndarray) -> np.ndarray:
    found = [mixed[0]]
    for layer in mixed[1:]:
        found.append((layer @ found[-1] + own) / 2)
    return np.stack(found)


def _weights(rng: np.random.Generator, *shape: int) -> np.ndarray:
    powers = np.exp(2 * rng.normal(size=shape))
    return powers / powers.sum(axis=-1, keepdims=True)


def _hold(call: Call, weights: np.ndarray) -> None:
    compare(
        call("attention_rollout", weights),
        oracles.attention_rollout(weights),
        suspects=suspects(weights),
        axes=AXES,
    )


@QUESTION.check(points=2, hint="One layer: the mean over the heads, half of it, and half the unit.")
def one_layer(call: Call, rng: np.random.Generator) -> None:
    """One layer: each position is half itself and half what its heads look at."""
    _hold(call, _weights(rng, 1, 3, 4, 4))
    _hold(call, _weights(rng, 1, 1, 5, 5))


@QUESTION.check(points=2, hint="The second layer looks at what the first has made: second @ first.")
def two_layers(call: Call, rng: np.random.Generator) -> None:
    """Two layers: the second one's map times the first one's."""
    _hold(call, _weights(rng, 2, 2, 3, 3))


@QUESTION.check(points=1, hint="Heads are axis -3, layers axis 0, and the batch stands between.")
def leading_axes(call: Call, rng: np.random.Generator) -> None:
    """A batch is carried along: 3 layers, a batch of 2 × 5, 4 heads."""
    _hold(call, _weights(rng, 3, 2, 5, 4, 6, 6))


@QUESTION.check(points=2, hint="Add the identity, then divide each row by its own sum.")
def blind_queries_keep_themselves(call: Call, rng: np.random.Generator) -> None:
    """A query that sees nothing in some heads, or in all, still sums to 1."""
    weights = _weights(rng, 3, 2, 5, 5)
    weights[0, :, 1] = weights[1, :, 3] = weights[2, 0, 0] = 0
    _hold(call, weights)


@QUESTION.check(points=1, hint="weights += np.eye(n) writes into the caller's array.")
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """The array that was passed in is the same afterwards."""
    _hold(call, _weights(rng, 2, 3, 4, 4))
    QUESTION.unchanged(call, "Right maps")
    _hold(call, _weights(rng, 1, 1, 4, 4))
    QUESTION.unchanged(call, "Right maps")


@QUESTION.check(points=1, hidden=True, hint="Row i of a causal map is zero right of i.")
def the_future_stays_out(call: Call, rng: np.random.Generator) -> None:
    """Layers of causal attention: nothing comes from the future through any of them."""
    weights = _weights(rng, 4, 3, 2, 5, 5) * np.tri(5)
    _hold(call, weights / weights.sum(axis=-1, keepdims=True))


@QUESTION.check(points=1, hidden=True, hint="After many layers the rows still sum to 1.")
def twelve_layers(call: Call, rng: np.random.Generator) -> None:
    """Twelve layers: every row still sums to 1, and so it would after a hundred."""
    _hold(call, _weights(rng, 12, 3, 4, 4))
