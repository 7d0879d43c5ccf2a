"""Examples out of what the networks of the chapters write."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from attncourse.widgets.alignment.runs import MOST

#: The target of a row that says nothing more: the decision to stop.
END = "(end)"


def of_translation(
    said: Iterable[Any],
    into: str,
    *,
    words: Mapping[str, str] | None = None,
    note: str = "",
) -> list[dict[str, Any]]:
    """Return an example for each translation.

    Parameters
    ----------
    said
        What ``attncourse.experiments.translation.translate`` gives: each has ``source``, ``words``,
        and ``weights`` with a row for each word and one for the end.
    into
        The language that is written.
    words
        A small dictionary from English. It is gold where a word of it stands once in the source,
        and its translation once in what is written.
    note
        By which network, for instance.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> one = SimpleNamespace(source=("end", "time"), words=("fin",), weights=np.eye(2))
    >>> of_translation([one], "Spanish", words={"end": "fin"})[0]["gold"]
    [[0], []]
    """
    found = []
    for one in said:
        if one.weights is None:
            raise ValueError(f"said: expected a network that attends, got no weights for {one}")
        source, written = list(one.source), list(one.words)
        gold: list[list[int]] = [[] for _ in one.weights]
        for english, translated in (words or {}).items():
            if source.count(english) == written.count(translated) == 1:
                gold[written.index(translated)].append(source.index(english))
        found.append(
            {
                "title": f"{into}: {' '.join(source)}",
                "names": ("English", into),
                "source": source,
                # Of a text that was cut off there is no row for the end.
                "target": [*written, END][: len(one.weights)],
                "weights": one.weights,
                "gold": gold,
                "note": note,
            }
        )
    return found


def of_speech(
    written: Sequence[tuple[str, Any]], said: Sequence[Any], frame: float, *, note: str = ""
) -> list[dict[str, Any]]:
    """Return an example for each string of digits.

    Parameters
    ----------
    written
        What ``attncourse.experiments.speech_recognition.write`` gives: digits, and a row of
        weights for each. What is longer than the widget shows is cut.
    said
        What was heard, in the same order: each has ``digits``, ``starts``, ``wave``, ``rate`` and
        ``line``. Where the digits are the right ones, gold is the frames in which each was said.
    frame
        The seconds of a column of the weights.
    note
        By which network, for instance.
    """
    found = []
    for (digits, weights), one in zip(written, said, strict=True):
        if weights is None or not digits:
            raise ValueError(f"written: expected digits and their weights, got {digits!r}")
        middles = (np.arange(np.shape(weights)[1]) + 0.5) * frame
        bounds = [*one.starts, len(one.wave) / one.rate]
        gold = [
            np.flatnonzero((begins <= middles) & (middles < ends)).tolist()
            for begins, ends in pairwise(bounds)
        ]
        found.append(
            {
                "title": f"Speech: {one.digits}, by {one.line.voice}",
                "names": ("sound", "digits"),
                "target": list(digits)[: MOST["heard"]],
                "weights": weights[: MOST["heard"]],
                "wave": one.wave,
                "rate": one.rate,
                "frame": frame,
                "gold": gold if digits == one.digits else None,
                "note": note,
            }
        )
    return found
