"""Libraries that are there in name only: importing them is honest, using them is of no avail."""

import pytest

from attncourse.grading import rooms
from attncourse.grading.remote import Limits
from attncourse.grading.session import grade
from tests.grading import course
from tests.grading.conftest import QUICK

NUMPY, QUESTION = course.SAMPLE, "softmax"
RIGHT = course.solution(NUMPY, QUESTION)


def judged(notebook, answer, before=(), **options):
    path = notebook(exercise=NUMPY, before=before, **{QUESTION: answer})
    return grade(path, questions=[QUESTION], seed=1, limits=QUICK, **options)


HONEST = [
    "import torch, time",
    "import torch.nn.functional as F",
    "from torch import nn",
    "from torch.nn import functional as F, Module",
    "import jax.numpy as jnp, keras",
    "import torch\ntorch.manual_seed(0)\nprint(torch.__version__, torch.cuda.is_available())",
    "import torch\nis_tensor = lambda x: isinstance(x, torch.Tensor) or x.dtype == torch.float32",
    "import torch\ndef helper(x: torch.Tensor | None, *, y: 'torch.Tensor' = None) -> torch.Tensor: pass",
    "import torch\nclass Layer(torch.nn.Module):\n    def forward(self, x): return x",
    "import torch, einops\nassert einops.rearrange(np.eye(2), 'a b -> (a b)').shape == (4,)",
    "import attncourse.reference",
    "from jaxtyping import Float, Int, Bool, jaxtyped\n"
    "def helper(x: Float[np.ndarray, '2'], m: Bool[np.ndarray, '2'] | None = None): return x",
    "import jaxtyping as jt\nassert jt.Float[np.ndarray, 'a'] is not None and jt.__version__",
]


@pytest.mark.parametrize("cell", HONEST)
def test_an_honest_import_costs_nothing(cell, notebook):
    record = judged(notebook, f"import numpy as np\n{cell}\n{RIGHT}")
    assert (record.earned, record.notes, record.flags) == (record.points, (), ())


USES = [
    "import torch\ndef {q}(*a): return torch.softmax(torch.tensor(a[0]), -1).numpy()",
    "def {q}(*a):\n    import torch.nn.functional as F\n    return F.softmax(a[0], -1)",
    "from scipy.special import softmax as s\ndef {q}(*a): return s(a[0], axis=-1)",
    "from scipy.special import softmax as {q}",
    "import importlib\ndef {q}(*a): return importlib.import_module('torch').tensor(a[0]).softmax(-1).numpy()",
    "def {q}(*a): return __import__('torch').__dict__['softmax'](a[0], -1)",
    "import attncourse.reference as r\ndef {q}(*a): return r.softmax(a[0])",
    "from torch import nn\ndef {q}(*a): return nn.Softmax(-1)(a[0])",
    "from torch import nn\nclass S(nn.Softmax): pass\ndef {q}(*a): return S(-1)(a[0])",
    "import operator\nimport torch\ndef {q}(*a):\n"
    "    return operator.methodcaller('softmax', -1)(torch.from_numpy(a[0])).numpy()",
    "import sys\nsys.meta_path.pop(0)\nimport torch\n"
    "def {q}(*a): return torch.softmax(torch.tensor(a[0]), -1).numpy()",
]


@pytest.mark.parametrize("answer", USES)
@pytest.mark.parametrize("boxed", [True, False], ids=["boxed", "open"])
def test_a_library_answers_nothing(answer, boxed, notebook):
    if not boxed and "meta_path" in answer:
        pytest.skip("only a box takes the files away")
    record = judged(notebook, answer.format(q=QUESTION), boxed=boxed)
    assert record.earned == 0


def test_the_learner_is_told_why(notebook):
    record = judged(notebook, USES[0].format(q=QUESTION))
    assert "torch.tensor cannot be used here" in record.questions[0].message


def test_where_the_library_is_its_call_is_for_a_person_and_costs_nothing(notebook, monkeypatch):
    """And the tests above could fail: this answer is right."""
    monkeypatch.setattr(rooms, "LIBRARIES", ())
    answer = f"def {QUESTION}(*a):\n    import torch\n"
    answer += "    return torch.softmax(torch.tensor(a[0]), -1).numpy()"
    path = notebook(exercise=NUMPY, **{QUESTION: answer})
    limits = Limits(call=60, question=90)
    record = grade(path, questions=[QUESTION], seed=1, limits=limits)
    assert record.earned > 0
    (flag,) = record.flags
    assert flag.startswith(f"{QUESTION} uses torch.softmax (cell ")
    assert flag.endswith("and the question asks to build it.")
