"""vmap and jacrev over every function, one array of its good calls at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import attncourse.pytorch as att
from tests.cases import GOOD
from tests.twins import given, leaves, replaced, tensors

N_CALLS = 12  # of each function: those with the fewest and the most options


def some(name: str) -> list[tuple[tuple, dict]]:
    calls = sorted(GOOD[name], key=lambda call: len(call[1]))
    return calls if len(calls) <= N_CALLS else [*calls[: N_CALLS // 2], *calls[-N_CALLS // 2 :]]


def holes(call: tuple[tuple, dict], kinds: str) -> list[torch.Tensor]:
    """The tensors of a call that one can map over, or differentiate by."""
    return [t for t in tensors(call) if t.numel() and np.dtype(str(t.dtype)[6:]).kind in kinds]


def through(name: str, call: Any, hole: torch.Tensor, new: Any) -> list[torch.Tensor]:
    """Call with one tensor replaced; give the floating results."""
    args, kwargs = replaced(call, lambda t: new if t is hole else t)
    found = tensors(getattr(att, name)(*args, **kwargs))
    return [t for t in found if t.is_floating_point()]


def arrays(name: str) -> bool:
    return any(isinstance(leaf, np.ndarray) for leaf in leaves(GOOD[name][0]))


@pytest.mark.parametrize("name", [name for name in GOOD if arrays(name)])
def test_vmap(name):
    """One more axis, in any argument: numbers or a mask."""
    for call in some(name):
        for hole in holes(call := given(att, call), "fb"):
            other = ~hole if hole.dtype == torch.bool else hole.flip(-1) if hole.ndim else hole
            if name in ("gumbel_noise", "choice_log_prob") or hole.dtype == torch.bool:
                other = hole
            expected = [through(name, call, hole, each) for each in (hole, other)]
            stacked = torch.stack([hole, other])
            found = torch.vmap(lambda new, c=call, h=hole: through(name, c, h, new))(stacked)
            for i in range(2):
                for a, b in zip(found, expected[i], strict=True):
                    torch.testing.assert_close(a[i], b, rtol=1e-9, atol=1e-9, equal_nan=True)


@pytest.mark.parametrize("name", [name for name in GOOD if arrays(name)])
def test_jacrev(name):
    """The rows of a Jacobian at once are those that autograd gives one by one."""
    for call in some(name)[:6]:
        for hole in holes(call := given(att, call), "f")[:3]:

            def total(new, c=call, h=hole):
                return [t.reshape(-1)[:5] for t in through(name, c, h, new) if t.numel()]

            if not total(hole):
                continue
            rows = torch.func.jacrev(total)(hole)
            asked = hole.clone().requires_grad_()
            for part, row in zip(total(asked), rows, strict=True):
                for i in range(part.shape[0]):
                    if not part.requires_grad:
                        assert not row.any()
                        continue
                    (one,) = torch.autograd.grad(
                        part[i], asked, retain_graph=True, materialize_grads=True
                    )
                    torch.testing.assert_close(row[i], one, rtol=1e-9, atol=1e-9, equal_nan=True)
