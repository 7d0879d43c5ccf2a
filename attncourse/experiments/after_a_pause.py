"""A pause in the middle of spoken digits: a look that follows the sound, or the share of the time.

A ruler that points at the middles of equal parts of a string is nearly always right, since digits
take about equally long. A pause parts the two: the digits move, and the equal parts do not follow.
The networks never learned from strings with a pause.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from attncourse.experiments import speech_recognition as task
from attncourse.experiments.core import Experiment, Trial
from attncourse.experiments.spoken_digits import Utterance

PAUSES = (0.0, 0.3, 0.6)  # seconds


def paused(one: Utterance, seconds: float) -> Utterance:
    """Put silence before the digit in the middle."""
    k = len(one.digits) // 2
    place = int(one.starts[k] * one.rate)
    silence = np.zeros(int(seconds * one.rate), np.float32)
    wave = np.concatenate([one.wave[:place], silence, one.wave[place:]])
    starts = (*one.starts[:k], *(start + seconds for start in one.starts[k:]))
    return Utterance(one.digits, one.line, wave, starts, one.rate)


def spans(one: Utterance, seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """Give beginnings and ends of the digits in a string with a pause, which is in none."""
    bounds = task.bounds(one)
    ends = bounds[1:].copy()
    ends[len(one.digits) // 2 - 1] -= seconds
    return bounds[:-1], ends


def looked(
    written: Sequence[tuple[str, Any]], said: Sequence[Utterance], seconds: float
) -> dict[str, Any]:
    """Judge what was written rightly: the share of looks inside their digit, and of equal parts."""
    inside: list[bool] = []
    evenly: list[bool] = []
    for (digits, weights), one in zip(written, said, strict=True):
        if digits != one.digits:
            continue
        begins, ends = spans(one, seconds)
        look = weights @ ((np.arange(weights.shape[1]) + 0.5) * task.seconds(one))
        even = (np.arange(len(digits)) + 0.5) / len(digits) * ends[-1]
        inside += ((begins <= look) & (look < ends)).tolist()
        evenly += ((begins <= even) & (even < ends)).tolist()
    return {
        "digits": len(inside),
        "inside": float(np.mean(inside)) if inside else None,
        "evenly": float(np.mean(evenly)) if evenly else None,
    }


def judge(model: Any) -> dict[str, Any]:
    """Let a network write strings of two digits and more, with no pause and with longer ones."""
    found = {}
    for seconds in PAUSES:
        said = [paused(one, seconds) for one in task.held_out() if len(one.digits) > 1]
        written = task.write(model, [one.frames for one in said])
        errors = task.rate([digits for digits, _ in written], said)
        found[f"{seconds}"] = {"errors": errors, **looked(written, said, seconds)}
    return found


def measure(trial: Trial) -> dict[str, Any]:
    """Train one network as the comparison of recognisers does, and judge it."""
    model = task.build(trial.condition, trial.seed)
    task.learn(model, trial.condition, trial.n_steps, trial.seed, str(trial))
    return judge(model)


EXPERIMENT = Experiment(
    __file__,
    budgets={"attention": (500, 1500), "no decoder": (500, 1500)},
    seeds=(0, 1, 2),
    measure=measure,
)
