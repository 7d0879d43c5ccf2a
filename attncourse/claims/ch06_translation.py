"""Claims of the article on machine translation, 3.13.1 and before (chapter 6 of the course)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from attncourse.claims.core import Verdict, by_run, by_source

Seeds = Sequence[float]


def _range(found: Seeds, unit: str = "") -> str:
    """Write the mean over seeds, and the range."""
    return f"{np.mean(found):.1f}{unit} ({min(found):.1f} to {max(found):.1f})"


@by_run(
    "C18-translation",
    sections="2.3, 2.4, 3.6, 3.13.1",
    says="Attention catches better how the words of two languages correspond, and so translates "
    "better.",
    chinese="更好地捕捉源语言和目标语言之间的对应关系，提高翻译质量",
    reading="Better (更好) is read as: with attention every seed scores above every seed without "
    "it, at equal size, on components that neither has read, after the longest training.",
    sources=("bahdanau2015", "cho2014gru"),
)
def translates_better(
    *, attention: Mapping[int, Seeds], one_vector: Mapping[int, Seeds]
) -> Verdict:
    """Compare the quality of two networks over training time.

    Parameters
    ----------
    attention, one_vector
        For each number of steps, chrF of each seed.
    """
    steps = sorted(set(attention) & set(one_vector))
    told = "; ".join(
        f"after {n:,} steps {_range(attention[n])} with attention, {_range(one_vector[n])} without"
        for n in steps
    )
    because = f"chrF, mean and range over seeds: {told}."
    ahead = [n for n in steps if min(attention[n]) > max(one_vector[n])]
    if steps[-1] in ahead:
        return Verdict("holds", because)
    if ahead:
        return Verdict("holds if", because, f"training takes {ahead[-1]:,} steps")
    return Verdict("does not hold", because)


@by_run(
    "C32",
    sections="3.13.1",
    says="By setting the attention weights, a model copes better with rare words.",
    chinese="通过调整注意力权重，模型能够更好地处理罕见词汇",
    reading="Rare words (罕见词汇) are read in two ways: words that the network learned from three "
    "to nine examples, and words outside its vocabulary, which it can only mark as unknown. Better "
    "is read as: more of them stand in the translation, for every seed.",
    sources=("luong2015rare",),
)
def rare_words(
    *, few: Mapping[str, Seeds], copied: Mapping[str, Seeds], rule: Mapping[str, Seeds]
) -> Verdict:
    """Compare how many rare words of the right translation are written, in per cent, by seed.

    Parameters
    ----------
    few
        With ``"attention"`` and with ``"one vector"``: words learned from a few examples.
    copied
        ``"attention"``: words outside the vocabulary, where the word looked at is copied.
    rule
        The same where unknown words are copied in their order, which needs no weights, by network.
    """
    rival = max(max(found) for found in rule.values())
    looked = copied["attention"]
    rules = ", ".join(f"{_range(found, ' %')} {name}" for name, found in rule.items())
    because = (
        f"Of the words with few examples {_range(few['attention'], ' %')} are written with "
        f"attention, {_range(few['one vector'], ' %')} without. Of those outside the vocabulary "
        f"{_range(looked, ' %')} where the word looked at is copied; "
        f"copied in their order: {rules}."
    )
    learns = min(few["attention"]) > max(few["one vector"])
    copies = min(looked) > rival
    if learns and copies:
        return Verdict("holds", because)
    if copies:
        return Verdict("holds if", because, "unknown words are copied from where the network looks")
    if learns:
        return Verdict("holds if", because, "there were a few examples to learn the word from")
    return Verdict("does not hold", because)


@by_run(
    "C33-translation",
    sections="3.13.1",
    says="In long sentences attention may fail to catch all that matters.",
    chinese="在处理长句翻译时，注意力机制可能难以捕捉到所有的重要信息",
    reading="Catch (捕捉) is read as: the words of the right translation that are written, in long "
    "strings against short ones. The control is the same network without attention.",
    sources=("bahdanau2015", "koehn2017"),
)
def misses_in_long(*, short: Mapping[str, Seeds], long: Mapping[str, Seeds]) -> Verdict:
    """Compare short strings with long ones, with and without attention.

    Parameters
    ----------
    short, long
        For ``"attention"`` and ``"one vector"``: the words written, in per cent, one a seed.
    """
    names = {"attention": "with attention", "one vector": "without it"}
    told = "; ".join(
        f"{_range(short[name], ' %')} in short strings and {_range(long[name], ' %')} in long "
        f"ones {words}"
        for name, words in names.items()
    )
    because = f"Words of the right translation that were written: {told}."
    if min(short["attention"]) <= max(long["attention"]):
        return Verdict("does not hold", because)
    if min(long["attention"]) > max(long["one vector"]):
        condition = "attention is not taken for the cause: without it more is missed"
        return Verdict("holds if", because, condition)
    return Verdict("holds", because)


@by_run(
    "C34-translation",
    sections="3.13.1",
    says="Attention makes translation slow; a low-rank factorisation and parallel computation "
    "mend that.",
    chinese="使用低秩分解和并行计算优化注意力机制的运行效率",
    reading="Slow (翻译速度较慢) is read as attention's share of the multiply-adds of one "
    "translation. A low rank can save no more than that share; parallel (并行) is read as strings "
    "translated together. A remedy is one that takes away a tenth of the work or of the time.",
    sources=("wang2020",),
)
def mended(*, share: float, low_rank: float, together: float) -> Verdict:
    """Say which remedy has something to mend.

    Parameters
    ----------
    share
        Attention's part of the multiply-adds, from 0 to 1.
    low_rank
        The part of all multiply-adds that a low rank saves; negative where it adds some.
    together
        Time of translating many strings one by one, divided by that of translating them together.
    """
    because = (
        f"Attention takes {share:.1%} of the multiply-adds; a low rank saves {low_rank:.1%} of "
        f"them. Translated together, strings take {1 / together:.0%} of the time."
    )
    remedies = {
        "low rank": low_rank >= 0.1,
        "parallel computation": together >= 1 / 0.9,
    }
    works = [name for name, helps in remedies.items() if helps]
    if len(works) == 2:
        return Verdict("holds", because)
    if works:
        return Verdict("holds if", because, f"{works[0]} is meant")
    return Verdict("does not hold", because)


by_source(
    "C25",
    sections="3.13.1",
    says="Translation gets better when more pre-trained language models, such as BERT, are brought "
    "in.",
    chinese="引入更多预训练语言模型，如BERT，以提升翻译质量",
    reading="Bring in (引入) leaves open how. It decides: as a start, as features, or as the whole "
    "model.",
    verdict=Verdict(
        "holds if",
        "BERT as features, read by every layer through attention, did better than BERT as a start "
        "that is trained on (Zhu et al.). Pre-training the whole translator brought up to 12 BLEU "
        "where there are few pairs, and no gain where there are most (Liu et al.).",
        "the model is brought in by attention or pre-trained as a whole, and pairs are few",
    ),
    sources=("zhu2020", "liu2020"),
)
