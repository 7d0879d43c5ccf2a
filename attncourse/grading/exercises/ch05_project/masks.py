"""Checks of ``causal_mask(q_len, kv_len, window, real)``."""

from __future__ import annotations

import numpy as np

from attncourse.grading.checks import Call, Question, Wrong
from attncourse.grading.compare import Suspect, compare
from attncourse.grading.exercises.ch05_project import oracles

QUESTION = Question(
    "causal_mask",
    ("q_len", "kv_len", "window", "real"),
    read="03-algorithm/masks",
)
AXES = ("query", "key")


def suspects(q_len: int, kv_len: int, window: int | None, real: np.ndarray | None) -> list[Suspect]:
    """Known mistakes, with what they make of these inputs."""
    past = kv_len - q_len
    own, other = np.arange(q_len)[:, None], np.arange(kv_len)[None, :]

    def grid(shift: int = past, ahead: int = 0, wider: int = 0) -> np.ndarray:
        open_ = other <= own + shift + ahead
        if window is not None:
            open_ = open_ & (other > own + shift - window - wider)
        return open_

    def joined(open_: np.ndarray, keys: np.ndarray | None = real) -> np.ndarray:
        if real is None:
            return open_.astype(np.float64)
        keys = np.ones_like(real) if keys is None else keys
        return (open_ & keys[:, None, None, :]).astype(np.float64)

    def one_sided() -> np.ndarray:
        return other > own + past - (kv_len if window is None else window)

    right = joined(grid())
    return [
        Suspect(
            "top-left",
            "The mask is aligned top-left: query 0 stands at key 0. After a cache the queries are "
            "the last positions, so query i stands at key i + kv_len - q_len.",
            lambda: joined(grid(shift=0)),
        ),
        Suspect(
            "one ahead",
            "Each query sees one key of its future, and in a language model that one is the "
            "answer. "
            "The last key that it may see is its own.",
            lambda: joined(grid(ahead=1)),
        ),
        Suspect(
            "not itself",
            "A query may not see its own position. It should: j ≤ i, not j < i. Otherwise the "
            "first query of a text sees nothing.",
            lambda: joined(grid(ahead=-1, wider=0)),
        ),
        Suspect(
            "window too wide",
            "The window is one too wide. It counts the query's own position: window 1 leaves the "
            "diagonal alone.",
            lambda: joined(grid(wider=1)),
        ),
        Suspect(
            "window too narrow",
            "The window is one too narrow. It counts the query's own position and window - 1 "
            "before it.",
            lambda: joined(grid(wider=-1)),
        ),
        Suspect(
            "window ignored",
            "The window is ignored: each query sees its whole past.",
            lambda: joined(other <= own + past),
        ),
        Suspect(
            "window both ways",
            "The window opens to both sides, so a query sees its future. It opens to the past "
            "only.",
            lambda: joined(grid() if window is None else np.abs(own + past - other) < window),
        ),
        Suspect(
            "window without causal",
            "Where there is a window, the future is open: the window closes the far past alone. "
            "Both "
            "conditions have to hold.",
            lambda: joined(grid() if window is None else other > own + past - window),
        ),
        Suspect(
            "itself always",
            "A query may see its own position even where that is padding. A key that is not real "
            "is closed for all.",
            lambda: (right.astype(bool) | (own + past == other)).astype(np.float64),
        ),
        Suspect(
            "future open",
            "The future is open: only the far past is closed.",
            lambda: joined(one_sided()),
        ),
        Suspect(
            "padding ignored",
            "Keys that are padding are open. real says which keys are: close the others.",
            lambda: joined(grid(), None),
        ),
        Suspect(
            "padding inverted",
            "real is used the wrong way round: its True marks a real key, which may be seen.",
            lambda: joined(grid(), None if real is None else ~real),
        ),
        Suspect(
            "padding or past",
            "A key is open if it is in the past or real. It has to be both: & and not |.",
            lambda: right if real is None else (grid() | real[:, None, None, :]).astype(float),
        ),
        Suspect(
            "inverted",
            "The mask is inverted: True should mean may attend.",
            lambda: 1 - right,
        ),
        Suspect(
            "transposed",
            "Rows and columns are swapped: each key sees what should see it. A row belongs to a "
            "query.",
            lambda: joined(grid().T),
        ),
    ]


