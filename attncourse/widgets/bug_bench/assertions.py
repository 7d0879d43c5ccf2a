"""What people assert of an attention layer, each a line of Python that is run as it is shown."""

from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool

from attncourse import reference as ref
from attncourse.widgets.bug_bench.bugs import BUGS
from attncourse.widgets.bug_bench.layer import RIGHT, Part, Step, run
from attncourse.widgets.bug_bench.rows import Rows, Sizes, draw
from attncourse.widgets.bug_bench.situations import options

MISSED, CAUGHT, REFUSED = range(3)
#: So many of them, the first, are the usual ones.
USUAL = 4
ASSERTIONS: dict[str, str] = {
    "shape": "output.shape == (q_len, n_heads * d_v)",
    "rows sum to one": "np.allclose(weights.sum(axis=-1), 1)",
    "finite": "np.isfinite(output).all()",
    "loss falls": "train(output)[-1] < train(output)[0]",
    "a number by hand": "np.allclose(attention(*by_hand)[0], 3/4 * 4 + 1/4 * 8)",
    "first head alone": (
        "np.allclose(attention(q[:, :d_k], k[:, :d_k], v[:, :d_v], n_heads=1, **mask)[0],"
        " output[:, :d_v])"
    ),
    "keys in another order": (
        "np.allclose(attention(q, k[::-1], v[::-1])[0], attention(q, k, v)[0])"
    ),
    "one query at a time": (
        "all(np.allclose(attention(q[i:i+1], k[:p+1], v[:p+1], **mask)[0], output[i])"
        " for i, p in own)"
    ),
    "the future changes nothing": (
        "all(np.allclose(attention(q, k + after(p), v + after(p), **mask)[0][i], output[i])"
        " for i, p in own)"
    ),
    "the own position changes it": (
        "not any(np.allclose(attention(q, k, v + after(p - 1), **mask)[0][i], output[i])"
        " for i, p in own)"
    ),
    "hidden keys weigh nothing": "(weights[:, ~allowed] == 0).all()",
    "visible keys weigh something": "(weights[:, allowed] > 0).all()",
    "an empty row gives zeros": "(attention(q, k, v, padding=kv_len)[0] == 0).all()",
    "twice the values": "np.allclose(attention(q, k, 2 * v, **mask)[0], 2 * output)",
    "large queries, finite": "np.isfinite(attention(1000 * q, k, v)[0]).all()",
    "two halves of a dropout": (
        "np.allclose(attention(q, k, v, keep=keep)[0] + attention(q, k, v, keep=~keep)[0],"
        " 2 * attention(q, k, v)[0])"
    ),
    "dropouts differ": (
        "len(np.unique(attention(q, k, v, keep=keep)[1].reshape(-1, kv_len) == 0, axis=0)) > 1"
    ),
    "a second implementation": "np.allclose(attention(q, k, v, **mask, **dropout)[0], reference)",
}
#: What the names in the lines are, but for those of the course.
HELPERS: dict[str, str] = {
    "mask": "the mask as it is set",
    "dropout": "what the dropout keeps, if there is one",
    "keep": "which weights a dropout keeps",
    "train": "the losses of a linear layer behind the output, over twenty steps",
    "by_hand": "one query and two keys whose scores are ln 3 and 0, with the values 4 and 8",
    "own": "each query i with its position p",
    "after": "1 in the rows behind p, 0 before",
    "allowed": "what the mask lets be seen",
    "reference": "the output of attncourse.reference",
}
_CODE = {name: compile(line, name, "eval") for name, line in ASSERTIONS.items()}


class Case(NamedTuple):
    """What is computed: sizes, mask, dropout and numbers."""

    sizes: Sizes
    mask: str
    dropout: str
    numbers: str
    seed: int

    def rows(self) -> Rows:
        """Return the numbers that go in."""
        return draw(self.sizes, self.numbers, self.seed)

    def how(self) -> dict[str, Any]:
        """Return what the layer is asked for, but for the dropout."""
        return options(self.mask, self.sizes.kv_len)


def reference(case: Case) -> dict[str, Part]:
    """Return every stage by :mod:`attncourse.reference`."""
    rows, how, sizes = case.rows(), case.how(), case.sizes
    q, k, v = (ref.split_heads(x[None], sizes.n_heads)[0] for x in rows[:3])
    keys = np.arange(sizes.kv_len) >= how.get("padding", 0)
    asked: dict[str, Any] = {
        "causal": how.get("causal", False),
        "window": how.get("window"),
        "mask": np.tile(keys, (sizes.q_len, 1)),
    }
    masked = ref.masked_scores(q, k, **asked)
    drop: dict[str, Any] = (
        {"dropout": 0.5, "noise": rows.keep + 0.25} if case.dropout == "on" else {}
    )
    mixed, weights = ref.scaled_dot_product_attention(q, k, v, **asked, **drop, return_weights=True)
    return {
        "queries": q,
        "keys": k,
        "values": v,
        "scores": ref.scaled_dot_scores(q, k),
        "masked": masked,
        "weights": weights,
        "kept": weights * rows.keep * 2 if drop else weights,
        "mixed": mixed,
        "output": ref.merge_heads(mixed[None])[0],
    }


