"""How much a head matters to the loss."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from attncourse import _checks


def head_importance(
    outputs: Float[np.ndarray, "*batch n_heads seq d_v"],
    gradients: Float[np.ndarray, "*batch n_heads seq d_v"],
) -> Float[np.ndarray, " n_heads"]:
    r"""Estimate how much the loss would move if a head were switched off, from one backward pass.

    .. math:: I_h = \mathbb{E}_x \left| \frac{\partial L(x)}{\partial \xi_h} \right|
        = \mathbb{E}_x \left| \sum_{t,c} O_{h,t,c} \,
        \frac{\partial L(x)}{\partial O_{h,t,c}} \right|

    where :math:`O_h` is the output of head h for example x before the heads are mixed, :math:`L`
    the loss and :math:`\xi_h` a gate of one on the head. First order: exact only for a loss that is
    linear in the gate. The source also divides by the norm over a layer's heads.

    Source: Michel et al. (2019), section 4.1, arXiv:1905.10650.

    Parameters
    ----------
    outputs, gradients : arrays, floating
        What each head gave, and the gradient of the loss by it. The loss must be a sum over
        examples, not a mean, for the batch size not to matter.

    Examples
    --------
    >>> outputs = np.array([[[1.0, 2.0]], [[3.0, 1.0]]])  # two heads, one position
    >>> head_importance(outputs, np.array([[[1.0, 1.0]], [[1.0, -3.0]]]))
    array([3., 0.])
    """
    _checks.floating(np.ndarray, outputs=outputs, gradients=gradients)
    pattern = "*batch n_heads seq d_v"
    _checks.shapes(outputs=(outputs, pattern), gradients=(gradients, pattern))
    dtype = np.promote_types(outputs.dtype, np.float32)
    by_gate = (outputs.astype(dtype) * gradients.astype(dtype)).sum(axis=(-2, -1))
    return np.abs(by_gate).reshape(-1, outputs.shape[-3]).mean(axis=0)
