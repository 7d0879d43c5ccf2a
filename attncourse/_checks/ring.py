"""What a ring of devices takes: orders of a text, cut into equal shards."""

from __future__ import annotations

from typing import Any

from attncourse._checks.arrays import integer
from attncourse._checks.looking import looked_at
from attncourse._checks.numbers import count, divides
from attncourse._checks.shapes import shapes


def cut(seq_len: int, n_devices: int, per_device: int = 1) -> None:
    """Raise unless a text can be cut into ``per_device`` equal pieces for each device."""
    count("seq_len", seq_len)
    pieces = per_device * count("n_devices", n_devices, minimum=1)
    if seq_len % pieces:
        raise ValueError(
            f"seq_len: expected a multiple of {pieces}, {per_device} for each of {n_devices} "
            f"devices, got {seq_len}; fill the text up and mask what was added."
        )


def order(kind: type, order: Any, seq_len: int | None = None) -> None:
    """Raise unless ``order`` names each position of the text once."""
    integer(kind, order=order)
    length = shapes(order=(order, "seq_len"))["seq_len"]
    if seq_len is not None and length != seq_len:
        raise ValueError(f"order: expected shape (seq_len,) = ({seq_len},), got ({length},).")
    if looked_at(order) and sorted(order.tolist()) != list(range(length)):
        raise ValueError(
            f"order: expected each of the positions 0 to {length - 1} once, got another list."
        )


def shards(q: Any, k: Any, n_devices: int) -> None:
    """Raise unless queries and keys are of one text that the devices can share equally."""
    if q.shape[-2] != k.shape[-2]:
        raise ValueError(
            f"k: expected as many keys as queries, {q.shape[-2]}, got {k.shape[-2]}; "
            "a ring is for self-attention."
        )
    divides("n_devices", n_devices, "the length of q", q.shape[-2])
