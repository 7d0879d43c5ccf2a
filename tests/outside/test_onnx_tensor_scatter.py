"""ONNX's cases of TensorScatter: caches that are written at given indices."""

from __future__ import annotations

import numpy as np

from tests.outside.onnx_cases import BOTH_ROOMS, cases, named


def test_all_of_them():
    assert len(cases("TensorScatter")) == 3
    assert {case.attributes["mode"] for case in cases("TensorScatter")} == {"linear", "circular"}


@BOTH_ROOMS
@named("TensorScatter")
def test_tensor_scatter(case, room):
    given = case.inputs_for(room)
    found = room.tensor_scatter(
        given["past_cache"],
        given["update"],
        given.get("write_indices"),
        axis=case.attributes["axis"],
        circular=case.attributes["mode"] == "circular",
    )
    np.testing.assert_array_equal(np.asarray(found), case.outputs["present_cache"])
