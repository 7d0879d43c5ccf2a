"""Checks of ``exercises/02-core-concepts.ipynb``: a look-up, two layers, shares, a crowd."""

from attncourse.grading.exercises.ch02_core_concepts.contribution import QUESTION as contributions
from attncourse.grading.exercises.ch02_core_concepts.crowd import QUESTION as longest_context
from attncourse.grading.exercises.ch02_core_concepts.layer import QUESTION as attention_layer
from attncourse.grading.exercises.ch02_core_concepts.lookup import QUESTION as soft_lookup
from attncourse.grading.exercises.ch02_core_concepts.roles import QUESTION as self_attention

QUESTIONS = [soft_lookup, self_attention, attention_layer, contributions, longest_context]
