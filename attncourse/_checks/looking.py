"""Whether values are looked at: NumPy's once, at the outermost call; PyTorch's only when asked."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from functools import wraps
from typing import Any

#: PyTorch's values are looked at where this is set when Python starts, or inside check_values().
SWITCH = "ATTNCOURSE_CHECK_VALUES"
asked = ContextVar("attncourse_check_values", default=os.environ.get(SWITCH, "") not in ("", "0"))


def traced() -> bool:
    """Say whether torch is compiling the code that asks."""
    torch = sys.modules.get("torch")
    return torch is not None and torch.compiler.is_compiling()


def asked_to_look() -> bool:
    """Say whether PyTorch's values are to be looked at."""
    return not traced() and asked.get()


def autocast(array: Any) -> bool:
    """Say whether torch brings what meets to one dtype by itself, where this array lives."""
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(array, torch.Tensor):
        return False
    device = array.device.type
    return torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)


def readable(array: Any) -> bool:
    """Say whether values can be looked at: not on the meta device, nor while torch traces."""
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(array, torch.Tensor):
        return True
    return not (
        torch.compiler.is_compiling()
        or array.is_meta
        or torch._C._functorch.is_functorch_wrapped_tensor(array)
        or isinstance(array, torch._subclasses.FakeTensor)
    )


def looked_at(array: Any) -> bool:
    """Say whether a check may read values: always NumPy's, PyTorch's only when asked to."""
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(array, torch.Tensor):
        return True
    return not torch.compiler.is_compiling() and asked.get() and readable(array)


def once_for_each_kind(check: Callable[..., Any]) -> Callable[..., Any]:
    """Give a check that remembers which shapes, dtypes and devices it has let through.

    A layer asks the same at every step; from memory the answer takes a quarter of the time. What
    was refused is not remembered, and while values are looked at, nothing is.
    """
    passed: dict[Any, Any] = {}

    @wraps(check)
    def remembered(kind: type, *arrays: Any, **options: Any) -> Any:
        if kind.__module__ == "numpy" or traced() or asked.get():
            return check(kind, *arrays, **options)
        given = (*arrays, *options.values())
        key = (*options, autocast(arrays[0]), *[_kind(value) for value in given])
        try:
            if key in passed:
                return passed[key]
        except TypeError:  # an export keeps sizes open, and an open size cannot be looked up
            return check(kind, *arrays, **options)
        found = check(kind, *arrays, **options)
        if len(passed) >= 4096:
            passed.clear()
        passed[key] = found
        return found

    return remembered


def _kind(value: Any) -> Any:
    """What a check of shapes, dtypes and devices may ask of an argument."""
    if hasattr(value, "shape"):
        return type(value), value.shape, value.dtype, value.device
    return type(value), value


_inside = ContextVar("attncourse_inside", default=False)


def look_once(function: Callable[..., Any], look: Callable[..., None]) -> Callable[..., Any]:
    """Give a function that looks at all floating arrays it is given, unless another one has.

    The functions of the NumPy reference call each other by their files, so what a reader calls
    is the outermost one, and looks; what that calls does not look again.
    """
    names = list(inspect.signature(function).parameters)

    @wraps(function)
    def outermost(*args: Any, **kwargs: Any) -> Any:
        if _inside.get():  # called by what another function was given: attend=, mlp=
            return function(*args, **kwargs)
        for name, value in [*zip(names, args, strict=False), *kwargs.items()]:
            for label, array in _arrays(name, value):
                look(**{label: array})
        before = _inside.set(True)
        try:
            return function(*args, **kwargs)
        finally:
            _inside.reset(before)

    return outermost


def _arrays(name: str, value: Any) -> Iterable[tuple[str, Any]]:
    """Every floating array in an argument, also those of a named tuple or of a list of them."""
    if getattr(getattr(value, "dtype", None), "kind", "") == "f":
        yield name, value
    elif isinstance(value, tuple | list):
        fields = getattr(value, "_fields", None) or [name] * len(value)
        for field, part in zip(fields, value, strict=True):
            yield from _arrays(field, part)
