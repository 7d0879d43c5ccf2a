"""Checks of ``exercises/01-background.ipynb``: kernels, recurrence, Bahdanau, a mean."""

from attncourse.grading.exercises.ch01_background.bahdanau import QUESTION as bahdanau_context
from attncourse.grading.exercises.ch01_background.kernel import QUESTION as kernel_regression
from attncourse.grading.exercises.ch01_background.mean import QUESTION as masked_mean
from attncourse.grading.exercises.ch01_background.recurrent import QUESTION as last_states

QUESTIONS = [kernel_regression, last_states, bahdanau_context, masked_mean]
