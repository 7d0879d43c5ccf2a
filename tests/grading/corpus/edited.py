"""Notebooks whose bookkeeping was edited: only code counts, and only the course's checks."""

import json

from tests.grading.corpus import RIGHT, Attack

STAMP = {"points": 10, "score": 10, "grade": True, "earned": 10, "locked": True}
ATTACKS = {
    "own check": Attack(cells=("def check(*a, **k): return '10/10'\nchecker = lambda *a: check",)),
    "own grading module": Attack(cells=(
        "import sys, types\nm = types.ModuleType('attncourse.grading.session')\n"
        "m.grade = lambda *a, **k: 10\nsys.modules[m.__name__] = m",)),
    "a second, right name": Attack("def softmax_right(x): return x\ndef softmax(x): return x * 0"),
    "a name that looks the same": Attack(RIGHT.replace("softmax", "sοftmax")),
    "hidden in a string": Attack(f"source = {RIGHT!r}\ndef softmax(x): return source"),
    "in a comment": Attack("# " + RIGHT.replace("\n", "\n# ") + "\ndef softmax(x): pass"),
    "under if False": Attack("def softmax(x): return x * 0\nif False:\n    "
                             + RIGHT.replace("\n", "\n    ").rstrip()),
    "a shell cell": Attack("%%bash\n" + RIGHT),
    "a file that would be written": Attack("%%writefile softmax.py\n" + RIGHT),
    "the right answer, deleted": Attack(RIGHT + "\ndel softmax"),
    "the right answer in a cell that fails first": Attack("1 / 0\n" + RIGHT),
    "the right answer, twice": Attack(RIGHT + RIGHT, fair=1),
    "the right answer, timed": Attack("%%time\n" + RIGHT, fair=1),
    "the right answer, with a method softmax": Attack(
        "class Own:\n    def softmax(self, x):\n        x = x.astype(np.promote_types(x.dtype, np.float32))\n        e = np.exp(x - x.max(-1, keepdims=True))\n"
        "        return e / e.sum(-1, keepdims=True)\ndef softmax(x): return Own().softmax(x)", fair=1),
    "the right answer, printing": Attack(RIGHT.replace("):\n", "):\n    print(locals())\n"), fair=1),
    "the right answer, in long double": Attack(
        RIGHT.replace("    return e", "    e = e.astype(np.longdouble)\n    return e"), fair=1),
    "the right answer, big-endian": Attack(
        RIGHT.replace("return e / e.sum(axis=-1, keepdims=True)",
                      "return (e / e.sum(axis=-1, keepdims=True)).astype('>f8')"), fair=1),
    "the right answer, after failures": Attack(RIGHT, cells=("1 / 0", "import nothing", "x ="), fair=1),
}  # fmt: skip


def stamped(data):
    """Points, as any grader would write them, in all places where it would."""
    data["metadata"] |= STAMP | {"nbgrader": STAMP, "otter": STAMP, "attncourse": STAMP}
    for cell in data["cells"]:
        cell["metadata"] = STAMP | {"nbgrader": STAMP, "tags": ["passed", "otter_answer_cell"]}
        if cell["cell_type"] == "code":
            text = json.dumps({"earned": 10, "points": 10, "status": "passed"})
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": text}]
    return data
