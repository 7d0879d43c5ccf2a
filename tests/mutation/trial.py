"""Run tests against a broken copy of the tree, in a fork of a process that is ready for them."""

from __future__ import annotations

import ast
import contextlib
import importlib
import os
import shutil
import signal
import sys
import time
from pathlib import Path

from tests.mutation.breaks import Break

ROOMS = ("reference", "pytorch")
#: What takes long to import and is never broken.
READY = (
    "numpy",
    "torch",
    "torch.nn.functional",
    "torch.testing._internal.common_methods_invocations",
    "einops",
    "jaxtyping",
    "pytest",
    "hypothesis.strategies",
    "onnx.backend.test.case.node",
    "transformers.models.llama.modeling_llama",
)
#: All tests that hold the two rooms. What a test of the mechanism does not see, these may.
PARITY = "tests/test_parity.py"
ALL = (
    PARITY,
    "tests/test_errors.py",
    "tests/test_budget.py",
    "tests/reference",
    "tests/pytorch",
    "tests/outside",
    "tests/analysis",
)
#: Mechanisms whose tests bear another name as well.
TESTED_AS = {"modules": ("models",)}
OPTIONS = ("-x", "-q", "--tb=line", "-p", "no:cacheprovider", "-p", "no:xdist")


class Tree:
    """A copy of what is tested and of its tests."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.folder = folder
        self.known: dict[tuple[str, ...], str] = {}
        for part in ("attncourse", "tests"):
            unwanted = shutil.ignore_patterns("__pycache__")
            shutil.copytree(root / part, folder / part, ignore=unwanted)
        shutil.copy(root / "pyproject.toml", folder)
        sys.dont_write_bytecode = True
        for name in READY:
            importlib.import_module(name)

    def files(self) -> list[Path]:
        """Give every file of the two rooms."""
        found = (self.folder / "attncourse" / room for room in ROOMS)
        return sorted(p.relative_to(self.folder) for room in found for p in room.rglob("*.py"))

    def text(self, path: Path) -> str:
        return (self.folder / path).read_text(encoding="utf-8")

    @contextlib.contextmanager
    def broken(self, one: Break):
        """Write a broken file, and put the whole one back."""
        whole = self.text(one.path)
        (self.folder / one.path).write_text(one.applied(whole), encoding="utf-8")
        try:
            yield
        finally:
            (self.folder / one.path).write_text(whole, encoding="utf-8")

    def near(self, path: Path) -> list[tuple[str, ...]]:
        """Choose the tests of a file's mechanism, which bear its name or a function's.

        Parity first: it is quick, and knows at once when one room says what the other does not.
        """
        mechanism = path.parts[2].removesuffix(".py")
        inside = [p for p in self.files() if p.parts[2].removesuffix(".py") == mechanism]
        names = {
            node.name
            for file in inside
            for node in ast.parse(self.text(file)).body
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
        }
        stems = {mechanism, path.stem, *TESTED_AS.get(mechanism, ())} - {"__init__"}
        own = {
            str(test.relative_to(self.folder))
            for stem in stems
            for room in ROOMS
            for test in (self.folder / "tests" / room).glob(f"test_*{stem}*.py")
        }
        shared = (f"tests/{name}.py" for name in ("test_errors", "pytorch/test_gradients"))
        named = ("-k", " or ".join(sorted(names | stems)))
        docs = "tests/reference/test_docs.py"
        return [(PARITY, *named), (*sorted(own), *shared, docs, *named)]

    def noticed(self, one: Break, *, far: bool = True, parity: bool = True) -> str:
        """Say how tests notice a break: those of the mechanism first, then all."""
        stages = [*self.near(one.path), *([ALL] if far else [])]
        if not parity:
            stages = [tuple(test for test in stage if test != PARITY) for stage in stages[1:]]
        for tests in stages:
            if tests not in self.known:
                passed, self.known[tests] = self.passes(tests)
                if not passed:
                    raise SystemExit(f"The tests fail without any break: {self.known[tests]}")
            with self.broken(one):
                passed, words = self.passes(tests)
            if not passed:
                return words
        return ""

    def passes(self, tests: tuple[str, ...], seconds: float = 300) -> tuple[bool, str]:
        """Run tests in a fork; give whether all passed, and the last words."""
        log = self.folder / "log"
        child = os.fork()
        if child == 0:
            self._run(tests, log)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                lines = log.read_text(errors="replace").strip().splitlines()
                return os.waitstatus_to_exitcode(status) == 0, lines[-1] if lines else ""
            time.sleep(0.05)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return False, f"not done after {seconds} s"

    def _run(self, tests: tuple[str, ...], log: Path) -> None:
        os.chdir(self.folder)
        for name in [name for name in sys.modules if name.split(".")[0] in ("attncourse", "tests")]:
            del sys.modules[name]
        sys.path.insert(0, str(self.folder))
        with log.open("w") as out:
            os.dup2(out.fileno(), 1)
            os.dup2(out.fileno(), 2)
            import pytest
            import torch

            torch.set_num_threads(1)
            code = pytest.main([*OPTIONS, *tests])
            sys.stdout.flush()
        os._exit(int(code))
