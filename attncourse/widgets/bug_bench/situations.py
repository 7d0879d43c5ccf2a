"""Where a bug shows and where it hides."""

from typing import Any, NamedTuple

#: What the widget begins with: no two sizes are alike.
START: dict[str, Any] = {
    "q_len": 4,
    "kv_len": 6,
    "n_heads": 2,
    "d_k": 5,
    "d_v": 3,
    "mask": "causal",
    "dropout": "off",
    "numbers": "random",
}
MASKS = ("none", "causal", "window", "padding")
#: A window of three keys; two keys of padding, or as many as leave one.
WINDOW, PADDING = 3, 2
_WINDOW: dict[str, Any] = {"mask": "window"}
_PADDED: dict[str, Any] = {"mask": "padding", "q_len": 5}
_DROPS: dict[str, Any] = {"dropout": "on"}
_ALIKE: dict[str, Any] = {"numbers": "ones", "mask": "none"}


class Situation(NamedTuple):
    """What a bug needs besides START to show, then what hides it again, and that in words."""

    shows: dict[str, Any]
    hides: dict[str, Any]
    when: str


SITUATIONS: dict[str, Situation] = {
    "heads split by reshape": Situation({}, {"n_heads": 1}, "there is one head"),
    "scores not scaled": Situation({}, {"d_k": 1}, "d_k is 1"),
    "scores divided by d_k": Situation({}, {"d_k": 1}, "d_k is 1"),
    "scores divided by √d_model": Situation({}, {"n_heads": 1}, "there is one head"),
    "scores divided by √d_v": Situation({}, {"d_k": 3}, "d_v is d_k"),
    "keys reshaped, not transposed": Situation({}, {"d_k": 1}, "d_k or kv_len is 1"),
    "causal from the top left": Situation({}, {"q_len": 6}, "q_len is kv_len"),
    "causal, one too far": Situation({}, {"q_len": 1}, "one query asks"),
    "no mask once there is a cache": Situation(
        {}, {"q_len": 1}, "one query asks, or nothing is cached"
    ),
    "window one too wide": Situation(
        _WINDOW, {"q_len": 2, "kv_len": 3}, "the text is no longer than the window"
    ),
    "window that looks ahead": Situation(_WINDOW, {"q_len": 1}, "one query asks"),
    "padding on the other side": Situation(_PADDED, {"mask": "causal"}, "nothing is padded"),
    "True and False swapped": Situation({}, {"mask": "none"}, "there is no mask"),
    "−1e9 in place of −∞": Situation(_PADDED, {"q_len": 4}, "every query sees a key"),
    "scores times the mask": Situation({}, {"q_len": 1}, "no key is hidden"),
    "mask after the softmax": Situation({}, {"q_len": 1}, "no key is hidden"),
    "softmax over the queries": Situation(
        {}, {**_ALIKE, "q_len": 6}, "all scores are equal and q_len is kv_len"
    ),
    "softmax over the heads": Situation(
        {},
        {**_ALIKE, "kv_len": 2},
        "all scores are equal and there are as many heads as keys",
    ),
    "a row of −∞ not cared for": Situation(_PADDED, {"q_len": 4}, "every query sees a key"),
    "maximum not taken off": Situation(
        {"numbers": "large"},
        {"numbers": "random"},
        "scores are small and every query sees a key",
    ),
    "dropout not made up for": Situation(_DROPS, {"dropout": "off"}, "nothing is dropped"),
    "one dropout for all queries": Situation(_DROPS, {"dropout": "off"}, "nothing is dropped"),
    "keys in place of the values": Situation(
        {}, {"numbers": "ones", "d_k": 3}, "keys and values are the same"
    ),
    "heads merged without transposing": Situation({}, {"n_heads": 1}, "there is one head"),
}


def options(mask: str, kv_len: int) -> dict[str, Any]:
    """Return what the layer is asked for under a mask."""
    return {
        "none": {},
        "causal": {"causal": True},
        "window": {"window": WINDOW},
        "padding": {"causal": True, "padding": min(PADDING, kv_len - 1)},
    }[mask]
