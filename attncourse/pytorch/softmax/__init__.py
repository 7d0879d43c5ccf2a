"""Softmax and its relatives: scores become weights that are positive and sum to one.

``stable`` holds the softmax itself, ``online`` the one that reads its scores tile by tile, and
``sparse`` those that give exact zeros.
"""

from attncourse.pytorch.softmax.online import online_softmax, online_softmax_step
from attncourse.pytorch.softmax.sparse import entmax, sparsemax
from attncourse.pytorch.softmax.stable import softmax

__all__ = ["entmax", "online_softmax", "online_softmax_step", "softmax", "sparsemax"]
