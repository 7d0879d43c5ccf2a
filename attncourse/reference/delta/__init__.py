"""The delta rule: write not the value, but what the memory still gets wrong about it.

Linear attention adds every value to its key; two values under one key become their sum. The delta
rule asks the memory first and corrects its answer, so that a key can be written again.
"""

from attncourse.reference.delta.chunked import delta_rule_chunked, delta_rule_parallel
from attncourse.reference.delta.keys import l2_normalize
from attncourse.reference.delta.recurrent import delta_rule_recurrent

__all__ = [
    "delta_rule_chunked",
    "delta_rule_parallel",
    "delta_rule_recurrent",
    "l2_normalize",
]
