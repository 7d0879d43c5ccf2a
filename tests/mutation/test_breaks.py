"""What the tool breaks, and what it leaves alone."""

from __future__ import annotations

from pathlib import Path

from tests.mutation.breaks import breaks

TEXT = '''\
"""1 + 1 is not broken here."""
from a import b  # nor - here

def f(x: int | None = 3, *args, **options) -> dict[str, int | str]:
    """2 < 3"""
    y: int | None = -x if x is not None else g(*args, **options)
    return [y[0] <= 10 and not y, 0.5 * y, y @ y, True]
'''


def test_every_token_that_counts():
    found = {(one.line, one.old, one.new) for one in breaks(Path("f.py"), TEXT)}
    assert found == {
        (4, "3", "4"),
        (4, "3", "2"),
        (6, "-", ""),
        (6, "not", ""),
        (7, "0", "1"),
        (7, "<=", "<"),
        (7, "10", "11"),
        (7, "10", "9"),
        (7, "and", "or"),
        (7, "not", ""),
        (7, "0.5", "1.5"),
        (7, "*", "/"),
        (7, "@", "*"),
        (7, "True", "False"),
    }


def test_one_token_changes():
    for one in breaks(Path("f.py"), TEXT):
        broken = one.applied(TEXT)
        assert broken != TEXT
        assert len(broken) - len(TEXT) == len(one.new) - len(one.old)
        compile(broken, "f.py", "exec")
