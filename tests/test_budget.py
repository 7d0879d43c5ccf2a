"""Attention in low precision, by every path of both rooms, against float64."""

from __future__ import annotations

import inspect
from functools import partial

import pytest
import torch

import attncourse.pytorch as att
import attncourse.reference as ref
from tests.budget import assert_within_budget, careless_attention
from tests.twins import replaced

Q_LEN, KV_LEN, HEADS, KV_HEADS, D_K, D_V = 65, 96, 6, 3, 16, 24
DTYPES = [torch.float16, torch.bfloat16, torch.float32]
PATHS = {
    "reference": ref.scaled_dot_product_attention,
    "pytorch": att.scaled_dot_product_attention,
    "fused": att.fused_attention,
    "reference flash": partial(ref.flash_attention, q_tile=16, kv_tile=25),
    "pytorch flash": partial(att.flash_attention, q_tile=16, kv_tile=25),
}


def in_numpy(name: str) -> bool:
    return name.startswith("reference")


def options() -> dict:
    named = {
        "causal": True,
        "window": 9,
        "scale": 0.4,
        "mask": torch.rand(2, 1, Q_LEN, KV_LEN) < 0.7,
        "bias": torch.randn(HEADS, Q_LEN, KV_LEN, dtype=torch.float64),
        "softcap": 1.5,
        "sinks": torch.randn(HEADS, dtype=torch.float64),
    }
    return {"plain": {}, **{name: {name: value} for name, value in named.items()}, "all": named}


def cases():
    """Give every path with every option that it knows, in every precision that it knows."""
    for name, path in PATHS.items():
        for chosen, given in options().items():
            for dtype in DTYPES:
                known = set(inspect.signature(path).parameters)
                if set(given) <= known and not (in_numpy(name) and dtype == torch.bfloat16):
                    label = f"{name}-{chosen}-{str(dtype).removeprefix('torch.')}"
                    yield pytest.param((name, chosen, dtype), id=label)


CASES = list(cases())
OURS = [case for case in CASES if not case.id.startswith("fused")]


@pytest.fixture
def answers(request):
    """What a path gives in low precision, the formula written out in it, and that in float64."""
    name, chosen, dtype = request.param
    torch.manual_seed(1706)
    shapes = (HEADS, Q_LEN, D_K), (KV_HEADS, KV_LEN, D_K), (KV_HEADS, KV_LEN, D_V)
    qkv = tuple(torch.randn(2, *shape, dtype=torch.float64) for shape in shapes)

    def cast(given, dtype):
        return replaced(given, lambda x: x.to(dtype) if x.is_floating_point() else x)

    rounded = cast((qkv, options()[chosen]), dtype)
    in_room = replaced(rounded, torch.Tensor.numpy) if in_numpy(name) else rounded
    careless = [attend(careless_attention, cast(rounded, to)) for to in (dtype, torch.float64)]
    return torch.as_tensor(attend(PATHS[name], in_room)), *careless


def attend(path, given):
    args, kwargs = given
    answer = path(*args, **kwargs)
    return answer[0] if isinstance(answer, tuple) else answer  # flash: beside the log-sum-exp


@pytest.mark.parametrize("answers", CASES, indirect=True)
def test_no_worse_than_the_formula_written_out(answers):
    found, careless, exact = answers
    assert_within_budget(found, careless=careless, exact=exact)


@pytest.mark.parametrize("answers", OURS, indirect=True)
def test_half_precision_is_rounded_once(answers):
    """Computed in float32, all that half precision loses is half a step in the last rounding."""
    found, _, exact = answers
    step = torch.finfo(found.dtype).eps
    float32 = 1e-5 * exact.abs().max()
    assert ((found.double() - exact).abs() <= step / 2 * exact.abs() + float32).all()
