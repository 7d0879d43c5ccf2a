"""Attention in steps of a line each, so that a bug is another line in the place of one.

A step's arguments are named after the parts that it reads, and its own name is the part it gives.
"""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

Part = np.ndarray
Step = Callable[..., Part]


def softmax(x: Part, axis: int = -1) -> Part:
    """Exponentials that sum to one along an axis; zeros where everything is −∞."""
    top = x.max(axis=axis, keepdims=True)
    exps = np.exp(x - np.where(top == -np.inf, 0, top))
    total = exps.sum(axis=axis, keepdims=True)
    return exps / np.where(total == 0, 1, total)


def split(rows: Part, n_heads: int) -> Part:
    """The rows, cut into heads."""
    return rows.reshape(len(rows), n_heads, -1).swapaxes(0, 1)


def scores(queries: Part, keys: Part) -> Part:
    """How well each query matches each key."""
    return queries @ keys.swapaxes(-1, -2) / np.sqrt(queries.shape[-1])


def causal(p: Part, j: Part) -> Part:
    """Whether key j is no later than position p of the query."""
    return j <= p


def window(p: Part, j: Part, width: int) -> Part:
    """Whether key j is the query's own position or one of the width − 1 before it."""
    return (j <= p) & (j > p - width)


def padding(j: Part, n_padding: int) -> Part:
    """Whether key j is no padding, which stands on the left."""
    return j >= n_padding


def masked(scores: Part, allowed: Part) -> Part:
    """The scores, −∞ where a key is hidden."""
    return np.where(allowed, scores, -np.inf)


def weights(masked: Part) -> Part:
    """What each key weighs."""
    return softmax(masked, axis=-1)


def kept(weights: Part, keep: Part) -> Part:
    """The weights that a dropout of one half leaves."""
    return weights * keep / (1 - 0.5)


def mixed(kept: Part, values: Part) -> Part:
    """What each head puts out."""
    return kept @ values


def output(mixed: Part) -> Part:
    """The heads side by side again, a row for each query."""
    return mixed.swapaxes(0, 1).reshape(mixed.shape[1], -1)


RIGHT: dict[str, Step] = {
    step.__name__: step
    for step in (split, scores, causal, window, padding, masked, weights, kept, mixed, output)
}
#: What a reader looks at, in the order in which it is computed.
STAGES = ("queries", "keys", "values", "scores", "masked", "weights", "kept", "mixed", "output")


def line(step: Step) -> str:
    """Return a step's line of code, as it runs."""
    last = inspect.getsource(step).rstrip().splitlines()[-1]
    return last.strip().removeprefix("return ")


def run(steps: dict[str, Step], q: Part, k: Part, v: Part, n_heads: int, **how: Any) -> Any:
    """Run the layer and return every part.

    ``how`` asks for ``causal``, a ``window`` of so many keys, ``padding`` of so many on the left,
    and the weights that a dropout is to ``keep``.
    """
    i, j = np.arange(len(q))[:, None], np.arange(len(k))[None, :]
    part: dict[str, Any] = {"n_heads": n_heads, "i": i, "j": j, "p": i + len(k) - len(q)}
    part |= {"width": how.get("window"), "n_padding": how.get("padding"), "keep": how.get("keep")}

    def take(name: str) -> Part:
        step = steps[name]
        return step(
            *(part[each] for each in step.__code__.co_varnames[: step.__code__.co_argcount])
        )

    for name, rows in (("queries", q), ("keys", k), ("values", v)):
        part["rows"] = rows
        part[name] = take("split")
    part["scores"] = take("scores")
    part["allowed"] = np.ones((len(q), len(k)), dtype=bool)
    asked = [name for name in ("causal", "window", "padding") if how.get(name)]
    for name in asked:
        part["allowed"] = part["allowed"] & take(name)
    part["masked"] = take("masked") if asked else part["scores"]
    part["weights"] = take("weights")
    part["kept"] = part["weights"] if how.get("keep") is None else take("kept")
    part["mixed"] = take("mixed")
    part["output"] = take("output")
    return part
