"""Claims of the article on text classification, 2.3 and 7.3.3 (chapter 6 of the course)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from attncourse.claims.core import Verdict, by_run, by_source


@by_run(
    "C18-classification",
    sections="2.3, 3.5, 7.3.3, 9.4",
    says="Attention makes models more accurate in various tasks; text classification is one that "
    "the article names later.",
    chinese="使模型在处理不同任务时更加准确和鲁棒",
    reading="Various tasks (不同任务) is read as including text classification, for which 7.3.3 "
    "recommends a paper. More accurate (更加准确) is read as: after the longest training, from "
    "each seed, than the same network with a mean in its place, and than a count of words.",
    sources=("yang2016",),
)
def more_accurate(
    *, attention: Sequence[float], mean: Sequence[float], counting: float, unsure: float
) -> Verdict:
    """Compare shares of texts that are judged rightly, in per cent.

    Parameters
    ----------
    attention, mean
        One a seed, of networks of equal size after equal training.
    counting
        Of a linear model of counted words.
    unsure
        How far a share may be off for the choice of held-out texts alone, in points.
    """
    beats_mean = min(attention) > max(mean)
    ahead = float(np.mean(attention)) - counting
    because = (
        f"Right with attention: {min(attention):.1f} to {max(attention):.1f} % over "
        f"{len(attention)} seeds; with a mean in its place {min(mean):.1f} to {max(mean):.1f} %; "
        f"by counting words {counting:.1f} %. The choice of texts alone makes {unsure:.1f} points."
    )
    if beats_mean and ahead > unsure:
        return Verdict("holds", because)
    if beats_mean:
        return Verdict(
            "holds if", because, "it is compared with a mean, and not with counted words"
        )
    return Verdict("does not hold", because)


by_source(
    "C22",
    sections="7.3.3",
    says="It recommends two papers as case studies, one on attention in the analysis of medical "
    "images and one on attention in text classification.",
    chinese="应用案例分析：探讨…；研究…",
    reading="应用案例分析 is case studies of applications. Each is given by an English title that "
    "is the name of its topic, with no author, year or journal. To recommend a paper is read as: "
    "it can be found by what is given.",
    verdict=Verdict(
        "does not hold",
        "With a topic for a title and nothing else, neither can be told from the many on its "
        "topic. Two that can be found, and are read: Hierarchical Attention Networks on the "
        "classification of documents, Attention U-Net on the segmentation of organs.",
    ),
    sources=("yang2016", "oktay2018"),
)
