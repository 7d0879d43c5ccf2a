"""Checks of ``exercises/03-algorithm.ipynb``: softmax, scaled, masked and additive attention."""

from attncourse.grading.exercises.ch03_algorithm.additive import QUESTION as additive_scores
from attncourse.grading.exercises.ch03_algorithm.masked import QUESTION as masked_attention
from attncourse.grading.exercises.ch03_algorithm.scaled import QUESTION as scaled_scores
from attncourse.grading.exercises.ch03_algorithm.stable_softmax import QUESTION as softmax

QUESTIONS = [softmax, scaled_scores, masked_attention, additive_scores]
