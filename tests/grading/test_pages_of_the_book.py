"""What the pages for learners and instructors tell them to type is what the program knows."""

import json
import re
import shlex
import tomllib

import click
import pytest
from typer.main import get_command

from attncourse.cli import app
from attncourse.grading import exercises
from attncourse.grading.classroom import policy
from tests.grading import course

PAGES = {
    name: (course.ROOT / f"book/{name}.md").read_text("utf8") for name in ("practise", "teaching")
}
COMMANDS = sorted(
    {
        (name, line.strip())
        for name, text in PAGES.items()
        for line in re.findall(r"(?:^ *|`)(attncourse [^`\n]+)", text, re.M)
    }
)


def test_commands_were_found():
    words = {line.split()[1] for _, line in COMMANDS}
    assert {"check", "progress", "grade", "regrade", "release", "similar"} <= words


@pytest.mark.parametrize(("page", "line"), COMMANDS)
def test_every_command_can_be_typed(page, line):
    """The command is there, and takes these arguments."""
    word, *arguments = shlex.split(line)[1:]
    command = get_command(app).commands[word]
    with click.Context(command, resilient_parsing=False) as context:
        assert command.parse_args(context, arguments) == [], "words that the command does not take"
        assert {p.name for p in command.params if p.required} <= set(context.params)


@pytest.mark.parametrize("page", PAGES)
def test_every_option_that_is_named_is_there(page):
    known = {
        option
        for command in get_command(app).commands.values()
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    assert set(re.findall(r"--[a-z][a-z-]*", PAGES[page])) <= known


def test_the_rules_on_the_page_are_rules(tmp_path):
    (text,) = re.findall(r"```toml\n(.*?)```", PAGES["teaching"], re.S)
    path = tmp_path / "policy.toml"
    path.write_text(text)
    rules = policy.load(path)
    said = tomllib.loads(text)
    assert rules.percent_a_day == said["late"]["percent_a_day"]
    assert set(rules.due) == set(said["due"])


def test_the_check_on_the_page_is_a_check(tmp_path):
    (text,) = re.findall(r"```python\n(.*?)```", PAGES["teaching"], re.S)
    (tmp_path / f"{course.SAMPLE}.py").write_text(text)
    folder = exercises.overlay(tmp_path)
    try:
        before = exercises.load(course.SAMPLE)["softmax"].points()
        exercises.lay_over(folder)
        question = exercises.load(course.SAMPLE)["softmax"]
        assert question.points() == before + 2
        right = course.judge(course.SAMPLE, "softmax", course.solved(course.SAMPLE)["softmax"], 1)
        assert right.status == "passed"
        assert right.checks[-1].name == "one_score"
    finally:
        exercises.lay_over("")


def test_every_file_that_is_promised_is_written():
    from pathlib import Path

    from attncourse.grading.classroom import course as classroom
    from attncourse.grading.classroom import ledger

    code = "".join(Path(module.__file__).read_text() for module in (classroom, ledger))
    for name in re.findall(r"`([a-z]+\.(?:csv|html|jsonl?)|[a-z]+/)`", PAGES["teaching"]):
        assert name.rstrip("/") in code or name in {"grades/", "results.json"}, name


def test_the_times_on_the_page_are_those_that_were_measured():
    """Whoever measures again writes them down again."""

    def rows(name):
        path = course.ROOT / f"benchmarks/results/{name}.json"
        return {row["grader"]: row for row in json.loads(path.read_text())["rows"]}

    numpy, torch = rows("grading"), rows("grading_torch")["attncourse"]
    ours = numpy["attncourse"]
    (said,) = re.findall(
        r"class of (\d+) with .* took (\d+) seconds, and (\d+) notebooks .* took (\d+)\. .* "
        r"nbgrader took (\d+) times .* otter-grader (\d+) times",
        PAGES["teaching"],
    )
    measured = [ours["notebooks"], ours["seconds"], torch["notebooks"], torch["seconds"]]
    measured += [numpy[peer]["ratio"] for peer in ("nbgrader", "otter-grader")]
    assert [int(number) for number in said] == [round(number) for number in measured]
