"""Whatever a file holds, grading it apart gives a record: soon, and with nothing left behind."""

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from attncourse.grading import isolated
from attncourse.grading.isolated import grade_apart
from attncourse.grading.records import BadRecord, Record
from attncourse.grading.session import grade
from tests.grading import course
from tests.grading.conftest import QUICK

EXERCISE, QUESTION = course.QUESTIONS[0]


def apart(path, **options):
    options = {"exercise": EXERCISE, "seed": 1, "boxed": False, "limits": QUICK} | options
    return grade_apart(path, **options)


def raw(tmp_path, content):
    path = tmp_path / f"{EXERCISE}.ipynb"
    path.write_bytes(content)
    return path


def test_the_record_is_that_of_the_same_process(notebook):
    path = notebook(exercise=EXERCISE, **{QUESTION: f"def {QUESTION}(*a):\n    return a[0]"})
    there, here = apart(path), grade(path, exercise=EXERCISE, seed=1)
    # As JSON, in which one NaN equals another.
    assert replace(there, when="").as_json() == replace(here, when="").as_json()
    assert 0 < there.earned < there.points


def test_the_bytes_may_come_without_a_file(notebook, tmp_path):
    path = notebook(exercise=EXERCISE)
    content = path.read_bytes()
    path.unlink()
    record = apart(Path(path.name), exercise=None, content=content)
    assert record.exercise == EXERCISE
    assert record.earned == record.points
    broken = apart(Path(path.name), content=b"")
    assert broken.failed
    assert broken.earned == 0


def code(*sources):
    cells = [{"cell_type": "code", "source": s, "metadata": {}, "outputs": []} for s in sources]
    return json.dumps({"cells": cells}).encode()


