"""One of two dozen real bugs, where its first number differs, and which assertion sees it."""

from pathlib import Path
from typing import Any, Self

import numpy as np

from attncourse.widgets import kit
from attncourse.widgets.bug_bench import assertions, layer, rows, situations
from attncourse.widgets.bug_bench.bugs import BUGS

_HERE = Path(__file__).parent
_SIZES = {"q_len": (1, 6), "kv_len": (1, 6), "n_heads": (1, 2), "d_k": (1, 5), "d_v": (1, 3)}
_SEED, _HEAD = (1, 999), (0, _SIZES["n_heads"][1] - 1)
_MODES = ("look", "diagnose")
_SWITCH = ("off", "on")


def _tell(name: str) -> dict[str, Any]:
    """Return what the front-end has to know of a bug that is not in its own code."""
    where = situations.SITUATIONS[name]
    return {
        "name": name,
        "steps": {
            step: [layer.line(layer.RIGHT[step]), layer.line(wrong)]
            for step, wrong in BUGS[name].items()
        },
        **where._asdict(),
    }


LIMITS: dict[str, Any] = {
    "sizes": _SIZES,
    "seed": _SEED,
    "masks": situations.MASKS,
    "numbers": rows.NUMBERS,
    "stages": layer.STAGES,
    "start": situations.START,
    "bugs": [_tell(name) for name in BUGS],
    "assertions": assertions.ASSERTIONS,
    "helpers": assertions.HELPERS,
    "usual": assertions.USUAL,
}


