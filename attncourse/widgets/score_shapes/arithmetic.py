"""The arithmetic of the score shapes on the Python side, their presets and limits."""

import math
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from attncourse import reference as ref

SCORES = ("dot", "multiplicative", "cosine", "additive", "location")

#: First layers of the additive score, one column a hidden unit, and what the units are summed with.
NETWORKS: dict[str, dict[str, list[Any]]] = {
    # One unit: a smooth step across the plane.
    "step": {"query": [[0.5], [0.3]], "key": [[0.6], [1.0]], "out": [2.0]},
    # The four units of the page's figure.
    "bend": {
        "query": [[1.5, 0.0, -1.2, 0.5], [0.5, 1.4, 1.0, -1.0]],
        "key": [[-1.6, 0.3, 1.3, 1.2], [0.4, -1.5, 1.0, 1.0]],
        "out": [1.0, 1.2, 0.9, -1.0],
    },
    # Four steps that face each other: nothing without a bias, a hill at the query with one.
    "ring": {
        "query": [[-1.0, 0.0, 1.0, 0.0], [0.0, -1.0, 0.0, 1.0]],
        "key": [[1.0, 0.0, -1.0, 0.0], [0.0, 1.0, 0.0, -1.0]],
        "out": [1.0, 1.0, 1.0, 1.0],
    },
}
#: What the widget can show. The front-end finds these in its state.
LIMITS: dict[str, Any] = {
    "coordinate": 3.0,
    "entry": 5.0,
    "factor": (0.1, 20.0),
    "added": 5.0,
    "gain": (0.1, 10.0),
    "bias": (0.0, 2.0),
    "rate": 0.3,
    "networks": NETWORKS,
}
#: The most keys that stay legible.
MOST = 6

#: The first key is a copy of the query, the second is longer, the fifth lies inside the others.
QUERY = [1.0, 0.5]
KEYS = [[1.0, 0.5], [1.6, 1.7], [-1.4, 1.2], [-0.4, -1.5], [-0.6, 0.3]]
MATRIX = [[0.2, 1.0], [-1.0, 0.6]]
#: A vector for each place, all around: which key stands there does not matter.
PLACES = [
    [round(1.2 * math.cos(angle), 2), round(1.2 * math.sin(angle), 2)]
    for angle in (np.arange(MOST) * 2.4 - 3.9).tolist()
]


def presets(kv_len: int) -> dict[str, dict[str, Any]]:
    """Return what each preset changes of a start state with so many keys."""
    found: dict[str, dict[str, Any]] = {
        # The longer key beats the copy; by cosine it does not.
        "long key": {"score": "dot"},
        # q W lies on one line, whatever is asked: the lines of equal score never turn.
        "rank one": {"score": "multiplicative", "matrix": [[0.8, 0.8], [0.4, 0.4]]},
        # What a reader moves is not looked at.
        "by place": {"score": "location", "factor": 2.0},
    }
    if kv_len == len(KEYS):
        corners = [[1.7, -1.0], [1.4, 1.9], [-1.8, 1.2], [-1.0, -1.8]]
        found |= {
            # No matrix finds the fifth key; a cosine does, and four units with a bias.
            "inside": {
                "score": "multiplicative",
                "matrix": [[1.0, 0.0], [0.0, 1.0]],
                "q": [0.6, 0.5],
                "k": [*corners, [0.6, 0.4]],
                "right": 4,
                "network": "ring",
                "arrows": "loss",
            },
            # Certain, wrong, and every unit flat: nothing is learned.
            "saturated": {
                "score": "additive",
                "network": "step",
                "gain": 6.0,
                "k": [[-1.2, -1.1], [1.6, 1.0], [-0.4, -2.2], [1.9, -0.7], [0.2, 1.7]],
                "right": 0,
                "arrows": "loss",
            },
        }
    return found


def network(
    name: str, gain: float, bias: float
) -> tuple[
    Float[np.ndarray, "3 hidden"], Float[np.ndarray, "2 hidden"], Float[np.ndarray, " hidden"]
]:
    """Return the additive score's two matrices and its vector.

    The first has a third row, which a constant 1 behind the query meets: the bias.
    """
    of_query, of_key, out = (np.array(NETWORKS[name][part]) for part in ("query", "key", "out"))
    with_bias = np.vstack([of_query, np.full((1, len(out)), bias)])
    return gain * with_bias, gain * of_key, out


def scores_of(widget: Any) -> dict[str, Float[np.ndarray, " keys"]]:
    """Return the five scores of the keys, times the factor."""
    q, k = np.array([widget.q]), np.array(widget.k)
    w_query, w_key, v = network(widget.network, widget.gain, widget.bias)
    places = np.array(widget.places).T
    found = {
        "dot": ref.dot_scores(q, k),
        "multiplicative": ref.general_scores(q, k, np.array(widget.matrix)),
        "cosine": ref.cosine_scores(q, k),
        "additive": ref.additive_scores(np.append(q, [[1.0]], axis=1), k, w_query, w_key, v),
        "location": ref.location_scores(q, places),
    }
    return {name: widget.factor * scores[0] for name, scores in found.items()}


def slopes_of(
    widget: Any,
) -> tuple[Float[np.ndarray, "keys 2"], Float[np.ndarray, "keys 2"]]:
    """Return the slopes of each key's score, for the key and for the query.

    The formulas of the page; a test compares them with scores of the reference, moved by hand.
    """
    q, k = np.array(widget.q), np.array(widget.k)
    matrix, of_places = np.array(widget.matrix), np.array(widget.places)
    if widget.score == "dot":
        of_key, of_query = np.broadcast_to(q, k.shape), k
    elif widget.score == "multiplicative":
        of_key, of_query = np.broadcast_to(q @ matrix, k.shape), k @ matrix.T
    elif widget.score == "cosine":
        of_key, of_query = _turning(q, k), _turning(k, q)
    elif widget.score == "additive":
        w_query, w_key, v = network(widget.network, widget.gain, widget.bias)
        passed = v * (1 - np.tanh(np.append(q, 1.0) @ w_query + k @ w_key) ** 2)
        of_key, of_query = passed @ w_key.T, passed @ w_query[:2].T
    else:
        of_key, of_query = np.zeros_like(k), of_places
    return widget.factor * of_key, widget.factor * of_query


def _turning(fixed: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """The cosine's slope for the second vector; that of a vector of zeros, which has none, is 0."""
    a, b, length = _unit(fixed), _unit(moved), np.linalg.norm(moved, axis=-1, keepdims=True)
    turned = a - (a * b).sum(axis=-1, keepdims=True) * b
    return np.where(length > 0, turned / np.where(length > 0, length, 1.0), 0.0)


def _unit(x: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(x, axis=-1, keepdims=True)
    return x / np.where(length > 0, length, 1.0)


def inside(keys: Float[np.ndarray, "keys 2"]) -> Bool[np.ndarray, " keys"]:
    """Say of each key whether it is no corner: around it, no half-plane is free of the others."""
    found = []
    for key in keys:
        away = keys - key
        away = away[(away != 0).any(axis=1)]
        if not len(away):
            found.append(False)
            continue
        angles = np.sort(np.arctan2(away[:, 1], away[:, 0]))
        gaps = np.diff(np.append(angles, angles[0] + 2 * math.pi))
        found.append(bool(gaps.max() <= math.pi))
    return np.array(found)