#: Files that are nothing but trouble to read.
BROKEN = {
    "31 MB of empty lists": lambda: b'{"cells": [' + b"[]," * 10_500_000 + b"[]]}",
    "31 MB of nested lists": lambda: b'{"cells": ' + b"[" * 31_000_000,
    "6 MB of short lines": lambda: code(["x\n"] * 1_000_000),
    "a cell of 256 KiB": lambda: code("x = 1\n" * 43_691),
    "a long string": lambda: code(f"x = '{'y' * (30 << 20)}'"),
    "a deep expression": lambda: code("x = " + "-" * 200_000 + "1"),
    "deep chains of methods": lambda: code("x = a" + ".b()" * 100_000),
    "thousands of magics": lambda: code("%who\n" * 20_000, "!ls\n" * 20_000),
    "thousands of cells": lambda: code(*["%time x"] * 20_000),
    "a million definitions": lambda: code("def f(): f\n" * 90_000),
    "nothing": lambda: b"",
    "an escape": lambda: b"\x1b[2J",
    "numbers without end": lambda: b'{"cells": ' + b"9" * 1_000_000 + b"}",
    "names twice": lambda: b'{"cells": [], "cells": [' + code("x")[11:],
    "classes that rest on each other": lambda: code(
        "\n".join(f"class C{i + 1}({', '.join([f'C{i}'] * 9)}): pass" for i in range(15))
        + f"\nC0 = 1\nimport torch\ndef {QUESTION}(x): return C15().softmax(x)"
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_file_gets_a_record_at_bounded_time(kind, tmp_path):
    began = time.monotonic()
    record = apart(raw(tmp_path, BROKEN[kind]()), deadline=40)
    assert time.monotonic() - began < 60
    assert record.earned == 0
    assert [q.question for q in record.questions] == [
        q for exercise, q in course.QUESTIONS if exercise == EXERCISE
    ]
    said = [*record.notes, *(q.message for q in record.questions)]
    assert all(
        text.isprintable() and text.endswith((".", "?")) and len(text) < 400 for text in said
    )
    if record.failed:
        assert record.notes == (record.failed,)
        assert all(q.status in ("error", "over") for q in record.questions)


def test_reading_may_not_take_all_the_memory(tmp_path):
    record = apart(raw(tmp_path, b'{"cells": [' + b'{"":[]},' * 3_900_000 + b"[]]}"))
    assert record.failed == "Reading this notebook took more memory than it may."
    assert record.questions[0].status == "over"


def test_a_deadline_ends_all_of_it(notebook):
    path = notebook(exercise=EXERCISE, before=["import time\ntime.sleep(60)"])
    apart(notebook(exercise=EXERCISE, name="warm.ipynb"))
    began = time.monotonic()
    record = apart(path, limits=replace(QUICK, cell=60), deadline=2)
    assert time.monotonic() - began < 6
    assert record.failed == "Grading this notebook took too long, and was ended."
    assert {q.status for q in record.questions} == {"over"}


KILLS = {
    "the process that grades": ("os.getppid()", "ended early (killed by SIGKILL)"),
    "the one above it": (
        "int(open(f'/proc/{os.getppid()}/stat').read().rsplit(')', 1)[1].split()[1])",
        "gave no record",
    ),
}


@pytest.mark.parametrize("kind", KILLS)
def test_a_death_of_the_grader_is_a_record(kind, notebook):
    who, said = KILLS[kind]
    cell = f"import os, signal\nos.kill({who}, signal.SIGKILL)"
    record = apart(notebook(exercise=EXERCISE, before=[cell]))
    assert said in record.failed
    assert record.earned == 0
    assert apart(notebook(exercise=EXERCISE)).earned == course.points(EXERCISE)


def test_a_check_that_breaks_is_for_a_person(notebook, monkeypatch):
    from attncourse.grading import exercises

    def breaks(call, rng):
        raise KeyError("the author's mistake")

    question = exercises.load(EXERCISE)[QUESTION]
    broken = [replace(check, run=breaks) for check in question.checks[:1]]
    monkeypatch.setattr(question, "checks", [*broken, *question.checks[1:]])
    record = grade(notebook(exercise=EXERCISE), questions=[QUESTION], seed=1)
    assert record.flags == (
        f"{broken[0].name}: This check could not judge the answer: it stopped with KeyError.",
    )
    assert record.earned == record.points - broken[0].points


def test_a_link_is_not_followed(tmp_path):
    path = tmp_path / f"{EXERCISE}.ipynb"
    path.symlink_to(course.solution_path(EXERCISE))
    assert grade(path, seed=1, questions=[QUESTION]).earned > 0
    record = apart(path)
    assert record.earned == 0
    assert "links are not followed" in record.failed


def test_a_pipe_does_not_wait_for_a_writer(tmp_path):
    path = tmp_path / f"{EXERCISE}.ipynb"
    os.mkfifo(path)
    assert apart(path, deadline=20).failed == f"{EXERCISE}.ipynb is not a plain file."
    assert "cannot be read" in apart(tmp_path / "missing.ipynb").failed
    assert "cannot be read" in apart(tmp_path).failed or "plain file" in apart(tmp_path).failed


def test_the_caller_is_told_of_his_own_mistakes(notebook):
    with pytest.raises(KeyError, match="no exercise"):
        apart(notebook(), exercise="99-none")
    with pytest.raises(KeyError, match="no question"):
        apart(notebook(exercise=EXERCISE), questions=["none"])


def test_the_exercise_is_found_by_name_if_nothing_else_says_it(tmp_path):
    record = apart(raw(tmp_path, b"{"), exercise=None)
    assert record.exercise == EXERCISE
    assert record.failed


def test_threads_do_not_get_each_others_records(notebook):
    wrong = f"def {QUESTION}(*a):\n    return a[0] * 0"
    paths = [
        notebook(exercise=EXERCISE, name="right.ipynb"),
        notebook(exercise=EXERCISE, name="wrong.ipynb", **{QUESTION: wrong}),
    ]
    found = {}

    def work(i):
        found[i] = apart(paths[i % 2], questions=[QUESTION], seed=i)

    isolated.close()  # all of them find no server
    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    full = course.points(EXERCISE, QUESTION)
    assert [(found[i].seed, found[i].earned == full) for i in range(6)] == [
        (i, i % 2 == 0) for i in range(6)
    ]


SCRIPT = """
import sys
from pathlib import Path
from attncourse.grading.isolated import grade_apart
with open(sys.argv[2], "a") as log:
    log.write("ran ")
record = grade_apart(Path(sys.argv[1]), boxed=False, seed=1)
print(record.earned == record.points)
"""


def test_a_script_without_a_guard_runs_once(notebook, tmp_path):
    script, log = tmp_path / "script.py", tmp_path / "log"
    script.write_text(SCRIPT)
    environment = os.environ | {"PYTHONPATH": str(course.ROOT)}
    line = [sys.executable, str(script), str(notebook(exercise=EXERCISE)), str(log)]
    done = subprocess.run(line, capture_output=True, text=True, env=environment, timeout=120)
    assert (done.stdout, done.stderr) == ("True\n", "")
    assert log.read_text() == "ran "


def _grade_in_a_child(path, found):
    found.put(apart(path, questions=[QUESTION]).earned)


def test_a_forked_and_daemonic_process_has_a_server_of_its_own(notebook):
    path = notebook(exercise=EXERCISE)
    apart(path, questions=[QUESTION])
    context = multiprocessing.get_context("fork")
    found = context.SimpleQueue()
    process = context.Process(target=_grade_in_a_child, args=(path, found), daemon=True)
    process.start()
    process.join(60)
    assert process.exitcode == 0
    assert found.get() == course.points(EXERCISE, QUESTION)
    assert apart(path, questions=[QUESTION]).earned == course.points(EXERCISE, QUESTION)


def test_a_server_that_was_killed_is_replaced(notebook):
    path = notebook(exercise=EXERCISE)
    apart(path, questions=[QUESTION])
    os.kill(isolated._nursery._process.pid, signal.SIGKILL)
    isolated._nursery._process.wait()
    assert apart(path, questions=[QUESTION]).earned == course.points(EXERCISE, QUESTION)


STAYS = """
import os, tempfile, time
kept = tempfile.mkdtemp()
open({log!r}, "w").write(kept)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open({log!r}, "a").write(f" {{os.getpid()}}")
        time.sleep(300)
    os._exit(0)
time.sleep(0.5)
"""


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    """A temporary folder that no other test uses, for a server of its own."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    isolated.close()
    yield folder
    isolated.close()


def test_nothing_outlives_its_submission(notebook, tmp_path, scratch):
    log = tmp_path / "log"
    apart(notebook(exercise=EXERCISE), questions=[QUESTION])
    assert not list(scratch.iterdir())
    threads, descriptors = threading.active_count(), len(os.listdir("/proc/self/fd"))
    path = notebook(exercise=EXERCISE, before=[STAYS.format(log=str(log))])
    assert apart(path, questions=[QUESTION]).earned == course.points(EXERCISE, QUESTION)
    _, pid = log.read_text().split()
    assert not Path("/proc", pid).exists()
    assert not list(scratch.iterdir())
    assert (threading.active_count(), len(os.listdir("/proc/self/fd"))) == (threads, descriptors)


def below(pid):
    """All processes below one."""
    try:
        found = [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return set()
    return set(found).union(*map(below, found))


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")
@pytest.mark.parametrize("body", ["while True: pass", "__import__('os')._exit(1)", "return a[0]"])
def test_no_box_outlives_its_submission(body, notebook, scratch):
    apart(notebook(exercise=EXERCISE), questions=[QUESTION], boxed=True)
    nursery = isolated._nursery._process.pid
    before = below(nursery)
    path = notebook(exercise=EXERCISE, **{QUESTION: f"def {QUESTION}(*a):\n    {body}"})
    record = apart(path, questions=[QUESTION], boxed=True)
    assert record.earned < record.points
    end = time.monotonic() + 3  # who is killed may take a moment to be gone
    while below(nursery) - before and time.monotonic() < end:
        time.sleep(0.01)
    assert below(nursery) <= before
    assert not list(scratch.iterdir())


def test_a_record_is_read_as_it_was_written():
    record = grade(course.exercise_path(EXERCISE), seed=1)
    assert Record.from_json(json.loads(json.dumps(record.as_json()))) == record
    odd = record.as_json()
    odd["questions"][0]["checks"][0] |= {"difference": "nan", "yours": "-inf", "expected": 1}
    check = Record.from_json(odd).questions[0].checks[0]
    assert (str(check.difference), check.yours, check.expected) == ("nan", float("-inf"), 1.0)


@pytest.mark.parametrize(
    "change",
    [
        {"seed": "1"},
        {"seed": True},
        {"where": "elsewhere"},
        {"questions": None},
        {"questions": [[]]},
        {"questions": [{"question": "x"}]},
        {"notes": "text"},
        {"notes": [1]},
        {"failed": None},
    ],
    ids=str,
)
def test_only_records_are_read(change):
    data = Record(EXERCISE, 1, "command", ()).as_json()
    Record.from_json(data)
    with pytest.raises(BadRecord):
        Record.from_json(data | change)
    with pytest.raises(BadRecord):
        Record.from_json([data])
