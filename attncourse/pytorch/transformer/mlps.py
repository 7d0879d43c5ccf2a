"""MLPs: the sublayer that looks at one position alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from attncourse import _checks
from attncourse.pytorch.transformer.activations import gelu, gelu_tanh
from attncourse.pytorch.transformer.affine import _affine


class MLPParameters(NamedTuple):
    """Two layers, one after the other.

    Attributes
    ----------
    w_in : array (d_model, d_hidden)
        From the features to the hidden ones.
    w_out : array (d_hidden, d_model)
        And back.
    b_in : array (d_hidden,), or None
        Added before the activation.
    b_out : array (d_model,), or None
        Added at the end.
    """

    w_in: Float[Tensor, "d_model d_hidden"]
    w_out: Float[Tensor, "d_hidden d_model"]
    b_in: Float[Tensor, " d_hidden"] | None = None
    b_out: Float[Tensor, " d_model"] | None = None


def relu_mlp(
    x: Float[Tensor, "*batch d_model"], parameters: MLPParameters
) -> Float[Tensor, "*batch d_model"]:
    r"""Look at each position alone, through a layer that is cut off at zero.

    .. math:: \text{MLP}(x) = \max(0, x W_\text{in} + b_\text{in}) \, W_\text{out} + b_\text{out}

    where :math:`x` is one position's features, the :math:`W` and :math:`b` are the parameters.

    Source: Vaswani et al. (2017), section 3.3, equation 2, arXiv:1706.03762.

    Parameters
    ----------
    x : array, floating
        The features along the last axis.
    parameters : MLPParameters
        The two layers, with or without biases.

    Examples
    --------
    >>> one = torch.ones(1, 1)
    >>> relu_mlp(torch.tensor([[-2.0], [2.0]]), MLPParameters(one, one))
    tensor([[0.],
            [2.]])
    """
    return _mlp(x, parameters, torch.relu)


def gelu_mlp(
    x: Float[Tensor, "*batch d_model"], parameters: MLPParameters
) -> Float[Tensor, "*batch d_model"]:
    r"""Look at each position alone, through the exact :func:`gelu` (BERT, ViT).

    .. math:: \text{MLP}(x) =
        \text{GELU}(x W_\text{in} + b_\text{in}) \, W_\text{out} + b_\text{out}

    where :math:`x` is one position's features, the :math:`W` and :math:`b` are the parameters.

    Source: Hendrycks and Gimpel (2016), Gaussian Error Linear Units, arXiv:1606.08415.

    Parameters
    ----------
    x, parameters
        As in :func:`relu_mlp`.

    Examples
    --------
    >>> one = torch.ones(1, 1)
    >>> gelu_mlp(torch.tensor([[-2.0], [2.0]]), MLPParameters(one, one)).round(decimals=3)
    tensor([[-0.0460],
            [ 1.9540]])
    """
    return _mlp(x, parameters, gelu)


def gelu_tanh_mlp(
    x: Float[Tensor, "*batch d_model"], parameters: MLPParameters
) -> Float[Tensor, "*batch d_model"]:
    r"""Look at each position alone, through :func:`gelu_tanh` (GPT-2).

    .. math:: \text{MLP}(x) =
        \text{GELU}_{\tanh}(x W_\text{in} + b_\text{in}) \, W_\text{out} + b_\text{out}

    where :math:`x` is one position's features, the :math:`W` and :math:`b` are the parameters.

    Source: Hendrycks and Gimpel (2016), Gaussian Error Linear Units, arXiv:1606.08415.

    Parameters
    ----------
    x, parameters
        As in :func:`relu_mlp`.

    Examples
    --------
    >>> one = torch.ones(1, 1)
    >>> gelu_tanh_mlp(torch.tensor([[-2.0], [2.0]]), MLPParameters(one, one)).round(decimals=3)
    tensor([[-0.0450],
            [ 1.9550]])
    """
    return _mlp(x, parameters, gelu_tanh)


def _mlp(x: Tensor, p: MLPParameters, activation: Callable) -> Tensor:
    _checks.transformer.record("parameters", p, MLPParameters)
    _checks.transformer.affine(
        Tensor,
        x,
        w_in=(p.w_in, p.b_in, "d_model d_hidden"),
        w_out=(p.w_out, p.b_out, "d_hidden d_model"),
    )
    return _affine(activation(_affine(x, p.w_in, p.b_in)), p.w_out, p.b_out)
