"""What the position schemes take."""

from __future__ import annotations

from typing import Any

from attncourse._checks.arrays import floating, integer, one_device
from attncourse._checks.looking import looked_at
from attncourse._checks.numbers import count, divides, positive
from attncourse._checks.shapes import among, axis, shapes


def even(name: str, value: Any, minimum: int = 2) -> int:
    """Give ``value`` as an int, and raise unless it is an even whole number from ``minimum`` on."""
    number = count(name, value, minimum=minimum)
    if number % 2:
        raise ValueError(f"{name}: expected an even number, got {number}.")
    return number


def inside_table(kind: type, table: Any, positions: Any) -> None:
    """Raise unless every position is a row of the table."""
    floating(kind, table=table)
    integer(kind, positions=positions)
    one_device(table=table, positions=positions)
    n_positions = shapes(table=(table, "n_positions d_model"))["n_positions"]
    if not looked_at(positions):
        return
    outside = positions[(positions < 0) | (positions >= n_positions)]
    if len(outside):
        raise ValueError(
            f"positions: expected 0 to {n_positions - 1}, as the table has {n_positions} rows, "
            f"got {outside[0].item()}; a learned table says nothing of positions beyond it."
        )


def rotation(kind: type, x: Any, cos: Any, sin: Any) -> None:
    """Check features and the tables that rotate them: one row of the tables for each position."""
    floating(kind, x=x)
    floating(kind, cos=cos, sin=sin)
    one_device(x=x, cos=cos, sin=sin)
    dims = shapes(cos=(cos, "*positions n_pairs"), sin=(sin, "*positions n_pairs"))
    at_positions("cos", dims["*positions"], x)
    pairs("cos", dims["n_pairs"], x)


def pairs(name: str, n_pairs: int, x: Any) -> None:
    """Raise unless x has enough features for so many pairs."""
    if 2 * n_pairs > x.shape[-1]:
        raise ValueError(
            f"{name}: expected at most {x.shape[-1] // 2} pairs, as x has {x.shape[-1]} features, "
            f"got {n_pairs}."
        )


def at_positions(name: str, shape: tuple[int, ...], x: Any) -> None:
    """Raise unless ``shape`` is ``(seq,)``, or that of x without its heads and features."""
    dims = shapes(x=(x, "*batch seq d"))
    alone, batched = (dims["seq"],), (*dims["*batch"][:-1], dims["seq"])
    if not among(shape, alone, batched):
        raise ValueError(
            f"{name}: expected positions of shape (seq,) = {alone} or (*batch, seq) = {batched} "
            f"for x of shape (*batch, heads, seq, d) = {tuple(x.shape)}, got {tuple(shape)}."
        )


def odd_rows(name: str, table: Any) -> int:
    """Give the largest distance of a table with one row for each distance from -d to d."""
    n_rows = table.shape[0]
    if n_rows % 2 == 0:
        raise ValueError(
            f"{name}: expected an odd number of rows, one for each distance from -d to d, "
            f"got {n_rows}."
        )
    return n_rows // 2


def pairing(kind: type, x: Any, n_heads: int, d_rotary: int | None, along: int) -> int:
    """Check heads of features along an axis, and give how many features of each turn."""
    floating(kind, x=x)
    axis(x, along)
    divides("n_heads", n_heads, f"the features along axis {along}", x.shape[along])
    width = x.shape[along] // n_heads
    d_rotary = even("d_rotary", width if d_rotary is None else d_rotary)
    return count("d_rotary", d_rotary, maximum=width)


def scaled_frequencies(
    kind: type, frequencies: Any, factor: float, original_len: int = 1, minimum: int = 1
) -> None:
    """Check rotary frequencies and by how much, and from what length, they are to be scaled."""
    floating(kind, frequencies=frequencies)
    n_pairs = shapes(frequencies=(frequencies, "n_pairs"))["n_pairs"]
    if n_pairs < minimum:
        raise ValueError(f"frequencies: expected at least {minimum}, got {n_pairs}.")
    positive("factor", factor)
    count("original_len", original_len, minimum=1)


def ordered(upper_name: str, upper: float, lower_name: str, lower: float) -> None:
    """Raise unless both are positive numbers, and the upper one is above the lower one."""
    positive(lower_name, lower)
    positive(upper_name, upper)
    if upper <= lower:
        raise ValueError(
            f"{upper_name}: expected a number above {lower_name} = {lower!r}, got {upper!r}."
        )
