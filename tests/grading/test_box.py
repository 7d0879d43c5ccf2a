"""What a box holds back, tried inside it; and what outgrows it is ended."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from attncourse.grading import box, confine
from attncourse.grading.session import grade
from tests.grading import course
from tests.grading.conftest import QUICK

needs_box = pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")
EXERCISE, QUESTION = course.QUESTIONS[0]


@needs_box
def test_all_of_it_is_in_force_and_the_command_says_so():
    from typer.testing import CliRunner

    from attncourse.cli import app

    assert set(box.in_force().values()) == {True}
    result = CliRunner().invoke(app, ["box"])
    assert result.exit_code == 0
    assert result.output.splitlines() == [f"yes  {what}" for what in box.in_force()]


def test_each_of_these_is_tried_and_none_holds_outside():
    """Otherwise the test above could not fail."""
    code = "import json, _c; print(json.dumps(_c.report()))"
    loader = "import importlib.util as u, sys; s = u.spec_from_file_location('_c', sys.argv[1]); "
    loader += "sys.modules['_c'] = m = u.module_from_spec(s); s.loader.exec_module(m); "
    line = [sys.executable, "-c", loader + code, confine.__file__]
    done = subprocess.run(line, capture_output=True, text=True)
    assert '"one process": false' in done.stdout
    assert '"no memory that is not counted": false' in done.stdout


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_refuses_what_it_lists(machine):
    """Run as the kernel runs it: the last word for every call, by number and first argument."""
    code = confine.program(machine)
    kernel, calls, refused = confine._MACHINES[machine]

    def run(number, argument=0, of=kernel):
        held, place = 0, 0
        while True:
            op, then, otherwise, value = (
                int.from_bytes(code[8 * place : 8 * place + 2], "little"),
                code[8 * place + 2],
                code[8 * place + 3],
                int.from_bytes(code[8 * place + 4 : 8 * place + 8], "little"),
            )
            place += 1
            match op:
                case 0x20:
                    held = {0: number, 4: of, 16: argument}[value]
                case 0x15:
                    place += then if held == value else otherwise
                case 0x35:
                    place += then if held >= value else otherwise
                case 0x45:
                    place += then if held & value else otherwise
                case 0x06:
                    return value

    allow, refuse = 0x7FFF0000, 0x00050001
    assert {run(call) for call in refused} == {refuse}
    assert run(0) == run(1) == allow
    assert run(0, of=0x40000003) == run(0x40000000 | 41) == refuse
    assert run(calls["clone"], 17) == refuse
    assert run(calls["clone"], 0x10000) == allow
    for family in (1, 2, 10):
        assert run(calls["socket"], family) == run(calls["socketpair"], family) == allow
    for family in (0, 16, 17, 31, 38, 40):
        assert run(calls["socket"], family) == run(calls["socketpair"], family) == 0x00050061


TOO_MUCH = {
    "threads": "import threading, time\nthreading.stack_size(1 << 16)\nwhile True:\n"
    "    try: threading.Thread(target=time.sleep, args=(99,), daemon=True).start()\n"
    "    except RuntimeError: pass",
    "files": "import os\ni = 0\nwhile True:\n    os.close(os.open(f'/tmp/{i}', os.O_CREAT))\n"
    "    i += 1",
}


@needs_box
@pytest.mark.parametrize("kind", TOO_MUCH)
def test_what_outgrows_its_box_is_ended(kind, notebook):
    if kind == "threads" and os.getuid() != 0:
        pytest.skip("the kernel counts them here")
    record = grade(
        notebook(exercise=EXERCISE, before=[TOO_MUCH[kind]]),
        questions=[QUESTION],
        seed=1,
        boxed=True,
        limits=QUICK,
    )
    assert record.earned == record.points
    (note,) = record.notes
    assert f"ended its process (it has more than {confine_most(kind)} {kind})" in note


def confine_most(kind):
    from attncourse.grading import peak

    return {"threads": peak.MOST_THREADS, "files": peak.MOST_FILES}[kind]


@needs_box
def test_an_honest_notebook_has_threads_and_a_temporary_folder(notebook):
    cell = (
        "import tempfile\nfrom concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(8) as pool: assert list(pool.map(abs, range(-9, 0)))\n"
        "with tempfile.TemporaryFile() as file: file.write(bytes(1 << 20))\n"
        "import tqdm\nfor _ in tqdm.tqdm(range(3)): pass"
    )
    record = grade(
        notebook(exercise=EXERCISE, before=[cell]), questions=[QUESTION], seed=1, boxed=True
    )
    assert (record.earned, record.notes) == (record.points, ())


@needs_box
def test_usr_local_is_hidden_unless_the_interpreter_is_there(monkeypatch):
    hidden = ["--tmpfs", "/usr/local"]

    def shows(line):
        return not any(line[i : i + 2] == hidden for i in range(len(line)))

    monkeypatch.setattr(box, "_all_python_folders", lambda: ["/opt/python"])
    assert not shows(box.command(["/bin/true"], {}))
    monkeypatch.setattr(box, "_all_python_folders", lambda: ["/usr/local"])
    assert shows(box.command(["/bin/true"], {})) == Path("/usr/local").is_dir()


@needs_box
@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_users_box_holds_too(tmp_path):
    """With an interpreter and a copy of the file that such a user may read."""
    script = Path("/tmp") / f"attncourse-confine-{os.getpid()}.py"
    shutil.copy(confine.__file__, script)
    script.chmod(0o644)
    line = ["bwrap", *box._SEALS, "--ro-bind", "/", "/", "--proc", "/proc", "--remount-ro", "/proc"]
    line += ["--dev", "/dev", "--tmpfs", "/dev/shm", "--remount-ro", "/dev/shm"]
    try:
        done = subprocess.run(
            [*line, "/usr/bin/python3", "-I", str(script)],
            user=61_234,
            group=61_234,
            extra_groups=[],
            capture_output=True,
            text=True,
        )
    finally:
        script.unlink()
    assert done.stdout.count("true") == 6, done
