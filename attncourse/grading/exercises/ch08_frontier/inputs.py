"""What both halves of FlashAttention are tried on, and how results of several parts are judged."""

from __future__ import annotations

import contextlib
import ctypes
from collections.abc import Callable, Sequence

import numpy as np

from attncourse.grading.checks import Call, Question, Wrong
from attncourse.grading.compare import FAR_BELOW, Suspect, compare
from attncourse.grading.wire import Tensor

Inputs = tuple[np.ndarray, np.ndarray, np.ndarray]
#: A square of float32 for every pair at these lengths is 36 MiB.
SQUARE, LONG, SHORT = 3072, 98_304, 96
#: Bytes that suffice for a square and for a long text. Right answers take a few MiB.
ENOUGH, ENOUGH_LONG = 18 << 20, 64 << 20


def draw(
    rng: np.random.Generator,
    *batch: int,
    q_len: int,
    kv_len: int,
    d_k: int = 5,
    d_v: int = 3,
    spread: float = 1.2,
) -> Inputs:
    """Queries, keys and values in float32."""
    q = rng.normal(size=(*batch, q_len, d_k)) * spread
    k = rng.normal(size=(*batch, kv_len, d_k)) * spread
    v = rng.normal(size=(*batch, kv_len, d_v))
    return q.astype(np.float32), k.astype(np.float32), v.astype(np.float32)


def far_below(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> Inputs:
    """The same inputs with scores far below zero for early keys, and far above for late ones.

    What lies between them stays. In causal attention the first queries see none of the late keys.

    The queries carry it: gradients of the keys are large then, and those of the queries, in which
    what is large would have to cancel, are not.
    """
    q, k = q.copy(), k.copy()
    late = np.arange(k.shape[-2]) >= k.shape[-2] // 2
    q[..., 0], k[..., 0] = FAR_BELOW * np.sqrt(q.shape[-1]), np.where(late, 1, -1)
    return q, k, v


def tensors(*arrays: np.ndarray) -> tuple[Tensor, ...]:
    """The arrays as torch tensors of float32."""
    return tuple(Tensor(x.astype(np.float32), "float32") for x in arrays)


def open_pairs(q_len: int, kv_len: int, causal: bool, shift: int | None = None) -> np.ndarray:
    """Row i sees the columns up to i + shift; by default the last row sees the last column."""
    shift = kv_len - q_len if shift is None else shift
    last = np.arange(q_len)[:, None] + shift
    return (np.arange(kv_len) <= last) | (not causal)


def scaled(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    """Scaled scores in float64."""
    return q.astype(np.float64) @ k.astype(np.float64).swapaxes(-1, -2) / np.sqrt(q.shape[-1])


def largest(q: np.ndarray, k: np.ndarray) -> float:
    """The largest dot product of a query and a key."""
    return float(np.abs(q.astype(np.float64) @ k.astype(np.float64).swapaxes(-1, -2)).max())


def frugal(question: Question, call: Call, hold: Callable[[], None], praise: str) -> None:
    """Raise where ``hold``, which makes one call, takes too much memory.

    In a notebook, what earlier calls left free would be used again and not be seen, so it is given
    back first.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
    hold()
    question.frugal(call, ENOUGH, praise)


def frugal_once(question: Question, call: Call, hold: Callable[[], None], praise: str) -> None:
    """As :func:`frugal` for a long text: raise where it is too much each of three times.

    Many small results that are kept may lie so that no new tile fits between them.
    """
    for _ in range(3):
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
        hold()
        if call.peak is None or call.peak <= ENOUGH_LONG:
            return
    question.frugal(call, ENOUGH_LONG, praise)


def compare_parts(
    given: Sequence[np.ndarray | Tensor],
    right: Sequence[np.ndarray],
    results: Sequence[tuple[str, tuple[str, ...]]],
    suspects: Callable[[int], list[Suspect]],
    tolerance: float,
) -> None:
    """Compare every part of a result, and raise for the first that is wrong.

    All parts are looked at, also behind a wrong one: a mistake in two of them has to be told from
    one in the first alone.
    """
    first = None
    for part, (what, axes) in enumerate(results):
        try:
            compare(
                given[part],
                right[part],
                suspects=suspects(part),
                axes=axes,
                what=what,
                tolerance=tolerance,
            )
        except Wrong as wrong:
            first = first or wrong
    if first:
        raise first
