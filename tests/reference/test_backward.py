"""The gradients derived by hand: against finite differences, autograd, and numbers on paper."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

import attncourse.pytorch as att
import attncourse.reference as ref
from tests.cases.backward import GOOD
from tests.cases.common import all_options, normal, projections, qkv, some
from tests.twins import leaves, to_torch

OPTIONS = all_options()
NAMED = pytest.mark.parametrize("options", OPTIONS, ids=["+".join(o) or "plain" for o in OPTIONS])
BOTH = pytest.mark.parametrize("room", [ref, att], ids=["reference", "pytorch"])


def differences(loss: Callable[[], float], array: np.ndarray, step: float = 1e-6) -> np.ndarray:
    """The gradient of a loss by central differences, one entry of the array at a time."""
    gradient = np.zeros_like(array)
    for index in np.ndindex(array.shape):
        there = array[index]
        array[index] = there + step
        above = loss()
        array[index] = there - step
        gradient[index] = (above - loss()) / (2 * step)
        array[index] = there
    return gradient


def along(
    loss: Callable[[], float], array: np.ndarray, way: np.ndarray, step: float = 1e-6
) -> float:
    """The slope of a loss in one direction, by central differences."""
    there = array.copy()
    array += step * way
    above = loss()
    array -= 2 * step * way
    slope = (above - loss()) / (2 * step)
    array[...] = there
    return slope


def autograd(function: Callable, grad: np.ndarray, call: tuple[tuple, dict]) -> list[np.ndarray]:
    """Gradients of every floating array of a call, in the order of its arguments, by PyTorch."""
    args, kwargs = to_torch(call)
    floats = [
        t for t in leaves((args, kwargs)) if isinstance(t, torch.Tensor) and t.is_floating_point()
    ]
    for tensor in floats:
        tensor.requires_grad_()
    output = function(*args, **kwargs)
    return [g.numpy() for g in torch.autograd.grad(output, floats, to_torch(grad))]


def equal(found, expected) -> None:
    for a, b in zip(leaves(found), expected, strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(np.asarray(a), b, rtol=1e-10, atol=1e-12)


@NAMED
def test_attention_by_autograd(options):
    """All 128 sets of options, grouped heads, an empty row: all gradients of the plain path."""
    q, k, v = qkv()
    grad = normal(*q.shape[:-1], v.shape[-1])
    # Arrays in the order of the fields: q, k, v, bias, sinks.
    options = {name: options[name] for name in ("bias", "sinks") if name in options} | options
    expected = autograd(att.scaled_dot_product_attention, grad, ((q, k, v), options))
    equal(ref.scaled_dot_product_attention_backward(grad, q, k, v, **options), expected)


@NAMED
def test_attention_by_differences(options):
    """The same in NumPy alone: each array moved in a random direction."""
    arrays = dict(zip("qkv", qkv(), strict=True))
    arrays |= {name: options[name].copy() for name in ("bias", "sinks") if name in options}
    fixed = {name: value for name, value in options.items() if name not in arrays}
    grad = normal(2, 6, 5, 8)

    def loss() -> float:
        return (ref.scaled_dot_product_attention(**arrays, **fixed) * grad).sum()

    found = ref.scaled_dot_product_attention_backward(grad, **arrays, **fixed)
    for name, array in arrays.items():
        way = normal(*array.shape)
        slope = (getattr(found, name) * way).sum()
        assert along(loss, array, way) == pytest.approx(slope, rel=1e-6, abs=1e-7), name
    assert (found.bias is None) == ("bias" not in options)
    assert (found.sinks is None) == ("sinks" not in options)


def test_attention_by_differences_entry_by_entry():
    """Everything on at once, two sequences that share a bias, two heads that share a key."""
    arrays = {
        "q": normal(2, 2, 3, 2),
        "k": normal(2, 1, 4, 2),
        "v": normal(2, 1, 4, 3),
        "bias": normal(1, 3, 1),
        "sinks": normal(2),
    }
    options = {"mask": some(3, 4), "causal": True, "window": 3, "softcap": 0.7, "scale": 1.3}
    grad = normal(2, 2, 3, 3)

    def loss() -> float:
        return (ref.scaled_dot_product_attention(**arrays, **options) * grad).sum()

    found = ref.scaled_dot_product_attention_backward(grad, **arrays, **options)
    for name, array in arrays.items():
        np.testing.assert_allclose(getattr(found, name), differences(loss, array), atol=1e-8)


@BOTH
def test_attention_by_hand(room):
    """Scores 0 and log 3: weights 1/4 and 3/4; values 8 and 0, so dP = (8, 0) and D = 2."""
    q, k, v = np.array([[1.0]]), np.array([[0.0], [np.log(3)]]), np.array([[8.0], [0.0]])
    call = to_torch((np.ones((1, 1)), q, k, v)) if room is att else (np.ones((1, 1)), q, k, v)
    found = room.scaled_dot_product_attention_backward(*call)
    np.testing.assert_allclose(found.v, [[0.25], [0.75]])
    # dZ = (1/4 (8 - 2), 3/4 (0 - 2)) = (1.5, -1.5)
    np.testing.assert_allclose(found.q, [[-1.5 * np.log(3)]])
    np.testing.assert_allclose(found.k, [[1.5], [-1.5]])
    assert found.bias is None
    assert found.sinks is None


@pytest.mark.parametrize("n_kv_heads", [1, 3, 6])
def test_heads_without_a_batch(n_kv_heads):
    """The gradients of a batch of one, without its axis."""
    q, k, v = (a[:1] for a in qkv(6, n_kv_heads))
    grad, sinks = normal(1, 6, 5, 8), normal(6)
    expected = autograd(att.scaled_dot_product_attention, grad, ((q, k, v), {"sinks": sinks}))
    found = ref.scaled_dot_product_attention_backward(grad[0], q[0], k[0], v[0], sinks=sinks)
    equal(found, [*(a[0] for a in expected[:3]), expected[3]])


def test_a_sink_by_hand():
    """Scores 0 and 0 and a sink at log 2: weights 1/4, 1/4 and 1/2, D = 1/4 (4 + 0) = 1."""
    q, k, v = np.zeros((1, 1)), np.ones((2, 1)), np.array([[4.0], [0.0]])
    sinks = np.log([2.0])
    bias = np.zeros((1, 2))
    found = ref.scaled_dot_product_attention_backward(
        np.ones((1, 1)), q, k, v, sinks=sinks, bias=bias
    )
    np.testing.assert_allclose(found.bias, [[0.75, -0.25]])
    np.testing.assert_allclose(found.sinks, [-0.5])


@BOTH
def test_an_empty_row_gives_and_gets_nothing(room):
    q, k, v = qkv()
    mask = some(5, 7)
    mask[:, 6] = False
    call = (normal(2, 6, 5, 8), q, k, v), {"mask": mask, "bias": normal(5, 7)}
    args, kwargs = to_torch(call) if room is att else call
    found = room.scaled_dot_product_attention_backward(*args, **kwargs)
    assert (found.q[:, :, 0] == 0).all()
    assert (found.bias[0] == 0).all()
    assert (found.k[:, :, 6] == 0).all()
    assert (found.v[:, :, 6] == 0).all()
    assert (found.q[:, :, 4] != 0).all()


def test_gradients_respect_causality():
    """The loss at one position pulls on no key and no value after it."""
    q, k, v = normal(1, 2, 5, 4), normal(1, 2, 7, 4), normal(1, 2, 7, 3)
    for i in range(5):
        grad = np.zeros((1, 2, 5, 3))
        grad[:, :, i] = 1
        found = ref.scaled_dot_product_attention_backward(grad, q, k, v, causal=True)
        for pulled in (found.k, found.v):
            assert (pulled[:, :, i + 3 :] == 0).all()  # query i stands at key i + 2
            assert (pulled[:, :, : i + 3] != 0).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_attention_in_half_precision_is_computed_in_float32(dtype):
    """One rounding at the end: within half a step of what float64 gives for the same inputs."""
    q, k, v = (torch.from_numpy(a).to(dtype) for a in qkv())
    grad = torch.from_numpy(normal(2, 6, 5, 8)).to(dtype)
    bias = torch.from_numpy(normal(5, 7))
    found = att.scaled_dot_product_attention_backward(grad, q, k, v, bias=bias.float())
    exact = att.scaled_dot_product_attention_backward(
        *(a.double() for a in (grad, q, k, v)), bias=bias
    )
    assert [a.dtype for a in found[:4]] == [dtype, dtype, dtype, torch.float32]
    for a, b in zip(found[:3], exact[:3], strict=True):
        torch.testing.assert_close(a.double(), b, rtol=torch.finfo(dtype).eps, atol=1e-5)


LAYERS = [
    (name, i)
    for name in ("multi_head_attention", "grouped_query_attention")
    for i in range(len(GOOD[f"{name}_backward"]))
]


@pytest.mark.parametrize(("name", "i"), LAYERS)
def test_heads_by_autograd(name, i):
    (grad, *arrays), options = GOOD[f"{name}_backward"][i]
    # Arrays in the order of the fields.
    order = {key: options[key] for key in ("context", "bias", "sinks") if key in options} | options
    call = tuple(arrays), order
    expected = autograd(getattr(att, name), grad, call)
    found = getattr(ref, f"{name}_backward")(grad, *arrays, **options)
    if "context" in options:  # autograd gives it after the weights, as it stands in the call
        expected.insert(1, expected.pop(5))
    assert (found.context is None) == ("context" not in options)
    equal(found, expected)


def test_heads_by_differences():
    x, context = normal(2, 3, 12), normal(2, 4, 10)
    names = ("x", "w_query", "w_key", "w_value", "w_out")
    arrays = dict(zip(names, (x, *projections(6, 3, 10)), strict=True)) | {"context": context}
    heads = {"n_heads": 6, "n_kv_heads": 3}
    grad = normal(2, 3, 11)

    def loss() -> float:
        return (ref.grouped_query_attention(**arrays, **heads) * grad).sum()

    found = ref.grouped_query_attention_backward(grad, **arrays, **heads)
    for name, array in arrays.items():
        way = normal(*array.shape)
        slope = (getattr(found, name) * way).sum()
        assert along(loss, array, way) == pytest.approx(slope, rel=1e-6), name


def test_one_group_is_multi_query():
    x, weights = normal(2, 5, 12), projections(3, 1)
    grad = normal(2, 5, 11)
    expected = autograd(att.multi_query_attention, grad, ((x, *weights), {"n_heads": 3}))
    equal(
        ref.grouped_query_attention_backward(grad, x, *weights, n_heads=3, n_kv_heads=1), expected
    )


@BOTH
def test_softmax_by_its_jacobian(room):
    """diag(p) - p pᵀ over the temperature, built once to be held against."""
    p, grad = np.array([0.1, 0.2, 0.7, 0.0]), normal(4)
    expected = (np.diag(p) - np.outer(p, p)) @ grad / 0.5
    call = to_torch((grad, p)) if room is att else (grad, p)
    found = room.softmax_backward(*call, temperature=0.5)
    np.testing.assert_allclose(found, expected, atol=1e-15)
    assert found[3] == 0


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("temperature", [1.0, 0.3])
def test_softmax_by_differences(axis, temperature):
    x, grad = normal(3, 4), normal(3, 4)
    mask = some(3, 4)

    def loss() -> float:
        return (ref.softmax(x, axis=axis, mask=mask, temperature=temperature) * grad).sum()

    weights = ref.softmax(x, axis=axis, mask=mask, temperature=temperature)
    found = ref.softmax_backward(grad, weights, axis=axis, temperature=temperature)
    np.testing.assert_allclose(found, differences(loss, x), atol=1e-8)
    assert (found[~mask] == 0).all()
    np.testing.assert_allclose(found.sum(axis), 0, atol=1e-12)


def test_softmax_has_axis_minus_one_and_temperature_one():
    p, grad = np.array([[0.1, 0.9], [0.5, 0.5]]), normal(2, 2)
    found = ref.softmax_backward(grad, p)
    np.testing.assert_allclose(found, p * (grad - (p * grad).sum(1, keepdims=True)))


@pytest.mark.parametrize("name", ["layer_norm", "rms_norm"])
@pytest.mark.parametrize("options", [{}, {"eps": 0.3}])
def test_norms_by_differences(name, options):
    arrays = {"x": 2 * normal(2, 3, 5) + 1, "weight": normal(5)}
    if name == "layer_norm":
        arrays["bias"] = normal(5)
    grad = normal(2, 3, 5)

    def loss() -> float:
        return (getattr(ref, name)(**arrays, **options) * grad).sum()

    given = {key: array for key, array in arrays.items() if key != "bias"}
    found = getattr(ref, f"{name}_backward")(grad, **given, **options)
    for key, array in arrays.items():
        np.testing.assert_allclose(getattr(found, key), differences(loss, array), atol=1e-8)


@pytest.mark.parametrize("name", ["layer_norm", "rms_norm"])
def test_norms_by_autograd(name):
    """Through PyTorch's own norms, with and without a weight; and at zero, where eps decides."""
    theirs = getattr(torch.nn.functional, name)
    for x in (3 * normal(2, 5, 12) + 1, np.zeros((2, 12)), 1e-3 * normal(4, 12)):
        for weight in (normal(12), None):
            grad = normal(*x.shape)
            weight = np.ones(12) if weight is None else weight
            extra = (np.zeros(12),) if name == "layer_norm" else ()
            eps = 1e-5 if name == "layer_norm" else 1e-6
            call = (x, weight, *extra), {"eps": eps}
            expected = autograd(
                lambda x, *parameters, eps: theirs(x, (12,), *parameters, eps=eps), grad, call
            )
            found = getattr(ref, f"{name}_backward")(grad, x, weight)
            for a, b in zip([f for f in found if f is not None], expected, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)


