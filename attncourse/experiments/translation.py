"""Translate the strings of a user interface: one vector against attention, over training time.

Two recurrent networks of equal size read an English string and write it in Spanish, word by word,
or in Chinese, character by character. They differ in what the decoder may read, as in
``letters_to_sounds``. Components that are held out are held out whole; some strings of the
learned components are held out as well, to see how much their neighbours give away.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from torch import Tensor
from torch.nn import functional as F

from attncourse import data
from attncourse.experiments.core import Experiment, Trial
from attncourse.experiments.letters_to_sounds import kendall
from attncourse.training import (
    PAD,
    START,
    AdditiveAttention,
    BucketedBatches,
    FixedVector,
    History,
    Seq2Seq,
    Vocabulary,
    count_parameters,
    match_size,
    pad,
    train,
)
from attncourse.training import seed as set_seed

#: Adam's step size: of 3e-3 and 8e-3 the one with the lower loss on the strings kept for tuning.
RATE = 8e-3
#: Longest English string, in words; and how many words a translation may get.
LONGEST, MAX_LEN = 24, 40
#: What stands for a word that occurs less than three times in what is learned from.
UNKNOWN, RARE = "<unk>", 3
#: Lengths of English strings, and how often a word occurs in the training data.
LENGTHS = ((1, 2), (3, 4), (5, 8), (9, 14), (15, LONGEST))
FREQUENCIES = ((0, 0), (1, 2), (3, 9), (10, 99), (100, 10**9))
HAN = "\u4e00-\u9fff"
#: A placeholder, a Chinese character, a word, a digit, or one sign.
WORD = re.compile(rf"\{{\w+\}}|[{HAN}]|[^\W\d_{HAN}]+(?:['’][^\W\d_{HAN}]+)?|\d|[^\w\s]|_")

Pair = tuple[tuple[str, ...], tuple[str, ...]]


#: How an unknown word of a translation is filled.
Way = Literal["in order", "looked at", "looked at, unknown"]


class Said(NamedTuple):
    """What a network writes for one string, and where it looked (with a last row for the end)."""

    source: tuple[str, ...]
    words: tuple[str, ...]
    weights: np.ndarray | None


@dataclass(frozen=True)
class Strings:
    """A language's strings, split, as words in small letters; and the words that are numbered.

    ``new`` are the strings of components that no model has read, ``siblings`` those held out of
    the components that are learned from.
    """

    train: list[Pair]
    valid: list[Pair]
    new: list[Pair]
    siblings: list[Pair]
    english: Vocabulary
    foreign: Vocabulary
    counts: Counter[str]  # of the words of the translations that are learned from


def words_of(text: str) -> tuple[str, ...]:
    """Take a string apart, in small letters."""
    return tuple(WORD.findall(text.lower()))


def text_of(words: Sequence[str]) -> str:
    """Put words together again, with the spaces where Spanish and Chinese have them."""
    text = re.sub(rf"(?<=[{HAN}，。：；！？]) (?=[{HAN}，。：；！？])", "", " ".join(words))
    text = re.sub(r"(?<=[(\[¿¡/_-]) | (?=[)\]/_,.:;!?%-])", "", text)
    return re.sub(r"(?<=\d) (?=\d)", "", text)


@cache
def strings(language: data.Language) -> Strings:
    """Split the strings; number the words that are not rare."""

    def short(part: data.Part) -> list[Pair]:
        taken = data.interface_strings(language, part)
        pairs = [(words_of(string.english), words_of(string.translation)) for string in taken]
        return [(a, b) for a, b in pairs if 0 < len(a) <= LONGEST and 0 < len(b) < MAX_LEN]

    known = short("train")
    read = {a for a, _ in known}
    valid, new = ([pair for pair in short(p) if pair[0] not in read] for p in ("valid", "test"))
    learned = [pair for pair in known if data.part_of(" ".join(pair[0])) != "test"]
    siblings = [pair for pair in known if data.part_of(" ".join(pair[0])) == "test"]
    counts = [Counter(word for pair in learned for word in pair[side]) for side in (0, 1)]
    english, foreign = (
        Vocabulary([UNKNOWN, *(word for word in c if c[word] >= RARE)]) for c in counts
    )
    return Strings(learned, valid, new, siblings, english, foreign, counts[1])


def encode(words: Sequence[str], numbered: Vocabulary) -> list[int]:
    """Number words; a rare one becomes unknown."""
    known = set(numbered.symbols)
    return numbered.encode([word if word in known else UNKNOWN for word in words])


def build(language: data.Language, memory: str, seed: int = 0) -> Seq2Seq:
    """Make one of the networks; the one without attention is never the smaller one."""
    known = strings(language)

    def made(kind: Any, d_decoder: int) -> Seq2Seq:
        set_seed(seed)
        sizes = {"d_embed": 64, "d_encoder": 96, "d_decoder": d_decoder}
        return Seq2Seq(len(known.english), len(known.foreign), kind, **sizes)

    if memory == "attention":
        return made(AdditiveAttention, 128)
    size = count_parameters(made(AdditiveAttention, 128))
    return made(FixedVector, match_size(lambda width: made(FixedVector, width), size))


def loss(model: Seq2Seq, source: Tensor, target: Tensor) -> Tensor:
    """Give the number that ``model.loss`` gives, in three fifths of the time.

    The output layer is most of the work with thousands of words, so it is asked once for all steps,
    and not for the padding.
    """
    state, memory = model.encode(source)
    before = torch.cat([torch.full_like(target[:, :1], START), target[:, :-1]], dim=1)
    embedded, read = model.embed_out(before), []
    for t in range(target.shape[1]):
        context, _ = model.memory(state, memory)
        state = model.decoder(torch.cat([embedded[:, t], context], dim=-1), state)
        read.append(torch.cat([state, context], dim=-1))
    there = target != PAD
    return F.cross_entropy(model.out(torch.stack(read, dim=1)[there]), target[there])


def learn(
    model: Seq2Seq,
    language: data.Language,
    n_steps: int,
    seed: int = 0,
    label: str = "training",
    every: int = 0,
) -> History:
    """Train in place; each model of one seed reads the same strings in the same order.

    With ``every``, the loss on the strings kept for tuning is looked at every so many steps.
    """
    known = strings(language)

    def numbers(pairs: list[Pair]) -> list[tuple[list[int], list[int]]]:
        return [(encode(a, known.english), encode(b, known.foreign)) for a, b in pairs]

    batches = BucketedBatches(numbers(known.train), batch_size=64, seed=seed)
    unread = list(BucketedBatches(numbers(known.valid), batch_size=64)) if every else []

    def watch() -> float:
        return float(np.mean([loss(model, *batch).item() for batch in unread]))

    return train(
        model,
        lambda *batch: loss(model, *batch),
        batches,
        n_steps=n_steps,
        learning_rate=RATE,
        label=label,
        validate=watch if every else None,
        every=every or n_steps,
    )


def translate(
    model: Seq2Seq, language: data.Language, sources: Sequence[tuple[str, ...]]
) -> list[Said]:
    """Write each string in the other language, taking the likeliest word at each step."""
    known = strings(language)
    found: dict[int, Said] = {}
    ordered = sorted(range(len(sources)), key=lambda i: len(sources[i]))  # little padding
    for start in range(0, len(ordered), 256):
        batch = ordered[start : start + 256]
        numbers, weights = model.generate(
            pad([encode(sources[i], known.english) for i in batch]), MAX_LEN
        )
        for row, i in enumerate(batch):
            words = tuple(known.foreign.decode(numbers[row]))  # pyrefly: ignore
            looked = None
            if weights is not None:
                looked = weights[row, : len(words) + 1, : len(sources[i])].numpy()
            found[i] = Said(sources[i], words, looked)
    return [found[i] for i in range(len(sources))]


def filled(said: Said, language: data.Language, how: Way) -> tuple[str, ...]:
    """Replace each unknown word of a translation by a word of the English string.

    By the one with the largest weight, of all or of the unknown ones; or, which needs no attention,
    the first unknown word by the first English word that is unknown, and so on.
    """
    known = set(strings(language).english.symbols)
    everywhere = range(len(said.source))
    strange = [j for j in everywhere if said.source[j] not in known] or list(everywhere)
    words, n = [], 0
    for t, word in enumerate(said.words):
        if word != UNKNOWN:
            words.append(word)
        elif how == "in order" or said.weights is None:
            words.append(said.source[strange[min(n, len(strange) - 1)]])
            n += 1
        else:
            places = strange if how == "looked at, unknown" else everywhere
            words.append(said.source[max(places, key=said.weights[t].__getitem__)])
    return tuple(words)


def quality(
    language: data.Language, said: Sequence[Sequence[str]], right: Sequence[Sequence[str]]
) -> tuple[float, float]:
    """Give BLEU and chrF; capitals do not count, since the words have none."""
    ours, theirs = ([text_of(words) for words in texts] for texts in (said, right))
    bleu = BLEU(lowercase=True, tokenize="zh" if language == "zh-Hans" else "13a")
    chrf = CHRF(lowercase=True)
    return tuple(m.corpus_score(ours, [theirs]).score for m in (bleu, chrf))  # pyrefly: ignore


def hits(said: Sequence[str], right: Sequence[str]) -> list[tuple[str, bool]]:
    """For each word of the right translation, whether it was written, in any place."""
    left, found = Counter(said), []
    for word in right:
        found.append((word, left[word] > 0))
        left[word] -= 1
    return found


def recall(
    language: data.Language, said: Sequence[Sequence[str]], right: Sequence[Sequence[str]]
) -> dict[str, list[int]]:
    """Count the words that were written, and all, by how often the word was learned from.

    Digits and signs are left out. Placeholders, ``{name}``, are counted again by themselves.
    """
    counts = strings(language).counts
    found = {f"{low}": [0, 0] for low, _ in FREQUENCIES} | {"{}": [0, 0]}
    for a, b in zip(said, right, strict=True):
        for word, hit in hits(a, b):
            if word[0] == "{":
                found["{}"][0] += hit
                found["{}"][1] += 1
            if word[0] == "{" or word.isalpha():
                (low,) = (low for low, high in FREQUENCIES if low <= counts[word] <= high)
                found[f"{low}"][0] += hit
                found[f"{low}"][1] += 1
    return found


def copied(
    said: Sequence[Said], put: Sequence[Sequence[str]], right: Sequence[Sequence[str]]
) -> list[int]:
    """Count the unknown words that were replaced by a word of the right translation; and all."""
    each = [
        word in reference
        for one, words, reference in zip(said, put, right, strict=True)
        for unknown, word in zip(one.words, words, strict=True)
        if unknown == UNKNOWN
    ]
    return [sum(each), len(each)]


def nearest(language: data.Language, sources: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Give the translation of the learned string that shares most words: a translator's memory."""
    learned = strings(language).train
    number = {word: i for i, word in enumerate(sorted({w for a, _ in learned for w in a}))}

    def bags(texts: Sequence[tuple[str, ...]]) -> torch.Tensor:
        table = torch.zeros(len(texts), len(number))
        for row, words in enumerate(texts):
            table[row, [number[word] for word in words if word in number]] = 1
        return table

    theirs = bags([a for a, _ in learned])
    sizes = torch.tensor([len(set(a)) for a, _ in learned])
    best = []
    for start in range(0, len(sources), 200):
        some = sources[start : start + 200]
        size = torch.tensor([len(set(words)) for words in some])
        shared = 2 * (bags(some) @ theirs.T) / (size[:, None] + sizes)  # Dice's coefficient
        best += [learned[i][1] for i in shared.argmax(1).tolist()]
    return best


