"""The two rooms say the same: one set of files, names, signatures, words, numbers and errors."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import pytest
import torch

import attncourse.pytorch as att
import attncourse.reference as ref
from tests.cases import BAD, FLOAT32, GOOD, NO_GRADIENT, NOT_ON_META
from tests.twins import given, leaves, replaced, tensors

#: What only PyTorch can have, and why. Nothing else may differ.
WITHOUT_TWIN = {
    "check_values": "NumPy looks at values anyway",
    "fused_attention": "hands the work to a kernel of PyTorch's; held to the plain path elsewhere",
    "ring_attention": "runs on process groups; simulated_ring_attention is what it computes",
}
FILES_WITHOUT_TWIN = {
    "values": "NumPy looks at values anyway",
    "fused": "the path to PyTorch's kernel",
    "modules": "they own parameters",
    "ring.agreement": "what processes agree on",
    "ring.processes": "NumPy has no process groups",
}
#: NumPy has one place to put an array, so only PyTorch's functions ask where.
ONLY_IN_PYTORCH = "device"
#: What one folder takes from another is no private name; it is no mechanism either.
HELPERS = {
    *(
        "attend_chunk",
        "faded_scores",
        "grouped",
        "grouped_gates",
        "pairwise_decay",
    ),  # linear: delta
    *("below_zero", "finite"),  # softmax: flash, hard
    *("sum_copies", "sum_to"),  # backward: flash
}
#: A tensor has a method for it.
ONLY_IN_NUMPY = {"sum_to"}


@pytest.fixture(autouse=True)
def looking():
    """NumPy refuses a NaN, or an index out of range; PyTorch does when it is asked to look."""
    with att.check_values():
        yield


def is_module(name: str) -> bool:
    """A layer owns parameters; the pure functions under it have twins."""
    thing = getattr(att, name)
    return inspect.isclass(thing) and issubclass(thing, torch.nn.Module)


TWINS = sorted(ref.__all__)
FUNCTIONS = [name for name in TWINS if isinstance(getattr(ref, name), FunctionType)]
RECORDS = [name for name in TWINS if name not in FUNCTIONS]
GOOD_CALLS = [(name, i) for name in FUNCTIONS for i in range(len(GOOD.get(name, [])))]
BAD_CALLS = [(name, i) for name in FUNCTIONS for i in range(len(BAD.get(name, [])))]


def modules(room: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(room.__path__, prefix=room.__name__ + "."):
        yield importlib.import_module(found.name)


def files(room: ModuleType) -> set[str]:
    return {module.__name__.removeprefix(room.__name__ + ".") for module in modules(room)}


def public(room: ModuleType) -> set[str]:
    """Names of all functions and classes that the room's files define without an underscore."""
    return {
        name
        for module in modules(room)
        for name, thing in vars(module).items()
        if isinstance(thing, FunctionType | type)
        and thing.__module__ == module.__name__
        and not name.startswith("_")
    }


def in_common_words(text: str) -> str:
    """Put the two libraries' own words for an array into one."""
    text = re.sub(r"attncourse\.(reference|pytorch)\b", "ROOM", text)
    return re.sub(r"np\.ndarray|numpy\.ndarray|torch\.Tensor|\bTensor\b", "ARRAY", text)


def results(function: Any, arguments: tuple[tuple, dict]) -> list[np.ndarray]:
    args, kwargs = arguments
    return [np.asarray(leaf) for leaf in leaves(function(*args, **kwargs))]


def cast(call: tuple[tuple, dict], dtype: Any) -> tuple[tuple, dict]:
    return replaced(call, lambda a: a.astype(dtype) if a.dtype == np.float64 else a)


def default(parameter: inspect.Parameter) -> str:
    """Give the default in words: a function's name, not where it lies in memory."""
    return getattr(parameter.default, "__name__", str(parameter.default))


def parts(function: Any) -> list[tuple]:
    return [
        (p.name, p.kind, in_common_words(default(p)), in_common_words(str(p.annotation)))
        for p in inspect.signature(function).parameters.values()
        if p.name != ONLY_IN_PYTORCH
    ]


def test_same_names():
    others = set(att.__all__) - set(ref.__all__)
    assert others == set(WITHOUT_TWIN) | {name for name in others if is_module(name)}
    alone = set(ref.__all__) - set(att.__all__)
    assert not alone, f"attncourse.pytorch exports no {', '.join(sorted(alone))}"


@pytest.mark.parametrize("room", [ref, att], ids=["reference", "pytorch"])
def test_every_public_name_is_exported(room):
    left = public(room) - set(room.__all__) - HELPERS
    assert not left, f"{room.__file__} has no {', '.join(sorted(left))} in __all__"
    assert set(room.__all__) <= public(room) - HELPERS


@pytest.mark.parametrize("name", sorted(HELPERS))
def test_a_helper_is_taken_by_another_folder(name):
    """Otherwise it belongs to its folder alone, and begins with an underscore."""
    for room in (ref, att):
        holders = [module.__name__ for module in modules(room) if name in vars(module)]
        homes = {".".join(holder.split(".")[:3]) for holder in holders}
        assert len(homes) > 1 or (room is att and name in ONLY_IN_NUMPY), holders


def test_every_file_has_tests_of_its_own():
    """Twins agree on a mistake, too: a closed form or a second way stands beside each mechanism."""
    tests = [path.stem for path in Path(__file__).parent.glob("reference/test_*.py")]
    for file in sorted({name.split(".")[0] for name in files(ref)}):
        assert any(f"{name}_".startswith(f"test_{file}_") for name in tests), (
            f"write tests/reference/test_{file}.py: {file} by hand, or in plain loops"
        )


