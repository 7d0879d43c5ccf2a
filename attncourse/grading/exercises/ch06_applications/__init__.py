"""Checks of ``exercises/06-applications.ipynb``: scores, splits, patches, maps, copies, time."""

from attncourse.grading.exercises.ch06_applications.copying import QUESTION as copy_distribution
from attncourse.grading.exercises.ch06_applications.error_rates import QUESTION as error_rate
from attncourse.grading.exercises.ch06_applications.group_split import QUESTION as split_by_group
from attncourse.grading.exercises.ch06_applications.patching import QUESTION as patches
from attncourse.grading.exercises.ch06_applications.path import QUESTION as forward_path
from attncourse.grading.exercises.ch06_applications.pooling import QUESTION as attention_pooling
from attncourse.grading.exercises.ch06_applications.rollout import QUESTION as attention_rollout

QUESTIONS = [
    error_rate,
    split_by_group,
    copy_distribution,
    attention_pooling,
    patches,
    attention_rollout,
    forward_path,
]
