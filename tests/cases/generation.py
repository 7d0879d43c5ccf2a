from __future__ import annotations

import numpy as np
import torch

from tests.cases.common import call, normal

N_TOKENS = 7
TOKENS = np.array([[1, 2, 6], [3, 0, 5]])
#: Logits of the token after each token: a model that looks one token back.
AFTER = normal(N_TOKENS, N_TOKENS)
NOISE = np.random.default_rng(1).uniform(0.05, 0.9, size=(4, 2))


def step(tokens, state):
    """Know the last token and nothing else."""
    return _logits(tokens)[tokens[:, -1]], state


def _logits(tokens):
    if isinstance(tokens, np.ndarray):
        return AFTER
    return torch.from_numpy(AFTER.copy()).to(tokens.device)


def remember(tokens, state):
    """Keep the sum of the past in the state, and let it count."""
    logits = _logits(tokens)[tokens[:, -1]]
    if state is None:
        state = (logits * 0, (tokens[:, :1], None))
    total, (nested, nothing) = state
    total = total + logits * nested[:, :1]
    return total, (total, (nested + tokens[:, -1:], nothing))


LOGITS = normal(3, N_TOKENS)
TIED = np.array([[1.0, 2.0, 2.0, 0.0, 2.0], [3.0, 3.0, 3.0, 3.0, 3.0], [1, -np.inf, 1, 0, 0]])

GOOD = {
    "greedy": [call(LOGITS), call(TIED), call(LOGITS[0]), call(normal(2, 3, 5))],
    "sample_token": [
        call(LOGITS, np.array([0.05, 0.5, 0.9]), temperature=0.7),
        call(LOGITS, np.array([0.0, 0.3, 0.999])),
        call(TIED, np.array([0.4, 0.81, 0.35])),
        call(LOGITS[0], np.array(0.4)),
        call(normal(2, 3, 5), NOISE[:2, :1] * np.ones((2, 3))),
    ],
    "top_k_filter": [call(LOGITS, 3), call(TIED, 2), call(LOGITS, top_k=99), call(LOGITS[0], 1)],
    "top_p_filter": [
        call(LOGITS, 0.6),
        call(TIED, 0.5),
        call(TIED, top_p=1.0),
        call(LOGITS[0], 1e-9),
        call(normal(2, 3, 5), 0.9),
    ],
    "generate": [
        call(step, TOKENS, 4),
        call(step, TOKENS, 4, stop=int(AFTER[6].argmax())),
        call(step, TOKENS, 0),
        call(step, TOKENS[:1], 4, stop=int(AFTER[6].argmax())),  # ends at once
        call(remember, TOKENS, 4),
        call(step, TOKENS, 4, choose=lambda z, u: (z.argmax(-1) + (u > 0.5)) % 7, noise=NOISE),
    ],
    "beam_search": [
        call(step, TOKENS, 4, n_beams=3),
        call(step, TOKENS, 5, n_beams=3, stop=2, length_penalty=0.7),
        call(step, TOKENS, 2, n_beams=60, stop=4),
        call(remember, TOKENS, 4, n_beams=5),
        call(step, TOKENS[:1], 4, n_beams=1, stop=int(AFTER[6].argmax())),
        call(step, TOKENS[:0], 2, n_beams=3),
    ],
}

