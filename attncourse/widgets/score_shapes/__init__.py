"""Score functions over a plane of keys: what each holds for equal, and where it pushes a key."""

from pathlib import Path
from typing import Any, Self

import numpy as np
import traitlets
from jaxtyping import Float

from attncourse import reference as ref
from attncourse.widgets import kit
from attncourse.widgets.score_shapes import arithmetic

_HERE = Path(__file__).parent
LIMITS = arithmetic.LIMITS


def _kv_len(shapes: Any) -> int:
    return shapes._kv_len


def _vector(name: str, value: Any, limit: float) -> list[float]:
    given = kit.array(name, value, "two numbers, such as [1.0, 0.5]")
    if given.shape != (2,):
        raise ValueError(f"{name}: expected two numbers, shape (2,), got shape {given.shape}")
    kit.bound(name, given, limit)
    return given.tolist()


class ScoreShapes(kit.CourseWidget):
    r"""Move a query and keys under five score functions; see their lines, weights and slopes.

    .. math:: \text{dot: } q \cdot k_j \qquad \text{multiplicative: } q W \cdot k_j \qquad
              \text{cosine: } \hat q \cdot \hat k_j \\
              \text{additive: } v \cdot \tanh(g\,(q W_a + k_j U_a + b)) \qquad
              \text{location: } q \cdot p_j

    each times a factor β (of the dot product, 1/√2 makes the scaled one), plus a number that all
    keys get. One key is the right one, with the loss −ln of its weight. Arrows show the slope of
    each score, or the step of each key and of the query that lowers the loss; steps can be taken.

    What there is to find: a longer key beats a copy of the query, except by cosine. Under a matrix
    of rank one no query turns the lines. A key inside the hull never wins by a product, but does by
    four hidden units with a bias, which without it say nothing. Flat units, certain and wrong,
    move neither keys nor query. By place, the keys may stand anywhere.

    Parameters
    ----------
    query : array of shape (2,), optional
        Each entry from −3 to 3.
    keys : array of shape (n, 2), optional
        From one to six. Their number stays for the life of the widget.
    score : {"dot", "multiplicative", "cosine", "additive", "location"}
        Which score is drawn; the weights of all five stand in a table.
    factor : float
        β, from 0.1 to 20.
    added : float
        What is added to the scores of all keys, from −5 to 5.
    matrix : array of shape (2, 2), optional
        W.
    network : {"step", "bend", "ring"}
        W_a, U_a and v: one unit, the four of the page's figure, or four that face each other.
    gain, bias : float
        g, from 0.1 to 10, and b, the same for all units, from 0 to 2.
    right : int
        The key that training wants, from 0.
    arrows : {"score", "loss"}
        What the arrows show.
    places : array of shape (n, 2), optional
        p, one for each key's place.
    preset : {"", "long key", "rank one", "by place", "inside", "saturated"}
        A state to begin with; the last two with five keys only.
    name : str
        The widget's name in links to its state.

    Attributes
    ----------
    q, k : list
        Query and keys as they are now (``keys`` is taken by ipywidgets).
    scores, weights : numpy.ndarray
        By the score that is drawn.

    Raises
    ------
    traitlets.TraitError
        Where a value has the wrong shape, kind or size. It names the value, what was expected and
        what came.

    Examples
    --------
    >>> shapes = ScoreShapes([1.0, 0.5], [[1.0, 0.5], [1.5, 1.5]])
    >>> shapes.scores
    array([1.25, 2.25])
    >>> shapes.score = "cosine"
    >>> shapes.scores.round(2)
    array([1.  , 0.95])

    """

    LIMITS = LIMITS
    _esm = kit.module(_HERE / "widget.js")
    _css = kit.style(_HERE / "widget.css")

    q = kit.State(_vector, LIMITS["coordinate"])
    k = kit.State(kit.vectors, _kv_len, arithmetic.MOST, LIMITS["coordinate"])
    score = kit.State(kit.choice, arithmetic.SCORES, default="dot")
    factor = kit.State(kit.number, *LIMITS["factor"], default=1.0)
    added = kit.State(kit.number, -LIMITS["added"], LIMITS["added"], default=0.0)
    matrix = kit.State(kit.vectors, 2, 2, LIMITS["entry"])
    network = kit.State(kit.choice, tuple(arithmetic.NETWORKS), default="bend")
    gain = kit.State(kit.number, *LIMITS["gain"], default=1.0)
    bias = kit.State(kit.number, *LIMITS["bias"], default=0.0)
    right = kit.State(kit.whole, 0, lambda shapes: shapes._kv_len - 1, default=0)
    arrows = kit.State(kit.choice, ("score", "loss"), default="score")
    places = kit.Setting(kit.vectors, _kv_len, arithmetic.MOST, LIMITS["coordinate"])

    def __init__(
        self,
        query: Any = None,
        keys: Any = None,
        *,
        score: str = "dot",
        factor: float = 1.0,
        added: float = 0.0,
        matrix: Any = None,
        network: str = "bend",
        gain: float = 1.0,
        bias: float = 0.0,
        right: int = 0,
        arrows: str = "score",
        places: Any = None,
        preset: str = "",
        name: str = "scores",
    ) -> None:
        keys = arithmetic.KEYS if keys is None else keys
        try:
            k = kit.vectors("keys", keys, None, arithmetic.MOST, LIMITS["coordinate"])
        except ValueError as error:
            raise traitlets.TraitError(str(error)) from error
        self._kv_len = len(k)
        super().__init__(
            q=arithmetic.QUERY if query is None else query,
            k=k,
            score=score,
            factor=factor,
            added=added,
            matrix=arithmetic.MATRIX if matrix is None else matrix,
            network=network,
            gain=gain,
            bias=bias,
            right=right,
            arrows=arrows,
            places=arithmetic.PLACES[: len(k)] if places is None else places,
            preset=preset,
            name=name,
        )

    def named_states(self) -> dict[str, dict[str, Any]]:
        """Return what each preset changes of the start state."""
        return arithmetic.presets(self._kv_len)

    @property
    def scores(self) -> Float[np.ndarray, " keys"]:
        """The scores that are drawn: with the factor and what is added."""
        return arithmetic.scores_of(self)[self.score] + self.added

    @property
    def weights(self) -> Float[np.ndarray, " keys"]:
        """Their softmax."""
        return ref.softmax(self.scores)

    def _steps(self) -> tuple[Float[np.ndarray, "keys 2"], Float[np.ndarray, " 2"]]:
        """Minus the loss's slope for each key and for the query."""
        # Minus the loss's slope for the scores: 1 at the right key, less the weights.
        told = (np.arange(self._kv_len) == self.right) - self.weights
        of_key, of_query = arithmetic.slopes_of(self)
        return told[:, None] * of_key, told @ of_query

    def compute(self) -> dict[str, Any]:
        """Return scores, weights and slopes of the score drawn, its loss, and all five scores."""
        five = np.array(list(arithmetic.scores_of(self).values())) + self.added
        scores, (step, query_step) = self.scores, self._steps()
        below = scores - scores.max()
        out = arithmetic.NETWORKS[self.network]["out"]
        return {
            "scores": scores,
            "weights": self.weights,
            "slopes": arithmetic.slopes_of(self)[0],
            "steps": step,
            "query_step": query_step,
            "loss": np.log(np.exp(below).sum()) - below[self.right],
            "five_scores": five,
            "five_weights": ref.softmax(five),
            "inside": arithmetic.inside(np.array(self.k)),
            # No additive score is further from zero, wherever the key stands.
            "bound": self.factor * np.abs(out).sum(),
        }

    def learn(self, n: int = 1) -> None:
        """Take steps down the loss: keys and query move, as far as the plane goes."""
        limit = LIMITS["coordinate"]
        for _ in range(n):
            of_keys, of_query = self._steps()
            self.k = np.clip(self.k + LIMITS["rate"] * of_keys, -limit, limit)
            self.q = np.clip(self.q + LIMITS["rate"] * of_query, -limit, limit)

    @classmethod
    def random(cls, rng: np.random.Generator) -> Self:
        """Return a widget in any state; vectors of zeros and keys on top of each other among it."""
        n, limit = int(rng.integers(1, arithmetic.MOST + 1)), LIMITS["coordinate"]
        keys = np.clip(rng.normal(size=(n, 2)) * rng.choice([0.5, 2.0]), -limit, limit)
        if rng.random() < 0.3:
            keys[rng.integers(n)] = rng.choice([0.0, 1.0]) * keys[rng.integers(n)]
        return cls(
            np.clip(rng.normal(size=2) * rng.choice([0, 1, 2], p=[0.1, 0.6, 0.3]), -limit, limit),
            keys,
            score=str(rng.choice(arithmetic.SCORES)),
            factor=float(rng.choice([0.1, 0.71, 1.0, 20.0])),
            added=float(rng.choice([-5.0, 0.0, 1.25])),
            matrix=rng.normal(size=(2, 2)).round(2),
            network=str(rng.choice(list(arithmetic.NETWORKS))),
            gain=float(rng.choice([0.1, 1.0, 10.0])),
            bias=float(rng.choice([0.0, 0.5, 2.0])),
            right=int(rng.integers(n)),
            arrows=str(rng.choice(["score", "loss"])),
            places=np.clip(rng.normal(size=(n, 2)), -limit, limit),
        )

    def fallback_html(self) -> str:
        """Return the five scores of each key as a table, each with its weight."""
        found = self.compute()
        header = [
            "score",
            *(f"key {j + 1} at ({x:.2f}, {y:.2f})" for j, (x, y) in enumerate(self.k)),
        ]
        rows = [
            [name, *(f"{s:.2f} ({w:.0%})" for s, w in zip(scores, weights, strict=True))]
            for name, scores, weights in zip(
                arithmetic.SCORES, found["five_scores"], found["five_weights"], strict=True
            )
        ]
        caption = (
            f"Scores and weights for the query ({self.q[0]:.2f}, {self.q[1]:.2f}) "
            "(JavaScript makes it movable)"
        )
        return kit.table(header, rows, caption)
