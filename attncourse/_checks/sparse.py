"""What sparse attention takes: tables of blocks, and positions that all see."""

from __future__ import annotations

from typing import Any

from attncourse._checks.arrays import boolean, floating, integer, one_device, type_name
from attncourse._checks.attention import attention
from attncourse._checks.cache import between
from attncourse._checks.flash import tiled
from attncourse._checks.numbers import count
from attncourse._checks.shapes import broadcasts, shapes


def sparse(
    kind: type, q: Any, k: Any, v: Any, *, mask: Any, scale: Any, softcap: Any, sinks: Any
) -> tuple[int, int]:
    """Check what all sparse attention takes, and give both lengths."""
    *_, q_len, kv_len = attention(kind, q, k, v, sinks=sinks)
    if mask is not None:
        boolean(kind, mask=mask)
        broadcasts("mask", mask, (*q.shape[:-2], 1, kv_len), "one row of the scores")
    one_device(q=q, mask=mask)
    tiled(None, window=None, scale=scale, softcap=softcap)
    return q_len, kv_len


def blocked(q_len: Any, kv_len: Any, block_len: Any) -> tuple[int, int]:
    """Give how many blocks of positions hold queries, and how many hold keys."""
    count("q_len", q_len)
    count("kv_len", kv_len)
    count("block_len", block_len, minimum=1)
    lead = (kv_len - q_len) % block_len  # how far into its block the first query stands
    return -(-(lead + q_len) // block_len), -(-kv_len // block_len)


def block_table(
    kind: type,
    name: str,
    blocks: Any,
    sizes: tuple[int, int],
    n_heads: int | None = None,
) -> None:
    """Check which blocks of keys each block of queries may see: one table, or one a head."""
    integer(kind, **{name: blocks})
    n_q_blocks, n_kv_blocks = sizes
    heads = ["n_heads" if n_heads is None else n_heads] * (len(blocks.shape) != 2)
    shapes(**{name: (blocks, (*heads, n_q_blocks, "n_picks"))})
    between(name, blocks, -1, n_kv_blocks - 1)


def members(kind: type, name: str, entries: Any, size: int) -> None:
    """Check a list of positions, or of blocks, of which there are ``size``."""
    integer(kind, **{name: entries})
    count(name, shapes(**{name: (entries, "n_global")})["n_global"], minimum=1)
    between(name, entries, 0, size - 1)


def beside(kind: type, name: str, given: Any, q: Any, k: Any, v: Any) -> None:
    """Check queries, keys and values that stand beside the first ones, shaped as they are."""
    if not isinstance(given, tuple) or len(given) != 3:
        raise TypeError(f"{name}: expected a tuple (q, k, v), got {type_name(type(given))}.")
    for letter, array, first in zip("qkv", given, (q, k, v), strict=True):
        label = f"{letter} of {name}"
        floating(kind, **{label: array, letter: first})
        one_device(**{label: array, letter: first})
        if tuple(array.shape) != tuple(first.shape):
            raise ValueError(
                f"{label}: expected the shape of {letter}, {tuple(first.shape)}, "
                f"got {tuple(array.shape)}."
            )
