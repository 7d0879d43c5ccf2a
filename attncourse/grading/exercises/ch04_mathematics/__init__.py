"""Checks of ``exercises/04-mathematics.ipynb``: gradients, heads, positions, costs, parts."""

from attncourse.grading.exercises.ch04_mathematics.attention_gradient import (
    QUESTION as attention_backward,
)
from attncourse.grading.exercises.ch04_mathematics.counts import QUESTION as multiply_adds
from attncourse.grading.exercises.ch04_mathematics.grouped import QUESTION as grouped_attention
from attncourse.grading.exercises.ch04_mathematics.heads import QUESTION as multi_head_attention
from attncourse.grading.exercises.ch04_mathematics.linear import (
    QUESTION as linear_attention_recurrent,
)
from attncourse.grading.exercises.ch04_mathematics.parts import QUESTION as merge_attention
from attncourse.grading.exercises.ch04_mathematics.positions import QUESTION as rotary
from attncourse.grading.exercises.ch04_mathematics.softmax_gradient import (
    QUESTION as softmax_backward,
)

QUESTIONS = [
    softmax_backward,
    attention_backward,
    multi_head_attention,
    grouped_attention,
    rotary,
    multiply_adds,
    linear_attention_recurrent,
    merge_attention,
]
