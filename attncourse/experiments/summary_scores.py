"""How a summary is judged, and what can be said without a network."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from attncourse.experiments.summary_texts import STOP, UNKNOWN, Pair

SHORT = 3  # letters; words no longer than this are not counted as telling


def rouge(said: Sequence[Sequence[str]], asked: Sequence[Pair]) -> np.ndarray:
    """Give ROUGE-L for each: the F measure of the longest common subsequence of words.

    Source: Lin (2004), section 3, https://aclanthology.org/W04-1013/; by Google's ``rouge_score``.
    """
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(["rougeL"])
    both = zip(said, asked, strict=True)
    found = (scorer.score(" ".join(p.target), " ".join(s).replace(UNKNOWN, "")) for s, p in both)
    return np.array([each["rougeL"].fmeasure for each in found])


def lead(pair: Pair, n: int = 10) -> list[str]:
    """Say the text's first words, a newspaper's own summary."""
    return pair.source[pair.source.index(STOP) + 1 :][:n]


def name(pair: Pair) -> list[str]:
    """Say the function's name."""
    return pair.source[: pair.source.index(STOP)]


def nearest(known: Sequence[Pair], asked: Sequence[Pair]) -> list[list[str]]:
    """Say what stands above the most similar docstring, by the cosine of TF-IDF vectors."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.metrics.pairwise import cosine_similarity

    vectors = TfidfVectorizer(analyzer=lambda pair: pair.source, sublinear_tf=True)
    of_known = vectors.fit_transform(known)
    alike = cosine_similarity(vectors.transform(asked), of_known)
    return [known[i].target for i in alike.argmax(axis=1)]


def pairs_of(said: Sequence[str]) -> list[tuple[str, str]]:
    """Give each word with the next one.

    >>> pairs_of(["return", "the", "graph"])
    [('return', 'the'), ('the', 'graph')]
    """
    return list(pairwise(said))


def repeats(said: Sequence[str]) -> bool:
    """Tell whether a word follows itself, or two neighbours come again.

    >>> repeats(["the", "node", "of", "the", "node"]), repeats(["the", "node", "of", "the", "tree"])
    (True, False)
    """
    pairs = pairs_of(said)
    return len(set(pairs)) < len(pairs) or any(a == b for a, b in pairs)


def telling(pair: Pair) -> np.ndarray:
    """Tell for each word of the source whether the right summary has it, short words aside."""
    wanted = {word for word in pair.target if len(word) > SHORT}
    return np.array([word in wanted for word in pair.source])


def focus(maps: Sequence[np.ndarray | None], asked: Sequence[Pair]) -> tuple[float, float]:
    """Give the share of weight on telling words, and the share of positions that they take.

    Equal weights have both alike. Taken over the pairs that have such a word and a summary.
    """
    both = [
        (float(look[:, wanted].sum(1).mean()), float(wanted.mean()))
        for look, wanted in zip(maps, map(telling, asked), strict=True)
        if look is not None and len(look) and wanted.any()
    ]
    weight, share = np.mean(both, axis=0)
    return float(weight), float(share)
