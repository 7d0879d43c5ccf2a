"""What choosing tokens and generating texts take."""

from __future__ import annotations

from typing import Any

from attncourse._checks.arrays import floating, integer, one_device, type_name
from attncourse._checks.looking import looked_at
from attncourse._checks.numbers import count, real
from attncourse._checks.shapes import shapes


def uniform(kind: type, noise: Any, batch: tuple[int, ...]) -> None:
    """Raise unless ``noise`` holds one number from zero to below one for each row of a batch."""
    floating(kind, noise=noise)
    if tuple(noise.shape) != batch:
        raise ValueError(
            f"noise: expected one number for each row of logits, shape {batch}, "
            f"got {tuple(noise.shape)}."
        )
    if looked_at(noise) and not bool(((noise >= 0) & (noise < 1)).all()):
        raise ValueError("noise: expected numbers from 0 to below 1, got one outside.")


def possible(logits: Any) -> None:
    """Raise if a row of logits rules out every token, so that none can be drawn."""
    if looked_at(logits) and not bool((logits > float("-inf")).any(-1).all()):
        raise ValueError(
            "logits: expected at least one token above -inf in each row, got a row without any."
        )


def chosen(kind: type, new: Any, tokens: Any) -> None:
    """Raise unless ``choose`` gave one token for each text."""
    integer(kind, **{"the result of choose": new})
    shapes(tokens=(tokens, "batch seq"), **{"the result of choose": (new, "batch")})


def beginnings(kind: type, tokens: Any) -> None:
    """Raise unless ``tokens`` are the beginnings of texts, one at least in each row."""
    integer(kind, tokens=tokens)
    count("seq", shapes(tokens=(tokens, "batch seq"))["seq"], minimum=1)


def noise_rows(kind: type, noise: Any, n_new: int, tokens: Any) -> None:
    """Raise unless there is one row of noise for each new token."""
    if noise is None:
        return
    floating(kind, noise=noise)
    one_device(tokens=tokens, noise=noise)
    if tuple(noise.shape) != (n_new, tokens.shape[0]):
        raise ValueError(
            f"noise: expected shape (n_new, batch) = {(n_new, tokens.shape[0])}, "
            f"got {tuple(noise.shape)}."
        )


def next_logits(kind: type, logits: Any, tokens: Any) -> None:
    """Raise unless a step gave the logits of one next token for each text."""
    floating(kind, logits=logits)
    shapes(tokens=(tokens, "batch seq"), logits=(logits, "batch n_tokens"))


def stops(stop: Any) -> tuple[int, ...]:
    """Give the tokens that end a text: one, several or none."""
    if stop is None:
        return ()
    several = tuple(stop) if isinstance(stop, tuple | list) else (stop,)
    return tuple(count("stop", token) for token in several)


def stop_tokens(stops: tuple[int, ...], n_tokens: int) -> None:
    """Raise unless the tokens that end a text are of the vocabulary."""
    for stop in stops:
        count("stop", stop, maximum=n_tokens - 1)


def some_way_on(reached: Any) -> None:
    """Raise if no beam of a text may go on: every token of each is ruled out."""
    if looked_at(reached) and not bool((reached > float("-inf")).any(-1).any(-1).all()):
        raise ValueError(
            "logits: expected at least one token above -inf for each text, got a text none of "
            "whose beams may go on."
        )


def no_rows(state: Any) -> None:
    """Raise if a part of a state may hold rows that cannot be reordered."""
    number = getattr(state, "ndim", None) == 0  # NumPy's are no int
    if not (number or state is None or isinstance(state, bool | int | float | str)):
        raise TypeError(
            f"state: expected arrays in tuples, lists and dicts, got {type_name(type(state))}; "
            "its rows could not follow the beams."
        )


def rows(state: Any, n_rows: int) -> None:
    """Raise unless an array of a state has a row for each text, or each of its beams."""
    if state.shape[0] != n_rows:
        raise ValueError(
            f"state: expected arrays of {n_rows} rows, one for each text or beam along the first "
            f"axis, got shape {tuple(state.shape)}; its rows could not follow the beams."
        )


def not_negative(name: str, value: Any) -> None:
    """Raise unless ``value`` is a finite number, zero or above."""
    real(name, value)
    if value < 0:
        raise ValueError(f"{name}: expected a number of at least 0, got {value!r}.")
