"""A plane in which queries, keys and values can be dragged, and attention seen to follow."""

from pathlib import Path
from typing import Any, Self

import numpy as np
import traitlets
from jaxtyping import Float

from attncourse.widgets import kit
from attncourse.widgets.plane import state

_HERE = Path(__file__).parent
PANELS = ("plane", "row", "weights", "presets", "settings")


def _q_len(plane: Any) -> int:
    return plane._q_len


def _kv_len(plane: Any) -> int:
    return plane._kv_len


def _pins(name: str, value: Any, q_len: int, kv_len: int) -> list[list[float | None]]:
    pins = kit.grid(name, value, q_len, kv_len, state.LIMITS["score"])
    for i, row in enumerate(pins):
        given = [pin for pin in row if pin is not None]
        if min(given, default=0) < 0 or sum(given) > 1 + 1e-9:
            raise ValueError(
                f"pins: expected weights from 0 to 1 whose sum in a row is 1 at most, got "
                f"{given} for query {i}; lower one of them or set it to None"
            )
    return pins


class AttentionPlane(kit.CourseWidget):
    r"""Drag vectors in the plane and watch scores, weights and outputs follow.

    .. math:: s_{ij} = c\, q_i \cdot k_j, \qquad w_i = \mathrm{softmax}(s_i / T),
              \qquad o_i = \sum_j w_{ij} v_j

    with the scale c (1/√2 unless set) and the temperature T. A score can be edited, a cell masked
    and a weight pinned; :func:`attncourse.widgets.plane.state.pinned_softmax` says what a pin does.

    Parameters
    ----------
    queries, keys, values : array of shape (n, 2), optional
        The start vectors, at most eight of each; as many values as keys. Their numbers stay as they
        are for the life of the widget.
    preset : {"", "causal", "uniform", "one-hot", "saturated"}
        A state to begin with.
    mask : bool array of shape (q_len, kv_len), optional
        True = may attend.
    temperature : float
        From 0.01 to 100.
    scale : float, optional
        Multiplies the dot products. None is 1/√2, that is 1/√d in the plane.
    score_edits, pins : dict or array of shape (q_len, kv_len), optional
        Scores and weights set by hand: ``{(query, key): number}``, or an array with NaN elsewhere.
        The pins of a row sum to 1 at most.
    labels : list of str, optional
        A word for each key; with as many queries as keys, for the queries too.
    selected : int, optional
        The query whose row is shown, counted from 0; the second one unless given.
    panels : sequence of str
        Which parts to show of "plane", "row", "weights", "presets" and "settings".
    height : int
        The most pixels the drawing may take in height.
    name : str
        The widget's name in links to its state.

    Attributes
    ----------
    q, k, v : list
        The vectors as they are now (``keys`` is taken by ipywidgets).
    scores, weights, output : numpy.ndarray
        What they give, computed by :mod:`attncourse.reference`; scaled scores, before the
        temperature.

    Raises
    ------
    traitlets.TraitError
        Where a value has the wrong shape, kind or size. It names the value, what was expected and
        what came.

    Examples
    --------
    >>> plane = AttentionPlane(preset="causal", labels=["the", "cat", "sat", "down"])
    >>> plane.weights[0].tolist()
    [1.0, 0.0, 0.0, 0.0]

    """

    LIMITS = state.LIMITS
    _esm = kit.module(_HERE / "widget.js")
    _css = kit.style(_HERE / "widget.css")

    q = kit.State(kit.vectors, _q_len, state.MOST, state.LIMITS["coordinate"])
    k = kit.State(kit.vectors, _kv_len, state.MOST, state.LIMITS["coordinate"])
    v = kit.State(kit.vectors, _kv_len, state.MOST, state.LIMITS["coordinate"])
    mask = kit.State(kit.booleans, _q_len, _kv_len)
    temperature = kit.State(kit.number, *state.LIMITS["temperature"], default=1.0)
    scale = kit.State(kit.optional(kit.number), -state.LIMITS["scale"], state.LIMITS["scale"])
    score_edits = kit.State(kit.grid, _q_len, _kv_len, state.LIMITS["score"])
    pins = kit.State(_pins, _q_len, _kv_len)
    selected = kit.Look(kit.whole, 0, lambda plane: plane._q_len - 1, default=0)
    labels = kit.Setting(kit.optional(kit.words), _kv_len, "key")
    panels = kit.Setting(kit.some_of, PANELS, default=PANELS)
    height = kit.Setting(kit.whole, 120, 2000, default=300)

    def __init__(
        self,
        queries: Any = None,
        keys: Any = None,
        values: Any = None,
        *,
        preset: str = "",
        mask: Any = None,
        temperature: float = 1.0,
        scale: float | None = None,
        score_edits: Any = None,
        pins: Any = None,
        labels: list[str] | None = None,
        selected: int | None = None,
        panels: Any = PANELS,
        height: int = 300,
        name: str = "plane",
    ) -> None:
        queries = state.QUERIES if queries is None else queries
        keys = state.KEYS if keys is None else keys
        values = state.VALUES if values is None else values
        try:
            q, k, v = (
                kit.vectors(what, given, None, state.MOST, state.LIMITS["coordinate"])
                for what, given in (("queries", queries), ("keys", keys), ("values", values))
            )
        except ValueError as error:
            raise traitlets.TraitError(str(error)) from error
        if len(k) != len(v):
            raise traitlets.TraitError(
                f"values: expected {len(k)}, one for each key, got {len(v)}; "
                "give keys and values together"
            )
        self._q_len, self._kv_len = len(q), len(k)
        super().__init__(
            q=q,
            k=k,
            v=v,
            mask=np.ones((len(q), len(k)), dtype=bool) if mask is None else mask,
            temperature=temperature,
            scale=scale,
            score_edits=score_edits,
            pins=pins,
            # The second query, whose row a causal mask cuts in two.
            selected=min(1, len(q) - 1) if selected is None else selected,
            labels=labels,
            panels=panels,
            height=height,
            name=name,
            preset=preset,
        )

    def named_states(self) -> dict[str, dict[str, Any]]:
        """Return what each preset changes of the start state."""
        return state.presets(self._q_len, self._kv_len)

    @property
    def scores(self) -> Float[np.ndarray, "q_len kv_len"]:
        """The scaled scores, edits included, before the temperature."""
        q, k = np.array(self.q), np.array(self.k)
        return state.scores_of(q, k, self.scale, np.array(self.score_edits, dtype=float))

    @property
    def weights(self) -> Float[np.ndarray, "q_len kv_len"]:
        """The attention weights, one row a query."""
        return state.pinned_softmax(
            self.scores,
            mask=np.array(self.mask),
            pins=np.array(self.pins, dtype=float),
            temperature=self.temperature,
        )

    @property
    def output(self) -> Float[np.ndarray, "q_len 2"]:
        """One convex combination of the values for each query."""
        return self.weights @ np.array(self.v)

    def compute(self) -> dict[str, Any]:
        """Return scores, weights and outputs."""
        return {"scores": self.scores, "weights": self.weights, "output": self.output}

    @classmethod
    def random(cls, rng: np.random.Generator) -> Self:
        """Return a plane with anything in it, rows masked in part or in full among it."""
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
            whole = rng.choice([0, 0.5, 1.0], (q_len, 1))
            pins[at] = (rng.dirichlet(np.ones(kv_len), size=q_len) * whole)[at]
        return cls(
            queries=rng.normal(size=(q_len, 2)) * rng.choice([0, 1, 10]),
            keys=rng.normal(size=(kv_len, 2)) * rng.choice([1, 10]),
            values=rng.normal(size=(kv_len, 2)) * 3,
            mask=mask,
            score_edits=edits,
            pins=pins,
            temperature=rng.choice([0.01, 0.3, 1.0, 7.0, 100.0]),
            scale=(None, 1.0, -0.4, 25.0)[rng.integers(4)],
            selected=int(rng.integers(q_len)),
        )

    def fallback_html(self) -> str:
        """Return weights and outputs as a table, and below them where keys and values stand."""
        names = self.labels or [str(j + 1) for j in range(self._kv_len)]
        own = self.labels if self._q_len == self._kv_len else None
        header = ["", *(f"key {name}" for name in names), "output"]
        rows = [
            [
                f"query {(own or range(1, self._q_len + 1))[i]}",
                *(f"{w:.2f}" for w in weights),
                f"({output[0]:.2f}, {output[1]:.2f})",
            ]
            for i, (weights, output) in enumerate(zip(self.weights, self.output, strict=True))
        ]
        for what, points in (("key at", self.k), ("value at", self.v)):
            rows.append([what, *(f"({x:.2f}, {y:.2f})" for x, y in points), ""])
        caption = "Attention weights and outputs (JavaScript makes them movable)"
        return kit.table(header, rows, caption)
