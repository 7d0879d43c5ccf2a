"""The companion package of an open, executable course on the attention mechanism.

Each mechanism is one file, twice: ``attncourse.reference`` says it in NumPy, as short as the
definition allows, and ``attncourse.pytorch`` says it again in PyTorch, for training and for a GPU.
The two share names, signatures, numbers and errors, and a test holds them together::

    import attncourse.reference as ref
    import attncourse.pytorch as att

This module imports neither.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("attncourse")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"

__all__ = ["__version__"]
