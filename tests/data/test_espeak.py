"""Speech to order: what is said, when, in which voice, and what is refused."""

from __future__ import annotations

import pytest

from attncourse import data
from attncourse.data import espeak
from attncourse.data.espeak import Line
from tests.speaking import speaks


@speaks
def test_what_is_said_has_words_in_order_and_a_voice():
    lines = [Line("seven three nine"), Line("seven three nine", "en-us+f3"), Line("one", rate=80)]
    plain, other, slow = data.speak(lines)
    assert plain.rate == 22_050
    assert len(plain.starts) == 3
    assert list(plain.starts) == sorted(set(plain.starts))
    assert plain.starts[-1] < len(plain.samples) / plain.rate < 3
    assert plain.samples != other.samples
    assert max(plain.samples) > 1000
    assert len(slow.samples) > 0.6 * slow.rate


@speaks
def test_the_same_lines_give_the_same_sound():
    lines = [Line("four five", "en-us+whisper"), Line("six", "en-us+klatt2")]
    assert list(data.speak(lines)) == list(data.speak(lines))


@speaks
def test_the_record_counts_the_speakers():
    assert f"in {len(espeak.speakers())} voices" in espeak.ESPEAK.holds
    assert "en-us" in espeak.accents()
    assert len(set(espeak.speakers())) == len(espeak.speakers())


@speaks
@pytest.mark.parametrize("voice", ["en-us+nobody", "xx", ""])
def test_an_unknown_voice_is_refused_before_anything_is_said(voice):
    with pytest.raises(ValueError, match="expected an accent"):
        data.speak([Line("one", voice)])


@speaks
def test_a_program_that_stops_is_told(monkeypatch, tmp_path):
    broken = tmp_path / "espeak.py"
    (tmp_path / "_espeak.py").write_text("raise SystemExit('failed to map segment')", "utf8")
    monkeypatch.setattr(espeak, "__file__", str(broken))
    with pytest.raises(data.DataError, match="failed to map segment"):
        list(data.speak([Line("one")]))


@speaks
def test_nothing_stays_behind(monkeypatch, tmp_path):
    monkeypatch.setattr(espeak.tempfile, "tempdir", str(tmp_path))
    heard = data.speak([Line("one"), Line("two")])
    next(heard)
    assert len(list(tmp_path.iterdir())) == 1
    heard.close()  # nobody wants the second
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "machine", [("Darwin", "arm64"), ("Windows", "AMD64"), ("Linux", "aarch64")]
)
def test_another_machine_is_told_what_it_would_need(monkeypatch, machine):
    monkeypatch.setattr(espeak.platform, "system", lambda: machine[0])
    monkeypatch.setattr(espeak.platform, "machine", lambda: machine[1])
    with pytest.raises(data.DataError, match="Linux on x86-64, and this is " + machine[0]):
        data.speak([Line("one")])
