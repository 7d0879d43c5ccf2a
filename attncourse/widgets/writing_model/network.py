"""The model that writes, in NumPy: a decoder with rotary positions whose heads can be changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from attncourse import reference as ref
from attncourse import trained
from attncourse.widgets import kit

N_LAYERS, N_HEADS = 4, 4
#: The longest text, and how much of it a phone can show of a head: queries and keys.
MOST_TEXT, N_QUERIES, N_KEYS = 400, 16, 32

Off = Sequence[Sequence[int]]
Pins = Sequence[Sequence[Any]]
Caches = tuple[tuple[np.ndarray, np.ndarray], ...]


@dataclass(frozen=True)
class Read:
    """What the model makes of a text: logits of what follows each character, and how heads looked.

    Weights have a layer in front: (n_layers, n_heads, q_len, kv_len). The caches hold each layer's
    keys and values.
    """

    logits: Float[np.ndarray, "q_len n_tokens"]
    weights: Float[np.ndarray, "n_layers n_heads q_len kv_len"]
    caches: Caches


@cache
def kept() -> trained.Trained:
    """Return the model of the chapter's page, trained for longer and rounded to eight bits."""
    return trained.load("writing")


def read(
    arrays: Mapping[str, np.ndarray],
    window: int,
    tokens: Int[np.ndarray, " q_len"],
    caches: Caches = (),
    *,
    off: Off = (),
    pins: Pins = (),
) -> Read:
    """Read a text, or what follows on the caches; no character looks back further than the window.

    Heads that are off bring nothing. Pins are weights of the last character's row: layer, head, how
    many characters back from the last one, weight.
    """
    seen = caches[0][0].shape[-2] if caches else 0
    places, keys = np.arange(seen, seen + len(tokens)), np.arange(seen + len(tokens))
    ahead = keys - places[:, None]
    visible = (ahead <= 0) & (ahead > -window)
    x = arrays["embedding.tokens"][tokens]
    d_head = x.shape[-1] // N_HEADS
    turn = np.exp(1j * places[:, None] * ref.rotary_frequencies(d_head))
    looks, after = [], []
    for layer in range(N_LAYERS):
        name = f"decoder.blocks.{layer}"
        h = norm(arrays, f"{name}.attention_norms.0", x)
        q, k, v = (
            split(h @ arrays[f"{name}.attention.{each}.weight"].T)
            for each in ("query", "key", "value")
        )
        q, k = turned(q, turn), turned(k, turn)
        if caches:
            past_k, past_v = caches[layer]
            k, v = np.concatenate([past_k, k], -2), np.concatenate([past_v, v], -2)
        scores = np.where(visible, q @ k.mT / np.sqrt(d_head), -np.inf)
        weights = ref.softmax(scores)
        for head in {head for at, head, *_ in pins if at == layer}:
            held = {len(keys) - 1 - back: w for *at, back, w in pins if at == [layer, head]}
            weights[head, -1] = kit.pinned(weights[head, -1], held)
        brought = weights @ v
        brought[[head for at, head in off if at == layer]] = 0
        merged = brought.swapaxes(0, 1).reshape(x.shape)
        x = x + merged @ arrays[f"{name}.attention.out.weight"].T
        h = norm(arrays, f"{name}.mlp_norms.0", x)
        hidden = ref.gelu(
            h @ arrays[f"{name}.mlp.input.weight"].T + arrays[f"{name}.mlp.input.bias"]
        )
        x = x + hidden @ arrays[f"{name}.mlp.out.weight"].T + arrays[f"{name}.mlp.out.bias"]
        looks.append(weights)
        after.append((k, v))
    logits = norm(arrays, "decoder.norm", x) @ arrays["embedding.tokens"].T
    return Read(logits, np.array(looks), tuple(after))


@cache
def neighbour_head(text: str) -> list[int]:
    """Return layer and head of the one that looks most at the character before, over a text."""
    weights = read(kept().arrays, kept().record["window"], numbers_of(text)).weights
    share = np.diagonal(weights, -1, axis1=-2, axis2=-1).mean(-1)
    return [int(n) for n in np.unravel_index(share.argmax(), share.shape)]


def norm(arrays: Mapping[str, np.ndarray], name: str, x: np.ndarray) -> np.ndarray:
    """Norm features with the weight and bias of a name."""
    return ref.layer_norm(x, arrays[f"{name}.weight"], arrays[f"{name}.bias"])


def split(x: Float[np.ndarray, "seq d_model"]) -> Float[np.ndarray, "n_heads seq d_head"]:
    """Split features into heads."""
    return x.reshape(len(x), N_HEADS, -1).swapaxes(0, 1)


def turned(x: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """Turn pairs of features, the first half's with the second half's, as complex numbers."""
    a, b = np.split(x, 2, axis=-1)
    pairs = (a + 1j * b) * turn
    return np.concatenate([pairs.real, pairs.imag], axis=-1)


def shaped(
    logits: Float[np.ndarray, " n_tokens"], temperature: float, top_p: float
) -> Float[np.ndarray, " n_tokens"]:
    """Return the logits that are drawn from: first tempered, then cut off."""
    return ref.top_p_filter(logits / temperature, top_p)


def dice(seed: int, place: int) -> float:
    """Return the number from 0 to 1 that decides what is drawn at a place of the text.

    It hangs on these two alone, so a text that grows meets the numbers that were ahead of it. The
    mixing is that at the end of MurmurHash3.
    """
    x = (seed * 0x9E3779B1 + place * 0x85EBCA77 + 1) % 2**32
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
        x = (x ^ (x >> shift)) * factor % 2**32
    return x / 2**32


def write(
    found: Read, n_new: int, *, off: Off, temperature: float, top_p: float, seed: int
) -> list[int]:
    """Go on from what was read, drawing character by character."""
    arrays, window, written = kept().arrays, kept().record["window"], []
    while len(written) < n_new:
        if written:
            found = read(arrays, window, np.array(written[-1:]), found.caches, off=off)
        logits = shaped(found.logits[-1], temperature, top_p)
        place = found.caches[0][0].shape[-2]
        written.append(int(ref.sample_token(logits, np.array(dice(seed, place)))))
    return written


def numbers_of(text: str) -> Int[np.ndarray, " seq"]:
    """Return the characters' numbers."""
    alphabet: str = kept().record["alphabet"]
    return np.array([alphabet.index(letter) for letter in text])
