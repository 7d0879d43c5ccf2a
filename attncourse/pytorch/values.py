"""The switch that lets functions look at values, and not at types, shapes and devices only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from attncourse import _checks


@contextmanager
def check_values(on: bool = True) -> Iterator[None]:
    """Look for NaN, and for numbers out of range, in every tensor that is given inside.

    PyTorch's functions look at types, shapes and devices only: to read a value back makes a GPU
    wait. Inside this block, or where Python was started with ``ATTNCOURSE_CHECK_VALUES=1``, they
    look at values too, and refuse a NaN by the name of its argument, as the NumPy functions do.

    Parameters
    ----------
    on : bool
        False switches the look off inside the block, whatever the environment said.

    Returns
    -------
    context manager
        For ``with``. It holds for the thread, or the task, that entered it, and costs one pass over
        each tensor and a wait for the device each time.

    Raises
    ------
    TypeError
        If ``on`` is not True or False.

    Examples
    --------
    >>> import torch
    >>> from attncourse.pytorch import softmax
    >>> with check_values():
    ...     try:
    ...         softmax(torch.tensor([0.0, float("nan")]))
    ...     except ValueError as error:
    ...         print(str(error).partition(";")[0])
    x: expected numbers, got NaN in 1 of 2 entries
    """
    _checks.flag("on", on)
    before = _checks.looking.asked.set(on)
    try:
        yield
    finally:
        _checks.looking.asked.reset(before)
