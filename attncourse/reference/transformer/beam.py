"""Beam search: keep several texts alive, and the best of what may follow them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from attncourse import _checks


def beam_search(
    step: Callable[..., Any],
    tokens: Int[np.ndarray, "batch seq"],
    n_new: int,
    *,
    n_beams: int,
    state: Any = None,
    stop: int | tuple[int, ...] | None = None,
    length_penalty: float = 0.0,
) -> tuple[Int[np.ndarray, "batch n_beams seq_new"], Float[np.ndarray, "batch n_beams"]]:
    r"""Look for the likeliest continuations, several at a time.

    .. math:: s(w) = \frac{\log p(w)}{lp(w)}, \qquad
        lp(w) = \left(\frac{5 + |w|}{5 + 1}\right)^{\alpha}

    where :math:`|w|` is how many tokens were added, the last of them counted, and :math:`\alpha`
    the length penalty. Every step scores each token behind each text that is alive, and keeps the
    n_beams best; a text that has ended stays, as it is, while none better comes. One beam is
    greedy; as many beams as there are texts find the best text there is.

    Source: Wu et al. (2016), section 7, equation 14 (without the coverage penalty),
    arXiv:1609.08144.

    Parameters
    ----------
    step : callable
        As in :func:`generate`. It sees the beams as a larger batch, (batch*n_beams, seq), and
        its state is reordered with them: arrays whose first axis is the batch, in tuples, lists
        and dicts.
    tokens : integer array
        The beginnings.
    n_new : int
        How many tokens to add at most.
    n_beams : int
        How many texts stay alive.
    state : anything
        The first state, a row for each beginning: None, or arrays in tuples, lists and dicts.
        Arrays of other rows are refused; a number is the same for all beams.
    stop : int or a tuple of int, optional
        The tokens that end a text. What comes after one in the same row is the first of them.
    length_penalty : float
        Zero compares plain probabilities, which favour short texts; the source uses 0.2 with
        this formula.

    Returns
    -------
    tokens : integer array
        The beginnings and what was added, the best first.
    scores : array
        :math:`s` of each, in at least float32; ``-inf`` where there are fewer texts than beams.

    Examples
    --------
    >>> def coin(tokens, state):  # a token 1 follows a 1 for sure
    ...     return np.log([[0.6, 0.4], [1e-9, 1.0]])[tokens[:, -1]], state
    >>> texts, scores = beam_search(coin, np.array([[0]]), 2, n_beams=2)
    >>> texts[0].tolist(), np.exp(scores).round(2)  # greedy would have begun with 0
    ([[0, 1, 1], [0, 0, 0]], array([[0.4 , 0.36]]))
    """
    _checks.generation.beginnings(np.ndarray, tokens)
    _checks.count("n_new", n_new, minimum=1)
    _checks.count("n_beams", n_beams, minimum=1)
    _checks.generation.not_negative("length_penalty", length_penalty)
    stops = _checks.generation.stops(stop)
    n_batch = tokens.shape[0]
    first = np.arange(n_batch)[:, None] * n_beams  # the row of each text's first beam
    rows = np.arange(n_batch).repeat(n_beams)
    tokens, state = tokens[rows], _reorder(state, rows, n_batch)
    # All beams of a text begin alike: only the first counts, or they would stay alike.
    log_p = np.tile(np.where(np.arange(n_beams) == 0, 0.0, -np.inf), (n_batch, 1))
    lengths = np.zeros((n_batch, n_beams), dtype=int)
    ended, scores = np.zeros_like(lengths, dtype=bool), log_p
    for _ in range(n_new):
        logits, state = step(tokens, state)
        _checks.generation.next_logits(np.ndarray, logits, tokens)
        n_tokens = logits.shape[-1]
        following = _log_softmax(logits).reshape(n_batch, n_beams, n_tokens)
        if stops:
            _checks.generation.stop_tokens(stops, n_tokens)
            # After its end a text goes on in one way, which costs nothing.
            alone = np.where(np.arange(n_tokens) == stops[0], 0.0, -np.inf)
            following = np.where(ended[..., None], alone.astype(following.dtype), following)
        _checks.generation.some_way_on(log_p[..., None] + following)
        lengths = lengths + ~ended
        reached = log_p[..., None].astype(following.dtype) + following
        penalty = ((5 + lengths[..., None].astype(following.dtype)) / 6) ** length_penalty
        ranked = (reached / penalty).reshape(n_batch, n_beams * n_tokens)
        best = np.argsort(-ranked, axis=-1, kind="stable")[:, :n_beams]
        scores = np.take_along_axis(ranked, best, -1)
        log_p = np.take_along_axis(reached.reshape(ranked.shape), best, -1)
        beams, new = best // n_tokens, best % n_tokens
        lengths = np.take_along_axis(lengths, beams, -1)
        ended = np.take_along_axis(ended, beams, -1)
        rows = (first + beams).reshape(-1)
        tokens = np.concatenate([tokens[rows], new.reshape(-1, 1).astype(tokens.dtype)], axis=1)
        state = _reorder(state, rows, len(rows))
        if stops:
            ended = ended | np.isin(new, stops)
            if ended.all():
                break
    return tokens.reshape(n_batch, n_beams, tokens.shape[-1]), scores


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    """Take logarithms of the shares: none where no token is left, all to the infinite ones."""
    wide = logits.astype(np.promote_types(logits.dtype, np.float32))
    top = wide.max(-1, keepdims=True)
    sure = np.where(wide == np.inf, 0.0, -np.inf).astype(wide.dtype)
    wide = np.where(top == np.inf, sure, wide - np.where(np.isfinite(top), top, 0))
    total = np.exp(wide).sum(-1, keepdims=True)
    return np.where(total == 0, -np.inf, wide - np.log(np.where(total == 0, 1, total)))


def _reorder(state: Any, rows: np.ndarray, n_rows: int) -> Any:
    """Take these of the n_rows rows of every array in a nest of tuples, lists and dicts."""
    if isinstance(state, np.ndarray):
        if state.ndim == 0:  # a number is the same for all
            return state
        _checks.generation.rows(state, n_rows)
        return state[rows]
    if isinstance(state, dict):
        return {name: _reorder(part, rows, n_rows) for name, part in state.items()}
    if isinstance(state, tuple | list):
        parts = [_reorder(part, rows, n_rows) for part in state]
        return type(state)(*parts) if hasattr(state, "_fields") else type(state)(parts)
    _checks.generation.no_rows(state)
    return state
