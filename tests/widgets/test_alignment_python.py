"""The widget of alignments as a Python object: what it keeps, what it refuses, what it reads out."""

import base64
import doctest
import json
from types import SimpleNamespace

import numpy as np
import pytest
import traitlets

from attncourse.widgets import Alignment
from attncourse.widgets.alignment import making, of_speech, of_translation, stored
from attncourse.widgets.alignment import runs as kept


def read(**changes):
    """A translation of three words."""
    weights = np.array([[0.0, 0.2, 0.8], [0.5, 0.25, 0.25], [1.0, 0.0, 0.0], [0.1, 0.1, 0.8]])
    return {
        "title": "one",
        "names": ("English", "Spanish"),
        "source": ["timer", "end", "time"],
        "target": ["hora", "final", "del", "reloj"],
        "weights": weights,
        **changes,
    }


def heard(seconds=1.0, rate=16_000, frame=0.1, **changes):
    """Two digits, the first loud and the second soft."""
    n = round(seconds / frame)
    time = np.arange(int(seconds * rate)) / rate
    wave = np.sin(2 * np.pi * 440 * time) * np.where(time < seconds / 2, 1, 0.1)
    weights = np.random.default_rng(0).dirichlet(np.ones(n), 2)
    given = {"title": "two", "names": ("sound", "digits"), "target": ["1", "2"]}
    return {**given, "weights": weights, "wave": wave, "rate": rate, "frame": frame, **changes}


def test_weights_are_kept_to_a_255th():
    widget = Alignment([read(), heard()], example=1)
    np.testing.assert_allclose(widget.weights, heard()["weights"], atol=1 / 255)
    np.testing.assert_allclose(widget.weights.sum(axis=1), 1, atol=1e-12)
    # They are bytes in base64, and so is the sound.
    assert len(base64.b64decode(widget.shown["weights"])) == 2 * 10
    assert len(base64.b64decode(widget.shown["sound"])) == 8000


def test_sound_keeps_its_shape_and_its_time():
    given = heard()
    wave = kept.as_wave(kept.unpacked(Alignment([given]).shown["sound"]))
    expected = kept.at_rate(given["wave"], given["rate"])
    # Steps of the bytes grow with the sample.
    assert np.abs(wave - expected).max() < 0.025
    assert np.abs(wave).max() == pytest.approx(0.9, abs=0.02)
    # A tone below half the rate is the same tone, sample for sample.
    here = np.arange(1000, 3000)
    tone = 0.9 * np.sin(2 * np.pi * 440 * here / kept.RATE)
    np.testing.assert_allclose(expected[here], tone, atol=0.02)
    loud = Alignment([given]).compute()["loud"]
    np.testing.assert_allclose(loud[1:4], 0.9 / np.sqrt(2), rtol=0.02)
    np.testing.assert_allclose(loud[6:9], 0.09 / np.sqrt(2), rtol=0.03)


def test_frames_behind_the_end_of_the_sound_are_silent():
    long = heard(weights=np.full((2, 14), 1 / 14))
    assert Alignment([long]).compute()["loud"][10:].tolist() == [0.0] * 4


def test_numbers_that_one_can_do_by_hand():
    one = read(weights=[[1, 0, 0], [0, 0.5, 0.5], [1, 1, 1] / np.array(3.0), [0, 0, 1]],
               gold=[[0], [0, 1], [], []])  # fmt: skip
    found = Alignment([one], side="source", unit=2).compute()
    np.testing.assert_allclose(found["entropy"], [0, 1, np.log2(3), 0], atol=1e-4)
    np.testing.assert_allclose(found["middle"], [1, 2.5, 2, 3], atol=0.003)
    assert found["stretch"].tolist() == [[0, 0], [1, 2], [0, 2], [2, 2]]
    assert found["heaviest"].tolist() == [0, 1, 0, 2]
    np.testing.assert_allclose(found["on_gold"], [1, 0.5, 0, 0], atol=0.003)
    np.testing.assert_allclose(found["row"], [0, 0.5, 1 / 3, 1], atol=0.003)
    assert found["row"].tolist() == found["weights"][:, 2].tolist()
    # Of a sound the middle is in seconds.
    sharp = heard(weights=np.eye(10)[[2, 7]])
    np.testing.assert_allclose(Alignment([sharp]).compute()["middle"], [0.25, 0.75])


def test_the_stretch_is_the_shortest_that_holds_four_fifths():
    rng = np.random.default_rng(1)
    for _ in range(200):
        whole = kept.in_255ths(rng.dirichlet(np.full(9, 0.4), 1)).astype(int)
        ((first, last),) = kept.stretches(whole)
        assert whole[0, first : last + 1].sum() >= 204
        for i in range(9):
            for j in range(i, 9):
                if j - i < last - first or (j - i == last - first and i < first):
                    assert whole[0, i : j + 1].sum() < 204


