"""What every widget needs: a class with one state and two homes, checks, the front-end's parts.

:mod:`attncourse.widgets.kit.base` says what a widget consists of and how to add one. The Python
side stands in this folder's ``.py`` files, the front-end's in its ``.js`` files and ``kit.css``.
"""

from attncourse.widgets.kit.base import CourseWidget, Look, Setting, State
from attncourse.widgets.kit.checks import (
    array,
    booleans,
    bound,
    choice,
    grid,
    number,
    optional,
    some_of,
    vectors,
    whole,
    words,
)
from attncourse.widgets.kit.front_end import module, style
from attncourse.widgets.kit.heavy import Heavy
from attncourse.widgets.kit.html import share_once, table
from attncourse.widgets.kit.rows import pinned

__all__ = [
    "CourseWidget",
    "Heavy",
    "Look",
    "Setting",
    "State",
    "array",
    "booleans",
    "bound",
    "choice",
    "grid",
    "module",
    "number",
    "optional",
    "pinned",
    "share_once",
    "some_of",
    "style",
    "table",
    "vectors",
    "whole",
    "words",
]
