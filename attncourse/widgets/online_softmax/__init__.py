"""Online softmax, tile by tile: what is kept, what rescales it, and what memory moves."""

import math
from pathlib import Path
from typing import Any, Self

import numpy as np
import traitlets
from jaxtyping import Float

from attncourse import reference as ref
from attncourse.widgets import kit

_HERE = Path(__file__).parent
#: The most scores that stay legible in a row on a phone.
MOST = 12
LIMITS: dict[str, Any] = {"score": 1000.0, "value": 100.0}

#: The second tile of two and the last but one bring a new maximum, the third brings none.
SCORES = [1.0, 0.2, 2.4, 1.1, -0.6, 0.5, 3.2, 1.6]
VALUES = [2.0, -1.0, 0.5, 3.0, -2.0, 1.5, 4.0, -0.5]


def _numbers(name: str, value: Any, count: int | None, limit: float) -> list[float]:
    """Return a row of numbers as a list, or say what is wrong with it."""
    want = f"{count} numbers" if count else f"2 to {MOST} numbers"
    given = kit.array(name, value, f"{want}, such as [1.0, 0.5, …]")
    if given.ndim != 1 or not 2 <= len(given) <= MOST:
        raise ValueError(f"{name}: expected {want} in a row, got shape {given.shape}")
    if count and len(given) != count:
        raise ValueError(
            f"{name}: expected {count} numbers, as many as the widget was made with, got "
            f"{len(given)}; make a new widget for another number"
        )
    kit.bound(name, given, limit)
    return given.tolist()


def _count(widget: Any) -> int:
    return widget._count


