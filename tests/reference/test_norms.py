"""Layer norm and RMS norm: by hand, by plain loops, and against PyTorch's own."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import attncourse.pytorch as att
import attncourse.reference as ref
from tests.budget import assert_within_budget
from tests.cases.common import normal

BOTH = pytest.mark.parametrize("room", [ref, att], ids=["reference", "pytorch"])


def to(room, *arrays):
    return [torch.from_numpy(a) if room is att else a for a in arrays]


def layer_norm_oracle(row, weight, bias, eps):
    mean = math.fsum(row) / len(row)
    variance = math.fsum((value - mean) ** 2 for value in row) / len(row)
    return [
        g * (value - mean) / math.sqrt(variance + eps) + b
        for value, g, b in zip(row, weight, bias, strict=True)
    ]


def rms_norm_oracle(row, weight, eps):
    mean_square = math.fsum(value**2 for value in row) / len(row)
    return [g * value / math.sqrt(mean_square + eps) for value, g in zip(row, weight, strict=True)]


@BOTH
def test_layer_norm_by_hand(room):
    """1, 5: mean 3, variance 4; with eps = 12 the root is 4."""
    x, weight, bias = to(room, np.array([1.0, 5.0]), np.array([2.0, -1.0]), np.array([0.0, 10.0]))
    np.testing.assert_allclose(room.layer_norm(x, eps=12.0), [-0.5, 0.5])
    np.testing.assert_allclose(room.layer_norm(x, weight, eps=12.0), [-1, -0.5])
    np.testing.assert_allclose(room.layer_norm(x, weight, bias, eps=12.0), [-1, 9.5])
    np.testing.assert_allclose(room.layer_norm(x, bias=bias, eps=12.0), [-0.5, 10.5])


@BOTH
def test_rms_norm_by_hand(room):
    """1, 7: mean square 25; with eps = 75 the root is 10."""
    x, weight = to(room, np.array([1.0, 7.0]), np.array([10.0, -10.0]))
    np.testing.assert_allclose(room.rms_norm(x, eps=75.0), [0.1, 0.7])
    np.testing.assert_allclose(room.rms_norm(x, weight, eps=75.0), [1, -7])


@BOTH
def test_eps_decides_where_the_features_are_small(room):
    """1e-5 and 1e-6, unless another is given: at a variance of 3 eps the root is twice eps's."""
    (x,) = to(room, np.array([-1.0, 1.0]))
    np.testing.assert_allclose(
        room.layer_norm(x * math.sqrt(3e-5)), [-math.sqrt(0.75), math.sqrt(0.75)]
    )
    np.testing.assert_allclose(
        room.rms_norm(x * math.sqrt(3e-6)), [-math.sqrt(0.75), math.sqrt(0.75)]
    )
    (zeros,) = to(room, np.zeros((2, 3)))
    assert (np.asarray(room.layer_norm(zeros)) == 0).all()
    assert (np.asarray(room.rms_norm(zeros)) == 0).all()


@given(seed=st.integers(0, 999), scale=st.sampled_from([1e-3, 1.0, 1e3]), shift=st.floats(-5, 5))
def test_one_feature_at_a_time(seed, scale, shift):
    r = np.random.default_rng(seed)
    x, weight, bias = scale * (r.normal(size=(2, 3, 5)) + shift), r.normal(size=5), r.normal(size=5)
    expected = [[layer_norm_oracle(row, weight, bias, 1e-5) for row in rows] for rows in x]
    np.testing.assert_allclose(ref.layer_norm(x, weight, bias), expected, rtol=1e-9, atol=1e-9)
    expected = [[rms_norm_oracle(row, weight, 1e-6) for row in rows] for rows in x]
    np.testing.assert_allclose(ref.rms_norm(x, weight), expected, rtol=1e-12)


@pytest.mark.parametrize("shape", [(12,), (5, 12), (2, 3, 5, 12)])
def test_pytorchs_own(shape):
    x, weight, bias = (torch.from_numpy(normal(*s)) for s in (shape, (12,), (12,)))
    theirs = torch.nn.functional.layer_norm(x, (12,), weight, bias)
    torch.testing.assert_close(att.layer_norm(x, weight, bias), theirs, rtol=1e-12, atol=1e-12)
    theirs = torch.nn.functional.rms_norm(x, (12,), weight, eps=1e-6)
    torch.testing.assert_close(att.rms_norm(x, weight), theirs, rtol=1e-12, atol=1e-12)


def test_what_they_leave_the_same():
    """Layer norm forgets shift and scale; RMS norm forgets the scale, and keeps the direction."""
    x = normal(4, 12)
    np.testing.assert_allclose(ref.layer_norm(1000 * x + 50), ref.layer_norm(x), atol=1e-4)
    np.testing.assert_allclose(ref.rms_norm(1000 * x), ref.rms_norm(x), atol=1e-4)
    assert abs(ref.rms_norm(x + 50) - ref.rms_norm(x)).max() > 0.1
    y = ref.layer_norm(x)
    np.testing.assert_allclose(y.mean(-1), 0, atol=1e-12)
    np.testing.assert_allclose(y.var(-1), 1, atol=1e-4)
    np.testing.assert_allclose(np.square(ref.rms_norm(x)).mean(-1), 1, atol=1e-5)
    centred = x - x.mean(-1, keepdims=True)
    np.testing.assert_allclose(ref.rms_norm(centred, eps=1e-5), ref.layer_norm(x))


@pytest.mark.parametrize("name", ["layer_norm", "rms_norm"])
def test_a_position_sees_itself_alone(name):
    x = normal(2, 5, 12)
    changed = x.copy()
    changed[1, 2] = normal(12)
    same = getattr(ref, name)(changed) == getattr(ref, name)(x)
    assert not same[1, 2].any()
    same[1, 2] = True
    assert same.all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("name", ["layer_norm", "rms_norm"])
def test_half_precision_within_budget(name, dtype):
    """Squares of 300 are past half precision's largest number."""
    x, weight = torch.from_numpy(normal(8, 64)).to(dtype), torch.from_numpy(normal(64)).to(dtype)
    norm = getattr(att, name)
    careless = x - x.mean(-1, keepdim=True) if name == "layer_norm" else x
    eps = 1e-5 if name == "layer_norm" else 1e-6
    careless = careless / (careless.square().mean(-1, keepdim=True) + eps).sqrt() * weight
    assert_within_budget(norm(x, weight), careless, norm(x.double(), weight.double()))
    large = norm(300 * x)
    assert large.isfinite().all()
    torch.testing.assert_close(large, norm(x), rtol=0.02, atol=0.02)


@pytest.mark.parametrize("name", ["layer_norm", "rms_norm"])
def test_parameters_may_be_kept_in_another_precision(name):
    x, weight = normal(3, 12).astype(np.float16), normal(12).astype(np.float32)
    for room in (ref, att):
        found = np.asarray(getattr(room, name)(*to(room, x, weight)))
        assert found.dtype == np.float16
        exact = getattr(ref, name)(x.astype(float), weight.astype(float))
        np.testing.assert_allclose(found, exact, rtol=2e-3, atol=1e-3)
