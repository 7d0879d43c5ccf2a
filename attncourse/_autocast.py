"""What promises float32 keeps it where PyTorch's autocast would multiply in half precision."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import torch


def in_full_precision(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a function that computes outside autocast, on the device of its first tensor.

    Its arguments may come out of autocast, in half precision; what it makes of them may not.
    """

    @wraps(function)
    def outside(*args: Any, **kwargs: Any) -> Any:
        for device in _devices([*args, *kwargs.values()]):
            if torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device):
                with torch.autocast(device, enabled=False):
                    return function(*args, **kwargs)
            break
        return function(*args, **kwargs)

    return outside


def _devices(values: list[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, torch.Tensor):
            yield value.device.type
        elif isinstance(value, tuple | list):
            yield from _devices([*value])
