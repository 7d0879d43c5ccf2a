"""A mask that is painted, the weights that it moves, and the traps that it walks into."""

from pathlib import Path
from typing import Any, Self

import numpy as np
import traitlets
from jaxtyping import Float

from attncourse import reference as ref
from attncourse.widgets import kit
from attncourse.widgets.mask_painter import rules

_HERE = Path(__file__).parent


def _q_len(painter: Any) -> int:
    return painter._q_len


def _kv_len(painter: Any) -> int:
    return painter._kv_len


def _scores(name: str, value: Any, q_len: int | None, kv_len: int | None) -> list[list[float]]:
    most = rules.MOST
    want = f"({q_len}, {kv_len})" if q_len else f"from (1, 1) to {most}"
    given = kit.array(name, value, "a number for each query and key, such as [[0.5, 1.0], …]")
    fits = given.ndim == 2 and all(1 <= n <= m for n, m in zip(given.shape, most, strict=True))
    if not fits or (q_len and given.shape != (q_len, kv_len)):
        raise ValueError(
            f"{name}: expected shape (q_len, kv_len), {want}, got {given.shape}"
            + ("; make a new widget for another size" if q_len else "")
        )
    kit.bound(name, given, rules.LIMITS["score"])
    return given.tolist()


class MaskPainter(kit.CourseWidget):
    r"""Paint a mask, and see which weights move and which trap it falls into.

    .. math:: A_{ij} = \frac{M_{ij}\, e^{c S_{ij}}}{\sum_l M_{il}\, e^{c S_{il}}}

    with fixed scores S, their strength c and the painted mask M, True = may attend. A row without a
    True is zero. The mask is *meant as* a rule, and what is painted otherwise is named where it has
    a name: an empty row, the opposite of the rule, off by one, the other corner, the future.

    Parameters
    ----------
    scores : array of shape (q_len, kv_len), optional
        At most (8, 8). Left out, four queries meet six keys, of which two are a past.
    rule : str
        What the mask is meant as: "no mask", "causal", "causal top-left", "window", "prefix",
        "documents", "padding right" or "padding left". All but the third align bottom-right.
    size : int, optional
        How many keys the window holds, the prefix, the first document, or the text beside its
        padding. Three, or as many as there are.
    mask : bool array of shape (q_len, kv_len), optional
        What is painted; the rule's own mask unless given.
    strength : float
        Multiplies the scores, from 0 to 4. At 0 all visible keys of a row weigh the same.
    against : {"nothing", "rule"}
        What moved weights are told by: without any mask, or under the rule's own.
    preset : str
        One of the rules, laid out.
    name : str
        The widget's name in links to its state.

    Attributes
    ----------
    weights : numpy.ndarray
        Under the painted mask, by :func:`attncourse.reference.softmax`.

    Raises
    ------
    traitlets.TraitError
        Where a value has the wrong shape, kind or size. It names the value, what was expected and
        what came.

    Examples
    --------
    >>> painter = MaskPainter(rule="causal")
    >>> [row.count(True) for row in painter.mask]
    [3, 4, 5, 6]
    >>> MaskPainter(rule="causal", mask=~np.array(painter.mask)).compute()["inverted"]
    True

    """

    LIMITS = rules.LIMITS
    _esm = kit.module(_HERE / "widget.js")
    _css = kit.style(_HERE / "widget.css")

    mask = kit.State(kit.booleans, _q_len, _kv_len)
    rule = kit.State(kit.choice, rules.RULES, default="causal")
    size = kit.State(kit.whole, 1, _kv_len, default=1)
    strength = kit.State(kit.number, *rules.LIMITS["strength"], default=1.0)
    against = kit.Look(kit.choice, rules.LIMITS["against"], default="nothing")
    scores = kit.Setting(_scores, _q_len, _kv_len)

    def __init__(
        self,
        scores: Any = None,
        *,
        rule: str = "causal",
        size: int | None = None,
        mask: Any = None,
        strength: float = 1.0,
        against: str = "nothing",
        preset: str = "",
        name: str = "mask-painter",
    ) -> None:
        try:
            given = _scores("scores", rules.scores() if scores is None else scores, None, None)
            kit.choice("rule", rule, rules.RULES)
            self._q_len, self._kv_len = len(given), len(given[0])
            size = min(3, self._kv_len) if size is None else size
            kit.whole("size", size, 1, self._kv_len)
        except ValueError as error:
            raise traitlets.TraitError(str(error)) from error
        super().__init__(
            scores=given,
            rule=rule,
            size=size,
            mask=rules.lay_out(rule, size, self._q_len, self._kv_len) if mask is None else mask,
            strength=strength,
            against=against,
            preset=preset,
            name=name,
        )

    def named_states(self) -> dict[str, dict[str, Any]]:
        """Return each rule, laid out in the size that the widget was made with."""
        return {
            rule: {
                "rule": rule,
                "mask": rules.lay_out(rule, self.size, self._q_len, self._kv_len).tolist(),
            }
            for rule in rules.RULES
        }

    def _weights(self, mask: np.ndarray | None) -> Float[np.ndarray, "q_len kv_len"]:
        return ref.softmax(self.strength * np.array(self.scores), mask=mask)

    @property
    def weights(self) -> Float[np.ndarray, "q_len kv_len"]:
        """The attention weights under the painted mask, one row a query."""
        return self._weights(np.array(self.mask))

    def compute(self) -> dict[str, Any]:
        """Return the weights, how far each moved, and how the mask differs from its rule."""
        found = rules.findings(np.array(self.mask), self.rule, self.size)
        weights = self.weights
        base = self._weights(found["right"] if self.against == "rule" else None)
        return {"weights": weights, "base": base, "moved": weights - base, **found}

    @classmethod
    def random(cls, rng: np.random.Generator) -> Self:
        """Return a painter with a rule kept, broken in one of the known ways, or painted over."""
        q_len, kv_len = (int(n) for n in rng.integers(1, 9, 2))
        rule, size = str(rng.choice(rules.RULES)), int(rng.integers(1, kv_len + 1))
        way = rng.integers(6)
        mask = rules.lay_out(rule, size, q_len, kv_len, step=int(rng.choice([-1, 1])) * (way == 1))
        if way == 2:
            mask = ~mask
        elif way == 3:
            mask = rules.lay_out("causal top-left", size, q_len, kv_len)
        elif way == 4:
            mask = mask ^ (rng.random(mask.shape) < 0.15)
        elif way == 5:
            mask = rng.random(mask.shape) < rng.choice([0.2, 0.7])
        return cls(
            rng.normal(size=(q_len, kv_len)) * rng.choice([1, 10, 30]),
            rule=rule,
            size=size,
            mask=mask,
            strength=float(rng.choice([0.0, 0.25, 1.0, 4.0])),
            against=str(rng.choice(rules.LIMITS["against"])),
        )

    def fallback_html(self) -> str:
        """Return the weights as a table, with a dash where nothing may be seen."""
        header = ["", *(f"key {j + 1}" for j in range(self._kv_len)), "sees"]
        rows = [
            [
                f"query {i + 1}",
                *(f"{w:.2f}" if seen else "–" for w, seen in zip(row, mask, strict=True)),
                str(sum(mask)),
            ]
            for i, (row, mask) in enumerate(zip(self.weights, self.mask, strict=True))
        ]
        caption = f"Weights under a mask, meant as: {self.rule} (JavaScript makes it paintable)"
        return kit.table(header, rows, caption)
