"""Modules that a worker has in name only: what would answer a question, and what costs time.

``import torch`` in an exercise on NumPy is honest and common, and should neither fail nor cost a
second; but nothing of it can be used there. A stand-in is imported, and each use says why not.
jaxtyping, whose names stand in the signatures of the stubs and do nothing there, has a light one.

Loaded by its path, like the worker, and imports nothing of the course.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
import types
import typing
from collections.abc import Sequence
from typing import Any

#: Functions of modules that have much else to offer: these alone are taken away.
TAKEN = {"scipy.special": ("softmax", "log_softmax"), "sklearn.utils.extmath": ("softmax",)}
#: Calls in a notebook's first lines that prepare and do nothing.
_IDLE = {"manual_seed", "set_printoptions", "set_num_threads", "set_default_dtype", "is_available"}
_NAMES = frozenset(
    [
        "Bool",
        "Complex",
        "Float",
        "Inexact",
        "Int",
        "Integer",
        "Key",
        "Num",
        "Real",
        "Shaped",
        "UInt",
    ]
    + [f"Float{bits}" for bits in (16, 32, 64)]
    + [f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)]
)


class CannotBeUsed(RuntimeError):
    """A library was used that this exercise does without."""


class _NoObject:
    def __init_subclass__(cls, **options: Any) -> None: ...

    def __new__(cls, *given: Any, **options: Any) -> Any:
        raise CannotBeUsed(f"{cls.__name__} cannot be used in this exercise's box")


class Thing:
    """Anything in a module that is there in name only. It may stand in annotations and tests."""

    def __init__(self, path: str):
        self._path = path

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Thing(f"{self._path}.{name}")

    def __call__(self, *given: Any, **options: Any) -> Any:
        """Say that it cannot be used."""
        if self._path.rpartition(".")[2] in _IDLE:
            return False
        raise CannotBeUsed(
            f"this exercise is to be answered without it: {self._path} cannot be used here"
        )

    def __mro_entries__(self, bases: tuple) -> tuple:
        return (_NoObject,)

    def __instancecheck__(self, value: object) -> bool:
        return False

    __subclasscheck__ = __instancecheck__

    def __getitem__(self, key: object) -> Any:
        return self

    def __or__(self, other: object) -> Any:
        return typing.Any

    __ror__ = __or__

    def __repr__(self) -> str:
        return self._path


class _Module(types.ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name == "__version__":
            return "0"
        if name.startswith("__"):
            raise AttributeError(name)
        return Thing(f"{self.__name__}.{name}")


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the absent modules, before any that is installed, and takes functions out of others."""

    def __init__(self, absent: Sequence[str]):
        self._absent = tuple(absent)

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        if any(fullname == name or fullname.startswith(f"{name}.") for name in self._absent):
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        if fullname not in TAKEN:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        if spec is not None and spec.loader is not None:
            spec.loader = _Taking(spec.loader)
        return spec

    def create_module(self, spec: Any) -> Any:
        return _Module(spec.name)

    def exec_module(self, module: Any) -> None: ...


class _Taking(importlib.abc.Loader):
    def __init__(self, loader: Any):
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: Any) -> Any:
        return self._loader.create_module(spec)

    def exec_module(self, module: Any) -> None:
        self._loader.exec_module(module)
        for name in TAKEN[module.__name__]:
            setattr(module, name, Thing(f"{module.__name__}.{name}"))


class _Annotation:
    """``Float[Array, "batch seq"]`` is the kind of array, as far as the learner's code can tell."""

    def __getitem__(self, item: Any) -> Any:
        first = item[0] if isinstance(item, tuple) and item else item
        return first if isinstance(first, type) else typing.Any


class _Light(types.ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name in _NAMES:
            return _Annotation()
        if name.startswith("__") and name not in ("__all__", "__version__"):
            raise AttributeError(name)
        if sys.modules.get("jaxtyping") is self:
            del sys.modules["jaxtyping"]
        return getattr(importlib.import_module("jaxtyping"), name)


def install(absent: Sequence[str]) -> None:
    """Put the stand-ins in place.

    Parameters
    ----------
    absent
        Dotted names of the modules, with all below them, that are there in name only.
    """
    if absent:
        sys.meta_path.insert(0, _Finder(absent))
    if "jaxtyping" not in sys.modules:
        light = _Light("jaxtyping")
        light.__spec__ = importlib.machinery.ModuleSpec("jaxtyping", None)
        sys.modules["jaxtyping"] = light
