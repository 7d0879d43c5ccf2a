"""What each head of a sentence encoder does: its maps, and what changes when it is switched off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from attncourse.models.minilm import MiniLM
from attncourse.pytorch import scaled_dot_product_attention


def head_runs(model: MiniLM, tokenizer: Any, sentences: Sequence[str]) -> dict[str, Any]:
    """Run sentences through a sentence encoder: whole, with each head off, with each word masked.

    A head that is off gives zeros in place of its output. A word that is masked is ``[MASK]``.
    Directions are compared by their angle, in degrees. The heads are counted through the layers:
    head h of layer l is number ``l * n_heads + h``.

    Source: Michel et al. (2019), section 3 (heads off), arXiv:1905.10650; Abnar and Zuidema (2020),
    section 4 (words masked), arXiv:2005.00928.

    Parameters
    ----------
    model, tokenizer
        What :func:`load_minilm` gives.
    sentences : list of str
        At least one.

    Returns
    -------
    dict
        Arrays of NumPy alone. ``similarity`` (1 + heads, sentences, sentences): the cosines of the
        sentences' vectors, first whole, then with each head off. ``moved`` (heads, heads): how much
        of its weight the second head moves when the first is off, on the average. ``sentences``:
        of each its ``text``, its ``words`` (tokens), the maps ``weights`` (n_layers, n_heads, n,
        n), ``turns`` (heads) of its vector and ``word_turns`` (heads, n) of its words' vectors when
        a head is off, and ``masked`` (n, n): how far word i turns when word j is masked.

    Examples
    --------
    >>> from attncourse.models import load_minilm
    >>> runs = head_runs(*load_minilm(), ["A cat sleeps."])  # doctest: +SKIP
    >>> runs["sentences"][0]["weights"].shape  # doctest: +SKIP
    (6, 12, 6, 6)
    """
    if isinstance(sentences, str) or not sentences:
        raise ValueError(f"sentences: expected a list of at least one text, got {sentences!r}.")
    # One by one, so that nothing is filled up, whatever the tokenizer does with a batch.
    cut = [tokenizer.encode(text) for text in sentences]
    tokens = [torch.tensor([one.ids]) for one in cut]
    whole = _passes(model, tokens)
    off = []
    for layer, block in enumerate(model.encoder.blocks):
        for head in range(block.attention.n_heads):
            with without_head(model, layer, head):
                off.append(_passes(model, tokens))
    mask = tokenizer.token_to_id("[MASK]")
    found = []
    for n, (text, one) in enumerate(zip(sentences, cut, strict=True)):
        weights, vectors = whole[n]
        without = [passes[n][1] for passes in off]
        found.append(
            {
                "text": text,
                "words": list(one.tokens),
                "weights": weights,
                "turns": np.array([_angle(v.mean(axis=0), vectors.mean(axis=0)) for v in without]),
                "word_turns": np.array([_angle(v, vectors) for v in without]),
                "masked": _masked(model, tokens[n], vectors, mask),
            }
        )
    return {
        "sentences": found,
        "similarity": np.array([_cosines(passes) for passes in (whole, *off)]),
        "moved": np.array([_moved(passes, whole) for passes in off]),
    }


@contextmanager
def without_head(model: MiniLM, layer: int, head: int) -> Iterator[None]:
    """Switch a head off inside a ``with``: its columns of the output matrix are zeros there."""
    attention = model.encoder.blocks[layer].attention
    width = attention.out.in_features // attention.n_heads
    own = slice(head * width, (head + 1) * width)
    weight = attention.out.weight.data
    kept = weight[:, own].clone()
    weight[:, own] = 0
    try:
        yield
    finally:
        weight[:, own] = kept


def _passes(model: MiniLM, tokens: Sequence[Tensor]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Give each sentence's maps and its words' vectors."""
    plainly = {"return_weights": True, "attend": scaled_dot_product_attention}
    found = []
    for one in tokens:
        with torch.no_grad():
            (vectors,), blocks = model(one, **plainly)
        maps = torch.cat([block.self_attention for block in blocks])
        found.append((maps.double().numpy(), vectors.double().numpy()))
    return found


def _masked(model: MiniLM, tokens: Tensor, vectors: np.ndarray, mask: int) -> np.ndarray:
    """Say how far each word turns (first axis) when each in turn (second axis) is masked."""
    each = tokens.repeat(tokens.shape[1], 1)
    each.fill_diagonal_(mask)
    with torch.no_grad():
        other = model(each).double().numpy()
    return _angle(other, vectors).T


def _moved(
    off: Sequence[tuple[np.ndarray, np.ndarray]], whole: Sequence[tuple[np.ndarray, np.ndarray]]
) -> np.ndarray:
    """Say how much of its weight each head moves, on the average over queries and sentences."""
    shares = [
        (np.abs(other - maps).sum(axis=-1).mean(axis=-1) / 2).ravel()
        for (other, _), (maps, _) in zip(off, whole, strict=True)
    ]
    return np.mean(shares, axis=0)


def _angle(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Give the angle between vectors, in degrees."""
    a, b = (x / np.linalg.norm(x, axis=-1, keepdims=True) for x in (a, b))
    # Exact near zero, where the arc cosine is not.
    return np.degrees(
        2 * np.arctan2(np.linalg.norm(a - b, axis=-1), np.linalg.norm(a + b, axis=-1))
    )


def _cosines(passes: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    vectors = np.array([words.mean(axis=0) for _, words in passes])
    vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors @ vectors.T
