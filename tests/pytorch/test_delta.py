"""The delta rule in PyTorch: gradients of every form, and low precision."""

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
    "recurrent": att.delta_rule_recurrent,
    "parallel": att.delta_rule_parallel,
    "chunked": lambda *args, **options: att.delta_rule_chunked(*args, chunk_len=2, **options),
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


def leaves() -> list[Tensor]:
    """Queries, keys, values, rates and gates before their squashing, and a state."""
    shapes = (
        (2, 4, SEQ, 3),
        (2, 2, SEQ, 3),
        (2, 2, SEQ, 5),
        (2, 2, SEQ),
        (2, 2, SEQ, 3),
        (2, 2, 3, 5),
    )
    return [torch.randn(*s, dtype=torch.float64, requires_grad=True) for s in shapes]


@EVERY_FORM
@pytest.mark.parametrize("per", ["feature", "head", "none"])
def test_gradients_through_output_and_state(attend, per):
    def function(q, k, v, rates, gates, state):
        log_decay = torch.nn.functional.logsigmoid(gates if per == "feature" else gates[..., :1])
        return attend(
            q,
            att.l2_normalize(k),
            v,
            rates.sigmoid(),
            log_decay=None if per == "none" else log_decay,
            state=state,
        )

    assert gradcheck(function, leaves(), fast_mode=True)


@EVERY_FORM
@pytest.mark.parametrize("strength", [1e4, float("inf")])
def test_gradients_are_finite_and_equal_where_gates_shut(attend, strength):
    found = []
    for form in (attend, att.delta_rule_recurrent):
        torch.manual_seed(1)
        q, k, v, rates, gates, state = leaves()
        shut = torch.arange(SEQ)[:, None] == 2
        log_decay = torch.where(shut, -strength, -gates.abs())
        keys = att.l2_normalize(k)
        output, _ = form(q, keys, v, rates.sigmoid(), log_decay=log_decay, state=state)
        output[..., 2:, :].square().sum().backward()
        found.append([x.grad for x in (q, k, v, rates, gates, state)])
        assert (v.grad[..., :2, :] == 0).all()
        assert (v.grad[..., 2:, :] != 0).all()
        assert (state.grad == 0).all()
    for a, b in zip(*found, strict=True):
        assert a.isfinite().all()
        torch.testing.assert_close(a, b, rtol=1e-11, atol=1e-11)


def test_the_length_of_nothing_has_a_gradient():
    x = torch.zeros(2, 3, dtype=torch.float64, requires_grad=True)
    att.l2_normalize(x).sum().backward()
    assert x.grad.isfinite().all()


@PRECISIONS
@pytest.mark.parametrize("form", ["recurrent", "chunked", "parallel"])
def test_low_precision_within_the_error_budget(form, dtype, room):
    q, k, v = (torch.randn(2, 3, 40, d) for d in (8, 8, 12))
    q, k, v = (x.to(dtype) for x in (q, att.l2_normalize(k), v))
    beta, log_decay = torch.rand(2, 3, 40), -0.1 * torch.rand(2, 3, 40, 1)

    def plain(q, k, v, beta, log_decay):
        """The recurrence, every step rounded to the dtype of the inputs."""
        state, outputs = q.new_zeros(2, 3, 8, 12), []
        for t in range(40):
            state = log_decay[..., t, :, None].exp() * state
            key, now = k[..., t, :, None], slice(t, t + 1)
            wrong = beta[..., t, None, None] * (v[..., now, :] - k[..., now, :] @ state)
            state = state + key * wrong
            outputs.append(q[..., now, :] * 8**-0.5 @ state)
        return torch.cat(outputs, -2)

    arrays, options = (q, k, v, beta), {"log_decay": log_decay}
    if room is ref:
        arrays, options = replaced((arrays, options), lambda x: x.numpy())
    if form == "chunked":
        options["chunk_len"] = 16
    found, _ = getattr(room, f"delta_rule_{form}")(*arrays, **options)
    careless = plain(q, k, v, beta.to(dtype), log_decay.to(dtype))
    exact = plain(*(x.double() for x in (q, k, v, beta, log_decay)))
    assert_within_budget(torch.as_tensor(found), careless, exact)
