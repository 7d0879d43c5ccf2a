"""The archive of a class holds the exercises and no answer."""

import json
import re
import zipfile

import pytest

from attncourse.grading.classroom.release import release
from attncourse.grading.generate import BadSource, split
from tests.grading import course

SOURCES = course.ROOT / "solutions"


def test_no_solution_and_no_hidden_check_goes_out(tmp_path):
    target = tmp_path / "class.zip"
    names = release(SOURCES, target)
    assert set(names) == {*(f"{n}.ipynb" for n in course.NAMES), "README.md", "requirements.txt"}
    with zipfile.ZipFile(target) as archive:
        assert sorted(archive.namelist()) == names
        texts = {name: archive.read(name).decode() for name in names}
    for exercise in course.NAMES:
        said = texts[f"{exercise}.ipynb"]
        assert "Solution</strong>" not in said
        for cell in json.loads((SOURCES / f"{exercise}.ipynb").read_text())["cells"]:
            source = "".join(cell["source"])
            if "# BEGIN SOLUTION\n" in source and cell["cell_type"] == "code":
                stub, solved = split(source)
                own = [x.strip() for x in solved.splitlines() if x.strip() not in stub]
                assert own
                assert not [x for x in own if json.dumps(x)[1:-1] in said]
        for question in course.exercises.load(exercise).questions:
            assert f"def {question.name}(" in said
            for check in question.checks:
                assert not check.hidden or not re.search(rf"\b{check.name}\b", said)
    assert re.fullmatch(r"attncourse==\S+\njupyterlab\n", texts["requirements.txt"])
    assert "attncourse check NAME.ipynb" in texts["README.md"]


def test_what_goes_out_leads_nowhere_else(tmp_path):
    name = "04-mathematics"
    release(SOURCES, tmp_path / "class.zip", [name])
    with zipfile.ZipFile(tmp_path / "class.zip") as archive:
        said = archive.read(f"{name}.ipynb").decode()
    json.loads(said)
    assert f"attncourse check {name}.ipynb" in said
    assert "exercises/" not in said
    assert "../book/" not in said
    assert "(03-algorithm.ipynb)" not in said
    assert "exercise 3" in said
    release(SOURCES, tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        for file in archive.namelist():
            assert "](../" not in archive.read(file).decode()
        assert "(03-algorithm.ipynb)" in archive.read(f"{name}.ipynb").decode()


def test_the_same_exercises_make_the_same_archive(tmp_path):
    for name in ("a.zip", "b.zip"):
        release(SOURCES, tmp_path / name, [course.SAMPLE])
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    assert len(zipfile.ZipFile(tmp_path / "a.zip").namelist()) == 3


@pytest.mark.parametrize("names", [["none"], [course.SAMPLE, "../x"]])
def test_an_unknown_exercise_makes_none(names, tmp_path):
    with pytest.raises(BadSource, match="has no exercise"):
        release(SOURCES, tmp_path / "a.zip", names)
    assert not list(tmp_path.iterdir())
    with pytest.raises(BadSource, match="holds no exercise"):
        release(tmp_path, tmp_path / "a.zip")
