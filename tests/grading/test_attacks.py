"""No submission scores without answering, and none takes the grader or its neighbours down."""

import os
import shutil
import socket
import time
import uuid
from pathlib import Path

import numpy as np
import pytest

from attncourse.grading import box, remote, rooms, wire
from attncourse.grading.checks import Question
from attncourse.grading.reading import read
from attncourse.grading.remote import Gone, Limits, Worker
from attncourse.grading.running import RemoteCall, Session
from attncourse.grading.session import grade
from attncourse.grading.submission import Submission
from tests.grading import course
from tests.grading.attacks import ANSWERS, BOX, CELLS, STUB, VALUES, aimed, boxed
from tests.grading.conftest import QUICK

needs_box = pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")


@pytest.fixture(scope="module")
def zygote():
    """A server that forks workers into boxes, for all tests of this file."""
    server = remote.Zygote()
    yield server
    server.close()


@pytest.fixture(params=["started", "forked"])
def way(request, monkeypatch, zygote):
    """Boxed workers as programs of their own, and as forks that enter their box."""
    monkeypatch.setattr(remote, "ZYGOTE", zygote if request.param == "forked" else None)
    if request.param == "forked":  # it must not be replaced by the other way, in silence
        monkeypatch.setattr(remote.Worker, "_started", None)
    return request.param


def judge(path, names=(), boxed=False):
    began = time.monotonic()
    record = grade(path, questions=names, seed=1, boxed=boxed, limits=QUICK)
    assert time.monotonic() - began < 60
    return {q.question: q for q in record.questions}, record


def dealt(attacks):
    """Each attack with a question to try it on: all questions of the course take turns.

    What these attack is the process, which is the same for every question.
    """
    return [(a, *course.QUESTIONS[i % len(course.QUESTIONS)]) for i, a in enumerate(attacks)]


def pair(exercise, question):
    other = course.neighbour(exercise, question)
    return [question, other] if other else [question]


@pytest.mark.parametrize("exercise", course.NAMES)
@pytest.mark.parametrize("name", VALUES)
def test_odd_value_scores_nothing_in_any_question(name, exercise, notebook):
    names = [q for e, q in course.QUESTIONS if e == exercise]
    answers = {q: aimed(ANSWERS[name], q) for q in names}
    found, _ = judge(notebook(exercise=exercise, **answers))
    for result in found.values():
        assert result.earned == 0, result
        assert result.message.isprintable()
        assert result.message


@pytest.mark.parametrize(
    ("name", "exercise", "question"), dealt(a for a in ANSWERS if a not in VALUES)
)
def test_answer_scores_nothing_and_costs_its_own_question_alone(name, exercise, question, notebook):
    path = notebook(exercise=exercise, **{question: aimed(ANSWERS[name], question)})
    found, _ = judge(path, pair(exercise, question))
    mine = found.pop(question)
    assert mine.earned == 0, mine
    assert mine.message
    assert mine.message.isprintable()
    assert all(other.earned == other.points for other in found.values()), found


@pytest.mark.parametrize(("name", "exercise", "question"), dealt(CELLS))
def test_cell_scores_nothing_and_the_rest_is_graded(name, exercise, question, notebook):
    answer = {question: aimed(STUB, question)}
    path = notebook(exercise=exercise, before=[CELLS[name]], **answer)
    found, _ = judge(path, pair(exercise, question))
    assert found.pop(question).earned == 0
    for other in found.values():
        # What a cell breaks inside its own process may cost its own answers, never add any.
        assert other.earned in (0, other.points)
        if not name.startswith("breaks"):
            assert other.earned == other.points


def facts(secret, host="", port=0):
    hidden = rooms.HIDDEN
    return (
        f"HOST, PORT, PARENT, SECRET, ROOMS = {host!r}, {port}, {os.getpid()}, {str(secret)!r}, "
        f"{hidden!r}"
    )


@needs_box
@pytest.mark.parametrize(("name", "exercise", "question"), dealt(BOX))
def test_box_holds(name, exercise, question, notebook, tmp_path, monkeypatch, way):
    secret = tmp_path / "secret"
    secret.write_text("known")
    monkeypatch.setenv("ATTN_SECRET", "known")
    answer = boxed(name, question, course.solution(exercise, question))
    with socket.create_server(("127.0.0.1", 0)) as server:
        before = [facts(secret, *server.getsockname())]
        path = notebook(exercise=exercise, before=before, **{question: answer})
        found, _ = judge(path, pair(exercise, question), boxed=True)
    mine = found.pop(question)
    assert mine.earned == 0, mine
    assert mine.status == "wrong", f"the answer itself has to run: {mine.message}"
    assert all(other.earned == other.points for other in found.values())
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_file()) == [path.name, "secret"]


@needs_box
def test_nothing_is_kept_for_the_next_box(notebook, request):
    left = Path(f"/tmp/attncourse-{uuid.uuid4().hex}")  # None that an earlier run has left.
    request.addfinalizer(lambda: left.unlink(missing_ok=True))
    cell = f"""
import pathlib
left = pathlib.Path({str(left)!r})
was_there = left.exists()
left.write_text("x")
"""
    exercise, question = course.QUESTIONS[0]
    right = course.solution(exercise, question).replace(f"def {question}(", "def _right(")
    answer = f"{right}\ndef {question}(*given):\n    return _right(*given) * was_there"
    path = notebook(exercise=exercise, before=[cell], **{question: answer})
    for boxed_, earned in ((True, False), (True, False), (False, False), (False, True)):
        found, _ = judge(path, [question], boxed=boxed_)
        # Without a box the second run finds what the first has left: the attack works.
        assert (found[question].earned > 0) == earned


