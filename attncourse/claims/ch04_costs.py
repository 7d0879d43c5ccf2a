"""Claims of the article on what attention costs, 3.9 to 3.11 (chapter 4 of the course)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from attncourse.claims.core import Verdict, by_run


def degree(counts: Sequence[int]) -> int:
    """Give the degree of the polynomial that has these values at equal steps; −1 if all are 0.

    Parameters
    ----------
    counts
        Whole numbers, at least two more of them than the degree.
    """
    differences, found = list(counts), -1
    while any(differences):
        differences = [b - a for a, b in pairwise(differences)]
        found += 1
    if not differences:
        raise ValueError(f"{len(counts)} counts are too few to tell the degree")
    return found


@by_run(
    "C10",
    sections="3.9",
    says="The time of a self-attention layer on n tokens is O(n²) or O(n³), depending on how it is "
    "implemented.",
    chinese="自注意力层的计算复杂度为 O(n²) 或 O(n³)，取决于模型的具体实现",
    reading="取决于, depends on, promises an implementation of each kind. 自注意力层 is the layer "
    "and not the writing of a text, token by token. The width is fixed while n grows.",
    sources=("vaswani2017",),
)
def square_or_cube(*, by_way: Mapping[str, Sequence[int]]) -> Verdict:
    """Find the degree in n of the operations of several implementations.

    Parameters
    ----------
    by_way
        For each implementation the operations in matrix products, at lengths in equal steps.
    """
    degrees = {name: degree(counts) for name, counts in by_way.items()}
    found = sorted(set(degrees.values()))
    told = "; ".join(f"{name}: {power}" for name, power in degrees.items())
    because = f"Counted degrees in n: {told}."
    if {2, 3} <= set(found):
        return Verdict("holds", because)
    if found == [2]:
        return Verdict(
            "does not hold",
            f"{because} Each is O(n²·d + n·d²), and none is cubic in n.",
        )
    return Verdict("does not hold", because)


@by_run(
    "C06",
    sections="2.3, 3.5, 3.11, 9.4",
    says="Attention lifts the limit on the length of a sequence, since it is a weighted sum.",
    chinese="解决序列长度的限制",
    reading="解决限制, to solve the limit, is read as in 3.11: sequences of any length, 任意长度, "
    "can be processed. Whether the result is good is another question.",
    sources=("gehring2017",),
)
def any_length(
    *,
    lengths: Sequence[int],
    alone: Sequence[bool],
    with_table: Sequence[bool],
    operations: Sequence[int],
) -> Verdict:
    """Ask which lengths can be computed, and at which price.

    Parameters
    ----------
    lengths
        Growing numbers of tokens.
    alone, with_table
        Whether each could be computed: by attention alone, and behind a learned position table.
    operations
        What attention's products cost at each length.
    """
    if not all(alone):
        most = max((n for n, done in zip(lengths, alone, strict=True) if done), default=0)
        return Verdict("does not hold", f"Attention alone is computed up to {most} tokens only.")
    longer, dearer = lengths[-1] / lengths[0], operations[-1] / operations[0]
    because = f"Every length was computed; {longer:.3g} times the tokens cost {dearer:.3g} times."
    conditions = []
    if not all(with_table):
        most = max((n for n, done in zip(lengths, with_table, strict=True) if done), default=0)
        because += f" With a learned position table {most} tokens were the most of those tried."
        conditions.append("positions are not looked up in a table that ends")
    if dearer > longer:
        conditions.append("the price, which grows faster than the length, is no limit")
    if not conditions:
        return Verdict("holds", because)
    return Verdict("holds if", because, ", and ".join(conditions))


@by_run(
    "C31",
    sections="3.10",
    says="Processing the parts of the sequence in parallel makes attention more efficient to "
    "compute, since it becomes faster.",
    chinese="并行计算：通过并行处理输入序列的各个部分，提高计算速度",
    reading="速度 is speed. The sentence before it promises 计算效率, efficiency of computing, "
    "which may mean less time or less work.",
    sources=("vaswani2017",),
)
def parallel_is_faster(*, pairs: Mapping[str, tuple[Sequence[int], Sequence[int]]]) -> Verdict:
    """Compare work and depth of the same computation, step by step and in parallel.

    Parameters
    ----------
    pairs
        For each computation ``(work, depth)`` one step after the other, then in parallel.
    """
    told = "; ".join(
        f"{name}: work {one[0]:,} to {all_at_once[0]:,}, depth {one[1]:,} to {all_at_once[1]:,}"
        for name, (one, all_at_once) in pairs.items()
    )
    because = f"One after the other, then in parallel: {told}."
    less_work = all(after[0] < before[0] for before, after in pairs.values())
    shallower = all(after[1] < before[1] for before, after in pairs.values())
    if less_work and shallower:
        return Verdict("holds", because)
    if shallower:
        return Verdict(
            "holds if",
            because,
            "the time is meant, and processors are free to take the parts: the work does not "
            "shrink",
        )
    return Verdict("does not hold", because)


@by_run(
    "C12",
    sections="3.10",
    says="A scale factor on the attention scores lowers the complexity of the computation.",
    chinese="通过缩放注意力得分来降低计算的复杂性",
    reading="计算的复杂性, the complexity of the computation, is read as a number of operations, "
    "since the section is on 计算效率, efficiency of computing, and sums up with 运行效率, of "
    "running. Steps of training that a better start may save are not counted.",
    sources=("vaswani2017",),
)
def scaling_lowers_cost(
    *,
    bare: Mapping[str, int],
    scaled: Mapping[str, int],
    variances: tuple[float, float],
) -> Verdict:
    """Compare counted operations without and with the factor; tell what it changes instead.

    Parameters
    ----------
    bare, scaled
        Operations by name, of one attention without and with the factor.
    variances
        The variance of the scores without and with it.
    """
    before, after = sum(bare.values()), sum(scaled.values())
    because = (
        f"Without the factor the same attention takes {before:,} operations, with it {after:,}. "
        f"The variance of the scores goes from {variances[0]:.2f} to {variances[1]:.2f}."
    )
    return Verdict("holds" if after < before else "does not hold", because)
