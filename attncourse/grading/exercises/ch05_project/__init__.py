"""Checks of ``exercises/05-project.ipynb``: the parts of SmolLM2, the model, and how it writes."""

from attncourse.grading.exercises.ch05_project.blocks import QUESTION as block
from attncourse.grading.exercises.ch05_project.caches import QUESTION as cached_attention
from attncourse.grading.exercises.ch05_project.counting import QUESTION as cache_bytes
from attncourse.grading.exercises.ch05_project.masks import QUESTION as causal_mask
from attncourse.grading.exercises.ch05_project.mlps import QUESTION as swiglu_mlp
from attncourse.grading.exercises.ch05_project.models import QUESTION as language_model
from attncourse.grading.exercises.ch05_project.norms import QUESTION as rms_norm
from attncourse.grading.exercises.ch05_project.rotation import QUESTION as rotary
from attncourse.grading.exercises.ch05_project.sampling import QUESTION as nucleus

QUESTIONS = [
    causal_mask,
    rms_norm,
    swiglu_mlp,
    rotary,
    cached_attention,
    block,
    language_model,
    nucleus,
    cache_bytes,
]
