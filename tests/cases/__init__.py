"""Inputs for every public function: good ones, and bad ones with what must be said of them.

One file a mechanism, found by itself. Each may hold five tables, keyed by the function's name:

- ``GOOD``: calls that must give the same numbers in both libraries.
- ``BAD``: calls that must fail alike: the call, the error's type and a part of its text.
- ``FLOAT32``: which of the results (flattened) stay in float32 for half-precision arguments.
- ``NOT_ON_META``: functions that must look at values, and why; they cannot run on the meta device.
- ``NO_GRADIENT``: functions that have no gradient to check, and why.
"""

from __future__ import annotations

import importlib
import pkgutil

GOOD: dict[str, list] = {}
BAD: dict[str, list] = {}
FLOAT32: dict[str, tuple[int, ...]] = {}
NOT_ON_META: dict[str, str] = {}
NO_GRADIENT: dict[str, str] = {}
TABLES = ("GOOD", "BAD", "FLOAT32", "NOT_ON_META", "NO_GRADIENT")

for _file in pkgutil.iter_modules(__path__):
    _module = importlib.import_module(f"{__name__}.{_file.name}")
    for _table in TABLES:
        _entries = getattr(_module, _table, {})
        if _twice := set(_entries) & set(globals()[_table]):
            raise ValueError(f"{_file.name}.{_table}: {_twice} stands in another file as well.")
        globals()[_table].update(_entries)