def _hold(
    call: Call, q_len: int, kv_len: int, window: int | None = None, real: np.ndarray | None = None
) -> None:
    given = call("causal_mask", q_len, kv_len, window, real)
    right = oracles.causal_mask(q_len, kv_len, window, real).astype(np.float64)
    compare(given, right, suspects=suspects(q_len, kv_len, window, real), axes=AXES)
    if given.dtype != bool:
        raise Wrong(
            f"Right, but the numbers are {given.dtype}, not booleans: ~mask would make nonsense "
            "of them, and np.where(mask, …) of a later reader may too.",
            bug="not boolean",
        )


def _real(rng: np.random.Generator, kv_len: int) -> np.ndarray:
    """Which keys are real in a batch of three: padding stands on the left, and nowhere in one."""
    short = rng.permutation(np.arange(1, kv_len - 1))[:2]
    lengths = rng.permutation([kv_len, *short])
    return np.arange(kv_len) >= kv_len - lengths[:, None]


@QUESTION.check(points=1, hint="np.arange(q_len)[:, None] against np.arange(kv_len)[None, :].")
def a_whole_text(call: Call, rng: np.random.Generator) -> None:
    """As many queries as keys: each sees itself and what came before."""
    n = int(rng.integers(5, 40))
    _hold(call, n, n)


@QUESTION.check(points=2, hint="Query i is position i + (kv_len - q_len) of the text.")
def after_a_cache(call: Call, rng: np.random.Generator) -> None:
    """Fewer queries than keys: the keys before them come from a cache, and are all open."""
    q_len = int(rng.integers(3, 20))
    _hold(call, q_len, q_len + int(rng.integers(3, 30)))


@QUESTION.check(points=2, hint="window = 1 leaves each query itself. How many does window = 2?")
def a_window(call: Call, rng: np.random.Generator) -> None:
    """With a window, a query sees itself and the window - 1 positions before it."""
    n = int(rng.integers(9, 40))
    _hold(call, n, n, int(rng.integers(2, n - 4)))


@QUESTION.check(points=2, hint="real[:, None, None, :] has the axes batch, heads, query, key.")
def padding_on_the_left(call: Call, rng: np.random.Generator) -> None:
    """With real, one mask for each text of the batch: (batch, 1, q_len, kv_len)."""
    n = int(rng.integers(8, 16))
    _hold(call, n, n, None, _real(rng, n))


@QUESTION.check(points=1, hidden=True, hint="The window ends where the query stands.")
def a_window_after_a_cache(call: Call, rng: np.random.Generator) -> None:
    """Cache and window together."""
    q_len = int(rng.integers(3, 12))
    kv_len = q_len + int(rng.integers(6, 20))
    _hold(call, q_len, kv_len, int(rng.integers(2, kv_len - q_len)))


@QUESTION.check(points=1, hidden=True, hint="Join three conditions with &.")
def all_together(call: Call, rng: np.random.Generator) -> None:
    """Cache, window and padding together."""
    q_len = int(rng.integers(3, 7))
    kv_len = q_len + int(rng.integers(5, 12))
    _hold(call, q_len, kv_len, int(rng.integers(3, 6)), _real(rng, kv_len))


@QUESTION.check(points=1, hidden=True, hint="One new token sees all that came before it.")
def one_token(call: Call, rng: np.random.Generator) -> None:
    """A single query behind a long cache, without a window and with one of itself alone."""
    kv_len = int(rng.integers(10, 10_000))
    _hold(call, 1, kv_len + 1, 1)
    _hold(call, 1, kv_len)


@QUESTION.check(points=1, hidden=True, hint="mask &= … may write into an array that is not yours.")
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """The array real is the same afterwards."""
    n = int(rng.integers(8, 16))
    _hold(call, n, n, 3, _real(rng, n))
    QUESTION.unchanged(call, "A right mask")
