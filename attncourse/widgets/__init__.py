"""Widgets: mechanisms that a reader moves by hand, in a notebook and on a page without a kernel.

:mod:`attncourse.widgets.kit.base` says what a widget consists of and how to add one.
"""

from attncourse.widgets.alignment import Alignment
from attncourse.widgets.bug_bench import BugBench
from attncourse.widgets.cost_roofline import CostRoofline
from attncourse.widgets.encoder_heads import EncoderHeads
from attncourse.widgets.kit import CourseWidget, share_once
from attncourse.widgets.letters_to_sounds import LettersToSounds
from attncourse.widgets.mask_painter import MaskPainter
from attncourse.widgets.online_softmax import OnlineSoftmax
from attncourse.widgets.plane import AttentionPlane
from attncourse.widgets.positions_over_distance import PositionsOverDistance
from attncourse.widgets.scaling import ScoreScaling
from attncourse.widgets.score_shapes import ScoreShapes
from attncourse.widgets.writing_model import WritingModel

__all__ = [
    "Alignment",
    "AttentionPlane",
    "BugBench",
    "CostRoofline",
    "CourseWidget",
    "EncoderHeads",
    "LettersToSounds",
    "MaskPainter",
    "OnlineSoftmax",
    "PositionsOverDistance",
    "ScoreScaling",
    "ScoreShapes",
    "WritingModel",
    "share_once",
]
