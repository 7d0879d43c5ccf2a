"""Submissions that try to score without answering, or to take the grader down.

They are written against ``softmax(x)`` and aimed at any question (:func:`aimed`). ``ANSWERS``: each
is put in place of the answer; those in ``VALUES`` only hand back something odd. ``CELLS``: each runs
as a cell before the answers, in a notebook with a wrong one. ``BOX``: only a box stops these.
"""

import re

STUB = "def softmax(x):\n    return x * 0\n"


def aimed(source, question):
    """The attack on another question, whatever its arguments."""
    source = source.replace("def softmax(x)", "def softmax(x=None, *rest, **options)")
    return re.sub(r"\bsoftmax\b", question, source)


ANSWERS = {
    "evil equality": """
class Same:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __array__(self, *a, **k): return np.ones(3)
    shape = (3, 4, 5)
    dtype = np.dtype(float)
def softmax(x): return Same()
""",
    "array subclass": """
class Fake(np.ndarray):
    def __eq__(self, other): return np.ones(self.shape, bool)
    def __array_function__(self, *a, **k): return True
    def astype(self, *a, **k): return self
    def tobytes(self, *a): return b""
def softmax(x): return np.zeros_like(x).view(Fake)
""",
    "object array": "def softmax(x): return np.array([object()] * x.size).reshape(x.shape)",
    "structured array": "def softmax(x): return np.zeros(x.shape, dtype=[('a', 'f8')])",
    "string array": "def softmax(x): return np.full(x.shape, 'right')",
    "a generator": "def softmax(x): yield x",
    "a module": "def softmax(x): return np",
    "nan everywhere": "def softmax(x): return np.full(x.shape, np.nan)",
    "infinity everywhere": "def softmax(x): return np.full(x.shape, np.inf)",
    "sys.exit": "import sys\ndef softmax(x): sys.exit(0)",
    "os._exit": "import os\ndef softmax(x): os._exit(0)",
    "abort": "import os\ndef softmax(x): os.abort()",
    "kill oneself": "import os\ndef softmax(x): os.kill(os.getpid(), 9)",
    "kill the group": "import os\ndef softmax(x): os.killpg(0, 9)",
    "keyboard interrupt": "def softmax(x): raise KeyboardInterrupt",
    "exception that cannot be printed": """
class Odd(Exception):
    def __str__(self): raise SystemExit
    __repr__ = __str__
def softmax(x): raise Odd
""",
    "exception with a huge message": "def softmax(x): raise ValueError('x' * 10**8)",
    "exception with control codes": "def softmax(x): raise ValueError('\\x1b[2J[bold]10/10[/]')",
    "endless recursion": "def softmax(x): return softmax(x)",
    "deep recursion in C": """
import sys
sys.setrecursionlimit(10**9)
def softmax(x):
    a = []
    for _ in range(10**7): a = [a]
    return repr(a)
""",
    "endless loop": "def softmax(x):\n    while True: pass",
    "endless loop that catches": """
def softmax(x):
    while True:
        try:
            while True: pass
        except BaseException: pass
""",
    "sleep": "import time\ndef softmax(x): time.sleep(10**6)",
    "ignores signals": """
import signal, time
for s in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM): signal.signal(s, signal.SIG_IGN)
def softmax(x): time.sleep(10**6)
""",
    "huge array": "def softmax(x): return np.ones(10**11)",
    "large array": "def softmax(x): return np.ones((5000, 5000))",
    "array that lies about memory": """
def softmax(x): return np.lib.stride_tricks.as_strided(np.zeros(1), (10**9, 10**9), (0, 0))
""",
    "memory hog": """
def softmax(x):
    a = []
    while True: a.append(bytearray(10**8))
""",
    "prints gigabytes": """
import sys
def softmax(x):
    while True: sys.stdout.write('y' * 10**6)
""",
    "writes gigabytes": """
def softmax(x):
    import tempfile
    with tempfile.TemporaryFile() as f:
        while True: f.write(b'y' * 10**6)
""",
    "writes on every descriptor": """
import os
def softmax(x):
    for fd in range(3, 64):
        try: os.write(fd, b'\\x00\\x00\\x00\\x02{}' * 3)
        except OSError: pass
    return x
""",
    "writes an endless header": """
import os
def softmax(x):
    for fd in range(3, 64):
        try: os.write(fd, b'\\xff' * 60000)
        except OSError: pass
    return x
""",
    "writes a deep header": """
import os, struct
def softmax(x):
    text = b'{"arrays":' + b'[' * 50000 + b']' * 50000 + b'}'
    for fd in range(3, 64):
        try: os.write(fd, struct.pack('>I', len(text)) + text)
        except OSError: pass
    return x
""",
    "forges an answer": """
import os, struct, json
def softmax(x):
    y = np.zeros(x.shape)
    text = json.dumps({'ok': True, 'earned': 10, 'status': 'passed', 'id': 'x', 'arrays':
        [{'dtype': 'float64', 'shape': list(x.shape)}] * 2}).encode()
    for fd in range(3, 64):
        try: os.write(fd, struct.pack('>I', len(text)) + text + y.tobytes() * 2)
        except OSError: pass
    os._exit(0)
""",
    "lies about an error": """
import os, struct, json, sys
def softmax(x):
    frame = sys._getframe()
    while 'request' not in frame.f_locals or 'id' not in frame.f_locals['request']:
        frame = frame.f_back
    text = json.dumps({'id': frame.f_locals['request']['id'], 'error': ['x'], 'message': {},
        'frames': 5, 'arrays': []}).encode()
    for fd in range(3, 64):
        try: os.write(fd, struct.pack('>I', len(text)) + text)
        except OSError: pass
    os._exit(0)
""",
    "answers with too few arrays": """
import os, struct, json, sys
def softmax(x):
    frame = sys._getframe()
    while 'request' not in frame.f_locals or 'id' not in frame.f_locals['request']:
        frame = frame.f_back
    text = json.dumps({'id': frame.f_locals['request']['id'], 'ok': True, 'arrays': []}).encode()
    for fd in range(3, 64):
        try: os.write(fd, struct.pack('>I', len(text)) + text)
        except OSError: pass
    os._exit(0)
""",
    "closes every descriptor": "import os\ndef softmax(x):\n    os.closerange(0, 4096)\n    return x",
    "reads the grader's line": """
import os
def softmax(x):
    for fd in range(3, 16):
        try: os.read(fd, 10**6)
        except OSError: pass
    return x
""",
    "patches numpy": """
def softmax(x):
    np.allclose = np.isclose = lambda *a, **k: True
    np.array_equal = np.all = np.any = lambda *a, **k: True
    np.abs = lambda *a, **k: 0
    return x
""",
    "patches the worker": """
import sys
def softmax(x):
    frame = sys._getframe()
    while frame:
        for value in list(frame.f_globals.values()) + list(frame.f_locals.values()):
            if hasattr(value, 'pack'):
                value.pack = lambda *a, **k: b'\\x00\\x00\\x00\\x02{}'
        frame = frame.f_back
    return x
""",
    "a thread that outlives the call": """
import threading, time
def softmax(x):
    def work():
        while True: x.fill(1.0); time.sleep(0)
    threading.Thread(target=work).start()
    return x
""",
    "a child that outlives the worker": """
import os, time
def softmax(x):
    if os.fork() == 0:
        os.setsid()
        time.sleep(20)
        os._exit(0)
    os._exit(0)
""",
    "reads its caller": """
import sys
def softmax(x):
    frame = sys._getframe(1)
    seen = []
    while frame:
        seen += [v for v in frame.f_locals.values() if isinstance(v, np.ndarray)]
        frame = frame.f_back
    return seen[-1] if seen else x
""",
    "changes its input's shape": "def softmax(x):\n    x.shape = (-1,)\n    return x",
    "changes its input's type": "def softmax(x):\n    x.dtype = 'V1'\n    return x",
    "complex numbers": "def softmax(x): return x + 0j",
    "long double": "def softmax(x): return np.zeros(x.shape, np.longdouble)",
    "nothing": "def softmax(x): pass",
    "not a function": "softmax = 10",
    "a class": "class softmax:\n    def __init__(self, x): pass",
    "a string": "softmax = '10/10'",
}

