"""From a call of the reference to the same call of its twin, however deep its arrays stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import torch

import attncourse.pytorch as att
import attncourse.reference as ref


def replaced(thing: Any, change: Callable[[Any], Any]) -> Any:
    """Copy a structure of tuples, lists and dicts with every array or tensor in it changed."""
    if isinstance(thing, np.ndarray | torch.Tensor):
        return change(thing)
    if isinstance(thing, dict):
        return {key: replaced(part, change) for key, part in thing.items()}
    if isinstance(thing, tuple | list):
        parts = [replaced(part, change) for part in thing]
        return type(thing)(*parts) if hasattr(thing, "_fields") else type(thing)(parts)
    return thing


def to_torch(thing: Any) -> Any:
    """Give PyTorch's twin of arrays, named tuples and functions of the reference."""
    if isinstance(thing, np.ndarray):
        return torch.from_numpy(thing.copy())
    if isinstance(thing, dict):
        return {key: to_torch(part) for key, part in thing.items()}
    if isinstance(thing, tuple | list):
        parts = [to_torch(part) for part in thing]
        if hasattr(thing, "_fields"):
            return getattr(att, type(thing).__name__)(*parts)
        return type(thing)(parts)
    if isinstance(thing, FunctionType) and getattr(ref, thing.__name__, None) is thing:
        return getattr(att, thing.__name__)
    return thing


def given(room: ModuleType, call: tuple[tuple, dict]) -> tuple[tuple, dict]:
    """Copy a call's arguments, as arrays of the room's own library."""
    return replaced(call, np.copy) if room is ref else to_torch(call)


def leaves(thing: Any) -> Iterator[Any]:
    """Give what is inside tuples, lists and dicts, in order; nothing for None."""
    if isinstance(thing, dict):
        thing = list(thing.values())
    if isinstance(thing, tuple | list):
        for part in thing:
            yield from leaves(part)
    elif thing is not None:
        yield thing


def tensors(thing: Any) -> list[torch.Tensor]:
    """Give every tensor in a structure."""
    return [leaf for leaf in leaves(thing) if isinstance(leaf, torch.Tensor)]
