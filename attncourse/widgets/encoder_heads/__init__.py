"""The heads of a trained encoder: what each attends to, and what changes without it."""

from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from jaxtyping import Float

from attncourse import analysis
from attncourse.widgets import kit
from attncourse.widgets.encoder_heads import runs as kept

_HERE = Path(__file__).parent
#: What can stand below the weights of the chosen head.
BESIDE = ("nothing", "head", "off", "rollout")


def _layers(widget: Any) -> int:
    return widget.runs["n_layers"] - 1


def _heads(widget: Any) -> int:
    return widget.runs["n_heads"] - 1


def _sentences(widget: Any) -> int:
    return len(widget.runs["sentences"]) - 1


def _longest(widget: Any) -> int:
    return max(len(one["words"]) for one in widget.runs["sentences"]) - 1


class EncoderHeads(kit.CourseWidget):
    r"""Point at a word, and see what the heads of a trained encoder make of it.

    The widget holds real runs: by default MiniLM, 6 layers of 12 heads, on six sentences. Each row
    of weights is kept in whole 255ths that sum to 255, so a weight is off by less than 0.004. Every
    head has its map, and the heads are ordered by any of nine numbers. Below the weights of a head
    stand those of another, or what happens when the head is off (its output is zeros in all six
    sentences), or the rollout, which follows the mean map :math:`\bar A` of each layer back to the
    input,

    .. math:: R^{(l)} = \tilde A^{(l)} R^{(l-1)}, \qquad R^{(0)} = I, \qquad
              \tilde A^{(l)} = (1 - \rho) \bar A^{(l)} + \rho I

    beside how far the word's last vector turns when a word is masked, which means replaced by
    ``[MASK]``. The first is a reading of maps, the second an experiment.

    Parameters
    ----------
    runs : dict, optional
        What :func:`attncourse.models.head_runs` gives for sentences of your own.
    sentence, layer, head : int
        What is shown, counted from 0.
    other_layer, other_head : int
        The head that the chosen one is compared with.
    beside : {"nothing", "head", "off", "rollout"}
        What stands below the weights.
    residual : float
        The share ρ that the residual connection passes by, from 0 to 1.
    order : str
        "place", or by what the heads are ordered: "entropy", "distance", "first" (weight on the
        first position), "last", "before", "after", "same" (weight on the same word elsewhere),
        "turns" (of the sentence's vector when the head is off) or "moved" (when the chosen head is
        off).
    word : int
        The word that is asked, counted from 0.
    preset : {"", "word before", "same word", "pronoun", "parked", "knock-on", "rollout"}
        A state to begin with.
    name : str
        The widget's name in links to its state.

    Attributes
    ----------
    words : list of str
        Of the sentence shown.
    weights : numpy.ndarray
        Of the head shown, (n, n), a row a query.

    Raises
    ------
    traitlets.TraitError
        Where a value is of the wrong kind or size. It names the value, what was expected and what
        came.

    Examples
    --------
    >>> widget = EncoderHeads(sentence=3, layer=2, head=9)
    >>> first, second = (at for at, word in enumerate(widget.words) if word == "dog")
    >>> bool(widget.weights[second, first] > 0.7)
    True

    """

    LIMITS: ClassVar[dict[str, Any]] = {"orders": list(kept.ORDERS), "beside": list(BESIDE)}
    _esm = kit.module(_HERE / "widget.js")
    _css = kit.style(_HERE / "widget.css")

    runs = kit.Setting(kept.clean)
    sentence = kit.State(kit.whole, 0, _sentences)
    layer = kit.State(kit.whole, 0, _layers)
    head = kit.State(kit.whole, 0, _heads)
    other_layer = kit.State(kit.whole, 0, _layers)
    other_head = kit.State(kit.whole, 0, _heads)
    beside = kit.State(kit.choice, BESIDE)
    residual = kit.State(kit.number, 0.0, 1.0)
    order = kit.State(kit.choice, kept.ORDERS)
    word = kit.Look(kit.whole, 0, _longest)

    def __init__(
        self,
        runs: Any = None,
        *,
        sentence: int = 0,
        layer: int = 0,
        head: int = 0,
        other_layer: int = 0,
        other_head: int = 0,
        beside: str = "nothing",
        residual: float = 0.5,
        order: str = "place",
        word: int = 1,
        preset: str = "",
        name: str = "heads",
    ) -> None:
        # The runs first: what else fits depends on them.
        self.set_trait("runs", kept.stored() if runs is None else runs)
        super().__init__(
            sentence=sentence,
            layer=layer,
            head=head,
            other_layer=other_layer,
            other_head=other_head,
            beside=beside,
            residual=residual,
            order=order,
            word=word,
            preset=preset,
            name=name,
        )

    def named_states(self) -> dict[str, dict[str, Any]]:
        """Return what each preset changes of the start state; they belong to the stored runs."""
        if not self.runs["stored"]:
            return {}
        plain = {"beside": "nothing", "order": "place", "residual": 0.5}
        return {
            # One head puts all its weight on the word before, in every sentence.
            "word before": {**plain, "sentence": 0, "layer": 0, "head": 2, "word": 7,
                            "order": "before"},
            # The second dog finds the first, at another place in every sentence.
            "same word": {**plain, "sentence": 3, "layer": 2, "head": 9, "word": 8,
                          "order": "same"},
            # She is the queen.
            "pronoun": {**plain, "sentence": 2, "layer": 1, "head": 3, "word": 10},
            # Two heads that answer the same question by two words.
            "it": {**plain, "sentence": 0, "layer": 3, "head": 1, "word": 7, "beside": "head",
                   "other_layer": 5, "other_head": 11},
            # Most weight goes to a mark that says nothing.
            "parked": {**plain, "sentence": 1, "layer": 2, "head": 7, "word": 4, "order": "first"},
            # A clear head switched off: one map falls apart, the sentence hardly turns.
            "knock-on": {**plain, "sentence": 0, "layer": 0, "head": 2, "word": 7, "beside": "off",
                         "order": "moved"},
            # The picture says the mark, the experiment says the words.
            "rollout": {**plain, "sentence": 0, "layer": 5, "head": 11, "word": 7,
                        "beside": "rollout"},
        }  # fmt: skip

    @property
    def words(self) -> list[str]:
        """The words of the sentence shown, as the tokenizer cuts them."""
        return self.runs["sentences"][self.sentence]["words"]

    @property
    def weights(self) -> Float[np.ndarray, "n n"]:
        """The map of the head shown: a row a query."""
        return kept.arrays(self.runs, self.sentence)["weights"][self.layer, self.head]

    def compute(self) -> dict[str, Any]:
        """Return the maps shown, the rollout, a number of every head, and what an ablation did."""
        found = kept.arrays(self.runs, self.sentence)
        weights, at = found["weights"], self.layer * self.runs["n_heads"] + self.head
        numbers = {
            **kept.measures(weights, self.words),
            "turns": found["turns"],
            "moved": found["moved"][at],
        }
        rollout = analysis.attention_rollout(weights, residual=self.residual)[-1]
        word = min(self.word, len(self.words) - 1)
        below = {
            "nothing": np.zeros(len(self.words)),
            "head": weights[self.other_layer, self.other_head, word],
            "off": found["word_turns"][at],
            "rollout": rollout[word],
        }
        # Rounded, so that what is equal but for its last bit keeps its place.
        ranked = np.round(numbers.get(self.order, -np.arange(len(found["turns"]))), 9)
        return {
            "weights": weights[self.layer, self.head],
            "other": weights[self.other_layer, self.other_head],
            "rollout": rollout,
            "above": weights[self.layer, self.head, word],
            "below": below[self.beside],
            "masked": found["masked"][word],
            "ranked": np.argsort(-ranked, kind="stable"),
            "whole": kept.similarities(self.runs, 0)[self.sentence],
            "without": kept.similarities(self.runs, 1 + at)[self.sentence],
            **numbers,
        }

    @classmethod
    def random(cls, rng: np.random.Generator) -> Self:
        """Return a widget that shows any head, word and order of the stored runs."""
        widget = cls()
        pick: Any = {
            name: int(rng.integers(bound(widget) + 1))
            for name, bound in {
                "sentence": _sentences,
                "layer": _layers,
                "head": _heads,
                "other_layer": _layers,
                "other_head": _heads,
                "word": _longest,
            }.items()
        }
        return cls(
            **pick,
            beside=str(rng.choice(BESIDE)),
            residual=float(rng.choice([0.0, 0.5, 1.0, rng.random()])),
            order=str(rng.choice(kept.ORDERS)),
        )

    def fallback_html(self) -> str:
        """Return the weights of the head shown as a table."""
        words = self.words
        rows = [
            [word, *(f"{weight:.2f}" for weight in row)]
            for word, row in zip(words, self.weights, strict=True)
        ]
        caption = (
            f"What each word of “{self.runs['sentences'][self.sentence]['text']}” attends to in "
            f"layer {self.layer + 1}, head {self.head + 1} (JavaScript makes it movable)"
        )
        return kit.table(["query", *words], rows, caption)
