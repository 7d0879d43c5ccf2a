"""Show progress over the course: a table in the terminal, a page for a browser."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from attncourse.grading.checks import plain_text


def print_progress(records: Sequence[dict[str, Any]]) -> None:
    """Print the best result of every question, exercise by exercise."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from attncourse.grading import exercises

    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False)
    for name in ("exercise", "question"):
        table.add_column(name, no_wrap=True)
    table.add_column("best", justify="right", no_wrap=True)
    table.add_column("reached", no_wrap=True)
    table.add_column("tries", justify="right", no_wrap=True)
    reading: dict[str, list[str]] = {}
    for name in exercises.names():
        exercise, total = exercises.load(name), 0
        rows = []
        for question in exercise.questions:
            best, when, tries = best_of(records, name, question.name)
            total += best
            full = best == question.points()
            style = "green" if full else "default" if tries else "dim"
            if tries and not full and question.read:
                reading.setdefault(question.read, []).append(question.name)
            score = f"{best}/{question.points()}"
            rows.append((Text(question.name, style), score, when, str(tries)))
        table.add_row(Text(name, "bold"), "", f"{total}/{exercise.points()}", "", "")
        for row in rows:
            table.add_row("", *row)
    console.print(table)
    # Below the table: beside it, a page's name does not fit into a narrow terminal.
    if reading:
        console.print("\nread next")
    for page, names in reading.items():
        console.print(Text(f"  {page}: {', '.join(names)}"))


def progress_page(records: Sequence[dict[str, Any]]) -> str:
    """Give a page with the best result of every question, and what to read where points miss."""
    from attncourse.grading import exercises
    from attncourse.grading.html import bars, render

    parts: list[dict[str, Any]] = []
    for exercise in map(exercises.load, exercises.names()):
        questions: list[dict[str, Any]] = []
        for question in exercise.questions:
            best, when, tries = best_of(records, exercise.name, question.name)
            told = (
                plain_text(result.get("message", ""))
                for record in reversed(records)
                if record["exercise"] == exercise.name
                for result in record["questions"]
                if result["question"] == question.name and result.get("status") != "not started"
            )
            questions.append(
                {
                    "name": question.name,
                    "best": best,
                    "most": question.points(),
                    "when": when,
                    "tries": tries,
                    "read": question.read,
                    "said": next(told, ""),
                }
            )
        earned = sum(question["best"] for question in questions)
        most = exercise.points()
        parts.append(
            {"name": exercise.name, "earned": earned, "most": most, "questions": questions}
        )
    shares = [(part["name"], part["earned"] / part["most"]) for part in parts]
    return render(
        "progress",
        parts=parts,
        earned=sum(part["earned"] for part in parts),
        most=sum(part["most"] for part in parts),
        chart=bars(shares, "Points, in per cent", 100),
    )


def best_of(
    records: Sequence[dict[str, Any]], exercise: str, question: str
) -> tuple[int, str, int]:
    """Most points had, the day on which they were first reached, and the number of tries."""
    best, when, tries = 0, "", 0
    for record in records:
        if record["exercise"] != exercise:
            continue
        for result in record["questions"]:
            if result["question"] == question and result.get("status") != "not started":
                tries += 1
                if result["earned"] > best:
                    best = result["earned"]
                    when = f"{datetime.fromisoformat(record['when']).astimezone():%Y-%m-%d}"
    return best, when, tries
