"""Strings of a user interface in four languages, matched by key."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from typing import Any, Literal, NamedTuple, get_args

from attncourse.data.archive import Archive, DataError, fetch
from attncourse.data.split import Part, check_part

INTERFACE = Archive(
    name="interface_strings",
    requirement="homeassistant==2024.3.3",
    filename="homeassistant-2024.3.3-py3-none-any.whl",
    sha256="6e1ec2c07441d63fdcfb8acd2c4bbb6f68bc97330855784d3623d10c38fe3577",
    licence="Apache-2.0",
    source="https://github.com/home-assistant/core",
    holds="13,124 English interface strings with their translations into Spanish, and others",
    size=35_392_639,
)

Language = Literal["es", "de", "zh-Hans"]
FILE = re.compile(r"homeassistant/components/(\w+)/translations/((?:\w+\.)?)([\w-]+)\.json")


class InterfaceString(NamedTuple):
    """One string of one component, in English and in another language."""

    component: str
    english: str
    translation: str


def interface_strings(language: Language, part: Part | None = None) -> list[InterfaceString]:
    """Load what Home Assistant's components say to their users, in English and translated.

    13,124 strings in Spanish, 13,354 in German, 10,035 in Chinese. Each English string is there
    once, whatever its capitals: the same string of a later component is left out, and so is, of the
    other parts, what the training data have. Parts are whole families of components: of
    the components' names, the first word decides, 75 % train, 10 % valid, 15 % test.

    Source: Home Assistant, https://github.com/home-assistant/core, translated by its volunteers.

    Parameters
    ----------
    language
        ``"es"``, ``"de"`` or ``"zh-Hans"``.
    part
        ``"train"``, ``"valid"`` or ``"test"``; all of them by default.

    Raises
    ------
    DataError
        The archive is neither in the cache nor to be had; the message says what to do.
    ValueError
        There is no such language or part.

    Notes
    -----
    Licence: Apache-2.0. Archive: ``homeassistant==2024.3.3``, 35.4 MB, SHA-256
    6e1ec2c07441d63fdcfb8acd2c4bbb6f68bc97330855784d3623d10c38fe3577.
    Cost: about a second, once a language.

    Examples
    --------
    >>> interface_strings("es", "train")[0]  # doctest: +SKIP
    InterfaceString(component='abode', english='Fan', translation='Ventilador')
    """
    check_part(part)
    if language not in get_args(Language):
        known = ", ".join(get_args(Language))
        raise ValueError(f"language: expected one of {known}, got {language!r}")
    parts = _parts(language)
    return [string for name in get_args(Part) if part in (None, name) for string in parts[name]]


@cache
def _parts(language: Language) -> dict[str, list[InterfaceString]]:
    """All strings by part, without those that stood before."""
    found = defaultdict(list)
    for string in every_string(language):
        found[part_of_component(string.component)].append(string)
    seen: set[str] = set()
    return {part: list(first(found[part], seen)) for part in get_args(Part)}


def every_string(language: Language) -> list[InterfaceString]:
    """Give the strings of all components, with repetitions."""
    with zipfile.ZipFile(fetch(INTERFACE)) as wheel:
        files: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
        for name in wheel.namelist():
            if match := FILE.fullmatch(name):
                files[match[1], match[2]][match[3]] = name

        def table(name: str) -> dict[str, str]:
            return dict(leaves(json.loads(wheel.read(name))))

        pairs = [
            (component, table(names["en"]), table(names[language]))
            for (component, _), names in sorted(files.items())
            if {"en", language} <= set(names)
        ]
    if not pairs:
        raise DataError(f"{INTERFACE.filename} holds no translations. Please report it.")
    return [
        InterfaceString(component, english[key], other[key])
        for component, english, other in pairs
        for key in english
        if key in other and english[key].strip() and other[key].strip()
    ]


def leaves(tree: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Give the strings of nested tables, each with its key."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{path}/{key}")
        else:
            yield f"{path}/{key}", value


def first(strings: list[InterfaceString], seen: set[str]) -> Iterator[InterfaceString]:
    """Leave out the strings whose English was seen, and remember the others."""
    for string in strings:
        if (english := string.english.casefold()) not in seen:
            seen.add(english)
            yield string


def part_of_component(component: str) -> Part:
    """Give the part of a component; ``google_mail`` goes where ``google`` goes.

    Examples
    --------
    >>> part_of_component("google_mail") == part_of_component("google")
    True
    """
    family = component.partition("_")[0]
    draw = int.from_bytes(hashlib.sha256(family.encode()).digest()[:8], "big") % 20
    return "test" if draw < 3 else "valid" if draw < 5 else "train"
