"""Break one character of ``reference/`` or ``pytorch/``, and see whether a test notices.

    make mutants                                          # forty breaks, drawn at random
    python -m tests.mutation --draw 100 --seed 1
    python -m tests.mutation --draw 0 attncourse/reference/softmax  # every break of these files

A copy of the tree is broken, never the tree. The tests of the mechanism run first; what they do
not notice meets all tests of the package. Survivors are printed, and those that no test can see
are explained in ``survivors.md``.

Why not mutmut or cosmic-ray: mutmut wraps each function, and here signatures and docstrings are
themselves tested; cosmic-ray breaks annotations too (unions are operators to it), runs one set of
tests for all files, and starts Python, PyTorch and pytest anew for each break. Here a process that
has imported them is forked, which makes a break five times cheaper.
"""
