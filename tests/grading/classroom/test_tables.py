"""Tables that other programs read, and that no learner can turn against who opens them."""

import csv
import json
from datetime import datetime

import pytest

from attncourse.grading.classroom import tables
from attncourse.grading.classroom.policy import Policy
from attncourse.grading.classroom.standing import standings
from attncourse.grading.classroom.tables import BadRoster
from tests.grading import course
from tests.grading.classroom.conftest import line

EX = course.SAMPLE
ALL = course.points(EX)
FIRST = next(name for exercise, name in course.QUESTIONS if exercise == EX)
RULES = Policy(due={EX: datetime.fromisoformat("2026-11-20T00:00:00+00:00")}, percent_a_day=10)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_formula_and_no_escape_comes_into_a_table(start, tmp_path):
    found = standings([line(f"{start}cmd|' /C calc'!A0\x1b[2J\nnext")], Policy())
    path = tmp_path / "scores.csv"
    tables.write(path, tables.scores(found))
    with path.open(newline="") as file:
        head, row = csv.reader(file)
    assert len(head) == len(row)
    assert row[0].startswith("'")
    assert "\x1b" not in path.read_text()
    assert "\n" not in row[0]
    assert not list(tmp_path.glob("*.part"))


def test_numbers_stay_numbers():
    assert [tables.safe(x) for x in (-3, 2.5, "2", "")] == [-3, 2.5, "2", ""]
    assert [tables.number(x) for x in (2.0, 2.345, 0.0)] == [2, 2.35, 0]


def test_scores_have_a_column_a_question():
    head, row = tables.scores(standings([line("ada", {FIRST: 1})], RULES))
    said = dict(zip(head, row, strict=True))
    assert said[f"{EX}/{FIRST}"] == 1
    earned = ALL - course.points(EX, FIRST) + 1
    assert (said["sum"], said["points"], said["days_late"]) == (earned, ALL, 1)
    assert said["total"] == tables.number(0.9 * earned)


CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Old homework\n"
    "    Points Possible,,,,,10\n"
    '"Lovelace, Ada",4711,u1,ada,A,7\n'
    '"Babbage, Charles",4712,u2,cb99,A,\n'
)
MOODLE = (
    "Identifier,Full name,Email address,ID number\n"
    "Participant 4711,Ada Lovelace,ada@example.org,u1\n"
)


def roster(tmp_path, text):
    path = tmp_path / "roster.csv"
    path.write_text(text)
    return tables.read_roster(path)


def test_canvas_gets_its_own_columns_back(tmp_path):
    listed = roster(tmp_path, CANVAS)
    found = standings([line("ada"), line("cb99", {FIRST: 0})], Policy())
    rows = tables.match({"ada": "", "cb99": ""}, listed)
    head, most, ada, babbage = tables.canvas(found, rows)
    assert head == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", EX]
    assert most == ["Points Possible", "", "", "", "", ALL]
    assert ada == ["Lovelace, Ada", "4711", "u1", "ada", "A", ALL]
    assert babbage[0] == "Babbage, Charles"
    assert babbage[-1] == ALL - course.points(EX, FIRST)


@pytest.mark.parametrize(
    ("learner", "number"),
    [("lovelaceada", ""), ("Ada Lovelace", ""), ("somebody", "4711"), ("ADA", ""), ("u1", "")],
)
def test_a_learner_is_found_by_any_of_the_names(learner, number, tmp_path):
    rows = tables.match({learner: number}, roster(tmp_path, CANVAS))
    assert rows[learner]["ID"] == "4711"


def test_a_learner_on_no_line_or_on_two_is_asked_about(tmp_path):
    listed = roster(tmp_path, CANVAS)
    with pytest.raises(BadRoster, match="eve stands on no line"):
        tables.match({"eve": ""}, listed)
    with pytest.raises(BadRoster, match="A stands on 2 lines"):
        tables.match({"A": ""}, listed)


def test_moodle_by_its_list_or_by_its_numbers(tmp_path):
    listed = roster(tmp_path, MOODLE)
    found = standings([line("Ada Lovelace") | {"number": "4711"}], Policy())
    wanted = ["Participant 4711", "Ada Lovelace", "ada@example.org", "u1", ALL]
    assert tables.moodle(found, tables.match({"Ada Lovelace": "4711"}, listed))[1] == wanted
    assert tables.moodle(found, {})[1] == ["Participant 4711", "Ada Lovelace", "", "", ALL]


def test_what_could_not_be_graded_makes_no_column():
    found = standings([line("ada"), line("eve", failed="no notebook")], Policy())
    assert tables.canvas(found, {})[0][5:] == [EX]
    assert tables.moodle(found, {})[0][4:] == [EX]


def test_one_site_s_list_leaves_the_other_site_s_table_readable(tmp_path):
    found = standings([line("Ada Lovelace") | {"number": "4711"}], Policy())
    rows = tables.match({"Ada Lovelace": "4711"}, roster(tmp_path, MOODLE))
    assert tables.canvas(found, rows)[2][:2] == ["Ada Lovelace", "4711"]
    # Canvas's number is somebody else's in Moodle.
    rows = tables.match({"Ada Lovelace": "4711"}, roster(tmp_path, CANVAS))
    assert tables.moodle(found, rows)[1][:2] == ["", "Ada Lovelace"]


@pytest.mark.parametrize("text", ["", "Student,ID\n", CANVAS.splitlines()[0] + "\n"])
def test_a_list_of_nobody(text, tmp_path):
    with pytest.raises(BadRoster, match="lists nobody"):
        roster(tmp_path, text)


def test_gradescope_reads_what_it_asks_for():
    (one,) = standings([line("ada", {FIRST: 1}, notes=("Cell 3 fails.",))], RULES)
    said = json.loads(tables.gradescope(one))
    assert said["score"] == tables.number(one.total)
    assert sum(test["max_score"] for test in said["tests"]) == ALL
    assert said["tests"][0] | {"name": FIRST, "score": 1} == said["tests"][0]
    assert "Cell 3 fails." in said["output"]
    assert "a day late: 90% of the points count." in said["output"]
