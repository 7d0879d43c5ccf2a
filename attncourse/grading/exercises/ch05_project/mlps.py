"""Checks of ``swiglu_mlp(x, w_gate, w_in, w_out)``."""

from __future__ import annotations

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import Suspect, budget, compare
from attncourse.grading.exercises.ch05_project import oracles
from attncourse.grading.exercises.ch05_project.variants import mlp, sigmoid

QUESTION = Question(
    "swiglu_mlp",
    ("x", "w_gate", "w_in", "w_out"),
    ready_made=(
        "torch.nn.functional.silu",
        "torch.nn.SiLU",
        "torch.nn.functional.glu",
        "jax.nn.silu",
        "jax.nn.swish",
        "jax.nn.glu",
        "scipy.special.expit",
    ),
    read="05-project/transformer-from-scratch",
)
AXES = ("position", "feature")


def suspects(
    x: np.ndarray, w_gate: np.ndarray, w_in: np.ndarray, w_out: np.ndarray
) -> list[Suspect]:
    """Known mistakes, with what they make of these inputs."""
    x, w_gate, w_in, w_out = (a.astype(np.float64) for a in (x, w_gate, w_in, w_out))

    def change(kind: str) -> np.ndarray:
        return mlp(x, w_gate, w_in, w_out, kind)

    def naive(bend) -> np.ndarray:
        gate = x @ w_gate
        return (gate * bend(gate) * (x @ w_in)) @ w_out

    return [
        Suspect(
            "exchanged",
            "w_gate and w_in are exchanged: SiLU belongs on x @ w_gate. Their shapes are the same, "
            "so nothing complains.",
            lambda: change("exchanged"),
        ),
        Suspect(
            "sigmoid",
            "The gate is a sigmoid. SiLU is x times its sigmoid: x / (1 + exp(-x)).",
            lambda: change("sigmoid"),
        ),
        Suspect(
            "GELU",
            "The gate is a GELU, which makes this GeGLU. SwiGLU has SiLU: x / (1 + exp(-x)).",
            lambda: change("gelu"),
        ),
        Suspect(
            "ReLU",
            "The gate is max(0, ·). SiLU is smooth, and a little below zero for negative numbers.",
            lambda: change("relu"),
        ),
        Suspect(
            "tanh",
            "The gate is a tanh. SiLU is x / (1 + exp(-x)).",
            lambda: change("tanh"),
        ),
        Suspect(
            "no SiLU",
            "Nothing bends: the two products are multiplied as they are. SiLU belongs on the gate.",
            lambda: change("none"),
        ),
        Suspect(
            "SiLU on both",
            "Both hidden layers go through SiLU. Only the gate does.",
            lambda: change("both"),
        ),
        Suspect(
            "SiLU too late",
            "SiLU stands around the product of both. It belongs on the gate alone, before.",
            lambda: change("product"),
        ),
        Suspect(
            "sum",
            "The gate is added. It multiplies, hidden unit by hidden unit: that is what opens and "
            "closes.",
            lambda: change("sum"),
        ),
        Suspect(
            "no gate",
            "w_gate has no say: this is a plain MLP of w_in and w_out.",
            lambda: change("no gate"),
        ),
        Suspect(
            "gate only",
            "w_in has no say: SiLU(x @ w_gate) has to be multiplied with x @ w_in.",
            lambda: change("gate only"),
        ),
        Suspect(
            "sign",
            "The sign in the sigmoid is wrong: SiLU is x / (1 + exp(-x)), with a minus.",
            lambda: naive(lambda gate: sigmoid(-gate)),
        ),
        Suspect(
            "overflow",
            "exp of a large number is infinite, and ∞/∞ is NaN. x / (1 + exp(-x)) is safe: "
            "there the "
            "infinity stands below the line only.",
            lambda: naive(lambda gate: np.exp(gate) / (1 + np.exp(gate))),
        ),
        Suspect(
            "x added",
            "x itself is added. The residual connection belongs to the block, not to the MLP.",
            lambda: x + change("") if w_out.shape[1] == x.shape[-1] else change(""),
        ),
    ]


def _draw(
    rng: np.random.Generator, *batch: int, d_model: int = 5, d_hidden: int = 7, spread: float = 1.0
) -> tuple[np.ndarray, ...]:
    return (
        rng.normal(size=(*batch, d_model)) * spread,
        rng.normal(size=(d_model, d_hidden)) / d_model**0.5 * 1.5,
        rng.normal(size=(d_model, d_hidden)) / d_model**0.5 * 1.5,
        rng.normal(size=(d_hidden, d_model)) / d_hidden**0.5,
    )


