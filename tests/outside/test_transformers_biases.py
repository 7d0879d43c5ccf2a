"""What T5 and BLOOM add to the scores, as `transformers` has it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers.models.bloom.modeling_bloom import _get_alibi_slopes
from transformers.models.t5.modeling_t5 import T5Attention

import attncourse.reference as ref


@pytest.mark.parametrize(("n_buckets", "max_distance"), [(32, 128), (8, 9), (16, 40), (6, 300)])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_t5_buckets(n_buckets, max_distance, bidirectional):
    sizes = {"bidirectional": bidirectional, "max_distance": max_distance}
    relative = torch.arange(400) - torch.arange(400)[:, None]
    expected = T5Attention._relative_position_bucket(relative, num_buckets=n_buckets, **sizes)
    np.testing.assert_array_equal(ref.t5_buckets(400, 400, n_buckets=n_buckets, **sizes), expected)


def test_alibi_slopes():
    for n_heads in [*range(1, 20), 112]:
        expected = _get_alibi_slopes(n_heads, torch.device("cpu"))
        np.testing.assert_allclose(ref.alibi_slopes(n_heads), expected, rtol=1e-6)
