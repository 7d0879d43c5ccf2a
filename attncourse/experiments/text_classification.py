"""Good or bad: film sentences and whole reviews, with attention or a mean, in order or not.

Small networks say whether people rated a text above zero. They differ in how they make one vector
of many (attention, or a mean), and in whether a recurrent layer reads the words in order before.
"""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from attncourse import data
from attncourse.experiments.core import Experiment, Trial
from attncourse.training import (
    AttentionPooling,
    MeanPooling,
    TextClassifier,
    Vocabulary,
    count_parameters,
    match_size,
    pad,
    train,
)
from attncourse.training import seed as set_seed

RARE = "(rare)"
D_EMBED, D_STATE = 32, 16  # a state of two directions is as wide as an embedding
RATE, BATCH = 1e-2, 64
FEWER = (500, 1500, 4000)
NEGATIONS = frozenset(("not", "n't", "no", "never", "neither", "nor", "without", "hardly"))
#: Words for the pairs "it is good" and "it is not good": people rate the first of a clear sign.
GOOD = ("good", "funny", "great", "interesting", "clever", "original", "fun", "smart", "moving")
BAD = ("bad", "boring", "dull", "stupid", "awful", "silly", "slow", "predictable", "tedious")


#: Whose weights are held against the effect of leaving a word out, after how many steps.
EXPLAINED = {"attention": 400, "attention, in order": 400}


class Setting(NamedTuple):
    """What the networks differ in."""

    pool: Any
    ordered: bool = False
    shuffled: bool = False  # every sentence's words in random order, learned and judged
    n_texts: int | None = None  # learn from the first so many
    levels: int = 0  # of a review: 1 its words, 2 its sentences; 0 for film sentences


SETTINGS = {
    "mean": Setting(MeanPooling),
    "attention": Setting(AttentionPooling),
    "mean, in order": Setting(MeanPooling, ordered=True),
    "attention, in order": Setting(AttentionPooling, ordered=True),
    "attention, in order, shuffled": Setting(AttentionPooling, ordered=True, shuffled=True),
    **{f"attention, {n:,} texts": Setting(AttentionPooling, n_texts=n) for n in FEWER},
    "review: mean": Setting(MeanPooling, levels=1),
    "review: attention": Setting(AttentionPooling, levels=1),
    "review: mean of means": Setting(MeanPooling, levels=2),
    "review: two levels": Setting(AttentionPooling, levels=2),
}


class Texts(NamedTuple):
    """Texts as words, what people said, and which are above zero."""

    words: list[Any]  # a list of words for each text; of a review, one for each sentence
    ratings: list[Any]  # one number a film sentence, one a sentence of a review
    good: np.ndarray


def tokens(text: str) -> list[str]:
    """Words in small letters, with exclamation and question marks; ``isn't`` is ``is``, ``n't``."""
    return re.findall(r"n't|[a-z]+?(?=n't)|[a-z]+|[!?]", text.lower().replace("’", "'"))


@cache
def films(part: data.Part) -> Texts:
    """Film sentences that people rated above or below zero; a few at zero are left out."""
    found = [r for r in data.sentiment("films", part) if r.rating and tokens(r.text)]
    random.Random(0).shuffle(found)  # in the file, most of the good ones come first
    ratings = [r.rating for r in found]
    return Texts([tokens(r.text) for r in found], ratings, np.array(ratings) > 0)


@cache
def reviews(part: data.Part) -> Texts:
    """Product reviews and editorials, whole: good where their sentences' mean is above zero."""
    whole = defaultdict(list)
    for genre in ("products", "editorials"):
        for found in data.sentiment(genre, part):
            if tokens(found.text):
                whole[genre, found.document].append((tokens(found.text), found.rating))
    documents = [list(zip(*sentences, strict=True)) for sentences in whole.values()]
    random.Random(0).shuffle(documents)
    words, ratings = [list(d[0]) for d in documents], [list(d[1]) for d in documents]
    return Texts(words, ratings, np.array([np.mean(r) for r in ratings]) > 0)


def learned_from(setting: Setting) -> Texts:
    """Give the texts that a network learns from, in the form that it reads."""
    texts = reviews("train") if setting.levels else films("train")
    n = setting.n_texts
    return Texts(texts.words[:n], texts.ratings[:n], texts.good[:n])


def flat(words: Sequence[Any]) -> list[Any]:
    """All words of a text, whether or not it is divided into sentences."""
    return [w for part in words for w in ([part] if isinstance(part, str) else part)]


@cache
def vocabulary(setting: Setting) -> Vocabulary:
    """Words that occur twice or more where the network learns; the others are one word, rare."""
    found = Counter(w for text in learned_from(setting).words for w in flat(text))
    return Vocabulary([*(w for w, n in found.items() if n > 1), RARE])


@cache
def listed(setting: Setting) -> frozenset[str]:
    """The words of the vocabulary, to look up."""
    return frozenset(vocabulary(setting).symbols)


