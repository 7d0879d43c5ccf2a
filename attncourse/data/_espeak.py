"""The process that ``espeak.py`` starts: loads the library, says the lines, writes the samples.

Called with the folder of the library and a file of lines. It knows nothing of the course.
"""

from __future__ import annotations

import ctypes
import json
import sys
from pathlib import Path
from typing import Any

# eSpeak NG's own numbers, from its speak_lib.h.
SYNCHRONOUS, DONT_EXIT = 2, 0x8000
WORD = 1
RATE, PITCH = 1, 3
UTF8 = 1
SEED = 1


class Event(ctypes.Structure):
    """``espeak_EVENT``."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique", ctypes.c_uint),
        ("text", ctypes.c_int),
        ("length", ctypes.c_int),
        ("milliseconds", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


def main(folder: Path, lines: list[list[Any]]) -> None:
    """Say the lines, each with a head of JSON, on the standard output."""
    library = ctypes.CDLL(str(folder / "libespeak-ng.so"))
    rate = library.espeak_Initialize(SYNCHRONOUS, 1000, str(folder).encode(), DONT_EXIT)
    if rate <= 0:
        raise SystemExit(f"espeak_Initialize gave {rate}")
    library.espeak_ng_SetRandSeed(ctypes.c_long(SEED))
    samples, starts = bytearray(), list[float]()

    @ctypes.CFUNCTYPE(
        ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(Event)
    )
    def heard(wave: Any, n_samples: int, events: Any) -> int:
        if wave and n_samples > 0:
            samples.extend(ctypes.string_at(wave, 2 * n_samples))
        i = 0
        while events[i].type:
            if events[i].type == WORD:
                starts.append(events[i].sample / rate)
            i += 1
        return 0

    library.espeak_SetSynthCallback(heard)
    for text, voice, speed, pitch in lines:
        samples.clear()
        starts.clear()
        if library.espeak_SetVoiceByName(voice.encode()):
            raise SystemExit(f"no voice {voice!r}")
        library.espeak_SetParameter(RATE, speed, 0)
        library.espeak_SetParameter(PITCH, pitch, 0)
        letters = text.encode()
        size = ctypes.c_size_t(len(letters) + 1)
        if error := library.espeak_Synth(letters, size, 0, 1, 0, UTF8, None, None):
            raise SystemExit(f"espeak_Synth gave {error} for {text!r} in the voice {voice!r}")
        head = {"n_bytes": len(samples), "rate": rate, "starts": starts}
        sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + samples)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text("utf-8")))
