"""What the article says of attention's performance, 3.12.7 (chapter 5 of the course)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from attncourse.claims.core import Verdict, by_run

Found = Mapping[str, Sequence[float]]


def behind(found: Found) -> list[str]:
    """Name the rivals whose least number, of all seeds, lies above attention's largest."""
    return [n for n, x in found.items() if n != "attention" and min(x) > max(found["attention"])]


def told(found: Found) -> str:
    """Give each one's mean, without a minus before a zero."""
    means = {name: round(float(np.mean(x)), 2) + 0.0 for name, x in found.items()}
    return ", ".join(f"{name} {mean:.2f}" for name, mean in means.items()).replace("-", "−")


def decided(found: Sequence[Found], because: str) -> Verdict:
    """Give what attention comes to, lower being better, when it must win in all comparisons."""
    rivals = [name for name in found[0] if name != "attention"]
    beaten = [name for name in rivals if all(name in behind(each) for each in found)]
    if beaten == rivals:
        return Verdict("holds", because)
    if beaten:
        return Verdict("holds if", because, f"it is compared with {' or '.join(beaten)}")
    return Verdict("does not hold", because)


@by_run(
    "C17-accuracy",
    sections="3.12.7",
    says="Attention makes a model that writes more accurate, above all over long dependencies.",
    chinese="有助于提高模型在文本生成任务中的准确性，特别是在捕捉长序列依赖关系时",
    reading="More accurate (准确性) is read as: a lower loss on unread text than that of another "
    "writer, at the longest training shown, from every seed. Over long dependencies "
    "(长序列依赖关系) is read as: a name that was read before lowers its loss by more when it "
    "comes again.",
    sources=("jelassi2024", "kaplan2020"),
)
def more_accurate(*, losses: Found, gains: Found, distance: int) -> Verdict:
    """Compare losses, and what it is worth to have read a name before.

    Parameters
    ----------
    losses
        On unread text, for each writer, one a seed; one of them is ``"attention"``.
    gains
        By how much the loss a letter falls, with a name read before, at a distance.
    distance
        In characters.
    """
    because = (
        f"Loss on unread plays: {told(losses)}. A name read {distance} characters before lowers "
        f"the loss of its letters by: {told(gains)}."
    )
    return decided([losses, {name: [-x for x in found] for name, found in gains.items()}], because)


@by_run(
    "C17-cost",
    sections="3.12.7",
    says="Attention needs much computation, above all for long sequences.",
    chinese="需要大量的计算资源，特别是在处理长序列时",
    reading="Much (大量) is read as: at least twice the operations a character of the dearest "
    "other network of equal size.",
    sources=("vaswani2017",),
)
def costs_more(*, lengths: Sequence[int], operations: Mapping[str, Sequence[float]]) -> Verdict:
    """Compare counted operations.

    Parameters
    ----------
    lengths
        Of a text, in characters, rising; the first is that of the training.
    operations
        For each network, a character, at these lengths.
    """
    dearest = np.max([x for name, x in operations.items() if name != "attention"], axis=0)
    times = np.asarray(operations["attention"]) / dearest
    because = (
        f"Operations a character, in times those of the dearest other network: {times[0]:.2f} at "
        f"{lengths[0]:,} characters, {times[-1]:.1f} at {lengths[-1]:,}."
    )
    if times[0] >= 2:
        return Verdict("holds", because)
    if times[-1] < 2:
        return Verdict("does not hold", because)
    first = lengths[int(np.argmax(times >= 2))]
    return Verdict("holds if", because, f"the text has about {first:,} characters or more")


@by_run(
    "C17-robustness",
    sections="3.12.7",
    says="Attention makes a model more robust to noise and to outliers.",
    chinese="提高模型对噪声和异常值的鲁棒性",
    reading="More robust (鲁棒性) is read as: noise (噪声), characters replaced at random, and an "
    "outlier (异常值), a character that hardly ever occurs, raise its loss by less than that of "
    "another writer, and in noise its loss is lower, from every seed. Without the last, whoever "
    "knows nothing would be the most robust.",
    sources=("belinkov2018",),
)
def more_robust(*, noise: Found, outlier: Found, in_noise: Found) -> Verdict:
    """Compare what noise and an outlier add to the loss, and what the loss then is.

    Parameters
    ----------
    noise, outlier
        Loss added, for each writer, one a seed; one of them is ``"attention"``.
    in_noise
        The whole loss in noise.
    """
    because = (
        f"Loss added by noise: {told(noise)}; by an outlier: {told(outlier)}; loss in noise: "
        f"{told(in_noise)}."
    )
    return decided([noise, outlier, in_noise], because)
