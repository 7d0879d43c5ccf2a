"""The same random numbers for every test, whatever ran before it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import settings

from tests.cases import common

settings.register_profile("seeded", derandomize=True, deadline=None, max_examples=60)
settings.load_profile("seeded")


@pytest.fixture(autouse=True)
def seeded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(common, "rng", np.random.default_rng(20170612))
