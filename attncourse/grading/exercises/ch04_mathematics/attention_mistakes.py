"""What goes wrong in ``attention_backward(grad, q, k, v, mask)``, with its numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from attncourse.grading.exercises.ch04_mathematics.common import Mistake, shares, turned

Arrays = tuple[np.ndarray, ...]


def mistakes(
    grad: np.ndarray, q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: np.ndarray
) -> list[Mistake]:
    """Known mistakes, with all three gradients that they give."""
    root = np.sqrt(q.shape[-1])
    scores = q @ turned(k) / root
    mask = np.broadcast_to(mask, scores.shape)
    A = shares(scores, mask)
    dA = grad @ turned(v)
    seen = mask.any(axis=-1, keepdims=True)
    averaged, broken = np.where(seen, A, 1 / A.shape[-1]), np.where(seen, A, np.nan)

    def back(weights: np.ndarray, told: np.ndarray, scale: float = root) -> Arrays:
        return told @ k / scale, turned(told) @ q / scale, turned(weights) @ grad

    def through(weights: np.ndarray, axis: int = -1) -> np.ndarray:
        return weights * (dA - (weights * dA).sum(axis=axis, keepdims=True))

    def right() -> Arrays:
        return back(A, through(A))

    def changed(*parts: Callable[[np.ndarray], np.ndarray]) -> Callable[[], Arrays]:
        return lambda: tuple(f(x) for f, x in zip(parts, right(), strict=True))

    def same(x: np.ndarray) -> np.ndarray:
        return x

    found = [
        Mistake(
            "not scaled",
            "The gradients of q and k are √d_k times too large. The scores were divided by √d_k on "
            "the way there, so what comes back is divided too.",
            lambda: back(A, through(A), 1.0),
        ),
        Mistake(
            "q not scaled",
            "The gradient of q is not divided by √d_k, that of k is. Divide the scores' gradient "
            "once, and both are right.",
            changed(lambda x: x * root, same, same),
        ),
        Mistake(
            "k not scaled",
            "The gradient of k is not divided by √d_k, that of q is. Divide the scores' gradient "
            "once, and both are right.",
            changed(same, lambda x: x * root, same),
        ),
        Mistake(
            "scaled twice",
            "The gradients of q and k are divided by √d_k twice. Once is enough.",
            lambda: back(A, through(A), root**2),
        ),
        Mistake(
            "scores get no gradient",
            "The gradients of q and k are all zero. The weights depend on the scores, so what the "
            "weights are told goes on to q and k: use softmax_backward.",
            changed(np.zeros_like, np.zeros_like, same),
        ),
        Mistake(
            "softmax skipped",
            "What the weights are told goes on to q and k as it is. The softmax stands in between: "
            "send it through softmax_backward first.",
            lambda: back(A, dA),
        ),
        Mistake(
            "row's mean missing",
            "On the way back through softmax the row's mean is missing: weights * slopes is only "
            "half of it. Use softmax_backward.",
            lambda: back(A, A * dA),
        ),
        Mistake(
            "diagonal only",
            "On the way back through softmax you use p (1 - p) alone. The other weights of a row "
            "move too: use softmax_backward.",
            lambda: back(A, A * (1 - A) * dA),
        ),
        Mistake(
            "wrong axis",
            "On the way back through softmax the sum runs over the queries. The weights of one "
            "query compete among the keys: axis=-1.",
            lambda: back(A, through(A, -2)),
        ),
        Mistake(
            "q and k swapped",
            "The gradients of q and k have changed places. The order is the arguments': q, k, v.",
            lambda: (right()[1], right()[0], right()[2]),
        ),
        Mistake(
            "k and v swapped",
            "The gradients of k and v have changed places. The order is the arguments': q, k, v.",
            lambda: (right()[0], right()[2], right()[1]),
        ),
        Mistake(
            "reversed",
            "The gradients stand in reverse order, v first. The order is the arguments': q, k, v.",
            lambda: right()[::-1],
        ),
        Mistake(
            "negated",
            "All signs are turned round. A gradient points uphill; the minus belongs to the step "
            "that is taken with it.",
            changed(*[np.negative] * 3),
        ),
        Mistake(
            "grad ignored",
            "The numbers are those for a grad of ones: yours is not used. Every path back begins "
            "with grad.",
            lambda: _open_path(q, k, v, A, root),
        ),
        Mistake(
            "mask ignored",
            "These are the gradients without a mask. A closed key has no weight and is told "
            "nothing: use the masked weights.",
            lambda: back(shares(scores), through(shares(scores))),
        ),
        Mistake(
            "scaled by d_v",
            "The scores' gradient is divided by √d_v, the width of a value. The scores were "
            "divided by √d_k: take it from q.",
            lambda: back(A, through(A), np.sqrt(v.shape[-1])),
        ),
        Mistake(
            "empty row averaged",
            "A query that may see no key tells all of them something, as if it had averaged them. "
            "Its weights are zeros: attention_weights sees to that.",
            lambda: back(averaged, through(averaged)),
        ),
        Mistake(
            "NaN on an empty row",
            "A query that may see no key has NaN for weights, and it spreads to all keys. Its "
            "weights are zeros: attention_weights sees to that.",
            lambda: back(broken, through(broken)),
        ),
        Mistake(
            "weights not turned",
            "The gradient of v is taken with the weights as they stand. Row j of it collects what "
            "*key* j gave to all queries: transpose the weights.",
            lambda: (*right()[:2], A @ grad),
        ),
        Mistake(
            "scores' gradient not turned",
            "The gradient of k is taken with the scores' gradient as it stands. Row j of it "
            "collects column j: transpose it.",
            lambda: (right()[0], through(A) @ q / root, right()[2]),
        ),
        Mistake(
            "v gets the scores' share",
            "The gradient of v goes through the scores. v is multiplied by the weights themselves: "
            "weights, transposed, times grad.",
            lambda: (*right()[:2], turned(through(A)) @ grad),
        ),
        Mistake(
            "values in place of weights",
            "The gradient of v is the output's, spread over the keys without weights. Key j is "
            "told in proportion to its weight: weights, transposed, times grad.",
            lambda: (*right()[:2], 0 * v + grad.sum(axis=-2, keepdims=True)),
        ),
    ]
    if q.ndim > 2:
        found.append(
            Mistake(
                "batch summed",
                "Gradients are summed over the axes in front. Each sequence and head has its own "
                "q, k and v, so each has its own gradients, in the same shapes.",
                changed(*[lambda x: x.sum(axis=tuple(range(x.ndim - 2)))] * 3),
            )
        )
    return found


def _open_path(q: np.ndarray, k: np.ndarray, v: np.ndarray, A: np.ndarray, root: float) -> Arrays:
    ones = np.ones((*A.shape[:-1], v.shape[-1]))
    dA = ones @ turned(v)
    told = A * (dA - (A * dA).sum(axis=-1, keepdims=True)) / root
    return told @ k, turned(told) @ q, turned(A) @ ones