def test_same_files():
    alone = {name for name in files(att) if name.split(".")[0] in FILES_WITHOUT_TWIN}
    alone |= {name for name in files(att) if name in FILES_WITHOUT_TWIN}
    assert files(ref) == files(att) - alone


def test_the_exceptions_are_real():
    for name in WITHOUT_TWIN:
        assert hasattr(att, name), f"{name} has gone: take it off the list"
        assert not hasattr(ref, name), f"{name} has a twin: take it off the list"
    for name in FILES_WITHOUT_TWIN:
        assert any((name + ".").startswith(file + ".") for file in files(att)), f"{name} has gone"


def test_every_function_has_good_and_bad_calls():
    for table, calls in {"GOOD": GOOD, "BAD": BAD}.items():
        left = [name for name in FUNCTIONS if not calls.get(name)]
        assert not left, f"no {table} in tests/cases/ has calls of {', '.join(left)}"
        strangers = set(calls) - set(FUNCTIONS)
        assert not strangers, f"a {table} in tests/cases/ has calls of no function: {strangers}"
    assert set(FLOAT32) | set(NOT_ON_META) | set(NO_GRADIENT) <= set(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_bad_calls_are_of_both_kinds(name):
    """A wrong kind of argument and a wrong value, at the least."""
    assert {error for _, error, _ in BAD[name]} == {TypeError, ValueError}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_same_signature(name):
    ours, theirs = getattr(ref, name), getattr(att, name)
    assert parts(ours) == parts(theirs)
    ours, theirs = (str(inspect.signature(twin).return_annotation) for twin in (ours, theirs))
    assert in_common_words(ours) == in_common_words(theirs)


@pytest.mark.parametrize("name", RECORDS)
def test_same_fields(name):
    """What is no function is a named tuple: a state, a cache, a set of parameters."""
    ours, theirs = getattr(ref, name), getattr(att, name)
    assert ours._fields == theirs._fields
    assert ours._field_defaults == theirs._field_defaults
    assert [in_common_words(str(ours.__annotations__[f])) for f in ours._fields] == [
        in_common_words(str(theirs.__annotations__[f])) for f in theirs._fields
    ]


@pytest.mark.parametrize("name", TWINS)
def test_same_words(name):
    def words(room: ModuleType) -> str:
        text = inspect.getdoc(getattr(room, name)).split("Examples\n---")[0]
        return re.sub(rf"{ONLY_IN_PYTORCH} : .*\n    .*\n", "", text)

    assert words(ref) == words(att)


@pytest.mark.parametrize(("name", "i"), GOOD_CALLS)
def test_same_numbers(name, i):
    ours = results(getattr(ref, name), given(ref, GOOD[name][i]))
    theirs = results(getattr(att, name), given(att, GOOD[name][i]))
    for a, b in zip(ours, theirs, strict=True):
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_same_dtype_out(name, dtype):
    """What comes out has the dtype that came in, in both; a running state is never in half."""
    call = cast(GOOD[name][0], dtype)
    floats = any(a.dtype == dtype for a in leaves(call) if isinstance(a, np.ndarray))
    ours = results(getattr(ref, name), given(ref, call))
    theirs = results(getattr(att, name), given(att, call))
    for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        assert a.dtype == b.dtype
        if floats and a.dtype.kind == "f" and a.ndim:
            assert a.dtype == (np.float32 if i in FLOAT32.get(name, ()) else dtype)
        np.testing.assert_allclose(a.astype(float), b.astype(float), rtol=0.02, atol=0.02)


@pytest.mark.parametrize(("name", "i"), BAD_CALLS)
def test_same_errors(name, i):
    """Both raise, in the same words, what the table says."""
    call, error, words = BAD[name][i]
    texts = []
    for room in (ref, att):
        args, kwargs = given(room, call)
        with pytest.raises((TypeError, ValueError)) as caught:
            getattr(room, name)(*args, **kwargs)
        assert caught.type is error
        texts.append(in_common_words(str(caught.value)))
    assert words in texts[0]
    assert texts[0] == texts[1]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_nothing_is_changed_in_place(name):
    for call in GOOD[name][:20]:
        for room in (ref, att):
            args, kwargs = given(room, call)
            getattr(room, name)(*args, **kwargs)
            for new, old in zip(leaves((args, kwargs)), leaves(call), strict=True):
                if isinstance(old, np.ndarray):
                    np.testing.assert_array_equal(np.asarray(new), old)


ASK_WHERE = [n for n in FUNCTIONS if "device" in inspect.signature(getattr(att, n)).parameters]


@pytest.mark.parametrize("name", ASK_WHERE)
def test_an_array_is_made_where_it_is_wanted(name):
    args, kwargs = given(att, GOOD[name][0])
    assert not tensors((args, kwargs)), "what takes a tensor can see where it is"
    made = tensors(getattr(att, name)(*args, **kwargs, device="meta"))
    assert {tensor.device.type for tensor in made} == {"meta"}


def takes_arrays(name: str) -> bool:
    return any(isinstance(a, np.ndarray) for a in leaves(GOOD[name][0]))


@pytest.mark.parametrize("name", [n for n in FUNCTIONS if n in GOOD and takes_arrays(n)])
def test_everything_stays_on_its_device(name):
    """On tensors of the meta device, whatever is made elsewhere on the way raises."""
    longest = sorted(GOOD[name], key=lambda call: len(call[1]))[-2:]  # with the most options
    for call in longest:
        args, kwargs = replaced(given(att, call), lambda t: t.to("meta"))
        if name in NOT_ON_META:
            with pytest.raises((NotImplementedError, RuntimeError)):
                getattr(att, name)(*args, **kwargs)
            continue
        for tensor in tensors(getattr(att, name)(*args, **kwargs)):
            assert tensor.device.type == "meta"
