"""Grade a class: a folder of submissions in, tables and feedback pages out.

:mod:`hand_ins` finds the submissions, :mod:`batch` grades them and never loses one, :mod:`policy`
says what counts of them, :mod:`standing` adds it up, and :mod:`tables` and :mod:`pages` write it
down for people and for other programs.
"""
