"""Pages for a browser that need no network: escaped, without scripts, loading nothing."""

from __future__ import annotations

import functools
from typing import Any

from attncourse.grading.records import rounded


@functools.cache
def _environment() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("attncourse.grading"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["points"] = rounded
    made.filters["breaks"] = _breaks
    return made


def _breaks(name: str) -> Any:
    """A function's name that a narrow column may break behind an underscore, and nowhere else."""
    from markupsafe import Markup, escape

    return Markup(escape(name).replace("_", Markup("_<wbr>")))


def render(name: str, **values: Any) -> str:
    """Fill in the template of this name; what stands in ``values`` is escaped."""
    return _environment().get_template(f"{name}.html.j2").render(**values)


def bars(values: Any, title: str, unit: float) -> Any:
    """Draw a bar chart that stands in the page itself.

    Parameters
    ----------
    values
        Pairs of a name and a number.
    title
        What the bars show.
    unit
        What the numbers are multiplied by to be read: 100 for per cent.
    """
    from markupsafe import Markup

    wide, high, label = 560, 22, 190
    largest = max((value for _, value in values), default=0) or 1
    height = high * len(values) + 24
    marks = [Markup('<text x="0" y="14">{}</text>').format(title)]
    row = Markup(
        '<text x="{left}" y="{y}" text-anchor="end">{name}</text>'
        '<rect class="bar" x="{label}" y="{top}" width="{length}" height="14"></rect>'
        '<text x="{end}" y="{y}">{number}</text>'
    )
    for i, (name, value) in enumerate(values):
        length = round((wide - label - 50) * value / largest, 1)
        top = 25 + i * high
        marks.append(
            row.format(
                left=label - 8, y=top + 11, name=name, label=label, top=top, length=length,
                end=label + length + 6, number=round(unit * value),
            )
        )  # fmt: skip
    told = "; ".join(f"{name}: {round(unit * value)}" for name, value in values)
    picture = Markup(
        '<svg role="img" viewBox="0 0 {w} {h}" width="{w}" height="{h}" '
        'aria-label="{title}. {told}">{marks}</svg>'
    )
    return picture.format(w=wide, h=height, title=title, told=told, marks=Markup("").join(marks))
