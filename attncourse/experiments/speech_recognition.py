"""Write down spoken digits: attention, one vector, and no decoder at all, over training time.

Three networks of equal size hear strings of digits in many voices. They differ in what stands
between what was heard and what is written. They are judged on voices that they have not heard:
over the length of the string, over noise, and with a second voice.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from torch import Tensor

from attncourse.experiments.core import Experiment, Trial
from attncourse.experiments.letters_to_sounds import kendall
from attncourse.experiments.listening import ListenAndSpell, Spotter
from attncourse.experiments.spoken_digits import (
    DIGITS,
    HOP,
    STACKED,
    SoundBatches,
    Utterance,
    corpus,
    learned_from,
    stack,
    with_noise,
)
from attncourse.training import (
    AdditiveAttention,
    FixedVector,
    count_parameters,
    edit_distance,
    match_size,
    train,
)
from attncourse.training import seed as set_seed

N_LEARNED, BATCH = 3000, 16
LONG = (2, 4, 6, 8, 12, 16)
DECIBELS = (20, 10, 0)
KINDS = ("pink", "voice", "backwards")


def build(condition: str, seed: int = 0) -> Any:
    """Make one of the networks; no other is smaller than the one with attention."""
    d_state, d_decoder = 48, 80

    def spelling(memory: Any, wide: int, **options: Any) -> ListenAndSpell:
        set_seed(seed)
        return ListenAndSpell(memory, d_state=d_state, d_decoder=wide, **options)

    def spotting(wide: int) -> Spotter:
        set_seed(seed)
        return Spotter(wide)

    size = count_parameters(spelling(AdditiveAttention, d_decoder))
    if condition == "one vector":
        return spelling(FixedVector, match_size(lambda wide: spelling(FixedVector, wide), size))
    if condition == "no decoder":
        return spotting(match_size(spotting, size))
    return spelling(AdditiveAttention, d_decoder, convolutions="convolutions" in condition)


#: Conditions that learn from less: utterances, and speakers.
LESS = {
    "attention, 2 speakers": (N_LEARNED, 2),
    "attention, 8 speakers": (N_LEARNED, 8),
    "attention, an eighth": (N_LEARNED // 8, 999),
}


def learn(model: Any, condition: str, n_steps: int, seed: int = 0, label: str = "training") -> Any:
    """Train; each model of one seed hears the same in the same order."""
    pairs = learned_from(*LESS.get(condition, (N_LEARNED, 999)))
    return train(model, model.loss, SoundBatches(pairs, BATCH, seed), n_steps=n_steps, label=label)


def write(model: Any, frames: Sequence[Tensor], max_len: int = 24) -> list[tuple[str, Any]]:
    """What the network writes of each sound, and the weights of each digit on the states."""
    found: list[Any] = [None] * len(frames)
    ordered = sorted(range(len(frames)), key=lambda i: len(frames[i]))
    for first in range(0, len(ordered), 100):
        rows = ordered[first : first + 100]
        said, weights = model.generate(stack([frames[i] for i in rows]), max_len)
        for row, i in enumerate(rows):
            digits = "".join(DIGITS.decode(said[row].tolist()))
            kept = None if weights is None else weights[row, : len(digits), : len(frames[i]) // 2]
            found[i] = digits, None if kept is None else kept.numpy()
    return found


def rate(written: Sequence[str], said: Sequence[Utterance]) -> float:
    """Insertions, deletions and substitutions for each digit that was said."""
    errors = sum(edit_distance(w, u.digits) for w, u in zip(written, said, strict=True))
    return errors / sum(len(u.digits) for u in said)


@cache
def heard(kind: str, decibels: int) -> list[Tensor]:
    """What is heard of the held-out voices with a disturbance."""
    return with_noise(held_out(), decibels, kind)


def held_out() -> list[Utterance]:
    """Strings of the lengths that are learned, in voices that are not."""
    return corpus("test", 300)


def seconds(one: Utterance) -> float:
    """How long a state of the networks lasts."""
    return 2 * STACKED * HOP / one.rate


def bounds(one: Utterance) -> np.ndarray:
    """Where the digits begin, and the last ends: in seconds, as the synthesiser tells it."""
    return np.array([*one.starts, len(one.wave) / one.rate])


def in_place(places: np.ndarray, one: Utterance) -> np.ndarray:
    """Say of each digit's place, in seconds, whether that digit was being said there."""
    begins = bounds(one)
    return (begins[:-1] <= places) & (places < begins[1:])


def timed(
    written: Sequence[tuple[str, Any]], said: Sequence[Utterance]
) -> tuple[list[float], list[float], list[float]]:
    """Judge the looks of what was written rightly, digit by digit, and string by string.

    Whether the middle of the look was inside its digit; whether a place would be that divides the
    string evenly; and the order of the looks, from -1 to 1.
    """
    inside: list[float] = []
    evenly: list[float] = []
    order: list[float] = []
    for (digits, weights), one in zip(written, said, strict=True):
        if digits != one.digits or len(digits) < 2:
            continue
        middles = (np.arange(weights.shape[1]) + 0.5) * seconds(one)
        inside += in_place(weights @ middles, one).tolist()
        even = (np.arange(len(digits)) + 0.5) / len(digits) * bounds(one)[-1]
        evenly += in_place(even, one).tolist()
        order.append(kendall(weights))
    return inside, evenly, order


def measure(trial: Trial) -> dict[str, Any]:
    """Train one network, and let it write what voices say that it has not heard."""
    model = build(trial.condition, trial.seed)
    learn(model, trial.condition, trial.n_steps, trial.seed, str(trial))
    return judge(model)


def judge(model: Any) -> dict[str, Any]:
    """Count errors: as it is, over length, over noise; and look where it looked."""
    said = held_out()
    written = write(model, [one.frames for one in said])
    known = corpus("train", 150)
    found: dict[str, Any] = {
        "errors": rate([digits for digits, _ in written], said),
        "known voices": rate([d for d, _ in write(model, [u.frames for u in known])], known),
        "by length": {},
    }
    for kind in KINDS:
        each = {}
        for level in DECIBELS:
            each[str(level)] = rate([d for d, _ in write(model, heard(kind, level))], said)
        found[kind] = each
    for length in LONG:
        long = corpus("test", 40, (length,))
        digits = [d for d, _ in write(model, [u.frames for u in long])]
        found["by length"][str(length)] = rate(digits, long)
    if written[0][1] is not None:
        inside, evenly, order = timed(written, said)
        found["looks"] = {
            name: float(np.mean(each)) if each else None
            for name, each in (("inside", inside), ("evenly", evenly), ("order", order))
        }
    return found


EXPERIMENT = Experiment(
    __file__,
    budgets={
        "attention": (150, 500, 1500, 4000),
        "one vector": (150, 500, 1500, 4000),
        "no decoder": (150, 500, 1500, 4000),
        "attention, convolutions": (150, 500),
        "attention, 2 speakers": (150, 500),
        "attention, 8 speakers": (150, 500),
        "attention, an eighth": (150, 500),
    },
    seeds=(0, 1, 2),
    measure=measure,
)
