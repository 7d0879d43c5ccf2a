"""Time and memory without end, of every sort that a system has."""

from tests.grading.corpus import Attack, cell

ATTACKS = {
    "a slow regular expression": Attack(
        "import re\ndef softmax(x): re.match(r'(a+)+$', 'a' * 99 + 'b')", harm="hung"),
    "a big power": Attack("def softmax(x): return 9 ** 9 ** 9", harm="hung"),
    "waits for input": Attack("import os, select\ndef softmax(x): select.select([], [], [])",
                              harm="hung"),
    "waits for a lock": Attack(
        "import threading\nl = threading.Lock()\nl.acquire()\ndef softmax(x): l.acquire()",
        harm="hung"),
    "waits for a thread": cell(
        "import threading\nt = threading.Thread(target=threading.Event().wait)\nt.start(); t.join()",
        harm="hung"),
    "a list without end": Attack("def softmax(x):\n    import itertools\n"
                                 "    return [0 for _ in itertools.count() if False]", harm="hung"),
    "deep copies": Attack("def softmax(x):\n    a = [1]\n    while True: a = a + a", harm=""),
    "an array of terabytes": Attack("def softmax(x): return np.zeros(1 << 45)[:1]"),
    "a string of gigabytes": Attack("def softmax(x): return 'x' * (1 << 36)", harm="lost"),
    "a cell that compiles for ever": cell("exec('-' * 0 + '1' + '+1' * 10**6)", harm="lost"),
    "sleeps in a cell": cell("import time\ntime.sleep(99)", harm="hung"),
    "sleeps in a finaliser": Attack(
        "import time\nclass D:\n    def __del__(self): time.sleep(99)\n"
        "def softmax(x): D(); return x * 0", harm="hung"),
    "sleeps when compared": Attack(
        "import time\nclass S(np.ndarray):\n    def __array_function__(self, *a): time.sleep(99)\n"
        "def softmax(x): return x.view(S)", harm="hung"),
    "sleeps when asked for its kind": Attack(
        "import time\nclass M(type):\n    def __getattribute__(c, n): time.sleep(99)\n"
        "class S(metaclass=M): pass\ndef softmax(x): return S", harm="hung"),
}  # fmt: skip
