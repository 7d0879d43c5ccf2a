"""Checks of ``exercises/04-mathematics.ipynb``: gradients, heads, positions, counts, exact parts."""

from attncourse.grading.exercises.ch04_mathematics.attention_gradient import (
    QUESTION as attention_backward,
)
from attncourse.grading.exercises.ch04_mathematics.grouped import QUESTION as grouped_attention
from attncourse.grading.exercises.ch04_mathematics.heads import QUESTION as multi_head_attention
from attncourse.grading.exercises.ch04_mathematics.softmax_gradient import (
    QUESTION as softmax_backward,
)

QUESTIONS = [softmax_backward, attention_backward, multi_head_attention, grouped_attention]
