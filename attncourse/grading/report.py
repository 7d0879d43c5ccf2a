"""Show a result record: a table in the terminal, a table in a notebook, plain text elsewhere."""

from __future__ import annotations

import html
import re

from attncourse.grading.checks import plain_text
from attncourse.grading.records import CheckResult, QuestionResult, Record

_MARK = {"passed": "✓", "wrong": "✗", "not started": "○", "over": "✗"}
#: How a question stands, in words.
SAYS = {
    "passed": "right",
    "wrong": "not right yet",
    "error": "stops with an error",
    "over": "ended early",
    "undefined": "not found",
    "ready-made": "ready-made",
    "not started": "not started",
}


def _status(q: QuestionResult) -> str:
    """How a question stands; of one not started, why it counts as that."""
    return plain_text(q.message) if q.status == "not started" else SAYS[q.status]


def print_record(record: Record) -> None:
    """Print a record to the terminal."""
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    width = min(console.width, 92)
    table = Table(title=f"{record.exercise}", title_justify="left", box=None, pad_edge=False)
    table.add_column("question", no_wrap=True)
    table.add_column("points", justify="right", no_wrap=True)
    table.add_column("status")  # the one column that may take another line
    colours = {"passed": "green", "not started": "dim"}
    for q in record.questions:
        style = colours.get(q.status, "red")
        table.add_row(
            Text(q.question),
            f"{q.earned}/{q.points}",
            Text(f"{_MARK.get(q.status, '✗')} {_status(q)}", style=style),
        )
    table.add_row(Text("total", style="bold"), Text(f"{record.earned}/{record.points}", "bold"), "")
    console.print(table)
    for note in record.notes:
        console.print(Text(f"\n{plain_text(note, 1000)}", style="yellow"))
    for q in record.questions:
        if q.status in {"passed", "not started"}:
            continue
        console.print(Text(f"\n{q.question}", style="bold"))
        for head, body in _findings(q):
            said = Text(plain_text(f"✗ {head}", 1000), style="red")
            console.print(Padding(said, (0, 0, 0, 2)), width=width)
            for line in body:
                console.print(Padding(Text(plain_text(line, 2000)), (0, 0, 0, 4)), width=width)
    for flag in record.flags:
        console.print(Text(f"\nTo be looked at: {plain_text(flag, 400)}", style="yellow"))
    if record.started:
        console.print(Text(f"\n--seed {record.seed} repeats this run", style="dim"))


def _findings(q: QuestionResult) -> list[tuple[str, list[str]]]:
    """What failed, each message once: several checks often find the same mistake."""
    groups: dict[str, list[CheckResult]] = {}
    for c in q.checks:
        if c.status != "passed":
            # The same error at other sizes is the same error.
            key = re.sub(r"\d+", "#", c.message) if c.bug == "exception" else c.message
            groups.setdefault(key, []).append(c)
    found = []
    for checks in groups.values():
        first = checks[0]
        lost = sum(c.points for c in checks)
        head = f"{first.says} ({_points(-lost)})"
        if len(checks) == len(q.checks):
            head = f"All checks ({_points(-lost)})"
        elif len(checks) > 1:
            more = len(checks) - 1
            head = f"{first.says} · and {more} more check{'s'[: more > 1]} ({_points(-lost)})"
        body = [first.message]
        # Of checks that say the same, one may have met NaN or another shape and measured nothing.
        if facts := next((c.facts for c in checks if c.facts), ""):
            body.append(facts)
        if not first.recognised:
            body.append(f"Hint: {first.hint}")
        found.append((head, body))
    return found


def _points(n: int) -> str:
    return f"{n:+d} point{'s' if abs(n) != 1 else ''}".replace("-", "−")


_CELL = "padding:.25em .75em .25em 0;text-align:left;vertical-align:top;border:0;white-space:normal"
_NUMBER = _CELL.replace("text-align:left", "text-align:right") + ";white-space:nowrap"


class Report:
    """The outcome of ``check(...)``: shows itself as a table, or as text where there is no HTML."""

    def __init__(self, record: Record, hidden: int, warning: str = ""):
        self.record, self.hidden, self.warning = record, hidden, warning

    @property
    def result(self) -> QuestionResult:
        """The one question's result."""
        return self.record.questions[0]

    def __repr__(self) -> str:
        q = self.result
        if q.status == "not started":
            return f"○ {q.question}: {_status(q)} ({q.points} points to win here)"
        lines = [f"{_MARK.get(q.status, '✗')} {q.question}: {q.earned} of {q.points} points"]
        for c in q.checks:
            off = f"  (off by {c.largest})" if c.largest else ""
            lines.append(f"  {_MARK.get(c.status, '✗')} {c.earned}/{c.points}  {c.says}{off}")
        for _, body in _findings(q):
            lines += ["", *(f"  {line}" for line in body)]
        return "\n".join([*lines, "", self._next()] if self._next() else lines)

    def _next(self) -> str:
        if self.warning:
            return self.warning
        if self.result.status == "passed" and self.hidden:
            noun = "point waits" if self.hidden == 1 else "points wait"
            command = f"attncourse check {self.record.exercise}.ipynb"
            return f"{self.hidden} more {noun} in the terminal: {command}"
        return ""

    def _repr_html_(self) -> str:
        q = self.result
        if q.status == "not started":
            return (
                f'<div class="att-check" style="margin:.5em 0">○ <code>{_esc(q.question)}</code>: '
                f"{_esc(_status(q))}. {q.points} points to win here.</div>"
            )
        head = "All right" if q.status == "passed" else SAYS[q.status].capitalize()
        differs = any(c.largest for c in q.checks)
        rows = "".join(
            f'<tr style="background:none"><td style="{_CELL}">{_MARK.get(c.status, "✗")}'
            f"{_unseen(SAYS[c.status])}</td>"
            f'<th scope="row" style="{_CELL};font-weight:normal">{_esc(c.says)}</th>'
            f'<td style="{_NUMBER}">{c.earned}/{c.points}</td>'
            + (f'<td style="{_NUMBER}">{_esc(c.largest)}</td>' if differs else "")
            + "</tr>"
            for c in q.checks
        )
        said = "".join(
            '<div style="margin:.5em 0 0;padding:.1em 0 .1em .8em;border-left:3px solid">'
            + "<br>".join(_esc(line) for line in body)
            + "</div>"
            for _, body in _findings(q)
        )
        after = f'<p style="margin:.5em 0 0">{_esc(self._next())}</p>' if self._next() else ""
        return (
            '<div class="att-check" style="margin:.5em 0;max-width:44em;position:relative;'
            'overflow-x:clip">'
            f'<table style="border-collapse:collapse;border:0;margin:0;font-size:inherit">'
            f'<caption style="text-align:left;caption-side:top;color:inherit;padding:0 0 .25em">'
            f"<strong><code>{_esc(q.question)}</code> · {q.earned} of {q.points} points</strong>"
            f" · {_esc(head)}</caption>"
            f'<thead><tr><th scope="col" style="{_CELL}">{_unseen("Result")}</th>'
            f'<th scope="col" style="{_CELL}">What is checked</th>'
            f'<th scope="col" style="{_NUMBER}">Points</th>'
            + (f'<th scope="col" style="{_NUMBER}">Largest difference</th>' if differs else "")
            + "</tr></thead>"
            f"<tbody>{rows}</tbody></table>{said}{after}</div>"
        )


def _unseen(text: str) -> str:
    """Text for a screen reader, where a sign says it to the eye."""
    return f'<span style="position:absolute;left:-99em">{_esc(text)}</span>'


def _esc(text: str) -> str:
    return html.escape(text, quote=True)
