"""Training: one small loop, one sequence-to-sequence model, and what they need.

Every chapter that trains a model trains it with :func:`train`, unless the loop is its subject. The
environment variable ``ATTNCOURSE_STEPS`` scales the number of steps of all of them.
"""

from attncourse.training.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from attncourse.training.classifier import AttentionPooling, MeanPooling, Reader, TextClassifier
from attncourse.training.loop import count_parameters, match_size, seed, steps, train
from attncourse.training.run import History
from attncourse.training.seq2seq import AdditiveAttention, FixedVector, Seq2Seq
from attncourse.training.sequences import (
    END,
    PAD,
    START,
    BucketedBatches,
    Vocabulary,
    closest,
    edit_distance,
    pad,
)

__all__ = [
    "END",
    "PAD",
    "START",
    "AdditiveAttention",
    "AttentionPooling",
    "BucketedBatches",
    "CheckpointError",
    "FixedVector",
    "History",
    "MeanPooling",
    "Reader",
    "Seq2Seq",
    "TextClassifier",
    "Vocabulary",
    "closest",
    "count_parameters",
    "edit_distance",
    "load_checkpoint",
    "match_size",
    "pad",
    "save_checkpoint",
    "seed",
    "steps",
    "train",
]
