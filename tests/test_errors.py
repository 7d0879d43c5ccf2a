"""Every public function, given a wrong kind of array, says which argument is wrong, and how.

Nothing here is listed by hand: each array of the good calls is spoilt in turn, also one that stands
in a tuple. What only one function can get wrong stands in its table of bad calls.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

import attncourse.pytorch as att
import attncourse.reference as ref
from tests.cases import GOOD
from tests.twins import leaves, to_torch

#: Functions of PyTorch alone, with the arguments of a twin.
ALONE = {"fused_attention": "scaled_dot_product_attention"}


@pytest.fixture(autouse=True)
def looking():
    """NumPy refuses a NaN, or an index out of range; PyTorch does when it is asked to look."""
    with att.check_values():
        yield


class Place(NamedTuple):
    """Where an array stands in a call: the function, the argument, and the way down to it."""

    name: str
    i: int  # which of the good calls
    path: tuple[Any, ...]
    label: str  # what the error must name


def down(thing: Any, path: tuple, label: str) -> Iterator[tuple[tuple, str, np.ndarray]]:
    if isinstance(thing, np.ndarray):
        yield path, label, thing
    elif isinstance(thing, tuple | list):
        keys = getattr(thing, "_fields", None) or [label] * len(thing)
        for i, (key, part) in enumerate(zip(keys, thing, strict=True)):
            yield from down(part, (*path, i), key)


def arguments_of(name: str, i: int) -> dict[str, Any]:
    """One good call's arguments by name, those of ``**options`` among the others."""
    args, kwargs = GOOD[ALONE.get(name, name)][i]
    signature = inspect.signature(getattr(att, ALONE.get(name, name)))
    arguments = dict(signature.bind(*args, **kwargs).arguments)
    for parameter in signature.parameters.values():
        assert parameter.kind is not parameter.VAR_POSITIONAL, "keep signatures plain"
        if parameter.kind is parameter.VAR_KEYWORD:
            arguments |= arguments.pop(parameter.name, {})
    if name in ALONE:
        known = inspect.signature(getattr(att, name)).parameters
        arguments = {key: value for key, value in arguments.items() if key in known}
    return arguments


def places() -> Iterator[Place]:
    """Each array argument of each function, in the first good call that has it."""
    for name in [*GOOD, *ALONE]:
        seen = set()
        for i in range(len(GOOD[ALONE.get(name, name)])):
            for argument, value in arguments_of(name, i).items():
                for path, label, _ in down(value, (argument,), argument):
                    if path not in seen:
                        seen.add(path)
                        yield Place(name, i, path, label)


def spoil(thing: Any, path: tuple, change: Any) -> Any:
    """Copy a structure with the array at the end of the path changed."""
    if not path:
        return change(thing)
    if isinstance(thing, dict):
        return thing | {path[0]: spoil(thing[path[0]], path[1:], change)}
    parts = list(thing)
    parts[path[0]] = spoil(parts[path[0]], path[1:], change)
    return type(thing)(*parts) if hasattr(thing, "_fields") else type(thing)(parts)


def call(room: Any, place: Place, change: Any) -> None:
    """Call with the array at the place changed, after it has become a tensor where that is due."""
    arguments = arguments_of(place.name, place.i)
    arguments = to_torch(arguments) if room is att else arguments
    getattr(room, place.name)(**spoil(arguments, place.path, change))


def array_at(place: Place) -> np.ndarray:
    value: Any = arguments_of(place.name, place.i)
    for step in place.path:
        value = value[step]
    return value


def named(place: Place) -> str:
    return f"{place.name}-{'.'.join(map(str, place.path))}"


PLACES = list(places())
ROOMS = (("reference", ref), ("pytorch", att))


def each(places: list[Place]) -> pytest.MarkDecorator:
    """One test for each place in each room that has the function."""
    return pytest.mark.parametrize(
        ("room", "place"),
        [
            pytest.param(room, place, id=f"{label}-{named(place)}")
            for label, room in ROOMS
            for place in places
            if hasattr(room, place.name)
        ],
    )


EACH = each(PLACES)
EACH_FLOATING = each([place for place in PLACES if array_at(place).dtype.kind == "f"])
WITH_COMPANY = [
    place
    for place in PLACES
    if sum(isinstance(x, np.ndarray) for x in leaves(arguments_of(place.name, place.i))) > 1
]


def raised(room: Any, place: Place, change: Any) -> Exception:
    """Give the error, which names the argument."""
    with pytest.raises((TypeError, ValueError)) as caught:
        call(room, place, change)
    assert place.label in str(caught.value), "the error names what is wrong"
    return caught.value


def with_nan(array: Any) -> Any:
    """Copy an array with one NaN in it, the last entry."""
    copy = array.clone() if isinstance(array, torch.Tensor) else array.copy()
    copy.reshape(-1)[-1] = float("nan")
    return copy


def as_integers(array: Any) -> Any:
    return array.to(torch.int64) if isinstance(array, torch.Tensor) else array.astype(np.int64)


def as_floats(array: Any) -> Any:
    return array.to(torch.float64) if isinstance(array, torch.Tensor) else array.astype(np.float64)


@EACH
def test_a_list_is_no_array(room, place):
    error = raised(room, place, lambda array: array.tolist())
    assert isinstance(error, TypeError)
    assert "got list" in str(error) or "got float" in str(error) or "got int" in str(error)


@EACH
def test_another_dtype(room, place):
    """Integers for numbers, integers for a mask, numbers for integers."""
    integers = array_at(place).dtype.kind in "iu"
    error = raised(room, place, as_floats if integers else as_integers)
    assert isinstance(error, TypeError)
    assert ("got float64" if integers else "got int64") in str(error)


@EACH_FLOATING
def test_nan(room, place):
    error = raised(room, place, with_nan)
    assert isinstance(error, ValueError)
    assert "NaN" in str(error)


@pytest.mark.parametrize("place", WITH_COMPANY, ids=named)
def test_another_device(place):
    """PyTorch alone: one tensor elsewhere, while another stays."""
    error = raised(att, place, lambda tensor: tensor.to("meta"))
    assert isinstance(error, ValueError)
    assert "one device" in str(error)
    assert "meta" in str(error)


NUMBERS = [
    (name, argument)
    for name in GOOD
    for argument, value in arguments_of(name, 0).items()
    if isinstance(value, int | float) and not isinstance(value, bool)
]


@pytest.mark.parametrize("room", [ref, att], ids=["reference", "pytorch"])
@pytest.mark.parametrize(("name", "argument"), NUMBERS, ids=lambda x: x)
@pytest.mark.parametrize(
    ("wrong", "kind"),
    [("three", TypeError), (float("nan"), (TypeError, ValueError)), ([2], TypeError)],
)
def test_a_wrong_number(room, name, argument, wrong, kind):
    arguments = arguments_of(name, 0)
    arguments = to_torch(arguments) if room is att else arguments
    with pytest.raises(kind, match=rf"{argument}: expected"):
        getattr(room, name)(**arguments | {argument: wrong})
