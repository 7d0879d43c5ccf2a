"""Tests that let eSpeak NG speak run where its program runs and is in the cache."""

from __future__ import annotations

import platform

import pytest

from attncourse import data
from attncourse.data.espeak import ESPEAK

_cached = (data.cache_dir() / ESPEAK.filename).is_file()
_here = (platform.system(), platform.machine()) == ("Linux", "x86_64")
speaks = pytest.mark.skipif(
    not (_cached and _here), reason="eSpeak NG does not run here, or is not in the cache"
)
