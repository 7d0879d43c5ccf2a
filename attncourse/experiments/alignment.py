"""What the page of translation shows: where the kept network looks, and what it costs.

The network is trained by :mod:`attncourse.experiments.translation` and kept by ``make trained
ONLY=translation``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import torch

from attncourse import trained
from attncourse.experiments import translation as task
from attncourse.training import AdditiveAttention, Seq2Seq

#: Strings of components that no network has read, for maps that a reader may follow.
SHOWN = (
    "supply temperature",
    "memory usage (real)",
    "number of data bits",
    "call monitor {phonebook_name}",
    "the notification sound to play.",
    "fuel cell gas consumption this month",
)


def kept() -> Seq2Seq:
    """Give the network that is kept, from English to Spanish."""
    file = trained.load("translation")
    model = task.build("es", "attention", file.record["seed"])
    model.load_state_dict({name: torch.tensor(x) for name, x in file.arrays.items()})
    return model.eval()


def shown(model: Seq2Seq, texts: Sequence[str] = SHOWN) -> list[dict[str, Any]]:
    """Translate strings; give plain lists: English words, Spanish words, and a row of weights each.

    The last row is the decision to stop; its word is ``"end"``.
    """
    said = task.translate(model, "es", [task.words_of(text) for text in texts])
    return [
        {
            "source": list(one.source),
            "target": [*task.filled(one, "es", "in order"), "end"][: len(one.weights)],
            "weights": one.weights.round(4).tolist(),
        }
        for one in said
        if one.weights is not None
    ]


def lexicon() -> dict[str, str]:
    """Give each English word that is a string by itself, with its Spanish word, if it has one."""
    found = defaultdict(set)
    for english, spanish in task.strings("es").train:
        if len(english) == len(spanish) == 1 and english != spanish:
            found[english[0]].add(spanish[0])
    return {english: spanish.pop() for english, spanish in found.items() if len(spanish) == 1}


def checked(said: Sequence[task.Said], words: dict[str, str]) -> dict[str, int]:
    """Count the looks that fall on the word whose translation is being written.

    Only words count that stand once in the translation and whose English stands once in the string,
    in strings of three words and more. ``"diagonal"`` is the guess that both run in step.
    """
    counts = Counter(looks=0, right=0, diagonal=0, near=0)
    for one in said:
        if one.weights is None or len(one.source) < 3:
            continue
        for j, english in enumerate(one.source):
            spanish = words.get(english)
            if spanish and one.source.count(english) == 1 and one.words.count(spanish) == 1:
                t = one.words.index(spanish)
                best = int(one.weights[t].argmax())
                guess = int((t + 0.5) / len(one.words) * len(one.source))
                counts.update(looks=1, right=best == j, diagonal=guess == j)
                counts.update(near=abs(best - j) == 1)
    return dict(counts)


def multiply_adds(model: Seq2Seq, kv_len: int, q_len: int) -> dict[str, int]:
    """Count the multiply-adds of translating one string, part by part.

    Parameters
    ----------
    model
        One of the networks.
    kv_len, q_len
        Words of the string, and steps of the decoder: a word each, and one for the end.
    """
    d_state, d_memory = model.decoder.hidden_size, 2 * model.encoder.hidden_size
    both = 2 * (model.encoder.input_size + model.encoder.hidden_size) * model.encoder.hidden_size
    counts = {
        "encoder": kv_len * 3 * both + d_memory * d_state,
        "attention": 0,
        "decoder": q_len * 3 * (model.decoder.input_size + d_state) * d_state,
        "output": q_len * model.out.in_features * model.out.out_features,
    }
    if isinstance(model.memory, AdditiveAttention):
        hidden = len(model.memory.v)
        keys = kv_len * d_memory * hidden
        counts["attention"] = keys + q_len * (d_state * hidden + kv_len * (hidden + d_memory))
    return counts
