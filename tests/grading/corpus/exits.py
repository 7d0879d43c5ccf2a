"""Processes that end at a moment of the learner's choice."""

from tests.grading.corpus import Attack, cell

_SAY = "import os\nos.write(1, b'{\"points\": 10}')\n"
ATTACKS = {
    "says ten and leaves": cell(_SAY + "os._exit(0)", harm="forged"),
    "says ten and leaves in a call": Attack(
        f"def softmax(x):\n    {'; '.join(_SAY.split(chr(10)))}os._exit(0)", harm="forged"),
    "says ten and becomes another program": cell(
        "import os\nos.execv('/bin/echo', ['echo', '{\"points\": 10}'])", harm="forged"),
    "aborts": Attack("import os\ndef softmax(x): os.abort()", harm="lost"),
    "reads a null pointer": Attack("import ctypes\ndef softmax(x): ctypes.string_at(0)", harm="lost"),
    "stops itself": Attack("import os, signal\ndef softmax(x): os.kill(os.getpid(), signal.SIGSTOP)",
                           harm="hung"),
    "an alarm": Attack("import signal, time\ndef softmax(x): signal.alarm(1); time.sleep(9)",
                       harm="lost"),
    "a timer that leaves": cell("import os, threading\n"
                                "threading.Timer(0, lambda: os._exit(0)).start()", harm="lost"),
    "a limit on time": cell("import resource\nresource.setrlimit(resource.RLIMIT_CPU, (0, 0))\n"
                            "while True: pass", harm="lost"),
    "a limit on memory": cell("import resource\nresource.setrlimit(resource.RLIMIT_AS, (1, 1))\n"
                              "bytearray(1 << 28)", harm="lost"),
    "raises SystemExit of ten": Attack("def softmax(x): raise SystemExit(10)", harm="lost"),
    "raises from a finaliser": Attack(
        "class D:\n    def __del__(self): raise SystemExit\ndef softmax(x): D(); return x * 0"),
    "a handler for its own death": Attack(
        "import os, signal\nsignal.signal(signal.SIGTERM, lambda *a: None)\n"
        "def softmax(x): os.kill(os.getpid(), 9)", harm="lost"),
    "exhausts the stack in C": Attack(
        "def softmax(x):\n    f = lambda: 0\n    for _ in range(10**6): f = __import__('functools').partial(f)\n"
        "    return f()", harm="lost"),
}  # fmt: skip
