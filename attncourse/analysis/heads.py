"""What a head does: scores for known kinds of heads.

A score is the weight that a head puts on the keys of one kind, averaged over the queries that have
such keys: 1 for a head that does nothing else.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from attncourse import _checks
from attncourse.analysis._weights import checked, distance

PATTERN = "*batch n_heads q_len kv_len"


def previous_token_score(
    weights: Float[np.ndarray, "*batch n_heads q_len kv_len"], *, offset: int = 1
) -> Float[np.ndarray, " n_heads"]:
    r"""Give the weight on the position right before, or ``offset`` positions before.

    .. math:: \text{score} = \frac{1}{|I|} \sum_{i \in I} A_{i,\, p_i - r}, \qquad
        I = \{ i : p_i \ge r \}, \quad p_i = i + n - m

    where :math:`A` are a head's weights, :math:`r` is the offset, :math:`m` is q_len and :math:`n`
    is kv_len; the mean runs over the batch as well. 0 where no query stands so far in.

    Source: Olsson et al. (2022), appendix on head scores, arXiv:2209.11895.

    Parameters
    ----------
    weights : array, floating
        What softmax gave.
    offset : int
        How far back: 1 is the previous token, 0 the query's own position.

    Examples
    --------
    >>> previous_token_score(np.array([[[1.0, 0, 0], [1, 0, 0], [0, 0.5, 0.5]]]))
    array([0.75])
    """
    _checks.count("offset", offset)
    weights = checked(weights, PATTERN)
    return _mean_weight(weights, distance(*weights.shape[-2:]) == offset)


def first_token_score(
    weights: Float[np.ndarray, "*batch n_heads q_len kv_len"], *, n_first: int = 1
) -> Float[np.ndarray, " n_heads"]:
    r"""Give the weight on the first positions, where attention goes that has nothing to look for.

    .. math:: \text{score} = \frac{1}{|I|} \sum_{i \in I} \sum_{j < f} A_{ij}, \qquad
        I = \{ i : p_i \ge f \}, \quad p_i = i + n - m

    where :math:`A` are a head's weights, :math:`f` is n_first, :math:`m` is q_len and :math:`n` is
    kv_len. The first queries themselves do not count: they may have nothing else to see.

    Source: Xiao et al. (2024), section 3.1, arXiv:2309.17453.

    Parameters
    ----------
    weights : array, floating
        What softmax gave.
    n_first : int
        How many leading positions count as first.

    Examples
    --------
    >>> first_token_score(np.array([[[1.0, 0, 0], [1, 0, 0], [0, 0.5, 0.5]]]))
    array([0.5])
    """
    _checks.count("n_first", n_first, minimum=1)
    weights = checked(weights, PATTERN)
    q_len, kv_len = weights.shape[-2:]
    first = np.arange(kv_len) < n_first
    return _mean_weight(weights, first & (distance(q_len, kv_len)[:, :1] >= n_first))


def duplicate_token_score(
    weights: Float[np.ndarray, "*batch n_heads q_len kv_len"],
    tokens: Int[np.ndarray, "*batch kv_len"],
) -> Float[np.ndarray, " n_heads"]:
    r"""Give the weight on earlier copies of the query's own token; 0 where no token comes twice.

    .. math:: \text{score} = \frac{1}{|I|} \sum_{i \in I} \sum_{j \in D_i} A_{ij}, \qquad
        D_i = \{ j < p_i : x_j = x_{p_i} \}, \quad I = \{ i : D_i \ne \emptyset \}

    where :math:`A` are a head's weights, :math:`x` the tokens and :math:`p_i = i + n - m` is the
    position of query i of m among n keys.

    Source: Wang et al. (2023), Interpretability in the Wild, section 3, arXiv:2211.00593.

    Parameters
    ----------
    weights : array, floating
        What softmax gave.
    tokens : integer array
        The tokens at the keys' positions; the queries are the last of them.

    Examples
    --------
    >>> head = np.array([[[1.0, 0, 0], [0.5, 0.5, 0], [0.9, 0, 0.1]]])
    >>> duplicate_token_score(head, np.array([7, 8, 7]))
    array([0.9])
    """
    weights = checked(weights, PATTERN)
    return _mean_weight(weights, _copies(weights, tokens))


def induction_score(
    weights: Float[np.ndarray, "*batch n_heads q_len kv_len"],
    tokens: Int[np.ndarray, "*batch kv_len"],
) -> Float[np.ndarray, " n_heads"]:
    r"""Give the weight on what came right after earlier copies of the query's own token.

    .. math:: \text{score} = \frac{1}{|I|} \sum_{i \in I} \sum_{j \in D_i} A_{ij}, \qquad
        D_i = \{ j < p_i : x_{j-1} = x_{p_i} \}, \quad I = \{ i : D_i \ne \emptyset \}

    where the symbols are those of :func:`duplicate_token_score`. A head with a high score continues
    ``A B … A`` with ``B``. Random tokens, repeated once, leave it no other reason to look there.

    Source: Olsson et al. (2022), arXiv:2209.11895.

    Parameters
    ----------
    weights, tokens
        As in :func:`duplicate_token_score`.

    Examples
    --------
    >>> head = np.array([[[1.0, 0, 0], [0.5, 0.5, 0], [0, 0.8, 0.2]]])
    >>> induction_score(head, np.array([7, 8, 7]))  # after 7 came 8, at position 1
    array([0.8])
    """
    weights = checked(weights, PATTERN)
    after = np.roll(_copies(weights, tokens), 1, axis=-1)
    after[..., 0] = False
    return _mean_weight(weights, after & (distance(*weights.shape[-2:]) > 0))


def _copies(weights: np.ndarray, tokens: np.ndarray) -> np.ndarray:
    """Say for each query which earlier positions hold its token."""
    _checks.integer(np.ndarray, tokens=tokens)
    dims = _checks.shapes(weights=(weights, PATTERN), tokens=(tokens, "*batch kv_len"))
    q_len, kv_len = dims["q_len"], dims["kv_len"]
    _checks.count("q_len", q_len, maximum=kv_len)
    asking = tokens[..., kv_len - q_len :, None]
    return (asking == tokens[..., None, :]) & (distance(q_len, kv_len) > 0)


def _mean_weight(weights: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Average the weight on the wanted keys over the queries that have any, head by head."""
    wanted = np.broadcast_to(wanted, (*weights.shape[:-3], *weights.shape[-2:]))
    n_queries = int(wanted.any(axis=-1).sum())
    on_wanted = (weights * wanted[..., None, :, :]).sum(axis=(-2, -1))
    return on_wanted.reshape(-1, weights.shape[-3]).sum(axis=0) / max(n_queries, 1)
