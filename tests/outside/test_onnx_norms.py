"""ONNX's Softmax, LayerNormalization and RMSNormalization, all of their cases."""

from __future__ import annotations

import pytest

from tests.outside.onnx_cases import BOTH_ROOMS, assert_close, cases, named


@BOTH_ROOMS
@named("Softmax")
def test_softmax(case, room):
    (x,) = case.inputs_for(room).values()
    assert_close(room.softmax(x, **case.attributes), case.outputs["output"])


@BOTH_ROOMS
@named("LayerNormalization")
def test_layer_norm(case, room):
    given = case.inputs_for(room)
    found = flat(room.layer_norm, case, given["X"], given["Scale"], given["B"])
    assert_close(found, case.outputs["Y"])
    # The mean and the inverse deviation are ONNX's for a backward pass; ours makes its own.
    assert set(case.outputs) == {"Y", "Mean", "InvStdDev"}


@BOTH_ROOMS
@named("RMSNormalization")
def test_rms_norm(case, room):
    given = case.inputs_for(room)
    assert_close(flat(room.rms_norm, case, given["X"], given["scale"]), case.outputs["Y"])


def flat(norm, case, x, *parameters):
    """ONNX normalises over ``axis`` and all axes after it; we over the last."""
    assert case.attributes["stash_type"] == 1, "computed in float32, as ours is"
    axis = case.attributes["axis"] % x.ndim
    rows = x.reshape(*x.shape[:axis], -1)
    given = (parameter.reshape(-1) for parameter in parameters)
    return norm(rows, *given, eps=case.attributes["epsilon"]).reshape(x.shape)


@pytest.mark.parametrize(
    ("operator", "count"), [("Softmax", 7), ("LayerNormalization", 19), ("RMSNormalization", 19)]
)
def test_nothing_is_left_out(operator, count):
    assert len(cases(operator)) == count
