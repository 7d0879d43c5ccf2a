"""A trained model that writes on from the reader's text, with heads to switch off and to paint."""

from collections import defaultdict
from pathlib import Path
from typing import Any, Self

import numpy as np
import traitlets

from attncourse import reference as ref
from attncourse import trained
from attncourse.widgets import kit
from attncourse.widgets.writing_model import network
from attncourse.widgets.writing_model.network import (
    MOST_TEXT,
    N_HEADS,
    N_KEYS,
    N_LAYERS,
    N_QUERIES,
    Read,
)

#: From a play that the model has not read.
BEGINNING = "MACBETH\nSo foul and fair a day I have not s"
_HERE = Path(__file__).parent
#: How far ahead a state's numbers go, and how far a page and Python write.
_AHEAD, _LINE = 8, 48
#: What the numbers hang on.
_OF_NUMBERS = ("text", "temperature", "top_p", "seed", "off", "hand", "layer", "head")


def _text(name: str, value: Any) -> str:
    alphabet = network.kept().record["alphabet"]
    want = f"{name}: expected 1 to {MOST_TEXT} characters out of {alphabet!r}"
    if not isinstance(value, str) or not 1 <= len(value) <= MOST_TEXT:
        raise ValueError(f"{want}, got {value!r}")
    if unknown := set(value) - set(alphabet):
        raise ValueError(f"{want}, got {''.join(sorted(unknown))!r} among them")
    return value


def _head(layer: Any, head: Any) -> list[int]:
    return [
        kit.whole("a layer", layer, 0, N_LAYERS - 1),
        kit.whole("a head", head, 0, N_HEADS - 1),
    ]


def _off(name: str, value: Any) -> list[list[int]]:
    want = f"{name}: expected heads as [[layer, head], …], each once, counted from 0"
    try:
        given = [_head(layer, head) for layer, head in value]
    except (TypeError, ValueError) as error:
        raise ValueError(f"{want}, got {value!r} ({error})") from None
    if len({tuple(each) for each in given}) < len(given):
        raise ValueError(f"{want}, got {value!r}")
    return sorted(given)


def _hand(name: str, value: Any) -> list[list[Any]]:
    want = f"{name}: expected weights set by hand as [[layer, head, back, weight], …]"
    try:
        given = [
            [
                *_head(layer, head),
                kit.whole("a way back", back, 0, N_KEYS - 1),
                kit.number("a weight", weight, 0, 1),
            ]
            for layer, head, back, weight in value
        ]
    except (TypeError, ValueError) as error:
        raise ValueError(f"{want}, got {value!r} ({error})") from None
    together: dict[tuple[float, ...], float] = defaultdict(float)
    for layer, head, _, weight in given:
        together[layer, head] += weight
    twice = len({tuple(pin[:3]) for pin in given}) < len(given)
    if twice or any(total > 1 + 1e-9 for total in together.values()):
        raise ValueError(f"{want}, each once, those of a head together 1 at most, got {value!r}")
    return sorted(given)


