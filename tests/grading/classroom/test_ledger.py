"""Records survive whatever ends the run; nothing that was not written by it is touched."""

import json
import multiprocessing

import pytest

from attncourse.grading.classroom.ledger import BadLedger, Ledger
from tests.grading import course
from tests.grading.classroom.conftest import line


def test_what_is_added_is_there_again(tmp_path):
    ledger = Ledger(tmp_path / "grades", seed=5)
    ledger.add(line("ada"))
    ledger.add(line("bob"))
    ledger.close()
    again = Ledger(tmp_path / "grades")
    assert again.run.seed == 5
    assert set(again.records) == {line("ada")["file"], line("bob")["file"]}
    assert again.has(line("ada")["file"], "0", "ada")
    assert not again.has(line("ada")["file"], "another hash", "ada")
    assert not again.has("eve/x.ipynb", "0", "eve")


def test_a_line_cut_off_is_cut_away_and_the_rest_goes_on(tmp_path):
    ledger, bob = Ledger(tmp_path, seed=5), line("bob")  # once: a record has a time in it
    ledger.add(line("ada"))
    ledger.add(bob)
    ledger.close()
    path = tmp_path / "records.jsonl"
    whole = path.read_bytes()
    for cut in (1, 40, len(whole.splitlines()[1])):
        path.write_bytes(whole[:-cut])
        again = Ledger(tmp_path)
        assert set(again.records) == {line("ada")["file"]}
        again.add(bob)
        again.close()
        assert path.read_bytes() == whole


def test_a_damaged_line_stops_and_changes_nothing(tmp_path):
    Ledger(tmp_path, seed=5).close()
    path = tmp_path / "records.jsonl"
    for bad in (b"{}\n", b"[1]\n", b"not json\n", b"3\n", b"\xff\n"):
        path.write_bytes(json.dumps(line("ada")).encode() + b"\n" + bad)
        with pytest.raises(BadLedger, match=r"line 2 of .* is damaged\. Nothing was changed"):
            Ledger(tmp_path)
        assert path.read_bytes().endswith(bad)


def test_one_class_one_seed(tmp_path):
    first = Ledger(tmp_path)
    drawn = first.run.seed
    first.close()
    with pytest.raises(BadLedger, match="another seed"):
        Ledger(tmp_path, seed=drawn + 1)
    Ledger(tmp_path, seed=drawn).close()
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(BadLedger, match="cannot be read"):
        Ledger(tmp_path)


def test_records_without_their_seed_are_not_taken_over(tmp_path):
    (tmp_path / "records.jsonl").write_text("")
    with pytest.raises(BadLedger, match=r"run.json with their seed is gone"):
        Ledger(tmp_path)


def test_another_round_is_about_those_it_names(tmp_path):
    ledger = Ledger(tmp_path, seed=5)
    for name in ("ada", "bob"):
        ledger.add(line(name))
    ledger.again(["ada"])
    assert not ledger.has(line("ada")["file"], "0", "ada")
    assert ledger.has(line("bob")["file"], "0", "bob")
    ledger.close()
    # A round that was stopped goes on.
    again = Ledger(tmp_path)
    assert not again.has(line("ada")["file"], "0", "ada")
    again.add(line("ada"))
    assert again.has(line("ada")["file"], "0", "ada")
    again.again([])
    assert not again.has(line("bob")["file"], "0", "bob")


def test_other_checks_of_an_instructor_are_noticed(tmp_path):
    checks = tmp_path / "checks"
    checks.mkdir()
    ledger = Ledger(tmp_path / "grades")
    ledger.add(line("ada") | {"overlay": ""})
    ledger.add(line("old"))  # from before it was kept
    ledger.same_checks("", ["ada", "old"])
    (checks / "another.py").write_text("")
    ledger.same_checks(str(checks), ["ada", "old"])
    (checks / f"{course.SAMPLE}.py").write_text("x = 1")
    with pytest.raises(BadLedger, match="regrade"):
        ledger.same_checks(str(checks), ["ada", "old"])
    ledger.same_checks(str(checks), ["old"])  # ada is gone, or about to be graded again
    ledger.again([])
    ledger.same_checks(str(checks), ["ada", "old"])


def test_a_time_that_is_told_later_is_taken(tmp_path):
    ledger = Ledger(tmp_path)
    ledger.add(line("ada"))
    later = "2026-11-25T10:00:00+01:00"
    ledger.retime({line("ada")["file"]: later, "nobody/x.ipynb": later})
    ledger.close()
    again = Ledger(tmp_path)
    assert [one["submitted"] for one in again.records.values()] == [later]
    assert again.has(line("ada")["file"], "0", "ada")


def _try(folder, said):
    try:
        Ledger(folder)
        said.put("in")
    except BadLedger as error:
        said.put(str(error))


def test_two_runs_at_once_are_refused(tmp_path):
    ledger = Ledger(tmp_path)
    context = multiprocessing.get_context("spawn")
    said = context.Queue()
    other = context.Process(target=_try, args=(tmp_path, said))
    other.start()
    assert "another run is at work" in said.get(timeout=60)
    other.join()
    ledger.close()
    other = context.Process(target=_try, args=(tmp_path, said))
    other.start()
    assert said.get(timeout=60) == "in"
    other.join()