BAD = {
    "greedy": [
        (call(TOKENS), TypeError, "logits: expected a floating dtype"),
        (call(normal(3, 0)), ValueError, "at least one entry along axis -1"),
    ],
    "sample_token": [
        (call(LOGITS, TOKENS), TypeError, "noise: expected a floating dtype"),
        (call(LOGITS, np.ones(3) - 2), ValueError, "noise: expected numbers from 0 to below 1"),
        (call(LOGITS, np.ones(3)), ValueError, "noise: expected numbers from 0 to below 1"),
        (call(LOGITS, np.zeros(2)), ValueError, "one number for each row of logits, shape (3,)"),
        (call(LOGITS, np.zeros(3), temperature=0), ValueError, "temperature: expected a number"),
        (call(normal(3, 0), np.zeros(3)), ValueError, "at least one entry"),
        (call(np.full((1, 3), -np.inf), np.zeros(1)), ValueError, "one token above -inf in each"),
    ],
    "top_k_filter": [
        (call(LOGITS, 0), ValueError, "top_k: expected at least 1, got 0"),
        (call(LOGITS, 2.0), TypeError, "top_k: expected a whole number"),
        (call(normal(3, 0), 1), ValueError, "at least one entry"),
    ],
    "top_p_filter": [
        (call(LOGITS, 0), ValueError, "top_p: expected a number above zero, got 0"),
        (call(LOGITS, 1.1), ValueError, "top_p: expected a number from 0 to 1, got 1.1"),
        (call(LOGITS, "most"), TypeError, "top_p: expected a number, got str"),
        (call(normal(3, 0), 0.5), ValueError, "at least one entry"),
    ],
    "generate": [
        (call(step, TOKENS, 2, stop=N_TOKENS), ValueError, "stop: expected at most"),
        (call(step, LOGITS, 4), TypeError, "tokens: expected an integer array"),
        (call(step, TOKENS[0], 4), ValueError, "tokens: expected shape (batch, seq)"),
        (call(step, TOKENS[:, :0], 4), ValueError, "seq: expected at least 1, got 0"),
        (call(step, TOKENS, -1), ValueError, "n_new: expected at least 0"),
        (call(step, TOKENS, 4, stop=1.5), TypeError, "stop: expected a whole number"),
        (call(step, TOKENS, 3, noise=NOISE), ValueError, "noise: expected shape (n_new, batch) = "),
        (call(lambda t, s: (t, s), TOKENS, 3), TypeError, "logits: expected a floating dtype"),
        (
            call(step, TOKENS, 3, choose=lambda z: z[:, 0]),
            TypeError,
            "the result of choose: expected an integer array",
        ),
        (
            call(step, TOKENS, 3, choose=lambda z: z.argmax()[None]),
            ValueError,
            "the result of choose: expected shape (batch) with batch = 2 (from tokens)",
        ),
        (
            call(lambda t, s: (_logits(t), s), TOKENS, 3),
            ValueError,
            "logits: expected shape (batch, n_tokens) with batch = 2 (from tokens)",
        ),
    ],
    "beam_search": [
        (call(step, LOGITS, 4, n_beams=2), TypeError, "tokens: expected an integer array"),
        (call(step, TOKENS, 0, n_beams=2), ValueError, "n_new: expected at least 1"),
        (call(step, TOKENS, 4, n_beams=0), ValueError, "n_beams: expected at least 1"),
        (call(step, TOKENS, 4, n_beams=2.5), TypeError, "n_beams: expected a whole number"),
        (call(step, TOKENS, 4, n_beams=2, stop=7), ValueError, "stop: expected at most 6, got 7"),
        (call(step, TOKENS, 4, n_beams=2, stop=-1), ValueError, "stop: expected at least 0"),
        (
            call(step, TOKENS, 4, n_beams=2, length_penalty=-0.1),
            ValueError,
            "length_penalty: expected a number of at least 0, got -0.1",
        ),
        (
            call(lambda t, s: (_logits(t), s), TOKENS, 4, n_beams=2),
            ValueError,
            "logits: expected shape (batch, n_tokens) with batch = 4 (from tokens)",
        ),
    ],
}

_CHOICE = "gives whole numbers, which do not change by a little"
_RULED_OUT = "gives -inf, from which nothing can be subtracted; its gradient is tested by itself"
NO_GRADIENT = {
    "greedy": _CHOICE,
    "sample_token": _CHOICE,
    "generate": _CHOICE,
    "beam_search": _CHOICE,
    "top_k_filter": _RULED_OUT,
    "top_p_filter": _RULED_OUT,
}
