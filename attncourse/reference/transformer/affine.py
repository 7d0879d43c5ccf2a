"""One matrix, and a bias where there is one."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def _affine(
    x: Float[np.ndarray, "*batch d_in"],
    w: Float[np.ndarray, "d_in d_out"],
    b: Float[np.ndarray, " d_out"] | None,
) -> Float[np.ndarray, "*batch d_out"]:
    return x @ w if b is None else x @ w + b