class BugBench(kit.CourseWidget):
    r"""Break attention in one of two dozen ways, and see which assertion notices.

    The layer is :math:`\text{softmax}(Q K^\top / \sqrt{d_k})\, V` for several heads, in steps of a
    line each; a bug is another line in the place of one. Right and wrong stand side by side, stage
    by stage, with the numbers that differ. Below, eighteen assertions are run on the layer with
    each bug: caught, missed, or refused, where the right layer fails as well. Three things to find:
    the four usual assertions (shape, rows that sum to one, finite, a loss that falls) catch five of
    24 at the start; a bug hides where sizes agree or are one (as many queries as keys, one head,
    one query) or numbers do (all ones); and no property sees scores that are not scaled, or divided
    by d_k or √d_v, which only a number worked by hand does, or a second implementation.

    Parameters
    ----------
    bug : str
        One of the two dozen; an unknown one is told which there are.
    q_len, kv_len, n_heads, d_k, d_v : int
        Up to 6, 6, 2, 5 and 3.
    mask : {"none", "causal", "window", "padding"}
        Causal is bottom-right; a window holds 3 keys; two keys on the left are padding, under a
        causal mask.
    dropout : {"off", "on"}
        Whether a dropout of one half is looked at.
    numbers : {"random", "ones", "large"}
        Numbers from −2 to 2, ones alone, or queries a thousand times as large.
    seed : int
        Which random numbers, from 1 to 999.
    mode : {"look", "diagnose"}
        Whether the bug is told, or only its output is shown.
    guess : str
        The bug that a diagnosis names; "" for none yet.
    stage : str
        What is shown; "" for the first stage that differs.
    head : int
        Which head is shown, from 0.
    assertion : str
        The assertion whose line is shown.
    preset : str
        A state to begin with, one of :meth:`named_states`.
    name : str
        The widget's name in links to its state.

    Raises
    ------
    traitlets.TraitError
        Where a value is of the wrong kind or size. It names the value, what was expected and what
        came.

    Examples
    --------
    >>> bench = BugBench(bug="causal from the top left")
    >>> bench.verdict("rows sum to one"), bench.verdict("visible keys weigh something")
    ('missed', 'caught')
    >>> bench.q_len = bench.kv_len  # both corners are one now
    >>> bench.verdict("visible keys weigh something"), bench.verdict("one query at a time")
    ('missed', 'caught')

    """

    LIMITS = LIMITS
    _esm = kit.module(_HERE / "widget.js")
    _css = kit.style(_HERE / "widget.css")

    bug = kit.State(kit.choice, tuple(BUGS))
    q_len = kit.State(kit.whole, *_SIZES["q_len"])
    kv_len = kit.State(kit.whole, *_SIZES["kv_len"])
    n_heads = kit.State(kit.whole, *_SIZES["n_heads"])
    d_k = kit.State(kit.whole, *_SIZES["d_k"])
    d_v = kit.State(kit.whole, *_SIZES["d_v"])
    mask = kit.State(kit.choice, situations.MASKS)
    dropout = kit.State(kit.choice, _SWITCH)
    numbers = kit.State(kit.choice, rows.NUMBERS)
    seed = kit.State(kit.whole, *_SEED)
    mode = kit.State(kit.choice, _MODES)
    guess = kit.State(kit.choice, ("", *BUGS))
    stage = kit.Look(kit.choice, ("", *layer.STAGES))
    head = kit.Look(kit.whole, *_HEAD)
    assertion = kit.Look(kit.choice, tuple(assertions.ASSERTIONS))

    def __init__(
        self,
        bug: str = "causal from the top left",
        *,
        seed: int = 1,
        mode: str = "look",
        guess: str = "",
        stage: str = "",
        head: int = 0,
        assertion: str = "rows sum to one",
        preset: str = "",
        name: str = "bug-bench",
        **situation: Any,
    ) -> None:
        super().__init__(
            bug=bug,
            seed=seed,
            mode=mode,
            guess=guess,
            stage=stage,
            head=head,
            assertion=assertion,
            preset=preset,
            name=name,
            **{**situations.START, **situation},
        )

    def named_states(self) -> dict[str, dict[str, Any]]:
        """Return what each preset changes of the start state."""
        shown = {
            # As many queries as keys: both corners are one.
            "square": ("causal from the top left", {"q_len": 6}),
            # The only query is the last one, which may see everything.
            "one new token": ("no mask once there is a cache", {"q_len": 1}),
            # A query that sees nothing gets the mean of all values; its weights sum to one.
            "nothing to see": ("−1e9 in place of −∞", {}),
            # All scores are equal, and all values.
            "all ones": ("keys reshaped, not transposed", {"numbers": "ones"}),
            # No property is broken.
            "a wrong constant": ("scores divided by √d_v", {}),
            "a riddle": ("scores divided by √d_model", {"mode": "diagnose"}),
        }
        plain = {**situations.START, "mode": "look", "guess": ""}
        return {
            name: {**plain, **situations.SITUATIONS[bug].shows, "bug": bug, **more}
            for name, (bug, more) in shown.items()
        }

    @property
    def case(self) -> assertions.Case:
        """What is computed: sizes, mask, dropout and numbers."""
        sizes = rows.Sizes(*(getattr(self, name) for name in rows.Sizes._fields))
        return assertions.Case(sizes, self.mask, self.dropout, self.numbers, self.seed)

    def verdict(self, assertion: str) -> str:
        """Return whether an assertion has "caught" or "missed" the bug, or is "refused"."""
        row = list(assertions.ASSERTIONS).index(assertion)
        found = assertions.verdicts(self.case)[row][list(BUGS).index(self.bug)]
        return ("missed", "caught", "refused")[found]

    def compute(self) -> dict[str, Any]:
        """Return every stage of both, how many numbers differ, and what each assertion says.

        A score of −∞ stands as NaN: JSON has no infinity. ``caught`` has a row for each assertion
        and a column for each bug: 0 missed, 1 caught, 2 refused. ``quiet`` says of each bug that
        its output is the right one.
        """
        case = self.case
        right, wrong = assertions.reference(case), assertions.broken(case, BUGS[self.bug])
        differ = [int(assertions.differing(right[s], wrong[s]).sum()) for s in layer.STAGES]
        guess = assertions.broken(case, BUGS[self.guess])["output"] if self.guess else np.zeros(0)
        found: dict[str, Any] = {
            "differ": differ,
            "first": next((n for n, count in enumerate(differ) if count), -1),
            "quiet": assertions.quiet(case),
            "caught": assertions.verdicts(case),
            "guessed": guess,
        }
        for name in layer.STAGES:
            for side, parts in (("right", right), ("wrong", wrong)):
                found[f"{side}_{name}"] = np.where(np.isneginf(parts[name]), np.nan, parts[name])
        return found

    @classmethod
    def random(cls, rng: np.random.Generator) -> Self:
        """Return any bug in any situation, of sizes that agree as often as they differ."""
        sizes: dict[str, Any] = {
            name: int(rng.integers(low, high + 1)) for name, (low, high) in _SIZES.items()
        }
        if rng.random() < 0.3:
            sizes["kv_len"] = sizes["q_len"]
        return cls(
            str(rng.choice(list(BUGS))),
            **sizes,
            mask=str(rng.choice(situations.MASKS)),
            dropout=str(rng.choice(_SWITCH)),
            numbers=str(rng.choice(rows.NUMBERS, p=[0.6, 0.2, 0.2])),
            seed=int(rng.integers(_SEED[0], _SEED[1] + 1)),
            mode=str(rng.choice(_MODES)),
            guess=str(rng.choice(["", *BUGS])),
            stage=str(rng.choice(["", *layer.STAGES])),
            head=int(rng.integers(_HEAD[1] + 1)),
            assertion=str(rng.choice(list(assertions.ASSERTIONS))),
        )

    def fallback_html(self) -> str:
        """Return which assertion catches which bug as a table, a row for each bug."""
        verdicts = np.array(assertions.verdicts(self.case))
        lines = [
            [bug, *("·×–"[v] for v in column), str(int((column == assertions.CAUGHT).sum()))]
            for bug, column in zip(BUGS, verdicts.T, strict=True)
        ]
        header = ["bug", *assertions.ASSERTIONS, "caught by"]
        caption = (
            "Which assertion catches which bug: × caught, · missed, – fails for the right layer as "
            "well (JavaScript shows the numbers)"
        )
        return kit.table(header, lines, caption)
