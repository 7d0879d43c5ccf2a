from __future__ import annotations

import numpy as np

from tests.cases.common import HEADS, KV_LEN, Q_LEN, call, normal, qkv, rng, some

_x, _mask = normal(3, 4, 5), some(3, 4, 5)
_row = normal(4)
_tied = np.array(
    [[1.0, 3.0, 3.0, 3.0], [0.0, -0.0, -np.inf, 0.0], [-np.inf] * 4, [2.0, 2.0, 1.0, 1.0]]
)
_uniform = rng.random((3, 4, 5))
_noise = -np.log(-np.log(_uniform))
_infinite = np.array([[0.0, np.inf], [1.0, 2.0]])

#: Every row of _x chooses, along the last axis, along the one before, and where the mask allows.
_choice = np.eye(5)[_x.argmax(-1)]
_across = np.moveaxis(np.eye(4)[_x.argmin(1)], -1, 1)
_allowed = np.where(_mask, np.eye(5)[np.where(_mask, _x, -9).argmax(-1)], 0)
_reward, _baseline = normal(3, 4, 1), normal(4, 1)

_q, _k, _v = qkv()
_scores_noise = -np.log(-np.log(rng.random((2, HEADS, Q_LEN, KV_LEN))))
_options = [
    {},
    {"causal": True, "softcap": 1.5},
    {"mask": some(2, 1, Q_LEN, KV_LEN), "window": 3},
    {"bias": normal(HEADS, Q_LEN, KV_LEN), "scale": 0.3},
]


def _weighings(**options) -> list:
    return [
        call(_x, **options),
        call(_x, axis=0, **options),
        call(_x, axis=1, mask=some(4, 1), **options),
        call(_x, mask=_mask, **options),
        call(_tied, **options),
        call(1e300 * normal(3, 4), **options),
    ]


def _refused(*noise: np.ndarray) -> list:
    return [
        (call(np.array([1, 2]), *noise), TypeError, "x: expected a floating dtype"),
        (call(_row, *noise, axis=1), ValueError, "axis of the 1-dimensional array, got 1"),
        (call(_row, *noise, mask=np.zeros(4)), TypeError, "mask: expected a boolean array"),
        (call(_row, *noise, mask=np.ones(3, bool)), ValueError, "mask: expected a shape"),
    ]


def _refused_noise() -> list:
    return [
        *_refused(_row),
        (
            call(_row, _row[:3]),
            ValueError,
            "noise: expected the shape of the scores, (4,), got (3,)",
        ),
        (call(_row, _row > 0), TypeError, "noise: expected a floating dtype"),
        (call(_infinite, 0 * np.ones((2, 2))), ValueError, "x: expected scores below inf"),
    ]


def _refused_choice(*reward: np.ndarray) -> list:
    return [
        (call(_x, _choice[0], *reward), ValueError, "choice: expected the shape of the scores, (3"),
        (call(_x, _choice > 0, *reward), TypeError, "choice: expected a floating dtype"),
        (call(_x, _choice / 2, *reward), ValueError, "choice: expected a single one along axis -1"),
        (call(_x, -_choice, *reward), ValueError, "choice: expected a single one"),
        (call(_x, np.ones(_x.shape), *reward), ValueError, "weights are not a choice"),
        (
            call(_x, _choice, *reward, axis=1),
            ValueError,
            "choice: expected a single one along axis 1",
        ),
        (call(_x, _choice, *reward, axis=3), ValueError, "axis of the 3-dimensional array, got 3"),
        (call(_x, _choice, *reward, mask=_row > 0), ValueError, "mask: expected a shape"),
    ]


def _refused_reward() -> list:
    return [
        *_refused_choice(_reward),
        (
            call(_x, _choice, _x),
            ValueError,
            "reward: expected a shape that broadcasts to one number",
        ),
        (call(_x, _choice, _reward > 0), TypeError, "reward: expected a floating dtype"),
        (call(_x, _choice, _reward, baseline=_x), ValueError, "baseline: expected a shape"),
        (call(_x, _choice, _reward, baseline=[0.0]), TypeError, "baseline: expected a ARRAY"),
    ]


def _refused_attention(*more) -> list:
    return [
        (call(_q, _k, _v[..., 1:, :], *more), ValueError, "v: expected shape"),
        (call(_q[:, :4], _k, _v, *more), ValueError, "n_heads: expected a multiple"),
        (call(_q, _k, _v.astype("f"), *more), TypeError, "one floating dtype for all"),
        (call(_q, _k, _v, *more, window=0), ValueError, "window: expected at least 1"),
        (call(_q, _k, _v, *more, bias=normal(6)), ValueError, "bias: expected a shape"),
        (call(_q, _k, _v, *more, sinks=normal(6)), TypeError, "argument 'sinks'"),
    ]


def _attentions(*more) -> list:
    given = [call(_q, _k, _v, *more, **options, return_weights=True) for options in _options]
    without_batch = [a[0] if isinstance(a, np.ndarray) else a for a in (_q, _k, _v, *more)]
    return [call(_q, _k, _v, *more), *given, call(*without_batch, causal=True)]


