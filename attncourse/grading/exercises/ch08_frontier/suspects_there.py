"""Known mistakes of ``flash_forward``: the stream of tiles with one thing changed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from attncourse.grading.compare import Suspect
from attncourse.grading.exercises.ch08_frontier.inputs import Inputs, open_pairs, scaled
from attncourse.grading.exercises.ch08_frontier.tiles import Pair, float32_exp, tiled

_TOO_HIGH = (
    "The running maximum begins at a number that all scores of a query can lie below; then every "
    "exponential is 0. Nothing is below -∞: begin there."
)
_LAST = "The last tile is left out. It may be shorter than the others."


def suspects(inputs: Inputs, causal: bool, block_len: int, part: int) -> list[Suspect]:
    """Known mistakes, with what they make of the output (0) or of the log-sum-exp (1)."""
    q, k, v = inputs
    v = v.astype(np.float64)
    q_len, kv_len, d_k, d_v = q.shape[-2], k.shape[-2], q.shape[-1], v.shape[-1]
    s = scaled(q, k)
    pairs = open_pairs(q_len, kv_len, causal)
    closed = np.where(pairs, s, -np.inf)
    empty = np.logical_not(pairs.any(axis=-1, keepdims=True))[..., 0]

    def masked(scores: np.ndarray = s, shift: int | None = None, close: bool = True) -> np.ndarray:
        return np.where(open_pairs(q_len, kv_len, causal and close, shift), scores, -np.inf)

    def plain(scores: np.ndarray = closed, **how) -> Pair:
        return tiled(scores, v, block_len, **how)

    def undivided() -> Pair:
        out, lse = plain()
        top = np.where(empty, 0, closed.max(axis=-1))
        return out * np.where(empty, 0, np.exp(lse - top))[..., None], lse

    def beside(change: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Callable[[], Pair]:
        """The right output, and beside it something else for the log-sum-exp."""

        def pair() -> Pair:
            out, lse = plain()
            top = closed.max(axis=-1)
            return out, change(lse, np.where(empty, -np.inf, top))

        return pair

    def blind(out: float | None, lse: float | None) -> Callable[[], Pair]:
        """Something else where a query sees nothing."""

        def pair() -> Pair:
            right, logs = plain()
            mean = v.mean(axis=-2, keepdims=True)
            filled = mean + 0 * right if out is None else np.full_like(right, out)
            logs = logs if lse is None else np.where(empty, lse, logs)
            return np.where(empty[..., None], filled, right), logs

        return pair

    def finite(average: bool) -> Pair:
        """A number for -∞; the log-sum-exp of a blind query would tell which, and stays out."""
        out, lse = plain(np.where(pairs, s, -1e5))
        return np.where(empty[..., None] & (not average), 0, out), np.where(empty, -np.inf, lse)

    def whole_tiles(rows: int) -> Pair:
        """Without the last tile of keys, and without what follows so many queries."""
        keys = kv_len // block_len * block_len
        out, lse = tiled(closed[..., :keys], v[..., :keys, :], block_len)
        out[..., rows:, :] = 0
        lse[..., rows:] = 0
        return out, lse

    table: list[tuple[str, str, Callable[[], Pair]]] = [
        (
            "output not rescaled",
            "When the maximum rises, the sum of exponentials shrinks and the output so far does "
            "not. Both were made with the old maximum, and both need the factor exp(old - new).",
            lambda: plain(keep_out=False),
        ),
        (
            "sum not rescaled",
            "When the maximum rises, the output so far shrinks and the sum of exponentials does "
            "not. Both were made with the old maximum, and both need the factor exp(old - new).",
            lambda: plain(keep_sum=False),
        ),
        (
            "nothing rescaled",
            "Nothing shrinks when the maximum rises. What was added up with the old maximum needs "
            "the factor exp(old - new): the sum and the output so far.",
            lambda: plain(keep_sum=False, keep_out=False),
        ),
        (
            "no running maximum",
            "There is no running maximum. In float32 exp is infinite above 88, and ∞/∞ is NaN.",
            lambda: plain(top="none", power=float32_exp),
        ),
        (
            "maximum of the tile alone",
            "The maximum is that of the newest tile, not the largest so far. Where it falls, the "
            "factor for what came before is exp of something positive, and that overflows.",
            lambda: plain(top="tile", power=float32_exp),
        ),
        (
            "one maximum for a tile",
            "All queries of a tile share one maximum. Where their scores lie far apart, a row has "
            "only zeros: each query needs its own, over axis -1.",
            lambda: plain(top="shared", power=float32_exp),
        ),
        # Any number above all scores does the same as this one.
        ("finite in place of -∞", _TOO_HIGH, lambda: plain(begin=-1e5)),
        ("finite in place of -∞", _TOO_HIGH, lambda: plain(begin=-1e5, blind="nan")),
        (
            "finite in place of -∞",
            "Closed scores become a number. Open ones can fall below it, and a query that sees "
            "nothing averages. Use -∞, and zeros where the maximum is -∞.",
            lambda: finite(True),
        ),
        (
            "finite in place of -∞",
            "Closed scores become a number that open ones can fall below; then closed keys take "
            "all weight. Nothing is below -∞: masked_fill with -torch.inf.",
            lambda: finite(False),
        ),
        (
            "not divided",
            "The output is not divided by the sum of exponentials.",
            undivided,
        ),
        (
            "causal ignored",
            "causal has no effect: queries see their future.",
            lambda: plain(s),
        ),
        (
            "top-left",
            "The last query belongs to the last key. You line up the first query with the first "
            "key: add kv_len - q_len to the query's position.",
            lambda: plain(masked(shift=0)),
        ),
        (
            "own position closed",
            "A query does not see its own position: the causal mask begins one key too early.",
            lambda: plain(masked(shift=kv_len - q_len - 1)),
        ),
        (
            "one key of the future",
            "A query sees one key of its future: the causal mask begins one key too late.",
            lambda: plain(masked(shift=kv_len - q_len + 1)),
        ),
        (
            "mask of the tile alone",
            "The causal mask is made of positions within the tile. It needs those within the text: "
            "add where the tile begins.",
            lambda: plain(np.where(_local(q_len, kv_len, block_len) | (not causal), s, -np.inf)),
        ),
        (
            "causal always",
            "A causal mask stands even where causal is False.",
            lambda: plain(np.where(open_pairs(q_len, kv_len, True), s, -np.inf)),
        ),
        (
            "last tile left out",
            _LAST,
            lambda: whole_tiles(q_len),
        ),
        (
            "last tile left out",
            _LAST,
            lambda: whole_tiles(q_len // block_len * block_len),
        ),
        (
            "not scaled",
            "The scores are not divided by √d_k.",
            lambda: plain(masked(s * np.sqrt(d_k))),
        ),
        (
            "divided by d_k",
            "The scores are divided by d_k where it should be √d_k.",
            lambda: plain(masked(s / np.sqrt(d_k))),
        ),
        (
            "scaled by d_v",
            "The scores are divided by √d_v, the width of a value. Divide by √d_k.",
            lambda: plain(masked(s * np.sqrt(d_k / d_v))),
        ),
        (
            "NaN for blind queries",
            "A query that sees no key gets NaN: -∞ - (-∞), or 0/0. Put 0 in place of a maximum of "
            "-∞, and divide only where the sum is not 0.",
            blind(np.nan, np.nan),
        ),
        (
            "blind queries average",
            "A query that sees no key gets the mean of all values, as happens with a large "
            "negative number in place of -∞. Its output should be zeros.",
            blind(None, None),
        ),
        (
            "log-sum-exp of blind queries",
            "The output is right. The log-sum-exp of a query that sees no key should be -∞, the "
            "logarithm of an empty sum; yours is 0.",
            blind(0.0, 0.0),
        ),
        (
            "log-sum-exp in base 2",
            "The output is right; the log-sum-exp is in base 2. Wanted is the natural logarithm.",
            beside(lambda lse, top: lse / np.log(2)),
        ),
        (
            "log-sum-exp mixes bases",
            "The output is right. In the log-sum-exp the maximum is added to a logarithm of base "
            "2: take torch.log.",
            beside(lambda lse, top: top + (lse - np.where(empty, 0, top)) / np.log(2)),
        ),
        (
            "log-sum-exp without the maximum",
            "The output is right. In the log-sum-exp the maximum is missing: ln z + m.",
            beside(lambda lse, top: lse - np.where(empty, 0, top)),
        ),
        (
            "maximum for log-sum-exp",
            "The output is right. Beside it you return the maximum; the log-sum-exp is m + ln z.",
            beside(lambda lse, top: top),
        ),
        (
            "sum for log-sum-exp",
            "The output is right. Beside it you return the sum of exponentials, not m + ln z.",
            beside(lambda lse, top: np.where(empty, 0, np.exp(lse - np.where(empty, 0, top)))),
        ),
        (
            "logarithm forgotten",
            "The output is right. The logarithm is missing beside it: m + ln z, not m + z.",
            beside(lambda lse, top: top + np.exp(lse - np.where(empty, 0, top))),
        ),
        (
            "log-sum-exp not scaled",
            "The output is right. The log-sum-exp is taken back to scores without scale; it should "
            "be that of the scaled scores.",
            beside(lambda lse, top: lse * np.sqrt(d_k)),
        ),
    ]
    return [Suspect(bug, text, lambda pair=pair: pair()[part]) for bug, text, pair in table]


def _local(q_len: int, kv_len: int, block_len: int) -> np.ndarray:
    rows, columns = np.arange(q_len)[:, None] % block_len, np.arange(kv_len) % block_len
    return columns <= rows + kv_len - q_len
