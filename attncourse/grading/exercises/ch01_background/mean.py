"""Checks of ``masked_mean(x, mask)``, in which a bug has to be found."""

from __future__ import annotations

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import Suspect, compare
from attncourse.grading.exercises.ch01_background import oracles

QUESTION = Question(
    "masked_mean",
    ("x", "mask"),
    read="01-background/primer",
)
AXES = ("sequence", "feature")


def suspects(x: np.ndarray, mask: np.ndarray) -> list[Suspect]:
    """Known mistakes, with what they make of these inputs."""
    x = x.astype(np.float64)
    seen = mask[..., None]
    count = seen.sum(axis=-2)
    total = np.where(seen, x, 0).sum(axis=-2)
    right = total / np.maximum(count, 1)
    length = x.shape[-2]

    found = [
        Suspect(
            "divided by the padded length",
            "The padding is left out of the sum, but still counted: you divide by the padded "
            "length. Divide by the number of open places in each row.",
            total / length,
        ),
        Suspect(
            "padding averaged",
            "This is the mean of all places, padding and all: the mask is not used. Add up the "
            "open places alone, and divide by how many there are.",
            lambda: x.mean(axis=-2),
        ),
        Suspect(
            "padding in the sum",
            "You divide by the number of open places, but the sum runs over the padding too. Put "
            "zeros there first: np.where.",
            lambda: x.sum(axis=-2) / count,
        ),
        Suspect(
            "mask inverted",
            "This is the mean of the padding. True means: a token, count it.",
            lambda: np.where(seen, 0, x).sum(axis=-2) / np.maximum(length - count, 1),
        ),
        Suspect(
            "not divided",
            "This is the sum of the open places. A mean divides it by how many there are.",
            total,
        ),
        Suspect(
            "one count for the batch",
            "You divide by the open places of the whole batch. Each sequence has a count of its "
            "own: sum the mask along its last axis.",
            lambda: total / mask.sum(),
        ),
        Suspect(
            "one count for the batch",
            "You divide every sum by the mean length of the batch. Each sequence has a count of "
            "its own: sum the mask along its last axis.",
            lambda: total / count.mean(),
        ),
        Suspect(
            "one too many",
            "You divide by one more than the number of open places. Was the 1 meant against a "
            "division by zero? Then np.maximum(count, 1) is what you want.",
            total / (count + 1),
        ),
        Suspect(
            "NaN without tokens",
            "A sequence without tokens gives NaN: 0/0. Its mean should be zeros; np.maximum(count, "
            "1) makes it 0/1.",
            lambda: np.where(count == 0, np.nan, right),
        ),
        Suspect(
            "padding multiplied",
            "0 times NaN is NaN, and 0 times ∞ too: the padding is still in the sum. "
            "np.where(mask, x, 0) takes it out, whatever it holds.",
            lambda: (x * seen).sum(axis=-2) / np.maximum(count, 1),
        ),
        Suspect(
            "wrong axis",
            "You divide by how many sequences have a token at a place. The mean runs along each "
            "sequence: axis=-2 of x, axis=-1 of the mask.",
            lambda: np.where(seen, x, 0).sum(axis=-2) / mask.sum(axis=0)[..., None],
        ),
        Suspect(
            "divided by the root",
            "You divide by the square root of the number of open places. A mean divides by the "
            "number.",
            total / np.sqrt(np.maximum(count, 1)),
        ),
        Suspect(
            "largest in place of mean",
            "You take the largest number of each feature. That is another kind of pooling; here "
            "the mean is asked for.",
            lambda: np.where(count > 0, np.where(seen, x, -np.inf).max(axis=-2), 0),
        ),
        Suspect(
            "first token only",
            "You give the first vector of each sequence. That is another kind of pooling; here the "
            "mean is asked for.",
            lambda: x[..., 0, :],
        ),
    ]
    return found


def _draw(
    rng: np.random.Generator, *batch: int, seq: int = 6, width: int = 3
) -> tuple[np.ndarray, np.ndarray]:
    """Sequences of one to ``seq - 1`` tokens, and padding that holds large numbers."""
    lengths = rng.integers(1, seq, size=batch)
    lengths.flat[0] = 2  # the first two of a batch never have one length
    if lengths.size > 1:
        lengths.flat[1] = seq - 2
    mask = np.arange(seq) < lengths[..., None]
    x = rng.normal(size=(*batch, seq, width)) + 0.5
    noise = rng.uniform(5, 9, size=x.shape) * rng.choice([-1, 1], size=x.shape)
    return np.where(mask[..., None], x, noise), mask


