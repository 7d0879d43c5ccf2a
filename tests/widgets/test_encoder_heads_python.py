"""The widget of heads as a Python object: what it keeps of runs, and what it reads out of them."""

import json
import re

import numpy as np
import pytest
import traitlets

from attncourse.widgets import EncoderHeads
from attncourse.widgets.encoder_heads import runs as kept

LAYERS, HEADS = 2, 3
WORDS = [["[CLS]", "a", "b", "a", "c", "[SEP]"], ["[CLS]", "d", "[SEP]"]]


def own_runs(rng=None, words=WORDS):
    """Runs of a small encoder that never was: shapes as `head_runs` gives them."""
    rng = rng or np.random.default_rng(0)
    total, several = LAYERS * HEADS, len(words)

    def one(text):
        n = len(text)
        scores = np.exp(3 * rng.normal(size=(LAYERS, HEADS, n, n)))
        return {
            "text": " ".join(text),
            "words": text,
            "weights": scores / scores.sum(axis=-1, keepdims=True),
            "turns": 90 * rng.random(total),
            "word_turns": 180 * rng.random((total, n)),
            "masked": 180 * rng.random((n, n)),
        }

    likeness = rng.uniform(-1, 1, (1 + total, several, several))
    likeness = (likeness + likeness.swapaxes(1, 2)) / 2
    likeness[:, range(several), range(several)] = 1
    return {
        "sentences": [one(text) for text in words],
        "similarity": likeness,
        "moved": rng.random((total, total)),
    }


def test_rows_stay_rows_and_none_is_off_by_a_whole_step():
    rng = np.random.default_rng(0)
    rows = rng.dirichlet(np.full(9, 0.2), size=(40, 5))
    kept_rows = kept.in_255ths(rows)
    assert (kept_rows.sum(axis=-1) == 255).all()
    assert (kept_rows == kept_rows.round()).all()
    assert np.abs(kept_rows - 255 * rows).max() < 1
    # What falls out of the whole steps goes to the largest remainders.
    np.testing.assert_array_equal(kept.in_255ths(np.array([0.4999, 0.2502, 0.2499])), [127, 64, 64])
    np.testing.assert_array_equal(kept.in_255ths(np.eye(3)), 255 * np.eye(3))


def test_runs_of_ones_own_come_back_as_they_were():
    given = own_runs()
    widget = EncoderHeads(given, sentence=0, layer=1, head=2)
    found = kept.arrays(widget.runs, 0)
    one = given["sentences"][0]
    assert np.abs(found["weights"] - one["weights"]).max() < 1 / 255
    for name in ("word_turns", "masked"):
        assert np.abs(found[name] - one[name]).max() <= 90 / 255 + 1e-9
    assert np.abs(found["moved"] - given["moved"]).max() <= 0.5 / 255 + 1e-9
    assert np.abs(found["turns"] - one["turns"]).max() <= 0.005 + 1e-9
    for which in range(7):
        likeness = kept.similarities(widget.runs, which)
        assert np.abs(likeness - given["similarity"][which]).max() <= 0.0005 + 1e-9
    np.testing.assert_array_equal(widget.weights, found["weights"][1, 2])
    assert widget.words == WORDS[0]
    assert widget.presets == {}
    json.dumps(widget.page_state())  # no array is left in it


def test_measures_by_hand():
    """One head puts all on the word before, one on the first mark, one on copies and the end."""
    words = ["[CLS]", "a", "b", "a", "[SEP]"]
    maps = np.zeros((1, 3, 5, 5))
    for i in range(5):
        maps[0, 0, i, max(i - 1, 0)] = 1
        maps[0, 1, i, 0] = 1
        maps[0, 2, i, {1: 3, 3: 1}.get(i, 4)] = 0.5
        maps[0, 2, i, 4] += 0.5
    found = kept.measures(maps, words)
    # The queries are a, b and a.
    np.testing.assert_allclose(found["before"], [1, 0, 0])
    np.testing.assert_allclose(found["after"], [0, 0, 0])
    np.testing.assert_allclose(found["first"], [1 / 3, 1, 0])
    np.testing.assert_allclose(found["last"], [0, 0, (0.5 + 1 + 0.5) / 3])
    np.testing.assert_allclose(found["same"], [0, 0, 0.5])
    np.testing.assert_allclose(found["entropy"], [0, 0, 2 / 3])
    np.testing.assert_allclose(found["distance"], [1, 2, (2.5 + 2 + 1.5) / 3])
    maps[0, 0] = np.eye(5)[[1, 2, 3, 4, 4]]
    np.testing.assert_allclose(kept.measures(maps, words)["after"][0], 1)


def test_a_sentence_of_one_word_has_no_neighbour():
    found = kept.measures(np.full((1, 2, 3, 3), 1 / 3), ["[CLS]", "d", "[SEP]"])
    for name in ("before", "after", "same"):
        assert found[name].tolist() == [0, 0]
    np.testing.assert_allclose(found["entropy"], np.log2(3))


def test_the_marks_are_no_copies():
    """A sentence that says [SEP] itself."""
    words = ["[SEP]", "a", "[SEP]", "[SEP]"]
    assert not kept.measures(np.full((1, 1, 4, 4), 0.25), words)["same"].any()


