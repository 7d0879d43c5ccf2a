"""Wrong answers, written as learners write them, and right ones written in other ways.

``WRONG[question]`` maps what the mistake is called in result records to answers that make it. The
answers to a few questions at a time stand in a file of their own.
"""

from tests.grading.mutants import _ch06_maps, _ch06_scores, _ch06_texts

TABLES = [_ch06_scores, _ch06_texts, _ch06_maps]
WRONG = {question: found for table in TABLES for question, found in table.WRONG.items()}
RIGHT = {question: found for table in TABLES for question, found in table.RIGHT.items()}
UNNAMED = {question: found for table in TABLES for question, found in table.UNNAMED.items()}
