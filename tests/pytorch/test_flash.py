"""What autograd makes of attention over tiles: right gradients, in linear memory."""

from __future__ import annotations

import weakref

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import attncourse.pytorch as att
import attncourse.reference as ref
from tests.cases.common import HEADS, Q_LEN, all_options
from tests.cases.flash import near

OPTIONS = all_options()
NAMED = pytest.mark.parametrize("options", OPTIONS, ids=["+".join(o) or "plain" for o in OPTIONS])


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(2205)


def leaf(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, requires_grad=True)


def leaves_and_rest(options: dict) -> tuple[dict, dict]:
    """Queries, keys, values, and of the options those with a gradient; and the others."""
    tensors = {
        name: torch.as_tensor(value) if hasattr(value, "shape") else value
        for name, value in options.items()
    }
    floating = {name: tensors.pop(name) for name in ("bias", "sinks") if name in tensors}
    arrays = {"q": leaf(2, 6, 5, 4), "k": leaf(2, 3, 7, 4), "v": leaf(2, 3, 7, 8)}
    return arrays | {n: t.clone().requires_grad_() for n, t in floating.items()}, tensors


@NAMED
def test_against_the_plain_path(options):
    """Output and gradients; the empty row of the mask included."""
    arrays, rest = leaves_and_rest(options)
    weights = torch.randn(2, 6, 5, 8, dtype=torch.float64)
    output, _ = att.flash_attention(**arrays, **rest, q_tile=2, kv_tile=3)
    plain = att.scaled_dot_product_attention(**arrays, **rest)
    torch.testing.assert_close(output, plain, atol=1e-12, rtol=1e-12)
    ours = torch.autograd.grad((output * weights).sum(), list(arrays.values()))
    theirs = torch.autograd.grad((plain * weights).sum(), list(arrays.values()))
    torch.testing.assert_close(ours, theirs, atol=1e-12, rtol=1e-12)


@pytest.mark.parametrize("options", [OPTIONS[0], OPTIONS[-1], {"mask_mod": near}])
def test_every_entry_against_finite_differences(options):
    """The log-sum-exp has gradients too, where a query sees something."""
    arrays, rest = leaves_and_rest(options)
    small = {"q": leaf(3, 4, 2), "k": leaf(1, 5, 2), "v": leaf(1, 5, 3)}
    if "bias" in arrays:
        small |= {"bias": leaf(4, 5), "sinks": leaf(3)}
        rest["mask"] = rest["mask"][0, :, :4, :5]

    def run(*tensors):
        given = dict(zip(small, tensors, strict=True))
        output, log_sum_exp = att.flash_attention(**given, **rest, q_tile=3, kv_tile=2)
        return output, log_sum_exp.masked_fill(log_sum_exp == -torch.inf, 0)

    assert gradcheck(run, tuple(small.values()))
    assert gradgradcheck(run, tuple(small.values()), fast_mode=True)


