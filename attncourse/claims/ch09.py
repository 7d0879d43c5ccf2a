"""Claims of the article's section 9, its questions and answers (chapter 9 of the course)."""

from __future__ import annotations

from attncourse.claims.core import Verdict, by_source

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
