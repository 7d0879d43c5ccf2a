"""Claims of the article's section 9, its questions and answers (chapter 9 of the course)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from attncourse.claims.core import Verdict, by_run, by_source


@by_run(
    "C23",
    sections="9.2",
    says="Hard attention selects the most important element directly, which is usually done by "
    "thresholding.",
    chinese="直接选取最重要的元素，通常通过阈值化来实现",
    reading="最重要的元素 is read as the key of the largest weight, and 阈值化 as one number with "
    "which the weights of all queries are compared. 通常, usually, is about what people do, and a "
    "run cannot count that: what is tested is whether a threshold selects at all.",
    sources=("xu2015",),
)
def hard_by_threshold(
    *,
    chosen: Sequence[int],
    passed: Mapping[float, Sequence[int]],
    drawn_best: float,
    support: Sequence[int],
) -> Verdict:
    """Ask whether a threshold selects one element, as hard attention does.

    Parameters
    ----------
    chosen
        How many keys the arg max reads, for each query.
    passed
        For each threshold tried, how many keys have a weight above it, for each query.
    drawn_best
        Share of draws that take the key of the largest weight.
    support
        How many keys sparsemax reads, for each query.
    """
    reads, mixes = np.asarray(chosen), np.asarray(support)
    counts = {threshold: np.asarray(n) for threshold, n in passed.items()}
    best = max(counts, key=lambda threshold: (counts[threshold] == 1).mean())
    one, none = (counts[best] == 1).mean(), (counts[best] == 0).mean()
    takes = f"{reads.min()}" if np.ptp(reads) == 0 else f"{reads.min()} to {reads.max()}"
    because = (
        f"For each of {len(chosen)} queries the arg max reads {takes} of the keys. Of "
        f"{len(counts)} thresholds on the weights, {best:.2g} does best: one key passes for "
        f"{one:.0%} of the queries, none for {none:.0%}, more for {1 - one - none:.0%}. A draw, "
        "as a captioning model of 2015 makes it, takes the key of the largest weight in "
        f"{drawn_best:.0%}. Sparsemax does have a threshold, found anew in each row: it "
        f"leaves {mixes.min()} to {mixes.max()} keys and mixes them."
    )
    if (reads == 1).all() and one == 1:
        if drawn_best == 1:
            return Verdict("holds", because)
        return Verdict("holds if", because, "it takes the largest weight and does not draw")
    return Verdict("does not hold", because)


by_source(
    "C35",
    sections="9.2",
    says="Attention comes mainly in four types: self-attention, multi-head, soft and hard.",
    chinese="主要分为以下几种类型",
    reading="分为 is read as a division: what is of one type is not of another. 主要, mainly, "
    "allows that the list has gaps.",
    verdict=Verdict(
        "does not hold",
        "The four names answer three questions that do not depend on each other: from where (self "
        "or cross), how many heads, and whether a read mixes or chooses (soft or hard). The "
        "Transformer's attention is self, multi-head and soft at once, and cross-attention, which "
        "joins its two stacks, is not in the list.",
    ),
    sources=("vaswani2017", "xu2015"),
)
