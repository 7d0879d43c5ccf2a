"""Wrong answers, written as learners write them, and right ones written in other ways.

``WRONG[question]`` maps what the mistake is called in result records to answers that make it. The
answers to two questions at a time stand in a file of their own.
"""

from tests.grading.mutants import _ch04_gradients, _ch04_heads, _ch04_parts, _ch04_positions

TABLES = [_ch04_gradients, _ch04_heads, _ch04_positions, _ch04_parts]
WRONG = {question: found for table in TABLES for question, found in table.WRONG.items()}
RIGHT = {question: found for table in TABLES for question, found in table.RIGHT.items()}
UNNAMED = {question: found for table in TABLES for question, found in table.UNNAMED.items()}
