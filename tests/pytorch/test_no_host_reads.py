"""No public function reads a value back from the device, unless its result needs one.

A read makes a GPU wait. Each good call runs under two modes: one refuses the operators that carry a
value to the host or make a shape depend on values, the other the methods that do so on a CPU
without an operator.
"""

from __future__ import annotations

import pytest
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

import attncourse.pytorch as att
from tests.cases import GOOD
from tests.twins import given

#: What must look at values, by function and option, and why. Nothing else may.
READS = {
    ("generate", "stop"): "the loop ends once each text has ended: the length depends on values",
    ("beam_search", "stop"): "as generate: the search ends once each beam has ended",
}

OPERATORS = {
    "aten::_local_scalar_dense",
    "aten::equal",
    "aten::is_nonzero",
    "aten::masked_select",
    "aten::nonzero",
    "aten::repeat_interleave",
    "aten::unique_consecutive",
    "aten::unique_dim",
    "aten::_unique2",
}
METHODS = {
    *("item", "tolist", "numpy", "cpu", "nonzero", "equal", "allclose"),
    *("__array__", "__bool__", "__complex__", "__contains__", "__float__", "__index__", "__int__"),
}


class HostRead(AssertionError):
    """A value went to the host."""


class NoReadByOperator(TorchDispatchMode):
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func._schema.name in OPERATORS or any(
            isinstance(arg, torch.Tensor) and arg.dtype == torch.bool
            for indices in args[1:2]
            if func._schema.name.startswith("aten::index") and isinstance(indices, list | tuple)
            for arg in indices
        ):
            raise HostRead(func._schema.name)
        return func(*args, **(kwargs or {}))


