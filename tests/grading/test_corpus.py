"""Every attack gets the score that is fair, and costs the honest notebook beside it nothing."""

import json
import os
import shutil
import socket
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from attncourse.grading.isolated import grade_apart
from attncourse.grading.remote import Limits
from attncourse.grading.session import grade
from tests.grading import attacks, course
from tests.grading.corpus import (
    RIGHT,
    Attack,
    channel,
    edited,
    exits,
    lying,
    naive,
    patched,
    reaching,
    resources,
)
from tests.grading.test_attacks import facts
from tests.grading.test_isolated import BROKEN

needs_box = pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")
KINDS = {
    "patched": patched.ATTACKS,
    "lying": lying.ATTACKS,
    "exits": exits.ATTACKS,
    "resources": resources.ATTACKS,
    "channel": channel.ATTACKS,
    "edited": edited.ATTACKS,
}
ALL = {f"{kind}: {name}": a for kind, found in KINDS.items() for name, a in found.items()}
EXERCISE = course.SAMPLE
FULL = course.points(EXERCISE, "softmax")
#: What an attack may take: little, since it is meant to take all of it.
SHORT = Limits(cell=1.5, call=0.7, question=3.0, submission=30.0, memory=2 << 30)


def test_there_are_many():
    more = [attacks.ANSWERS, attacks.CELLS, attacks.BOX, reaching.ATTACKS, BROKEN]
    assert len(ALL) + sum(map(len, more)) >= 150


def judged(path, boxed, limits):
    return grade_apart(
        path, exercise=EXERCISE, questions=["softmax"], seed=1, boxed=boxed, limits=limits
    )


def pair(notebook, attack, *, boxed):
    """The records of an attack and of an honest notebook, handed in together."""
    bad = notebook(name="bad.ipynb", softmax=attack.answer, before=attack.cells)
    good = notebook(name="good.ipynb")
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(judged, bad, boxed, SHORT), pool.submit(judged, good, boxed, Limits())]
    return [one.result() for one in both]


@needs_box
@pytest.mark.parametrize("name", ALL)
def test_the_score_is_fair_and_so_is_the_neighbours(name, notebook):
    bad, good = pair(notebook, ALL[name], boxed=True)
    assert good.earned == good.points == FULL
    earned = bad.earned
    if ALL[name].fair:
        assert earned == FULL, bad.questions
        assert bad.flags == ()
    else:
        # A trifle may be right by chance: a shape, an input that is not changed.
        assert earned <= FULL // 4, bad.questions
        (question,) = bad.questions
        assert question.message
        assert question.message.isprintable()


@pytest.mark.parametrize("name", [n for n in ALL if ALL[n].harm])
def test_it_harms_a_grader_of_one_process(name):
    """Otherwise the test above could not fail."""
    assert naive.harm(ALL[name]) == ALL[name].harm


def test_a_grader_of_one_process_sees_what_is_right():
    """Otherwise that would be no control: not everything harms it."""
    assert naive.harm(Attack(RIGHT)) == "forged"
    assert naive.harm(Attack()) == "held"


@pytest.mark.parametrize("name", channel.ATTACKS)
def test_found(name, notebook, monkeypatch):
    """The line to the grader is found: what is written there arrives as the next answer."""
    from attncourse.grading import wire

    seen = []
    unpack = wire.unpack

    def listen(read):
        def heard(count):
            data = read(count)
            seen.append(bytes(data))
            return data

        return unpack(heard)

    monkeypatch.setattr(wire, "unpack", listen)
    attack = channel.ATTACKS[name]
    path = notebook(softmax=attack.answer)
    record = grade(path, questions=["softmax"], seed=1, limits=SHORT)
    assert record.earned == 0
    before = len(seen)
    assert before > 4, "the cells' answers at least"


def test_edited_bookkeeping_is_not_read(notebook):
    wrong = notebook(softmax="def softmax(x):\n    return x")
    before = judged(wrong, False, Limits())
    wrong.write_text(json.dumps(edited.stamped(json.loads(wrong.read_text()))))
    after = judged(wrong, False, Limits())
    assert after.earned == before.earned < after.points


def reach(name, notebook, tmp_path, boxed):
    answer = attacks.boxed_body(reaching.ATTACKS[name], "softmax", RIGHT)
    with socket.create_server(("127.0.0.1", 0)) as server:
        before = [facts(tmp_path / "secret", *server.getsockname())]
        path = notebook(softmax=answer, before=before)
    return judged(path, boxed, Limits())


@needs_box
@pytest.mark.parametrize("name", reaching.ATTACKS)
def test_nothing_is_reached_from_the_box(name, notebook, tmp_path):
    record = reach(name, notebook, tmp_path, True)
    assert record.earned == 0
    assert record.questions[0].status == "wrong", record.questions[0].message


#: Not there on every machine, box or none.
MAYBE = {
    "a socket of the virtual machine",
    "a socket of the kernel",
    "a new namespace",
    "traces itself",  # it can, once
    "reads what was installed by hand",
}


if not os.access(sys.prefix, os.W_OK):
    MAYBE.add("writes next to the interpreter")  # an environment that somebody else installed


@pytest.mark.parametrize("name", [n for n in reaching.ATTACKS if n not in MAYBE])
def test_all_of_it_is_reached_where_there_is_no_box(name, notebook, tmp_path):
    """Otherwise the test above could not fail."""
    assert reach(name, notebook, tmp_path, False).earned == FULL
