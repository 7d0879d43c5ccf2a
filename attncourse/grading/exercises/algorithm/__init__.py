"""Checks of ``exercises/03-algorithm.ipynb``: softmax, scaled, masked and additive attention."""

from attncourse.grading.checks import Exercise
from attncourse.grading.exercises.algorithm.additive import QUESTION as additive_scores
from attncourse.grading.exercises.algorithm.masked import QUESTION as masked_attention
from attncourse.grading.exercises.algorithm.scaled import QUESTION as scaled_scores
from attncourse.grading.exercises.algorithm.stable_softmax import QUESTION as softmax

EXERCISE = Exercise(
    name="03-algorithm",
    title="Attention, built by you",
    questions=[softmax, scaled_scores, masked_attention, additive_scores],
)
