"""The examples that the widget of alignments keeps: two translators and a listener, and strings.

``python -m attncourse.experiments.alignment_examples`` takes some minutes, since it trains two
networks, and writes the widget's ``runs.json``: weights in 255ths, sound in bytes, and what they
rest on.
"""

from __future__ import annotations

import json
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import torch

from attncourse import trained
from attncourse.experiments import alignment, bitext, speech_recognition, translation
from attncourse.training import Seq2Seq
from attncourse.widgets.alignment.making import of_speech, of_translation
from attncourse.widgets.alignment.runs import clean

#: Strings of components that no network has read.
INTO_SPANISH = (
    "solar energy production today",
    "update your login information for {name}.",
    "clears a sonos timer.",
)
INTO_CHINESE = ("outdoor temperature", "timer end time", "solar energy production today")
STEPS = {"Chinese": 600, "digits": 4000}
#: Of the held-out voices: five digits in a row, one that comes twice, and one that goes wrong.
SPOKEN = (53, 46, 15)


def readers() -> tuple[Seq2Seq, Any]:
    """Train the translator into Chinese and the listener, each once."""
    translator = translation.build("zh-Hans", "attention")
    translation.learn(translator, "zh-Hans", STEPS["Chinese"])
    listener = speech_recognition.build("attention")
    speech_recognition.learn(listener, "attention", STEPS["digits"])
    return translator, listener


def spanish() -> list[dict[str, Any]]:
    """Let the kept network translate."""
    said = translation.translate(alignment.kept(), "es", list(map(bitext.words_of, INTO_SPANISH)))
    n_steps = trained.load("translation").record["n_steps"]
    note = f"By the network of chapter 6, trained for {n_steps:,} steps; it has not read this."
    return of_translation(said, "Spanish", words=alignment.lexicon(), note=note)


def chinese(model: Seq2Seq) -> list[dict[str, Any]]:
    """Let a network translate into Chinese, character by character."""
    said = translation.translate(model, "zh-Hans", list(map(bitext.words_of, INTO_CHINESE)))
    n_steps = STEPS["Chinese"]
    note = f"By a network of chapter 6, trained for {n_steps:,} steps; it has not read this."
    return of_translation(said, "Chinese", note=note)


def digits(listener: Any) -> list[dict[str, Any]]:
    """Let a network listen."""
    heard = [speech_recognition.held_out()[i] for i in SPOKEN]
    written = speech_recognition.write(listener, [one.frames for one in heard])
    n_steps = STEPS["digits"]
    note = f"By a network of chapter 6, trained for {n_steps:,} steps; it has not heard this voice."
    return of_speech(written, heard, speech_recognition.seconds(heard[0]), note=note)


def record(translator: Seq2Seq, listener: Any) -> dict[str, Any]:
    """Give the examples as they are kept, and say what they rest on."""
    return {
        "provenance": {
            "command": "python -m attncourse.experiments.alignment_examples",
            "steps": STEPS,
            "seed": 0,
            "speech": "eSpeak NG, by attncourse.data.speak",
            "strings": "Home Assistant, Apache-2.0, by attncourse.data.interface_strings",
            "python": platform.python_version(),
            **{name: version(name).partition("+")[0] for name in ("numpy", "torch")},
            "date": datetime.now(UTC).date().isoformat(),
        },
        "examples": clean("examples", [*spanish(), *chinese(translator), *digits(listener)])[
            "each"
        ],
    }


if __name__ == "__main__":
    from attncourse.widgets.alignment.runs import STORED

    torch.set_num_threads(1)
    STORED.write_text(json.dumps(record(*readers()), ensure_ascii=False) + "\n", "utf8")
    print(f"{STORED}: {STORED.stat().st_size / 1e3:.0f} kB")
