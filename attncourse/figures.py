"""Figures that a page can carry in light and in dark, on a desk and on a phone.

:func:`show` turns a matplotlib figure into inline SVG whose ink is the page's own text colour and
whose series colours are CSS custom properties, so that one figure serves both modes. It insists on
a text alternative. Label axes in plain Unicode (``"1/√d"``): text stays text, in the page's font.
"""

from __future__ import annotations

import base64
import html
import io
import re
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from IPython.display import HTML
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

INK = "#1b1f24"
MUTED = "#7a808a"
#: Okabe and Ito's palette, which readers with any colour vision can tell apart.
PALETTE = {
    "blue": "#0072b2",
    "vermillion": "#d55e00",
    "green": "#009e73",
    "purple": "#cc79a7",
    "orange": "#e69f00",
    "sky": "#56b4e9",
}
#: What the course draws in which colour, everywhere.
QUERY, KEY, VALUE = PALETTE["blue"], PALETTE["vermillion"], PALETTE["green"]
#: Cells of a heat map. No page lightens it, since numbers are written over it.
CELL = "#0b6cab"

#: Inches that a phone of 390 pixels shows whole, with letters of at least 11 pixels.
WIDEST = 5.4

_STYLE = {
    "svg.fonttype": "none",
    "font.size": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": 12,
    "axes.titlelocation": "left",
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "axes.prop_cycle": cycler(color=list(PALETTE.values())),
    "legend.frameon": False,
    "lines.linewidth": 2,
    "lines.markersize": 6,
    # On a logarithmic axis 0.01 and not 10 with a small raised −2, which a phone shows too small.
    "axes.formatter.min_exponent": 6,
}


def new(width: float = 5.2, height: float = 3.2, rows: int = 1, cols: int = 1):
    """Open a figure in the course's style.

    Parameters
    ----------
    width, height
        Inches. Above :data:`WIDEST` a phone would have to scroll, or read small print.
    rows, cols
        The grid of axes. Two axes below each other (``rows=2``) fit where two side by side do not.

    Returns
    -------
    fig, axes
        As ``plt.subplots`` returns them.

    Raises
    ------
    ValueError
        The figure is too wide for a phone.
    """
    if width > WIDEST:
        raise ValueError(
            f"width={width}: a figure wider than {WIDEST} inches does not fit a phone. Make it "
            "narrower, or put its axes below each other with rows="
        )
    # For the session, not for this call: a legend or a title added later must match.
    plt.rcParams.update(_STYLE)
    return plt.subplots(rows, cols, figsize=(width, height), layout="constrained")


def heatmap(
    ax: Axes,
    weights: np.ndarray,
    *,
    rows: Sequence[str] | None = None,
    cols: Sequence[str] | None = None,
    xlabel: str = "key",
    ylabel: str = "query",
    numbers: bool | None = None,
    vmax: float | None = None,
    color: str = CELL,
    fmt: str = ".2f",
) -> None:
    """Draw a matrix of non-negative numbers as cells that darken towards ``vmax``.

    A cell's colour is laid over the page, so zero is the page itself, in light and dark.

    Parameters
    ----------
    ax
        Where to draw.
    weights
        Shape (rows, cols); row 0 is drawn at the top. NaN is drawn as zero.
    rows, cols
        Tick labels.
    xlabel, ylabel
        Axis labels.
    numbers
        Write each value in its cell; by default where there are at most 64 cells.
    vmax
        The value of the strongest colour; the matrix's largest by default.
    color
        Hue of the cells.
    fmt
        Format of the numbers.

    Raises
    ------
    ValueError
        ``weights`` is not a matrix, has negative entries, or labels do not fit it.
    """
    weights = np.asarray(weights, dtype=float)
    if weights.ndim != 2:
        raise ValueError(f"heatmap draws a matrix (rows, cols), got shape {weights.shape}")
    if np.nanmin(weights) < 0:
        raise ValueError(f"heatmap draws numbers ≥ 0, got a minimum of {np.nanmin(weights):.3g}")
    n_rows, n_cols = weights.shape
    for name, labels, size in (("rows", rows, n_rows), ("cols", cols, n_cols)):
        if labels is not None and len(labels) != size:
            raise ValueError(f"{name} needs {size} labels, got {len(labels)}")
    top = float(vmax if vmax is not None else np.nanmax(weights)) or 1.0
    rgba = np.empty((n_rows, n_cols, 4))
    rgba[..., :3] = to_rgb(color)
    # Above 0.8 the page's ink would no longer stand out from the cell.
    rgba[..., 3] = 0.8 * np.clip(np.nan_to_num(weights) / top, 0, 1)
    if weights.size <= 1600:
        lines = MUTED if weights.size <= 400 else "none"
        across, down = np.arange(n_cols + 1) - 0.5, np.arange(n_rows + 1) - 0.5
        ax.pcolormesh(across, down, rgba, edgecolors=lines, linewidth=0.4)
    else:
        ax.imshow(rgba, aspect="auto", interpolation="nearest")
    ax.set(xlim=(-0.5, n_cols - 0.5), ylim=(n_rows - 0.5, -0.5), xlabel=xlabel, ylabel=ylabel)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    if cols is not None:
        ax.set_xticks(range(n_cols), cols)
    if rows is not None:
        ax.set_yticks(range(n_rows), rows)
    if numbers if numbers is not None else weights.size <= 64:
        for i, j in np.ndindex(n_rows, n_cols):
            ax.text(j, i, format(weights[i, j], fmt), ha="center", va="center", color=INK)


