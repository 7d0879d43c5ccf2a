"""Every widget does what every widget must, and a widget that does not is refused.

A new widget is found by itself: nothing here is to be changed for it.
"""

import pytest

from attncourse.widgets import CourseWidget
from tests.widgets import deficient, requirements
from tests.widgets.pages import every_widget


@pytest.fixture
def visit(chromium_page, tmp_path):
    return requirements.Visit(chromium_page, tmp_path)


def test_widgets_are_found():
    names = {kind.__name__ for kind in every_widget()}
    assert {"AttentionPlane", "ScoreScaling"} <= names
    assert not any(kind.__module__.startswith("tests.") for kind in every_widget())


@pytest.mark.parametrize("kind", every_widget(), ids=lambda kind: kind.__name__)
def test_a_widget_does_all_that_widgets_do(kind, visit):
    for requirement in requirements.ALL:
        requirement(kind, visit)


@pytest.mark.parametrize(
    ("requirement", "kind", "says"),
    deficient.CASES,
    ids=lambda given: getattr(given, "__name__", ""),
)
def test_a_widget_that_lacks_a_part_is_refused(requirement, kind, says, visit, chromium_page):
    """Each of these is a good widget but for one thing, which one requirement notices."""
    with pytest.raises((AssertionError, NotImplementedError, TypeError, ValueError), match=says):
        requirement(kind, visit)
    for page in visit.pages():
        page.problems.clear()


def test_every_requirement_has_refused_something():
    used = {requirement for requirement, _, _ in deficient.CASES}
    assert used == set(requirements.ALL)


def test_a_widget_without_anything_is_told_what_it_needs():
    class Bare(CourseWidget):
        pass

    for call, needs in [
        (Bare()._repr_html_, "Bare needs fallback_html"),
        (Bare().compute, "Bare needs compute"),
        (lambda: Bare.random(None), "Bare needs random"),
    ]:
        with pytest.raises(NotImplementedError, match=needs):
            call()
