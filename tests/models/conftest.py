"""The models, each fetched once, by hash, and loaded once by a process."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from filelock import FileLock

from attncourse import models


def loaded(load):
    """Two processes that both find an empty cache would fetch twice."""
    with FileLock(Path(tempfile.gettempdir()) / "attncourse-models.lock"):
        return load()


@pytest.fixture(scope="module")
def smollm2():
    return loaded(models.load_smollm2)


@pytest.fixture(scope="module")
def minilm():
    return loaded(models.load_minilm)


@pytest.fixture(scope="module")
def whisper():
    return loaded(models.load_whisper)


@pytest.fixture(scope="session")
def speech():
    return loaded(models.load_speech)
