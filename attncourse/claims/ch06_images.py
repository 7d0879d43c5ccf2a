"""Claims of the article on image recognition, 3.13.4 (chapter 6 of the course)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from attncourse.claims.core import Verdict, by_run

Accuracies = Mapping[str, Sequence[float]]


def _told(found: Accuracies) -> str:
    """Give each mean with its range over seeds."""
    return "; ".join(
        f"{name} {np.mean(seeds):.1%} ({min(seeds):.1%} to {max(seeds):.1%})"
        for name, seeds in found.items()
    )


def _above(these: Sequence[float], those: Sequence[float]) -> bool:
    """Whether every seed of the first is above every seed of the second."""
    return min(these) > max(those)


@by_run(
    "C18-images",
    sections="2.3, 2.4, 3.13.4",
    says="Attention makes image recognition more accurate, complex images above all.",
    chinese="能够提高图像识别的准确率，特别是在处理复杂图像时",
    reading="More accurate (提高准确率) is read as: at equal size and equal training, at the "
    "longest budget, every seed with attention is above every seed without it. Complex (复杂) "
    "images are not to be had here.",
    sources=("dosovitskiy2021",),
)
def more_accurate(*, attention: Sequence[float], without: Accuracies) -> Verdict:
    """Compare held-out accuracies at the longest budget.

    Parameters
    ----------
    attention
        Of the network with attention, one a seed.
    without
        Of each network without it, one a seed.
    """
    because = f"Over seeds: {_told({'with attention': attention, **without})}."
    beaten = [name for name, found in without.items() if _above(attention, found)]
    if len(beaten) == len(without):
        return Verdict("holds", because)
    if beaten:
        return Verdict("holds if", because, f"it is compared with {' and '.join(beaten)}")
    return Verdict("does not hold", because)


@by_run(
    "C33-images",
    sections="3.13.4",
    says="Attention takes much computation, so that recognition may be slow.",
    chinese="计算复杂度较高，可能导致识别速度较慢",
    reading="Much computation (计算复杂度较高) is read as: more multiply-adds for one image than "
    "a convolutional network takes that is of equal size at the smallest side, and a faster growth "
    "than that of the pixels. Slow (较慢) is left to the machine.",
    sources=("dosovitskiy2021",),
)
def costs_more(*, attention: Mapping[int, int], convolutions: Mapping[int, int]) -> Verdict:
    """Compare counted multiply-adds.

    Parameters
    ----------
    attention, convolutions
        For each side of the image, in pixels and doubling, the multiply-adds for one image.
    """
    small, large = min(attention), max(attention)
    ratio = attention[small] / convolutions[small]
    grew, theirs = (found[large] / found[small] for found in (attention, convolutions))
    because = (
        f"At {small} pixels attention takes {ratio:.1f} times the multiply-adds of the "
        f"convolutions. From {small} to {large} pixels its own grow {grew:.0f}-fold, theirs "
        f"{theirs:.0f}-fold and the pixels {(large / small) ** 2:.0f}-fold."
    )
    if ratio > 1 and grew > 1.05 * (large / small) ** 2:
        return Verdict("holds", because)
    if grew > 1.05 * (large / small) ** 2:
        return Verdict("holds if", because, "the image is large")
    return Verdict("does not hold", because)


@by_run(
    "C34-images",
    sections="3.13.4",
    says="Attention joined with convolutions and extracted features, and many training images, "
    "make recognition better.",
    chinese="结合其他图像处理技术，如卷积神经网络（CNN）和特征提取；使用大量的图像数据",
    reading="Better (提高) is read as: every seed with the remedy is above every seed without it, "
    "at equal training.",
    sources=("xiao2021", "dosovitskiy2021"),
)
def remedies_help(*, remedies: Mapping[str, Accuracies]) -> Verdict:
    """Say which remedies help.

    Parameters
    ----------
    remedies
        For each, the accuracies ``before`` and ``after``, one a seed.
    """
    because = " ".join(
        f"{name[0].upper()}{name[1:]}: {np.mean(found['before']):.1%} before, "
        f"{np.mean(found['after']):.1%} after."
        for name, found in remedies.items()
    )
    helped = [name for name, found in remedies.items() if _above(found["after"], found["before"])]
    if len(helped) == len(remedies):
        return Verdict("holds", because)
    if helped:
        return Verdict("holds if", because, f"the remedy is {' or '.join(helped)}")
    return Verdict("does not hold", because)


@by_run(
    "C40",
    sections="3.13.4",
    says="By focusing on the important parts, a model with attention copes better with occluded "
    "and blurred images.",
    chinese="能够更好地处理遮挡和模糊图像；处理高分辨率图像时…可能难以捕捉到所有的重要信息",
    reading="Better (更好) is read as: on damaged images every seed of a vision transformer is "
    "above every seed of a convolutional network of equal size, both trained on undamaged ones. "
    "To miss information at high resolution (难以捕捉) is left open: images that are only enlarged "
    "hold no finer detail to miss.",
    sources=("naseer2021",),
)
def copes_with_damage(*, damaged: Mapping[str, Accuracies]) -> Verdict:
    """Compare both networks on damaged images.

    Parameters
    ----------
    damaged
        For each kind of damage, the accuracies of ``attention`` and of ``convolutions``, one a
        seed.
    """
    better = [n for n, f in damaged.items() if _above(f["attention"], f["convolutions"])]
    because = " ".join(
        f"{name[0].upper()}{name[1:]}: {np.mean(found['attention']):.0%} with attention, "
        f"{np.mean(found['convolutions']):.0%} with convolutions."
        for name, found in damaged.items()
    )
    because += " Whether detail is missed at high resolution was not tried."
    if len(better) == len(damaged):
        return Verdict("holds", because)
    if not better:
        return Verdict("does not hold", because)
    return Verdict("holds if", because, f"only this is meant: {', '.join(better)}")
