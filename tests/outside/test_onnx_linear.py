"""ONNX's LinearAttention operator, all of its cases, said with our functions in every form."""

from __future__ import annotations

from collections import Counter
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

import attncourse.reference as ref
from tests.outside.onnx_cases import BOTH_ROOMS, assert_close, cases, named

EVERY_FORM = pytest.mark.parametrize("form", ["recurrent", "chunked", "parallel"])


def linear_attention(
    room: ModuleType, given: dict[str, Any], said: dict[str, Any], form: str
) -> dict[str, Any]:
    """Answer ONNX's inputs and attributes with its outputs, in the words of our functions."""
    xp: Any = np if room is ref else torch
    n_heads, n_kv_heads = said["q_num_heads"], said["kv_num_heads"]
    q = room.split_heads(given["query"], n_heads)
    k, v = (room.split_heads(given[name], n_kv_heads) for name in ("key", "value"))
    options = {"scale": said["scale"] or None}  # zero stands for 1 / sqrt(d_k) there
    if form == "chunked":
        options["chunk_len"] = 3  # their hint of 64 would make one chunk of every case
    if "decay" in given:  # one gate a head, or one a feature of each head, as it is wide
        options["log_decay"] = room.split_heads(given["decay"], n_kv_heads)
    past = given.get("past_state")

    if "beta" in given:
        beta = xp.swapaxes(given["beta"], -1, -2)  # heads before positions; one may serve all
        rule = getattr(room, f"delta_rule_{form}")
        output, state = rule(q, k, v, beta, state=past, **options)
    else:
        assert past is None, "no case of ONNX 1.23 goes on from a state without the delta rule"
        output, state = getattr(room, f"linear_attention_{form}")(q, k, v, **options)
        state = state.key_value_sum
    # ONNX keeps the state in the dtype of the one before; without one, in that of the query.
    like = given["query"] if past is None else past
    state = state.astype(like.dtype) if room is ref else state.to(like.dtype)
    return {"output": room.merge_heads(output), "present_state": state}


@BOTH_ROOMS
@EVERY_FORM
@named("LinearAttention")
def test_linear_attention(case, form, room):
    found = linear_attention(room, case.inputs_for(room), case.attributes, form)
    assert set(case.outputs) == set(found)
    for name, expected in case.outputs.items():
        assert_close(found[name], expected)


def test_nothing_is_left_out():
    """What the cases of ONNX 1.23 ask for, and so what the adapter has to say."""
    assert len(cases("LinearAttention")) == 14
    asked = Counter()
    for case in cases("LinearAttention"):
        said = case.attributes
        asked[said["update_rule"]] += 1
        asked[f"{case.inputs['query'].dtype}"] += 1
        asked["shared heads"] += said["q_num_heads"] != said["kv_num_heads"]
        asked["a past state"] += "past_state" in case.inputs
        asked["a scale"] += bool(said["scale"])
        for name in ("decay", "beta"):
            if name in case.inputs:
                width = case.inputs[name].shape[-1]
                heads = said["kv_num_heads"]
                per = "head" if width == heads else "feature" if width > heads else "position"
                asked[f"{name} per {per}"] += 1
    assert asked == {
        "linear": 2,
        "gated": 2,
        "delta": 1,
        "gated_delta": 9,
        "float32": 13,
        "float16": 1,
        "shared heads": 3,
        "a past state": 3,
        "a scale": 1,
        "decay per head": 1,
        "decay per feature": 10,
        "beta per head": 9,
        "beta per position": 1,
    }
