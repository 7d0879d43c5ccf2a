"""What of Linformer only PyTorch has: autocast."""

from __future__ import annotations

import torch

import attncourse.pytorch as att
from tests.cases.common import KV_LEN, normal, qkv


def test_autocast_rounds_but_does_not_stop_it():
    arrays = [*qkv(), normal(3, KV_LEN), normal(3, KV_LEN)]
    tensors = [torch.from_numpy(array).float() for array in arrays]
    with torch.autocast("cpu", torch.bfloat16):
        rounded = att.linformer_attention(*tensors)
    exact = att.linformer_attention(*tensors)
    torch.testing.assert_close(rounded, exact, rtol=0.1, atol=0.1)
