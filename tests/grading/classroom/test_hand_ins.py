"""Whose a notebook is, in each layout that a course's website gives out."""

import os
from datetime import UTC, datetime

import pytest

from attncourse.grading.classroom.hand_ins import BadFolder, find, learners
from tests.grading import course

EX = course.SAMPLE


def lay(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    return folder


@pytest.mark.parametrize(
    ("name", "learner", "number"),
    [
        (f"ada/{EX}.ipynb", "ada", ""),
        (f"ada/deeper/{EX}.ipynb", "ada", ""),
        (f"ada_{EX}.ipynb", "ada", ""),
        (f"ada lovelace - {EX} (2).ipynb", "ada lovelace", ""),
        ("ada.ipynb", "ada", ""),
        (f"lovelaceada_4711_998_{EX}-1.ipynb", "lovelaceada", "4711"),
        (f"lovelaceada_LATE_4711_998_{EX}.ipynb", "lovelaceada", "4711"),
        (f"Ada Lovelace_4711_assignsubmission_file/{EX}.ipynb", "Ada Lovelace", "4711"),
        (f"Ada Lovelace_4711_assignsubmission_file_/{EX}.IPYNB", "Ada Lovelace", "4711"),
    ],
)
def test_whose(name, learner, number, tmp_path):
    (found,) = find(lay(tmp_path, name))
    assert (found.learner, found.number, found.name) == (learner, number, name)
    assert learners([found]) == {learner: number}


def test_order_and_what_is_left_out(tmp_path):
    lay(tmp_path, f"b/{EX}.ipynb", f"a/{EX}.ipynb", "a/.ipynb_checkpoints/x.ipynb", "a/notes.txt")
    lay(tmp_path, "__MACOSX/a/x.ipynb")
    assert [one.name for one in find(tmp_path)] == [f"a/{EX}.ipynb", f"b/{EX}.ipynb"]


def test_links_are_refused_and_stay_in_the_list(tmp_path):
    secret = tmp_path / "solution.ipynb"
    secret.write_text("{}")
    folder = lay(tmp_path / "class", f"honest/{EX}.ipynb")
    (folder / "sly").mkdir()
    (folder / "sly" / f"{EX}.ipynb").symlink_to(secret)
    (folder / "slyer").symlink_to(tmp_path)  # a linked folder is not walked
    found = {one.learner: one for one in find(folder)}
    assert set(found) == {"honest", "sly"}
    assert "links are not followed" in found["sly"].refused
    assert not found["honest"].refused
    before = found["sly"].fingerprint()
    secret.write_text("{ }")
    assert found["sly"].fingerprint() == before


def test_a_changed_file_is_another_submission(tmp_path):
    (one,) = find(lay(tmp_path, f"ada/{EX}.ipynb"))
    before = one.fingerprint()
    assert one.fingerprint() == before
    one.path.write_text("{ }")
    assert one.fingerprint() != before


def test_times_of_the_files_or_of_a_table(tmp_path):
    folder = lay(tmp_path / "class", f"ada/{EX}.ipynb", f"bob/{EX}.ipynb")
    os.utime(folder / "ada" / f"{EX}.ipynb", (0, 86_400))
    table = tmp_path / "times.csv"
    table.write_text(f"file,submitted\nbob/{EX}.ipynb,2026-11-28T23:59:00+01:00\n")
    ada, bob = find(folder, table)
    assert ada.submitted == datetime(1970, 1, 2, tzinfo=UTC)
    assert bob.submitted.isoformat() == "2026-11-28T23:59:00+01:00"


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("file,when\na,b\n", "needs the columns file and submitted"),
        ("file,submitted\nada/x.ipynb,tomorrow\n", "needs the columns file and submitted"),
        ("file,submitted\nada/x.ipynb,2026-11-28T23:59:00\n", "has no time zone"),
        ("file,submitted\neve/x.ipynb,2026-11-28T23:59:00Z\n", "there is no such file"),
    ],
)
def test_a_bad_table_of_times(table, says, tmp_path):
    folder = lay(tmp_path / "class", "ada/x.ipynb")
    path = tmp_path / "times.csv"
    path.write_text(table)
    with pytest.raises(BadFolder, match=says):
        find(folder, path)


def test_nothing_there(tmp_path):
    with pytest.raises(BadFolder, match="is no folder of submissions"):
        find(tmp_path / "none")
    with pytest.raises(BadFolder, match="holds no notebook"):
        find(tmp_path)


def test_who_handed_in_no_notebook_is_listed(tmp_path):
    folder = lay(
        tmp_path, f"ada/{EX}.ipynb", "mo/answers.docx", "Mo Two_77_assignsubmission_file/x.txt"
    )
    lay(tmp_path, f"lovelaceada_12_345_{EX}.ipynb", "nonotebookmo_13_346_answers.docx", "notes.txt")
    found = {one.learner: one for one in find(folder)}
    assert set(found) == {"ada", "mo", "Mo Two", "lovelaceada", "nonotebookmo"}
    assert {name for name, one in found.items() if one.refused} == {"mo", "Mo Two", "nonotebookmo"}
    assert "no notebook" in found["mo"].refused
    assert found["Mo Two"].number == "77"
    assert found["nonotebookmo"].number == "13"


def test_a_second_file_beside_a_notebook_is_no_hand_in(tmp_path):
    folder = lay(tmp_path, f"lovelaceada_12_345_{EX}.ipynb", "lovelaceada_12_346_notes.pdf")
    assert [one.refused for one in find(folder)] == [""]


def test_canvas_puts_something_in_front_of_the_name(tmp_path):
    folder = lay(tmp_path, f"lovelaceada_LATE_12_345_{EX}.ipynb", f"ada/{EX}.ipynb")
    assert {one.called for one in find(folder)} == {f"{EX}.ipynb"}
