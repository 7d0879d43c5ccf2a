"""Generation: choose a token, put it behind the others, ask for the next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from attncourse import _checks
from attncourse.pytorch.transformer.sampling import greedy


def generate(
    step: Callable[..., Any],
    tokens: Int[Tensor, "batch seq"],
    n_new: int,
    *,
    state: Any = None,
    choose: Callable[..., Any] = greedy,
    noise: Float[Tensor, "n_new batch"] | None = None,
    stop: int | tuple[int, ...] | None = None,
) -> tuple[Int[Tensor, "batch seq_new"], Any]:
    r"""Continue each text of a batch, token by token.

    .. math:: z_t, \, s_t = \text{step}(w_1 \dots w_t, \, s_{t-1}), \qquad
        w_{t+1} = \text{choose}(z_t)

    where :math:`w` are the tokens, :math:`z` the logits of the next one, and :math:`s` is what
    the model keeps between steps: its caches.

    Source: Holtzman et al. (2020), The Curious Case of Neural Text Degeneration, arXiv:1904.09751.

    Parameters
    ----------
    step : callable
        Takes all tokens so far, (batch, seq), and the state; gives the logits of the next token,
        (batch, n_tokens), and the new state. With caches it looks only at the tokens that they do
        not hold yet.
    tokens : integer array
        The beginnings. Of different lengths: fill up on the left, and tell the model by
        ``padding=`` with the first step.
    n_new : int
        How many tokens to add at most.
    state : anything
        The first state: None, or what an earlier call gave.
    choose : callable
        :func:`greedy`, or any function of the logits; of the logits and one row of noise where
        there is noise: ``lambda z, u: sample_token(top_p_filter(z, 0.9), u)``.
    noise : array, floating, optional
        One row for each new token, evenly from [0, 1): (n_new, batch).
    stop : int or a tuple of int, optional
        The tokens that end a text. What comes after one in the same row is the first of them.

    Returns
    -------
    tokens : integer array
        The beginnings and what was added: fewer than n_new only when every text has ended.
    state : anything
        What ``step`` gave last. The last token is not in it yet.

    Examples
    --------
    >>> def count_on(tokens, state):  # the next number is the likeliest
    ...     return torch.eye(10)[(tokens[:, -1] + 1) % 10], state
    >>> generate(count_on, torch.tensor([[3], [7]]), 4, stop=9)[0]
    tensor([[3, 4, 5, 6, 7],
            [7, 8, 9, 9, 9]])
    """
    _checks.generation.beginnings(Tensor, tokens)
    _checks.count("n_new", n_new)
    _checks.generation.noise_rows(Tensor, noise, n_new, tokens)
    stops = _checks.generation.stops(stop)
    ended = torch.zeros(tokens.shape[0], dtype=torch.bool, device=tokens.device)
    for t in range(n_new):
        logits, state = step(tokens, state)
        _checks.generation.next_logits(Tensor, logits, tokens)
        if stops:
            _checks.generation.stop_tokens(stops, logits.shape[-1])
        new = choose(logits) if noise is None else choose(logits, noise[t])
        _checks.generation.chosen(Tensor, new, tokens)
        if stops:
            new = torch.where(ended, stops[0], new)
            for token in stops:
                ended = ended | (new == token)
        tokens = torch.cat([tokens, new[:, None].to(tokens.dtype)], dim=1)
        if stops and _checks.looking.readable(ended) and ended.all():
            break
    return tokens, state
