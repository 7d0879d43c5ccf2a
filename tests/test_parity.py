"""The two rooms say the same: one set of files, names, signatures, words, numbers and errors."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import pytest
import torch

import attncourse.pytorch as att
import attncourse.reference as ref
from tests.cases import BAD, GOOD

#: What only PyTorch can have, and why. Nothing else may differ.
WITHOUT_TWIN = {
    "fused_attention": "hands the work to a kernel of PyTorch's; held to the plain path elsewhere",
    "MultiHeadAttention": "owns parameters; the pure functions under it have twins",
}
FILES_WITHOUT_TWIN = {"fused", "modules"}
#: NumPy has one place to put an array, so only PyTorch's functions ask where.
ONLY_IN_PYTORCH = "device"

TWINS = sorted(ref.__all__)
GOOD_CALLS = [(name, i) for name in TWINS for i in range(len(GOOD.get(name, [])))]
BAD_CALLS = [(name, i) for name in TWINS for i in range(len(BAD.get(name, [])))]


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
    return re.sub(r"np\.ndarray|numpy\.ndarray|torch\.Tensor|\bTensor\b", "ARRAY", text)


def to_torch(value: Any) -> Any:
    return torch.from_numpy(value.copy()) if isinstance(value, np.ndarray) else value


def arguments(twin: ModuleType, given: tuple[tuple, dict]) -> tuple[list, dict]:
    args, kwargs = given
    if twin is ref:
        return list(args), dict(kwargs)
    return [to_torch(a) for a in args], {name: to_torch(a) for name, a in kwargs.items()}


def results(function: Callable, args: list, kwargs: dict) -> list[np.ndarray]:
    found = function(*args, **kwargs)
    found = found if isinstance(found, tuple) else (found,)
    return [np.asarray(array) for array in found]


def test_same_names():
    assert set(ref.__all__) == set(att.__all__) - set(WITHOUT_TWIN)


@pytest.mark.parametrize("room", [ref, att], ids=["reference", "pytorch"])
def test_every_public_name_is_exported(room):
    assert public(room) == set(room.__all__)


def test_same_files():
    assert files(ref) == files(att) - FILES_WITHOUT_TWIN


def test_the_exceptions_are_real():
    for name in WITHOUT_TWIN:
        assert hasattr(att, name), f"{name} has gone: take it off the list"
        assert not hasattr(ref, name), f"{name} has a twin: take it off the list"


def test_every_function_has_good_and_bad_calls():
    assert set(GOOD) == set(TWINS)
    assert set(BAD) == set(TWINS)
    assert all(GOOD.values())
    assert all(BAD.values())


@pytest.mark.parametrize("name", TWINS)
def test_same_signature(name):
    ours, theirs = inspect.signature(getattr(ref, name)), inspect.signature(getattr(att, name))

    def parts(signature: inspect.Signature) -> list[tuple]:
        return [
            (p.name, p.kind, p.default, in_common_words(str(p.annotation)))
            for p in signature.parameters.values()
            if p.name != ONLY_IN_PYTORCH
        ]

    assert parts(ours) == parts(theirs)
    assert in_common_words(str(ours.return_annotation)) == in_common_words(
        str(theirs.return_annotation)
    )


@pytest.mark.parametrize("name", TWINS)
def test_same_words(name):
    def words(room: ModuleType) -> str:
        text = inspect.getdoc(getattr(room, name)).split("Examples\n---")[0]
        return re.sub(rf"{ONLY_IN_PYTORCH} : .*\n    .*\n", "", text)

    assert words(ref) == words(att)


@pytest.mark.parametrize(("name", "i"), GOOD_CALLS)
def test_same_numbers(name, i):
    ours = results(getattr(ref, name), *arguments(ref, GOOD[name][i]))
    theirs = results(getattr(att, name), *arguments(att, GOOD[name][i]))
    for a, b in zip(ours, theirs, strict=True):
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("name", TWINS)
def test_same_dtype_out(name, dtype):
    """The result has the dtype that came in, in both."""

    def cast(value: Any) -> Any:
        floating = isinstance(value, np.ndarray) and value.dtype == np.float64
        return value.astype(dtype) if floating else value

    args, kwargs = GOOD[name][0]
    given = [cast(a) for a in args], {key: cast(a) for key, a in kwargs.items()}
    ours = results(getattr(ref, name), *arguments(ref, given))
    theirs = results(getattr(att, name), *arguments(att, given))
    for a, b in zip(ours, theirs, strict=True):
        # The running state of the online softmax is never kept in half precision.
        wanted = np.float32 if name == "online_softmax_step" else dtype
        assert (
            a.dtype
            == b.dtype
            == (bool if name.endswith("_mask") or name == "materialise" else wanted)
        )
        np.testing.assert_allclose(a.astype(float), b.astype(float), rtol=0.02, atol=0.02)


@pytest.mark.parametrize(("name", "i"), BAD_CALLS)
def test_same_errors(name, i):
    """Both raise, in the same words, what the table says."""
    given, error, words = BAD[name][i]
    texts = []
    for room in (ref, att):
        args, kwargs = arguments(room, given)
        with pytest.raises((TypeError, ValueError)) as caught:
            getattr(room, name)(*args, **kwargs)
        assert caught.type is error
        texts.append(in_common_words(str(caught.value)))
    assert words in texts[0]
    assert texts[0] == texts[1]


@pytest.mark.parametrize("name", TWINS)
def test_nothing_is_changed_in_place(name):
    for given in GOOD[name][:20]:
        for room in (ref, att):
            args, kwargs = arguments(room, given)
            before = arguments(ref, given)
            getattr(room, name)(*args, **kwargs)
            for new, old in zip(
                [*args, *kwargs.values()], [*before[0], *before[1].values()], strict=True
            ):
                if isinstance(old, np.ndarray):
                    np.testing.assert_array_equal(np.asarray(new), old)


def test_devices_are_not_mixed():
    """A tensor elsewhere is named, before PyTorch stumbles over it."""
    here, elsewhere = torch.zeros(5, 4), torch.zeros(7, 4, device="meta")
    for function, given in (
        (att.dot_scores, (here, elsewhere)),
        (att.scaled_dot_product_attention, (here, elsewhere, elsewhere)),
        (att.fused_attention, (here, elsewhere, elsewhere)),
    ):
        with pytest.raises(ValueError, match=r"one device, got q on cpu, k on meta"):
            function(*given)
    with pytest.raises(ValueError, match=r"x on cpu, mask on meta"):
        att.softmax(here, mask=torch.ones(5, 4, dtype=torch.bool, device="meta"))


@pytest.mark.parametrize(
    "name", ["materialise", "causal_mask", "sliding_window_mask", "prefix_mask", "block_mask"]
)
def test_a_mask_is_made_where_it_is_wanted(name):
    args, _ = GOOD[name][0]
    assert getattr(att, name)(*args, device="meta").device.type == "meta"


TAKE_FLOATS = [name for name in TWINS if not name.endswith("_mask") and name != "materialise"]


@pytest.mark.parametrize("name", TAKE_FLOATS)
def test_everything_stays_on_its_device(name):
    """On tensors of the meta device, whatever is made elsewhere on the way raises."""
    longest = sorted(GOOD[name], key=lambda given: len(given[1]))[-2:]  # with the most options
    for given in longest:
        args, kwargs = arguments(att, given)
        args = [a.to("meta") if isinstance(a, torch.Tensor) else a for a in args]
        kwargs = {k: a.to("meta") if isinstance(a, torch.Tensor) else a for k, a in kwargs.items()}
        found = getattr(att, name)(*args, **kwargs)
        for tensor in found if isinstance(found, tuple) else (found,):
            assert tensor.device.type == "meta"
