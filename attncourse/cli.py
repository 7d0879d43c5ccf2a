"""The ``attncourse`` command: check an exercise, see progress, generate exercises, fetch data."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from attncourse import cli_class
from attncourse.cli_class import plain, stop

# What a command needs is imported inside it, so that --help answers at once.

#: Whatever is wrong with the arguments. Typer exports its children only.
_UsageError: Any = typer.BadParameter.__base__


class _Group(TyperGroup):
    """Commands whose complaints about their arguments are safe to print.

    A file's name may hold whatever its author wanted, terminal escapes included, and
    ``attncourse check *.ipynb`` puts it into such a complaint.
    """

    @contextlib.contextmanager
    def _clean(self) -> Iterator[None]:
        try:
            yield
        except _UsageError as error:
            raise _UsageError(plain(error.format_message()), ctx=error.ctx) from None

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        with self._clean():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: Any) -> Any:
        with self._clean():
            return super().invoke(ctx)


app = typer.Typer(
    cls=_Group,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    help="Exercises and data of an open course on the attention mechanism.",
)


for command in cli_class.COMMANDS:
    app.command()(command)


class Exit(IntEnum):
    """Exit codes of ``attncourse check``. Scripts may rely on them."""

    ALL_POINTS = 0
    POINTS_MISSING = 1
    USAGE = 2
    NOT_A_NOTEBOOK = 3
    NO_ANSWERS = 4
    NO_BOX = 5


_CODES = """
Exit codes: [bold]0[/] all points. [bold]1[/] something is wrong or not started.
[bold]2[/] bad usage, or no such file. [bold]3[/] not a readable notebook.
[bold]4[/] no answers found, or an unknown exercise or question. [bold]5[/] no box on this machine.
"""


@app.command(epilog=_CODES)
def check(
    file: Annotated[Path, typer.Argument(help="The exercise notebook.", show_default=False)],
    question: Annotated[
        list[str] | None,
        typer.Option("--question", "-q", help="Only this question. May be given again."),
    ] = None,
    exercise: Annotated[
        str | None, typer.Option(help="The exercise, if the notebook does not make it plain.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Repeat a run with its input.", show_default="random")
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the result record here.")
    ] = None,
    box: Annotated[
        bool, typer.Option("--box/--no-box", help="Run the notebook without network and files.")
    ] = False,
    record: Annotated[
        bool, typer.Option("--record/--no-record", help="Remember the result as progress.")
    ] = True,
) -> None:
    """Check an exercise: points for each question, and what went wrong."""
    from attncourse.grading import progress
    from attncourse.grading.box import NoBox, require
    from attncourse.grading.reading import NotANotebook
    from attncourse.grading.report import print_record
    from attncourse.grading.session import UnknownExercise, grade

    if not file.is_file():
        what = "a folder, not a notebook" if file.is_dir() else "no such file"
        stop(f"{file}: {what}.", Exit.USAGE)
    if json_file is not None and json_file.resolve().suffix.lower() == ".ipynb":
        stop(f"{json_file} is the name of a notebook; name another file.", Exit.USAGE)
    try:
        if box:
            require()
        result = grade(
            file.resolve(), exercise=exercise, questions=question or (), seed=seed, boxed=box
        )
    except NotANotebook as error:
        stop(str(error), Exit.NOT_A_NOTEBOOK)
    except (UnknownExercise, KeyError) as error:
        stop(str(error.args[0]), Exit.NO_ANSWERS)
    except NoBox as error:
        stop(str(error), Exit.NO_BOX)
    except OSError as error:
        stop(f"{file}: {error.strerror or error}.", Exit.USAGE)
    print_record(result)
    if record and result.started and (warning := progress.remember(result)):
        typer.echo(plain(warning), err=True)
    if json_file is not None:
        try:
            json_file.write_text(json.dumps(result.as_json(), indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            stop(f"{json_file}: {error.strerror or error}.", Exit.USAGE)
    full = result.earned == result.points
    raise typer.Exit(Exit.ALL_POINTS if full else Exit.POINTS_MISSING)


@app.command("box")
def show_box() -> None:
    """Say what a box on this machine holds back; exit with 5 if something is missing."""
    from attncourse.grading.box import NoBox, in_force

    try:
        found = in_force()
    except NoBox as error:
        stop(str(error), Exit.NO_BOX)
    for what, holds in found.items():
        typer.echo(f"{'yes' if holds else 'NO '}  {what}")
    raise typer.Exit(0 if all(found.values()) else int(Exit.NO_BOX))


@app.command()
def progress(
    html: Annotated[Path | None, typer.Option(help="Write it as a page, too.")] = None,
) -> None:
    """Show what is done: points and dates, exercise by exercise, and what to read next."""
    from attncourse.grading import progress as book
    from attncourse.grading.progress_report import print_progress, progress_page

    records, warning = book.load()
    if warning:
        typer.echo(plain(warning), err=True)
    print_progress(records)
    if html is not None:
        try:
            html.write_text(progress_page(records), encoding="utf-8")
        except OSError as error:
            stop(f"{html}: {error.strerror or error}.", Exit.USAGE)
        typer.echo(plain(f"wrote {html}"))


@app.command()
def exercises(
    sources: Annotated[Path, typer.Option(help="Folder of the solutions.")] = Path("solutions"),
    out: Annotated[Path | None, typer.Option(help="Folder to write into.")] = None,
    for_class: Annotated[
        bool, typer.Option("--class", help="Leave the solutions out; needs --out.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 if a file is out of date.")
    ] = False,
) -> None:
    """Write the exercises from the solutions (for authors and instructors)."""
    from attncourse.grading.generate import BadSource, drifted, write_all

    if for_class and out is None:
        stop("--class needs --out FOLDER, so that the self-study version stays.", Exit.USAGE)
    target = out or Path("exercises")
    try:
        if verify:
            if names := drifted(sources, target):
                stop(f"out of date: {', '.join(names)}. Run: attncourse exercises", Exit(1))
            return
        for path in write_all(sources, target, solutions=not for_class):
            typer.echo(plain(f"wrote {path}"))
    except (BadSource, KeyError) as error:
        stop(str(error.args[0]), Exit.USAGE)


@app.command()
def data(
    models: Annotated[
        bool, typer.Option("--models", help="The published models as well (267 MB).")
    ] = False,
) -> None:
    """Fetch every data set of the course, verified by hash."""
    from attncourse.data import DataError, fetch_all

    try:
        fetch_all()
        if models:
            from attncourse.models.archives import ARCHIVES, say

            fetch_all(say, ARCHIVES)
    except DataError as error:
        stop(str(error), 1)


if __name__ == "__main__":
    app()
