"""What MiniLM's heads do: on six sentences for the widget, and counted over many.

``python -m attncourse.experiments.encoder_heads`` takes a few seconds and writes the widget's
``runs.json``: maps in 255ths, angles in 255ths of 180 degrees, and what they rest on. The counts
are made where they are shown: :func:`jobs` and :func:`twins`.
"""

from __future__ import annotations

import itertools
import json
import platform
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pydoc_data import topics
from typing import Any, NamedTuple

import numpy as np
import torch

import attncourse.pytorch as att
from attncourse.models import MiniLM, attention_maps, head_runs, load_minilm
from attncourse.models.archives import MINILM
from attncourse.training import pad

#: Twins that differ in one word; two pronouns and two persons; words that come twice; two banks.
SENTENCES = [
    "The dog avoided the lake because it was tired.",
    "The dog avoided the lake because it was deep.",
    "The queen thanked the king because he waited for her.",
    "The big dog barked and the little dog ran.",
    "We sat on the bank of the river.",
    "The bank would not lend us the money.",
]
PERSONS = [
    ("king", "queen"),
    ("father", "mother"),
    ("brother", "sister"),
    ("man", "woman"),
    ("boy", "girl"),
    ("uncle", "aunt"),
    ("prince", "princess"),
    ("actor", "actress"),
]
DID = ["saw", "met", "helped", "thanked"]
WERE = ["smiled", "laughed", "was tired", "had won"]
BEASTS = ["dog", "horse", "cat", "child", "king", "girl"]
PLACES = ["lake", "river", "street", "bridge", "field", "road"]
#: What a beast may be, and what a place may be.
FITS = [("tired", "deep"), ("hungry", "wide"), ("afraid", "long"), ("lazy", "narrow")]


class Job(NamedTuple):
    """A kind of head, counted.

    Attributes
    ----------
    head : int
        The head with the largest number in one half of the sentences; the rest is of the other.
    found, control, error : float
        That head's mean there, over the sentences and over their counterparts; and twice the
        standard error of the first.
    middle : float
        The median of all heads.
    n : int
        How many sentences there are in that half.
    """

    head: int
    found: float
    control: float
    error: float
    middle: float
    n: int


def maps_of(model: MiniLM, texts: Sequence[Sequence[int]], at_once: int = 32) -> list[np.ndarray]:
    """Give each text's maps, (heads, n, n), the heads of all layers in a row."""
    found = []
    for start in range(0, len(texts), at_once):
        some = texts[start : start + at_once]
        tokens, lengths = pad(some), torch.tensor([len(text) for text in some])
        padding = att.padding_mask(lengths, tokens.shape[1])[:, 0, 0]
        maps: Any = attention_maps(model, tokens, padding).encoder
        by_text = maps.transpose(0, 1).flatten(1, 2).numpy()
        found += [each[:, : len(t), : len(t)] for each, t in zip(by_text, some, strict=True)]
    return found


def prose(n: int | None = None, seed: int = 0) -> list[str]:
    """Give sentences that nobody wrote for this: out of the manual that comes with Python."""
    text = "\n\n".join(topics.topics[name] for name in sorted(topics.topics))
    text = re.sub(r"\s*\n\s+|\n(?!\n)", " ", text)
    plain = re.compile(r"[A-Z][a-z]+(,? [a-z-]+){7,24}\.")
    known = sorted({s for s in re.split(r"(?<=\.)\s+(?=[A-Z])", text) if plain.fullmatch(s)})
    order = np.random.default_rng(seed).permutation(len(known))
    return [known[i] for i in order[:n]]


def jobs(model: MiniLM, tokenizer: Any, n: int = 120) -> dict[str, Job]:
    """Count what heads attend to, each kind beside its control.

    The word before and after and the first position, with the control's words in random order (what
    goes by position stays); the same word elsewhere, with another word in its place (it should
    vanish); the one of two persons that a pronoun fits, as a share of sentences, each with *he* and
    with *she* (a head that does not read the pronoun is right in half).
    """
    rng = np.random.default_rng(0)
    every = [tokenizer.encode(text).ids for text in prose()]
    texts = every[:n]
    mixed = [[t[0], *rng.permutation(t[1:-2]).tolist(), *t[-2:]] for t in texts]
    maps, in_disorder = maps_of(model, texts), maps_of(model, mixed)

    def mean(where: str) -> Job:
        both = (np.array([_weight(each, where) for each in some]) for some in (maps, in_disorder))
        return _job(*both)

    pairs, others = _copies(every, tokenizer, rng)
    same, other = (
        np.array([_between(each, at) for each, at in zip(maps_of(model, t), where, strict=True)])
        for t, where in (pairs, others)
    )
    right = _pronouns(model, tokenizer, rng, n)
    return {
        "before": mean("before"),
        "after": mean("after"),
        "first": mean("first"),
        "last": mean("last"),
        "same": _job(same, other),
        "pronoun": _job(right, np.full(right.shape, 0.5)),
    }


