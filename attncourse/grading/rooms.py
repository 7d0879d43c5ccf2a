"""The rooms of the package, seen from an answer: which of them would give it away.

One list for the box, which hides these folders, and for the reader of answers, which reports who
imports from them. A room that stands in neither list fails a test.
"""

from __future__ import annotations

#: They hold answers, or lead to them.
FORBIDDEN = (
    "reference",
    "pytorch",
    "analysis",
    "claims",
    "experiments",
    "models",
    "training",
    "trained",
    "widgets",
    "grading",
)
#: They do not: an exercise may use them.
OPEN = ("data", "_checks")
#: Of the grader itself a box hides what knows the answers; the worker has to be there.
HIDDEN = (*(room for room in FORBIDDEN if room != "grading"), "grading/exercises")
#: Dotted names that no answer may import from.
MODULES = tuple(f"attncourse.{room}" for room in FORBIDDEN)
#: Libraries that an exercise on NumPy does without: each has ready-made answers to most questions.
LIBRARIES = ("torch", "jax", "jaxlib", "flax", "keras", "tensorflow", "mlx", "cupy", "transformers")
