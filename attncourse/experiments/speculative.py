"""Speculative decoding: a draft is guessed cheaply and checked in one pass.

What comes out has the distribution of the model that checks, whatever guesses. There is no
experiment here: the functions are held to that by exact enumeration, not by samples.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

import attncourse.pytorch as att

Text = tuple[int, ...]
Chances = Callable[[Text], Tensor]  # what may follow a text, with its probabilities


def residual(p: Tensor, q: Tensor) -> Tensor:
    r"""Give the distribution to draw from once a draft is refused: :math:`\max(p - q, 0)`, normed.

    Source: Leviathan et al. (2023), section 2.3, arXiv:2211.17192.

    Parameters
    ----------
    p, q
        What the model says and what the draft was drawn from, (n_tokens,).
    """
    left = (p - q).clamp(min=0)
    return left / left.sum() if left.sum() > 0 else p


def verify(p: Tensor, q: Tensor, draft: Sequence[int], noise: Tensor) -> list[int]:
    r"""Accept drafts from the left, each with chance :math:`\min(1, p / q)`; then add one token.

    The first that is refused is drawn again from :func:`residual`, and what follows it is lost. If
    all are accepted, one more comes from the model itself: each pass gives at least one token.

    Source: Leviathan et al. (2023), algorithm 1, arXiv:2211.17192.

    Parameters
    ----------
    p
        What the model says behind the text, and behind each draft, (n_draft + 1, n_tokens).
    q
        What each draft was drawn from, (n_draft, n_tokens).
    draft
        The tokens.
    noise
        Evenly from [0, 1): one number for each draft, and one for the token that is added.
    """
    for i, token in enumerate(draft):
        if noise[i] * q[i, token] >= p[i, token]:
            return [*draft[:i], drawn(residual(p[i], q[i]), noise[-1])]
    return [*draft, drawn(p[-1], noise[-1])]


def drawn(p: Tensor, u: Tensor) -> int:
    """Draw a token by one number from [0, 1)."""
    return int((p.cumsum(-1) <= u).sum().clamp(max=p.shape[-1] - 1))


def spoken(
    p: Chances,
    q: Chances,
    n_draft: int,
    length: int,
    *,
    refuse: Callable[[Tensor, Tensor], Tensor] = residual,
) -> dict[Text, float]:
    """Give the exact distribution of the first tokens that speculative decoding writes.

    Every draft, every place of the first refusal and every token after it is enumerated.

    Parameters
    ----------
    p, q
        Of the model and of the draft: take a text, give the probabilities of the next token.
    n_draft, length
        Tokens guessed before each check, and tokens of the texts that are given.
    refuse
        What is drawn from after a refusal; another function shows what goes wrong.
    """
    found: dict[Text, float] = defaultdict(float)

    def go(text: Text, chance: float) -> None:
        if len(text) >= length:
            found[text[:length]] += chance
            return
        for draft in itertools.product(range(len(p(text))), repeat=n_draft):
            reached = chance
            for i, token in enumerate(draft):
                now = text + draft[:i]
                says, guesses = p(now), q(now)
                here = reached * guesses[token].item()
                kept = min(1.0, (says[token] / guesses[token]).item()) if here else 0.0
                # Drafts that differ behind a refusal are one case: each brings its own share.
                later = chances_of(q, (*now, token), draft[i + 1 :])
                for other, share in enumerate(refuse(says, guesses).tolist()):
                    if (weight := here * (1 - kept) * later * share) > 0:
                        go((*now, other), weight)
                reached = here * kept
            for other, share in enumerate(p(text + draft).tolist()):
                if reached * share > 0:
                    go((*text, *draft, other), reached * share)

    go((), 1.0)
    return dict(found)


def chances_of(p: Chances, text: Text, tokens: Text) -> float:
    """Give the chance of tokens behind a text."""
    chance = 1.0
    for i, token in enumerate(tokens):
        chance *= p(text + tokens[:i])[token].item()
    return chance


def said(p: Chances, length: int) -> dict[Text, float]:
    """Give the exact distribution of texts that a model writes by itself."""
    tokens = range(len(p(())))
    return {text: chances_of(p, (), text) for text in itertools.product(tokens, repeat=length)}


def tokens_a_pass(accepted: float, n_draft: int) -> float:
    r"""Give how many tokens one check yields: :math:`(1 - a^{g+1}) / (1 - a)`.

    Source: Leviathan et al. (2023), equation 1, arXiv:2211.17192.

    Parameters
    ----------
    accepted, n_draft
        The share of drafts that is accepted, :math:`a`, each alike; how many are guessed,
        :math:`g`.
    """
    return sum(accepted**i for i in range(n_draft + 1))


def tree_mask(parents: Sequence[int]) -> Tensor:
    """Let each token of a tree of drafts see itself and those that it follows.

    Source: Miao et al. (2024), SpecInfer, section 4, arXiv:2305.09781.

    Parameters
    ----------
    parents
        For each token the number of the one that it follows; -1 behind the text. A parent stands
        before its children.

    Examples
    --------
    >>> tree_mask([-1, 0, 0]).int()  # two guesses of what follows one
    tensor([[1, 0, 0],
            [1, 1, 0],
            [1, 0, 1]], dtype=torch.int32)
    """
    mask = torch.eye(len(parents), dtype=torch.bool)
    for i, parent in enumerate(parents):
        if parent >= i:
            raise ValueError(f"parents[{i}]: expected a number below {i}, got {parent}.")
        if parent >= 0:
            mask[i] |= mask[parent]
    return mask


def lookup(tokens: Sequence[int], n_draft: int, n_known: int = 2) -> list[int]:
    """Guess what followed the last time that the text ended as it does now; nothing, if never."""
    end = list(tokens[-n_known:])
    for start in range(len(tokens) - n_known - 1, -1, -1):
        if list(tokens[start : start + n_known]) == end:
            return list(tokens[start + n_known : start + n_known + n_draft])
    return []


def shortened(caches: tuple[Any, ...], n: int) -> tuple[Any, ...]:
    """Forget what stands behind the first n positions: drafts that were refused."""
    return tuple(
        c._replace(self_attention=att.KVCache(*(x[..., :n, :] for x in c.self_attention)))
        for c in caches
    )


@torch.no_grad()
def continued(
    model: att.LanguageModel, tokens: Tensor, n_new: int, guess: Callable[[list[int]], list[int]]
) -> tuple[list[int], int]:
    """Write the likeliest tokens, checking guesses in one pass; give them and the passes.

    Parameters
    ----------
    model, tokens, n_new
        The model, the text (1, seq), and how many tokens to add.
    guess
        Takes all tokens so far, gives a draft of any length.
    """
    text, caches, passes = tokens[0].tolist(), None, 0
    end = len(text) + n_new
    while len(text) < end:
        draft = guess(text)[: end - len(text) - 1]
        behind = 0 if caches is None else caches[0].self_attention.k.shape[-2]
        new = torch.tensor([text[behind:] + draft])
        logits, caches = model.with_cache(new, caches=caches, attend=att.fused_attention)
        best = logits[0, -len(draft) - 1 :].argmax(-1).tolist()
        right = next((i for i, token in enumerate(draft) if token != best[i]), len(draft))
        text += best[: right + 1]  # the accepted drafts, and the model's own next token
        caches, passes = shortened(caches, len(text) - 1), passes + 1
    return text, passes
