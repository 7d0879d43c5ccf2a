"""When Whisper hears each word: the looks of its heads as time stamps, and what checks them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from attncourse.experiments.letters_to_sounds import kendall
from attncourse.models import attention_maps, log_mel, transcribe

RATE = 16_000  # samples a second, Whisper's
FRAME = 0.02  # seconds of one state of its encoder


class Timed(NamedTuple):
    """A transcript with its looks.

    ``words``, and in seconds their ``starts`` and ``ends``; ``tokens`` with their ``weights``
    (tokens, frames), the mean of the alignment heads; ``heads`` (layers, heads): the order of each
    head's looks, from -1 to 1.
    """

    words: list[str]
    starts: np.ndarray
    ends: np.ndarray
    tokens: list[str]
    weights: np.ndarray
    heads: np.ndarray


def timed(
    model: Any,
    tokenizer: Any,
    samples: Tensor,
    text: str | None = None,
    heads: Sequence[tuple[int, int]] | None = None,
) -> Timed:
    """Let Whisper write down what is said, and say when.

    Source: the method is that of OpenAI's program, https://github.com/openai/whisper: the looks of
    the alignment heads, each token's against the other tokens', and the best path that never goes
    back through them.

    Parameters
    ----------
    model, tokenizer
        Whisper.
    samples
        16,000 a second.
    text
        What is said, where it is known.
    heads
        Layer and number of those that tell the time; without them, the alignment heads.
    """
    text = transcribe(model, tokenizer, samples) if text is None else text
    numbers = tokenizer.encode(f" {text}", add_special_tokens=False).ids
    begin = [tokenizer.token_to_id(t) for t in ("<|startoftranscript|>", "<|notimestamps|>")]
    asked = torch.tensor([[*begin, *numbers]])
    cross = attention_maps(model, log_mel(samples)[None], asked).cross
    assert cross is not None
    # The row of a token is the one that says it, so that of the token before it; the last row
    # says the end. Silence behind the clip is no place for a word.
    n_frames = math.ceil(len(samples) / RATE / FRAME)
    looks = cross[:, 0, :, len(begin) - 1 :, :n_frames].double().numpy()
    looks = looks / looks.sum(-1, keepdims=True)
    chosen = np.array([looks[layer, head] for layer, head in heads or model.alignment_heads])
    path = forward_path(clear(chosen).mean(0))
    times = np.array([FRAME * path.tolist().index(i) for i in range(len(numbers) + 1)])
    tokens = [tokenizer.decode([n]) for n in numbers]
    first = [i for i, token in enumerate(tokens) if i == 0 or token.startswith(" ")]
    # A word ends where its last letters do; a comma's time is that of the pause.
    last = [
        max(j for j in range(i, k) if j == i or tokens[j].strip(" ,.!?;:"))
        for i, k in zip(first, [*first[1:], len(tokens)], strict=True)
    ]
    order = np.array([[kendall(head[:-1]) for head in layer] for layer in looks])
    return Timed(
        text.split(), times[first], times[[j + 1 for j in last]], tokens, chosen.mean(0)[:-1], order
    )


def clear(looks: np.ndarray, width: int = 7) -> np.ndarray:
    """Measure each token's look against the others' at the same time, and smooth it by medians."""
    spread = looks.std(axis=-2, keepdims=True)
    scaled = (looks - looks.mean(axis=-2, keepdims=True)) / np.maximum(spread, 1e-9)
    padded = np.pad(scaled, [(0, 0)] * (looks.ndim - 1) + [(width // 2,) * 2], mode="edge")
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, width, -1), axis=-1)


def forward_path(gain: np.ndarray) -> np.ndarray:
    """Give each frame a token, the first to the first, never going back, with the most gain.

    Source: Sakoe and Chiba (1978), Dynamic programming algorithm optimization for spoken word
    recognition.

    Examples
    --------
    >>> forward_path(np.array([[1.0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]))
    array([0, 0, 1, 2])
    """
    n_tokens, n_frames = gain.shape
    best = np.full(n_tokens, -np.inf)
    best[0] = 0.0
    stepped = np.zeros((n_frames, n_tokens), dtype=bool)
    for frame in range(n_frames):
        before = np.concatenate([[-np.inf], best[:-1]])
        stepped[frame] = (before > best) & (frame > 0)
        best = np.where(stepped[frame], before, best) + gain[:, frame]
    path = np.empty(n_frames, dtype=int)
    at = n_tokens - 1
    for frame in reversed(range(n_frames)):
        path[frame] = at
        at -= int(stepped[frame, at])
    return path


def onsets(samples: Tensor, quiet: float = 0.25, lasting: float = 0.2) -> np.ndarray:
    """Find where sound begins after a pause, in seconds: by loudness alone, no network.

    A frame of 10 milliseconds is loud above a fifth of the loudest. Sound lasts if half of what
    follows is loud; a breath or a click does not.
    """
    hop = RATE // 100
    frames = samples[: len(samples) // hop * hop].reshape(-1, hop)
    loudness = frames.square().mean(1).sqrt().numpy()
    loud = loudness > 0.2 * np.quantile(loudness, 0.99)
    places = np.flatnonzero(loud)
    found = places[np.diff(places, prepend=-np.inf) > 100 * quiet]
    return np.array([0.01 * i for i in found if loud[i : i + int(100 * lasting)].mean() >= 0.5])


def between(samples: Tensor, start: float, end: float, margin: float = 0.1) -> Tensor:
    """Cut a piece out, with a little before and behind."""
    first = max(0, int((start - margin) * RATE))
    return samples[first : int((end + margin) * RATE)]


def to_whisper(wave: np.ndarray, rate: int) -> Tensor:
    """Give a wave Whisper's rate, and a level like that of recorded speech."""
    n = len(wave) * RATE // rate
    places = np.linspace(0, len(wave) - 1, n)
    # Everything above half the new rate goes first, or it would come back as a false tone.
    spectrum = np.fft.rfft(wave)
    spectrum[np.fft.rfftfreq(len(wave), 1 / rate) > 0.48 * RATE] = 0
    low = np.interp(places, np.arange(len(wave)), np.fft.irfft(spectrum, len(wave)))
    return torch.from_numpy((0.1 * low / low.std()).astype(np.float32))
