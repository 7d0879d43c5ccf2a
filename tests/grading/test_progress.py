"""The progress file loses nothing, whatever happens to it."""

import json

import pytest

from attncourse.grading import progress
from attncourse.grading.records import QuestionResult, Record


def record(earned=3, question="softmax"):
    result = QuestionResult(question, 10, earned, "wrong", "")
    return Record("03-algorithm", 1, "command", (result,))


def test_runs_are_added_in_order(home):
    for earned in (1, 5, 3):
        assert progress.remember(record(earned)) == ""
    records, warning = progress.load()
    assert warning == ""
    assert [r["earned"] for r in records] == [1, 5, 3]


@pytest.mark.parametrize(
    "damage",
    [
        b"{ half a line",
        b"\xff\xfe\x00",
        b"[]",
        b'{"exercise": "x"}',
        b'{"exercise": "x", "when": "yesterday", "questions": []}',
        b'{"exercise": "x", "when": "2026-01-01", "questions": [{"question": "softmax"}]}',
        b"[" * 50_000,
    ],
)
def test_damaged_file_is_moved_aside_whole_and_good_lines_go_on(damage, home):
    progress.remember(record(1))
    with progress.path().open("ab") as file:
        file.write(damage + b"\n")
    before = progress.path().read_bytes()
    warning = progress.remember(record(2))
    assert "1 damaged line" in warning
    (aside,) = home.glob("progress-damaged-*.jsonl")
    assert str(aside) in warning
    assert aside.read_bytes() == before
    records, warning = progress.load()
    assert warning == ""
    assert [r["earned"] for r in records] == [1, 2]


def test_a_run_cut_off_in_the_middle_of_a_line_spoils_no_other(home):
    progress.remember(record(1))
    with progress.path().open("a") as file:
        file.write('{"exercise": "03-al')
    progress.remember(record(2))
    assert [r["earned"] for r in progress.load()[0]] == [1, 2]


def test_two_damaged_files_in_one_second_are_both_kept(home):
    for _ in range(3):
        home.mkdir(exist_ok=True)
        progress.path().write_text("broken")
        progress.load()
    assert len(list(home.glob("progress-damaged-*"))) == 3


def test_a_folder_in_its_place_is_a_warning_not_an_error(home):
    progress.path().mkdir(parents=True)
    assert "progress was not saved" in progress.remember(record())
    assert progress.load()[0] == []


def test_home_is_the_users_data_folder_by_default(monkeypatch):
    monkeypatch.delenv("ATTNCOURSE_HOME")
    assert progress.home().name == "attncourse"


def test_record_is_json_even_with_infinities():
    from attncourse.grading.records import CheckResult, summary

    check = CheckResult(
        "a", "a", 1, 0, False, "wrong", "", "", None, float("inf"), (0,), float("nan"), 1.0
    )
    made = Record("x", 1, "command", (summary("softmax", [check]),)).as_json()
    text = json.dumps(made, allow_nan=False)
    assert json.loads(text)["questions"][0]["checks"][0]["difference"] == "inf"


def test_the_page_says_what_is_missing_and_what_to_read(home):
    from bs4 import BeautifulSoup

    from attncourse.grading import exercises
    from attncourse.grading.progress_report import progress_page

    exercise = exercises.load("03-algorithm")
    first, second, *_ = exercise.questions
    done = QuestionResult(second.name, second.points(), second.points(), "passed", "")
    evil = "<script>alert(1)</script>"
    missed = QuestionResult(first.name, first.points(), 2, "wrong", evil)
    for questions in ((done,), (missed,)):
        progress.remember(Record(exercise.name, 1, "command", questions))
    soup = BeautifulSoup(progress_page(progress.load()[0]), "html.parser")
    assert not soup.find_all(["script", "img", "link"])
    rows = {tr.th.get_text(): tr.get_text(" ", strip=True) for tr in soup.select("tbody tr")}
    assert f"2 / {first.points()}" in rows[first.name]
    assert evil in rows[first.name]
    assert first.read
    assert first.read in rows[first.name]
    assert second.read not in rows[second.name]
    most = sum(exercises.load(name).points() for name in exercises.names())
    assert f"{2 + second.points()} of {most} points" in soup.get_text()
