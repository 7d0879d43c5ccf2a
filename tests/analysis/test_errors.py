"""A number that is not whole, below one or no number at all, an array of another kind: named."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import attncourse.analysis as analysis
from tests.analysis.calls import CALLS, LATENT, SHAPE, TOKENS, WEIGHTS

FLAGS = {"causal", "gated", "recompute"}
MAY_BE_ZERO = {"n_cached", "pairs", "offset", "times", "n_tokens", "n_outputs", "q_len", "kv_len"}


def bound(name: str) -> dict:
    args, kwargs = CALLS[name]
    return dict(inspect.signature(getattr(analysis, name)).bind(*args, **kwargs).arguments)


def call(name: str, arguments: dict):
    parts = arguments.pop("parts", ())
    return getattr(analysis, name)(*parts, **arguments)


def arguments(kind: type | tuple) -> list[tuple[str, str]]:
    return [
        (name, key)
        for name in CALLS
        for key, value in bound(name).items()
        if isinstance(value, kind) and key not in FLAGS
    ]


def test_every_function_has_a_call():
    assert set(CALLS) == {n for n in analysis.__all__ if inspect.isfunction(getattr(analysis, n))}
    for name in CALLS:
        call(name, bound(name))


@pytest.mark.parametrize(("name", "key"), arguments((int, float)))
@pytest.mark.parametrize("wrong", ["2", None, [3]])
def test_no_number(name, key, wrong):
    given = bound(name)
    if wrong is None and inspect.signature(getattr(analysis, name)).parameters[key].default is None:
        return
    with pytest.raises(TypeError, match=key):
        call(name, given | {key: wrong})


@pytest.mark.parametrize(("name", "key"), arguments(int))
def test_no_whole_number(name, key):
    with pytest.raises(TypeError, match=f"{key}: expected a whole number"):
        call(name, bound(name) | {key: 2.5})


@pytest.mark.parametrize(("name", "key"), arguments((int, float)))
def test_out_of_range(name, key):
    lowest = -1 if key in MAY_BE_ZERO or key == "residual" else 0
    with pytest.raises(ValueError, match=key):
        call(name, bound(name) | {key: lowest})


@pytest.mark.parametrize(("name", "key"), arguments(np.ndarray))
def test_wrong_arrays(name, key):
    array = bound(name)[key]
    other = array.astype(float) if array.dtype.kind == "i" else array.astype(int)
    for wrong in (array.tolist(), other, array > 0):
        with pytest.raises(TypeError, match=key):
            call(name, bound(name) | {key: wrong})
    with pytest.raises(ValueError, match=key):
        call(name, bound(name) | {key: array.reshape(-1)})
    if array.dtype.kind == "f":
        with pytest.raises(ValueError, match=f"{key}: expected numbers, got NaN"):
            call(name, bound(name) | {key: np.full_like(array, np.nan)})


@pytest.mark.parametrize("name", [name for name, key in arguments(np.ndarray) if key == "weights"])
@pytest.mark.parametrize("wrong", [-WEIGHTS, 2 * WEIGHTS], ids=["negative", "two"])
def test_scores_are_no_weights(name, wrong):
    with pytest.raises(ValueError, match="weights: expected rows that are not negative and sum"):
        call(name, bound(name) | {"weights": wrong})


@pytest.mark.parametrize("name", [name for name, key in arguments(tuple) if key == "shape"])
@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"n_layers": 0}, ValueError),
        ({"d_model": 2.5}, TypeError),
        ({"n_heads": 5}, ValueError),
        ({"d_ff": 0}, ValueError),
        ({"n_vocab": 0}, ValueError),
        ({"n_positions": -1}, ValueError),
        ({"n_kv_heads": 3}, ValueError),
        ({"n_kv_heads": 0}, ValueError),
        ({"d_k": 0}, ValueError),
    ],
)
def test_wrong_shapes(name, changed, error):
    with pytest.raises(error, match=next(iter(changed))):
        call(name, bound(name) | {"shape": SHAPE._replace(**changed)})
    with pytest.raises(TypeError, match="shape: expected a TransformerShape, got dict"):
        call(name, bound(name) | {"shape": SHAPE._asdict()})


@pytest.mark.parametrize(
    ("name", "changed", "words"),
    [
        ("attention_operations", {"pairs": 16}, "pairs: expected at most 15, got 16"),
        ("attention_backward_operations", {"pairs": 16}, "pairs: expected at most 15, got 16"),
        ("multi_head_operations", {"n_kv_heads": 3}, "n_heads: expected a multiple"),
        ("multi_head_operations", {"d_model": 13}, "n_heads: expected a divisor of d_model, 13"),
        ("multi_head_operations", {"n_cached": 6}, "n_cached: expected at most 5, got 6"),
        ("latent_operations", {"n_cached": 8}, "n_cached: expected at most 7, got 8"),
        ("absorbed_latent_operations", {"n_cached": 8}, "n_cached: expected at most 7, got 8"),
        ("attention_intensity", {"n_kv_heads": 3}, "n_heads: expected a multiple"),
        ("flash_attention_bytes", {"sram_bytes": 31}, "sram_bytes: expected at least 32, got 31"),
        ("training_operations", {"length": 5}, "length: expected a divisor of n_tokens, 12"),
        ("model_operations", {"n_outputs": 4}, "n_outputs: expected at most 3, got 4"),
        ("attention_rollout", {"residual": 1.1}, "residual: expected a number from 0 to 1"),
        ("attention_rollout", {"weights": WEIGHTS[0]}, "weights: expected at least 4"),
        ("attention_rollout", {"weights": WEIGHTS[..., :2]}, "weights: expected shape"),
        ("head_importance", {"gradients": WEIGHTS[:3]}, "gradients: expected shape"),
        ("induction_score", {"tokens": TOKENS[:, :2]}, "tokens: expected shape"),
        ("induction_score", {"tokens": TOKENS[:3]}, "tokens: expected shape"),
    ],
)
def test_what_does_not_fit(name, changed, words):
    with pytest.raises(ValueError, match=words):
        call(name, bound(name) | changed)


def test_parts_are_operations():
    with pytest.raises(TypeError, match="parts: expected Operations, got int"):
        analysis.add_operations(3)


def test_more_queries_than_tokens():
    with pytest.raises(ValueError, match="q_len: expected at most 2, got 3"):
        analysis.duplicate_token_score(WEIGHTS[..., :2] / 2, TOKENS[:, :2])


def test_latent_names():
    with pytest.raises(ValueError, match="d_nope"):
        analysis.latent_operations(3, 7, **LATENT | {"d_nope": 0})
