"""The NumPy reference runs a layer of a real model."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from torch import Tensor, nn

import attncourse.reference as ref


def in_numpy(thing: Any) -> Any:
    """Parameters, or a single tensor, for the reference: the twin of each named tuple."""
    if isinstance(thing, Tensor):
        return thing.detach().numpy()
    if isinstance(thing, tuple):
        parts = [in_numpy(part) for part in thing]
        return (
            getattr(ref, type(thing).__name__)(*parts) if hasattr(thing, "_fields") else (*parts,)
        )
    return thing


def layers_agree(block: nn.Module, x: Tensor, given: dict[str, Any], **reference: Any) -> None:
    """One full layer, in float64: NumPy's output is PyTorch's.

    ``given`` goes to both; ``reference`` is what the module knows and the pure function is told.
    """
    wide = copy.deepcopy(block).double()
    expected = wide(x.double(), **given).detach().numpy()
    given = {name: in_numpy(value) for name, value in given.items()}
    found, _ = ref.transformer_block(
        in_numpy(x.double()), in_numpy(wide.as_parameters()), **given, **reference
    )
    assert found.shape == x.shape
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-11 * np.abs(expected).max())
