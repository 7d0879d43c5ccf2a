"""ONNX's RotaryEmbedding operator, all of its cases, said with our functions."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from tests.outside.onnx_cases import BOTH_ROOMS, assert_close, cases, named


def rotary_embedding(room: ModuleType, given: dict[str, Any], said: dict[str, Any]) -> Any:
    """Answer ONNX's inputs and attributes: its caches hold a row for each position."""
    x, cos, sin = given["X"], given["cos_cache"], given["sin_cache"]
    if "position_ids" in given:
        cos, sin = cos[given["position_ids"]], sin[given["position_ids"]]
    features = x.ndim == 3
    if features:
        x = room.split_heads(x, said["num_heads"])
    assert said["rotary_embedding_dim"] in (0, 2 * cos.shape[-1]), "how much turns, the tables say"
    turned = room.rotate(x, cos, sin, interleaved=bool(said["interleaved"]))
    return room.merge_heads(turned) if features else turned


@BOTH_ROOMS
@named("RotaryEmbedding")
def test_rotary_embedding(case, room):
    assert_close(rotary_embedding(room, case.inputs_for(room), case.attributes), case.outputs["Y"])


def test_the_cases_show_every_side():
    """Both pairings, whole and partial rotations, with and without positions, three dimensions."""
    found = {
        (
            case.attributes["interleaved"],
            case.attributes["rotary_embedding_dim"],
            "position_ids" in case.inputs,
            case.inputs["X"].ndim,
        )
        for case in cases("RotaryEmbedding")
    }
    assert len(cases("RotaryEmbedding")) == len(found) == 8
