"""Compute the stored results. ``make runs`` calls this; ``ONLY=name`` picks one experiment."""

from __future__ import annotations

from typing import Annotated

import typer

from attncourse import experiments


def main(
    only: Annotated[str, typer.Option(help="one experiment; all, if left out")] = "",
    fresh: Annotated[bool, typer.Option(help="measure again what is kept already")] = False,
) -> None:
    """Run what is not kept yet; what is kept stays, however often this is interrupted."""
    known = experiments.known()
    if only and only not in known:
        raise SystemExit(f"no experiment is called {only!r}; known: {', '.join(known)}.")
    for name, experiment in known.items():
        if only in ("", name):
            try:
                experiments.run(experiment, fresh=fresh, say=lambda text: print(text, flush=True))
            except experiments.StaleResults as error:
                raise SystemExit(str(error)) from None


if __name__ == "__main__":
    typer.run(main)
