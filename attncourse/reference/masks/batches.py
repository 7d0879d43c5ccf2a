"""Masks by content: what each sequence of a batch holds decides."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Int

from attncourse import _checks


def document_mask(
    documents: Int[np.ndarray, "batch kv_len"], q_len: int | None = None
) -> Bool[np.ndarray, "batch 1 q_len kv_len"]:
    r"""Let each query attend within its own document, where several share one sequence.

    .. math:: M_{bij} = [\, D_{b,\,i + n - m} = D_{bj} \,]

    where :math:`D` names the document of each position, :math:`m` is q_len and :math:`n` is
    kv_len. Join it with ``& causal_mask(q_len, kv_len)`` for a language model.

    Parameters
    ----------
    documents : integer array
        The document that each position belongs to; any numbering will do.
    q_len : int, optional
        The last ``q_len`` positions are queries; all of them if left out.

    Returns
    -------
    boolean array
        True = may attend. It has an axis of size one for the heads.

    References
    ----------
    Krell et al. (2021), Efficient Sequence Packing without Cross-contamination, arXiv:2107.02027.

    Examples
    --------
    >>> document_mask(np.array([[7, 7, 4]]))[0, 0].astype(int)
    array([[1, 1, 0],
           [1, 1, 0],
           [0, 0, 1]])
    """
    _checks.integer(np.ndarray, documents=documents)
    kv_len = _checks.shapes(documents=(documents, "batch kv_len"))["kv_len"]
    q_len = kv_len if q_len is None else _checks.count("q_len", q_len, maximum=kv_len)
    queries = documents[:, kv_len - q_len :]
    return (queries[:, :, None] == documents[:, None, :])[:, None]


def padding_mask(
    lengths: Int[np.ndarray, " batch"], kv_len: int, *, side: str = "right"
) -> Bool[np.ndarray, "batch 1 1 kv_len"]:
    r"""Let every query attend to the real keys of its sequence, and to no padding.

    .. math:: M_{bj} = [\, j < \ell_b \,] \quad \text{or} \quad [\, j \ge n - \ell_b \,]

    where :math:`\ell_b` is the length of sequence :math:`b` and :math:`n` is kv_len; the padding
    comes last, or first. Only keys are masked: ignore the output of a query that is padding.

    Parameters
    ----------
    lengths : integer array
        How many real positions each sequence of the batch has.
    kv_len : int
        How many keys each sequence has with its padding.
    side : str
        Where the padding is: "right", or "left", as a batch is padded that is to be continued.

    Returns
    -------
    boolean array
        True = may attend, with axes of size one for heads and queries. The ``key_padding_mask``
        of torch's modules has the other polarity.

    References
    ----------
    Rush (2018), The Annotated Transformer, section "Batches and Masking",
    https://nlp.seas.harvard.edu/2018/04/03/attention.html.

    Examples
    --------
    >>> padding_mask(np.array([3, 1]), 4)[:, 0, 0].astype(int)
    array([[1, 1, 1, 0],
           [1, 0, 0, 0]])
    """
    _checks.integer(np.ndarray, lengths=lengths)
    _checks.shapes(lengths=(lengths, "batch"))
    _checks.count("kv_len", kv_len)
    _checks.between("lengths", lengths, 0, kv_len)
    _checks.one_of("side", side, ("right", "left"))
    positions, length = np.arange(kv_len), lengths[:, None]
    real = positions < length if side == "right" else positions >= kv_len - length
    return real[:, None, None, :]
