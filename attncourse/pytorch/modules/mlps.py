"""MLPs with their parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from attncourse import _checks
from attncourse.pytorch.modules.options import _options_of
from attncourse.pytorch.transformer import (
    GatedMLPParameters,
    MLPParameters,
    gelu_mlp,
    swiglu_mlp,
)


class MLP(nn.Module):
    r"""Look at each position alone, through one hidden layer.

    .. math:: \text{MLP}(x) = f(x W_\text{in} + b_\text{in}) \, W_\text{out} + b_\text{out}

    where :math:`f` bends each number: the exact GELU, or what ``function`` does.

    Source: Vaswani et al. (2017), Attention Is All You Need, section 3.3, arXiv:1706.03762.

    Parameters
    ----------
    d_model : int
        The width of the input and of the output.
    d_hidden : int
        The width between them.
    bias : bool
        Whether the two layers add a bias.
    function : callable
        :func:`gelu_mlp`, :func:`gelu_tanh_mlp` or :func:`relu_mlp`.

    Examples
    --------
    >>> import torch
    >>> MLP(6, 24)(torch.zeros(2, 5, 6)).shape
    torch.Size([2, 5, 6])
    """

    @_options_of()
    def __init__(
        self,
        d_model: int,
        d_hidden: int,
        *,
        bias: bool = True,
        function: Callable[..., Any] = gelu_mlp,
    ) -> None:
        super().__init__()
        d_model = _checks.count("d_model", d_model, minimum=1)
        d_hidden = _checks.count("d_hidden", d_hidden, minimum=1)
        self.function = function
        self.input = nn.Linear(d_model, d_hidden, bias=bias)
        self.out = nn.Linear(d_hidden, d_model, bias=bias)

    def forward(self, x: Float[Tensor, "*batch d_model"]) -> Float[Tensor, "*batch d_model"]:
        """Look at each position alone."""
        return self.function(x, self.as_parameters())

    def as_parameters(self) -> MLPParameters:
        """Give the parameters as the pure functions take them: the same tensors."""
        return MLPParameters(self.input.weight.T, self.out.weight.T, self.input.bias, self.out.bias)


class GatedMLP(nn.Module):
    r"""Look at each position alone, one hidden layer gating another.

    .. math:: \text{MLP}(x) = \bigl(f(x W_\text{gate}) \odot x W_\text{in}\bigr) W_\text{out}

    where :math:`f` is SiLU, or what ``function`` takes, and each layer may add a bias.

    Source: Shazeer (2020), GLU Variants Improve Transformer, equation 6, arXiv:2002.05202.

    Parameters
    ----------
    d_model : int
        The width of the input and of the output.
    d_hidden : int
        The width between them; two thirds of an ungated one's for as many parameters.
    bias : bool
        Whether the three layers add a bias.
    function : callable
        :func:`swiglu_mlp`, :func:`geglu_mlp` or :func:`geglu_tanh_mlp`.

    Examples
    --------
    >>> import torch
    >>> GatedMLP(6, 16)(torch.zeros(2, 5, 6)).shape
    torch.Size([2, 5, 6])
    """

    @_options_of()
    def __init__(
        self,
        d_model: int,
        d_hidden: int,
        *,
        bias: bool = False,
        function: Callable[..., Any] = swiglu_mlp,
    ) -> None:
        super().__init__()
        d_model = _checks.count("d_model", d_model, minimum=1)
        d_hidden = _checks.count("d_hidden", d_hidden, minimum=1)
        self.function = function
        self.gate = nn.Linear(d_model, d_hidden, bias=bias)
        self.input = nn.Linear(d_model, d_hidden, bias=bias)
        self.out = nn.Linear(d_hidden, d_model, bias=bias)

    def forward(self, x: Float[Tensor, "*batch d_model"]) -> Float[Tensor, "*batch d_model"]:
        """Look at each position alone."""
        return self.function(x, self.as_parameters())

    def as_parameters(self) -> GatedMLPParameters:
        """Give the parameters as the pure functions take them: the same tensors."""
        layers = (self.gate, self.input, self.out)
        weights, biases = [a.weight.T for a in layers], [a.bias for a in layers]
        return GatedMLPParameters(*weights, *biases)
