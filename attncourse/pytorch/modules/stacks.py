"""Stacks of blocks with their parameters, blind to the future or not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from attncourse import _checks
from attncourse.pytorch.cache import static_cache
from attncourse.pytorch.modules.blocks import TransformerBlock
from attncourse.pytorch.modules.norms import LayerNorm
from attncourse.pytorch.modules.options import _options_of
from attncourse.pytorch.transformer import (
    BlockCache,
    StackParameters,
    decoder,
    post_norm,
    pre_norm,
)


class Encoder(nn.Module):
    r"""Let every position see every other, block after block.

    .. math:: y = \text{norm}\bigl((B_n \circ \dots \circ B_1)(x)\bigr)

    where :math:`B` are the blocks. After :func:`post_norm` blocks there is no norm at the end. The
    positions are the caller's: without them order is not seen. Weights start with a deviation of
    1 / sqrt(d_in), what is added to the stream smaller by the root of the number of additions.

    Source: Vaswani et al. (2017), Attention Is All You Need, section 3.1, arXiv:1706.03762; for the
    start Radford et al. (2019), section 2.3.

    Parameters
    ----------
    d_model, n_heads, norm, residual
        As in ``TransformerBlock``.
    n_layers : int
        How many blocks there are.
    layer_options : dict or sequence of dicts, optional
        What attention is given in every block, or one dict for each: ``[{"window": 4}, {}]``.
    **block
        As in ``TransformerBlock``: ``d_hidden``, ``mlp``, ``dropout``, ``attend`` ...

    Examples
    --------
    >>> Encoder(12, n_heads=3, n_layers=2)(torch.zeros(2, 5, 12)).shape
    torch.Size([2, 5, 12])
    """

    causal = False

    @_options_of(TransformerBlock)
    def __init__(
        self,
        d_model: int,
        n_heads: int,
        n_layers: int,
        *,
        norm: Callable[[int], nn.Module] = LayerNorm,
        residual: Callable[..., Any] = pre_norm,
        layer_options: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        **block: Any,
    ) -> None:
        super().__init__()
        d_model = _checks.count("d_model", d_model, minimum=1)
        n_layers = _checks.count("n_layers", n_layers, minimum=1)
        if layer_options is None or isinstance(layer_options, Mapping):
            layer_options = [layer_options or {}] * n_layers
        _checks.transformer.one_each("layer_options", layer_options, n_layers)
        self.layer_options = [dict(options) for options in layer_options]
        self.blocks: Any = nn.ModuleList(
            TransformerBlock(d_model, n_heads, norm=norm, residual=residual, **block)
            for _ in range(n_layers)
        )
        self.norm: Any = None if residual is post_norm else norm(d_model)
        self._initialise()

    @torch.no_grad()
    def _initialise(self) -> None:
        n_additions = sum(3 if block.cross_attention else 2 for block in self.blocks)
        for name, layer in self.named_modules():
            if isinstance(layer, nn.Linear):
                layer.weight.normal_(std=layer.in_features**-0.5)
                if layer.bias is not None:
                    layer.bias.zero_()
                if name.endswith(".out"):
                    layer.weight /= n_additions**0.5

    def forward(self, x: Float[Tensor, "*batch seq d_model"], **options: Any) -> Any:
        """Give as many positions as ``x``; options as in :func:`encoder` and :func:`decoder`."""
        return self.with_cache(x, **options)[0]

    def with_cache(
        self, x: Float[Tensor, "*batch seq d_model"], **options: Any
    ) -> tuple[Any, tuple[BlockCache, ...]]:
        """Give the caches as well, as :func:`decoder` does."""
        given: dict[str, Any] = {"causal": self.causal, **self.options(options), **options}
        return decoder(x, self.as_parameters(), **given)

    def options(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Give what :func:`decoder` takes beside parameters, where the caller gives nothing."""
        layers = [
            {name: o for name, o in block.options().items() if name not in given} | own
            for block, own in zip(self.blocks, self.layer_options, strict=True)
        ]
        end = {} if self.norm is None else {"norm": self.norm.function}
        return {"layer_options": layers, **end}

    def static_caches(self, n_texts: int, max_len: int) -> tuple[BlockCache, ...]:
        """Set slots aside for the positions of some texts: decoding then compiles once."""
        caches = []
        for block in self.blocks:
            layer, like = block.attention, block.attention.key.weight
            widths = (like.shape[0], block.attention.value.out_features)
            k, v = (
                like.new_zeros(n_texts, layer.n_kv_heads, 1, width // layer.n_kv_heads)
                for width in widths
            )
            caches.append(BlockCache(static_cache(k, v, max_len)))
        return tuple(caches)

    def as_parameters(self) -> StackParameters:
        """Give the parameters as the pure functions take them: the same tensors."""
        norm = None if self.norm is None else self.norm.as_parameters()
        return StackParameters(tuple(block.as_parameters() for block in self.blocks), norm)


class Decoder(Encoder):
    r"""Let every position see those before it, and the context if there is one.

    .. math:: y = \text{norm}\bigl((B_n \circ \dots \circ B_1)(x, C)\bigr)

    where :math:`B` are the blocks and :math:`C` is the context.

    Source: Vaswani et al. (2017), Attention Is All You Need, section 3.1, arXiv:1706.03762.

    Parameters
    ----------
    d_model, n_heads, n_layers, norm, residual, layer_options
        As in ``Encoder``.
    **block
        As in ``TransformerBlock``: ``cross_attention=True`` for a context.

    Examples
    --------
    >>> model = Decoder(12, n_heads=3, n_layers=2, cross_attention=True)
    >>> model(torch.zeros(2, 5, 12), context=torch.zeros(2, 7, 12)).shape
    torch.Size([2, 5, 12])
    """

    causal = True