def array(
    ax: Axes, corner: tuple[float, float], values: np.ndarray, name: str, *, color: str = CELL
) -> None:
    """Draw an array to scale: a unit square for each entry, its name above, its shape below.

    Several arrays on one axes show how sizes fit together. Turn the y axis downwards and set
    ``aspect="equal"``.

    Parameters
    ----------
    ax
        Where to draw.
    corner
        x and y of the array's top left corner.
    values
        Shape (rows, cols). The smallest entry is faint, the largest strong.
    name
        Written above it.
    color
        Hue of the squares.

    Raises
    ------
    ValueError
        ``values`` is not a matrix.
    """
    values = np.asarray(values, dtype=float)
    if values.ndim != 2:
        raise ValueError(f"array draws a matrix (rows, cols), got shape {values.shape}")
    n_rows, n_cols = values.shape
    left, top = corner
    # An array of equal entries has no smallest and no largest: it is drawn faint.
    strength = (values - values.min()) / (np.ptp(values) or 1.0)
    rgba = np.empty((n_rows, n_cols, 4))
    rgba[..., :3] = to_rgb(color)
    rgba[..., 3] = 0.05 + 0.75 * strength
    across, down = left + np.arange(n_cols + 1), top + np.arange(n_rows + 1)
    ax.pcolormesh(across, down, rgba, edgecolors=MUTED, linewidth=0.5)
    middle = left + n_cols / 2
    ax.text(middle, top - 0.4, name, ha="center", va="bottom", color=INK)
    size = f"{n_rows} × {n_cols}"
    ax.text(middle, top + n_rows + 0.3, size, ha="center", va="top", color=MUTED)


def ribbon(
    ax: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    thick: float,
    *,
    color: str,
    alpha: float = 0.5,
) -> None:
    """Draw a band of even thickness from one point to another, level at both ends.

    Parameters
    ----------
    ax
        Where to draw.
    start, end
        x and y of the middles of the band's two ends.
    thick
        Its thickness along y, in the axes' units, so that bands can be added up.
    color, alpha
        Hue and opacity.
    """
    (x0, y0), (x1, y1) = start, end
    along = np.linspace(0, 1, 60)
    middle = y0 + (y1 - y0) * along**2 * (3 - 2 * along)
    low, high = middle - thick / 2, middle + thick / 2
    ax.fill_between(x0 + (x1 - x0) * along, low, high, color=color, alpha=alpha, linewidth=0)


def show(fig: Figure, alt: str, caption: str = "") -> HTML:
    """Return the figure as inline SVG with a text alternative, and close it.

    Parameters
    ----------
    fig
        A matplotlib figure, best from :func:`new`.
    alt
        What the figure shows, for a reader who cannot see it: the finding, not the drawing.
    caption
        A visible line below it.

    Raises
    ------
    ValueError
        ``alt`` is empty, or an image has the page's ink, which a dark page would swallow.
    """
    if not alt.strip():
        raise ValueError("a figure needs a text alternative: show(fig, alt='what it shows')")
    buffer = io.StringIO()
    # The salt makes ids differ between figures of one page, and equal between two builds.
    with plt.rc_context(_STYLE | {"svg.hashsalt": alt + caption}):
        fig.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    plt.close(fig)
    width = round(fig.get_figwidth() * 96)
    below = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    return HTML(
        f'<figure class="att-figure" style="margin:1rem auto;max-width:{width}px">'
        f"{_for_the_page(buffer.getvalue(), alt)}{below}</figure>"
    )


def _rounded(attribute: re.Match[str]) -> str:
    return re.sub(r"\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}", attribute[0])


def _with_palette(png: re.Match[str]) -> str:
    """The same pixels in fewer bytes: a map has few colours, and matplotlib writes each in full."""
    image = Image.open(io.BytesIO(base64.b64decode(png[0]))).convert("RGBA")
    pixels = np.asarray(image).reshape(-1, 4)
    shown = pixels[pixels[:, 3] > 0, :3].astype(int)
    if (np.abs(shown - np.rint(255 * np.array(to_rgb(INK)))).max(axis=1, initial=0) <= 1).any():
        raise ValueError(
            "an image in figures.INK cannot be seen on a dark page: it keeps its colour, where "
            "lines and text do not. Draw it in figures.MUTED or figures.CELL."
        )
    colors, which = np.unique(pixels, axis=0, return_inverse=True)
    if len(colors) > 256:
        return png[0]
    small = Image.frombytes("P", image.size, which.astype(np.uint8).tobytes())
    small.putpalette(colors[:, :3].tobytes())
    opacity = {"transparency": colors[:, 3].tobytes()} if colors[:, 3].min() < 255 else {}
    buffer = io.BytesIO()
    small.save(buffer, "PNG", optimize=True, **opacity)
    return min(png[0], base64.b64encode(buffer.getvalue()).decode(), key=len)


def _for_the_page(svg: str, alt: str) -> str:
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(
        r'<svg [^>]*?viewBox="([^"]+)"[^>]*>',
        lambda m: (
            f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'viewBox="{m[1]}" role="img" aria-label="{html.escape(alt, quote=True)}" '
            'style="width:100%;height:auto;overflow:visible">'
        ),
        svg,
        count=1,
        flags=re.DOTALL,
    )
    # A hundredth of a point cannot be seen, and a page is read over a slow line, too.
    svg = re.sub(r' (?:d|x|y)="[^"]*"', _rounded, svg)
    svg = re.sub(r"(?<=data:image/png;base64,)[^\"]+", _with_palette, svg)
    # Text takes the page's font and ink; series take colours that the page may lighten.
    svg = re.sub(r"font-family: [^;\"]+", "font-family: inherit", svg)
    svg = svg.replace(INK, "currentColor")
    for name, value in PALETTE.items():
        svg = svg.replace(value, f"var(--att-{name}, {value})")
    return svg.replace(MUTED, f"var(--att-muted, {MUTED})")
