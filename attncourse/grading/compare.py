"""Hold an answer against the right one, and recognise the mistake behind the difference.

A :class:`Suspect` is a known mistake together with what it would give on the very same input. If
the learner's numbers are that mistake's numbers, the message names it. Suspects are computed by the
check, from the definition of the mistake; they know nothing of how a learner wrote it. Where no
suspect fits, the shape of the error itself is read (:mod:`attncourse.grading.readings`).

One comparison can mislead: with one query and one key, many mistakes give the same number. So each
is kept while a question's checks run (:func:`gather`), those that pass among them, and
:func:`weigh` asks of a suspect how often it fits and how often it does not.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field

import numpy as np

from attncourse.grading.checks import Wrong
from attncourse.grading.readings import close, largest, loose, read_numbers, read_shape, size
from attncourse.grading.wire import Tensor

#: A unit in the last place of float32, relative.
_ROUNDING = float(np.finfo(np.float32).eps)
#: How far below zero open scores may lie. Whatever stands in place of -∞ out of habit (-1e4, -1e5,
#: float16's lowest -65504) is above them. float32 rounds them by 0.004, so that differences of
#: about 1 between them still count; at -1e9 nothing would be left of these.
FAR_BELOW = 1.2e5


def budget(largest_value: float) -> float:
    """The tolerance for an answer computed in float32 throughout.

    Parameters
    ----------
    largest_value
        The largest number that appears on the way, relative to the result's own size. A score of
        1000 is rounded by 0.00006, and exp makes a relative error of that.
    """
    return max(1e-5, 8 * _ROUNDING * float(largest_value))


@dataclass(frozen=True)
class Suspect:
    """A mistake that can be recognised by its numbers.

    Parameters
    ----------
    bug
        Its name in result records.
    message
        What to say to the learner. One or two sentences: what happened, what to do.
    gives
        The numbers it gives on the check's input, or a function that computes them.
    """

    bug: str
    message: str
    gives: np.ndarray | Callable[[], np.ndarray]


@dataclass
class Comparison:
    """An answer beside the right one, and what the suspects say of it."""

    given: np.ndarray
    expected: np.ndarray
    suspects: tuple[Suspect, ...]
    atol: float
    _verdicts: dict[int, bool | None] = field(default_factory=dict)

    @property
    def same(self) -> bool:
        """Whether the answer is right."""
        return self.given.shape == self.expected.shape and close(
            self.given, self.expected, self.atol
        )

    def fits(self, named: tuple[str, str]) -> bool | None:
        """Whether a mistake gives these numbers; None if it makes no difference on this input."""
        found = {
            self._verdict(i)
            for i, suspect in enumerate(self.suspects)
            if (suspect.bug, suspect.message) == named
        }
        return True if True in found else False if False in found else None

    def candidates(self) -> tuple[tuple[str, str], ...]:
        """All mistakes, with their messages, that would give these very numbers."""
        fitting = [s for i, s in enumerate(self.suspects) if self._verdict(i)]
        return tuple((s.bug, s.message) for s in fitting)

    def _verdict(self, i: int) -> bool | None:
        if i not in self._verdicts:
            self._verdicts[i] = self._compute(self.suspects[i])
        return self._verdicts[i]

    def _compute(self, suspect: Suspect) -> bool | None:
        try:
            with np.errstate(all="ignore"):
                numbers = suspect.gives() if callable(suspect.gives) else suspect.gives
        except (ValueError, IndexError):
            return None  # these shapes do not allow the mistake
        if numbers.shape == self.expected.shape and close(numbers, self.expected, self.atol):
            return None
        # A mistake may be computed in another order than the suspect.
        slack = loose(self.atol, self.expected) * max(1.0, size(numbers) / size(self.expected))
        return numbers.shape == self.given.shape and close(self.given, numbers, slack)


_GATHERED: ContextVar[list[Comparison] | None] = ContextVar("comparisons", default=None)


_REHEARSAL: ContextVar[bool] = ContextVar("rehearsal", default=False)


@contextlib.contextmanager
def rehearsal() -> Iterator[None]:
    """Compare nothing inside: what is being worked out is the right answers."""
    token = _REHEARSAL.set(True)
    try:
        yield
    finally:
        _REHEARSAL.reset(token)


@contextlib.contextmanager
def gather() -> Iterator[list[Comparison]]:
    """Keep the comparisons that are made inside."""
    kept: list[Comparison] = []
    token = _GATHERED.set(kept)
    try:
        yield kept
    finally:
        _GATHERED.reset(token)


def weigh(named: tuple[str, str], comparisons: Iterable[Comparison]) -> int:
    """In how many comparisons a mistake fits, less those in which it should show and does not.

    A mistake is its name and its message: of one name there may be several, a wrong axis for
    instance, and each has to explain the numbers by itself.
    """
    found = [comparison.fits(named) for comparison in comparisons]
    return found.count(True) - found.count(False)


def all_of(*holds: Callable[[], object]) -> None:
    """Make several comparisons, also those behind a wrong one, and raise for the last that fails.

    Two mistakes may give the same numbers on one input; another input tells them apart.
    """
    wrong = []
    for hold in holds:
        try:
            hold()
        except Wrong as found:
            wrong.append(found)
    if wrong:
        raise wrong[-1]


def compare(
    yours: np.ndarray | Tensor | float,
    expected: np.ndarray,
    *,
    suspects: Iterable[Suspect] = (),
    axes: tuple[str, ...] = (),
    tolerance: float = 1e-5,
    what: str = "",
) -> None:
    """Pass if ``yours`` is ``expected``; otherwise say where, how far off, and most likely why.

    Parameters
    ----------
    yours, expected
        The learner's answer and the right one (float64). A tensor is compared by its numbers.
    suspects
        Mistakes to recognise, the most telling first. Where several fit, all are kept: the run
        then takes the one that explains the other failures too.
    axes
        Names of the last axes, for messages: ``("query", "key")``.
    tolerance
        Largest difference allowed, relative to the largest expected magnitude (at least 1). It
        leaves room for float32; :func:`budget` says how much that needs where numbers are large.
    what
        Which of several results this is, for messages: ``"the gradient of q"``. The suspects'
        messages say so themselves.

    Raises
    ------
    Wrong
        They differ.
    """
    if _REHEARSAL.get():
        return
    given = np.asarray(yours.array if isinstance(yours, Tensor) else yours).astype(np.float64)
    comparison = Comparison(given, expected, tuple(suspects), tolerance * size(expected))
    kept = _GATHERED.get()
    if kept is not None:
        kept.append(comparison)
    if comparison.same:
        return
    if given.shape != expected.shape:
        reading = read_shape(given, expected, axes)
    else:
        reading = read_numbers(given, expected, axes, comparison.atol)
    named = comparison.candidates()
    if what:
        reading = reading[0], f"In {what}: {reading[1]}"
    bug, message = named[0] if named else reading
    facts = largest(given, expected)
    raise Wrong(message, bug=bug, candidates=named, reading=reading, **facts)