def _hold(call: Call, x: np.ndarray, mask: np.ndarray, tolerance: float = 1e-5) -> None:
    compare(
        call("masked_mean", x, mask),
        oracles.masked_mean(x, mask),
        suspects=suspects(x, mask),
        axes=AXES,
        tolerance=tolerance,
    )


@QUESTION.check(points=1, hint="Two tokens and a place of padding: (a + b) / 2, not / 3.")
def two_tokens_by_hand(call: Call, rng: np.random.Generator) -> None:
    """Two tokens and one place of padding: the mean is half of the sum."""
    x = rng.normal(size=(1, 3, 2)) + 2
    mask = np.array([[True, True, False]])
    right = (x[:, 0] + x[:, 1]) / 2
    compare(call("masked_mean", x, mask), right, suspects=suspects(x, mask), axes=AXES)


@QUESTION.check(points=2, hint="How many places does each row of the mask leave open?")
def agrees_with_loops(call: Call, rng: np.random.Generator) -> None:
    """The same numbers as the definition, for four sequences of different lengths."""
    _hold(call, *_draw(rng, 4))


@QUESTION.check(points=2, hint="Nothing in the answer may depend on x.shape[-2].")
def longer_neighbours_change_nothing(call: Call, rng: np.random.Generator) -> None:
    """Padded to ten times the length, for the sake of a longer neighbour, each mean is the same."""
    x, mask = _draw(rng, 3)
    _hold(call, x, mask)
    more = rng.uniform(5, 9, size=(3, 54, 3))
    _hold(call, np.concatenate([x, more], axis=1), np.pad(mask, ((0, 0), (0, 54))))


@QUESTION.check(points=1, hint="Where the count is 0 there is nothing to divide by. Write zeros.")
def no_tokens_no_news(call: Call, rng: np.random.Generator) -> None:
    """A sequence without tokens gives zeros, and the others do not suffer."""
    x, mask = _draw(rng, 4)
    mask[int(rng.integers(2, 4))] = False
    _hold(call, x, mask)


@QUESTION.check(points=1, hint="x[~mask] = 0 writes into the caller's array. np.where does not.")
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """The arrays that were passed in are the same afterwards."""
    _hold(call, *_draw(rng, 5))
    QUESTION.unchanged(call, "Right mean")


@QUESTION.check(points=1, hidden=True, hint="np.where(mask, x, 0) drops what 0 * x keeps: NaN.")
def padding_may_hold_anything(call: Call, rng: np.random.Generator) -> None:
    """What stands in the padding has no say, be it NaN or infinity."""
    x, mask = _draw(rng, 4)
    x[~mask] = np.array([np.nan, np.inf, -np.inf])
    _hold(call, x, mask)


@QUESTION.check(points=1, hidden=True, hint="A mask may have holes. Count True, not the length.")
def holes_and_more_axes(call: Call, rng: np.random.Generator) -> None:
    """Any number of axes in front, tokens in any place, arrays that are views."""
    x, _ = _draw(rng, 2, 3, seq=7, width=4)
    mask = rng.random(size=(2, 3, 7)) < 0.4
    mask[..., 0], mask[..., -1] = False, True
    _hold(call, np.asfortranarray(x)[..., ::-1], mask)


@QUESTION.check(
    points=1, hidden=True, hint="x.sum(…, dtype=np.float32): np.mean does so by itself, np.sum not."
)
def half_precision(call: Call, rng: np.random.Generator) -> None:
    """A long sequence in float16 keeps its mean."""
    x = (300 + 20 * rng.normal(size=(2, 400, 3))).astype(np.float16)
    mask = np.arange(400) < np.array([[330], [380]])
    overflow = Suspect(
        "half precision overflow",
        "In float16 the sum of a long sequence overflows: nothing above 65504 fits. np.mean adds "
        "in float32 by itself, np.sum does not: say dtype=np.float32.",
        np.full((2, 3), np.inf),
    )
    compare(
        call("masked_mean", x, mask),
        oracles.masked_mean(x, mask),
        suspects=[overflow, *suspects(x, mask)],
        axes=AXES,
        tolerance=2e-3,
    )
