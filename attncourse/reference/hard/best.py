"""The best alone: one key, or the few with the largest scores."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from attncourse import _checks
from attncourse.reference.softmax.stable import below_zero, softmax


def hardmax(
    x: Float[np.ndarray, "*shape"],
    *,
    axis: int = -1,
    mask: Bool[np.ndarray, "*#shape"] | None = None,
) -> Float[np.ndarray, "*shape"]:
    r"""Give all weight to the largest score.

    .. math:: p_i = [\, i = \arg\max_j x_j \,] = \lim_{T \to 0} \text{softmax}(x / T)_i

    where :math:`x` are the scores and :math:`T` is a temperature. Of equal scores the first is
    taken; the limit would share the weight. Its gradient is zero wherever there is one: nothing can
    be learned through it.

    Source: Hahn (2020), arXiv:1906.06755 (hard attention).

    Parameters
    ----------
    x, axis, mask
        As in :func:`softmax`. A row that is masked altogether gives zeros.

    Examples
    --------
    >>> hardmax(np.array([1.0, 3.0, 3.0]))
    array([0., 1., 0.])
    """
    _checks.softmax(np.ndarray, x, axis, mask)
    scores = below_zero(x, axis, mask)
    one_hot = np.zeros_like(x)
    np.put_along_axis(one_hot, scores.argmax(axis, keepdims=True), 1, axis)
    return np.where(scores == 0, one_hot, 0)  # the largest is zero, or -inf in an empty row


def top_k_softmax(
    x: Float[np.ndarray, "*shape"],
    top_k: int,
    *,
    axis: int = -1,
    mask: Bool[np.ndarray, "*#shape"] | None = None,
) -> Float[np.ndarray, "*shape"]:
    r"""Share the weight among the ``top_k`` largest scores, by the softmax over them alone.

    .. math:: p_i = \frac{e^{x_i} \, [i \in K]}{\sum_{j \in K} e^{x_j}}

    where :math:`K` are the k largest scores along the axis. Gradients flow to what was chosen, and
    not to the choosing: a score just below the best never learns that it was close.

    Source: Zhao et al. (2019), arXiv:1912.11637; Gupta et al. (2021), arXiv:2106.06899.

    Parameters
    ----------
    x, axis, mask
        As in :func:`softmax`.
    top_k : int
        How many entries get a weight; fewer where the mask lets in fewer. Of equal scores the first
        are taken.

    Examples
    --------
    >>> top_k_softmax(np.array([2.0, 0.0, 2.0, 1.0]), 2)
    array([0.5, 0. , 0.5, 0. ])
    """
    _checks.softmax(np.ndarray, x, axis, mask)
    _checks.count("top_k", top_k, minimum=1)
    scores = below_zero(x, axis, mask)
    order = np.argsort(-scores, axis=axis, kind="stable")  # stable: of equals the first
    rank = np.argsort(order, axis=axis)
    best = rank < top_k
    return softmax(x, axis=axis, mask=best if mask is None else best & mask)
