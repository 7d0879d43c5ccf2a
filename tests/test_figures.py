from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from attncourse import figures


def drawn(alt="a line that rises", **kw):
    fig, ax = figures.new()
    ax.plot([1, 2, 3], [1, 4, 9], label="squares")
    ax.set(xlabel="n", ylabel="n²")
    ax.legend()
    return figures.show(fig, alt=alt, **kw).data


def test_ink_and_series_follow_the_page():
    svg = drawn()
    assert figures.INK not in svg
    assert "currentColor" in svg
    assert "var(--att-blue, #0072b2)" in svg
    assert set(re.findall(r"font-family: ([^;\"]+)", svg)) == {"inherit"}


def test_the_text_alternative_is_required_and_escaped():
    svg = drawn(alt='a < b & "c"')
    root = ET.fromstring(svg[svg.index("<svg") : svg.index("</svg>") + 6])
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == 'a < b & "c"'
    fig, _ = figures.new()
    with pytest.raises(ValueError, match="text alternative"):
        figures.show(fig, alt="  ")


def test_two_builds_are_equal_and_two_figures_share_no_id():
    assert drawn() == drawn()
    ids = [set(re.findall(r'id="(m[0-9a-f]+|p[0-9a-f]+)"', drawn(alt=a))) for a in ("one", "two")]
    assert ids[0]
    assert not ids[0] & ids[1]


def test_heatmap_refuses_what_it_cannot_draw():
    _, ax = figures.new()
    with pytest.raises(ValueError, match=r"matrix \(rows, cols\), got shape \(3,\)"):
        figures.heatmap(ax, np.ones(3))
    with pytest.raises(ValueError, match="minimum of -1"):
        figures.heatmap(ax, -np.ones((2, 3)))
    with pytest.raises(ValueError, match="cols needs 3 labels, got 2"):
        figures.heatmap(ax, np.ones((2, 3)), cols=["a", "b"])


def test_heatmap_writes_the_numbers_it_shows():
    fig, ax = figures.new()
    figures.heatmap(ax, np.array([[0.25, 0.75], [1.0, 0.0]]), rows=["a", "b"], cols=["c", "d"])
    svg = figures.show(fig, alt="weights").data
    assert re.findall(r">(\d\.\d\d)</text>", svg) == ["0.25", "0.75", "1.00", "0.00"]
