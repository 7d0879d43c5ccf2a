"""A trained network that says words, and the weights by which it looks at their letters."""

import re
from collections import defaultdict
from pathlib import Path
from typing import Any, Self

import numpy as np
import traitlets

from attncourse import trained
from attncourse.widgets import kit
from attncourse.widgets.letters_to_sounds import network
from attncourse.widgets.letters_to_sounds.network import MOST_LETTERS, MOST_ROWS

_HERE = Path(__file__).parent


def _word(name: str, value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(rf"[a-z]{{1,{MOST_LETTERS}}}", value):
        raise ValueError(f"{name}: expected 1 to {MOST_LETTERS} letters from a to z, got {value!r}")
    return value


def _hand(name: str, value: Any) -> list[list[Any]]:
    want = f"{name}: expected weights set by hand as [[sound, letter, weight], …], counted from 0"
    try:
        given = [
            [
                kit.whole("a sound", sound, 0, MOST_ROWS - 1),
                kit.whole("a letter", letter, 0, MOST_LETTERS - 1),
                kit.number("a weight", weight, 0, 1),
            ]
            for sound, letter, weight in value
        ]
    except (TypeError, ValueError) as error:
        raise ValueError(f"{want}, got {value!r} ({error})") from None
    together: dict[float, float] = defaultdict(float)
    for sound, _, weight in given:
        together[sound] += weight
    twice = len({(sound, letter) for sound, letter, _ in given}) < len(given)
    if twice or any(total > 1 + 1e-9 for total in together.values()):
        raise ValueError(f"{want}, each once, those of a sound together 1 at most, got {value!r}")
    return sorted(given)


#: What each shows: a silent letter speaks when it is looked at; another does not; a neighbour knows
#: the sound; the order of the look is the order of the sounds, and without an end none comes.
PRESETS: dict[str, dict[str, Any]] = {
    "silent k": {"word": "knight", "hand": [[0, 0, 1.0]]},
    "silent w": {"word": "write", "hand": [[0, 0, 1.0]]},
    "one letter off": {"word": "knight", "hand": [[1, 1, 1.0]], "selected": 1},
    "backwards": {"word": "stop", "hand": [[0, 3, 1.0], [1, 2, 1.0], [2, 1, 1.0], [3, 0, 1.0]]},
}


class LettersToSounds(kit.CourseWidget):
    r"""Let a trained network say a word, see where it looks, and make it look elsewhere.

    The network is that of the chapter's page: a recurrent encoder that reads in both directions,
    additive attention, a recurrent decoder that takes the likeliest sound at each step. It was
    trained for 6,000 steps, and its numbers are rounded to eight bits. On a page they are loaded
    when the reader asks.

    A weight that is set stays; the other letters share what it leaves, in proportion to their own
    weights. The rest of the word is said again from there. What the presets show: the silent k of
    *knight* is said when it is looked at, the silent w of *write* is not; the letter beside the
    right one will sometimes do, since its state has read the neighbours; and pulled into the
    opposite order, the letters are said in the opposite order.

    Parameters
    ----------
    word : str
        1 to 16 letters from a to z.
    hand : list of [sound, letter, weight], optional
        Weights that are set by hand, counted from 0. What lies outside the word is not used.
    selected : int
        The sound that is looked at.
    preset : str
        One of :meth:`named_states`.
    name : str
        The widget's name in links to its state.

    Attributes
    ----------
    sounds : list of str
        What the network says, without the end.

    Examples
    --------
    >>> LettersToSounds("knight").sounds
    ['N', 'AY', 'T']

    """

    HEAVY = kit.Heavy(
        "letters_to_sounds", "the model", trained.path("letters_to_sounds").read_bytes
    )
    _esm = kit.module(_HERE / "widget.js")
    _css = kit.style(_HERE / "widget.css")

    word = kit.State(_word, default="knight")
    hand = kit.State(_hand, default=[])
    selected = kit.Look(kit.whole, 0, MOST_ROWS - 1, default=0)
    sample = traitlets.Dict(read_only=True).tag(sync=True)

    def __init__(
        self,
        word: str = "knight",
        *,
        hand: Any = (),
        selected: int = 1,
        preset: str = "",
        name: str = "letters-to-sounds",
    ) -> None:
        super().__init__(word=word, hand=hand, selected=selected, preset=preset, name=name)
        # What a page shows before the network is there.
        self.set_trait("sample", self._sample())

    def named_states(self) -> dict[str, dict[str, Any]]:
        """Return the presets, each of which shows something: the silent letter that speaks, etc."""
        return {name: {"selected": 0, **state} for name, state in PRESETS.items()}

    def compute(self) -> dict[str, Any]:
        """Return sounds, weights and probabilities, a row a sound; and what it says by itself."""
        arrays, symbols = network.kept().arrays, network.numbers_of(self.word)
        said = network.say(arrays, symbols, self.hand)
        plain = network.say(arrays, symbols, []).sounds if self.hand else said.sounds
        return {**vars(said), "plain": plain}

    @property
    def sounds(self) -> list[str]:
        """What the network says, by the dictionary's names."""
        return [network.name_of(n) for n in self.compute()["sounds"] if n != network.END]

    def _sample(self) -> dict[str, Any]:
        result = {name: np.round(array, 6).tolist() for name, array in self.compute().items()}
        names = network.kept().record["sounds"]
        return {"word": self.word, "hand": self.hand, "result": result, "sounds": names}

    @classmethod
    def random(cls, rng: np.random.Generator) -> Self:
        """Return a word of any letters with some weights set, pulled or typed."""
        letters = list("abcdefghijklmnopqrstuvwxyz")
        word = "".join(rng.choice(letters, size=rng.integers(1, MOST_LETTERS + 1)))
        hand = []
        for sound in rng.permutation(MOST_ROWS)[: rng.integers(0, 6)]:
            count = int(rng.integers(1, min(3, len(word)) + 1))
            places = rng.permutation(len(word))[:count]
            shares = rng.dirichlet(np.ones(count)) * rng.choice([1.0, rng.random()])
            # Three decimals, as the front-end writes them; rounded down, so that 1 is the most.
            hand += [
                [int(sound), int(j), float(np.floor(1000 * w) / 1000)]
                for j, w in zip(places, shares, strict=True)
            ]
        return cls(word, hand=hand, selected=int(rng.integers(MOST_ROWS)))

    def fallback_html(self) -> str:
        """Return the weights as a table, a row a sound."""
        found = self.compute()
        rows = [
            [network.name_of(sound), *(f"{w:.2f}" for w in weights)]
            for sound, weights in zip(found["sounds"], found["weights"], strict=True)
        ]
        return kit.table(
            ["", *self.word],
            rows,
            f"Where the network looks as it says {self.word}: a row a sound, a column a letter "
            "(JavaScript lets you change the weights)",
        )
