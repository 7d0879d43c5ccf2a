"""Claims of the article's section 1 (chapter 1 of the course)."""

from __future__ import annotations

from collections.abc import Sequence

from attncourse.claims.core import Verdict, by_run


def _change(counts: Sequence[int]) -> str:
    first, last = counts[0], counts[-1]
    return f"stays at {first}" if first == last else f"goes from {first} to {last}"


@by_run(
    "C02",
    sections="1.4.2, 2.2, 3.2, 9.3",
    says="The encoder turns the input sequence into a vector of fixed length.",
)
def fixed_length_vector(
    *,
    lengths: Sequence[int],
    right_with: Sequence[float],
    right_without: Sequence[float],
    vectors_with: Sequence[int],
    vectors_without: Sequence[int],
    margin: float = 0.1,
) -> Verdict:
    """Compare what two encoders hand over, and how far their models fall with length.

    Parameters
    ----------
    lengths
        Input lengths, growing, all within those trained on.
    right_with, right_without
        The share of outputs without error at each length, with and without attention, from two
        models of equal size.
    vectors_with, vectors_without
        How many vectors the decoder may read from at each length.
    margin
        By how much one fall must exceed the other to count.
    """
    fixed_with = len(set(vectors_with)) == 1
    fixed_without = len(set(vectors_without)) == 1
    fall_with = right_with[0] - right_with[-1]
    fall_without = right_without[0] - right_without[-1]
    because = (
        f"From {lengths[0]} to {lengths[-1]} symbols, the number of vectors to read from "
        f"{_change(vectors_without)} without attention and {_change(vectors_with)} with it; "
        f"the share of outputs without error falls by {100 * fall_without:.0f} points without "
        f"attention and by {100 * fall_with:.0f} with it."
    )
    if fixed_with and fixed_without:
        return Verdict("holds", because)
    if not fixed_without:
        return Verdict("does not hold", because)
    if fall_without > fall_with + margin:
        return Verdict("holds if", because, "there is no attention, and then it is a bottleneck")
    return Verdict("holds if", because, "there is no attention")