def _weight(maps: np.ndarray, where: str) -> np.ndarray:
    """The mean weight of each head on a place, over the queries that are words and have it."""
    n = maps.shape[-1]
    i = np.arange(2, n - 1)
    key = {
        "before": maps[:, i, i - 1],
        "after": maps[:, i - 1, i],
        "first": maps[:, 1:-1, 0],
        "last": maps[:, 1:-1, -1],
    }
    return key[where].mean(axis=1)


def _between(maps: np.ndarray, at: tuple[int, int]) -> np.ndarray:
    """The weight of each head from either of two positions to the other."""
    return (maps[:, at[0], at[1]] + maps[:, at[1], at[0]]) / 2


def _copies(texts: list[list[int]], tokenizer: Any, rng: np.random.Generator) -> Any:
    """Find a word that comes twice; in the control, another stands in the second place."""
    long = {i for word, i in tokenizer.get_vocab().items() if re.fullmatch("[a-z]{4,}", word)}
    pool = sorted({i for text in texts for i in text} & long)
    found, control, places = [], [], []
    for text in texts:
        for i in sorted({i for i in text if text.count(i) == 2} & long)[:1]:
            first, second = (at for at, one in enumerate(text) if one == i)
            new = int(rng.choice([one for one in pool if one not in text]))
            found.append(text)
            control.append([*text[:second], new, *text[second + 1 :]])
            places.append((first, second))
    return (found, places), (control, places)


def _pronouns(model: MiniLM, tokenizer: Any, rng: np.random.Generator, n: int) -> np.ndarray:
    """Say for each sentence and head whether the pronoun prefers the person that it fits."""
    every = list(itertools.product(PERSONS, range(2), DID, range(len(PERSONS)), WERE))
    texts, places = [], []
    for k in rng.permutation(len(every))[:n]:
        (he, _), turned, did, other, were = every[k]
        pair = (he, PERSONS[other][1])
        first, second = pair[::-1] if turned else pair
        for pronoun, person in zip(("he", "she"), pair, strict=True):
            one = tokenizer.encode(f"The {first} {did} the {second} because {pronoun} {were}.")
            texts.append(one.ids)
            wrong = pair[pronoun == "he"]
            places.append([one.tokens.index(word) for word in (pronoun, person, wrong)])
    maps = zip(maps_of(model, texts), places, strict=True)
    return np.array([m[:, q, good] > m[:, q, bad] for m, (q, good, bad) in maps]).astype(float)


def _job(found: np.ndarray, control: np.ndarray) -> Job:
    """Choose the head on one half, count on the other. Halves are alternate pairs of sentences."""
    choosing = np.arange(len(found)) // 2 % 2 == 0
    head, rest = int(found[choosing].mean(axis=0).argmax()), ~choosing
    counted, n = found[rest, head], int(rest.sum())
    return Job(
        head,
        float(counted.mean()),
        float(control[rest, head].mean()),
        float(2 * counted.std(ddof=1) / np.sqrt(n)),
        float(np.median(found[rest].mean(axis=0))),
        n,
    )


def twins(model: MiniLM, tokenizer: Any, n: int = 200) -> dict[str, np.ndarray]:
    """Ask what *it* attends to in pairs of sentences that differ in the last word alone.

    Gives, for every head, ``both``, the share of pairs in which *it* prefers the beast where the
    last word fits the beast and the place where it fits the place, and ``weight`` on the two.
    """
    rng = np.random.default_rng(1)
    every = list(itertools.product(BEASTS, PLACES, FITS, ["avoided", "did not cross"]))
    texts, places = [], []
    for k in rng.permutation(len(every))[:n]:
        beast, place, fits, verb = every[k]
        cut = [
            tokenizer.encode(f"The {beast} {verb} the {place} because it was {last}.")
            for last in fits
        ]
        texts += [one.ids for one in cut]
        places.append([cut[0].tokens.index(word) for word in ("it", beast, place)])
    maps = maps_of(model, texts)
    both, weight = [], []
    for tired, deep, (q, b, p) in zip(maps[::2], maps[1::2], places, strict=True):
        both.append((tired[:, q, b] > tired[:, q, p]) & (deep[:, q, b] < deep[:, q, p]))
        weight += [each[:, q, b] + each[:, q, p] for each in (tired, deep)]
    return {"both": np.mean(both, axis=0), "weight": np.mean(weight, axis=0)}


def record() -> dict[str, Any]:
    """Run the widget's sentences, and say what the numbers rest on."""
    from attncourse.widgets.encoder_heads.runs import clean

    torch.set_num_threads(1)
    runs = clean("runs", head_runs(*load_minilm(), SENTENCES))
    return {
        "provenance": {
            "command": "python -m attncourse.experiments.encoder_heads",
            "model": MINILM.name,
            "archive": MINILM.filename,
            "sha256": MINILM.sha256,
            "licence": MINILM.licence,
            "python": platform.python_version(),
            **{name: version(name).partition("+")[0] for name in ("numpy", "torch", "tokenizers")},
            "date": datetime.now(UTC).date().isoformat(),
        },
        "runs": {**runs, "stored": True},
    }


if __name__ == "__main__":
    from attncourse.widgets.encoder_heads.runs import STORED

    STORED.write_text(json.dumps(record(), ensure_ascii=False) + "\n", "utf8")
    print(f"{STORED}: {STORED.stat().st_size / 1e3:.0f} kB")
