"""Claims of the article's section 1 (chapter 1 of the course)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from attncourse.claims.core import Verdict, by_run, by_source


def _change(counts: Sequence[int]) -> str:
    first, last = counts[0], counts[-1]
    return f"stays at {first}" if first == last else f"goes from {first} to {last}"


@by_run(
    "C02",
    sections="1.4.2, 2.2, 3.2, 9.3",
    says="The encoder turns the input sequence into one vector of fixed length.",
    chinese="一个固定长度的向量",
    reading="一个, in section 3.2, is one. Elsewhere 向量 has no number and may be vectors of "
    "fixed length, one for each symbol, as 向量序列 is in section 3.8; in that reading it holds.",
)
def fixed_length_vector(
    *,
    lengths: Sequence[int],
    vectors_with: Sequence[int],
    vectors_without: Sequence[int],
    widths: Sequence[int],
    right_with: Mapping[int, float],
    right_without: Mapping[int, float],
    enough: float = 90,
    factor: float = 2,
) -> Verdict:
    """Compare what two encoders hand over, and how long their models train for long inputs.

    Parameters
    ----------
    lengths
        Input lengths, growing, all within those trained on.
    vectors_with, vectors_without
        How many vectors the decoder may read from at each length, with and without attention.
    widths
        How many numbers these vectors have, in either model and at each length.
    right_with, right_without
        For each number of training steps, the outputs without error at the longest of the lengths,
        in per cent, the mean over seeds, from two models of equal size.
    enough
        From which share on a model counts as having learned it.
    factor
        How many times longer one must train than the other to count.
    """
    fixed_with = len(set(vectors_with)) == 1
    fixed_without = len(set(vectors_without)) == 1
    width = f"{widths[0]}" if len(set(widths)) == 1 else "not always as many"
    needs_with, needs_without = (
        next((n for n in sorted(right) if right[n] >= enough), math.inf)
        for right in (right_with, right_without)
    )
    because = (
        f"From {lengths[0]} to {lengths[-1]} symbols, the number of vectors to read from "
        f"{_change(vectors_without)} without attention and {_change(vectors_with)} with it. "
        f"A vector has {width} numbers. Of inputs of {lengths[-1]} symbols, at least {enough:g} % "
        f"come back right {_after(needs_without)} without attention and {_after(needs_with)} "
        "with it."
    )
    if fixed_with and fixed_without:
        return Verdict("holds", because)
    if not fixed_without:
        return Verdict("does not hold", because)
    if needs_without >= factor * needs_with:
        because += " So one vector costs training."
    return Verdict("holds if", because, "no decoder attends to the states")


def _after(n_steps: float) -> str:
    return "after none of the trainings" if math.isinf(n_steps) else f"after {n_steps:,} steps"


by_source(
    "C36",
    sections="1.4.3",
    says="In Chinese, a recurrent neural network (RNN) goes by the word for recursive.",
    chinese="递归神经网络（Recurrent Neural Network）",
    reading="递归 means recursive, 循环 recurrent; the English beside it says recurrent, and "
    "sections 3.13.3 and 7.3.1 have 循环神经网络.",
    verdict=Verdict(
        "holds if",
        "Textbooks keep two names: 循环神经网络 for the recurrent network, which reads a sequence "
        "step by step, and 递归神经网络 for the recursive one, which works its way up a tree. The "
        "wider use exists and blurs them.",
        "递归 is used as a name for recurrent and recursive networks alike",
    ),
    sources=("qiu2020nndl", "socher2011"),
)


by_source(
    "C27",
    sections="7.3.2",
    says="BERT and T5 are the latest results on attention in language processing and in large "
    "models.",
    chinese="最新研究成果；最新进展",
    reading="最新, the latest, is read as of the article's own time: it knows T5, so it is of 2019 "
    "or later, and it names no date.",
    verdict=Verdict(
        "does not hold",
        "BERT is of 2018 and T5 of 2019. Since then came rotary positions (2021), exact attention "
        "in tiles (2022), grouped heads and paged caches (2023), latent attention (2024), sinks "
        "and learned sparsity (2025); shared keys and values are as old as T5.",
    ),
    sources=(
        "devlin2019",
        "raffel2020",
        "shazeer2019",
        "su2021",
        "dao2022",
        "ainslie2023",
        "kwon2023",
        "deepseek2024v2",
        "openai2025",
        "yuan2025",
    ),
)
