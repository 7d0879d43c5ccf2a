"""Compute the stored results. ``make runs`` calls this; ``ONLY=name`` picks one experiment."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from attncourse import experiments


def main(
    only: Annotated[str, typer.Option(help="one experiment; all, if left out")] = "",
    fresh: Annotated[bool, typer.Option(help="measure again what is kept already")] = False,
    jobs: Annotated[
        int, typer.Option(min=1, help="trainings at a time, each on one core")
    ] = os.cpu_count() or 1,
) -> None:
    """Run what is not kept yet; what is kept stays, however often this is interrupted."""
    known = experiments.known()
    if only and only not in known:
        raise SystemExit(f"no experiment is called {only!r}; known: {', '.join(known)}.")
    for name, experiment in known.items():
        if only in ("", name):
            try:
                experiments.run(
                    experiment, fresh=fresh, jobs=jobs, say=lambda text: print(text, flush=True)
                )
            except experiments.StaleResults as error:
                raise SystemExit(str(error)) from None


if __name__ == "__main__":
    typer.run(main)
