"""Options by name: a misspelt one is refused by the class that was called."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from difflib import get_close_matches
from functools import wraps
from typing import Any, TypeVar

Init = TypeVar("Init", bound=Callable[..., None])


def _options_of(*others: Any) -> Callable[[Init], Init]:
    """Let an ``__init__`` take its own options and those of the classes it passes them on to."""

    def known_by(init: Init) -> Init:
        own = inspect.signature(init).parameters.values()
        known = [p.name for p in own if p.kind is not p.VAR_KEYWORD and p.name != "self"]
        for other in others:
            known += [name for name in other.__init__.known if name not in known]

        @wraps(init)
        def checked(self: Any, *args: Any, **kwargs: Any) -> None:
            for name in kwargs:
                if name not in known:
                    close = get_close_matches(name, known, n=1)
                    hint = f"; did you mean {close[0]!r}?" if close else f": {', '.join(known)}."
                    raise TypeError(f"{type(self).__name__} has no option {name!r}{hint}")
            init(self, *args, **kwargs)

        outer: Any = checked
        outer.known = known
        return outer

    return known_by