def turned(said: Sequence[Said]) -> list[int]:
    """Count, among strings of two words, translations that begin with the second; and all."""
    two = [s.weights for s in said if len(s.source) == 2 and len(s.words) >= 2]
    return [sum(int(w[0].argmax() == 1) for w in two if w is not None), len(two)]


def measure(trial: Trial) -> dict[str, Any]:
    """Train one network and let it translate what was held out."""
    name, memory = trial.condition.split(", ")
    language = LANGUAGES[name]
    known, model = strings(language), build(language, memory, trial.seed)
    learn(model, language, trial.n_steps, trial.seed, str(trial))
    return {
        part: judge(language, translate(model, language, [a for a, _ in pairs]), pairs)
        for part, pairs in {"new": known.new, "siblings": known.siblings}.items()
    }


def judge(language: data.Language, said: list[Said], pairs: list[Pair]) -> dict[str, Any]:
    """Measure translations: quality and, by length and by rareness, the words that were written.

    Unknown words are filled in order, with any network, but where the ways of filling are compared.
    """
    right = [b for _, b in pairs]
    looks = [s.weights[:-1] for s in said if s.weights is not None]
    hows: list[Way] = ["in order", "looked at", "looked at, unknown"]
    ways = {how: [filled(s, language, how) for s in said] for how in hows[: 3 if looks else 1]}
    lengths = {}
    for low, high in LENGTHS:
        inside = [i for i, s in enumerate(said) if low <= len(s.source) <= high]
        some = [ways["in order"][i] for i in inside], [right[i] for i in inside]
        found = [hit for a, b in zip(*some, strict=True) for _, hit in hits(a, b)]
        lengths[str(low)] = [len(inside), sum(found), len(found)]
    bleu, chrf = quality(language, ways["in order"], right)
    return {
        "BLEU": round(bleu, 2),
        "chrF": round(chrf, 2),
        "recall": {w: recall(language, s, right) for w, s in ways.items()},
        "copied": {w: copied(said, s, right) for w, s in ways.items()},
        "by length": lengths,
        "order": float(np.mean([kendall(w) for w in looks if len(w) > 1] or [0])),
        "turned": turned(said),
    }


LANGUAGES: dict[str, data.Language] = {"Spanish": "es", "Chinese": "zh-Hans"}

EXPERIMENT = Experiment(
    __file__,
    budgets={
        "Spanish, attention": (200, 600),
        "Spanish, one vector": (200, 600),
        "Chinese, attention": (300,),
        "Chinese, one vector": (300,),
    },
    seeds=(0, 1, 2),
    measure=measure,
)
