"""What the page of translation shows: where the kept network looks, and what it costs.

The network is trained by :mod:`attncourse.experiments.translation` and kept by ``make trained
ONLY=translation``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch

from attncourse import trained
from attncourse.experiments import bitext
from attncourse.experiments import translation as task
from attncourse.experiments import translation_scores as scores
from attncourse.training import START, AdditiveAttention, Seq2Seq, pad

#: Strings of components that no network has read, for maps that a reader may follow.
SHOWN = (
    "local ip address",
    "timer end time",
    "solar energy production today",
    "update your login information for {name}.",
    "number of minutes to set the timer.",
    "clears a sonos timer.",
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
    said = task.translate(model, "es", [bitext.words_of(text) for text in texts])
    return [
        {
            "source": list(one.source),
            "target": [*scores.filled(one, "es", "in order"), "end"][: len(one.weights)],
            "weights": one.weights.round(4).tolist(),
        }
        for one in said
        if one.weights is not None
    ]


def lexicon() -> dict[str, str]:
    """Give each English word that is a string by itself, with its Spanish word, if it has one."""
    found = defaultdict(set)
    for english, spanish in bitext.strings("es").train:
        if len(english) == len(spanish) == 1 and english != spanish:
            found[english[0]].add(spanish[0])
    return {english: spanish.pop() for english, spanish in found.items() if len(spanish) == 1}


def checked(said: Sequence[scores.Said], words: dict[str, str]) -> dict[str, int]:
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


def ordered(
    said: Sequence[scores.Said], right: Sequence[Sequence[str]], words: dict[str, str]
) -> dict[str, int]:
    """Count neighbours in English whose two translations are written in the right order.

    Only pairs count of which both translations stand once in what is written and once in the right
    translation: the order is judged, and not the choice of words. ``"turned"`` are those that the
    right translation turns round.
    """
    counts = Counter(pairs=0, turned=0, right=0, turned_right=0)
    for one, reference in zip(said, right, strict=True):
        for english in pairwise(one.source):
            pair = [words.get(word, "") for word in english]
            there = [text.count(word) == 1 for text in (one.words, reference) for word in pair]
            if all(there) and pair[0] != pair[1]:
                ours, theirs = (
                    text.index(pair[1]) < text.index(pair[0]) for text in (one.words, reference)
                )
                counts.update(pairs=1, turned=theirs, right=ours == theirs)
                counts.update(turned_right=ours and theirs)
    return dict(counts)


def strange(source: Sequence[str]) -> list[int]:
    """Give the places of the English words that are unknown."""
    known = bitext.strings("es").english
    return [j for j, word in enumerate(source) if word not in known]


def beside(said: Sequence[scores.Said], right: Sequence[Sequence[str]]) -> Counter[int]:
    """Count how many words beside the unknown English word the look falls that writes ``<unk>``.

    Only where there is no doubt which word it is: there is one of each, and the right translation
    has the English word as it is.
    """
    found: Counter[int] = Counter()
    for one, reference in zip(said, right, strict=True):
        places = strange(one.source)
        if one.weights is None or len(places) != 1 or one.words.count(bitext.UNKNOWN) != 1:
            continue
        if one.source[places[0]] in reference:
            row = one.weights[one.words.index(bitext.UNKNOWN)]
            found[int(row.argmax()) - places[0]] += 1
    return found


def at_unknown(said: Sequence[scores.Said]) -> list[int]:
    """Count the looks that write ``<unk>`` and fall on an English word that is unknown; and all."""
    looks = [
        int(row.argmax()) in strange(one.source)
        for one in said
        for word, row in zip(one.words, () if one.weights is None else one.weights, strict=False)
        if word == bitext.UNKNOWN
    ]
    return [sum(looks), len(looks)]


@torch.no_grad()
def moved(model: Seq2Seq, said: Sequence[scores.Said]) -> dict[str, list[int]]:
    """Count the ``<unk>`` that stay when the whole row is put on one English word; and all.

    On the unknown word next to the look, on the known word before it or behind it, or on nothing.
    """
    known = bitext.strings("es")
    unknown = known.foreign.encode([bitext.UNKNOWN])[0]
    kept = {name: [0, 0] for name in ("unknown word", "word before", "word behind", "nothing")}
    some = [one for one in said if bitext.UNKNOWN in one.words and strange(one.source)]
    state, memory = model.encode(pad([bitext.encode(one.source, known.english) for one in some]))
    targets = pad([bitext.encode(one.words, known.foreign) for one in some])
    previous = torch.full_like(targets[:, 0], START)
    for t in range(targets.shape[1]):
        embedded, (usual, weights) = model.embed_out(previous), model.memory(state, memory)
        rows = [row for row, one in enumerate(some) if one.words[t : t + 1] == (bitext.UNKNOWN,)]
        for row in rows:
            source, look = some[row].source, int(weights[row].argmax())
            places = strange(source)
            at = min(places, key=lambda j, look=look: abs(j - look))
            tried = {"unknown word": at, "word before": at - 1, "word behind": at + 1}
            contexts = {
                name: memory[0][row, j]
                for name, j in tried.items()
                if 0 <= j < len(source) and (j == at or j not in places)
            }
            contexts["nothing"] = torch.zeros_like(usual[row])
            read = torch.stack(list(contexts.values()))
            same = torch.cat([embedded[row].expand(len(read), -1), read], dim=-1)
            then = model.decoder(same, state[row].expand(len(read), -1))
            words = model.out(torch.cat([then, read], dim=-1)).argmax(-1)
            for name, word in zip(contexts, words.tolist(), strict=True):
                kept[name][0] += word == unknown
                kept[name][1] += 1
        state = model.decoder(torch.cat([embedded, usual], dim=-1), state)
        previous = targets[:, t]
    return kept


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
