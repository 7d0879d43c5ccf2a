"""The node tests of the ``onnx`` package: inputs and outputs of an operator, for both rooms.

A module of ``onnx.backend.test.case.node`` makes the cases of one operator while it is imported,
from a fixed seed. Nothing is downloaded or written, and no other operator's cases are made.

    from tests.outside.onnx_cases import BOTH_ROOMS, assert_close, named

    @BOTH_ROOMS
    @named("RotaryEmbedding")
    def test_rotary(case, room):
        given = case.inputs_for(room)          # {"X": ..., "cos_cache": ...}, the schema's names
        found = room.rotary(given["X"], ...)   # room is attncourse.reference or attncourse.pytorch
        assert_close(found, case.outputs["Y"])
"""

from __future__ import annotations

import functools
import importlib
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx.backend.test.case import node as made

import attncourse.pytorch as att
import attncourse.reference as ref

#: Where each operator's cases are made.
MODULES = {
    "Attention": "attention",
    "LayerNormalization": "layernormalization",
    "LinearAttention": "linear_attention",
    "RMSNormalization": "rmsnormalization",
    "RotaryEmbedding": "rotaryembedding",
    "Softmax": "softmax",
    "TensorScatter": "tensorscatter",
}

#: How far apart two right answers may be. ONNX's own 1e-3 for all dtypes is too wide for float32
#: and too narrow for half precision, which its reference computes in half precision throughout.
RELATIVE = {"float64": 1e-5, "float32": 1e-5, "float16": 2e-3, "bfloat16": 2e-2}

BOTH_ROOMS = pytest.mark.parametrize(
    "room", [ref, att], ids=lambda room: room.__name__.rsplit(".", 1)[-1]
)


@dataclass(frozen=True)
class Case:
    """One call of an operator, its inputs and outputs named as in the operator's schema."""

    name: str
    attributes: dict[str, Any]  # the schema's defaults are filled in
    inputs: dict[str, np.ndarray]  # without those that the case leaves out
    outputs: dict[str, np.ndarray]

    def inputs_for(self, room: ModuleType) -> dict[str, Any]:
        """Give the inputs as arrays of ``room``; NumPy has no bfloat16, float32 holds its values."""
        widened = {name: _widened(array) for name, array in self.inputs.items()}
        if room is ref:
            return widened
        return {
            name: torch.tensor(array).to(_torch_dtype(self.inputs[name]))
            for name, array in widened.items()
        }


def _widened(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float32) if array.dtype.name == "bfloat16" else array.copy()


def _torch_dtype(array: np.ndarray) -> torch.dtype:
    return getattr(torch, array.dtype.name)


@functools.cache
def cases(operator: str) -> tuple[Case, ...]:
    """All cases of an operator, without the ``_expanded`` ones.

    Those have the same inputs and outputs again, for a graph of smaller operators.
    """
    state = np.random.get_state()  # noqa: NPY002 (the state that ONNX seeds)
    try:
        importlib.import_module(f"{made.__name__}.{MODULES[operator]}")
    finally:
        np.random.set_state(state)  # noqa: NPY002
    found = [case for case in made._NodeTestCases if "_expanded" not in case.name]
    return tuple(_read(case) for case in found if case.model.graph.node[0].op_type == operator)


def _read(case: Any) -> Case:
    (node,), (version,) = case.model.graph.node, case.model.opset_import
    ((inputs, outputs),) = case.data_sets
    schema = onnx.defs.get_schema(node.op_type, version.version, node.domain)
    defaults = [a.default_value for a in schema.attributes.values() if a.default_value.type]
    attributes = {a.name: _value(a) for a in [*defaults, *node.attribute]}
    return Case(
        name=case.name.removeprefix("test_"),
        attributes=attributes,
        inputs=_by_formal_name(schema.inputs, node.input, inputs),
        outputs=_by_formal_name(schema.outputs, node.output, outputs),
    )


def _value(attribute: onnx.AttributeProto) -> Any:
    value = onnx.helper.get_attribute_value(attribute)
    return value.decode() if isinstance(value, bytes) else value


def _by_formal_name(formal: Any, names: Any, arrays: list[np.ndarray]) -> dict[str, np.ndarray]:
    """An empty name is an argument left out; the arrays are those of the others."""
    present = [parameter.name for parameter, name in zip(formal, names, strict=False) if name]
    return dict(zip(present, arrays, strict=True))


def named(operator: str) -> pytest.MarkDecorator:
    """Run a test once for each case of an operator: the test's argument ``case``."""
    return pytest.mark.parametrize("case", cases(operator), ids=lambda case: case.name)


def assert_close(found: Any, expected: np.ndarray) -> None:
    """Same shape, same dtype, same numbers as far as the dtype can hold them."""
    dtype = expected.dtype.name
    if isinstance(found, torch.Tensor):
        assert found.dtype == _torch_dtype(expected)
        found = found.to(torch.float64).numpy()
    else:
        assert found.dtype == _widened(expected).dtype
    np.testing.assert_allclose(
        found.astype(np.float64),
        expected.astype(np.float64),
        rtol=RELATIVE[dtype],
        atol=1e-7,
        strict=True,
    )
