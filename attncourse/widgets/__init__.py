"""Widgets: mechanisms that a reader moves by hand, in a notebook and on a page without a kernel.

:mod:`attncourse.widgets.kit.base` says what a widget consists of and how to add one.
"""

from attncourse.widgets.kit import CourseWidget, share_once
from attncourse.widgets.mask_painter import MaskPainter
from attncourse.widgets.online_softmax import OnlineSoftmax
from attncourse.widgets.plane import AttentionPlane
from attncourse.widgets.scaling import ScoreScaling
from attncourse.widgets.score_shapes import ScoreShapes

__all__ = [
    "AttentionPlane",
    "CourseWidget",
    "MaskPainter",
    "OnlineSoftmax",
    "ScoreScaling",
    "ScoreShapes",
    "share_once",
]
