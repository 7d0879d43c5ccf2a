"""The instructor's commands: grade a class, again too; what is alike; the archive of a class."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

# What a command needs is imported inside it, so that --help answers at once.

_NO_BOX = 5
_USAGE = 2

Submissions = Annotated[Path, typer.Argument(help="Folder of the submissions.", show_default=False)]
Out = Annotated[Path, typer.Option("--out", help="Folder of the grades.", show_default=False)]
Jobs = Annotated[
    int | None, typer.Option(min=1, help="So many at a time.", show_default="one a processor")
]
Dask = Annotated[str | None, typer.Option(help="Address of a Dask scheduler that shares the work.")]
Box = Annotated[
    bool, typer.Option("--box/--no-box", help="Run the notebooks without network and files.")
]
Rules = Annotated[
    Path | None, typer.Option("--policy", help="TOML file: deadlines, lateness, attempts.")
]
Times = Annotated[
    Path | None,
    typer.Option(help="Table file,submitted, where the files' own times are not right."),
]
Roster = Annotated[
    Path | None, typer.Option(help="List of learners: a gradebook of Canvas or Moodle as CSV.")
]
Overlay = Annotated[Path | None, typer.Option(help="Folder with checks of your own.")]


def grade(
    submissions: Submissions,
    out: Out,
    exercise: Annotated[
        str | None, typer.Option(help="All are this exercise; else each notebook says which it is.")
    ] = None,
    policy: Rules = None,
    times: Times = None,
    roster: Roster = None,
    overlay: Overlay = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="For a new folder of grades.", show_default="drawn")
    ] = None,
    jobs: Jobs = None,
    dask: Dask = None,
    box: Box = True,
) -> None:
    """Grade a class. Begun again after a stop, it goes on where it was.

    Writes scores.csv, a feedback page for each learner, summary.html, and exports for Canvas,
    Moodle and Gradescope. A line in overrides.csv (learner,exercise,question,points,reason) there
    changes points by hand, and stays.
    """
    _class_run(
        submissions, out, None, exercise=exercise, policy=policy, times=times, roster=roster,
        overlay=overlay, seed=seed, jobs=jobs, dask=dask, box=box,
    )  # fmt: skip


def regrade(
    submissions: Submissions,
    out: Out,
    learner: Annotated[
        list[str] | None, typer.Option(help="Only this learner. May be given again.")
    ] = None,
    exercise: Annotated[str | None, typer.Option(help="All are this exercise.")] = None,
    policy: Rules = None,
    times: Times = None,
    roster: Roster = None,
    overlay: Overlay = None,
    jobs: Jobs = None,
    dask: Dask = None,
    box: Box = True,
) -> None:
    """Grade again what was graded, with the same input. Changes made by hand stay."""
    _class_run(
        submissions, out, learner or [], exercise=exercise, policy=policy, times=times,
        roster=roster, overlay=overlay, seed=None, jobs=jobs, dask=dask, box=box,
    )  # fmt: skip


def similar(
    submissions: Submissions,
    out: Annotated[Path, typer.Option(help="Table to write.")] = Path("similar.csv"),
    least: Annotated[float, typer.Option(min=0, max=1, help="Least share in common.")] = 0.8,
) -> None:
    """List answers that are alike, for a person to look at. Right short answers often are."""
    from attncourse.grading.classroom import hand_ins
    from attncourse.grading.classroom.similar import alike, write

    with _told():
        pairs = alike(hand_ins.find(submissions), least)
        write(out, pairs)
    noun = "pair" if len(pairs) == 1 else "pairs"
    typer.echo(plain(f"{len(pairs)} {noun} in {out}"))


def release(
    names: Annotated[
        list[str] | None, typer.Argument(help="Exercises; all if none is named.")
    ] = None,
    out: Annotated[Path, typer.Option(help="The archive to write.")] = Path("exercises.zip"),
    sources: Annotated[Path, typer.Option(help="Folder of the solutions.")] = Path("solutions"),
) -> None:
    """Make the archive for a class: exercises with neither solutions nor hidden checks."""
    from attncourse.grading.classroom.release import release as make

    with _told():
        for name in make(sources, out, names or ()):
            typer.echo(plain(name))
    typer.echo(plain(f"wrote {out}"))


def _class_run(
    submissions: Path, out: Path, again: list[str] | None, *, box: bool, **options: Any
) -> None:
    """Grade what is to be graded, then write everything that follows from the records."""
    from attncourse.grading.box import require
    from attncourse.grading.classroom import course

    with _told():
        if box:
            require()
        with _progress() as step:
            done, summary = course.run(submissions, out, again, boxed=box, step=step, **options)
    typer.echo(plain(f"graded {done}; {summary}"))
    typer.echo(plain(f"{out / 'scores.csv'} · {out / 'summary.html'} · {out / 'feedback'}"))


@contextlib.contextmanager
def _progress() -> Iterator[Any]:
    """A bar with the time that is left; nothing where nobody looks."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("grading"), BarColumn(), MofNCompleteColumn(), TextColumn("left"),
        TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("grading", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Bad input ends in one sentence and an exit code."""
    from attncourse.grading.box import NoBox
    from attncourse.grading.classroom import course

    try:
        yield
    except NoBox as error:
        stop(str(error), _NO_BOX)
    except course.BAD as error:
        stop(str(error.args[0] if error.args else error), _USAGE)
    except OSError as error:
        stop(f"{error.filename or ''}: {error.strerror or error}.", _USAGE)


def plain(text: str) -> str:
    """Text made safe for a terminal."""
    from attncourse.grading.checks import plain_text

    return plain_text(text, 1000)


def stop(message: str, code: int) -> NoReturn:
    """Say what is wrong, and end with this exit code."""
    typer.echo(plain(message), err=True)
    raise typer.Exit(code)


COMMANDS = (grade, regrade, similar, release)
