"""The right answers, from the definitions: float64, one number at a time.

Loops on purpose. Nothing here shares a line with the course's implementation or with a fast way to
write the answer, so a mistake in one cannot hide a mistake in the other.
"""

from __future__ import annotations

import functools
import itertools
import math

import numpy as np

#: Ready-made answers: a call of one of these builds nothing.
READY_DISTANCE = (
    "Levenshtein.distance",
    "rapidfuzz.distance.Levenshtein.distance",
    "editdistance.eval",
    "jiwer.wer",
    "jiwer.cer",
    "nltk.edit_distance",
    "nltk.metrics.edit_distance",
    "nltk.metrics.distance.edit_distance",
    "torchaudio.functional.edit_distance",
    "torchmetrics.functional.text.word_error_rate",
    "torchmetrics.functional.text.edit_distance",
)
READY_SPLIT = (
    "sklearn.model_selection.GroupShuffleSplit",
    "sklearn.model_selection.GroupKFold",
    "sklearn.model_selection.StratifiedGroupKFold",
)
READY_PATCHES = (
    "torch.nn.Unfold",
    "torch.nn.functional.unfold",
    "sklearn.feature_extraction.image.extract_patches_2d",
    "skimage.util.view_as_blocks",
)
READY_PATH = (
    "librosa.sequence.dtw",
    "librosa.sequence.viterbi",
    "dtw.dtw",
    "fastdtw.fastdtw",
    "tslearn.metrics.dtw_path",
    "whisper.timing.dtw",
)


def edits(said: list[int], right: list[int]) -> int:
    """The fewest insertions, deletions and substitutions that turn one into the other."""

    @functools.cache
    def left(i: int, j: int) -> int:
        # What is left to do with said[i:] and right[j:].
        if i == len(said) or j == len(right):
            return len(said) - i + len(right) - j
        if said[i] == right[j]:
            return left(i + 1, j + 1)
        return 1 + min(left(i + 1, j), left(i, j + 1), left(i + 1, j + 1))

    return left(0, 0)


def split_by_group(groups: np.ndarray, luck: np.ndarray, share: float) -> np.ndarray:
    """Whole groups, the one of least luck first, until the share is held out."""
    waiting = sorted(range(len(luck)), key=lambda g: luck[g])
    held: set[int] = set()
    while sum(int(g) in held for g in groups) < share * len(groups):
        held.add(waiting.pop(0))
    return np.array([float(int(g) in held) for g in groups])


def patches(images: np.ndarray, patch_len: int) -> np.ndarray:
    """Patches row by row, their numbers channel by channel and row by row."""
    *batch, channels, height, width = images.shape
    rows, cols = height // patch_len, width // patch_len
    out = np.zeros((*batch, rows * cols, channels * patch_len * patch_len))
    for place in np.ndindex(*batch):
        for y, x in itertools.product(range(height), range(width)):
            for c in range(channels):
                patch = (y // patch_len) * cols + x // patch_len
                inside = (c * patch_len + y % patch_len) * patch_len + x % patch_len
                out[(*place, patch, inside)] = images[(*place, c, y, x)]
    return out


def attention_rollout(weights: np.ndarray) -> np.ndarray:
    """Each layer's routes back to the input, summed one route at a time."""
    n_layers, *batch, n_heads, seq, _ = weights.shape
    out = np.zeros((n_layers, *batch, seq, seq))
    for place in np.ndindex(*batch):
        before = [[float(i == j) for j in range(seq)] for i in range(seq)]
        for layer in range(n_layers):
            after = []
            for i in range(seq):
                row = []
                for j in range(seq):
                    heads = [float(weights[(layer, *place, h, i, j)]) for h in range(n_heads)]
                    row.append(math.fsum(heads) / n_heads + float(i == j))
                total = math.fsum(row)
                after.append(
                    [
                        math.fsum(row[m] / total * before[m][j] for m in range(seq))
                        for j in range(seq)
                    ]
                )
            before = after
            out[(layer, *place)] = after
    return out


def copy_distribution(
    p_known: np.ndarray, gate: np.ndarray, weights: np.ndarray, source: np.ndarray, n_words: int
) -> np.ndarray:
    """The mixture, one word read at a time."""
    *batch, n_known = p_known.shape
    out = np.zeros((*batch, n_words))
    for place in np.ndindex(*batch):
        g = float(gate[place])
        for word in range(n_known):
            out[(*place, word)] = g * float(p_known[(*place, word)])
        for j in range(weights.shape[-1]):
            out[(*place, int(source[(*place, j)]))] += (1 - g) * float(weights[(*place, j)])
    return out


def pooling_weights(
    h: np.ndarray, w_key: np.ndarray, b: np.ndarray, v: np.ndarray, mask: np.ndarray
) -> np.ndarray:
    """The shares of the open states; zeros where none is open."""
    *batch, seq, d_model = h.shape
    out = np.zeros((*batch, seq))
    for place in np.ndindex(*batch):
        scores = {}
        for j in range(seq):
            if mask[(*place, j)]:
                hidden = [
                    math.fsum(float(h[(*place, j, t)]) * w_key[t, m] for t in range(d_model)) + b[m]
                    for m in range(len(b))
                ]
                scores[j] = math.fsum(math.tanh(x) * y for x, y in zip(hidden, v, strict=True))
        top = max(scores.values(), default=0.0)
        total = math.fsum(math.exp(s - top) for s in scores.values())
        for j, s in scores.items():
            out[(*place, j)] = math.exp(s - top) / total
    return out


def attention_pooling(
    h: np.ndarray, w_key: np.ndarray, b: np.ndarray, v: np.ndarray, mask: np.ndarray
) -> np.ndarray:
    """The weighted mean of the open states."""
    weights = pooling_weights(h, w_key, b, v, mask)
    out = np.zeros((*h.shape[:-2], h.shape[-1]))
    for place in np.ndindex(*out.shape):
        out[place] = math.fsum(
            weights[(*place[:-1], j)] * float(h[(*place[:-1], j, place[-1])])
            for j in range(h.shape[-2])
        )
    return out


def every_path(n_tokens: int, n_frames: int) -> list[np.ndarray]:
    """All paths from the first token to the last that stay or go on by one."""
    frames = itertools.combinations(range(1, n_frames), n_tokens - 1)
    return [np.searchsorted(list(f), np.arange(n_frames), side="right") for f in frames]


def forward_path(gain: np.ndarray) -> np.ndarray:
    """The best of all paths, by trying every one."""
    n_tokens, n_frames = gain.shape

    def total(path: np.ndarray) -> float:
        return math.fsum(float(gain[i, frame]) for frame, i in enumerate(path))

    return max(every_path(n_tokens, n_frames), key=total).astype(float)
