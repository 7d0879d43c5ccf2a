"""Claims of the article on text summarisation, 3.13.2 (chapter 6 of the course)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from attncourse.claims.core import Verdict, by_run

Scores = Mapping[str, Sequence[float]]


def _told(found: Scores, digits: int = 3) -> str:
    """Give each mean with its range over seeds."""
    return "; ".join(
        f"{name} {np.mean(seeds):.{digits}f} ({min(seeds):.{digits}f} to {max(seeds):.{digits}f})"
        for name, seeds in found.items()
    )


def _above(these: Sequence[float], those: Sequence[float]) -> bool:
    """Whether every seed of the first is above every seed of the second."""
    return min(these) > max(those)


def _judge(parts: Mapping[str, bool], because: str) -> Verdict:
    """Say which parts of a claim hold."""
    held = [part for part, holds in parts.items() if holds]
    if len(held) == len(parts):
        return Verdict("holds", because)
    if held:
        return Verdict("holds if", because, f"only this is meant: {', '.join(held)}")
    return Verdict("does not hold", because)


@by_run(
    "C18-summaries",
    sections="2.3, 2.4, 3.13.2",
    says="Attention focuses on the key parts of a text by itself and extracts what is most useful; "
    "its weighted sum makes summaries more fluent and coherent.",
    chinese="自动聚焦于文本的关键部分，提取出最有用的信息；生成更流畅、连贯的摘要",
    reading="The useful (有用) is read as: ROUGE-L of every seed with attention above every seed "
    "with one vector, at equal size and the longest training that both have, and above what needs "
    "no network; asked of plain attention, and of attention that copies, which may be trained for "
    "longer where no network is compared. More fluent (更流畅) is read as: a larger share of "
    "neighbouring words that occur side by side in summaries by people, in every seed. It asks "
    "nothing of the sense, and a network's question mark is in no such pair.",
    sources=("see2017",),
)
def extracts_the_useful(
    *,
    attention: Sequence[float],
    vector: Sequence[float],
    copies: Sequence[float],
    longest: Sequence[float],
    without: Mapping[str, float],
    fluent: Sequence[float],
    vector_fluent: Sequence[float],
) -> Verdict:
    """Compare held-out summaries at the longest budget that all have, and at copying's own.

    Parameters
    ----------
    attention, vector
        ROUGE-L with attention and with one vector, one a seed.
    copies, longest
        The same with attention that copies: trained as long as the others, and as long as it was.
    without
        ROUGE-L of each rule that needs no network.
    fluent, vector_fluent
        Shares of pairs of neighbours that people wrote, with attention and with one vector.
    """
    because = (
        f"ROUGE-L: {_told({'with attention': attention, 'one vector': vector})}; "
        f"{_told({'with copying': copies, 'the same, trained for longest': longest})}; "
        + "; ".join(f"{name} {score:.3f}" for name, score in without.items())
        + f". Known pairs: {_told({'with attention': fluent, 'one vector': vector_fluent})}."
    )
    parts = {
        "more useful than one vector's": _above(attention, vector),
        "more useful than what needs no network": min(attention) > max(without.values()),
        "with copying more useful than one vector's": _above(copies, vector),
        "with copying more useful than what needs no network": min(longest) > max(without.values()),
        "more fluent": _above(fluent, vector_fluent),
    }
    return _judge(parts, because)


@by_run(
    "C33-summaries",
    sections="3.13.2",
    says="In a long text attention may miss some of the important information, and a limit to a "
    "summary's length may lose more.",
    chinese="处理长文本时，可能难以捕捉到所有的重要信息；摘要长度限制可能导致关键信息的丢失",
    reading="To miss (难以捕捉) is read as: ROUGE-L of every seed lower on docstrings that fill "
    "what is read than of any seed on shorter ones, and the loss larger than that of the "
    "function's name alone, which reads no text; asked of plain attention, and of attention that "
    "copies. No more than 60 words are read, so long texts are not tested. To lose (丢失) is read "
    "as: the share of the right summary's words that are said falls by a tenth or more at the "
    "shorter limit. A cut loses words by arithmetic; a network trained to be short is not tried.",
)
def long_texts_lose(
    *,
    short: Sequence[float],
    long: Sequence[float],
    copies: Scores,
    name_short: float,
    name_long: float,
    recall: Mapping[int, float],
) -> Verdict:
    """Compare short docstrings with long ones, and summaries cut at several lengths.

    Parameters
    ----------
    short, long
        ROUGE-L with attention that may not copy, one a seed.
    copies
        The same ``short`` and ``long``, with attention that copies.
    name_short, name_long
        ROUGE-L of the function's name on the same docstrings.
    recall
        For each limit, in words, the share of the right summary's words that are said.
    """
    least, most = min(recall), max(recall)
    usual = name_short - name_long

    def loses(short: Sequence[float], long: Sequence[float]) -> bool:
        return _above(short, long) and float(np.mean(short) - np.mean(long)) > usual

    because = (
        f"ROUGE-L: {_told({'short': short, 'long': long})}; with copying: {_told(copies)}; the "
        f"name alone: short {name_short:.3f}, long {name_long:.3f}. Of the right words "
        f"{recall[most]:.0%} are said in {most} words, {recall[least]:.0%} in {least}."
    )
    parts = {
        "the long text without copying": loses(short, long),
        "the long text with copying": loses(copies["short"], copies["long"]),
        "the limit": recall[least] <= 0.9 * recall[most],
    }
    return _judge(parts, because)


@by_run(
    "C34-summaries",
    sections="3.13.2",
    says="Several rounds of attention extract the key information step by step; recognised "
    "entities and relations make summaries better.",
    chinese="使用多轮注意力机制，逐步提取关键信息；结合…命名实体识别和关系抽取",
    reading="Several rounds (多轮) is read as two: what the first look found is added to the "
    "second one's question. Better (提高) is read as: every seed with it above every seed without "
    "it, at equal training. Entities (命名实体) and relations (关系抽取) are not recognised here, "
    "so that part is not run. The share of rare words that copying says is told, and not judged.",
    sources=("see2017",),
)
def remedies_help(*, rounds: Scores, names: Scores) -> Verdict:
    """Compare two rounds with one; tell how many rare words copying says, and judge nothing by it.

    Parameters
    ----------
    rounds
        ROUGE-L ``before`` (one round) and ``after`` (two), one a seed.
    names
        Share of rare words of the right summary that are said, ``before`` (words of the vocabulary
        alone) and ``after`` (words of the source, too), one a seed.
    """
    because = (
        f"ROUGE-L: {_told({'one round': rounds['before'], 'two': rounds['after']})}. Rare words "
        f"said: {_told({'without copying': names['before'], 'with it': names['after']}, 2)}."
    )
    return _judge({"two rounds": _above(rounds["after"], rounds["before"])}, because)
