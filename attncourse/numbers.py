"""``numbers.quote(gap=f"{x:.1f}")`` in a notebook: numbers of the run that the text quotes.

The text writes the value and names it in a comment behind it, ``6.5<!--=gap-->``. The build of
the book puts the run's value there, and fails where the text is further off than it may be.
"""

from __future__ import annotations

import re
from typing import Any

#: Where a quotation lies in the metadata of an output that is otherwise empty, so that JupyterLab,
#: VS Code and Colab show nothing at all. A mime type would not do: VS Code reports an unknown one.
RECORD = "attncourse.numbers"

_MINUS = re.compile(r"(?<![\w−-])-(?=\.?\d)")


def quote(*, within: float | None = None, factor: float | None = None, **values: str | int) -> None:
    """Record values of this run under the names that the text uses.

    Parameters
    ----------
    within
        How far the text may be from the run, in the unit shown: 3 for three points of per cent
        where the value is ``"87%"``. ``float("inf")`` allows any number and any words. By default
        the last digit may differ by one.
    factor
        The text may be off by this factor instead, for times.
    **values
        The values as the text shows them: formatted strings, or whole numbers. A hyphen before a
        digit becomes a minus sign.

    Raises
    ------
    TypeError
        A value is neither text nor a whole number: only the page knows how many digits it needs.
    ValueError
        Both kinds of tolerance are given, or one that allows nothing; or a value is empty.

    Examples
    --------
    >>> quote(with_8=f"{0.893:.0%}", longest=12)
    >>> quote(seconds=f"{1.61:.1f}", factor=2)
    """
    if within is not None and factor is not None:
        raise ValueError("give within= or factor=, not both")
    if within is not None and not within >= 0:
        raise ValueError(f"within= is a distance, 0 or more; got {within}")
    if factor is not None and not factor >= 1:
        raise ValueError(f"factor= is 1 or more; got {factor}")
    record = {name: {"text": shown(name, value)} for name, value in values.items()}
    for number in record.values():
        # JSON knows no infinity.
        number |= {"within": str(within)} if within is not None else {}
        number |= {"factor": str(factor)} if factor is not None else {}
    _publish(record)


def shown(name: str, value: object) -> str:
    """The value as the text shows it.

    >>> shown("r", "-0.96 to 1e-5")
    '−0.96 to 1e-5'
    """
    if isinstance(value, bool) or not (isinstance(value, str) or hasattr(value, "__index__")):
        kind = type(value).__name__
        raise TypeError(f"{name}= is a {kind}; format it, as in {name}=f'{{x:.2f}}'")
    text = " ".join(str(value).split())
    if not text:
        raise ValueError(f"{name}= is empty: there is nothing to quote")
    return _MINUS.sub("−", text)


def _publish(record: dict[str, Any]) -> None:
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    if shell is not None and getattr(shell, "display_pub", None):
        # Without a kernel, as when a script runs the notebook's code, there is nobody to tell.
        shell.display_pub.publish(data={}, metadata={RECORD: record})
