from __future__ import annotations

import base64
import io
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

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


def test_a_figure_too_wide_for_a_phone_is_refused():
    with pytest.raises(ValueError, match=r"width=5\.5.*does not fit a phone.*rows="):
        figures.new(5.5)


def test_a_logarithmic_axis_has_no_raised_digits():
    """They would be the smallest letters, and make a phone scroll the plot."""
    fig, ax = figures.new()
    ax.semilogy([1, 2], [0.001, 10_000])
    fig.canvas.draw()
    labels = [text.get_text() for text in ax.get_yticklabels()]
    assert labels
    assert not any("^" in label for label in labels), labels


def test_two_builds_are_equal_and_two_figures_share_no_id():
    assert drawn() == drawn()
    ids = [set(re.findall(r'id="(m[0-9a-f]+|p[0-9a-f]+)"', drawn(alt=a))) for a in ("one", "two")]
    assert ids[0]
    assert not ids[0] & ids[1]


def test_places_are_written_to_a_hundredth_of_a_point():
    fig, ax = figures.new()
    ax.plot(np.linspace(0, np.pi, 300), np.sin(np.linspace(0, 7, 300)))
    drawn = figures.show(fig, alt="a wave").data
    places = [n for d in re.findall(r' (?:d|x|y)="([^"]*)"', drawn) for n in d.split() if "." in n]
    assert len(places) > 60
    assert max(len(n.partition(".")[2]) for n in places) == 2


def pixels(image):
    return np.asarray(Image.open(io.BytesIO(image)).convert("RGBA"))


@pytest.mark.parametrize("kind", ["grey", "veiled", "coloured"])
def test_an_image_in_a_figure_keeps_its_pixels_in_fewer_bytes(kind, monkeypatch):
    rng = np.random.default_rng(0)
    image = {
        "grey": np.add.outer(np.arange(40), np.arange(60)) % 9,
        "veiled": np.ma.masked_less(rng.integers(0, 9, (40, 60)), 4),
        "coloured": rng.random((40, 60, 3)),
    }[kind]
    seen = []
    shorter = figures._with_palette
    monkeypatch.setattr(figures, "_with_palette", lambda m: seen.append(m[0]) or shorter(m))
    fig, ax = figures.new()
    ax.imshow(image, interpolation="none")
    data = figures.show(fig, alt="a map").data
    (after,) = (base64.b64decode(b) for b in re.findall(r'image/png;base64,([^"]+)"', data))
    (before,) = map(base64.b64decode, seen)
    np.testing.assert_array_equal(pixels(after), pixels(before))
    # More than 256 colours have no palette.
    assert (len(after) < len(before)) == (kind != "coloured")


@pytest.mark.parametrize("name", ["INK", "MUTED", "CELL"])
def test_an_image_that_a_dark_page_would_swallow_is_refused(name):
    veil = np.empty((6, 9, 4))
    veil[..., :3], veil[..., 3] = to_rgb(getattr(figures, name)), 0.9
    fig, ax = figures.new()
    ax.imshow(veil, interpolation="none")
    if name == "INK":
        with pytest.raises(ValueError, match=r"dark page.*figures.MUTED"):
            figures.show(fig, alt="a veil")
    else:
        assert "image/png" in figures.show(fig, alt="a veil").data


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


def test_an_array_is_drawn_to_scale_with_its_name_and_shape():
    _, ax = figures.new()
    figures.array(ax, (2, 10), np.arange(6.0).reshape(2, 3), "K")
    (mesh,) = ax.collections
    (left, top), (right, bottom) = mesh.get_datalim(ax.transData).get_points()
    assert (left, top, right, bottom) == (2, 10, 5, 12)
    assert [text.get_text() for text in ax.texts] == ["K", "2 × 3"]
    faint, *_, strong = mesh.get_array().reshape(-1, 4)[:, 3]
    assert faint < 0.1
    assert strong == pytest.approx(0.8)
    with pytest.raises(ValueError, match=r"matrix \(rows, cols\), got shape \(3,\)"):
        figures.array(ax, (0, 0), np.ones(3), "v")


def test_an_array_of_equal_entries_is_drawn_faint():
    _, ax = figures.new()
    figures.array(ax, (0, 0), np.ones((2, 2)), "ones")
    (mesh,) = ax.collections
    assert mesh.get_array()[..., 3].max() < 0.1


def test_a_ribbon_joins_its_ends_and_keeps_its_thickness():
    _, ax = figures.new()
    figures.ribbon(ax, (1, 0), (3, 10), 0.5, color=figures.KEY)
    (band,) = ax.collections
    points = band.get_paths()[0].vertices
    for x, middle in ((1, 0), (2, 5), (3, 10)):
        near = points[np.abs(points[:, 0] - x) < 0.02]
        assert near[:, 1].mean() == pytest.approx(middle, abs=0.2)
    at_start = points[points[:, 0] == 1][:, 1]
    assert (at_start.min(), at_start.max()) == (-0.25, 0.25)
