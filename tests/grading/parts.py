"""What an exercise must have; what is missing is named. Nothing has to be registered."""

import re

from attncourse.grading import exercises
from tests.grading import course, mutants


def missing(exercise, answers, toc, pages):
    """Sentences about what an exercise lacks.

    ``answers`` is its module of wrong and right answers; ``toc`` the table of contents and
    ``pages`` the book's sources, as texts.
    """
    lacks = []
    for question in exercise.questions:
        wrong = answers.WRONG.get(question.name, {})
        if len(set(wrong.values())) < mutants.LEAST:
            lacks.append(f"{question.name}: {len(wrong)} wrong answers of {mutants.LEAST}")
        if not answers.RIGHT.get(question.name):
            lacks.append(f"{question.name}: a right answer written another way")
        for hidden, kind in ((False, "visible"), (True, "hidden")):
            if not any(check.hidden == hidden for check in question.checks):
                lacks.append(f"{question.name}: a {kind} check")
        for check in question.checks:
            if not (check.run.__doc__ or "").strip():
                lacks.append(f"{question.name}: {check.name} says nothing")
            if not check.hint.strip():
                lacks.append(f"{question.name}: {check.name} has no hint")
            if check.points < 1:
                lacks.append(f"{question.name}: {check.name} is worth nothing")
        if f"file: book/{question.read}\n" not in toc:
            lacks.append(f"{question.name}: a page of the book to read")
        if not question.arguments:
            lacks.append(f"{question.name}: the names of its arguments")
    known = {q.name for q in exercise.questions}
    if strangers := (set(answers.WRONG) | set(answers.RIGHT)) - known:
        lacks.append(f"answers to no question: {', '.join(sorted(strangers))}")
    if f"file: exercises/{exercise.name}\n" not in toc:
        lacks.append("its line in _toc.yml")
    if not any(re.search(rf"exercises/{exercise.name}\.ipynb", page) for page in pages):
        lacks.append("a link from a page of the book")
    return lacks


def book():
    """The table of contents and the book's sources."""
    found = [*course.ROOT.glob("book/**/*.ipynb"), *course.ROOT.glob("book/**/*.md")]
    pages = [path.read_text("utf8") for path in found if "node_modules" not in path.parts]
    return (course.ROOT / "_toc.yml").read_text("utf8") + "\n", pages


def strays():
    """Notebooks without checks, checks without a notebook, answers without an exercise."""
    packages = set(exercises.names())
    notebooks = {path.stem for path in course.ROOT.glob("solutions/*.ipynb")}
    folder = course.ROOT / "tests/grading/mutants"
    tables = {path.stem for path in folder.glob("ch*.py")}
    wanted = {exercises.package(name).rpartition(".")[2] for name in packages}
    return packages ^ notebooks, tables ^ wanted
