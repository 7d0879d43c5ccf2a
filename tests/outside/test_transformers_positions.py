"""Positions as `transformers` has them: rotary scalings, T5's buckets, BLOOM's slopes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers.models.bloom.modeling_bloom import _get_alibi_slopes
from transformers.models.llama.configuration_llama import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding
from transformers.models.t5.modeling_t5 import T5Attention

import attncourse.reference as ref

BASE, HEAD_DIM, TRAINED, LENGTH = 5000.0, 32, 64, 90
PLAIN = ref.rotary_frequencies(HEAD_DIM, base=BASE)
ORIGINAL = {"original_max_position_embeddings": TRAINED}

#: Each rope type: its parameters there, and the frequencies and the magnitude here.
SCALINGS = {
    "default": ({"rope_type": "default"}, PLAIN, 1.0),
    "linear": (
        {"rope_type": "linear", "factor": 3.0},
        ref.interpolated_frequencies(PLAIN, factor=3),
        1.0,
    ),
    "dynamic": (
        {"rope_type": "dynamic", "factor": 2.0},
        ref.dynamic_ntk_frequencies(PLAIN, seq_len=LENGTH, original_len=TRAINED, factor=2),
        1.0,
    ),
    "llama3": (
        {
            "rope_type": "llama3",
            "factor": 4.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 5.0,
            **ORIGINAL,
        },
        ref.llama3_frequencies(
            PLAIN, factor=4, original_len=TRAINED, low_freq_factor=1, high_freq_factor=5
        ),
        1.0,
    ),
    "yarn": (
        {"rope_type": "yarn", "factor": 4.0, "beta_fast": 8.0, "beta_slow": 1.0, **ORIGINAL},
        ref.yarn_frequencies(PLAIN, base=BASE, factor=4, original_len=TRAINED, beta_fast=8),
        ref.yarn_magnitude(4),
    ),
    "yarn, not truncated": (
        {"rope_type": "yarn", "factor": 4.0, "truncate": False, **ORIGINAL},
        ref.yarn_frequencies(PLAIN, base=BASE, factor=4, original_len=TRAINED, truncate=False),
        ref.yarn_magnitude(4),
    ),
    "yarn, as DeepSeek": (
        {"rope_type": "yarn", "factor": 4.0, "mscale": 1.0, "mscale_all_dim": 0.7, **ORIGINAL},
        ref.yarn_frequencies(PLAIN, base=BASE, factor=4, original_len=TRAINED),
        ref.yarn_magnitude(4) / ref.yarn_magnitude(4, mscale=0.7),
    ),
}


@pytest.mark.parametrize("name", SCALINGS)
def test_rotary_tables(name):
    """The models' frequencies are float32: angles of up to 90 are off by a few millionths."""
    parameters, frequencies, magnitude = SCALINGS[name]
    model = LlamaRotaryEmbedding(
        LlamaConfig(
            hidden_size=2 * HEAD_DIM,
            num_attention_heads=2,
            max_position_embeddings=TRAINED,
            rope_parameters={"rope_theta": BASE, **parameters},
        )
    )
    positions = np.arange(LENGTH)
    expected = model(torch.zeros(1, dtype=torch.float64), torch.tensor(positions)[None])
    np.testing.assert_allclose(frequencies, model.inv_freq, rtol=1e-6)
    assert magnitude == pytest.approx(model.attention_scaling, rel=1e-12)
    assert (name == "default") == np.allclose(frequencies, PLAIN), "something is scaled"
    found = ref.rotary_tables(positions, frequencies, magnitude=magnitude)
    for ours, theirs in zip(found, expected, strict=True):
        twice = np.concatenate([ours, ours], axis=-1)
        np.testing.assert_allclose(twice, theirs[0], rtol=0, atol=2e-5)


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
