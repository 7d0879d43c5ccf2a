"""Where a network looked as it wrote: words that it translated, or sound that it heard."""

from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from jaxtyping import Float

from attncourse.widgets import kit
from attncourse.widgets.alignment import runs as kept
from attncourse.widgets.alignment.making import of_speech, of_translation

__all__ = ["Alignment", "of_speech", "of_translation", "stored"]

_HERE = Path(__file__).parent
SIDES = ("target", "source")
#: Thinner lines than this can be left out.
MOST_LEAST = 0.5


def _last(widget: Any) -> int:
    return len(widget.examples["each"]) - 1


def _longest(widget: Any) -> int:
    return max(max(one["n"], len(one["target"])) for one in widget.examples["each"]) - 1


def stored(*kinds: str) -> list[dict[str, Any]]:
    """Return the stored examples, or those whose titles begin with one of some words.

    They can stand beside others: ``Alignment([*stored("Chinese"), *of_translation(…)])``.
    """
    return [one for one in kept.stored()["each"] if one["title"].startswith(kinds or "")]


class Alignment(kit.CourseWidget):
    """Point at what was written, and see and hear what the network looked at.

    Translations have two columns of words, joined by lines as thick as the weights; speech has its
    wave above and what was written below, and it plays: all of it, or the stretch that the chosen
    digit looks at, which is the shortest that holds four fifths of its weight. Beside it stand the
    same weights as a map. Where somebody else says what belongs together (a dictionary, the clock
    of a synthesiser), the map has it outlined.

    Weights are kept in whole 255ths of rows that sum to 255; sound at 8,000 samples a second.

    Parameters
    ----------
    examples : list of dict, optional
        What :func:`of_translation` and :func:`of_speech` give, stored ones, or dicts of your own;
        ``attncourse.widgets.alignment.runs`` says what belongs in one. By default stored runs of
        the networks of chapter 6.
    example : int
        Which is shown, counted from 0.
    side : {"target", "source"}
        Whether the chosen word is one that was written, or one that was read.
    unit : int
        The chosen word or frame, counted from 0.
    least : float
        The smallest weight that is drawn as a line, up to 0.5.
    preset : str
        One of :meth:`named_states`; the stored examples have some.
    name : str
        The widget's name in links to its state.

    Attributes
    ----------
    weights : numpy.ndarray
        Of the example shown, (target, source).

    Examples
    --------
    >>> one = {"title": "a", "names": ("English", "Spanish"), "source": ["end", "time"],
    ...        "target": ["hora", "final"], "weights": [[0.2, 0.8], [1, 0]]}
    >>> Alignment([one]).weights.tolist()
    [[0.2, 0.8], [1.0, 0.0]]

    """

    LIMITS: ClassVar[dict[str, Any]] = {"sides": list(SIDES), "least": MOST_LEAST}
    _esm = kit.module(_HERE / "widget.js")
    _css = kit.style(_HERE / "widget.css")

    examples = kit.Setting(kept.clean)
    example = kit.State(kit.whole, 0, _last)
    least = kit.State(kit.number, 0.0, MOST_LEAST)
    side = kit.Look(kit.choice, SIDES)
    unit = kit.Look(kit.whole, 0, _longest)

    def __init__(
        self,
        examples: Any = None,
        *,
        example: int = 0,
        side: str = "target",
        unit: int = 0,
        least: float = 0.05,
        preset: str = "",
        name: str = "alignment",
    ) -> None:
        # The examples first: what else fits depends on them.
        self.set_trait("examples", kept.stored() if examples is None else examples)
        super().__init__(
            example=example, side=side, unit=unit, least=least, preset=preset, name=name
        )

    def named_states(self) -> dict[str, dict[str, Any]]:
        """Return what each preset changes of the start; they belong to the stored examples."""
        if not self.examples["stored"]:
            return {}
        return {
            # The noun comes first, and is the third word of English.
            "turned round": {"example": 0, "side": "target", "unit": 0},
            # A word that English does not have looks at a neighbour of what it belongs to.
            "no word for it": {"example": 1, "side": "target", "unit": 5},
            # What the network cannot write, it looks at all the same.
            "unknown word": {"example": 2, "side": "target", "unit": 4},
            # In Chinese the order is that of English.
            "in step": {"example": 4, "side": "target", "unit": 3},
            # The same digit twice, each at its own place.
            "six six": {"example": 7, "side": "target", "unit": 2},
            # Two sevens and a one become others.
            "misheard": {"example": 8, "side": "target", "unit": 2},
        }

    @property
    def shown(self) -> dict[str, Any]:
        """The example that is shown, as it is kept."""
        return self.examples["each"][self.example]

    @property
    def weights(self) -> Float[np.ndarray, "target source"]:
        """The weights of the example shown: a row for each thing that was written."""
        return kept.whole_weights(self.shown) / 255

    def compute(self) -> dict[str, Any]:
        """Return the weights and what is read out of them; ``row`` are those of what is chosen."""
        found = kept.measures(self.shown)
        ways = found["weights"] if self.side == "target" else found["weights"].T
        at = min(self.unit, len(ways) - 1)
        return {**found, "at": at, "row": ways[at]}

    @classmethod
    def random(cls, rng: np.random.Generator) -> Self:
        """Return a widget that shows any stored example, and anything in it."""
        widget = cls()
        return cls(
            example=int(rng.integers(_last(widget) + 1)),
            side=str(rng.choice(SIDES)),
            unit=int(rng.integers(_longest(widget) + 1)),
            least=float(rng.choice([0.0, MOST_LEAST, round(MOST_LEAST * rng.random(), 2)])),
        )

    def fallback_html(self) -> str:
        """Return the weights as a table; of a sound, in parts of which each is several frames."""
        one, weights = self.shown, self.weights
        heads, frame = one["source"], one["frame"]
        if frame:
            cuts = np.unique(np.linspace(0, one["n"], 9).round().astype(int))
            weights = np.add.reduceat(weights, cuts[:-1], axis=1)
            heads = [f"{a * frame:.2f} to {b * frame:.2f} s" for a, b in pairwise(cuts)]
        rows = [
            [word, *(f"{w:.2f}" for w in row)]
            for word, row in zip(one["target"], weights, strict=True)
        ]
        caption = (
            f"{one['title']}. What each row looks at (JavaScript makes it movable and audible)"
        )
        return kit.table(["written", *heads], rows, caption)
