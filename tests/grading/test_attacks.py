"""No submission scores without answering, and none takes the grader or its neighbours down."""

import os
import shutil
import socket
import time

import numpy as np
import pytest

from attncourse.grading import box, exercises, wire
from attncourse.grading.remote import Gone, Limits, Worker
from attncourse.grading.session import grade
from tests.grading.attacks import ANSWERS, BOX, CELLS, RIGHT, STUB
from tests.grading.conftest import QUICK

needs_box = pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")
FULL = {q.name: q.points() for q in exercises.load("03-algorithm").questions}


def judge(path, names, boxed=False):
    began = time.monotonic()
    record = grade(path, questions=names, seed=1, boxed=boxed, limits=QUICK)
    assert time.monotonic() - began < 40
    return {q.question: q for q in record.questions}, record


@pytest.mark.parametrize("name", ANSWERS)
def test_answer_scores_nothing_and_costs_its_own_question_alone(name, notebook):
    path = notebook(softmax=ANSWERS[name])
    found, _ = judge(path, ["softmax", "scaled_scores"])
    assert found["softmax"].earned == 0, found["softmax"]
    assert found["softmax"].message
    assert found["softmax"].message.isprintable()
    assert found["scaled_scores"].earned == FULL["scaled_scores"]


@pytest.mark.parametrize("name", CELLS)
def test_cell_scores_nothing_and_the_rest_is_graded(name, notebook):
    path = notebook(before=[CELLS[name]], softmax=STUB)
    found, _ = judge(path, ["softmax", "scaled_scores"])
    assert found["softmax"].earned == 0, found["softmax"]
    # What a cell breaks inside its own process may cost its own answers, never add any.
    assert found["scaled_scores"].earned in (0, FULL["scaled_scores"])
    if not name.startswith("breaks"):
        assert found["scaled_scores"].earned == FULL["scaled_scores"]


@needs_box
@pytest.mark.parametrize("name", BOX)
def test_box_holds(name, notebook, tmp_path, monkeypatch):
    secret = tmp_path / "secret"
    secret.write_text("42")
    monkeypatch.setenv("ATTN_SECRET", "42")
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, port = server.getsockname()
        facts = f"HOST, PORT, PARENT, SECRET = {host!r}, {port}, {os.getpid()}, {str(secret)!r}"
        path = notebook(before=[facts], softmax=BOX[name])
        found, _ = judge(path, ["softmax", "scaled_scores"], boxed=True)
    assert found["softmax"].earned == 0, found["softmax"]
    assert found["softmax"].status == "wrong", "the answer itself has to run"
    assert found["scaled_scores"].earned == FULL["scaled_scores"]
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_file()) == [path.name, "secret"]


@needs_box
def test_nothing_is_kept_for_the_next_box(notebook):
    cell = """
import pathlib
left = pathlib.Path("/tmp/attncourse-left-behind")
was_there = left.exists()
left.write_text("x")
"""
    answer = f"{RIGHT.strip()}\n".join(
        ["def softmax(x):\n    if not was_there: return x * 0\n    ", ""]
    )
    answer += "    return e / e.sum(-1)[..., None]\n"
    path = notebook(before=[cell], softmax=answer)
    for _ in range(2):
        found, _ = judge(path, ["softmax"], boxed=True)
        assert (found["softmax"].earned, found["softmax"].status) == (0, "wrong")


def test_these_attacks_work_where_there_is_no_box(notebook, tmp_path):
    """Otherwise the test above could not fail."""
    secret = tmp_path / "secret"
    secret.write_text("42")
    facts = f"HOST, PORT, PARENT, SECRET = '', 0, {os.getpid()}, {str(secret)!r}"
    path = notebook(before=[facts], softmax=BOX["reads a secret file"])
    found, _ = judge(path, ["softmax"])
    assert found["softmax"].earned == FULL["softmax"]


