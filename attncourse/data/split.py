"""Which words a model learns from, and which it is judged on."""

from __future__ import annotations

import hashlib
import re
from typing import Literal, get_args

Part = Literal["train", "valid", "test"]


def part_of(word: str) -> Part:
    """Give the part that a word belongs to: 90 % train, 5 % valid, 5 % test.

    The word's own hash decides, so the answer never depends on the machine, on the order of the
    data or on what else is in it. Capitals, a variant's number and a possessive ending are
    dropped first: ``read``, ``read(2)``, ``Read`` and ``read's`` stay together, so that none of
    them can give away another.

    Parameters
    ----------
    word
        As spelt in the data.

    Examples
    --------
    >>> part_of("attention"), part_of("Attention's") == part_of("attention(2)")
    ('train', True)
    """
    family = re.sub(r"(\(\d+\))?$", "", word.lower())
    family = re.sub(r"'s?$", "", family) or family
    draw = int.from_bytes(hashlib.sha256(family.encode()).digest()[:8], "big") % 20
    return {0: "test", 1: "valid"}.get(draw, "train")  # type: ignore[return-value]


def check_part(part: str | None) -> None:
    """Raise unless ``part`` names a part, or is None for all of them."""
    if part is not None and part not in get_args(Part):
        raise ValueError(f"part: expected one of {', '.join(get_args(Part))} or None, got {part!r}")