@pytest.mark.parametrize(
    "name",
    [
        "reads a secret file",
        "fills the shared memory",
        pytest.param(
            "changes the kernel's settings",
            marks=pytest.mark.skipif(os.getuid() != 0, reason="only root may try"),
        ),
    ],
)
def test_these_attacks_work_where_there_is_no_box(name, notebook, tmp_path):
    """Otherwise the test above could not fail."""
    secret = tmp_path / "secret"
    secret.write_text("known")
    exercise, question = course.QUESTIONS[0]
    answer = boxed(name, question, course.solution(exercise, question))
    path = notebook(exercise=exercise, before=[facts(secret)], **{question: answer})
    found, _ = judge(path, [question])
    assert found[question].earned == found[question].points


@needs_box
@pytest.mark.parametrize(
    ("name", "exercise", "question"),
    dealt(["endless loop", "memory hog", "a child that outlives the worker", "os._exit"]),
)
def test_box_holds_the_rough_ones_too(name, exercise, question, notebook, way):
    path = notebook(exercise=exercise, **{question: aimed(ANSWERS[name], question)})
    found, _ = judge(path, pair(exercise, question), boxed=True)
    assert found.pop(question).earned == 0
    assert all(other.earned == other.points for other in found.values())


CONFINED = """
import os, socket
from pathlib import Path

told = dict(line.split(":\\t") for line in Path("/proc/self/status").read_text().splitlines() if ":\\t" in line)
pids = [int(p) for p in os.listdir("/proc") if p.isdigit()]
environ = Path("/proc/self/environ").read_bytes()
try:
    socket.create_connection(("127.0.0.1", 80), timeout=1)
    network = 1
except OSError as error:
    network = 0 if error.errno in (101, 111) else 2
files = [os.readlink(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{n}") or os.path.islink(f"/proc/self/fd/{n}")]
facts = [
    int(told["CapEff"], 16), int(told["CapPrm"], 16), int(told["CapBnd"], 16),
    int(told["NoNewPrivs"]), max(pids), int(b"SECRET" in environ), network,
    sum(f.startswith("socket:") for f in files), len(os.listdir("/home")) if os.path.exists("/home") else 0,
    sum(os.path.isfile(f"/tmp/{name}") for name in os.listdir("/tmp")),
]
"""


@needs_box
def test_a_worker_is_confined_whichever_way_it_came(notebook, monkeypatch, way):
    monkeypatch.setenv("ATTN_SECRET", "SECRET")
    exercise, _ = course.QUESTIONS[0]
    path = notebook(
        exercise=exercise, before=[CONFINED], after=["def tell():\n    return np.array(facts)"]
    )
    submission = Submission(path, read(path))
    session = Session(submission, ["tell"], boxed=True, limits=QUICK)
    try:
        asked = Question("tell", ())
        facts_ = [int(x) for x in RemoteCall(session, asked)("tell")]
    finally:
        session.drop()
    assert facts_[:4] == [0, 0, 0, 1], "capabilities are left"
    assert facts_[4] < 20, "processes of others can be seen"
    assert facts_[5:] == [0] * 5, facts_


@needs_box
def test_forks_differ_where_chance_is_asked(notebook, way):
    exercise, _ = course.QUESTIONS[0]
    path = notebook(exercise=exercise, after=["def tell():\n    return np.random.normal(size=5)"])
    drawn = []
    for _ in range(2):
        session = Session(Submission(path, read(path)), ["tell"], boxed=True, limits=QUICK)
        drawn.append(tuple(RemoteCall(session, Question("tell", ()))("tell")))
        session.drop()
    assert drawn[0] != drawn[1]


@needs_box
@pytest.mark.parametrize(
    ("body", "says"),
    [("os._exit(3)", "exit status 3"), ("os.kill(os.getpid(), 9)", "killed by SIGKILL")],
)
def test_how_a_worker_ended_is_told(body, says, notebook, way):
    exercise, question = course.QUESTIONS[0]
    answer = f"import os\ndef {question}(*given, **options):\n    {body}"
    found, _ = judge(notebook(exercise=exercise, **{question: answer}), [question], boxed=True)
    assert says in found[question].message


@needs_box
@pytest.mark.parametrize("exercise", course.NAMES)
def test_solution_gets_all_points_in_a_box(exercise, notebook, way):
    record = grade(notebook(exercise=exercise), seed=1, boxed=True)
    assert record.earned == record.points == course.points(exercise)


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
        source = b"def f(a, b): return b if a.flags.c_contiguous else b * 2"
        text = np.frombuffer(source, np.uint8)
        worker.ask({"do": "cell", "cell": 1}, [text], deadline=30)
        a, b = np.arange(12.0).reshape(3, 4).T, np.array([1.5, np.nan, -np.inf], np.float16)
        sent = []
        request = {"do": "call", "name": "f", "values": wire.encode((a, b), sent), "options": {}}
        answer, results = worker.ask(request, sent, deadline=10)
        assert answer["value"] == {"array": 0}
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
