"""Claims of the article on speech recognition, 3.13.3 (chapter 6 of the course)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from attncourse.claims.core import Verdict, by_run

Runs = Mapping[str, Sequence[float]]


def _below(a: Sequence[float], b: Sequence[float]) -> bool:
    """Whether every seed of one makes fewer errors than every seed of the other."""
    return max(a) < min(b)


def _told(runs: Runs) -> str:
    return ", ".join(f"{name} {np.mean(errors):.1%}" for name, errors in runs.items())


@by_run(
    "C18-speech",
    sections="2.4, 3.13.3, 7.3",
    says="Attention makes speech recognition more accurate, above all for long speech.",
    chinese="提高语音识别的准确率，特别是在处理长语音序列时",
    reading="More accurate (提高准确率) is read as: fewer errors than networks of the same size "
    "without attention, from every seed at the longest training; and so, too, on strings longer "
    "than those of the training (长语音序列).",
    sources=("chan2016", "chorowski2015"),
)
def attention_hears_better(*, usual: Runs, long: Runs) -> Verdict:
    """Compare error rates of networks with attention and without.

    Parameters
    ----------
    usual, long
        For ``"attention"`` and for each network without, its error rates, one a seed: on strings
        like those of the training, and on longer ones.
    """
    others = [name for name in usual if name != "attention"]
    won = [name for name in others if _below(usual["attention"], usual[name])]
    won_long = [name for name in others if _below(long["attention"], long[name])]
    because = f"Errors for each digit: {_told(usual)}; on longer strings {_told(long)}."
    if won == others == won_long:
        return Verdict("holds", because)
    if won:
        which = " and ".join(won)
        more = "" if won_long else ", on strings as long as those it learned from"
        return Verdict("holds if", because, f"it is compared with {which}{more}")
    return Verdict("does not hold", because)


@by_run(
    "C33-speech",
    sections="3.13.3",
    says="Attention's high cost may make speech recognition slow.",
    chinese="计算复杂度较高，可能导致识别速度较慢",
    reading="May make slow (可能导致较慢) is read as: of all multiplications of a recogniser, at "
    "least a quarter compare moments with one another or average them.",
    sources=("chan2016", "radford2022"),
)
def attention_is_slow(*, shares: Mapping[str, float]) -> Verdict:
    """Compare counts of multiplications.

    Parameters
    ----------
    shares
        For each recogniser, what attention's products are of all its multiplications.
    """
    slow = [name for name, share in shares.items() if share >= 0.25]
    told = ", ".join(f"{share:.0%} in {name}" for name, share in shares.items())
    because = f"Attention's products are {told}."
    if len(slow) == len(shares):
        return Verdict("holds", because)
    if slow:
        return Verdict("holds if", because, f"the recogniser is {' or '.join(slow)}")
    return Verdict("does not hold", because)


@by_run(
    "C34-speech",
    sections="3.13.3",
    says="More data and networks that combine attention with convolutions and recurrence help.",
    chinese="结合卷积神经网络和循环神经网络；使用大量的语音数据",
    reading="Help is read as: fewer errors on unseen voices, from every seed, than with fewer "
    "voices, with fewer strings (大量的语音数据), and without convolutions before the recurrent "
    "layers (结合).",
    sources=("hori2017",),
)
def remedies_help(*, with_them: Sequence[float], without: Runs) -> Verdict:
    """Compare error rates with all data and with less, and with convolutions and without.

    Parameters
    ----------
    with_them
        Of attention with all voices and strings, one a seed.
    without
        The same with ``"fewer voices"``, with ``"fewer strings"``, and ``"convolutions"``: the
        errors of the network that has them too.
    """
    worse = {name: _below(with_them, errors) for name, errors in without.items()}
    worse["convolutions"] = _below(without["convolutions"], with_them)
    because = f"Errors on unseen voices: all data {np.mean(with_them):.1%}, {_told(without)}."
    helped = [name for name, yes in worse.items() if yes]
    if len(helped) == len(worse):
        return Verdict("holds", because)
    names = {"fewer voices": "more voices", "fewer strings": "more strings"}
    if helped:
        what = " or ".join(names.get(name, name) for name in helped)
        return Verdict("holds if", because, f"the remedy is {what}")
    return Verdict("does not hold", because)


@by_run(
    "C39",
    sections="3.13.3",
    says="Attention copes better with noise, and has trouble telling several speakers apart.",
    chinese="更好地处理噪声和语音变体；难以区分不同的声音",
    reading="Copes better (更好地处理) is read as: fewer errors in noise than networks without "
    "attention, from every seed; has trouble (难以区分) as: a second voice does more harm than "
    "that voice backwards, which says nothing, and the others of that size are harmed less.",
    sources=("chan2016",),
)
def noise_and_speakers(*, noise: Runs, voice: Runs, backwards: Runs) -> Verdict:
    """Compare error rates in noise, with a second voice, and with that voice backwards.

    Parameters
    ----------
    noise, voice, backwards
        For ``"attention"`` and for each network without, its error rates at one loudness of what
        disturbs, one a seed.
    """
    others = [name for name in noise if name != "attention"]
    copes = [name for name in others if _below(noise["attention"], noise[name])]
    harm = {n: float(np.mean(voice[n]) - np.mean(backwards[n])) for n in noise}
    spread = float(np.ptp(voice["attention"]) + np.ptp(backwards["attention"]))
    mixes = harm["attention"] > spread
    alone = mixes and all(harm["attention"] - harm[name] > spread for name in others)
    because = (
        f"Errors in noise: {_told(noise)}. Beside a second voice: {_told(voice)}; beside that "
        f"voice backwards: {_told(backwards)}."
    )
    if copes == others and alone:
        return Verdict("holds", because)
    told = []
    if copes:
        told.append(f"the noise is meant, and attention is compared with {' and '.join(copes)}")
    if alone:
        told.append("the second speaker is meant")
    return (
        Verdict("holds if", because, ", or ".join(told))
        if told
        else Verdict("does not hold", because)
    )