class NoReadByMethod(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        name = getattr(func, "__name__", "")
        if name in METHODS and any(isinstance(a, torch.Tensor) for a in args):
            raise HostRead(name)
        return func(*args, **(kwargs or {}))


def unread(function, *args, **kwargs):
    with NoReadByMethod(), NoReadByOperator():
        return function(*args, **kwargs)


def reads(name: str, call: tuple[tuple, dict]) -> bool:
    return any((name, option) in READS for option in call[1])


CALLS = [(n, i) for n in GOOD for i in range(len(GOOD[n])) if not reads(n, GOOD[n][i])]


@pytest.mark.parametrize(("name", "i"), CALLS)
def test_no_value_is_read(name, i):
    args, kwargs = given(att, GOOD[name][i])
    unread(getattr(att, name), *args, **kwargs)


BATCH, SEQ, CONTEXT, MODEL, HEADS, N_TOKENS = 2, 5, 7, 12, 3, 11
X, C = torch.randn(BATCH, SEQ, MODEL), torch.randn(BATCH, CONTEXT, MODEL)
TOKENS, SOURCE = torch.arange(10).reshape(BATCH, SEQ), torch.arange(14).reshape(BATCH, CONTEXT) % 9
REAL, SOURCE_REAL = torch.ones(BATCH, SEQ).bool(), torch.arange(CONTEXT) < torch.tensor([[7], [4]])
DEEP = {"d_model": MODEL, "n_heads": HEADS, "n_layers": 2}


def decoded(model, padding=None, **options):
    """A prompt, and one step behind it."""
    logits, caches = model.step(TOKENS, padding=padding, **options)
    more = torch.cat([TOKENS, logits.argmax(-1, keepdim=True)], dim=-1)
    return model.step(more, caches, **options)


def translated(model):
    state = model.begin(SOURCE, source_padding=SOURCE_REAL)
    return model.step(TOKENS, model.step(TOKENS[:, :3], state)[1])


#: Every class of modules, built, and the ways to call it.
MODULES = {
    "LayerNorm": [(lambda: att.LayerNorm(MODEL), lambda m: m(X))],
    "RMSNorm": [(lambda: att.RMSNorm(MODEL), lambda m: m(X))],
    "MLP": [(lambda: att.MLP(MODEL, 20), lambda m: m(X))],
    "GatedMLP": [(lambda: att.GatedMLP(MODEL, 20), lambda m: m(X))],
    "MultiHeadAttention": [
        (
            lambda: att.MultiHeadAttention(
                MODEL, HEADS, qk_norm=att.RMSNorm, sinks=True, attention_dropout=0.1
            ),
            lambda m: m(X, causal=True, return_weights=True),
        ),
        (lambda: att.MultiHeadAttention(MODEL, HEADS), lambda m: m(X, C, padding=SOURCE_REAL)),
        (
            lambda: att.MultiHeadAttention(MODEL, HEADS, attend=att.fused_attention),
            lambda m: m.with_cache(X, cache=m.with_cache(X)[1], causal=True),
        ),
    ],
    "TransformerBlock": [
        (
            lambda: att.TransformerBlock(MODEL, HEADS, cross_attention=True, dropout=0.1),
            lambda m: m.with_cache(X, C, padding=REAL, context_padding=SOURCE_REAL),
        )
    ],
    "Encoder": [(lambda: att.Encoder(**DEEP), lambda m: m(X, padding=REAL))],
    "Decoder": [(lambda: att.Decoder(**DEEP), lambda m: m.with_cache(X, padding=REAL))],
    "LanguageModel": [
        *(
            (
                lambda p=p, n=n: att.LanguageModel(N_TOKENS, **DEEP, positions=p, n_positions=n),
                lambda m, o=o: decoded(m, **o),
            )
            for p, n in {"rotary": None, "learned": 9, "alibi": None, "t5": None}.items()
            for o in ({}, {"padding": REAL}, {"padding": REAL, "max_len": 8})
        ),
    ],
    "EncoderDecoder": [
        (lambda: att.EncoderDecoder(N_TOKENS, N_TOKENS, **DEEP), translated),
        (
            lambda: att.EncoderDecoder(N_TOKENS, N_TOKENS, **DEEP, positions="t5"),
            lambda m: m(SOURCE, TOKENS, source_padding=SOURCE_REAL, return_weights=True),
        ),
    ],
    "VisionTransformer": [
        (
            lambda: att.VisionTransformer((3, 8, 4), 2, 10, **DEEP),
            lambda m: m(torch.randn(BATCH, 3, 8, 4)),
        )
    ],
}


@pytest.mark.parametrize(("name", "i"), [(n, i) for n in MODULES for i in range(len(MODULES[n]))])
@pytest.mark.parametrize("training", [False, True])
def test_no_module_reads_a_value(name, i, training):
    build, call = MODULES[name][i]
    unread(call, build().train(training))


def test_every_module_is_asked():
    classes = {name: getattr(att, name) for name in att.__all__}
    found = {
        n for n, c in classes.items() if isinstance(c, type) and issubclass(c, torch.nn.Module)
    }
    assert found == set(MODULES)


@pytest.mark.parametrize(("name", "option"), READS)
def test_the_exceptions_read(name, option):
    """If no call with the option reads any more, it comes off the list."""
    calls = [given(att, call) for call in GOOD[name] if option in call[1]]
    assert calls
    for args, kwargs in calls:
        with pytest.raises(HostRead):
            unread(getattr(att, name), *args, **kwargs)


@pytest.mark.parametrize(
    "read",
    [
        lambda x: x.sum().item(),
        lambda x: x.tolist(),
        lambda x: bool((x > 0).any()),
        lambda x: int(x[0]),
        lambda x: float(x[0]),
        lambda x: x[x > 0],
        lambda x: x.nonzero(),
        lambda x: torch.where(x > 0),
        lambda x: x.numpy(),
        lambda x: range(10)[x.long()[0]],
        lambda x: torch.equal(x, x),
        lambda x: x.unique(),
        lambda x: torch.repeat_interleave(x, x.long()),
    ],
)
def test_each_kind_of_read_is_noticed(read):
    with pytest.raises(HostRead):
        unread(read, torch.tensor([1.0, 2.0]))


def test_asking_for_values_reads_them():
    with att.check_values(), pytest.raises(HostRead):
        unread(att.softmax, torch.tensor([1.0, 2.0]))
