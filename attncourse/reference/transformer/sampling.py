"""Choosing a token: the likeliest, or one drawn from those that are likely enough."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from attncourse import _checks
from attncourse.reference.softmax import softmax


def greedy(logits: Float[np.ndarray, "*batch n_tokens"]) -> Int[np.ndarray, "*batch"]:
    r"""Choose the likeliest token.

    .. math:: w = \arg\max_i z_i

    where :math:`z` are the logits; the first of several that are equal.

    Source: Holtzman et al. (2020), arXiv:1904.09751, shows what becomes of texts that are chosen
    so.

    Parameters
    ----------
    logits : array, floating
        One score for each token.

    Examples
    --------
    >>> greedy(np.array([[1.0, 3.0, 2.0], [5.0, 0.0, 5.0]]))
    array([1, 0])
    """
    _checks.floating(np.ndarray, logits=logits)
    _checks.axis(logits, -1)
    _checks.generation.possible(logits)
    return logits.argmax(-1)


def sample_token(
    logits: Float[np.ndarray, "*batch n_tokens"],
    noise: Float[np.ndarray, "*batch"],
    *,
    temperature: float = 1.0,
) -> Int[np.ndarray, "*batch"]:
    r"""Draw a token by its probability; the randomness comes in as an argument.

    .. math:: w = \min \Bigl\{ i : \sum_{j \le i} p_j > u \Bigr\}, \qquad
        p = \text{softmax}(z / T)

    where :math:`z` are the logits, :math:`T` is the temperature and :math:`u` the noise: laid end
    to end the probabilities fill the way from 0 to 1, and the noise points at one of them. A
    temperature near zero chooses as :func:`greedy` does.

    Source: Ackley et al. (1985), for the temperature, https://doi.org/10.1207/s15516709cog0901_7.

    Parameters
    ----------
    logits : array, floating
        One score for each token; ``-inf`` for those that must not be drawn.
    noise : array, floating
        One number for each row, drawn evenly from [0, 1). Give float32 at least: half precision
        knows too few numbers.
    temperature : float
        Above one more even, below one sharper.

    Examples
    --------
    >>> logits = np.log(np.array([0.5, 0.3, 0.2]))
    >>> sample_token(np.stack([logits] * 3), np.array([0.4, 0.6, 0.9]))
    array([0, 1, 2])
    """
    _checks.floating(np.ndarray, logits=logits)
    _checks.axis(logits, -1)
    _checks.generation.possible(logits)
    _checks.generation.uniform(np.ndarray, noise, tuple(logits.shape[:-1]))
    _checks.one_device(logits=logits, noise=noise)
    dtype = np.promote_types(np.promote_types(logits.dtype, noise.dtype), np.float32)
    reached = softmax(logits.astype(dtype), temperature=temperature).cumsum(-1)
    # Rounding may leave the sum a little beside one: stretch the noise to what it is.
    return (reached <= noise[..., None].astype(dtype) * reached[..., -1:]).sum(-1)


def top_k_filter(
    logits: Float[np.ndarray, "*batch n_tokens"], top_k: int
) -> Float[np.ndarray, "*batch n_tokens"]:
    r"""Keep the ``top_k`` likeliest tokens, and rule out the others.

    .. math:: z'_i = \begin{cases} z_i & \text{rank}(z_i) < k \\ -\infty & \text{otherwise}
        \end{cases}

    where :math:`z` are the logits and :math:`k` is ``top_k``; the largest has rank 0, of equal ones
    the first.

    Source: Fan et al. (2018), Hierarchical Neural Story Generation, arXiv:1805.04833.

    Parameters
    ----------
    logits : array, floating
        One score for each token.
    top_k : int
        How many stay; all of them if there are no more.

    Returns
    -------
    array
        ``-inf`` for what is ruled out. The tokens that stay share its probability.

    Examples
    --------
    >>> top_k_filter(np.array([2.0, 1.0, 3.0, 1.0]), top_k=3)
    array([  2.,   1.,   3., -inf])
    """
    _checks.floating(np.ndarray, logits=logits)
    _checks.axis(logits, -1)
    _checks.count("top_k", top_k, minimum=1)
    return np.where(_ranks(logits) < top_k, logits, -np.inf).astype(logits.dtype)


def top_p_filter(
    logits: Float[np.ndarray, "*batch n_tokens"], top_p: float
) -> Float[np.ndarray, "*batch n_tokens"]:
    r"""Keep the smallest set of likeliest tokens that reaches a probability (the nucleus).

    .. math:: z'_i = \begin{cases} z_i & \sum_{j \text{ before } i} \text{softmax}(z)_j < p \\
        -\infty & \text{otherwise} \end{cases}

    where :math:`z` are the logits, :math:`p` is ``top_p``, and those before i are the likelier,
    of equal ones the first. The likeliest always stays; at :math:`p = 1` all do.

    Source: Holtzman et al. (2020), section 3.1, arXiv:1904.09751.

    Parameters
    ----------
    logits : array, floating
        One score for each token.
    top_p : float
        The probability to reach, above 0 and at most 1.

    Examples
    --------
    >>> logits = np.log(np.array([0.25, 0.5, 0.125, 0.125]))
    >>> np.exp(top_p_filter(logits, 0.7)).round(3)
    array([0.25, 0.5 , 0.  , 0.  ])
    """
    _checks.floating(np.ndarray, logits=logits)
    _checks.axis(logits, -1)
    _checks.fraction("top_p", top_p)
    _checks.positive("top_p", top_p)
    if top_p == 1:  # the sum of all but the last may round up to one
        return logits.copy()
    wide = logits.astype(np.promote_types(logits.dtype, np.float32))
    from_the_top = -np.sort(-softmax(wide), axis=-1)
    # One more than those that do not reach it yet.
    kept = 1 + (from_the_top.cumsum(-1) < top_p).sum(-1, keepdims=True)
    return np.where(_ranks(logits) < kept, logits, -np.inf).astype(logits.dtype)


def _ranks(logits: np.ndarray) -> np.ndarray:
    """Count, for each logit, the larger ones and the equal ones before it."""
    order = np.argsort(-logits, axis=-1, kind="stable")
    return np.argsort(order, axis=-1)
