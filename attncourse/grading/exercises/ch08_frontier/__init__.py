"""Checks of ``exercises/08-frontier.ipynb``: windows, blocks, the delta rule, FlashAttention."""

from attncourse.grading.exercises.ch08_frontier.blocks import QUESTION as select_blocks
from attncourse.grading.exercises.ch08_frontier.delta import QUESTION as gated_delta_rule
from attncourse.grading.exercises.ch08_frontier.flash_back import QUESTION as flash_backward
from attncourse.grading.exercises.ch08_frontier.flash_there import QUESTION as flash_forward
from attncourse.grading.exercises.ch08_frontier.online import QUESTION as online_attention
from attncourse.grading.exercises.ch08_frontier.traffic import QUESTION as traffic_ratio
from attncourse.grading.exercises.ch08_frontier.window import QUESTION as window_attention

QUESTIONS = [
    window_attention,
    select_blocks,
    gated_delta_rule,
    traffic_ratio,
    online_attention,
    flash_forward,
    flash_backward,
]
