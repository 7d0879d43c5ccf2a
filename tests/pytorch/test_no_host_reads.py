"""No public function reads a value back from the device, unless its result needs one.

A read makes a GPU wait. Each good call runs under two modes: one refuses the operators that carry a
value to the host or make a shape depend on values, the other the methods that do so on a CPU
without an operator.
"""

from __future__ import annotations

import pytest
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

import attncourse.pytorch as att
from tests.cases import GOOD
from tests.twins import given

#: What must look at values, by function and option, and why. Nothing else may.
READS = {
    ("generate", "stop"): "the loop ends once each text has ended: the length depends on values",
    ("beam_search", "stop"): "as generate: the search ends once each beam has ended",
}

OPERATORS = {
    "aten::_local_scalar_dense",
    "aten::equal",
    "aten::is_nonzero",
    "aten::masked_select",
    "aten::nonzero",
    "aten::repeat_interleave",
    "aten::unique_consecutive",
    "aten::unique_dim",
    "aten::_unique2",
}
METHODS = {
    *("item", "tolist", "numpy", "cpu", "nonzero", "equal", "allclose"),
    *("__array__", "__bool__", "__complex__", "__contains__", "__float__", "__index__", "__int__"),
}


class HostRead(AssertionError):
    """A value went to the host."""


class NoReadByOperator(TorchDispatchMode):
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func._schema.name in OPERATORS or any(
            isinstance(arg, torch.Tensor) and arg.dtype == torch.bool
            for indices in args[1:2]
            if func._schema.name.startswith("aten::index") and isinstance(indices, list | tuple)
            for arg in indices
        ):
            raise HostRead(func._schema.name)
        return func(*args, **(kwargs or {}))


class NoReadByMethod(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        name = getattr(func, "__name__", "")
        if name in METHODS and any(isinstance(a, torch.Tensor) for a in args):
            raise HostRead(name)
        return func(*args, **(kwargs or {}))


def unread(function, *args, **kwargs):
    with NoReadByMethod(), NoReadByOperator():
        return function(*args, **kwargs)


def reads(name: str, call: tuple[tuple, dict]) -> bool:
    return any((name, option) in READS for option in call[1])


CALLS = [(n, i) for n in GOOD for i in range(len(GOOD[n])) if not reads(n, GOOD[n][i])]


@pytest.mark.parametrize(("name", "i"), CALLS)
def test_no_value_is_read(name, i):
    args, kwargs = given(att, GOOD[name][i])
    unread(getattr(att, name), *args, **kwargs)


@pytest.mark.parametrize(("name", "option"), READS)
def test_the_exceptions_read(name, option):
    """If no call with the option reads any more, it comes off the list."""
    calls = [given(att, call) for call in GOOD[name] if option in call[1]]
    assert calls
    for args, kwargs in calls:
        with pytest.raises(HostRead):
            unread(getattr(att, name), *args, **kwargs)


@pytest.mark.parametrize(
    "read",
    [
        lambda x: x.sum().item(),
        lambda x: x.tolist(),
        lambda x: bool((x > 0).any()),
        lambda x: int(x[0]),
        lambda x: float(x[0]),
        lambda x: x[x > 0],
        lambda x: x.nonzero(),
        lambda x: torch.where(x > 0),
        lambda x: x.numpy(),
        lambda x: range(10)[x.long()[0]],
        lambda x: torch.equal(x, x),
        lambda x: x.unique(),
        lambda x: torch.repeat_interleave(x, x.long()),
    ],
)
def test_each_kind_of_read_is_noticed(read):
    with pytest.raises(HostRead):
        unread(read, torch.tensor([1.0, 2.0]))


def test_asking_for_values_reads_them():
    with att.check_values(), pytest.raises(HostRead):
        unread(att.softmax, torch.tensor([1.0, 2.0]))
