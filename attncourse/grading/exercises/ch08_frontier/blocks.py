"""Checks of ``select_blocks(scores, block_len, n_selected)``."""

from __future__ import annotations

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import FAR_BELOW, Suspect, compare
from attncourse.grading.exercises.ch08_frontier import oracles

QUESTION = Question(
    "select_blocks",
    ("scores", "block_len", "n_selected"),
    read="04-mathematics/making-it-cheaper",
)
AXES = ("query", "block")


def _best(scores: np.ndarray, count: int) -> np.ndarray:
    """The places of the highest scores of each row, as ones."""
    rank = (-scores).argsort(axis=-1).argsort(axis=-1)
    return (rank < count).astype(float)


def suspects(scores: np.ndarray, block_len: int, n_selected: int) -> list[Suspect]:
    """Known mistakes, with what they make of these inputs."""
    seq, n_blocks = scores.shape[-2:]
    block = np.arange(n_blocks)
    own = np.arange(seq)[:, None] // block_len
    mine, past = own == block, block < own
    known = past | mine

    def choose(score: np.ndarray = scores, count: int = n_selected) -> np.ndarray:
        """The best of past and own block, the own one first, and nothing for want of others."""
        score = np.where(mine, np.inf, np.where(past, score, -np.inf))
        return _best(score, count) * known

    def around(home: np.ndarray) -> np.ndarray:
        score = np.where(home == block, np.inf, np.where(block < home, scores, -np.inf))
        return _best(score, n_selected) * (block <= home)

    return [
        Suspect(
            "future selected",
            "A query selects blocks that come after its own. It must not know them: only its own "
            "block and earlier ones can be selected.",
            lambda: _best(np.where(mine, np.inf, scores), n_selected),
        ),
        Suspect(
            "future selected, own forgotten",
            "These are the highest scores among all blocks. Two things are missing: later blocks "
            "must be closed, and the query's own block is always selected.",
            lambda: _best(scores, n_selected),
        ),
        Suspect(
            "future fills up",
            "Where there are fewer earlier blocks than you want, the selection fills up with later "
            "ones: among scores of -∞ a sort still finds a largest. Close later blocks once more "
            "at the end.",
            lambda: _best(np.where(mine, np.inf, np.where(past, scores, -np.inf)), n_selected),
        ),
        Suspect(
            "own block competes",
            "A query's own block has to win its place by its score. It is always selected, "
            "whatever its score.",
            lambda: _best(np.where(known, scores, -np.inf), n_selected) * known,
        ),
        Suspect(
            "own block on top",
            "One block too many: the query's own block counts as one of n_selected.",
            lambda: choose(count=n_selected + 1),
        ),
        Suspect(
            "own block competes and comes on top",
            "The query's own block takes one of the places and is then added once more where its "
            "score is low. Select n_selected - 1 among the earlier blocks only.",
            lambda: np.maximum(_best(np.where(known, scores, -np.inf), n_selected) * known, mine),
        ),
        Suspect(
            "one block too few",
            "One block too few: besides its own, a query selects n_selected - 1 others.",
            lambda: choose(count=n_selected - 1),
        ),
        Suspect(
            "own block missing",
            "The best of the earlier blocks are selected, but not the query's own block. It is "
            "always selected, and counts as one.",
            lambda: _best(np.where(past, scores, -np.inf), n_selected) * past,
        ),
        Suspect(
            "lowest scores",
            "The lowest scores are selected. argsort counts upwards: the highest are at the end.",
            lambda: choose(-scores),
        ),
        Suspect(
            "closed with 0",
            "Later blocks get a score of 0, and where the others are negative, 0 wins. Close them "
            "with -∞.",
            lambda: _best(np.where(mine, np.inf, np.where(past, scores, 0)), n_selected),
        ),
        Suspect(
            "own block wins by a number",
            "The query's own block gets a number for a score, and others can lie above it. Nothing "
            "is above ∞: np.inf.",
            lambda: _best(np.where(mine, 1e5, np.where(past, scores, -np.inf)), n_selected) * known,
        ),
        # Any number above all open scores does the same as these.
        Suspect(
            "finite in place of -∞",
            "Later blocks get a number for a score, the scores of earlier ones can fall below it, "
            "and places are lost to them. Nothing is below -∞: np.where with -np.inf.",
            lambda: _best(np.where(mine, np.inf, np.where(past, scores, -1e5)), n_selected) * known,
        ),
        Suspect(
            "finite in place of -∞",
            "Later blocks get a number for a score, and those of earlier ones can fall below it. "
            "Then later ones are selected. Nothing is below -∞: np.where with -np.inf.",
            lambda: _best(np.where(mine, np.inf, np.where(past, scores, -1e5)), n_selected),
        ),
        Suspect(
            "magnitude",
            "Scores are compared by their size without the sign. A score of -5 is a low score.",
            lambda: choose(np.abs(scores)),
        ),
        Suspect(
            "nothing selected away",
            "Every earlier block is selected. Only those of the highest scores should be, "
            "n_selected blocks in all.",
            lambda: known.astype(float) + 0 * scores,
        ),
        Suspect(
            "most recent",
            "The most recent blocks are selected, whatever their scores. That is a sliding window.",
            lambda: choose(block + 0 * scores),
        ),
        Suspect(
            "first blocks",
            "The first blocks of the text are selected, whatever their scores.",
            lambda: choose(-block + 0 * scores),
        ),
        Suspect(
            "one choice for a block",
            "All queries of a block select alike. Each query selects for itself, by its own row.",
            lambda: choose(_by_block(scores, block_len)),
        ),
        Suspect(
            "one choice for all heads",
            "All heads select alike. Each head has its own scores, and selects by them.",
            lambda: choose(
                np.broadcast_to(scores.mean(axis=tuple(range(scores.ndim - 2))), scores.shape)
            ),
        ),
        Suspect(
            "position for block",
            "Blocks are compared with the query's position. Query i is in block i // block_len.",
            lambda: around(np.arange(seq)[:, None]),
        ),
        Suspect(
            "blocks interleaved",
            "Query i is taken to be in block i % n_blocks. Blocks are neighbours: i // block_len.",
            lambda: around(np.arange(seq)[:, None] % n_blocks),
        ),
        Suspect(
            "off by one",
            "A block begins one token too early: token i, counted from 0, is in block "
            "i // block_len.",
            lambda: around(np.minimum((np.arange(seq)[:, None] + 1) // block_len, n_blocks - 1)),
        ),
    ]


def _by_block(scores: np.ndarray, block_len: int) -> np.ndarray:
    out = np.empty_like(scores)
    for top in range(0, scores.shape[-2], block_len):
        rows = slice(top, top + block_len)
        out[..., rows, :] = scores[..., rows, :].mean(axis=-2, keepdims=True)
    return out


def _draw(rng: np.random.Generator, *batch: int, seq: int, block_len: int) -> np.ndarray:
    return rng.normal(size=(*batch, seq, -(-seq // block_len))) * 2


def _ranks(rng: np.random.Generator, *, seq: int, block_len: int) -> np.ndarray:
    """Whole numbers, none of them twice in a row: however large, float32 keeps their order."""
    return rng.permuted(np.tile(np.arange(float(-(-seq // block_len))), (seq, 1)), axis=1)


def _hold(call: Call, scores: np.ndarray, block_len: int, n_selected: int) -> None:
    compare(
        call("select_blocks", scores, block_len, n_selected),
        oracles.select_blocks(scores, block_len, n_selected),
        suspects=suspects(scores, block_len, n_selected),
        axes=AXES,
    )


@QUESTION.check(points=1, hint="The last two tokens keep block 2, and add the better of 0 and 1.")
def the_better_of_two(call: Call, rng: np.random.Generator) -> None:
    """Six tokens in blocks of 2: the last ones keep their own and the better of two others."""
    for _ in range(3):
        _hold(call, _draw(rng, seq=6, block_len=2), 2, 2)


@QUESTION.check(points=2, hint="Three steps: close later blocks, keep the own one, take the best.")
def agrees_with_loops(call: Call, rng: np.random.Generator) -> None:
    """The same choice as the definition: 20 tokens in blocks of 3, three of them selected."""
    _hold(call, _draw(rng, seq=20, block_len=3), 3, 3)


@QUESTION.check(points=2, hint="Close later blocks with -∞ before anything is compared.")
def the_future_has_no_say(call: Call, rng: np.random.Generator) -> None:
    """However high the scores of later blocks, they are not selected and change nothing."""
    scores = _draw(rng, seq=17, block_len=3)
    later = np.arange(6) > np.arange(17)[:, None] // 3
    _hold(call, scores + FAR_BELOW * later, 3, 3)


@QUESTION.check(points=1, hint="Give the own block a score of +∞, or select among the others only.")
def own_block_with_the_lowest_score(call: Call, rng: np.random.Generator) -> None:
    """A query's own block is selected even if it scores lowest, and counts as one."""
    scores = _draw(rng, seq=15, block_len=2)
    mine = np.arange(8) == np.arange(15)[:, None] // 2
    _hold(call, scores - 1e3 * mine, 2, 4)
    _hold(call, _ranks(rng, seq=15, block_len=2) + FAR_BELOW, 2, 4)


@QUESTION.check(points=2, hint="The first queries have only their own block. Count what they get.")
def fewer_blocks_than_wanted(call: Call, rng: np.random.Generator) -> None:
    """Early queries select what there is, and nothing in place of what there is not."""
    _hold(call, _draw(rng, seq=11, block_len=4), 4, 3)
    _hold(call, _draw(rng, seq=9, block_len=2), 2, 99)


@QUESTION.check(points=1, hint="scores[later] = -np.inf writes. np.where makes a new array.")
def leaves_its_input_alone(call: Call, rng: np.random.Generator) -> None:
    """The array that was passed in is the same afterwards."""
    _hold(call, _draw(rng, seq=10, block_len=3), 3, 2)
    QUESTION.unchanged(call, "Right choice")


@QUESTION.check(points=1, hidden=True, hint="Sort along axis=-1, and index from the end.")
def each_head_for_itself(call: Call, rng: np.random.Generator) -> None:
    """Batch and heads in front are carried along, and each has its own choice."""
    _hold(call, _draw(rng, 2, 3, seq=14, block_len=3), 3, 3)


@QUESTION.check(points=1, hidden=True, hint="Nothing but -∞ is below every score.")
def negative_scores(call: Call, rng: np.random.Generator) -> None:
    """Right where all scores are far below zero, and where only the own block is selected."""
    _hold(call, _ranks(rng, seq=16, block_len=3) - FAR_BELOW, 3, 3)
    _hold(call, _draw(rng, seq=16, block_len=3) - 2e3, 3, 3)
    _hold(call, _draw(rng, seq=8, block_len=3), 3, 1)
