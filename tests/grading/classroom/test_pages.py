"""Pages for learners and instructors: what they say, and that nothing in them can run."""

import json
import re

import pytest
from bs4 import BeautifulSoup

from attncourse.grading.classroom import pages
from attncourse.grading.classroom.policy import Policy
from attncourse.grading.classroom.standing import Override, standings
from attncourse.grading.records import Record
from tests.grading import course, mutants
from tests.grading.classroom.conftest import line

EX = course.SAMPLE
FIRST = next(name for exercise, name in course.QUESTIONS if exercise == EX)
EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'\x1b[2J"


def graded(learner, answers, seed=3):
    """A ledger's line for these answers, judged by the real checks."""
    space = course.solved(EX)
    questions = tuple(
        course.judge(EX, q.name, answers.get(q.name, space[q.name]), seed)
        for q in course.exercises.load(EX).questions
    )
    record = Record(EX, 4_711_471, "command", questions).as_json()
    return line(learner) | {"record": json.loads(json.dumps(record))}


def wrong(question=FIRST):
    """A wrong answer, and the name of its mistake."""
    bug, function = next(iter(mutants.load(EX).WRONG[question].items()))
    return bug, function


def test_feedback_says_what_went_wrong_and_what_to_do():
    _, function = wrong()
    (one,) = standings([graded("ada", {FIRST: function})], Policy())
    text = BeautifulSoup(pages.feedback(one), "html.parser").get_text(" ", strip=True)
    failed = [c for c in one.record["questions"][0]["checks"] if c["status"] != "passed"]
    assert failed
    for check in failed:
        assert " ".join(check["message"].split()) in text
        assert check["hint"] in text
    assert "Largest difference" in text
    assert f"{one.total:g} of {one.most} points" in text
    # What would let others learn the input by heart is not said before the end.
    assert "4711471" not in text
    assert "seed" not in text


def test_a_right_one_is_told_so_and_nothing_else():
    (one,) = standings([graded("ada", {})], Policy())
    soup = BeautifulSoup(pages.feedback(one), "html.parser")
    assert not soup.select(".finding")
    assert soup.get_text().count("right") == len(one.of)


def test_a_file_that_cannot_be_read_is_told_once():
    why = "its JSON breaks at line 1"
    record = graded("ada", {})
    questions = [q | {"status": "error", "message": why} for q in record["record"]["questions"]]
    record["record"] |= {"failed": why, "notes": [why], "questions": questions}
    (one,) = standings([record], Policy())
    text = BeautifulSoup(pages.feedback(one), "html.parser").get_text(" ", strip=True)
    assert text.count(why) == 1
    assert "cannot be graded" in text


def test_changes_and_lateness_are_told():
    late = graded("ada", {}) | {"submitted": "2026-11-22T12:00:00+00:00"}
    from tests.grading.classroom.test_standing import DUE

    change = Override("ada", EX, FIRST, 1, "talked it over")
    (one,) = standings([late], Policy(due=DUE, percent_a_day=10), [change])
    text = BeautifulSoup(pages.feedback(one), "html.parser").get_text(" ", strip=True)
    assert "2 days late: 80 % of the points count" in text
    assert "talked it over" in text


def test_nothing_that_a_learner_wrote_runs(tmp_path):
    record = graded(EVIL, {})
    record |= {"file": f"{EVIL}/x.ipynb"}
    question = record["record"]["questions"][0]
    question |= {"status": "wrong", "message": EVIL, "flags": [EVIL]}
    question["checks"][0] |= {"status": "wrong", "message": EVIL, "bug": EVIL, "hint": EVIL}
    record["record"] |= {"notes": [EVIL]}
    found = standings([record], Policy())
    pages.write_feedback(tmp_path / "feedback", found)
    (path,) = (tmp_path / "feedback").glob("*/*.html")
    assert path.parent.parent == tmp_path / "feedback"
    for text in (path.read_text("utf8"), pages.summary(found)):
        soup = BeautifulSoup(text, "html.parser")
        assert not soup.find_all(["script", "img", "iframe", "link", "object", "a"])
        assert not [tag for tag in soup.find_all() if any(a.startswith("on") for a in tag.attrs)]
        policy = soup.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
        assert policy == "default-src 'none'; style-src 'unsafe-inline'"
        assert "alert(1)" in soup.get_text()


@pytest.mark.parametrize(
    "name", ["../../etc", "a/b", ".hidden", "", "..", "x" * 500, "a\x00b", "a\nb"]
)
def test_a_name_stays_in_its_folder(name, tmp_path):
    found = standings([graded(name, {})], Policy())
    pages.write_feedback(tmp_path, found)
    (path,) = tmp_path.rglob("*.html")
    assert len(path.relative_to(tmp_path).parts) == 2
    assert not path.parent.name.startswith(".")


def test_names_that_look_alike_do_not_overwrite_each_other(tmp_path):
    found = standings([graded(name, {}) for name in ("a/b", "a_b", "a\\b")], Policy())
    pages.write_feedback(tmp_path, found)
    assert len(list(tmp_path.rglob("*.html"))) == 3


def test_the_class_in_numbers():
    bug, function = wrong()
    lines = [graded(f"wrong{i}", {FIRST: function}) for i in range(3)]
    lines += [graded(f"right{i}", {}) for i in range(2)]
    soup = BeautifulSoup(pages.summary(standings(lines, Policy())), "html.parser")
    text = soup.get_text(" ", strip=True)
    assert "5 learners" in text
    found, hardest = (svg["aria-label"] for svg in soup.find_all("svg"))
    counts = [int(n) for n in re.findall(r": (\d+)", found)]
    assert sum(counts) == 5
    assert sorted(counts)[-2:] == [2, 3]
    assert hardest.split(". ", 1)[1].startswith(f"{FIRST}: ")
    shares = [int(n) for n in re.findall(r": (\d+)", hardest)]
    assert shares == sorted(shares)
    assert shares[-1] == 100
    row = next(tr for tr in soup.select("tbody tr") if tr.find_all("td")[0].get_text() == bug)
    assert row.find_all("td")[1].get_text() == "3"


def test_one_learner_is_a_class():
    soup = BeautifulSoup(pages.summary(standings([graded("ada", {})], Policy())), "html.parser")
    assert "1 learner." in soup.get_text()
