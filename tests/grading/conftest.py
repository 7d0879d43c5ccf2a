"""Notebooks to grade, made from an exercise with some cells replaced."""

import json
import re

import pytest

from attncourse.grading.remote import Limits
from tests.grading import course

#: Deadlines short enough for tests, long enough for a busy machine.
QUICK = Limits(cell=3.0, call=1.5, question=8.0)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Progress of tests is not the developer's progress."""
    monkeypatch.setenv("ATTNCOURSE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def notebook(tmp_path):
    """``notebook(softmax=..., after=[...])`` writes a solved exercise with these answers in it."""

    def write(*, exercise=course.SAMPLE, name=None, before=(), after=(), **answers):
        data = json.loads(course.solution_path(exercise).read_text())
        for cell in data["cells"]:
            source = "".join(cell["source"])
            for question, answer in answers.items():
                if cell["cell_type"] == "code" and re.search(rf"\bdef {question}\(", source):
                    cell["source"] = answer
        last = max(i for i, c in enumerate(data["cells"]) if c["cell_type"] == "code")
        data["cells"][last:last] = [_code(text) for text in after]
        first = next(i for i, c in enumerate(data["cells"]) if c["cell_type"] == "code") + 1
        data["cells"][first:first] = [_code(text) for text in before]
        path = tmp_path / (name or f"{exercise}.ipynb")
        path.write_text(json.dumps(data))
        return path

    return write


def _code(text):
    return {
        "cell_type": "code",
        "id": "extra",
        "metadata": {},
        "execution_count": None,
        "outputs": [],
        "source": text,
    }
