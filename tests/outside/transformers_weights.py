"""From a layer of `transformers` to the parameters of our functions, in either room."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import Any

import pytest
from torch import Tensor, nn

import attncourse.pytorch as att
import attncourse.reference as ref


class Room:
    """The functions of a room, and a layer's parameters as its arrays."""

    def __init__(self, functions: ModuleType) -> None:
        self.functions = functions

    def __getattr__(self, name: str) -> Any:
        return getattr(self.functions, name)

    def array(self, tensor: Tensor) -> Any:
        return tensor.detach().numpy() if self.functions is ref else tensor.detach()

    def bias(self, layer: nn.Module) -> Any:
        return None if layer.bias is None else self.array(layer.bias)

    def matrix(self, layer: nn.Module) -> Any:
        """Give the weights with a column for each output, as GPT-2's Conv1D has them already."""
        transposed = isinstance(layer, nn.Linear)
        return self.array(layer.weight.T if transposed else layer.weight)

    def project(self, x: Any, layer: nn.Module) -> Any:
        y = x @ self.matrix(layer)
        return y if layer.bias is None else y + self.bias(layer)


BOTH_ROOMS = pytest.mark.parametrize("room", [Room(ref), Room(att)], ids=["reference", "pytorch"])


def attention(room: Room, q: nn.Module, k: nn.Module, v: nn.Module, out: nn.Module) -> Any:
    layers = (q, k, v, out)
    weights = (room.matrix(layer) for layer in layers)
    return room.AttentionParameters(*weights, *(room.bias(layer) for layer in layers))


def mlp(room: Room, first: nn.Module, last: nn.Module) -> Any:
    weights = room.matrix(first), room.matrix(last)
    return room.MLPParameters(*weights, room.bias(first), room.bias(last))


def gated_mlp(room: Room, layer: nn.Module) -> Any:
    parts = (layer.gate_proj, layer.up_proj, layer.down_proj)
    return room.GatedMLPParameters(*(room.matrix(part) for part in parts))


def norms(room: Room, *layers: nn.Module, stored_minus: float = 0) -> tuple[Any, ...]:
    return tuple(
        room.NormParameters(
            room.array(layer.weight) + stored_minus,
            None if getattr(layer, "bias", None) is None else room.array(layer.bias),
        )
        for layer in layers
    )


def stack(room: Room, blocks: Iterable[Any], *last: Any) -> Any:
    return room.StackParameters(tuple(blocks), *last)


def projections(layer: nn.Module) -> tuple[nn.Module, ...]:
    return layer.q_proj, layer.k_proj, layer.v_proj, layer.o_proj
