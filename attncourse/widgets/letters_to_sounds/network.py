"""The network that says words, in NumPy: a GRU in both directions, attention, a GRU that speaks."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from attncourse import reference as ref
from attncourse import trained
from attncourse.widgets import kit

#: The symbols that are no sounds: padding, the start of a word and its end.
PAD, START, END = 0, 1, 2
#: The most letters that fit a phone, and the most sounds that are said, the end among them.
MOST_LETTERS, MOST_ROWS = 16, 24

Arrays = Mapping[str, np.ndarray]
Pins = list[tuple[int, int, float]]


@dataclass(frozen=True)
class Said:
    """What the network says of a word, a row a sound, the end among them.

    ``own`` are the weights that it gave itself, ``weights`` those that were used.
    """

    sounds: Int[np.ndarray, " q_len"]
    own: Float[np.ndarray, "q_len kv_len"]
    weights: Float[np.ndarray, "q_len kv_len"]
    probabilities: Float[np.ndarray, "q_len n_out"]


@cache
def kept() -> trained.Trained:
    """Return the network of the chapter's page, trained for longer and rounded to eight bits."""
    return trained.load("letters_to_sounds")


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + e^-x)."""
    return 1 / (1 + np.exp(-x))


def gru(arrays: Arrays, name: str, end: str, x: np.ndarray, h: np.ndarray) -> np.ndarray:
    """One step of a gated recurrent unit, as PyTorch has it (Cho et al., 2014)."""
    given = arrays[f"{name}.weight_ih{end}"] @ x + arrays[f"{name}.bias_ih{end}"]
    kept_ = arrays[f"{name}.weight_hh{end}"] @ h + arrays[f"{name}.bias_hh{end}"]
    (given_r, given_z, given_n), (kept_r, kept_z, kept_n) = np.split(given, 3), np.split(kept_, 3)
    reset, update = sigmoid(given_r + kept_r), sigmoid(given_z + kept_z)
    return (1 - update) * np.tanh(given_n + reset * kept_n) + update * h


def encode(
    arrays: Arrays, symbols: list[int]
) -> tuple[Float[np.ndarray, " d_decoder"], Float[np.ndarray, "kv_len d_memory"]]:
    """Return the decoder's first state, and a state for each letter."""
    embedded = arrays["embed_in.weight"][symbols]
    ways = []
    for end, order in (("_l0", 1), ("_l0_reverse", -1)):
        h, states = np.zeros(arrays["encoder.weight_hh_l0"].shape[1]), []
        for x in embedded[::order]:
            h = gru(arrays, "encoder", end, x, h)
            states.append(h)
        ways.append(states[::order])
    summary = np.concatenate([ways[0][-1], ways[1][0]])
    first = np.tanh(arrays["start.weight"] @ summary + arrays["start.bias"])
    return first, np.concatenate([np.array(way) for way in ways], axis=1)


def say(arrays: Arrays, symbols: list[int], pins: Pins) -> Said:
    """Say a word, the likeliest sound at each step, with some weights set by hand."""
    state, states = encode(arrays, symbols)
    sounds: list[int] = []
    rows: list[tuple[np.ndarray, ...]] = []
    while len(sounds) < MOST_ROWS and END not in sounds:
        scores = ref.additive_scores(
            state[None], states, *(arrays[f"memory.{n}"] for n in ("w_query", "w_key", "v"))
        )
        own = ref.softmax(scores)[0]
        row = len(sounds)
        weights = kit.pinned(own, {letter: w for sound, letter, w in pins if sound == row})
        context = weights @ states
        previous = arrays["embed_out.weight"][sounds[-1] if sounds else START]
        state = gru(arrays, "decoder", "", np.concatenate([previous, context]), state)
        logits = arrays["out.weight"] @ np.concatenate([state, context]) + arrays["out.bias"]
        rows.append((own, weights, ref.softmax(logits)))
        sounds.append(int(logits.argmax()))
    return Said(np.array(sounds), *(np.array(column) for column in zip(*rows, strict=True)))


def numbers_of(word: str) -> list[int]:
    """Return the letters' numbers."""
    letters: Any = kept().record["letters"]
    return [letters.index(letter) + END + 1 for letter in word]


def name_of(sound: int) -> str:
    """Return a sound's name, as the dictionary has it."""
    if sound <= END:
        return "end" if sound == END else "?"
    return kept().record["sounds"][sound - END - 1]
