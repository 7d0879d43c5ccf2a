"""Width and temperature against saturation: what dividing scores by √d is for."""

import math
from functools import cache
from pathlib import Path
from typing import Any, Self

import numpy as np
import traitlets
from jaxtyping import Float

from attncourse import reference as ref
from attncourse.widgets import kit

_HERE = Path(__file__).parent
WIDTHS = [2**power for power in range(11)]
DRAWS = 48
#: What the dot products are multiplied by, as a power of the width.
SCALES = {"root": -0.5, "none": 0.0, "width": -1.0}
LIMITS: dict[str, Any] = {"temperature": (0.01, 100.0), "widths": WIDTHS, "draws": DRAWS}


class ScoreScaling(kit.CourseWidget):
    r"""Set width, scale and temperature, and watch softmax saturate or flatten.

    A query and its keys are drawn with independent standard normal entries, so a dot product over d
    of them has variance d. The widget shows one draw, and means over many, of

    .. math:: s_j = c(d) \sum_{a=1}^{d} q_a k_{ja}, \qquad w = \mathrm{softmax}(s / T)

    with c(d) = 1/√d, 1 or 1/d: the largest weight, the entropy of w as a share of that of equal
    weights, and the gradient that gets through softmax, which is the norm of its Jacobian diag(w) −
    w wᵀ. A smaller width takes the first entries of the same vectors.

    Parameters
    ----------
    n_keys : int
        From 2 to 16.
    seed : int
        Of the random vectors, from 0.
    width : int
        A power of two from 1 to 1024.
    temperature : float
        From 0.01 to 100.
    scale : {"root", "none", "width"}
        Divide the dot products by √d, by nothing or by d.
    draw : int
        Which of the 48 draws is shown, from 0.
    preset : {"", "scaled", "unscaled", "over-scaled", "cold"}
        A state to begin with.
    name : str
        The widget's name in links to its state.

    Attributes
    ----------
    scores, weights : numpy.ndarray
        Of the draw shown.

    Raises
    ------
    traitlets.TraitError
        Where a value is of the wrong kind or size. It names the value, what was expected and what
        came.

    Examples
    --------
    >>> widget = ScoreScaling(width=1024, scale="none")
    >>> bool(widget.weights.max() > 0.99)
    True

    """

    LIMITS = LIMITS
    _esm = kit.module(_HERE / "widget.js")
    _css = kit.style(_HERE / "widget.css")

    n_keys = kit.Setting(kit.whole, 2, 16)
    seed = kit.Setting(kit.whole, 0, 2**32 - 1)
    products = traitlets.List(read_only=True).tag(sync=True)
    width = kit.State(kit.choice, WIDTHS)
    temperature = kit.State(kit.number, *LIMITS["temperature"])
    scale = kit.State(kit.choice, list(SCALES))
    draw = kit.State(kit.whole, 0, DRAWS - 1)

    def __init__(
        self,
        n_keys: int = 8,
        *,
        seed: int = 0,
        width: int = 64,
        temperature: float = 1.0,
        scale: str = "root",
        draw: int = 0,
        preset: str = "",
        name: str = "scaling",
    ) -> None:
        super().__init__(
            n_keys=n_keys,
            seed=seed,
            width=width,
            temperature=temperature,
            scale=scale,
            draw=draw,
            preset=preset,
            name=name,
        )
        self.set_trait("products", _products(self.n_keys, self.seed))

    def named_states(self) -> dict[str, dict[str, Any]]:
        """Return what each preset changes of the start state."""
        return {
            # As in the paper that introduced the scale: heads of width 64.
            "scaled": {"width": 64, "scale": "root", "temperature": 1.0},
            "unscaled": {"width": 512, "scale": "none", "temperature": 1.0},
            "over-scaled": {"width": 512, "scale": "width", "temperature": 1.0},
            # A temperature of one eighth undoes the scale of width 64.
            "cold": {"width": 64, "scale": "root", "temperature": 0.125},
        }

    def _all_scores(self) -> Float[np.ndarray, "draws widths keys"]:
        factors = np.array(WIDTHS, dtype=float) ** SCALES[self.scale]
        return np.array(self.products) * factors[:, None]

    @property
    def scores(self) -> Float[np.ndarray, " keys"]:
        """The scaled scores of the draw shown, before the temperature."""
        return self._all_scores()[self.draw, WIDTHS.index(self.width)]

    @property
    def weights(self) -> Float[np.ndarray, " keys"]:
        """The weights of the draw shown."""
        return ref.softmax(self.scores, temperature=self.temperature)

    def compute(self) -> dict[str, Any]:
        """Return the draw's scores and weights, and the measures of it and of every width."""
        everything = self._all_scores()
        largest, entropy, gradient = _measures(
            ref.softmax(everything, temperature=self.temperature)
        )
        here = self.draw, WIDTHS.index(self.width)
        return {
            "scores": self.scores,
            "weights": self.weights,
            "largest": largest[here],
            "entropy": entropy[here],
            "gradient": gradient[here],
            "spread_by_width": np.sqrt((everything**2).mean(axis=(0, 2))),
            "largest_by_width": largest.mean(axis=0),
            "entropy_by_width": entropy.mean(axis=0),
            "gradient_by_width": gradient.mean(axis=0),
        }

    @classmethod
    def random(cls, rng: np.random.Generator) -> Self:
        """Return a widget at any setting."""
        return cls(
            int(rng.integers(2, 17)),
            seed=int(rng.integers(5)),
            width=int(rng.choice(WIDTHS)),
            temperature=float(rng.choice([0.01, 0.125, 1.0, 7.0, 100.0])),
            scale=str(rng.choice(list(SCALES))),
            draw=int(rng.integers(DRAWS)),
        )

    def fallback_html(self) -> str:
        """Return the means at every width as a table."""
        found = self.compute()
        names = ["spread", "largest", "entropy", "gradient"]
        rows = [
            [str(width), *(f"{found[f'{name}_by_width'][n]:.2f}" for name in names)]
            for n, width in enumerate(WIDTHS)
        ]
        header = ["width", "spread of scores", "largest weight", "entropy (share)", "gradient"]
        return kit.table(header, rows, "Softmax against width (JavaScript makes it adjustable)")


@cache
def _products(n_keys: int, seed: int) -> list[list[list[float]]]:
    """Dot products of every draw over the first d entries, for each width d, to two decimals."""
    rng = np.random.default_rng(seed)
    q = rng.standard_normal((DRAWS, 1, WIDTHS[-1]))
    k = rng.standard_normal((DRAWS, n_keys, WIDTHS[-1]))
    so_far = np.cumsum(q * k, axis=-1)[..., np.array(WIDTHS) - 1]
    return so_far.swapaxes(1, 2).round(2).tolist()


def _measures(
    weights: Float[np.ndarray, "draws widths keys"],
) -> tuple[Float[np.ndarray, "draws widths"], ...]:
    """The largest weight, the entropy as a share of the highest, and the Jacobian's norm."""
    n = weights.shape[-1]
    bits = -(weights * np.log(np.where(weights > 0, weights, 1))).sum(axis=-1)
    # One row of the identity after the other goes back through softmax: the rows of the Jacobian.
    each = np.broadcast_to(weights[..., None, :], (*weights.shape, n)).copy()
    rows = ref.softmax_backward(np.broadcast_to(np.eye(n), each.shape).copy(), each)
    return weights.max(axis=-1), bits / math.log(n), np.sqrt((rows**2).sum(axis=(-2, -1)))
