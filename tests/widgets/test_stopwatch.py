"""The stopwatch of pages: a stretch is shortened by as much as the core is slow, never lengthened."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.widgets.pages import REFERENCE, REFERENCE_MS, stopwatch


class Page:
    """A page whose core is some times as slow, and on which time passes only by work."""

    def __init__(self, slow: float):
        self.slow, self.now = slow, 0.0
        self.context = SimpleNamespace(new_cdp_session=lambda page: self)

    def send(self, name, options=None):
        return {"metrics": [{"name": "TaskDuration", "value": self.now / 1000}]}

    def evaluate(self, script):
        assert script == REFERENCE
        self.work(REFERENCE_MS)

    def work(self, idle_ms: float):
        self.now += self.slow * idle_ms


@pytest.mark.parametrize(("slow", "told"), [(1, 60), (2.5, 60), (0.5, 30)])
def test_what_a_page_spends_is_told_as_of_an_idle_core(slow, told):
    page = Page(slow)
    spent = stopwatch(page)
    before = spent()
    page.work(60)
    assert spent() - before == pytest.approx(told)


def test_the_reference_itself_is_not_counted():
    spent = stopwatch(Page(3))
    assert [spent(), spent()] == pytest.approx([0, 0])


def test_a_core_that_slows_down_meanwhile_counts_by_the_mean_of_both_ends():
    page = Page(1)
    spent = stopwatch(page)
    before = spent()
    page.slow = 3
    page.work(20)
    assert spent() - before == pytest.approx(3 * 20 / 2)
