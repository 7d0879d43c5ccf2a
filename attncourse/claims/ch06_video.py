"""The claim of the article on video, 2.4 and 3.6 (chapter 6 of the course)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

import numpy as np

from attncourse.claims.core import Verdict, by_run


class Found(TypedDict):
    """What was measured in one kind of clip, one number a seed.

    Parameters
    ----------
    found
        Share of clips in which no frame has more weight than the key frame.
    accuracy, mean
        With attention, and with the mean of all frames.
    first, second
        With attention, when the frame with the most weight is hidden, or that with the second most.
    """

    found: Sequence[float]
    accuracy: Sequence[float]
    mean: Sequence[float]
    first: Sequence[float]
    second: Sequence[float]


def _holds(case: Found) -> bool:
    """Whether every seed finds the frame, rests on it and beats every seed of the mean."""
    rests = all(a < b for a, b in zip(case["first"], case["second"], strict=True))
    return min(case["found"]) > 0.5 and rests and min(case["accuracy"]) > max(case["mean"])


@by_run(
    "C18-video",
    sections="2.4, 3.6",
    says="Attention focuses by itself on a video's key frames and extracts their information, "
    "in classification and detection.",
    chinese="自动聚焦于视频中的关键帧，提取视频中的关键信息",
    reading="Focuses by itself (自动聚焦) is read as: though never told which frame it is, the "
    "frame with the most weight is the key frame in more than half of the held-out clips, from "
    "every seed, and hiding it costs more than hiding the second. Extracts (提取) is read as: more "
    "accurate than the mean of the frames. Detection is not tried. The sources are for attention "
    "over video; neither states the claim.",
    sources=("bertasius2021", "arnab2021"),
)
def finds_key_frames(*, cases: Mapping[str, Found]) -> Verdict:
    """Say in which kinds of clip it holds.

    Parameters
    ----------
    cases
        For each kind, named so that it completes *holds if*, what was measured.
    """
    held = [name for name, case in cases.items() if _holds(case)]
    because = " ".join(
        f"If {name}, the most weight is on the key frame in {np.mean(case['found']):.0%} of the "
        f"clips, and {np.mean(case['accuracy']):.0%} are told right, by the mean of the frames "
        f"{np.mean(case['mean']):.0%}."
        for name, case in cases.items()
    )
    if len(held) == len(cases):
        return Verdict("holds", because)
    if held:
        return Verdict("holds if", because, ", or ".join(held))
    return Verdict("does not hold", because)