def test_merging_passes_gradients_on():
    """Attention in two parts, merged: gradients of the whole, through both log-sum-exps."""
    q, k, v = leaf(3, 5, 4), leaf(3, 7, 4), leaf(3, 7, 2)
    mask = torch.rand(5, 7) < 0.6
    mask[1], mask[2, :4] = False, False
    parts = [
        att.flash_attention(q, k[:, part], v[:, part], mask=mask[:, part])
        for part in (slice(0, 4), slice(4, 7))
    ]
    merged, log_sum_exp = att.merge_attention(
        torch.stack([output for output, _ in parts]), torch.stack([lse for _, lse in parts])
    )
    whole, expected = att.flash_attention(q, k, v, mask=mask)
    seen = expected > -torch.inf
    assert not seen[:, 1].any()
    torch.testing.assert_close(merged, whole)
    torch.testing.assert_close(log_sum_exp, expected)
    losses = (
        merged.sin().sum() + log_sum_exp[seen].sum(),
        whole.sin().sum() + expected[seen].sum(),
    )
    ours, theirs = (torch.autograd.grad(loss, (q, k, v)) for loss in losses)
    torch.testing.assert_close(ours, theirs, atol=1e-12, rtol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_within_its_error_budget(dtype):
    """No worse than twice the plain path in the same dtype, against float64."""
    exact = [leaf(2, 6, 33, 8), leaf(2, 3, 65, 8), leaf(2, 3, 65, 4)]
    exact = [tensor.detach().to(dtype).double().requires_grad_() for tensor in exact]
    half = [tensor.detach().to(dtype).requires_grad_() for tensor in exact]
    weights = torch.randn(2, 6, 33, 4, dtype=torch.float64).to(dtype)

    def results(attend, tensors):
        output = attend(*tensors, causal=True)
        grads = torch.autograd.grad((output * weights).sum(), tensors)
        return [tensor.double() for tensor in (output, *grads)]

    def flash(*tensors, **options):
        return att.flash_attention(*tensors, **options, q_tile=16, kv_tile=16)[0]

    truth = results(att.scaled_dot_product_attention, exact)
    plain = results(att.scaled_dot_product_attention, half)
    for ours, theirs, true in zip(results(flash, half), plain, truth, strict=True):
        step = torch.finfo(dtype).eps * true.abs().max()
        assert (ours - true).abs().max() <= 2 * (theirs - true).abs().max() + step


def test_a_gradient_only_where_it_is_asked_for():
    q, k, v = leaf(2, 5, 4), leaf(2, 7, 4), leaf(2, 7, 3)
    _, log_sum_exp = att.flash_attention(q.detach(), k, v.detach())
    (grad,) = torch.autograd.grad(log_sum_exp.sum(), k)
    scores = att.scaled_dot_scores(q.detach(), k)
    (expected,) = torch.autograd.grad(scores.logsumexp(-1).sum(), k)
    torch.testing.assert_close(grad, expected)
    with torch.no_grad():
        assert not att.flash_attention(q, k, v)[0].requires_grad


@pytest.mark.parametrize("options", [{}, {"causal": True}, {"window": 1}, {"window": 4}])
@pytest.mark.parametrize("lens", [(11, 11), (7, 11), (11, 7)])
def test_the_same_tiles_are_met_as_in_the_reference(options, lens):
    """Where a test shows them to be just those into which somebody sees."""
    met: list[tuple] = []

    def noting(q_pos, kv_pos):
        met.append((int(q_pos.min()), int(kv_pos.min()), len(q_pos), kv_pos.shape[-1]))
        return (q_pos == q_pos)[:1]

    q, k, v = (torch.randn(n, 3) for n in (*lens, lens[1]))
    given = {**options, "mask_mod": noting, "q_tile": 2, "kv_tile": 3}
    output, log_sum_exp = att.flash_attention(q, k, v, **given)
    forward = met.copy()
    met.clear()
    att.flash_attention_backward(output, q, k, v, output, log_sum_exp, **given)
    backward = met.copy()
    met.clear()
    ref.flash_attention(q.numpy(), k.numpy(), v.numpy(), **given)
    assert forward == backward == met


class Peak(TorchDispatchMode):
    """Count the bytes of all tensors that are made while it is on, and are still alive."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = 0
        self.known: weakref.WeakSet = weakref.WeakSet()

    def _freed(self, size: int) -> None:
        self.now -= size

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        found = function(*args, **(kwargs or {}))
        before = {id(t.untyped_storage()) for t in tree_leaves(args) if torch.is_tensor(t)}
        for tensor in tree_leaves(found):
            if torch.is_tensor(tensor):
                storage = tensor.untyped_storage()
                if id(storage) not in before and storage not in self.known:
                    self.known.add(storage)
                    self.now += storage.nbytes()
                    weakref.finalize(storage, self._freed, storage.nbytes())
        self.most = max(self.most, self.now)
        return found


def peaks(attend, length: int) -> tuple[int, int]:
    """The peak of the forward pass, and of both passes together."""
    q, k, v = (torch.randn(length, 8, requires_grad=True) for _ in range(3))
    with Peak() as peak:
        output = attend(q, k, v)
        forward = peak.most
        output.sum().backward()
    return forward, peak.most


def flash(q, k, v):
    return att.flash_attention(q, k, v, causal=True, q_tile=64, kv_tile=64)[0]


def test_memory_is_linear_in_length():
    """Twice the length, at most twice the peak, forward and backward; no row for each query."""
    short, long = peaks(flash, 512), peaks(flash, 1024)
    for at_short, at_long in zip(short, long, strict=True):
        assert at_long < 2.1 * at_short
    assert max(long) < 1024 * 1024, "less than one byte a score"


def test_memory_of_the_plain_path_is_quadratic():
    """The measure can tell: what holds for tiles does not hold for the matrix of scores."""
    short, long = (peaks(att.scaled_dot_product_attention, n) for n in (256, 512))
    for at_short, at_long in zip(short, long, strict=True):
        assert at_long > 3.8 * at_short
        assert at_long > 4 * 512 * 512


def test_it_is_an_attend_of_the_layer():
    """The module takes any function of q, k, v and options."""
    layer = att.MultiHeadAttention(d_model=12, n_heads=HEADS // 2)
    x = torch.randn(2, Q_LEN, 12)
    expected = layer(x, causal=True)
    layer.attend = lambda *qkv, **options: att.flash_attention(*qkv, **options)[0]
    torch.testing.assert_close(layer(x, causal=True), expected)