@needs_box
@pytest.mark.parametrize(
    "name", ["endless loop", "memory hog", "a child that outlives the worker", "os._exit"]
)
def test_box_holds_the_rough_ones_too(name, notebook):
    found, _ = judge(notebook(softmax=ANSWERS[name]), ["softmax", "scaled_scores"], boxed=True)
    assert found["softmax"].earned == 0
    assert found["scaled_scores"].earned == FULL["scaled_scores"]


@needs_box
def test_solution_gets_all_points_in_a_box(notebook):
    record = grade(notebook(), seed=1, boxed=True)
    assert record.earned == record.points == sum(FULL.values())


def test_box_is_refused_where_there_is_none(notebook, monkeypatch):
    box.require.cache_clear()
    monkeypatch.setattr(box.shutil, "which", lambda name: None)
    with pytest.raises(box.NoBox, match=r"bubblewrap .* is not installed"):
        grade(notebook(), boxed=True)
    box.require.cache_clear()


def test_no_process_is_left_behind(notebook):
    def children():
        return {p for p in os.listdir("/proc") if p.isdigit() and _parent(p) == os.getpid()}

    before = children()
    judge(notebook(softmax=ANSWERS["endless loop"]), ["softmax", "scaled_scores"])
    assert children() <= before


def _parent(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return int(file.read().rsplit(")", 1)[1].split()[1])
    except OSError:
        return None


def test_views_arrive_as_views_and_numbers_survive_the_wire(tmp_path):
    worker = Worker(tmp_path, limits=Limits())
    try:
        source = "def f(a, b): return b if a.flags.c_contiguous else b * 2"
        worker.ask({"do": "cell", "cell": 1, "source": source}, deadline=30)
        a, b = np.arange(12.0).reshape(3, 4).T, np.array([1.5, np.nan, -np.inf], np.float16)
        answer, results = worker.ask({"do": "call", "name": "f"}, [a, b], deadline=10)
        assert answer["ok"]
        np.testing.assert_array_equal(results[0], b * 2)
        assert results[0].dtype == np.float16
        np.testing.assert_array_equal(results[1], a)
        with pytest.raises(Gone):
            worker.ask({"do": "nonsense"}, deadline=10)  # ends the worker, not the grader
    finally:
        worker.close()


@pytest.mark.parametrize(
    "header",
    [
        b"{}",
        b"[]",
        b"not json",
        b'{"arrays": [{"dtype": "object", "shape": [1]}]}',
        b'{"arrays": [{"dtype": "float64", "shape": [-1]}]}',
        b'{"arrays": [{"dtype": "float64", "shape": [99999999999]}]}',
        b'{"arrays": [{"dtype": "float64", "shape": [1, 1, 1, 1, 1, 1, 1, 1, 1]}]}',
        b'{"arrays": [{"dtype": "float64", "shape": [true]}]}',
        b'{"arrays": [{"dtype": "float64", "shape": [1e3]}]}',
        b'{"arrays": [{"dtype": ["float64"], "shape": []}]}',
        b'{"arrays": [{"dtype": "float64", "shape": [60000, 60000]}]}',
        b'{"arrays": [{"dtype": "float64", "shape": [2], "strides": [-8]}]}',
        b'{"arrays": [{"dtype": "float64", "shape": [2], "strides": [9999999999]}]}',
        b'{"arrays": [{"dtype": "float64", "shape": [2], "strides": ["8"]}]}',
        b'{"arrays": ' + b"[" * 5000 + b"}",
        b'{"arrays": [' + b"{}," * 50 + b"{}]}",
    ],
)
def test_wire_reads_only_messages(header):
    import io
    import struct

    stream = io.BytesIO(struct.pack(">I", len(header)) + header + bytes(64))

    def read(count):
        assert count <= wire.PAYLOAD_LIMIT, "bounded before it is read"
        return stream.read(count)

    with pytest.raises(wire.WireError):
        wire.unpack(read)
