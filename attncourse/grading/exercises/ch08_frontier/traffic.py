"""Checks of ``traffic_ratio(q_len, kv_len, d, fast)``."""

from __future__ import annotations

import math

import numpy as np

from attncourse.grading.checks import Call, Question
from attncourse.grading.compare import Suspect, compare
from attncourse.grading.exercises.ch08_frontier import oracles

QUESTION = Question(
    "traffic_ratio",
    ("q_len", "kv_len", "d", "fast"),
    returns="number",
    read="04-mathematics/complexity",
)


def suspects(q_len: int, kv_len: int, d: int, fast: int) -> list[Suspect]:
    """Known mistakes, with what they make of these inputs."""
    pairs, ends = q_len * kv_len, 2 * (q_len + kv_len) * d
    plain = 4 * pairs + ends
    block_len = fast // (4 * d)

    def tiles(block: float, rounded=math.ceil) -> float:
        if block <= 0:
            raise ValueError("no room for a tile")
        return rounded(q_len / block)

    def tiled(passes: float, keys: int = 2, lse: int = q_len, rows: int = 2) -> float:
        return passes * keys * kv_len * d + rows * q_len * d + lse

    passes = tiles(block_len)
    # Keys outside: each tile of keys sees all queries and outputs pass by.
    outside = math.ceil(kv_len / block_len)
    swapped = math.ceil(kv_len / block_len) * 2 * q_len * d + 2 * kv_len * d + kv_len
    table = [
        (
            "upside down",
            "The ratio is upside down: plain over tiled.",
            lambda: tiled(passes) / plain,
        ),
        (
            "keys read once",
            "Keys and values are counted once in the tiled form. Every tile of queries reads all "
            "of them again: that is its price.",
            lambda: plain / tiled(1),
        ),
        (
            "keys read for every query",
            "Every single query reads all keys. A tile of queries shares one reading.",
            lambda: plain / tiled(q_len),
        ),
        (
            "values forgotten",
            "The tiled form reads keys for every tile of queries, and values too. One of the two "
            "is missing.",
            lambda: plain / tiled(passes, keys=1),
        ),
        (
            "log-sum-exp forgotten",
            "The tiled form also writes the log-sum-exp, one number for each query.",
            lambda: plain / tiled(passes, lse=0),
        ),
        (
            "output forgotten",
            "The output is missing from the tiled form: it is written once.",
            lambda: plain / tiled(passes, rows=1),
        ),
        (
            "last tile left out",
            "A tile that is not full is a tile: round the number of tiles of queries up.",
            lambda: plain / tiled(tiles(block_len, math.floor)),
        ),
        (
            "broken tiles",
            "The number of tiles is a broken number here. A tile that is not full still reads all "
            "keys: round up.",
            lambda: plain / tiled(q_len / block_len),
        ),
        (
            "three tiles",
            "Four tiles share the fast memory: queries, keys, values and output. You count three.",
            lambda: plain / tiled(tiles(fast // (3 * d))),
        ),
        (
            "two tiles",
            "Four tiles share the fast memory: queries, keys, values and output. You count two.",
            lambda: plain / tiled(tiles(fast // (2 * d))),
        ),
        (
            "output read back",
            "The output is counted twice in the tiled form. It is written once and never read.",
            lambda: plain / tiled(passes, rows=3),
        ),
        (
            "one tile",
            "Four tiles share the fast memory: queries, keys, values and output. You give all of "
            "it to one.",
            lambda: plain / tiled(tiles(fast // d)),
        ),
        (
            "tile of numbers",
            "A tile's length is a number of rows, and each row has d numbers: fast // (4 d).",
            lambda: plain / tiled(tiles(fast // 4)),
        ),
        (
            "tile rounded up",
            "The tile's length is rounded up, and four such tiles do not fit. Round it down.",
            lambda: plain / tiled(tiles(math.ceil(fast / (4 * d)))),
        ),
        (
            "scores moved once",
            "The plain form moves its square four times: scores written and read, weights written "
            "and read. You count two.",
            lambda: (2 * pairs + ends) / tiled(passes),
        ),
        (
            "softmax for free",
            "The plain form moves its square four times: scores written and read, weights written "
            "and read. You count three.",
            lambda: (3 * pairs + ends) / tiled(passes),
        ),
        (
            "only the square",
            "The plain form reads queries, keys and values and writes its output, too. You count "
            "the square alone.",
            lambda: 4 * pairs / tiled(passes),
        ),
        (
            "output of the plain form",
            "The plain form writes its output, too: q_len rows of d numbers.",
            lambda: (plain - q_len * d) / tiled(passes),
        ),
        (
            "keys outside",
            "You count the first version's loops, keys outside. Here the queries stay, keys and "
            "values pass by, and each output is written once.",
            lambda: plain / (2 * kv_len * d + outside * 2 * q_len * d + q_len),
        ),
        (
            "lengths swapped",
            "q_len and kv_len are swapped: queries are cut into tiles that stay, keys pass by.",
            lambda: plain / swapped,
        ),
        (
            "difference",
            "This is how many numbers fewer the tiled form moves. Divide, do not subtract.",
            lambda: plain - tiled(passes),
        ),
        (
            "share saved",
            "This is the share that is saved. Wanted is plain over tiled.",
            lambda: 1 - tiled(passes) / plain,
        ),
    ]
    return [
        Suspect(bug, message, lambda gives=gives: np.asarray(gives(), float))
        for bug, message, gives in table
    ]


def _hold(call: Call, q_len: int, kv_len: int, d: int, fast: int) -> None:
    compare(
        call("traffic_ratio", q_len, kv_len, d, fast),
        np.asarray(oracles.traffic_ratio(q_len, kv_len, d, fast)),
        suspects=suspects(q_len, kv_len, d, fast),
        tolerance=1e-6,
    )


def _d(rng: np.random.Generator) -> int:
    return int(rng.integers(3, 9)) * 4


@QUESTION.check(
    points=2, hint="With block_len = n / 2 there are two tiles: K and V are read twice."
)
def two_tiles(call: Call, rng: np.random.Generator) -> None:
    """Half of the queries fit in a tile, so keys and values are read twice."""
    d, half = _d(rng), int(rng.integers(50, 90))
    _hold(call, 2 * half, 2 * half, d, 4 * d * half)


@QUESTION.check(points=2, hint="What does a tile that is half empty read? The same keys.")
def a_tile_that_is_not_full(call: Call, rng: np.random.Generator) -> None:
    """The last tile of queries is shorter, and reads all keys and values nevertheless."""
    d, block_len = _d(rng), int(rng.integers(20, 40))
    for rest in (1, block_len // 2, block_len - 1):
        _hold(call, 5 * block_len + rest, 5 * block_len + rest, d, 4 * d * block_len)


@QUESTION.check(points=2, hint="Which of the two lengths is cut into tiles that stay?")
def more_keys_than_queries(call: Call, rng: np.random.Generator) -> None:
    """Queries and keys of different number, the one and the other larger."""
    d, few, many = _d(rng), int(rng.integers(60, 90)), int(rng.integers(500, 900))
    for q_len, kv_len in ((few, many), (many, few)):
        _hold(call, q_len, kv_len, d, 4 * d * 25 + 3)


@QUESTION.check(points=1, hint="Four tiles of fast // (4 d) rows must fit: round down.")
def room_that_does_not_divide(call: Call, rng: np.random.Generator) -> None:
    """Fast memory whose size is no multiple of anything: the tile's length is rounded down."""
    d = _d(rng)
    _hold(call, 333, 333, d, 4 * d * 10 + 3 * d + int(rng.integers(d)))


@QUESTION.check(points=1, hidden=True, hint="One query, one tile. Keys and values are read once.")
def a_single_query(call: Call, rng: np.random.Generator) -> None:
    """In generation one query meets the cache, and there is little to gain."""
    d = _d(rng)
    _hold(call, 1, int(rng.integers(3000, 5000)), d, 4 * d * 64)


@QUESTION.check(points=1, hidden=True, hint="A small tile reads the keys again and again.")
def too_little_room(call: Call, rng: np.random.Generator) -> None:
    """With room for one row in a tile, tiles move more than the plain form."""
    d, n = _d(rng), int(rng.integers(100, 200))
    _hold(call, n, n, d, 4 * d + 1)


@QUESTION.check(points=1, hidden=True, hint="Count in Python's own integers: they never overflow.")
def a_long_text(call: Call, rng: np.random.Generator) -> None:
    """Sixty thousand tokens, and the fast memory of a real processor."""
    n = int(rng.integers(60_000, 70_000))
    _hold(call, n, n, 128, 98_304)
