"""Speech to order: eSpeak NG, a program that reads text aloud in many voices."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import tempfile
import zipfile
from array import array
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from attncourse.data.archive import Archive, DataError, fetch

ESPEAK = Archive(
    name="speak",
    requirement="espeakng-loader==0.2.4",
    filename="espeakng_loader-0.2.4-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    sha256="08721baf27d13d461f6be6eed9a65277e70d68234ff484fd8b9897b222cdcb6d",
    licence="eSpeak NG: GPL-3.0-or-later; package around it: MIT",
    source="https://github.com/espeak-ng/espeak-ng",
    holds="a program that speaks English in 104 voices, for Linux on x86-64, and its data",
    size=10_078_484,
)
_FOLDER = "espeakng_loader/"
_DATA = _FOLDER + "espeak-ng-data/"
_LIBRARY = _FOLDER + "libespeak-ng.so"
#: What English needs of the data: 1.6 of 20 MB.
_FILES = tuple(
    _DATA + name for name in ["phondata", "phonindex", "phontab", "intonations", "en_dict"]
)
_ENGLISH, _VOICES = _DATA + "lang/gmw/en", _DATA + "voices/!v/"


class Line(NamedTuple):
    """What is to be said, and how: in which voice, at how many words a minute, how high."""

    text: str
    voice: str = "en-us"
    rate: int = 175
    pitch: int = 50


class Spoken(NamedTuple):
    """What was said: samples from -32,768 to 32,767, and the second at which each word begins."""

    samples: array[int]
    rate: int
    starts: tuple[float, ...]


def speak(lines: Sequence[Line]) -> Iterator[Spoken]:
    """Let eSpeak NG read lines of English aloud, one after the other.

    The program runs in a process of its own, on files unpacked for it alone: it can neither disturb
    this one nor remember an earlier call. The same lines in the same order give the same samples,
    on one machine; a line's sound depends a little on those before it.

    Source: eSpeak NG, https://github.com/espeak-ng/espeak-ng.

    Parameters
    ----------
    lines
        A voice is an accent, ``"en-us"``, or an accent and a speaker, ``"en-us+f3"``; both as
        :func:`accents` and :func:`speakers` name them. The rate goes from 80 to 450, the pitch
        from 0 to 99.

    Yields
    ------
    Spoken
        In the order of the lines, as they are ready.

    Raises
    ------
    DataError
        The archive is neither in the cache nor to be had, or the program does not run here. It is
        made for Linux on x86-64.
    ValueError
        There is no such voice.

    Notes
    -----
    Licence: GPL-3.0-or-later; the package that carries it is under MIT. It is run as a program and
    linked to nothing. Archive: ``espeakng-loader==0.2.4``, 10.1 MB, SHA-256
    08721baf27d13d461f6be6eed9a65277e70d68234ff484fd8b9897b222cdcb6d.
    Cost: about two seconds for a thousand seconds of speech.

    Examples
    --------
    >>> (said,) = speak([Line("seven three", "en-gb+f2")])  # doctest: +SKIP
    >>> said.rate, said.starts  # doctest: +SKIP
    (22050, (0.0, 0.431))
    """
    check_platform()
    known = {"voice": set(speakers()), "accent": set(accents())}
    for line in lines:
        accent, _, speaker = line.voice.partition("+")
        if accent not in known["accent"] or (speaker and speaker not in known["voice"]):
            raise ValueError(
                f"voice: expected an accent ({', '.join(sorted(known['accent']))}), or one with "
                f"+ and a speaker, such as en-us+f3; got {line.voice!r}."
            )
    return _spoken(lines)


def _spoken(lines: Sequence[Line]) -> Iterator[Spoken]:
    with tempfile.TemporaryDirectory(prefix="attncourse-") as folder:
        with zipfile.ZipFile(fetch(ESPEAK)) as wheel:  # checked by hash, this very time
            names = wheel.namelist()
            wanted = [n for n in names if n.startswith((_ENGLISH, _VOICES))]
            wheel.extractall(folder, [*_FILES, _LIBRARY, *wanted])
        asked = Path(folder) / "lines.json"
        asked.write_text(json.dumps(lines), "utf-8")
        here = Path(folder) / _FOLDER
        program = [sys.executable, "-I", Path(__file__).with_name("_espeak.py"), here, asked]
        with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as worker:
            assert worker.stdout
            assert worker.stderr
            try:
                for _ in lines:
                    head = worker.stdout.readline()
                    told = json.loads(head) if head else {"n_bytes": -1}
                    sound = worker.stdout.read(max(told["n_bytes"], 0))
                    if len(sound) != told["n_bytes"]:
                        said = worker.stderr.read().decode("utf-8", "replace").splitlines()
                        raise DataError(
                            "eSpeak NG stopped before it had said everything "
                            f"({said[-1] if said else 'without a word'}). If the folder "
                            f"{tempfile.gettempdir()} forbids programs, choose another: "
                            "TMPDIR=/another/folder"
                        )
                    yield Spoken(array("h", sound), told["rate"], tuple(told["starts"]))
            finally:
                worker.kill()  # it has nothing left to do, or nobody who listens


def check_platform() -> None:
    """Raise unless the pinned program can run on this machine."""
    here = platform.system(), platform.machine().lower()
    if here not in {("Linux", "x86_64"), ("Linux", "amd64")}:
        raise DataError(
            f"The course's speech is made by eSpeak NG for Linux on x86-64, and this is {here[0]} "
            f"on {here[1]}. Use a Linux machine with an Intel or AMD processor, or a container or "
            "hosted notebook that is one; the longer runs are kept in the package and need none."
        )


def speakers() -> list[str]:
    """Name eSpeak NG's speakers."""
    return list(_names(_VOICES))


def accents() -> list[str]:
    """Name eSpeak NG's accents of English."""
    rest = (name.lower() for name in _names(_ENGLISH) if "shaw" not in name.lower())
    return sorted({"en" + name for name in rest})


@cache
def _names(start: str) -> tuple[str, ...]:
    with zipfile.ZipFile(fetch(ESPEAK)) as wheel:
        names = wheel.namelist()
    return tuple(name.removeprefix(start) for name in names if name.startswith(start))
