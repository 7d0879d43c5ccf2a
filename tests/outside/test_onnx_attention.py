"""ONNX's Attention operator, all of its cases, said with our functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from types import ModuleType
from typing import Any

import numpy as np
import torch

import attncourse.reference as ref
from tests.outside.onnx_cases import BOTH_ROOMS, assert_close, cases, named

#: What the fourth output shows: the scores at one of four places on their way.
SCORES, SOFTCAPPED, BIASED, WEIGHTS = range(4)


def attention(
    room: ModuleType, given: dict[str, Any], said: dict[str, Any], wanted: Iterable[str]
) -> dict[str, Any]:
    """Answer ONNX's inputs and attributes with its outputs, in the words of our functions."""
    xp: Any = np if room is ref else torch
    q, k, v = given["Q"], given["K"], given["V"]
    features = q.ndim == 3
    if features:
        q = room.split_heads(q, said["q_num_heads"])
        k, v = (room.split_heads(x, said["kv_num_heads"]) for x in (k, v))
    past_len = 0
    if "past_key" in given:
        past_len = given["past_key"].shape[-2]
        k = xp.concatenate([given["past_key"], k], axis=-2)
        v = xp.concatenate([given["past_value"], v], axis=-2)
    q_len, kv_len = q.shape[-2], k.shape[-2]

    options = {
        "scale": said.get("scale"),
        "softcap": said["softcap"] or None,
        "mask": xp.ones((1, 1), dtype=xp.bool),
        "causal": False,
    }
    if "attn_mask" in given:
        attn_mask = given["attn_mask"]
        if attn_mask.dtype == xp.bool:
            options["mask"] = widen(xp, attn_mask, kv_len, False)
        else:
            options["bias"] = widen(xp, attn_mask, kv_len, -xp.inf)

    # The last query stands at the last key of its sequence, and behind a static cache lie keys
    # that do not count yet. Without a cache ONNX aligns top-left: query i stands at key i.
    ends = [past_len + q_len]
    if "nonpad_kv_seqlen" in given:
        ends = given["nonpad_kv_seqlen"].tolist()
        options["mask"] = options["mask"] & room.padding_mask(given["nonpad_kv_seqlen"], kv_len)

    causal = bool(said["is_causal"])
    left, right = (said.get(f"{side}_window_size", -1) for side in ("left", "right"))
    if ends == [kv_len] and right == -1:  # we align as ONNX does, so our own options serve
        assert causal or left == -1, "our window never looks ahead"
        options |= {"causal": causal, "window": left + 1 if left >= 0 else None}
    else:
        most = 0 if causal else right if right >= 0 else kv_len
        least = -left if left >= 0 else -kv_len
        grids = [band(room, q_len, kv_len, end, least, most) for end in ends]
        options["mask"] = options["mask"] & xp.stack(grids)[:, None]

    output, weights = room.scaled_dot_product_attention(q, k, v, **options, return_weights=True)
    answer = {
        "Y": room.merge_heads(output) if features else output,
        "present_key": k,
        "present_value": v,
    }
    if "qk_matmul_output" in wanted:
        shown = said["qk_matmul_output_mode"]
        answer["qk_matmul_output"] = (
            weights if shown == WEIGHTS else scores(room, q, k, options, shown)
        )
    return answer


def widen(xp: Any, given: Any, kv_len: int, value: float) -> Any:
    """Say the same of the keys that a shorter mask does not mention."""
    missing = (*given.shape[:-1], kv_len - given.shape[-1])
    return xp.concatenate([given, xp.full(missing, value, dtype=given.dtype)], axis=-1)


def band(room: ModuleType, q_len: int, kv_len: int, end: int, least: int, most: int) -> Any:
    """Let queries that end at key ``end`` see keys from ``least`` to ``most`` places ahead."""
    unused = kv_len - end
    return room.create_mask(
        lambda q_pos, kv_pos: (
            (kv_pos >= q_pos - unused + least) & (kv_pos <= q_pos - unused + most)
        ),
        q_len,
        kv_len,
    )


def scores(room: ModuleType, q: Any, k: Any, options: dict[str, Any], shown: int) -> Any:
    """Give what ONNX shows of the scores before the softmax, which our attention does not."""
    xp: Any = np if room is ref else torch
    found = room.scaled_dot_scores(q, k, scale=options["scale"])
    if shown in (SOFTCAPPED, BIASED) and options["softcap"]:
        found = options["softcap"] * xp.tanh(found / options["softcap"])
    if shown == BIASED:
        allowed = options["mask"]
        if options["causal"]:
            allowed = allowed & room.causal_mask(q.shape[-2], k.shape[-2])
        found = xp.where(allowed, found + options["bias"], -xp.inf)
    return found


@BOTH_ROOMS
@named("Attention")
def test_attention(case, room):
    found = attention(room, case.inputs_for(room), case.attributes, case.outputs)
    for name, expected in case.outputs.items():
        assert_close(found[name], expected)


def test_nothing_is_left_out():
    """What the cases of ONNX 1.23 ask for, and so what the adapter has to say."""
    assert len(cases("Attention")) == 93
    asked = Counter()
    for case in cases("Attention"):
        asked.update([*case.inputs, *case.outputs])
        asked.update(name for name, value in case.attributes.items() if value not in (0, -1))
        asked[f"{case.inputs['Q'].dtype}"] += 1
        if "attn_mask" in case.inputs:
            asked[f"{case.inputs['attn_mask'].dtype} mask"] += 1
    assert asked == {
        "Q": 93,
        "K": 93,
        "V": 93,
        "Y": 93,
        "float32": 82,
        "float16": 6,
        "scale": 6,
        "is_causal": 32,
        "attn_mask": 52,
        "float32 mask": 37,
        "bool mask": 10,
        "past_key": 21,
        "past_value": 21,
        "present_key": 21,
        "present_value": 21,
        "float16 mask": 2,
        "softcap": 11,
        "qk_matmul_output": 18,
        "qk_matmul_output_mode": 15,
        "kv_num_heads": 25,
        "q_num_heads": 25,
        "nonpad_kv_seqlen": 13,
        "bfloat16": 5,
        "bfloat16 mask": 3,
        "softmax_precision": 2,
        "left_window_size": 10,
        "right_window_size": 1,
    }
