"""Known mistakes of ``window_attention``, with what they make of given inputs."""

from __future__ import annotations

import numpy as np

from attncourse.grading.compare import Suspect

_FINITE = "finite in place of -∞"
_UNSTABLE = "exp of a large score is infinite. Take each row's largest score away first."


def _softmax(scores: np.ndarray) -> np.ndarray:
    # As a learner would write it: a row of minus infinities becomes NaN.
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def suspects(q: np.ndarray, k: np.ndarray, v: np.ndarray, window: int) -> list[Suspect]:
    """Known mistakes, with what they make of these inputs."""
    q_len, kv_len, d_k = q.shape[-2], k.shape[-2], q.shape[-1]
    dots = q @ k.swapaxes(-1, -2)
    scores = dots / np.sqrt(d_k)
    column = np.arange(kv_len)

    def mask(shift: int = kv_len - q_len, back: int = window, ahead: int = 0) -> np.ndarray:
        """Row i sees ``back`` columns that end at column i + shift + ahead."""
        row = np.arange(q_len)[:, None] + shift
        return (row - back < column) & (column <= row + ahead)

    def attend(seen: np.ndarray, scores: np.ndarray = scores) -> np.ndarray:
        weights = _softmax(np.where(seen, scores, -np.inf))
        return np.where(seen.any(axis=-1, keepdims=True), weights, 0) @ v

    def unstable(nothing: float) -> np.ndarray:
        """Without the maximum; ``nothing`` is what a row gets whose powers are all 0."""
        powers = np.where(right, np.exp(scores), 0)
        total = powers.sum(axis=-1, keepdims=True)
        out = np.where(total == 0, nothing, powers / total @ v)
        return np.where(blind, 0, out)

    right = mask()
    blind = ~right.any(axis=-1, keepdims=True)
    row = np.arange(q_len)[:, None] + kv_len - q_len
    # Any number above all open scores does the same as this one.
    filled = _softmax(np.where(right, scores, -1e5))
    return [
        Suspect(
            "window too wide",
            "The window is one key too wide. A window of w holds w keys, the query's own among "
            "them: positions i - w + 1 to i.",
            lambda: attend(mask(back=window + 1)),
        ),
        Suspect(
            "window too narrow",
            "The window is one key too narrow. A window of w holds w keys, the query's own among "
            "them: positions i - w + 1 to i.",
            lambda: attend(mask(back=window - 1)),
        ),
        Suspect(
            "own position left out",
            "A query does not see its own position: the window ends one key too early.",
            lambda: attend(mask(ahead=-1)),
        ),
        Suspect(
            "window moved back",
            "The window has the right width and lies one key too far back: it should end with the "
            "query's own position.",
            lambda: attend(mask(shift=kv_len - q_len - 1)),
        ),
        Suspect(
            "window moved ahead",
            "The window has the right width and lies one key too far ahead: each query sees one "
            "key of its future.",
            lambda: attend(mask(shift=kv_len - q_len + 1)),
        ),
        Suspect(
            "future open",
            "The window closes the distant past and leaves the whole future open. It needs both "
            "ends.",
            lambda: attend(mask(ahead=kv_len + q_len)),
        ),
        Suspect(
            "two-sided",
            "The window reaches to both sides. Taking |i - j| lets a query see as much of its "
            "future as of its past.",
            lambda: attend(mask(ahead=window - 1)),
        ),
        Suspect(
            "window ignored",
            "This is causal attention without a window: the distant past is still open.",
            lambda: attend(mask(back=kv_len + q_len)),
        ),
        Suspect(
            "no mask",
            "This is attention to all keys: there is neither a window nor a causal mask.",
            lambda: attend(np.ones_like(right)),
        ),
        Suspect(
            "top-left",
            "The last query belongs to the last key. You line up the first query with the first "
            "key, so a query that comes after a cache sees too little: add kv_len - q_len to its "
            "position.",
            lambda: attend(mask(shift=0)),
        ),
        Suspect(
            "chunks",
            "The text is cut into chunks of the window's length, and each query stays in its "
            "chunk. A sliding window moves on with every query.",
            lambda: attend((row // window == column // window) & (column <= row)),
        ),
        Suspect(
            "masked after softmax",
            "The weights outside the window are set to 0 after softmax, so the others no longer "
            "sum to 1. Close the scores before softmax.",
            lambda: np.where(right, _softmax(scores), 0) @ v,
        ),
        Suspect(
            "scores times mask",
            "Keys outside the window get a score of 0, and exp(0) is 1. Their scores should be -∞.",
            lambda: _softmax(np.where(right, scores, 0)) @ v,
        ),
        Suspect(
            "NaN on an empty row",
            "A query that stands before the first key sees nothing and gets NaN: 0/0. Its output "
            "should be zeros.",
            lambda: np.where(blind, np.nan, attend(right)),
        ),
        Suspect(
            "empty row averaged",
            "A query that stands before the first key sees nothing, and gets the mean of all "
            "values. Its output should be zeros.",
            lambda: np.where(blind, v.mean(axis=-2, keepdims=True), attend(right)),
        ),
        Suspect(
            _FINITE,
            "Closed scores become a number that open ones can fall below; then these lose all "
            "weight. Nothing is below -∞: np.where with -np.inf.",
            lambda: np.where(right, filled, 0) @ v,
        ),
        Suspect(
            _FINITE,
            "Closed scores become a number that open ones can fall below; then closed keys take "
            "all weight. Nothing is below -∞: np.where with -np.inf.",
            lambda: np.where(blind, 0, filled) @ v,
        ),
        Suspect(
            _FINITE,
            "Closed scores become a number. Open ones can fall below it, and a query that sees "
            "nothing gets the mean of all values. Use -∞, and write zeros for such a query.",
            lambda: filled @ v,
        ),
        Suspect("unstable", _UNSTABLE, lambda: unstable(0)),
        Suspect("unstable", _UNSTABLE, lambda: unstable(np.nan)),
        Suspect(
            "not scaled",
            "The window is right; the scores are not divided by √d_k.",
            lambda: attend(right, dots),
        ),
        Suspect(
            "divided by d_k",
            "The window is right; the scores are divided by d_k where it should be √d_k.",
            lambda: attend(right, dots / d_k),
        ),
        Suspect(
            "scaled by d_v",
            "The window is right; the scores are divided by √d_v, the width of a value. Divide by "
            "√d_k.",
            lambda: attend(right, dots / np.sqrt(v.shape[-1])),
        ),
    ]
