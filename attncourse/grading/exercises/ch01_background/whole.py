"""What suspects share: whole arrays at once, as a learner would write it."""

from __future__ import annotations

import numpy as np


def weights(scores: np.ndarray, axis: int = -1) -> np.ndarray:
    """Softmax; a row of minus infinities becomes NaN."""
    return np.exp(scores - np.logaddexp.reduce(scores, axis=axis, keepdims=True))
