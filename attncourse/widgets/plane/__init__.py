"""A plane in which queries, keys and values can be dragged, and attention seen to follow."""

from pathlib import Path
from typing import Any

import numpy as np
import traitlets
from jaxtyping import Float

from attncourse.widgets.base import CourseWidget, read, table
from attncourse.widgets.plane import state

_HERE = Path(__file__).parent
#: In the order in which they use each other; one module without a build step.
_PARTS = ("numbers.js", "words.js", "picture.js", "panels.js", "widget.js")
PANELS = ("plane", "row", "weights", "presets", "settings")


class AttentionPlane(CourseWidget):
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

    _esm = read(_HERE, *_PARTS)
    _css = read(_HERE, "widget.css")

    q = traitlets.Any().tag(sync=True)
    k = traitlets.Any().tag(sync=True)
    v = traitlets.Any().tag(sync=True)
    mask = traitlets.Any().tag(sync=True)
    temperature = traitlets.Any(1.0).tag(sync=True)
    scale = traitlets.Any(None, allow_none=True).tag(sync=True)
    score_edits = traitlets.Any().tag(sync=True)
    pins = traitlets.Any().tag(sync=True)
    selected = traitlets.Any(0).tag(sync=True)
    preset = traitlets.Unicode("").tag(sync=True)
    labels = traitlets.Any(None, allow_none=True).tag(sync=True)
    panels = traitlets.Any(PANELS).tag(sync=True)
    height = traitlets.Any(300).tag(sync=True)
    limits = traitlets.Dict(state.LIMITS, read_only=True).tag(sync=True)
    start = traitlets.Dict(read_only=True).tag(sync=True)
    presets = traitlets.Dict(read_only=True).tag(sync=True)

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
                state.vectors(what, given)
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
        given = {
            "q": q,
            "k": k,
            "v": v,
            "mask": np.ones((len(q), len(k)), dtype=bool) if mask is None else mask,
            "temperature": temperature,
            "scale": scale,
            "score_edits": score_edits,
            "pins": pins,
        }
        # The second query, whose row a causal mask cuts in two.
        selected = min(1, len(q) - 1) if selected is None else selected
        super().__init__(
            **given, selected=selected, labels=labels, panels=panels, height=height, name=name
        )
        self.set_trait("start", {key: getattr(self, key) for key in given})
        self.set_trait("presets", state.presets(len(q), len(k)))
        self.preset = preset

    @traitlets.validate(
        "q", "k", "v", "mask", "temperature", "scale", "score_edits", "pins", "selected", "labels",
        "panels", "height",
    )  # fmt: skip
    def _check(self, proposal: dict[str, Any]) -> Any:
        name, value = proposal["trait"].name, proposal["value"]
        try:
            return self._clean(name, value)
        except ValueError as error:
            raise traitlets.TraitError(str(error)) from error

    def _clean(self, name: str, value: Any) -> Any:
        q_len, kv_len = self._q_len, self._kv_len
        match name:
            case "q" | "k" | "v":
                return state.vectors(name, value, q_len if name == "q" else kv_len)
            case "mask":
                return state.booleans(name, value, q_len, kv_len)
            case "temperature":
                return state.number(name, value, *state.LIMITS["temperature"])
            case "scale":
                limit = state.LIMITS["scale"]
                return None if value is None else state.number(name, value, -limit, limit)
            case "score_edits":
                return state.grid(name, value, q_len, kv_len)
            case "pins":
                return self._clean_pins(value)
            case "selected":
                return int(state.number(name, value, 0, q_len - 1))
            case "height":
                return int(state.number(name, value, 120, 2000))
            case "panels":
                if isinstance(value, str) or not value or set(value) - set(PANELS):
                    raise ValueError(f"panels: expected some of {PANELS}, got {value!r}")
                return list(value)
            case "labels":
                if value is not None and (isinstance(value, str) or len(value) != kv_len):
                    raise ValueError(f"labels: expected {kv_len} words, one a key, got {value!r}")
                return value and [str(word) for word in value]
        raise AssertionError(name)

    def _clean_pins(self, value: Any) -> list[list[float | None]]:
        pins = state.grid("pins", value, self._q_len, self._kv_len)
        for i, row in enumerate(pins):
            given = [pin for pin in row if pin is not None]
            if min(given, default=0) < 0 or sum(given) > 1 + 1e-9:
                raise ValueError(
                    f"pins: expected weights from 0 to 1 whose sum in a row is 1 at most, got "
                    f"{given} for query {i}; lower one of them or set it to None"
                )
        return pins

    @traitlets.validate("preset")
    def _check_preset(self, proposal: dict[str, Any]) -> str:
        known = ("", "causal", "uniform", "one-hot", "saturated")
        if proposal["value"] not in known:
            raise traitlets.TraitError(
                f"preset: expected one of {known[1:]}, or '' for none, got {proposal['value']!r}"
            )
        return proposal["value"]

    @traitlets.observe("preset")
    def _apply_preset(self, change: dict[str, Any]) -> None:
        if change["new"]:
            with self.hold_trait_notifications():
                for name, value in {**self.start, **self.presets[change["new"]]}.items():
                    setattr(self, name, value)

    def reset(self) -> None:
        """Go back to the state that the widget was made with."""
        self.preset = ""
        with self.hold_trait_notifications():
            for name, value in self.start.items():
                setattr(self, name, value)

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

    def fallback_html(self) -> str:
        """Return weights and outputs as a table."""
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
        return table(header, rows, "Attention weights and outputs (JavaScript makes them movable)")