CELLS = {
    "redefines check": "def check(*a, **k): return '10/10'",
    "replaces the grading package": """
import sys, types
for name in ('attncourse.grading', 'attncourse.grading.run', 'attncourse.grading.compare'):
    sys.modules[name] = types.ModuleType(name)
""",
    "registers a finaliser": """
import atexit, os
atexit.register(lambda: os.write(1, b'10/10'))
""",
    "ends the process": "import os\nos._exit(0)",
    "exits": "raise SystemExit(0)",
    "loops": "while True: pass",
    "prints without end": "while True: print('y' * 10**6)",
    "breaks the importer": "import builtins\nbuiltins.__import__ = None",
    "breaks json": "import json\njson.dumps = json.loads = lambda *a, **k: {'ok': True}",
    "breaks isinstance": "import builtins\nbuiltins.isinstance = builtins.type = lambda *a: True",
    "a bad magic": "%%bash\nexit 1",
    "a syntax error": "def (",
    "null bytes": "x = '\\x00'\n\x00",
    "a bomb for the parser": "(" * 5000 + ")" * 5000,
    "a bomb for the compiler": "x = " + "-" * 20000 + "1",
}

#: Attacks that harm no process: every question of every exercise meets each of them.
VALUES = [
    *["evil equality", "array subclass", "object array", "structured array", "string array"],
    *["a generator", "a module", "nan everywhere", "infinity everywhere", "keyboard interrupt"],
    *["exception that cannot be printed", "exception with control codes", "complex numbers"],
    *["long double", "nothing", "not a function", "a class", "a string", "patches numpy"],
    *["changes its input's shape", "changes its input's type", "array that lies about memory"],
]

