"""A grader as one would write it first: the learner's code and the comparison in one process."""

import json
import subprocess
import sys

_GRADER = """
import json, sys
import numpy as np
space = {"np": np, "check": lambda *a: None}
for source in json.loads(sys.argv[1]):
    exec(source, space)
x = np.arange(6.0).reshape(2, 3)
e = np.exp(x - x.max(-1, keepdims=True))
expected = e / e.sum(-1, keepdims=True)
points = 0
given = space["softmax"](x)
if given.shape == expected.shape and np.allclose(given, expected):
    points = 10
print(json.dumps({"points": points}))
"""


def harm(attack, seconds=3.0):
    """What the attack does to this grader."""
    line = [sys.executable, "-c", _GRADER, json.dumps([*attack.cells, attack.answer])]
    try:
        done = subprocess.run(line, capture_output=True, text=True, timeout=seconds)
        return "forged" if json.loads(done.stdout)["points"] == 10 else "held"
    except subprocess.TimeoutExpired:
        return "hung"
    except (ValueError, LookupError, TypeError):
        return "lost"