@BOTH
def test_norms_by_hand(room):
    """x = (1, 1) at eps = 3: s = 2 and n = (1/2, 1/2) for RMS."""
    grad, x, weight = np.array([2.0, 0.0]), np.array([1.0, 1.0]), np.array([0.5, 7.0])
    call = to_torch((grad, x, weight)) if room is att else (grad, x, weight)
    found = room.rms_norm_backward(*call, eps=3.0)
    np.testing.assert_allclose(found.x, [0.4375, -0.0625])
    np.testing.assert_allclose(found.weight, [1.0, 0.0])
    assert found.bias is None


@pytest.mark.parametrize("name", ["layer_norm_backward", "rms_norm_backward"])
def test_norms_in_half_precision(name):
    """Sums over 4096 positions, which half precision could not hold."""
    x, grad = torch.from_numpy(normal(4096, 8)).half(), torch.ones(4096, 8).half()
    found = getattr(att, name)(grad, x, torch.ones(8))
    assert found.x.dtype == torch.float16
    assert found.weight.dtype == torch.float32
    exact = getattr(att, name)(grad.double(), x.double(), torch.ones(8).double())
    torch.testing.assert_close(found.weight.double(), exact.weight, rtol=1e-4, atol=1e-3)
    torch.testing.assert_close(found.x.double(), exact.x, rtol=1e-3, atol=1e-4)
    if found.bias is not None:
        assert found.bias.tolist() == [4096.0] * 8


def test_a_step_against_the_gradient_lowers_the_loss():
    """What gradients are for: one small step of each array, the loss falls as predicted."""
    x, weights = normal(2, 5, 12), projections(3, 3)
    target = normal(2, 5, 11)
    given = [x, *weights]

    def loss(arrays) -> float:
        return 0.5 * np.square(ref.multi_head_attention(*arrays, n_heads=3) - target).sum()

    grad = ref.multi_head_attention(*given, n_heads=3) - target
    found = [g for g in ref.multi_head_attention_backward(grad, *given, n_heads=3) if g is not None]
    step = 1e-7
    predicted = step * sum(np.square(g).sum() for g in found)
    moved = [a - step * g for a, g in zip(given, found, strict=True)]
    assert loss(given) - loss(moved) == pytest.approx(predicted, rel=1e-3)
