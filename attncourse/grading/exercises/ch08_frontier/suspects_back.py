"""Known mistakes of ``flash_backward``, as formulas on whole matrices."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from attncourse.grading.compare import Suspect
from attncourse.grading.exercises.ch08_frontier.inputs import Inputs, open_pairs, scaled
from attncourse.grading.exercises.ch08_frontier.tiles import blown_up_alike, float32_exp
from attncourse.grading.wire import Tensor

Triple = tuple[np.ndarray, np.ndarray, np.ndarray]


def suspects(
    inputs: Inputs,
    lse: np.ndarray,
    d_out: np.ndarray,
    causal: bool,
    block_len: int,
    part: int,
    given: np.ndarray | Tensor,
) -> list[Suspect]:
    """Known mistakes, with what they make of the gradient of q (0), of k (1) or of v (2)."""
    q, k, v, d_out = (x.astype(np.float64) for x in (*inputs, d_out))
    q_len, kv_len, root = q.shape[-2], k.shape[-2], np.sqrt(q.shape[-1])
    s = scaled(q, k)
    pairs = open_pairs(q_len, kv_len, causal)
    blind = ~pairs.any(axis=-1, keepdims=True)
    logs = np.where(blind, 0, lse.astype(np.float64)[..., None])
    rows, columns = range(0, q_len, block_len), range(0, kv_len, block_len)

    def weights(seen: np.ndarray = pairs, scores: np.ndarray = s) -> np.ndarray:
        """Made again with the saved log-sum-exp; nothing for a query that saw nothing."""
        return np.exp(np.where(seen & ~blind, scores - logs, -np.inf))

    p = weights()
    dp = d_out @ v.swapaxes(-1, -2)
    delta = (p * dp).sum(axis=-1, keepdims=True)

    def gradients(
        p: np.ndarray = p,
        ds: np.ndarray | None = None,
        scales: tuple[float, float] = (1 / root, 1 / root),
    ) -> Triple:
        if ds is None:
            ds = p * (dp - delta)
        left, right = scales
        flipped = ds.swapaxes(-1, -2)
        return left * (ds @ k), right * (flipped @ q), p.swapaxes(-1, -2) @ d_out

    def tile_delta() -> Triple:
        """The row's sum taken over the tile at hand."""
        sums = [(p * dp)[..., a : a + block_len].sum(axis=-1, keepdims=True) for a in columns]
        own = [
            np.broadcast_to(x, dp[..., a : a + block_len].shape)
            for a, x in zip(columns, sums, strict=True)
        ]
        return gradients(ds=p * (dp - np.concatenate(own, axis=-1)))

    def tile_softmax() -> Triple:
        parts = []
        for a in columns:
            x = np.where(pairs, s, -np.inf)[..., a : a + block_len]
            top = x.max(axis=-1, keepdims=True)
            e = np.exp(x - np.where(top == -np.inf, 0, top))
            total = e.sum(axis=-1, keepdims=True)
            parts.append(e / np.where(total == 0, 1, total))
        return gradients(np.concatenate(parts, axis=-1))

    def last_only(keys: bool) -> Triple:
        """A gradient that is set for each tile, where it should be added to."""
        (dq, dk, dv), ds, a = gradients(), p * (dp - delta), rows[-1]
        if keys:
            dk = ds[..., a:, :].swapaxes(-1, -2) @ q[..., a:, :] / root
            dv = p[..., a:, :].swapaxes(-1, -2) @ d_out[..., a:, :]
        else:
            dq = ds[..., columns[-1] :] @ k[..., columns[-1] :, :] / root
        return dq, dk, dv

    def whole_tiles() -> Triple:
        keys, queries = kv_len // block_len * block_len, q_len // block_len * block_len
        cut = p.copy()
        cut[..., keys:] = 0
        cut[..., queries:, :] = 0
        return gradients(cut)

    def overflowing() -> Triple:
        with np.errstate(all="ignore"):
            quotient = float32_exp(s) / float32_exp(logs)
        return gradients(np.where(pairs & ~blind, quotient, 0))

    def no_number() -> Triple:
        """NaN in the blind rows alone, and from there in all keys that they are multiplied with."""
        return gradients(np.where(blind & pairs.any(), np.nan, p))

    def leaking() -> Triple:
        with np.errstate(over="ignore"):
            return gradients(np.exp(s - lse.astype(np.float64)[..., None]))

    def finite() -> Triple:
        """Closed scores are a number; any above all open ones does the same as this one."""
        with np.errstate(all="ignore"):
            return gradients(np.exp(np.where(pairs, s, -1e5) - logs))

    def swapped() -> Triple:
        dq, dk, dv = gradients()
        return dq, dv, dk

    table: list[tuple[str, str, Callable[[], Triple]]] = [
        (
            "delta left out",
            "The row's sum is missing: dS = P ⊙ dP. A weight can only rise at the cost of the "
            "others of its row: dS = P ⊙ (dP - D), with D = dO · out for each query.",
            lambda: gradients(ds=p * dp),
        ),
        (
            "delta of one tile",
            "The sum D runs over the tile at hand. It belongs to the whole row; the sum of "
            "dO ⊙ out over the features gives it without the other tiles.",
            tile_delta,
        ),
        (
            "delta is a mean",
            "D is the mean of dO ⊙ out over the features. It is their sum.",
            lambda: gradients(ds=p * (dp - delta / v.shape[-1])),
        ),
        (
            "delta added",
            "D is added where it should be taken away: dS = P ⊙ (dP - D).",
            lambda: gradients(ds=p * (dp + delta)),
        ),
        (
            "delta of squares",
            "D is made with out where dO belongs, or with dO twice: it is the sum of dO ⊙ out.",
            lambda: gradients(ds=p * (dp - (d_out**2).sum(axis=-1, keepdims=True))),
        ),
        (
            "weights left out of dS",
            "dS lacks the factor P: it is P ⊙ (dP - D).",
            lambda: gradients(ds=np.where(pairs & ~blind, dp - delta, 0)),
        ),
        (
            "softmax left out",
            "dP is used as the gradient of the scores. Softmax lies between: dS = P ⊙ (dP - D).",
            lambda: gradients(ds=np.where(pairs & ~blind, dp, 0)),
        ),
        (
            "dk without scale",
            "dq is right, and dk lacks the division by √d_k: the scale belongs to both.",
            lambda: gradients(scales=(1 / root, 1.0)),
        ),
        (
            "dq without scale",
            "dq lacks the division by √d_k. The scores were scaled, so the way back is, too.",
            lambda: gradients(scales=(1.0, 1 / root)),
        ),
        (
            "no scale on the way back",
            "dq and dk lack the division by √d_k. The scores were scaled, so the way back is, too.",
            lambda: gradients(scales=(1.0, 1.0)),
        ),
        (
            "dk scaled twice",
            "dk is divided by √d_k twice. If q is already scaled, dSᵀ q needs no scale.",
            lambda: gradients(scales=(1 / root, 1 / root**2)),
        ),
        (
            "scaled twice",
            "dq and dk are divided by √d_k twice.",
            lambda: gradients(scales=(1 / root**2, 1 / root**2)),
        ),
        (
            "scores not scaled",
            "The scores are made again without the division by √d_k, and the saved log-sum-exp "
            "does not fit them.",
            lambda: gradients(weights(scores=s * root)),
        ),
        (
            "log-sum-exp not used",
            "The weights are exp(S): the log-sum-exp is not taken away. P = exp(S - lse).",
            lambda: gradients(np.where(pairs & ~blind, np.exp(s), 0)),
        ),
        (
            "softmax over the tile",
            "The weights are made by a softmax over the tile at hand. They belong to the whole "
            "row: exp(S - lse), with the saved log-sum-exp.",
            tile_softmax,
        ),
        (
            "causal ignored",
            "causal has no effect on the way back: closed pairs get weights, too, and with the "
            "saved log-sum-exp they may be far above 1.",
            leaking,
        ),
        (
            "finite in place of -∞",
            "Closed scores become a number that open ones can fall below. Made again with the "
            "saved log-sum-exp, closed weights are infinite then. Use -torch.inf.",
            finite,
        ),
        (
            "top-left",
            "The causal mask of the way back lines up the first query with the first key. The last "
            "query belongs to the last key.",
            lambda: gradients(weights(open_pairs(q_len, kv_len, causal, 0))),
        ),
        (
            "own position closed",
            "On the way back a query does not see its own position.",
            lambda: gradients(weights(open_pairs(q_len, kv_len, causal, kv_len - q_len - 1))),
        ),
        (
            "dq of the last tile",
            "dq holds the share of the last tile of keys alone. It is a sum over all of them.",
            lambda: last_only(keys=False),
        ),
        (
            "dk and dv of the last tile",
            "dk and dv hold the share of the last tile of queries alone. They are sums over all of "
            "them.",
            lambda: last_only(keys=True),
        ),
        (
            "last tile left out",
            "What does not fill a whole tile is left out. The last tile may be shorter.",
            whole_tiles,
        ),
        (
            "overflow",
            "exp(S) / exp(lse) overflows: in float32 exp is infinite above 88. Subtract first.",
            overflowing,
        ),
        (
            "NaN from blind queries",
            "A query that saw nothing has a log-sum-exp of -∞, and exp(-∞ - (-∞)) is NaN, which "
            "then spreads to all keys. Its weights are 0.",
            no_number,
        ),
        (
            "dk and dv swapped",
            "dk and dv are swapped. With equal widths no shape complains.",
            swapped,
        ),
        (
            "sign",
            "Every gradient of q and k has the wrong sign: it is dP - D, not D - dP.",
            lambda: gradients(ds=-p * (dp - delta)),
        ),
    ]
    return [
        Suspect(bug, text, lambda found=found: blown_up_alike(found()[part], given))
        for bug, text, found in table
    ]