def encode(setting: Setting, words: Sequence[str]) -> list[int]:
    """Numbers of the words; a word that is not known is a rare one."""
    known = listed(setting)
    return vocabulary(setting).encode([w if w in known else RARE for w in words])


def arrange(rows: Sequence[Any], levels: int) -> Tensor:
    """One array of texts: (texts, words), or (texts, sentences, words)."""
    if levels < 2:
        return pad([flat(row) for row in rows] if levels else list(rows))
    n_words = max(len(sentence) for row in rows for sentence in row)
    n_sentences = max(map(len, rows))
    array = torch.zeros(len(rows), n_sentences, n_words, dtype=torch.long)
    for i, row in enumerate(rows):
        array[i, : len(row)] = pad([[*s, *[0] * (n_words - len(s))] for s in row])
    return array


def build(condition: str, seed: int = 0) -> TextClassifier:
    """Make one of the networks; one with a mean is never smaller than the one with attention."""
    setting = SETTINGS[condition]
    n_words = len(vocabulary(setting))

    def made(pool: Any, d_embed: int) -> TextClassifier:
        set_seed(seed)
        d_state, levels = D_STATE * setting.ordered, max(1, setting.levels)
        return TextClassifier(n_words, pool, d_embed=d_embed, d_state=d_state, levels=levels)

    if setting.pool is AttentionPooling:
        return made(AttentionPooling, D_EMBED)
    with torch.device("meta"):
        size = count_parameters(made(AttentionPooling, D_EMBED))
    return made(MeanPooling, match_size(lambda d: made(MeanPooling, d), size))


class Batches:
    """Texts of like length together, shuffled anew each time; their words, too, if asked."""

    def __init__(self, rows: list[Any], good: np.ndarray, setting: Setting, seed: int) -> None:
        self.rows, self.good, self.setting = rows, good, setting
        self.size = BATCH if not setting.levels else BATCH // 4
        self.random = random.Random(seed)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        order = list(range(len(self.rows)))
        self.random.shuffle(order)
        for first in range(0, len(order), 20 * self.size):
            near = sorted(order[first : first + 20 * self.size], key=lambda i: len(self.rows[i]))
            cut = [near[i : i + self.size] for i in range(0, len(near), self.size)]
            self.random.shuffle(cut)
            for chosen in cut:
                rows = [self.rows[i] for i in chosen]
                if self.setting.shuffled:
                    rows = [self.random.sample(row, len(row)) for row in rows]
                good = torch.tensor(self.good[chosen], dtype=torch.float32)
                yield arrange(rows, self.setting.levels), good


def numbered(condition: str, texts: Texts) -> list[Any]:
    """The texts as the network's numbers."""
    setting = SETTINGS[condition]
    if setting.levels:
        return [[encode(setting, sentence) for sentence in words] for words in texts.words]
    return [encode(setting, words) for words in texts.words]


def learn(
    model: TextClassifier, condition: str, n_steps: int, seed: int = 0, label: str = "training"
) -> Any:
    """Train; networks of one seed that read the same texts see them in the same order."""
    texts = learned_from(SETTINGS[condition])
    rows = numbered(condition, texts)
    batches = Batches(rows, texts.good, SETTINGS[condition], seed)
    return train(model, model.loss, batches, n_steps=n_steps, learning_rate=RATE, label=label)


@torch.no_grad()
def look(
    model: TextClassifier, rows: Sequence[Any], levels: int = 0
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Each text's logit, and its weights: on its words, or on the sentences of a review."""
    logits, weights = np.zeros(len(rows)), [np.zeros(0)] * len(rows)
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]))  # like lengths: less padding
    for first in range(0, len(rows), 128):
        chosen = order[first : first + 128]
        found, maps = model.look(arrange([rows[i] for i in chosen], levels))
        logits[chosen] = found.numpy()
        for i, row in zip(chosen, maps[-1].numpy(), strict=True):
            weights[i] = row[: len(rows[i])] if levels != 1 else row
    return logits, weights


def measure(trial: Trial) -> dict[str, Any]:
    """Train one network and judge it on held-out texts."""
    from attncourse.experiments.text_questions import explained, judged, reviews_judged

    model = build(trial.condition, trial.seed)
    learn(model, trial.condition, trial.n_steps, trial.seed, str(trial))
    if SETTINGS[trial.condition].levels:
        return reviews_judged(model, trial.condition)
    found = judged(model, trial.condition, trial.seed)
    if trial.condition in EXPLAINED and trial.n_steps == EXPLAINED[trial.condition]:
        found["explained"] = explained(model, trial.condition)
    return found


EXPERIMENT = Experiment(
    __file__,
    budgets={
        "mean": (50, 150, 400, 800),
        "attention": (50, 150, 400, 800),
        "mean, in order": (50, 150),
        "attention, in order": (50, 150, 400),
        "attention, in order, shuffled": (400,),
        **{f"attention, {n:,} texts": (400,) for n in FEWER},
        "review: mean": (50,),
        "review: attention": (50, 150),
        "review: mean of means": (50, 150),
        "review: two levels": (50, 150),
    },
    seeds=(0, 1, 2),
    measure=measure,
)
