"""What positions give a score over the distance, and what of it no training has met."""

import math
from pathlib import Path
from typing import Any, Self

import numpy as np
from jaxtyping import Float

from attncourse import reference as ref
from attncourse.widgets import kit
from attncourse.widgets.positions_over_distance import schemes

_HERE = Path(__file__).parent
LIMITS = schemes.LIMITS


def _pairs(name: str, value: Any) -> list[int]:
    """Return numbers of pairs, each once and in order, or say what was expected."""
    want = f"pairs to switch off, whole numbers from 0 to {schemes.MOST_PAIRS - 1}"
    if isinstance(value, str | dict) or not hasattr(value, "__iter__"):
        raise ValueError(f"{name}: expected a list of {want}, got {value!r}")
    try:
        found = [kit.whole(name, one, 0, schemes.MOST_PAIRS - 1) for one in value]
    except ValueError:
        raise ValueError(f"{name}: expected {want}, got {value!r}") from None
    return sorted(set(found))


class PositionsOverDistance(kit.CourseWidget):
    r"""Move a query, a key and the trained length, and see what positions say of the distance.

    One query stands at a place, keys at all places before it, and the words are taken out. The
    widget shows what a scheme gives the score over the distance: the product of two learned rows or
    of two sinusoidal clocks, a number by Shaw, T5 or ALiBi, or for rotary positions

    .. math:: s_{pj} = \frac{2 c}{\sqrt{d_k}} \sum_r
        \cos\bigl((p - j)\,\theta'_r - g\,\theta_r\bigr)

    a head that looks g places back by all its pairs alike: query and key have the length √d_k, and
    the query is turned back by the angle of g steps. θ' are the frequencies in use, θ those of
    training, c the strength (with YaRN its factor comes on top). What a scheme learns is drawn.
    Below the scores stand the weights, of keys that say nothing else. A last picture has the same
    distance from every place: a level line, if the distance is all that counts.

    Each preset shows one surprise: three fast hands take 124 places back for 5 rather than 6;
    interpolation moves the peak from 5 to 20; with a low base no angle is new, only combinations
    are; the clock sees the distance alone, and a matrix ends that; ALiBi's flattest head meets
    nothing new in kind and leaves most of its weight beyond; T5's last buckets are as they were
    drawn; a learned table has no row.

    Parameters
    ----------
    method : {"learned", "sinusoidal", "shaw", "t5", "alibi", "rotary"}
        The scheme.
    query : int
        Where the query stands, from 0 to 127.
    back : int
        How many places before it the key stands; more than there are is the first place.
    trained : int
        How long sequences were in training, from 2 to 128.
    d_k : int
        The width of query and key, or of a place's vector: 4, 8, 16 or 32.
    base : float
        Of rotary and sinusoidal frequencies, from 2 to a million.
    scaling : {"none", "interpolation", "ntk", "yarn"}
        How rotary frequencies are slowed down, by 128 over the trained length.
    ago : int
        How many places back the rotary or sinusoidal query looks, from 0 to 32.
    silent : list of int
        Pairs whose features are zero, from 0, the fastest.
    between : {"nothing", "matrix"}
        Whether a drawn matrix stands between two sinusoidal vectors, as a layer's does.
    strength : float
        Multiplies what is drawn or turned, from 0 to 4; ALiBi has no such choice.
    n_heads, head : int
        ALiBi's heads, from 1 to 8, and which of them is shown, from 1.
    n_buckets, max_distance : int
        Of T5's table: 8, 16 or 32 buckets; from 17 to 128.
    furthest : int
        From which distance on Shaw's table has one vector for all, from 1 to 32.
    preset : str
        A state to begin with: "look-alike", "interpolated", "full circle", "through a matrix",
        "flat head", "untouched" or "no row".
    name : str
        The widget's name in links to its state.

    Attributes
    ----------
    key, distance : int
        Where the key stands, and how far behind the query.
    scores : numpy.ndarray
        What the scheme gives each key, the query's own place first.

    Raises
    ------
    traitlets.TraitError
        Where a value has the wrong kind or size. It names the value, what was expected and what
        came.

    Examples
    --------
    >>> widget = PositionsOverDistance("alibi", query=100, back=40, n_heads=2, head=1)
    >>> widget.compute()["score"]  # a slope of 1/16
    -2.5

    """

    LIMITS = LIMITS
    _esm = kit.module(_HERE / "widget.js")
    _css = kit.style(_HERE / "widget.css")

    method = kit.State(kit.choice, schemes.METHODS)
    query = kit.State(kit.whole, 0, schemes.LENGTH - 1)
    back = kit.State(kit.whole, 0, schemes.LENGTH - 1)
    trained = kit.State(kit.whole, *LIMITS["trained"])
    d_k = kit.State(kit.choice, LIMITS["d_k"])
    base = kit.State(kit.number, *LIMITS["base"])
    scaling = kit.State(kit.choice, schemes.SCALINGS)
    ago = kit.State(kit.whole, *LIMITS["ago"])
    silent = kit.State(_pairs)
    between = kit.State(kit.choice, LIMITS["between"])
    strength = kit.State(kit.number, *LIMITS["strength"])
    n_heads = kit.State(kit.whole, *LIMITS["n_heads"])
    head = kit.State(kit.whole, *LIMITS["n_heads"])
    n_buckets = kit.State(kit.choice, LIMITS["n_buckets"])
    max_distance = kit.State(kit.whole, *LIMITS["max_distance"])
    furthest = kit.State(kit.whole, *LIMITS["furthest"])

    def __init__(
        self,
        method: str = "rotary",
        *,
        query: int = 96,
        back: int = 5,
        trained: int = 32,
        d_k: int = 16,
        base: float = 10000.0,
        scaling: str = "none",
        ago: int = 5,
        silent: Any = (),
        between: str = "nothing",
        strength: float = 2.0,
        n_heads: int = 4,
        head: int = 1,
        n_buckets: int = 32,
        max_distance: int = 128,
        furthest: int = 16,
        preset: str = "",
        name: str = "positions",
    ) -> None:
        super().__init__(
            method=method,
            query=query,
            back=back,
            trained=trained,
            d_k=d_k,
            base=base,
            scaling=scaling,
            ago=ago,
            silent=silent,
            between=between,
            strength=strength,
            n_heads=n_heads,
            head=head,
            n_buckets=n_buckets,
            max_distance=max_distance,
            furthest=furthest,
            preset=preset,
            name=name,
        )

    def named_states(self) -> dict[str, dict[str, Any]]:
        """Return what each preset changes of the start state."""
        rotary = {"method": "rotary", "query": 127, "d_k": 16, "base": 1e4, "ago": 5, "trained": 32}
        return {
            # On the three fastest hands, 124 is more like 5 than 6 is.
            "look-alike": {**rotary, "back": 124, "silent": [3, 4, 5, 6, 7]},
            # All angles are familiar, and the head looks at 20.
            "interpolated": {**rotary, "back": 20, "scaling": "interpolation"},
            # No angle is new at any distance; the combinations are.
            "full circle": {**rotary, "back": 124, "base": 6.0},
            # The clock sees the distance alone; a score does not.
            "through a matrix": {"method": "sinusoidal", "query": 96, "between": "matrix"},
            # Nothing new in kind, and two thirds of the weight lie beyond.
            "flat head": {"method": "alibi", "query": 127, "back": 64, "n_heads": 4, "head": 4},
            # Ten buckets of 32 begin behind the trained length.
            "untouched": {"method": "t5", "query": 127, "back": 40, "n_buckets": 32},
            # A table with 32 rows has no 41st.
            "no row": {"method": "learned", "query": 40, "back": 5, "trained": 32},
        }

    @property
    def distance(self) -> int:
        """How far behind the query the key stands: no further than the first place."""
        return min(self.back, self.query)

    @property
    def key(self) -> int:
        """Where the key stands."""
        return self.query - self.distance

    @property
    def head_shown(self) -> int:
        """The head of ALiBi that is shown: the last, if there are not so many."""
        return min(self.head, self.n_heads)

    @property
    def scores(self) -> Float[np.ndarray, " distances"]:
        """What the scheme gives each key, from the query's own place back to the first."""
        return schemes.SCORES[self.method](self)[self.query, self.query :: -1]

    def _unseen(self) -> np.ndarray:
        """Whether a key's distance, or a place, is one that training never met."""
        distances = np.arange(self.query + 1)
        absolute = self.method in schemes.ABSOLUTE  # then the query's place decides
        return (np.full_like(distances, self.query) if absolute else distances) >= self.trained

    def compute(self) -> dict[str, Any]:
        """Return scores and weights over the distance, one distance everywhere, and what is new."""
        square = schemes.SCORES[self.method](self)
        scores = square[self.query, self.query :: -1]
        missing = bool(np.isnan(scores).any())
        weights = np.full(scores.shape, np.nan) if missing else ref.softmax(scores)
        along = np.diagonal(square, -self.distance)
        there = along[~np.isnan(along)]
        return {
            "scores": scores,
            "weights": weights,
            "score": float(scores[self.distance]),
            # Of what is equal but for rounding, the nearest.
            "peak": -1 if missing else int(scores.round(9).argmax()),
            "unseen_weight": float(weights[self._unseen()].sum()) if not missing else math.nan,
            "along": along,
            "spread": float(np.ptp(there)) if there.size else math.nan,
            **self._parts(),
        }

    def _parts(self) -> dict[str, Any]:
        """Return what a scheme is made of, empty for those that are not made of it."""
        nothing = np.zeros(0)
        clocks = self.method in ("sinusoidal", "rotary")
        names = ("frequencies", "turns", "new", "slopes", "beyond", "starts", "touched")
        found: dict[str, np.ndarray] = dict.fromkeys(names, nothing)
        if clocks:
            plain = ref.rotary_frequencies(self.d_k, base=self.base)
            found["frequencies"] = schemes.frequencies(self)
            found["turns"] = self.trained * plain / (2 * math.pi)
            found["new"] = schemes.new_angles(self)
        elif self.method == "alibi":
            found["slopes"] = ref.alibi_slopes(self.n_heads)
            rows = ref.alibi_bias(1, self.query + 1, found["slopes"])[:, 0, ::-1]
            found["beyond"] = ref.softmax(rows)[:, self.trained :].sum(axis=-1)
        elif self.method in ("t5", "shaw"):
            found["starts"] = schemes.cells(self)
            found["touched"] = found["starts"] < self.trained
        return found

    @classmethod
    def random(cls, rng: np.random.Generator) -> Self:
        """Return any scheme at any place, with settings of each kind."""
        d_k = int(rng.choice(LIMITS["d_k"]))
        some = rng.permutation(schemes.MOST_PAIRS)[: rng.choice([0, 0, 3, 16])]
        return cls(
            str(rng.choice(schemes.METHODS)),
            query=int(rng.integers(schemes.LENGTH)),
            back=int(rng.integers(schemes.LENGTH)) // int(rng.choice([1, 1, 8])),
            trained=int(rng.choice([2, 16, 32, 48, 100, 128])),
            d_k=d_k,
            base=float(rng.choice([2.0, 6.0, 100.0, 10000.0, 500000.0])),
            scaling=str(rng.choice(schemes.SCALINGS)),
            ago=int(rng.choice([0, 1, 5, 32])),
            silent=[int(pair) for pair in some],
            between=str(rng.choice(LIMITS["between"])),
            strength=float(rng.choice([0.0, 0.5, 2.0, 4.0])),
            n_heads=int(rng.integers(1, schemes.MOST_HEADS + 1)),
            head=int(rng.integers(1, schemes.MOST_HEADS + 1)),
            n_buckets=int(rng.choice(LIMITS["n_buckets"])),
            max_distance=int(rng.integers(17, schemes.LENGTH + 1)),
            furthest=int(rng.integers(1, 33)),
        )

    def fallback_html(self) -> str:
        """Return the pairs of features as a table, or the scores at some distances."""
        found = self.compute()
        if found["turns"].size:
            header = ["pair", "radians a step", "full circle after", f"turns in {self.trained}"]
            rows = [
                [str(n), f"{step:.4f}", f"{2 * math.pi / step:,.0f} places", f"{turns:.3f}"]
                for n, (step, turns) in enumerate(
                    zip(found["frequencies"], found["turns"], strict=True)
                )
            ]
            caption = f"{self.method.capitalize()} positions, base {self.base:,.0f}"
            return kit.table(header, rows, f"{caption} (JavaScript makes them movable)")
        some = sorted({*(2**n for n in range(7) if 2**n <= self.query), 0, self.query})
        rows = [[str(n), f"{found['scores'][n]:.2f}", f"{found['weights'][n]:.3f}"] for n in some]
        caption = f"{self.method}: a query at place {self.query} (JavaScript makes it movable)"
        return kit.table(["places back", "score", "weight"], rows, caption)
