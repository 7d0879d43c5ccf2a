"""Gated MLPs: one layer says how much of another goes through."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from attncourse import _checks
from attncourse.reference.transformer.activations import gelu, gelu_tanh, silu
from attncourse.reference.transformer.affine import _affine


class GatedMLPParameters(NamedTuple):
    """Two layers side by side, one of which gates the other, and a third behind them.

    Attributes
    ----------
    w_gate : array (d_model, d_hidden)
        What the activation acts on; the field also calls it gate_proj or w1.
    w_in : array (d_model, d_hidden)
        What is gated: up_proj or w3.
    w_out : array (d_hidden, d_model)
        Back to the features: down_proj or w2.
    b_gate : array (d_hidden,), or None
        Added before the activation.
    b_in : array (d_hidden,), or None
        Added to what is gated.
    b_out : array (d_model,), or None
        Added at the end.
    """

    w_gate: Float[np.ndarray, "d_model d_hidden"]
    w_in: Float[np.ndarray, "d_model d_hidden"]
    w_out: Float[np.ndarray, "d_hidden d_model"]
    b_gate: Float[np.ndarray, " d_hidden"] | None = None
    b_in: Float[np.ndarray, " d_hidden"] | None = None
    b_out: Float[np.ndarray, " d_model"] | None = None


def swiglu_mlp(
    x: Float[np.ndarray, "*batch d_model"], parameters: GatedMLPParameters
) -> Float[np.ndarray, "*batch d_model"]:
    r"""Look at each position alone, one layer gating the other by :func:`silu` (Llama).

    .. math:: \text{MLP}(x) = \bigl(\text{SiLU}(x W_\text{gate} + b_\text{gate}) \odot
        (x W_\text{in} + b_\text{in})\bigr) W_\text{out} + b_\text{out}

    where :math:`x` is one position's features and :math:`\odot` multiplies number by number.

    Source: Shazeer (2020), GLU Variants Improve Transformer, equation 6, arXiv:2002.05202.

    Parameters
    ----------
    x : array, floating
        The features along the last axis.
    parameters : GatedMLPParameters
        The three layers, with or without biases.

    Examples
    --------
    >>> one = np.ones((1, 1))
    >>> swiglu_mlp(np.array([[-2.0], [2.0]]), GatedMLPParameters(one, one, one)).round(3)
    array([[0.477],
           [3.523]])
    """
    return _gated(x, parameters, silu)


def geglu_mlp(
    x: Float[np.ndarray, "*batch d_model"], parameters: GatedMLPParameters
) -> Float[np.ndarray, "*batch d_model"]:
    r"""Look at each position alone, one layer gating the other by the exact :func:`gelu`.

    .. math:: \text{MLP}(x) = \bigl(\text{GELU}(x W_\text{gate} + b_\text{gate}) \odot
        (x W_\text{in} + b_\text{in})\bigr) W_\text{out} + b_\text{out}

    where :math:`x` is one position's features, the :math:`W` and :math:`b` are the parameters, and
    :math:`\odot` multiplies number by number.

    Source: Shazeer (2020), GLU Variants Improve Transformer, equation 6, arXiv:2002.05202.

    Parameters
    ----------
    x, parameters
        As in :func:`swiglu_mlp`.

    Examples
    --------
    >>> one = np.ones((1, 1))
    >>> geglu_mlp(np.array([[-2.0], [2.0]]), GatedMLPParameters(one, one, one)).round(3)
    array([[0.091],
           [3.909]])
    """
    return _gated(x, parameters, gelu)


def geglu_tanh_mlp(
    x: Float[np.ndarray, "*batch d_model"], parameters: GatedMLPParameters
) -> Float[np.ndarray, "*batch d_model"]:
    r"""Look at each position alone, one layer gating the other by :func:`gelu_tanh` (Gemma).

    .. math:: \text{MLP}(x) = \bigl(\text{GELU}_{\tanh}(x W_\text{gate} + b_\text{gate}) \odot
        (x W_\text{in} + b_\text{in})\bigr) W_\text{out} + b_\text{out}

    where :math:`x` is one position's features, the :math:`W` and :math:`b` are the parameters, and
    :math:`\odot` multiplies number by number.

    Source: Shazeer (2020), GLU Variants Improve Transformer, equation 6, arXiv:2002.05202.

    Parameters
    ----------
    x, parameters
        As in :func:`swiglu_mlp`.

    Examples
    --------
    >>> one = np.ones((1, 1))
    >>> geglu_tanh_mlp(np.array([[-2.0], [2.0]]), GatedMLPParameters(one, one, one)).round(3)
    array([[0.091],
           [3.909]])
    """
    return _gated(x, parameters, gelu_tanh)


def _gated(x: np.ndarray, p: GatedMLPParameters, activation: Callable) -> np.ndarray:
    _checks.transformer.record("parameters", p, GatedMLPParameters)
    _checks.transformer.affine(
        np.ndarray,
        x,
        w_gate=(p.w_gate, p.b_gate, "d_model d_hidden"),
        w_in=(p.w_in, p.b_in, "d_model d_hidden"),
        w_out=(p.w_out, p.b_out, "d_hidden d_model"),
    )
    gate = activation(_affine(x, p.w_gate, p.b_gate))
    return _affine(gate * _affine(x, p.w_in, p.b_in), p.w_out, p.b_out)