def test_a_unit_beyond_the_end_is_the_last():
    assert Alignment([read(), heard()], unit=9).compute()["at"] == 3
    assert Alignment([read(), heard()], unit=9, side="source").compute()["at"] == 2


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (3, "expected 1 to 16 examples, each a dict, got int"),
        ([], "expected 1 to 16 examples, each a dict, got 0"),
        (["a"], "expected a dict with at least title, .*, got str"),
        ([{"title": "a"}], r"expected a dict with .*, got \['title'\]"),
        ([read(wieghts=1)], "expected no other keys than .*, got {'wieghts'}"),
        ([read(wave=[1.0])], "'one': expected words .source. or sound .wave., got both"),
        ([read(source=["a"])], "'one': expected a column for each of 1 source words, got .*4, 3"),
        ([read(target=["a"])], r"'one': expected weights of shape .* = \(1, n\), got \(4, 3\)"),
        ([read(target=[])], "'one': expected target of 1 to 18 words, got"),
        ([read(weights=np.ones((4, 3)))], "'one': expected rows of weights that sum to 1"),
        ([read(gold=[[0]])], "'one': expected gold as 4 lists of sources below 3"),
        ([read(gold=[[3], [], [], []])], "'one': expected gold as 4 lists of sources below 3"),
        ([heard(rate=4000)], "'two': expected a rate of 8000 samples a second or more, got 4000"),
        ([heard(wave=np.zeros(99))], "'two': expected wave as samples in a row, some not 0"),
        ([heard(wave=np.ones(160_000))], "'two': expected at most 5.6 seconds of sound, got 10.0"),
        ([{**heard(), "frame": 0}], "'two': expected frame, the seconds of a column, got 0"),
        ([heard(weights=np.full((2, 70), 1 / 70))], "'two': expected at most 64 frames, got 70"),
    ],
)
def test_nonsense_is_refused_by_a_sentence(given, says):
    with pytest.raises(traitlets.TraitError, match=f"^examples: {says}"):
        Alignment(given)


def test_of_translation_has_a_row_for_the_end_and_gold_where_there_is_no_doubt():
    said = [
        SimpleNamespace(source=("end", "time", "end"), words=("hora", "fin"), weights=np.eye(3)),
        SimpleNamespace(source=("end", "time"), words=("fin", "hora"), weights=np.eye(2)),
    ]
    first, cut = of_translation(said, "Spanish", words={"end": "fin", "time": "hora"}, note="by x")
    assert first["target"] == ["hora", "fin", "(end)"]
    assert first["gold"] == [[1], [], []]  # two ends: which one is not known
    assert cut["target"] == ["fin", "hora"]
    assert cut["gold"] == [[0], [1]]
    widget = Alignment([first, cut])
    assert widget.shown["note"] == "by x"
    assert "hora" in widget.fallback_html()
    with pytest.raises(ValueError, match="expected a network that attends"):
        of_translation([SimpleNamespace(source=(), words=(), weights=None)], "Spanish")


def test_of_speech_has_the_clock_where_the_digits_are_right():
    one = heard()
    said = SimpleNamespace(
        digits="12", starts=(0.0, 0.5), wave=one["wave"], rate=one["rate"],
        line=SimpleNamespace(voice="en+f5"),
    )  # fmt: skip
    right, wrong = of_speech([("12", one["weights"]), ("13", one["weights"])], [said] * 2, 0.1)
    assert right["gold"] == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]
    assert wrong["gold"] is None
    found = Alignment([right]).compute()
    np.testing.assert_allclose(found["on_gold"][0], found["weights"][0, :5].sum())
    with pytest.raises(ValueError, match="expected digits and their weights"):
        of_speech([("", one["weights"])], [said], 0.1)


def test_stored_examples_can_stand_beside_others():
    names = [one["title"].partition(":")[0] for one in stored()]
    assert names == ["Spanish"] * 3 + ["Chinese"] * 3 + ["Speech"] * 3
    assert stored("Chinese") == stored()[3:6]
    widget = Alignment([read(), *stored("Chinese")], example=1)
    assert widget.shown == stored("Chinese")[0]
    assert widget.presets == {}


def test_what_is_stored_says_where_it_is_from_and_fits():
    whole = json.loads(kept.STORED.read_text("utf8"))
    assert whole["provenance"]["command"] == "python -m attncourse.experiments.alignment_examples"
    for one in whole["examples"]:
        assert "chapter 6" in one["note"]
        assert len(one["sound"]) < 60_000
        np.testing.assert_array_equal(kept.whole_weights(one).sum(axis=1), 255)


def test_presets_show_what_is_said_of_them():
    def of(name):
        widget = Alignment(preset=name)
        return widget.shown, widget.compute()

    one, found = of("turned round")
    assert one["source"][found["heaviest"][0]] == "production"
    one, found = of("no word for it")
    assert (one["target"][found["at"]], one["source"][found["heaviest"][5]]) == ("de", "login")
    one, found = of("unknown word")
    assert (one["target"][found["at"]], one["source"][found["heaviest"][4]]) == ("<unk>", "sonos")
    one, found = of("in step")
    assert (np.diff(found["middle"][[0, 2, 4, 5]]) > 0).all()
    one, found = of("six six")
    assert one["target"][1:3] == ["6", "6"]
    assert (found["on_gold"] > 0.9).all()
    one, found = of("misheard")
    assert one["title"].startswith("Speech: 877129")
    assert "".join(one["target"]) == "878792"


def test_examples_run():
    assert doctest.testmod(making).failed == 0
