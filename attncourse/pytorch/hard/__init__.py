"""Hard attention: choosing among the keys instead of mixing them.

``best`` takes the largest scores, ``gumbel`` draws by them, ``reinforce`` learns from the draw,
and ``attention`` puts each in the softmax's place.
"""

from attncourse.pytorch.hard.attention import (
    argmax_attention,
    sampled_attention,
    top_k_attention,
)
from attncourse.pytorch.hard.best import hardmax, top_k_softmax
from attncourse.pytorch.hard.gumbel import (
    gumbel_hardmax,
    gumbel_noise,
    gumbel_softmax,
    straight_through_gumbel,
)
from attncourse.pytorch.hard.reinforce import choice_log_prob, reinforce_gradient, reinforce_loss

__all__ = [
    "argmax_attention",
    "choice_log_prob",
    "gumbel_hardmax",
    "gumbel_noise",
    "gumbel_softmax",
    "hardmax",
    "reinforce_gradient",
    "reinforce_loss",
    "sampled_attention",
    "straight_through_gumbel",
    "top_k_attention",
    "top_k_softmax",
]
