"""Linear attention in PyTorch: gradients of every form, low precision, and mapped calls."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck

import attncourse.pytorch as att
import attncourse.reference as ref
from tests.budget import assert_within_budget
from tests.twins import replaced

FORMS = {
    "recurrent": att.linear_attention_recurrent,
    "parallel": att.linear_attention_parallel,
    "chunked": lambda *args, **options: att.linear_attention_chunked(*args, chunk_len=2, **options),
}
EVERY_FORM = pytest.mark.parametrize("attend", FORMS.values(), ids=FORMS)
SEQ = 5
#: NumPy has no bfloat16.
PRECISIONS = pytest.mark.parametrize(
    ("room", "dtype"),
    [
        (room, dtype)
        for room in (ref, att)
        for dtype in (torch.float16, torch.bfloat16, torch.float32)
        if (room, dtype) != (ref, torch.bfloat16)
    ],
    ids=lambda value: (
        str(value).rsplit(".", 1)[-1] if isinstance(value, torch.dtype) else value.__name__
    ),
)


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(1986)


def leaf(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, requires_grad=True)


def leaves() -> list[Tensor]:
    """Queries, keys, values, gates before their logarithm, and a state."""
    shapes = (2, 4, SEQ, 3), (2, 2, SEQ, 3), (2, 2, SEQ, 5), (2, 2, SEQ, 3), (2, 2, 3, 5), (2, 2, 3)
    return [leaf(*shape) for shape in shapes]


@EVERY_FORM
@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("per", ["feature", "head"])
def test_gradients_through_output_and_state(attend, normalize, per):
    mask = torch.tensor([True, False, True, True, True])

    def function(q, k, v, gates, *sums):
        log_decay = torch.nn.functional.logsigmoid(gates if per == "feature" else gates[..., :1])
        state = att.LinearState(*sums[:1], sums[1].abs())
        if normalize:
            q, k = att.elu_features(q), att.elu_features(k)
        output, after = attend(
            q, k, v, log_decay=log_decay, mask=mask, state=state, normalize=normalize
        )
        return output, *after

    assert gradcheck(function, leaves(), fast_mode=True)


@EVERY_FORM
@pytest.mark.parametrize("strength", [1e4, 1e17, float("inf")])
def test_gradients_are_finite_and_equal_where_gates_shut(attend, strength):
    """A gate of zero stops the gradient as it stops the value, and makes no NaN of it."""
    found = []
    for form in (attend, att.linear_attention_recurrent):
        torch.manual_seed(1)
        q, k, v, gates, *sums = leaves()
        log_decay = -gates.abs()
        shut = torch.zeros(SEQ, 1, dtype=torch.bool)
        shut[2] = True
        log_decay = torch.where(shut, -strength, log_decay)
        output, _ = form(q, k, v, log_decay=log_decay, state=att.LinearState(*sums))
        output[..., 2:, :].square().sum().backward()
        found.append([x.grad for x in (q, k, v, gates, *sums) if x.grad is not None])
        assert (k.grad[..., :2, :] == 0).all()
        assert (k.grad[..., 2:, :] != 0).all()
        assert (sums[0].grad == 0).all()
        assert (gates.grad[..., 3:, :] != 0).all()
    for a, b in zip(*found, strict=True):
        assert a.isfinite().all()
        torch.testing.assert_close(a, b, rtol=1e-11, atol=1e-11)


@EVERY_FORM
def test_an_empty_row_has_a_gradient_of_zero(attend):
    q, k, v = leaf(4, SEQ, 3), leaf(2, SEQ, 3), leaf(2, SEQ, 5)
    mask = torch.tensor([False, False, True, True, True])
    features = att.relu_features(q), att.relu_features(k)
    output, _ = attend(*features, v, mask=mask, normalize=True)
    assert (output[:, :2] == 0).all()
    output.square().sum().backward()
    assert all(x.grad.isfinite().all() for x in (q, k, v))
    assert (q.grad[:, :2] == 0).all()
    assert (k.grad[:, :2] == 0).all()
    assert (v.grad[:, :2] == 0).all()
    assert (v.grad[:, 2:] != 0).any()


@EVERY_FORM
def test_gradients_respect_causality(attend):
    for i in range(SEQ):
        q, k, v, gates, *_ = leaves()
        output, _ = attend(q, k, v, log_decay=-gates.abs())
        output[..., i, :].square().sum().backward()
        for x in (k, v, gates):
            assert (x.grad[..., i + 1 :, :] == 0).all()
            assert (x.grad[..., i, :] != 0).all() or (x is gates and i == 0)


def careless(q: Tensor, k: Tensor, v: Tensor, log_decay: Tensor | None) -> Tensor:
    """The recurrence, every step rounded to the dtype of the inputs."""
    state = q.new_zeros(*k.shape[:2], k.shape[-1], v.shape[-1])
    outputs = []
    for t in range(q.shape[-2]):
        if log_decay is not None:
            state = log_decay[..., t, :].to(q.dtype).exp()[..., None] * state
        state = state + k[..., t, :, None] * v[..., t, None, :]
        outputs.append((q[..., t, None, :] * q.shape[-1] ** -0.5) @ state)
    return torch.cat(outputs, -2)


@PRECISIONS
@pytest.mark.parametrize("decay", [False, True])
@pytest.mark.parametrize("form", ["recurrent", "chunked", "parallel"])
def test_low_precision_within_the_error_budget(form, decay, dtype, room):
    q, k, v = (torch.randn(2, 3, 40, d).to(dtype) for d in (8, 8, 12))
    # Gates stay in float32, as a model keeps them: half precision has few numbers close to one.
    log_decay = -0.1 * torch.rand(2, 3, 40, 8) if decay else None
    exact, _ = att.linear_attention_recurrent(
        *(x.double() for x in (q, k, v)),
        log_decay=None if log_decay is None else log_decay.double(),
    )
    arrays, options = (q, k, v), {"log_decay": log_decay}
    if room is ref:
        arrays = replaced(arrays, lambda x: x.numpy())
        options = replaced(options, lambda x: x.numpy())
    if form == "chunked":
        options["chunk_len"] = 16
    found, _ = getattr(room, f"linear_attention_{form}")(*arrays, **options)
    assert_within_budget(torch.as_tensor(found), careless(q, k, v, log_decay), exact)


def test_relu_and_elu_have_their_slopes():
    x = torch.tensor([-2.0, -0.5, 0.0, 0.5], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(att.elu_features(x).sum(), x)
    torch.testing.assert_close(slope, torch.cat([x[:3].exp(), x.new_ones(1)]).detach())
    (slope,) = torch.autograd.grad(att.relu_features(x).sum(), x)
    assert slope.tolist() == [0, 0, 0, 1]
    far = torch.tensor([1000.0], requires_grad=True)  # exp(1000) is not even looked at
    (slope,) = torch.autograd.grad(att.elu_features(far).sum(), far)
    assert slope == 1


@EVERY_FORM
def test_it_maps(attend):
    """One call under vmap is as many calls: nothing looks at values."""
    q, k, v = (torch.randn(3, 2, SEQ, d, dtype=torch.float64) for d in (4, 4, 6))
    g = -torch.rand(3, 2, SEQ, 1, dtype=torch.float64)
    mapped = torch.vmap(lambda *given: attend(*given[:3], log_decay=given[3])[0])(q, k, v, g)
    torch.testing.assert_close(mapped, attend(q, k, v, log_decay=g)[0], rtol=1e-12, atol=1e-12)