class OnlineSoftmax(kit.CourseWidget):
    r"""Take in scores tile by tile, and watch the running softmax become the ordinary one.

    One query's scores stand in slow memory, each with a value of one number. Fast memory holds one
    tile of both and three numbers, from m = −∞, d = 0 and o = 0 on. A tile makes of them

    .. math:: m' = \max(m, \max_j s_j), \quad d' = d \, e^{m - m'} + \sum_j e^{s_j - m'}, \quad
              o' = o \, e^{m - m'} + \sum_j e^{s_j - m'} v_j

    and the output so far is o / d. In the end it is that of the ordinary softmax. Beside it the
    widget counts the numbers that are moved: here scores and values are read once and one output is
    written. The ordinary way reads the scores in three passes (maximum, normaliser, weights),
    writes the weights, and reads them again with the values: 6n + 1 moves against 2n + 1. If its
    last pass mixed at once, 4n + 1 would do; in a fast memory that holds the whole row, so would
    2n + 1. FlashAttention does not read the scores either: it computes them from the keys of the
    tile.

    Parameters
    ----------
    scores, values : arrays of shape (n,), optional
        From 2 to 12 numbers, as many values as scores. Their count stays for the life of the
        widget.
    tile_len : int
        How many scores a tile has, from 1 to n; the last may be shorter.
    step : int
        How many tiles are taken in, from 0 to n; more than there are is all of them.
    preset : {"", "rising", "falling", "large", "one-by-one", "whole-row"}
        A state to begin with.
    name : str
        The widget's name in links to its state.

    Attributes
    ----------
    n_tiles, taken : int
        How many tiles there are, and how many scores are in those taken in.
    weights : numpy.ndarray
        The ordinary softmax of the scores.

    Raises
    ------
    traitlets.TraitError
        Where a value has the wrong shape, kind or size. It names the value, what was expected and
        what came.

    Examples
    --------
    >>> widget = OnlineSoftmax([2.0, 2.0, 5.0], [1.0, 3.0, 4.0], tile_len=2)
    >>> widget.compute()["normaliser"].round(3)  # two of e^0, then two of e^(2-5) and one of e^0
    array([2. , 1.1])

    """

    LIMITS = LIMITS
    _esm = kit.module(_HERE / "widget.js")
    _css = kit.style(_HERE / "widget.css")

    scores = kit.State(_numbers, _count, LIMITS["score"])
    values = kit.State(_numbers, _count, LIMITS["value"])
    tile_len = kit.State(kit.whole, 1, _count)
    step = kit.State(kit.whole, 0, _count)

    def __init__(
        self,
        scores: Any = None,
        values: Any = None,
        *,
        tile_len: int = 2,
        step: int = 2,
        preset: str = "",
        name: str = "online-softmax",
    ) -> None:
        scores = SCORES if scores is None else scores
        values = VALUES if values is None else values
        try:
            scores = _numbers("scores", scores, None, LIMITS["score"])
            values = _numbers("values", values, None, LIMITS["value"])
        except ValueError as error:
            raise traitlets.TraitError(str(error)) from error
        if len(scores) != len(values):
            raise traitlets.TraitError(
                f"values: expected {len(scores)}, one for each score, got {len(values)}; "
                "give scores and values together"
            )
        self._count = len(scores)
        super().__init__(
            scores=scores,
            values=values,
            tile_len=tile_len,
            step=step,
            preset=preset,
            name=name,
        )

    def named_states(self) -> dict[str, dict[str, Any]]:
        """Return what each preset changes of the start state."""
        scores = np.array(self.scores)
        far = np.maximum(scores - scores.max() + 900, -LIMITS["score"]).round(6)
        return {
            # Each tile brings a new maximum.
            "rising": {"scores": np.sort(scores).tolist()},
            # The first tile has it: nothing is ever rescaled.
            "falling": {"scores": np.sort(scores)[::-1].tolist()},
            # The exponential of 900 overflows; differences to the running maximum do not.
            "large": {"scores": far.tolist()},
            "one-by-one": {"tile_len": 1},
            # One tile: the ordinary softmax.
            "whole-row": {"tile_len": self._count, "step": 1},
        }

    @property
    def n_tiles(self) -> int:
        """How many tiles the row has."""
        return math.ceil(self._count / self.tile_len)

    @property
    def taken(self) -> int:
        """How many scores are in the tiles that are taken in."""
        return min(self.step * self.tile_len, self._count)

    @property
    def weights(self) -> Float[np.ndarray, " n"]:
        """The ordinary softmax of the scores."""
        return ref.softmax(np.array(self.scores))

    def compute(self) -> dict[str, Any]:
        """Return what is kept after each tile, the shares of the output so far, and the counts."""
        scores, values, n = np.array(self.scores), np.array(self.values), self._count
        maximum, normaliser = np.array([-np.inf]), np.array([0.0])
        kept: dict[str, list[float]] = {
            name: [] for name in ("maximum", "factor", "normaliser", "output")
        }
        for start in range(0, n, self.tile_len):
            end = min(start + self.tile_len, n)
            old = maximum
            maximum, normaliser = ref.online_softmax_step(maximum, normaliser, scores[start:end])
            # A query of 1 makes each key its own score.
            output, _ = ref.flash_attention(
                np.ones((1, 1)),
                scores[:end, None],
                values[:end, None],
                scale=1.0,
                kv_tile=self.tile_len,
            )
            kept["maximum"].append(maximum[0])
            kept["factor"].append(np.exp(old - maximum)[0])
            kept["normaliser"].append(normaliser[0])
            kept["output"].append(output[0, 0])
        by_tile = {name: np.array(numbers) for name, numbers in kept.items()}
        shares = ref.softmax(scores, mask=np.arange(n) < self.taken)
        ordinary = float(self.weights @ values)
        return {
            **by_tile,
            "mixed": by_tile["output"] * by_tile["normaliser"],
            "shares": shares,
            "weights": self.weights,
            "ordinary": ordinary,
            "difference": abs(by_tile["output"][-1] - ordinary),
            "n_tiles": self.n_tiles,
            "taken": self.taken,
            # One tile of scores and values, and m, d and o.
            "held": 2 * self.tile_len + 3,
            "read": 2 * self.taken,
            "written": int(self.taken == n),
            # Maximum, normaliser and weights read the scores; mixing reads weights and values.
            "ordinary_read": 3 * n + 2 * n,
            "ordinary_written": n + 1,
        }

    @classmethod
    def random(cls, rng: np.random.Generator) -> Self:
        """Return a row of any length in tiles of any size, anywhere on its way."""
        n = int(rng.integers(2, MOST + 1))
        scores = rng.normal(size=n) * rng.choice([0, 1, 10, 200]) + rng.choice([0, 0, -700, 800])
        if rng.random() < 0.3:
            scores = np.sort(scores)[:: rng.choice([-1, 1])]
        return cls(
            np.clip(scores, -LIMITS["score"], LIMITS["score"]),
            np.clip(rng.normal(size=n) * rng.choice([1, 30]), -LIMITS["value"], LIMITS["value"]),
            tile_len=int(rng.integers(1, n + 1)),
            step=int(rng.integers(n + 1)),
        )

    def fallback_html(self) -> str:
        """Return what is kept after each tile as a table, and below it the ordinary output."""
        found = self.compute()
        names = ["maximum", "factor", "normaliser", "mixed", "output"]
        rows = [
            [
                f"tile {n + 1}: " + ", ".join(f"{score:g}" for score in self._tile(n)),
                *(f"{found[name][n]:.3f}" for name in names),
            ]
            for n in range(self.n_tiles)
        ]
        rows.append(["ordinary softmax", "", "", "", "", f"{found['ordinary']:.3f}"])
        header = ["scores", "maximum", "factor", "normaliser", "weighted sum", "output so far"]
        return kit.table(header, rows, "Online softmax by tiles (JavaScript makes it movable)")

    def _tile(self, n: int) -> list[float]:
        return self.scores[n * self.tile_len : (n + 1) * self.tile_len]