def _hold(call: Call, inputs: tuple[np.ndarray, ...], tolerance: float = 1e-5) -> None:
    x, w_gate, *_ = inputs
    largest = float(np.abs(x.astype(np.float64) @ w_gate).max())
    compare(
        call("swiglu_mlp", *inputs),
        oracles.swiglu_mlp(*inputs),
        suspects=suspects(*inputs),
        axes=AXES,
        tolerance=max(tolerance, budget(largest)),
    )


@QUESTION.check(points=1, hint="SiLU(ln 3) is ln 3 / (1 + 1/3).")
def one_unit_by_hand(call: Call, rng: np.random.Generator) -> None:
    """With width 1 and x w_gate = ln 3, the gate is 3/4 of ln 3."""
    x, a, b = rng.uniform(0.5, 2, size=3)
    inputs = tuple(np.array([[n]]) for n in (x, np.log(3) / x, a, b))
    right = np.array([[0.75 * np.log(3) * x * a * b]])
    compare(call("swiglu_mlp", *inputs), right, suspects=suspects(*inputs), axes=AXES)


@QUESTION.check(points=3, hint="Two products side by side, joined, then @ w_out.")
def agrees_with_loops(call: Call, rng: np.random.Generator) -> None:
    """The same numbers as the definition, on three positions, 5 features and 7 hidden units."""
    _hold(call, _draw(rng, 3))


@QUESTION.check(points=2, hint="@ works on the last axes and carries the others along.")
def leading_axes(call: Call, rng: np.random.Generator) -> None:
    """Batch and positions in front are carried along; the hidden layer may be narrower."""
    _hold(call, _draw(rng, 2, 4, d_model=6, d_hidden=3))


@QUESTION.check(points=1, hint="Which of exp(x) and exp(-x) may become infinite without harm?")
def large_numbers(call: Call, rng: np.random.Generator) -> None:
    """Gates of ±2000 open and close without NaN."""
    _hold(call, _draw(rng, 8, spread=2000.0))


@QUESTION.check(points=1, hint="gate *= … may write into what the caller still needs.")
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """The arrays that were passed in are the same afterwards, and a second call says the same."""
    inputs = _draw(rng, 2, 3)
    _hold(call, inputs)
    QUESTION.unchanged(call, "Right numbers")
    _hold(call, inputs)


@QUESTION.check(points=1, hidden=True, hint="No shape may be swapped for another of the same size.")
def square_matrices(call: Call, rng: np.random.Generator) -> None:
    """All sizes equal: what a wrong order would not notice; and a transposed view."""
    inputs = _draw(rng, 4, d_model=4, d_hidden=4)
    x, w_gate, w_in, w_out = (np.asfortranarray(a) for a in inputs)
    transposed = Suspect(
        "transposed",
        "A matrix is used transposed. A row vector goes in from the left: x @ w_gate. With square "
        "matrices no shape complains.",
        mlp(x, w_gate.T, w_in.T, w_out.T),
    )
    compare(
        call("swiglu_mlp", x, w_gate, w_in, w_out),
        oracles.swiglu_mlp(x, w_gate, w_in, w_out),
        suspects=[transposed, *suspects(x, w_gate, w_in, w_out)],
        axes=AXES,
    )


@QUESTION.check(points=1, hidden=True, hint="x.astype(np.float32) first, if x has less than that.")
def half_precision(call: Call, rng: np.random.Generator) -> None:
    """In float16 no product overflows on the way."""
    x = (rng.uniform(200, 300, size=(3, 5))).astype(np.float16)
    w_gate, w_in = (rng.uniform(0.5, 1, size=(5, 4)).astype(np.float16) for _ in range(2))
    w_out = (rng.normal(size=(4, 5)) * 1e-3).astype(np.float16)
    inputs = x, w_gate, w_in, w_out
    gives = [np.full((3, 5), n) for n in (np.nan, np.inf, -np.inf)]
    given = call("swiglu_mlp", *inputs)
    with np.errstate(all="ignore"):
        gives.append(np.where(np.isfinite(given), 0, given).astype(np.float64))
    overflow = (
        Suspect(
            "half precision overflow",
            "In float16 the product of gate and hidden layer overflows: nothing above 65504 fits. "
            "Compute in float32 at least.",
            numbers,
        )
        for numbers in gives
        if not np.isfinite(given).any()
    )
    compare(
        given,
        oracles.swiglu_mlp(*inputs),
        suspects=[*overflow, *suspects(*inputs)],
        axes=AXES,
        tolerance=5e-3,
    )
