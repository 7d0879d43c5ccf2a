"""Residual connections: where the norm stands when a sublayer adds to what it was given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from attncourse import _checks


class NormParameters(NamedTuple):
    """What a norm learns; nothing if both are left out.

    Attributes
    ----------
    weight : array (d_model,), or None
        One factor for each feature.
    bias : array (d_model,), or None
        One summand for each feature; RMS norm has none.
    """

    weight: Float[np.ndarray, " d_model"] | None = None
    bias: Float[np.ndarray, " d_model"] | None = None


def pre_norm(
    x: Float[np.ndarray, "*batch seq d_model"],
    sublayer: Callable[..., Any],
    norm: Callable[..., Any],
) -> Float[np.ndarray, "*batch seq d_model"]:
    r"""Add what a sublayer makes of the normed features.

    .. math:: y = x + f(\text{norm}(x))

    where :math:`f` is the sublayer. The sum is never normed: gradients have one way to the first
    layer that no norm rescales, and the stack needs one more norm at its end (GPT-2, Llama).

    Source: Xiong et al. (2020), section 3, arXiv:2002.04745.

    Parameters
    ----------
    x : array, floating
        The residual stream.
    sublayer : callable
        Attention or an MLP: takes the features and gives as many.
    norm : callable
        Takes the features and gives them normed.

    Examples
    --------
    >>> pre_norm(np.array([[3.0, 4.0]]), lambda h: 10 * h, norm=lambda x: x / 5)
    array([[ 9., 12.]])
    """
    _checks.floating(np.ndarray, x=x)
    y = sublayer(norm(x))
    _checks.transformer.residual(np.ndarray, x, y)
    return x + y


def post_norm(
    x: Float[np.ndarray, "*batch seq d_model"],
    sublayer: Callable[..., Any],
    norm: Callable[..., Any],
) -> Float[np.ndarray, "*batch seq d_model"]:
    r"""Add what a sublayer makes of the features, and norm the sum.

    .. math:: y = \text{norm}(x + f(x))

    where :math:`f` is the sublayer. The first Transformer did it so, and BERT. Gradients pass a
    norm at every step: deep stacks need a warm-up of the learning rate.

    Source: Vaswani et al. (2017), Attention Is All You Need, section 3.1, arXiv:1706.03762.

    Parameters
    ----------
    x, sublayer, norm
        As in :func:`pre_norm`.

    Examples
    --------
    >>> post_norm(np.array([[3.0, 4.0]]), lambda h: 10 * h, norm=lambda x: x / 11)
    array([[3., 4.]])
    """
    _checks.floating(np.ndarray, x=x)
    y = sublayer(x)
    _checks.transformer.residual(np.ndarray, x, y)
    return norm(x + y)


def sandwich_norm(
    x: Float[np.ndarray, "*batch seq d_model"],
    sublayer: Callable[..., Any],
    norm: Callable[..., Any],
    norm_after: Callable[..., Any],
) -> Float[np.ndarray, "*batch seq d_model"]:
    r"""Add what a sublayer makes of the normed features, normed once more.

    .. math:: y = x + \text{norm}'(f(\text{norm}(x)))

    where :math:`f` is the sublayer. No sublayer can add more than its second norm lets through,
    and the sum stays free as in :func:`pre_norm`. (Gemma 2 and 3.)

    Source: Ding et al. (2021), CogView ("Sandwich LayerNorm"), arXiv:2105.13290.

    Parameters
    ----------
    x, sublayer
        As in :func:`pre_norm`.
    norm, norm_after : callables
        Take the features and give them normed: before the sublayer, and after it.

    Examples
    --------
    >>> sandwich_norm(np.array([[3.0, 4.0]]), lambda h: 10 * h, lambda x: x / 5, lambda x: x / 2)
    array([[6., 8.]])
    """
    _checks.floating(np.ndarray, x=x)
    y = sublayer(norm(x))
    _checks.transformer.residual(np.ndarray, x, y)
    return x + norm_after(y)


def _normalise(norm: Callable[..., Any], x: np.ndarray, p: NormParameters) -> np.ndarray:
    _checks.transformer.record("norm parameters", p, NormParameters)
    return norm(x, **{name: a for name, a in p._asdict().items() if a is not None})