GOOD = {
    "hardmax": _weighings(),
    "top_k_softmax": [
        *[call(*args, 2, **options) for args, options in _weighings()],
        *[call(_x, top_k) for top_k in (1, 4, 5, 9)],
        call(_tied, 1),
        call(_tied, 3),
        call(_x, 3, mask=_mask),
    ],
    "gumbel_noise": [call(_uniform), call(np.array([0.0, 1.0, 1e-300, 0.5]))],
    "gumbel_hardmax": [
        call(_x, _noise),
        call(_x, _noise, axis=1),
        call(_x, _noise, mask=_mask),
        call(_tied, np.zeros((4, 4))),
    ],
    "gumbel_softmax": [
        call(_x, _noise),
        call(_x, _noise, axis=1, temperature=0.3),
        call(_x, _noise, mask=_mask, temperature=5),
        call(_tied, np.zeros((4, 4))),
    ],
    "straight_through_gumbel": [
        call(_x, _noise),
        call(_x, _noise, axis=1, temperature=0.3),
        call(_x, _noise, mask=_mask, temperature=5),
        call(_tied, np.zeros((4, 4))),
    ],
    "choice_log_prob": [
        call(_x, _choice),
        call(_x, _across, axis=1),
        call(_x, _allowed, mask=_mask),
        call(_x, _choice, mask=_mask),  # some choices are forbidden
        call(1e300 * _x, _choice),
    ],
    "reinforce_loss": [
        call(_x, _choice, _reward),
        call(_x, _choice, _reward, baseline=_baseline),
        call(_x, _across, normal(3, 1, 1), axis=1, baseline=normal(5)),
        call(_x, _allowed, _reward, mask=_mask),
    ],
    "reinforce_gradient": [
        call(_x, _choice, _reward),
        call(_x, _choice, _reward, baseline=_baseline),
        call(_x, _across, normal(3, 1, 1), axis=1, baseline=normal(5)),
        call(_x, _allowed, _reward, mask=_mask),
        call(1e300 * _x, _choice, _reward),
    ],
    "argmax_attention": [*_attentions(), call(*[a[0, 0] for a in qkv()], causal=True)],
    "top_k_attention": [
        *_attentions(2),
        *[call(_q, _k, _v, top_k, causal=True) for top_k in (1, 3, 7, 9)],
        call(*[a[0, 0] for a in qkv()], 2, causal=True),
    ],
    "sampled_attention": [
        *_attentions(_scores_noise),
        call(*[a[0, 0] for a in qkv()], _scores_noise[0, 0], causal=True),
    ],
}

BAD = {
    "hardmax": [
        *_refused(),
        (call(_infinite), ValueError, "x: expected scores below inf, got inf in 1 of 2 rows"),
    ],
    "top_k_softmax": [
        *[(call(*args, 2, **options), *rest) for (args, options), *rest in _refused()],
        (call(_row, 0), ValueError, "top_k: expected at least 1, got 0"),
        (call(_row, 1.0), TypeError, "top_k: expected a whole number, got 1.0"),
        (call(_infinite, 1), ValueError, "x: expected scores below inf"),
    ],
    "gumbel_noise": [
        (call([0.5]), TypeError, "uniform: expected a ARRAY, got list"),
        (
            call(np.array([0.5, 1.5, -0.1])),
            ValueError,
            "expected numbers from 0 to 1, got 2 others",
        ),
    ],
    "gumbel_hardmax": _refused_noise(),
    "gumbel_softmax": [
        *_refused_noise(),
        (call(_row, _row, temperature=0), ValueError, "temperature: expected a number above zero"),
    ],
    "straight_through_gumbel": [
        *_refused_noise(),
        (call(_row, _row, temperature=0), ValueError, "temperature: expected a number above zero"),
    ],
    "choice_log_prob": _refused_choice(),
    "reinforce_loss": _refused_reward(),
    "reinforce_gradient": _refused_reward(),
    "argmax_attention": _refused_attention(),
    "top_k_attention": [
        *_refused_attention(2),
        (call(_q, _k, _v, 0), ValueError, "top_k: expected at least 1, got 0"),
        (call(_q, _k, _v, 2.5), TypeError, "top_k: expected a whole number"),
    ],
    "sampled_attention": [
        *_refused_attention(_scores_noise),
        (
            call(_q, _k, _v, _scores_noise[:1]),
            ValueError,
            "noise: expected the shape of the scores",
        ),
    ],
}

NO_GRADIENT = {
    "choice_log_prob": "a choice is one-hot: no finite difference can move it",
    "reinforce_gradient": "a choice is one-hot: no finite difference can move it",
    "hardmax": "a step: it is zero, and torch gives none",
    "gumbel_hardmax": "a step: it is zero, and torch gives none",
    "straight_through_gumbel": "not the gradient of what it computes, and meant so",
    "reinforce_loss": "the reward is a constant to it, whatever it was made of",
}
