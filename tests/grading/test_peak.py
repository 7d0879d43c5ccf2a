"""What a call takes at its most is measured from outside, boxed or not, and in the notebook."""

import json

import numpy as np
import pytest

from attncourse.grading.checks import Question, Wrong
from attncourse.grading.notebook import LocalCall
from attncourse.grading.peak import Gauge
from attncourse.grading.reading import read
from attncourse.grading.remote import Limits
from attncourse.grading.session import RemoteCall, Session
from attncourse.grading.submission import Submission

QUESTION = Question("wide", ("x",))
CODE = """
import numpy as np

def wide(x):
    pairs = np.ones((x.shape[0], x.shape[0]), np.float32)
    return pairs.sum(0)

def narrow(x):
    total = np.zeros(x.shape[0])
    for _ in range(8):
        total = total + np.ones((x.shape[0], 16), np.float32).sum(-1)
    return total
"""
N = 4096
SQUARE = 4 * N * N


@pytest.fixture(params=["local", "worker", "box"])
def call(request, tmp_path):
    """Reaches the two functions in each of the three ways."""
    if request.param == "local":
        space = {}
        exec(CODE, space)
        yield LocalCall(QUESTION, space, lambda name: False)
        return
    cell = {"cell_type": "code", "source": CODE, "metadata": {}, "outputs": []}
    path = tmp_path / "notebook.ipynb"
    path.write_text(json.dumps({"cells": [cell], "nbformat": 4, "metadata": {}}))
    submission = Submission(path, read(path))
    boxed = request.param == "box"
    session = Session(submission, ["wide", "narrow"], boxed=boxed, limits=Limits())
    yield RemoteCall(session, QUESTION)
    session.drop()


def test_an_array_for_every_pair_is_seen(call):
    for _ in range(2):
        # The kernel's counters lag now and then; a lower bound is what is promised.
        for _ in range(3):
            call("wide", np.ones((N, 3)))
            if call.peak > 0.95 * SQUARE:
                break
        assert 0.95 * SQUARE < call.peak < 1.2 * SQUARE
        with pytest.raises(Wrong, match="64 MiB at a time, and 16 are enough") as raised:
            QUESTION.frugal(call, 16 << 20, "Right output")
        assert raised.value.bug == "memory"
        call("narrow", np.ones((N, 3)))
        assert call.peak < 0.1 * SQUARE
        QUESTION.frugal(call, 16 << 20, "Right output")


def test_where_it_cannot_be_measured_nobody_is_blamed(call):
    call.peak = None
    QUESTION.frugal(call, 0, "Right output")
    gone = Gauge(2**22 + 1)
    gone.start()
    assert gone.read() is None