def test_what_stands_below_and_in_which_order():
    given = own_runs()
    choice = {"layer": 1, "head": 0, "other_layer": 0, "other_head": 2, "word": 4}
    widget = EncoderHeads(given, **choice)
    arrays = kept.arrays(widget.runs, 0)

    def below(**changed):
        return EncoderHeads(given, **choice | changed).compute()

    np.testing.assert_array_equal(widget.compute()["above"], arrays["weights"][1, 0, 4])
    np.testing.assert_array_equal(below(beside="head")["below"], arrays["weights"][0, 2, 4])
    np.testing.assert_array_equal(below(beside="off")["below"], arrays["word_turns"][3])
    np.testing.assert_array_equal(below()["masked"], arrays["masked"][4])
    np.testing.assert_array_equal(below(order="moved")["moved"], arrays["moved"][3])
    assert below()["ranked"].tolist() == list(range(6))
    by_turns = below(order="turns")
    assert (np.diff(by_turns["turns"][by_turns["ranked"]]) <= 0).all()
    # Another sentence is shorter: the word that is asked is its last.
    short = below(sentence=1)
    np.testing.assert_array_equal(short["above"], kept.arrays(widget.runs, 1)["weights"][1, 0, 2])


def test_rollout_is_the_product_of_the_layers():
    widget = EncoderHeads(own_runs(), beside="rollout", residual=0.3, word=2)
    weights = kept.arrays(widget.runs, 0)["weights"]
    own = np.eye(6)
    by_layer = [0.7 * maps.mean(axis=0) + 0.3 * own for maps in weights]
    found = widget.compute()
    np.testing.assert_allclose(found["rollout"], by_layer[1] @ by_layer[0], atol=1e-12)
    np.testing.assert_array_equal(found["below"], found["rollout"][2])
    widget.residual = 1.0
    np.testing.assert_allclose(widget.compute()["rollout"], own, atol=1e-12)


def spoiled(change):
    runs = own_runs()
    change(runs)
    return runs


@pytest.mark.parametrize(
    ("runs", "says"),
    [
        (7, "expected what attncourse.models.head_runs"),
        ({}, "expected what attncourse.models.head_runs"),
        (spoiled(lambda r: r.pop("moved")), "expected what attncourse.models.head_runs"),
        (spoiled(lambda r: r.update(similarity=r["similarity"][1:])), "expected similarity of shape"),
        (spoiled(lambda r: r.update(moved=r["moved"][1:])), "expected moved of shape (6, 6)"),
        (spoiled(lambda r: r["sentences"][1].update(weights=r["sentences"][1]["weights"][:1])), "expected weights of shape (2, 3, 3, 3)"),
        (spoiled(lambda r: r["sentences"][0].update(weights=r["sentences"][0]["weights"] / 2)), "rows of weights that sum to 1"),
        (spoiled(lambda r: r["sentences"][0].update(masked=-r["sentences"][0]["masked"])), "expected masked from 0 to 180"),
        (spoiled(lambda r: r["sentences"][0].update(turns=r["sentences"][0]["turns"] + 180)), "expected 6 turns from 0 to 180"),
        (own_runs(words=[["a", "b"]]), "from 3 to 40, got 2"),
        (own_runs(words=[["a", "b", "c"]] * 13), "number of sentences from 1 to 12, got 13"),
    ],
)  # fmt: skip
def test_runs_that_are_none_are_refused(runs, says):
    with pytest.raises(traitlets.TraitError, match=r"^runs: expected ") as error:
        EncoderHeads(runs)
    assert says in str(error.value)


def test_what_is_not_there_is_refused():
    widget = EncoderHeads(own_runs())
    for name, last in {"sentence": 1, "layer": 1, "head": 2, "other_layer": 1, "other_head": 2, "word": 5}.items():  # fmt: skip
        setattr(widget, name, last)
        with pytest.raises(traitlets.TraitError, match=rf"^{name}: expected .* to {last}, got"):
            setattr(widget, name, last + 1)


def test_presets_show_what_they_are_called():
    def shown(name):
        widget = EncoderHeads(preset=name)
        word = widget.words[widget.word]
        return widget, word, widget.words, widget.compute()

    widget, _, words, found = shown("word before")
    inner = np.arange(1, len(words) - 1)
    assert (found["weights"][inner, inner - 1] > 0.99).all()
    assert found["ranked"][0] == 2
    widget, word, words, found = shown("same word")
    assert word == "dog"
    assert words[found["above"].argmax()] == "dog"
    assert found["above"].argmax() != widget.word
    _, word, words, found = shown("pronoun")
    assert (word, words[found["above"].argmax()]) == ("her", "queen")
    _, word, words, found = shown("it")
    answers = [words[found[row].argmax()] for row in ("above", "below")]
    assert (word, answers) == ("it", ["lake", "dog"])
    _, _, words, found = shown("parked")
    assert words[found["above"].argmax()] == "[CLS]"
    assert 31 in found["ranked"][:3]
    _, _, _, found = shown("knock-on")
    assert found["ranked"][0] == 12 + 9
    assert found["moved"][12 + 9] > 3 * np.sort(found["moved"])[-2]
    _, word, words, found = shown("rollout")
    others = np.array(words) != word
    assert words[found["below"].argmax()] == "[CLS]"
    assert found["masked"][0] == found["masked"][others].min()


def test_the_page_stays_small():
    """The runs are the most of it; both may grow, but not by half."""
    import gzip

    widget = EncoderHeads()
    data = json.dumps(widget.runs).encode()
    assert len(gzip.compress(data)) < 55_000
    assert len(gzip.compress(widget._repr_html_().encode())) < 80_000


def test_the_table_names_what_it_shows():
    html = EncoderHeads(preset="pronoun").fallback_html()
    assert "layer 2, head 4" in html
    row = re.search(r'<th scope="row">her</th>(.*?)</tr>', html)[1]
    assert re.findall(r"<td>(.*?)</td>", row)[2] == "0.44"
