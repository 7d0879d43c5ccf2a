"""What a translation is judged by: BLEU, chrF, and the words that were written.

By length, by how rarely a word was learned from, and by the rule that fills unknown words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from attncourse import data
from attncourse.experiments.bitext import LONGEST, UNKNOWN, Pair, strings, text_of
from attncourse.experiments.letters_to_sounds import kendall

#: Lengths of English strings, and how often a word occurs in the training data.
LENGTHS = ((1, 2), (3, 4), (5, 8), (9, 14), (15, LONGEST))
FREQUENCIES = ((0, 0), (1, 2), (3, 9), (10, 99), (100, 10**9))

#: How an unknown word of a translation is filled.
Way = Literal["in order", "looked at", "looked at, unknown"]


class Said(NamedTuple):
    """What a network writes for one string, and where it looked (with a last row for the end)."""

    source: tuple[str, ...]
    words: tuple[str, ...]
    weights: np.ndarray | None


def filled(said: Said, language: data.Language, how: Way) -> tuple[str, ...]:
    """Replace each unknown word of a translation by a word of the English string.

    By the one with the largest weight, of all or of the unknown ones; or, which needs no attention,
    the first unknown word by the first English word that is unknown, and so on.
    """
    known = strings(language).english
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


def turned(said: Sequence[Said]) -> list[int]:
    """Count, among strings of two words, translations that begin with the second; and all."""
    two = [s.weights for s in said if len(s.source) == 2 and len(s.words) >= 2]
    return [sum(int(w[0].argmax() == 1) for w in two if w is not None), len(two)]


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
