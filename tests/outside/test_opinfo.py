"""PyTorch's own samples for scaled_dot_product_attention, answered by every path of ours."""

from __future__ import annotations

import pytest
import torch
from torch.testing._internal.common_methods_invocations import op_db

import attncourse.pytorch as att
import attncourse.reference as ref
from tests.budget import assert_within_budget, careless_attention
from tests.twins import replaced

(OPERATOR,) = [op for op in op_db if op.name == "nn.functional.scaled_dot_product_attention"]


def reference_attention(*qkv, **options):
    """The path of the other room, on tensors."""
    arrays, given = replaced((qkv, options), lambda x: x.detach().numpy())
    return torch.from_numpy(ref.scaled_dot_product_attention(*arrays, **given))


PATHS = {
    "reference": reference_attention,
    "plain": att.scaled_dot_product_attention,
    "fused": att.fused_attention,
}
BY_EACH_PATH = pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)


def samples(dtype: torch.dtype, *, requires_grad: bool = False) -> list:
    """Give those that drop no weights at random: nothing random can be compared."""
    torch.manual_seed(1706)
    drawn = list(OPERATOR.sample_inputs("cpu", dtype, requires_grad=requires_grad))
    kept = [sample for sample in drawn if not sample.kwargs["dropout_p"]]
    assert (len(drawn), len(kept)) == (25, 13), "PyTorch 2.13 has these"
    return kept


def in_our_words(sample) -> tuple[tuple[torch.Tensor, ...], dict]:
    """Broadcast the leading dimensions, which ours have equal, and align top-left."""
    said = dict(sample.kwargs)
    q, (k, v) = sample.input, sample.args
    q = q.expand(*k.shape[:-2], *q.shape[-2:])
    options = {"bias": said.pop("attn_mask", None), "mask": None}
    if said.pop("is_causal"):
        unseen = k.shape[-2] - q.shape[-2]
        options["mask"] = att.create_mask(
            lambda q_pos, kv_pos: kv_pos <= q_pos - unseen, q.shape[-2], k.shape[-2]
        )
    assert said == {"dropout_p": 0}, "nothing that the sample says is passed over"
    return (q, k, v), options


def theirs(sample) -> torch.Tensor:
    return OPERATOR(sample.input, *sample.args, **sample.kwargs)


@BY_EACH_PATH
def test_same_numbers(path):
    for sample in samples(torch.float64):
        qkv, options = in_our_words(sample)
        torch.testing.assert_close(path(*qkv, **options), theirs(sample), rtol=0, atol=1e-12)


@pytest.mark.parametrize("path", [att.scaled_dot_product_attention, att.fused_attention])
def test_same_gradients(path):
    for sample in samples(torch.float64, requires_grad=True):
        leaves = (sample.input, *sample.args)
        qkv, options = in_our_words(sample)
        expected = torch.autograd.grad(theirs(sample).square().sum(), leaves)
        found = torch.autograd.grad(path(*qkv, **options).square().sum(), leaves)
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-11)


@BY_EACH_PATH
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_within_the_error_budget(path, dtype):
    """Exact is PyTorch's answer in float64 to the same numbers."""
    if path is reference_attention and dtype == torch.bfloat16:
        with pytest.raises(TypeError, match="BFloat16"):  # NumPy has none
            path(*in_our_words(samples(dtype)[0])[0])
        return
    answers = []
    for sample in samples(dtype):
        qkv, options = in_our_words(sample)
        exact = theirs(sample.transform(lambda x: x.double() if torch.is_tensor(x) else x))
        answers.append((path(*qkv, **options), careless_attention(*qkv, **options), exact))
    # All samples together: one has too few numbers for its largest error to be a measure.
    assert_within_budget(
        *(torch.cat([x.flatten() for x in part]) for part in zip(*answers, strict=True))
    )


def test_no_bad_input_is_offered():
    """When PyTorch adds some, they belong here."""
    assert OPERATOR.error_inputs_func is None
