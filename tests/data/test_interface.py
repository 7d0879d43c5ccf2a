"""The reader of interface strings, on an archive of its own making and on the real one."""

from __future__ import annotations

import json
import zipfile

import pytest

from attncourse import data
from attncourse.data import interface
from attncourse.data.interface import InterfaceString

TREES = {
    "one/translations/en": {"title": "Fan", "state": {"on": "On", "off": " "}},
    "one/translations/es": {"title": "Ventilador", "state": {"on": "Encendido", "gone": "No"}},
    "one/translations/fr": {"title": "Ventilateur"},
    "one/translations/sensor.en": {"state": {"low": "Low"}},
    "one/translations/sensor.es": {"state": {"low": "Bajo"}},
    "two/translations/en": {"title": "FAN", "name": "Two"},
    "two/translations/es": {"title": "Otro", "name": "Dos"},
    "three/translations/en": {"title": "Three"},
    "one/other/en": {"title": "No"},
}


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """A wheel with three components, of which two are translated."""
    path = tmp_path / "a.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, tree in TREES.items():
            archive.writestr(f"homeassistant/components/{name}.json", json.dumps(tree))
    monkeypatch.setattr(interface, "fetch", lambda archive: path)
    return path


def test_strings_are_matched_by_key_within_their_file(wheel):
    assert interface.every_string("es") == [
        InterfaceString("one", "Fan", "Ventilador"),
        InterfaceString("one", "On", "Encendido"),
        InterfaceString("one", "Low", "Bajo"),
        InterfaceString("two", "FAN", "Otro"),
        InterfaceString("two", "Two", "Dos"),
    ]


def test_an_english_string_is_there_once_and_the_training_data_have_it_first(wheel, monkeypatch):
    parts = {"one": "test", "two": "train"}
    monkeypatch.setattr(interface, "part_of_component", parts.__getitem__)
    interface._parts.cache_clear()
    found = {part: data.interface_strings("es", part) for part in ("train", "valid", "test")}
    interface._parts.cache_clear()
    assert [s.translation for s in found["train"]] == ["Otro", "Dos"]
    assert [s.translation for s in found["test"]] == ["Encendido", "Bajo"]
    assert found["valid"] == []


def test_an_archive_without_translations_is_refused(wheel):
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("homeassistant/core.py", "")
    with pytest.raises(data.DataError, match="holds no translations"):
        interface.every_string("es")


def test_a_family_of_components_stays_together():
    for family in ("google", "tplink", "lutron"):
        assert len({interface.part_of_component(f"{family}{x}") for x in ("", "_a", "_b_c")}) == 1
    drawn = [interface.part_of_component(f"c{n}") for n in range(1000)]
    assert [drawn.count(part) // 20 for part in ("train", "valid", "test")] == pytest.approx(
        [37, 5, 7], abs=2
    )


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("fr",), "language: expected one of es, de, zh-Hans, got 'fr'"),
        (("es", "dev"), "expected one of train, valid, test or None, got 'dev'"),
    ],
)
def test_an_unknown_language_or_part(asked, words):
    with pytest.raises(ValueError, match=words):
        data.interface_strings(*asked)


cached = (data.cache_dir() / interface.INTERFACE.filename).is_file()


@pytest.mark.skipif(not cached, reason="the strings are not in the cache: attncourse data")
def test_the_real_strings_are_what_their_record_says():
    every = data.interface_strings("es")
    assert interface.INTERFACE.holds.startswith(f"{len(every):,} English interface strings")
    assert f"{len(every):,} strings in Spanish" in data.interface_strings.__doc__
    english = [string.english.casefold() for string in every]
    assert len(set(english)) == len(english)
    components = [
        {string.component.partition("_")[0] for string in data.interface_strings("es", part)}
        for part in ("train", "valid", "test")
    ]
    assert not components[0] & components[2]
    assert not components[1] & components[2]
    assert sum(map(len, (data.interface_strings("es", p) for p in ("train", "valid", "test")))) == (
        len(every)
    )
