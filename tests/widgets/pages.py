"""Pages with widgets on them, and a random state to fill one with."""

from pathlib import Path

import numpy as np

from attncourse.widgets import AttentionPlane, share_once


def write_page(path: Path, *widgets, theme: str = "") -> str:
    """Write a page as the book does, and give its file:// address."""
    body = "\n".join(widget._repr_html_() for widget in widgets)
    html = (
        f'<!doctype html><html lang="en"{theme and f" data-theme={theme!r}"}><head>'
        '<meta charset="utf-8"><title>Widgets</title><link rel="icon" href="data:,">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"></head>'
        f"<body><main><h1>Widgets</h1>\n{body}\n</main></body></html>"
    )
    path.write_text(share_once(html), encoding="utf-8")
    return path.as_uri()


def random_plane(rng: np.random.Generator) -> AttentionPlane:
    """A plane with anything in it that a reader could set, and rows masked in part or in full."""
    q_len, kv_len = rng.integers(1, 7), rng.integers(1, 7)
    mask = rng.random((q_len, kv_len)) < rng.choice([0.2, 0.7, 1.0])
    if rng.random() < 0.3:
        mask[rng.integers(q_len)] = False
    edits = np.full((q_len, kv_len), np.nan)
    pins = edits.copy()
    if rng.random() < 0.5:
        at = rng.random((q_len, kv_len)) < 0.3
        edits[at] = rng.normal(size=at.sum()) * rng.choice([1, 30, 1000])
    if rng.random() < 0.6:
        at = rng.random((q_len, kv_len)) < rng.choice([0.3, 0.6, 1.0])
        # Shares of a whole that a row's pins together do not exceed; some rows use it up.
        shares = rng.dirichlet(np.ones(kv_len), size=q_len) * rng.choice([0, 0.5, 1.0], (q_len, 1))
        pins[at] = shares[at]
    return AttentionPlane(
        queries=rng.normal(size=(q_len, 2)) * rng.choice([0, 1, 10]),
        keys=rng.normal(size=(kv_len, 2)) * rng.choice([1, 10]),
        values=rng.normal(size=(kv_len, 2)) * 3,
        mask=mask,
        score_edits=edits,
        pins=pins,
        temperature=rng.choice([0.01, 0.3, 1.0, 7.0, 100.0]),
        scale=rng.choice([None, 1.0, -0.4, 25.0]),
        selected=int(rng.integers(q_len)),
    )
