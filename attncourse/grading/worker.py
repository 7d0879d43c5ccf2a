"""The process in which a learner's code runs. It knows no check and no expected value.

Started as a script, ``python -I worker.py LIMITS``. It answers on its first standard output; what
the learner's code prints goes nowhere. Requests: ``cell`` (run a source text), ``call`` (call a
function, send the result and the arguments as the call left them).
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import sys
import traceback
import types
import warnings
from pathlib import Path
from typing import Any


def _load_wire() -> Any:
    if "_wire" in sys.modules:  # a zygote has prepared this process
        return sys.modules["_wire"]
    # By path: the package around it need not be importable inside a box.
    spec = importlib.util.spec_from_file_location("_wire", Path(__file__).with_name("wire.py"))
    module = importlib.util.module_from_spec(spec)  # pyrefly: ignore
    sys.modules["_wire"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)  # pyrefly: ignore
    return module


def _limit(limits: dict[str, int]) -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    wanted = {
        "RLIMIT_AS": limits["memory"],
        "RLIMIT_CPU": limits["cpu"],
        "RLIMIT_FSIZE": limits["file"],
        "RLIMIT_CORE": 0,
    }
    for name, value in wanted.items():
        # Some systems have no such limit, or already a lower one.
        with contextlib.suppress(ValueError, OSError, AttributeError):
            resource.setrlimit(getattr(resource, name), (value, value))


class _Shell:
    """What ``get_ipython()`` gives: magics that show, time or install do nothing here."""

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: None


def _fresh_main() -> dict[str, Any]:
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    # `check(...)` in a cell is for the learner's eyes; here it must neither run nor cost time.
    stub = types.ModuleType("attncourse.grading")
    stub.check = lambda *args, **kwargs: None  # pyrefly: ignore
    stub.checker = lambda *args, **kwargs: stub.check  # pyrefly: ignore
    sys.modules["attncourse.grading"] = stub
    shell = _Shell()
    main.__dict__.update(display=lambda *a, **k: None, get_ipython=lambda: shell)
    return main.__dict__


def _failure(error: BaseException) -> dict[str, Any]:
    frames = []
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename.startswith("<cell "):
            frames.append([int(frame.filename[6:-1]), frame.lineno or 0, frame.name[:80]])
    if isinstance(error, SyntaxError) and (error.filename or "").startswith("<cell "):
        frames.append([int(str(error.filename)[6:-1]), error.lineno or 0, "<module>"])
    try:
        text = str(error.msg if isinstance(error, SyntaxError) else error)
    except BaseException:
        text = "(no message)"
    return {"error": type(error).__name__[:80], "message": text[:1000], "frames": frames[-20:]}


def _run_cell(space: dict[str, Any], number: int, source: bytes) -> dict[str, Any]:
    try:
        text = source.decode("utf-8", "surrogatepass")
        exec(compile(text, f"<cell {number}>", "exec"), space)
    except BaseException as error:
        return _failure(error)
    return {"ok": True}


def _call(wire: Any, space: dict[str, Any], request: dict[str, Any], arrays: list) -> tuple:
    function = space.get(request["name"])
    if not callable(function):
        return {"undefined": True}, []
    try:
        # Tensors come into being here, so a worker that gets none imports no torch.
        values, options = wire.decode(request["values"], arrays), request["options"]
        values = wire.live(values)
        options = {key: wire.live(wire.decode(node, arrays)) for key, node in options.items()}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            value = function(*values, **options)
    except BaseException as error:
        return _failure(error), []
    try:
        sent: list = []
        answer = {
            "value": wire.encode(wire.plain(value), sent),
            "values": wire.encode(tuple(wire.plain(v) for v in values), sent),
            "options": {key: wire.encode(wire.plain(v), sent) for key, v in options.items()},
        }
        return answer, sent
    except TypeError as error:
        return {"refused": str(error)[:200]}, []


def prepare() -> None:
    """Import what every worker needs, for the processes that are forked from this one."""
    _load_wire()
    with contextlib.suppress(ImportError):
        import jaxtyping  # noqa: F401


def main() -> None:
    """Answer requests until the grader hangs up."""
    receive, send = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    _limit(json.loads(sys.argv[1]))
    wire = _load_wire()
    # The package as the grader has it, where no other is installed.
    sys.path.append(str(Path(__file__).parents[2]))
    space = _fresh_main()
    read = wire.reader(os.fdopen(receive, "rb"))
    while True:
        try:
            request, arrays = wire.unpack(read)
        except EOFError:
            os._exit(0)  # no atexit handler of the learner's runs
        if request["do"] == "cell":
            answer, sent = _run_cell(space, request["cell"], bytes(arrays[0])), []
        else:
            answer, sent = _call(wire, space, request, arrays)
        answer["id"] = request["id"]
        try:
            message = wire.pack(answer, sent)
        except wire.WireError:
            size = f"more than {wire.PAYLOAD_LIMIT >> 20} MiB, or {wire.MAX_ARRAYS} arrays, of data"
            message = wire.pack({"refused": size, "id": request["id"]})
        while message:
            message = message[os.write(send, message) :]


if __name__ == "__main__":
    main()