class WritingModel(kit.CourseWidget):
    r"""Let a trained model write on from a text, see how all its heads look, and change them.

    The model is that of the chapter's page: four layers of four heads that have read Shakespeare's
    plays, character by character, up to 128 at once. Its numbers are rounded to eight bits. On a
    page they are loaded when the reader asks.

    A head that is off brings nothing, at any character. A weight that is set is one of the last
    character's row; the other characters share what it leaves, in proportion to their own weights.
    What is drawn hangs on the seed and on the place in the text alone, so the changed model and the
    untouched one throw the same dice.

    Parameters
    ----------
    text : str
        The beginning: 1 to 400 characters that the model knows.
    temperature, top_p : float
        How the probabilities are sharpened or evened, 0.1 to 2; and how much of them is kept, from
        the likeliest on, 0.05 to 1.
    seed : int
        Of the dice.
    off : list of [layer, head], optional
        Heads that are switched off, counted from 0.
    hand : list of [layer, head, back, weight], optional
        Weights of the last character that are set by hand; ``back`` says of which character, so
        many back from the last. What lies before the text is not used.
    layer, head, key : int
        The head that is looked at, and the character, counted back, whose weight is looked at.
    preset : str
        One of :meth:`named_states`.
    name : str
        The widget's name in links to its state.

    Examples
    --------
    >>> widget = WritingModel("ROMEO:\nO", temperature=0.1)
    >>> len(widget.goes_on(10))
    10
    """

    HEAVY = kit.Heavy("writing", "the model", trained.path("writing").read_bytes)
    _esm = kit.module(_HERE / "widget.js")
    _css = kit.style(_HERE / "widget.css")

    text = kit.State(_text, default="O")
    temperature = kit.State(kit.number, 0.1, 2, default=1.0)
    top_p = kit.State(kit.number, 0.05, 1, default=1.0)
    seed = kit.State(kit.whole, 0, 9999, default=0)
    off = kit.State(_off, default=[])
    hand = kit.State(_hand, default=[])
    layer = kit.Look(kit.whole, 0, N_LAYERS - 1, default=0)
    head = kit.Look(kit.whole, 0, N_HEADS - 1, default=0)
    key = kit.Look(kit.whole, 0, N_KEYS - 1, default=0)
    sample = traitlets.Dict(read_only=True).tag(sync=True)

    def __init__(
        self,
        text: str = BEGINNING,
        *,
        temperature: float = 0.8,
        top_p: float = 1.0,
        seed: int = 0,
        off: Any = (),
        hand: Any = (),
        layer: int = 0,
        head: int = 0,
        key: int = 0,
        preset: str = "",
        name: str = "writing-model",
    ) -> None:
        self._computed: tuple[list[Any], dict[str, Any]] | None = None
        super().__init__(
            text=text, temperature=temperature, top_p=top_p, seed=seed, off=off, hand=hand,
            layer=layer, head=head, key=key, preset=preset, name=name,
        )  # fmt: skip
        # What a page shows before the model is there.
        self.set_trait("sample", self._sample())

    def named_states(self) -> dict[str, dict[str, Any]]:
        """Return the presets: a low temperature, the head of the neighbour off, a layer off."""
        layer, head = network.neighbour_head(BEGINNING)
        first = [[0, n] for n in range(N_HEADS)]
        return {
            "hardly any dice": {"temperature": 0.1},
            "blind to the neighbour": {"off": [[layer, head]], "layer": layer, "head": head},
            "first layer off": {"off": first, "layer": 0, "head": 0},
        }

    def _read(self, *, changed: bool) -> Read:
        kept = network.kept()
        given: dict[str, Any] = {"off": self.off, "pins": self.hand} if changed else {}
        tokens = network.numbers_of(self.text)
        return network.read(kept.arrays, kept.record["window"], tokens, **given)

    def _write(self, found: Read, n_new: int, *, changed: bool) -> list[int]:
        given = {"temperature": self.temperature, "top_p": self.top_p, "seed": self.seed}
        return network.write(found, n_new, off=self.off if changed else (), **given)

    def compute(self) -> dict[str, Any]:
        """Return what may follow and what does, changed and untouched; and how the heads look.

        Rows of weights are counted backwards: from the last character, and from its own place.
        """
        state = [getattr(self, name) for name in _OF_NUMBERS]
        if self._computed is None or self._computed[0] != state:
            self._computed = state, self._compute()
        return dict(self._computed[1])

    def _compute(self) -> dict[str, Any]:
        untouched = found = self._read(changed=False)
        plain = written = self._write(untouched, _AHEAD, changed=False)
        if self.off or self.hand:
            found = self._read(changed=True)
            written = self._write(found, _AHEAD, changed=True)
        looks = np.zeros((N_LAYERS * N_HEADS, N_QUERIES, N_KEYS))
        own = found.weights[..., -N_QUERIES:, -N_KEYS:][..., ::-1, ::-1]
        looks[:, : own.shape[2], : own.shape[3]] = own.reshape(-1, *own.shape[2:])
        drawn = network.shaped(found.logits[-1], self.temperature, self.top_p)
        return {
            "chances": ref.softmax(drawn),
            "untouched": ref.softmax(untouched.logits[-1]),
            "written": np.array(written),
            "plain": np.array(plain),
            "weights": looks[:, 0],
            "map": looks[N_HEADS * self.layer + self.head],
        }

    def goes_on(self, n_new: int = _LINE, *, changed: bool = True) -> str:
        """Write on, with the state's changes or without."""
        alphabet = network.kept().record["alphabet"]
        written = self._write(self._read(changed=changed), n_new, changed=changed)
        return "".join(alphabet[n] for n in written)

    def _sample(self) -> dict[str, Any]:
        result = {name: np.round(array, 5).tolist() for name, array in self.compute().items()}
        del result["weights"]
        alphabet = network.kept().record["alphabet"]
        held = (kit.State, kit.Look)
        state = {
            n: getattr(self, n) for n, trait in self.traits().items() if isinstance(trait, held)
        }
        return {"state": state, "alphabet": alphabet, "result": {**result, "alphabet": alphabet}}

    @classmethod
    def random(cls, rng: np.random.Generator) -> Self:
        """Return any text, most of them short, with some heads off and some weights set."""
        return cls(**cls.random_state(rng))

    @staticmethod
    def random_state(rng: np.random.Generator) -> dict[str, Any]:
        """Return what :meth:`random` sets."""
        alphabet = list(network.kept().record["alphabet"])
        longest = 24 if rng.random() < 0.95 else 200
        heads = [divmod(int(n), N_HEADS) for n in rng.permutation(N_LAYERS * N_HEADS)]
        n_off, n_painted = rng.integers(0, 3, size=2) if rng.random() < 0.6 else (0, 0)
        hand = []
        for head in heads[2 : 2 + n_painted]:
            count = int(rng.integers(1, 4))
            shares = rng.dirichlet(np.ones(count)) * rng.choice([1.0, rng.random()])
            # Three decimals, as the front-end writes them; rounded down, so that 1 is the most.
            backs = rng.permutation(N_KEYS)[:count]
            hand += [
                [*head, int(b), int(1000 * w) / 1000] for b, w in zip(backs, shares, strict=True)
            ]
        return {
            "text": "".join(rng.choice(alphabet, size=rng.integers(1, longest))),
            "temperature": float(np.round(rng.uniform(0.1, 2), 2)),
            "top_p": float(rng.choice([1.0, np.round(rng.uniform(0.05, 1), 2)])),
            "seed": int(rng.integers(10000)),
            "off": heads[:n_off],
            "hand": hand,
            "layer": int(rng.integers(N_LAYERS)),
            "head": int(rng.integers(N_HEADS)),
            "key": int(rng.integers(N_KEYS)),
        }

    def fallback_html(self) -> str:
        """Return the likeliest characters as a table, changed and untouched."""
        found = self.compute()
        alphabet = network.kept().record["alphabet"]
        named = {" ": "space", "\n": "line end"}
        rows = [
            [
                named.get(alphabet[n], alphabet[n]),
                *(f"{found[name][n]:.3f}" for name in ("chances", "untouched")),
            ]
            for n in np.argsort(-found["chances"], kind="stable")[:10]
        ]
        return kit.table(
            ["Next character", "Drawn with", "Untouched"],
            rows,
            f"What may follow “{self.text}”, the ten likeliest characters. The model goes on: "
            f"“{self.goes_on()}” (JavaScript lets you write your own, and change the heads)",
        )
