"""Strings of digits, said by a program in many voices: what is heard, when, and with what noise."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from attncourse import data
from attncourse.data.espeak import Line, Spoken, accents, speakers
from attncourse.models.speech import mel_filters
from attncourse.training import BucketedBatches, Vocabulary

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
DIGITS = Vocabulary("0123456789")
N_MELS, WINDOW, HOP = 32, 512, 256  # samples: 23 and 12 milliseconds
STACKED = 4  # frames that the networks read at once
#: Speakers by family: edward and edward2 are nearly one, so they stay together. A number is a
#: speaker of its own only behind m and f, which are families of men and women.
HELD_OUT = {
    "valid": ("andy", "denis", "f2", "m4", "paul", "max", "belinda", "robert"),
    "test": (
        *("andrea", "mike", "storm", "antonio", "croak", "f5", "klatt", "linda", "m3", "m8"),
        *("rob", "steph", "victor", "whisper"),
    ),
}


def family(speaker: str) -> str:
    """Name the family of a speaker; ``whisper`` and ``whisperf`` are one."""
    name = speaker if re.fullmatch(r"[fm]\d", speaker) else speaker.rstrip("0123456789").lower()
    return {"whisperf": "whisper", "anikarobot": "anika", "anxiousandy": "andy"}.get(name, name)


def cast(part: str) -> list[str]:
    """Give the speakers of a part; nobody is in two."""
    held_out = {name: where for where, names in HELD_OUT.items() for name in names}
    return [s for s in sorted(speakers()) if held_out.get(family(s), "train") == part]


class Sound(NamedTuple):
    """A batch of sounds: what is heard, filled up with zeros, and how much of it is sound."""

    frames: Tensor  # (batch, seq, STACKED * N_MELS)
    lengths: Tensor  # (batch,)


@dataclass
class Utterance:
    """A string of digits as it was said."""

    digits: str
    line: Line
    wave: np.ndarray  # the speech alone, of mean square 1
    starts: tuple[float, ...]  # seconds
    rate: int
    frames: Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.frames = listen(self.wave, self.rate)


@cache
def corpus(
    part: str, n: int, lengths: tuple[int, ...] = (1, 2, 3, 4, 5, 6), n_speakers: int = 999
) -> list[Utterance]:
    """Draw strings of digits and speakers of a part, and let them be said."""
    draw = random.Random(f"{part} {n} {lengths}")
    people, ways = cast(part), accents()
    random.Random(part).shuffle(people)
    strings, lines = [], []
    for _ in range(n):
        digits = "".join(draw.choices("0123456789", k=draw.choice(lengths)))
        voice = f"{draw.choice(ways)}+{draw.choice(people[:n_speakers])}"
        rate, pitch = draw.randint(140, 210), draw.randint(30, 70)
        strings.append(digits)
        lines.append(Line(" ".join(WORDS[int(d)] for d in digits), voice, rate, pitch))
    return [uttered(*one) for one in zip(strings, lines, data.speak(lines), strict=True)]


def speaker_of(one: Utterance) -> str:
    """Name the family of who says it."""
    return family(one.line.voice.partition("+")[2])


def uttered(digits: str, line: Line, said: Spoken) -> Utterance:
    """Bring what was said to one loudness."""
    wave = np.frombuffer(said.samples, np.int16).astype(np.float32)
    return Utterance(digits, line, wave / np.sqrt((wave**2).mean()), said.starts, said.rate)


@cache
def triangles(rate: int) -> Tensor:
    """Give the mel filters."""
    return mel_filters(N_MELS, WINDOW, rate).to(torch.float32)


def listen(wave: np.ndarray, rate: int) -> Tensor:
    """Give the loudness of each pitch over time, a few frames a row: (seq, STACKED * N_MELS)."""
    window = torch.hann_window(WINDOW)
    heard = torch.stft(torch.from_numpy(wave), WINDOW, HOP, window=window, return_complex=True)
    power = triangles(rate) @ heard.abs() ** 2
    loud = power.clamp(min=1e-3).log10()
    loud = torch.nn.functional.pad(
        loud, (0, -loud.shape[1] % (2 * STACKED)), value=loud.min().item()
    )
    return loud.T.reshape(-1, STACKED * N_MELS)


@cache
def pink_noise() -> np.ndarray:
    """Twelve seconds of noise with the same power in each octave, which have no end."""
    spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal(2**18))
    return np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)))


def pink(n: int, place: int) -> np.ndarray:
    """Cut a piece out of the noise, of mean square 1."""
    start = place * 7919 % 2**18
    wave = np.roll(pink_noise(), -start)[:n].astype(np.float32)
    return wave / np.sqrt((wave**2).mean())


def stack(frames: Sequence[Tensor]) -> Sound:
    """Make a batch."""
    lengths = torch.tensor([len(one) for one in frames])
    return Sound(torch.nn.utils.rnn.pad_sequence(list(frames), batch_first=True), lengths)


def with_noise(said: Sequence[Utterance], decibels: float, kind: str = "pink") -> list[Tensor]:
    """Give what is heard of each utterance beside a disturbance that is so much softer."""
    return [listen(disturbed(said, i, decibels, kind), u.rate) for i, u in enumerate(said)]


def disturbed(said: Sequence[Utterance], i: int, decibels: float, kind: str) -> np.ndarray:
    """Mix an utterance with a disturbance that is so much softer.

    ``pink`` noise, another ``voice`` saying digits, or that voice ``backwards``.
    """
    mine = said[i]
    if kind == "pink":
        other = pink(len(mine.wave), i)
    else:
        later = (*said[i + 1 :], *said)
        wave = next(u.wave for u in later if speaker_of(u) != speaker_of(mine))
        other = np.resize(wave[::-1] if kind == "backwards" else wave, len(mine.wave))
        other = other / np.sqrt((other**2).mean())
    return mine.wave + 10 ** (-decibels / 20) * other


@cache
def learned_from(n: int, n_speakers: int = 999) -> list[tuple[Tensor, str]]:
    """What the networks learn from: a third as it is, the rest with noise of any loudness."""
    said = corpus("train", n, n_speakers=n_speakers)
    draw = random.Random(n)
    found = []
    for i, one in enumerate(said):
        if draw.random() < 1 / 3:
            found.append((one.frames, one.digits))
            continue
        noise = 10 ** (-draw.uniform(0, 30) / 20) * pink(len(one.wave), 10_000 + i)
        found.append((listen(one.wave + noise, one.rate), one.digits))
    return found


class SoundBatches:
    """Batches of sounds of like length and their digits."""

    def __init__(self, pairs: Sequence[tuple[Tensor, str]], batch_size: int, seed: int) -> None:
        self.frames = [frames for frames, _ in pairs]
        # Where a batch of texts has its symbols, a batch of sounds has its own number, often.
        rows = [([i + 1] * len(x), DIGITS.encode(y)) for i, (x, y) in enumerate(pairs)]
        self.batches = BucketedBatches(rows, batch_size, seed)

    def __iter__(self):
        for numbers, target in self.batches:
            yield stack([self.frames[i - 1] for i in numbers[:, 0].tolist()]), target
