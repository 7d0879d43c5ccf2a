"""One matrix, and a bias where there is one."""

from __future__ import annotations

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


def _affine(
    x: Float[Tensor, "*batch d_in"],
    w: Float[Tensor, "d_in d_out"],
    b: Float[Tensor, " d_out"] | None,
) -> Float[Tensor, "*batch d_out"]:
    return x @ w if b is None else F.linear(x, w.T, b)
