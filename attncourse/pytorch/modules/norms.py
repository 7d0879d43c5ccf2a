"""Norms with their parameters."""

from __future__ import annotations

from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn

from attncourse import _checks
from attncourse.pytorch.modules.options import _options_of
from attncourse.pytorch.transformer import (
    NormParameters,
    layer_norm,
    rms_norm,
)


class LayerNorm(nn.Module):
    r"""Bring each vector of features to mean zero and variance one, then rescale and shift it.

    .. math:: y_i = g_i \, \frac{x_i - \mu}{\sqrt{\sigma^2 + \varepsilon}} + b_i

    where :math:`\mu` and :math:`\sigma^2` are the mean and the variance of one position's
    features. :func:`layer_norm` says more.

    Source: Ba et al. (2016), Layer Normalization, section 3, arXiv:1607.06450.

    Parameters
    ----------
    d_model : int
        How many features there are.
    eps : float
        Added to the variance.
    bias : bool
        Whether there is a bias to learn.

    Examples
    --------
    >>> LayerNorm(2)(torch.tensor([1.0, 3.0])).detach().round(decimals=3)
    tensor([-1.,  1.])
    """

    @_options_of()
    def __init__(self, d_model: int, *, eps: float = 1e-5, bias: bool = True) -> None:
        super().__init__()
        d_model = _checks.count("d_model", d_model, minimum=1)
        _checks.positive("eps", eps)
        self.function = partial(layer_norm, eps=eps)
        self.weight = nn.Parameter(torch.ones(d_model))
        self.bias = nn.Parameter(torch.zeros(d_model)) if bias else None

    def forward(self, x: Float[Tensor, "*batch d_model"]) -> Float[Tensor, "*batch d_model"]:
        """Norm each position's features."""
        return self.function(x, self.weight, self.bias)

    def as_parameters(self) -> NormParameters:
        """Give the parameters as the pure functions take them: the same tensors."""
        return NormParameters(self.weight, self.bias)


class RMSNorm(nn.Module):
    r"""Bring each vector of features to root mean square one, then rescale it.

    .. math:: y_i = g_i \, \frac{x_i}{\sqrt{\frac{1}{d} \sum_j x_j^2 + \varepsilon}}

    where :math:`x` is one position's :math:`d` features. :func:`rms_norm` says more.

    Source: Zhang and Sennrich (2019), equation 4, arXiv:1910.07467.

    Parameters
    ----------
    d_model : int
        How many features there are.
    eps : float
        Added to the mean square.

    Examples
    --------
    >>> RMSNorm(2)(torch.tensor([1.0, 7.0])).detach().round(decimals=1)
    tensor([0.2000, 1.4000])
    """

    @_options_of()
    def __init__(self, d_model: int, *, eps: float = 1e-6) -> None:
        super().__init__()
        d_model = _checks.count("d_model", d_model, minimum=1)
        _checks.positive("eps", eps)
        self.function = partial(rms_norm, eps=eps)
        self.weight = nn.Parameter(torch.ones(d_model))

    def forward(self, x: Float[Tensor, "*batch d_model"]) -> Float[Tensor, "*batch d_model"]:
        """Norm each position's features."""
        return self.function(x, self.weight)

    def as_parameters(self) -> NormParameters:
        """Give the parameters as the pure functions take them: the same tensors."""
        return NormParameters(self.weight)