def broken(case: Case, steps: dict[str, Step]) -> dict[str, Part]:
    """Return every stage with other steps in the place of the right ones."""
    rows, sizes = case.rows(), case.sizes
    keep = rows.keep if case.dropout == "on" else None
    with np.errstate(all="ignore"):
        return run({**RIGHT, **steps}, *rows[:3], sizes.n_heads, **case.how(), keep=keep)


def differing(right: Part, wrong: Part) -> Bool[np.ndarray, "..."]:
    """Return which numbers of the wrong part differ; all of them where its shape does."""
    if right.shape != wrong.shape:
        return np.ones(wrong.shape, dtype=bool)
    with np.errstate(invalid="ignore"):
        near = np.abs(right - wrong) <= 1e-9 * np.maximum(1, np.abs(right))
    # −∞ is far from any number, also by that measure.
    return ~((near & np.isfinite(right)) | (right == wrong) | (np.isnan(right) & np.isnan(wrong)))


@lru_cache(maxsize=64)
def quiet(case: Case) -> tuple[bool, ...]:
    """Return for each bug whether its output is the right one."""
    right = reference(case)["output"]
    outputs = [broken(case, steps)["output"] for steps in BUGS.values()]
    return tuple(not differing(right, output).any() for output in outputs)


def train(target: Part, output: Part) -> list[float]:
    """Return the losses of twenty steps in which a linear layer behind the output learns."""
    w, losses = np.zeros(output.shape[1]), []
    rate = 1 / (output**2).sum()
    for _ in range(21):
        miss = output @ w - target
        losses.append(float((miss**2).sum()))
        w = w - rate * (output.T @ miss)
    return losses


def _by_hand(sizes: Sizes) -> tuple[Part, Part, Part]:
    """Return a query, two keys and two values: the scores of each head are ln 3 and 0."""
    _, _, n_heads, d_k, d_v = sizes
    one = np.tile(np.arange(d_k) == 0, n_heads).astype(float)
    q, k = np.sqrt(d_k) * np.log(3) * one[None], np.stack([one, 0 * one])
    return q, k, np.repeat([[4.0], [8.0]], n_heads * d_v, axis=1)


def _own(case: Case, allowed: Part) -> list[tuple[int, int]]:
    """Return each query with its position, where it may see that."""
    places = [(i, i + case.sizes.kv_len - case.sizes.q_len) for i in range(case.sizes.q_len)]
    return [(i, p) for i, p in places if p >= 0 and allowed[i, p]]


def names_of(case: Case, right: dict[str, Part], steps: dict[str, Step]) -> dict[str, Any]:
    """Return the names that the lines use."""
    rows, sizes, how = case.rows(), case.sizes, case.how()

    def attention(q: Part, k: Part, v: Part, n_heads: int = sizes.n_heads, **how: Any) -> Any:
        parts = run({**RIGHT, **steps}, q, k, v, n_heads, **how)
        return parts["output"], parts["kept"]

    allowed = np.isfinite(right["masked"][0])
    output, weights = attention(rows.q, rows.k, rows.v, **how)
    dropout = {"keep": rows.keep} if case.dropout == "on" else {}
    places = np.arange(sizes.kv_len)[:, None]
    return {
        **sizes._asdict(),
        **rows._asdict(),
        "np": np,
        "attention": attention,
        "mask": how,
        "dropout": dropout,
        "allowed": allowed,
        "output": output,
        "weights": weights,
        "own": _own(case, allowed),
        "after": lambda p: places > p,
        "by_hand": _by_hand(sizes),
        "train": partial(train, rows.target),
        "reference": right["output"],
    }


def holds(name: str, room: dict[str, Any]) -> bool:
    """Whether an assertion passes; what raises an error does not."""
    with np.errstate(all="ignore"):
        try:
            return bool(eval(_CODE[name], room))
        except (ValueError, IndexError):
            return False


@lru_cache(maxsize=64)
def verdicts(case: Case) -> tuple[tuple[int, ...], ...]:
    """Return for each assertion and bug: missed, caught, or refused as the right layer is."""
    right = reference(case)
    with np.errstate(all="ignore"):
        sound, *rooms = [names_of(case, right, steps) for steps in ({}, *BUGS.values())]
    found = []
    for name in ASSERTIONS:
        passes = holds(name, sound)
        found.append(
            tuple(
                (MISSED if holds(name, each) else CAUGHT) if passes else REFUSED for each in rooms
            )
        )
    return tuple(found)
