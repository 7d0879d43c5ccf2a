"""Libraries and builtins that say what the learner wants to hear."""

from tests.grading.corpus import Attack, cell

ATTACKS = {
    "allclose says yes": cell("np.allclose = lambda *a, **k: True", harm="forged"),
    "allclose says yes, late": Attack(
        "def softmax(x):\n    np.allclose = lambda *a, **k: True\n    return x * 0", harm="forged"
    ),
    "exp gives zeros": cell("np.exp = lambda x: np.ones_like(x)\nnp.allclose = lambda *a: True",
                            harm="forged"),
    "json writes full marks": cell("import json\njson.dumps = lambda *a, **k: '{\"points\": 10}'",
                                   harm="forged"),
    "print prints full marks": cell(
        "import builtins\n_p = print\nbuiltins.print = lambda *a, **k: _p('{\"points\": 10}')",
        harm="forged",
    ),
    "stdout is written once for all": cell(
        "import sys\nsys.stdout.write('{\"points\": 10}')\nsys.stdout.flush()\n"
        "sys.stdout = open('/dev/null', 'w')",
        harm="forged",
    ),
    "isclose and friends": cell(
        "for n in ('isclose', 'allclose', 'array_equal', 'all', 'any'): setattr(np, n, lambda *a, **k: True)",
        harm="forged",
    ),
    "an import hook": cell(
        "import sys\nclass H:\n    def find_spec(self, *a): np.allclose = lambda *a, **k: True\n"
        "sys.meta_path.insert(0, H())\ntry:\n    import nothing_of_that_name\nexcept ImportError: pass",
        harm="forged",
    ),
    "a trace function": cell(
        "import sys\ndef t(f, e, a):\n    f.f_globals.get('np') and setattr(f.f_globals['np'], "
        "'allclose', lambda *a, **k: True)\nsys.setprofile(t)\nlen('x')",
        harm="forged",
    ),
    "the frame's locals": Attack(
        "import sys\ndef softmax(x):\n    f = sys._getframe()\n    while f.f_back: f = f.f_back\n"
        "    v = f.f_globals.get('expected')\n    return x * 0 if v is None else v",
        harm="forged",
    ),
    "the garbage collector's objects": Attack(
        "import gc\ndef softmax(x):\n    for o in gc.get_objects():\n"
        "        if isinstance(o, dict) and 'expected' in o and hasattr(o['expected'], 'shape'):\n"
        "            return o['expected']\n    return x * 0",
        harm="forged",
    ),
    "a finaliser that prints": cell(
        "import sys, os, atexit\natexit.register(lambda: os.write(1, b'{\"points\": 10}'))\n"
        "sys.stdout = open('/dev/null', 'w')",
        harm="forged",
    ),
    "no output at all": cell("import sys\nsys.stdout = None", harm="lost"),
    "errors become nothing": cell("np.seterr(all='raise')\nnp.allclose = lambda *a, **k: True",
                                  harm="forged"),
    "random is not": cell("np.random.default_rng = lambda *a: None\nnp.allclose = lambda *a: True",
                          harm="forged"),
}  # fmt: skip
