"""The best alone: one key, or the few with the largest scores."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from attncourse import _checks
from attncourse.pytorch.softmax.stable import below_zero, softmax


def hardmax(
    x: Float[Tensor, "*shape"],
    *,
    axis: int = -1,
    mask: Bool[Tensor, "*#shape"] | None = None,
) -> Float[Tensor, "*shape"]:
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
    >>> hardmax(torch.tensor([1.0, 3.0, 3.0]))
    tensor([0., 1., 0.])
    """
    _checks.softmax(Tensor, x, axis, mask)
    scores = below_zero(x, axis, mask)
    best = scores.argmax(axis, keepdim=True)
    one_hot = torch.zeros_like(x).scatter(axis, best, 1)
    return torch.where(scores == 0, one_hot, 0)  # the largest is zero, or -inf in an empty row


def top_k_softmax(
    x: Float[Tensor, "*shape"],
    top_k: int,
    *,
    axis: int = -1,
    mask: Bool[Tensor, "*#shape"] | None = None,
) -> Float[Tensor, "*shape"]:
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
    >>> top_k_softmax(torch.tensor([2.0, 0.0, 2.0, 1.0]), 2)
    tensor([0.5000, 0.0000, 0.5000, 0.0000])
    """
    _checks.softmax(Tensor, x, axis, mask)
    _checks.count("top_k", top_k, minimum=1)
    scores = below_zero(x, axis, mask)
    order = scores.argsort(dim=axis, descending=True, stable=True)  # stable: of equals the first
    rank = order.argsort(dim=axis)
    best = rank < top_k
    return softmax(x, axis=axis, mask=best if mask is None else best & mask)