#: What an answer may not see or do inside a box. The answer is right if it can, so points tell.
_IF = """
import os, socket, pathlib
def allowed():
{body}
{right}
def _ruined(value):
    return tuple(map(_ruined, value)) if isinstance(value, tuple) else value * 0 - 7
def {question}(*given, **options):
    value = _right(*given, **options)
    return value if allowed() else _ruined(value)
"""


def boxed(name, question, solution):
    """An answer that is right if the attack succeeds."""
    return boxed_body(BOX[name], question, solution)


def boxed_body(source, question, solution):
    """An answer that is right if this source, the body of a function, gives True."""
    right = solution.replace(f"def {question}(", "def _right(")
    lines = "\n".join(f"        {line}" for line in source.strip().splitlines())
    body = f"    try:\n{lines}\n    except (OSError, ValueError):\n        return False"
    return _IF.format(body=body, right=right, question=question)


BOX = {
    "reaches the network": """
try: socket.create_connection((HOST, PORT), 1).close(); return True
except OSError: return False""",
    "sees the grader": "return any(p.name == str(PARENT) for p in pathlib.Path('/proc').iterdir())",
    "reads the grader's memory": """
try: open(f'/proc/{PARENT}/mem', 'rb'); return True
except OSError: return False""",
    "kills the grader": """
try: os.kill(PARENT, 0); return True
except OSError: return False""",
    "reads a secret file": """
try: open(SECRET).read(); return True
except OSError: return False""",
    "writes where it was submitted": """
try: open(SECRET + '.new', 'w').write('x'); return os.path.exists(SECRET)
except OSError: return False""",
    "writes into the package": """
import attncourse
return os.access(attncourse.__file__, os.W_OK)""",
    "reads the checks": """
import attncourse
return any((pathlib.Path(attncourse.__file__).parent / 'grading' / 'exercises').iterdir())""",
    "reads a forbidden room": """
import attncourse
package = pathlib.Path(attncourse.__file__).parent
return any(any((package / room).iterdir()) for room in ROOMS if (package / room).is_dir())""",
    "reads the environment": "return 'ATTN_SECRET' in os.environ",
    "changes the kernel's settings": """
for folder, _, files in os.walk('/proc/sys'):
    for file in files:
        try: os.close(os.open(f'{folder}/{file}', os.O_WRONLY)); return True
        except OSError: pass
return False""",
    "fills the shared memory": """
path = f'/dev/shm/attncourse-{os.getpid()}'
try:
    with open(path, 'wb') as file: file.write(bytes(48 << 20))
    return True
except OSError: return False
finally:
    if os.path.exists(path): os.unlink(path)""",
    "writes into the folder of devices": """
path = f'/dev/attncourse-{os.getpid()}'
try: open(path, 'w').close(); os.unlink(path); return True
except OSError: return False""",
    "becomes root of its own": "return os.system('unshare --user --map-root-user true 2>/dev/null') == 0",
}
