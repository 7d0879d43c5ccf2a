"""What a step of a model costs, part by part, by the library's counts."""

import math
from collections.abc import Callable
from typing import Any

import attncourse.analysis as count
from attncourse.analysis import published

#: What one step consists of, in the order in which the numbers stand.
PARTS = ("projections", "scores and values", "feed-forward", "last layer")
MECHANISMS = ("plain", "fused", "window", "linear", "latent")
QUANTITIES = ("operations", "bytes", "seconds")
#: How many positions linear attention takes at once when it reads.
CHUNK = 64
#: Where costs are computed over the length.
LENGTHS = [2**power for power in range(4, 23)]
SIZES = ("d_model", "n_heads", "n_kv_heads", "d_k", "d_ff", "mlp_matrices", "n_layers", "n_vocab")


def models() -> dict[str, dict[str, int]]:
    """Sizes of published models, as states have them."""
    shapes = {name: shape for name, (shape, _, _) in published.MODELS.items()}
    found = {}
    for name, shape in {**shapes, "DeepSeek-V3": published.DEEPSEEK_V3}.items():
        n_kv_heads, d_k = count.head_sizes(shape)
        found[name] = {
            "d_model": shape.d_model,
            "n_heads": shape.n_heads,
            "n_kv_heads": n_kv_heads,
            "d_k": d_k,
            "d_ff": shape.d_ff,
            "mlp_matrices": 3 if shape.gated else 2,
            "n_layers": shape.n_layers,
            "n_vocab": shape.n_vocab,
        }
    return found


def devices() -> dict[str, dict[str, float]]:
    """Speeds of published devices, in the units of a state."""
    return {
        name: {"peak": peak / 1e12, "bandwidth": bandwidth / 1e9, "memory": memory / 1e9}
        for name, (peak, bandwidth, memory, _) in published.DEVICES.items()
    }


class Costs:
    """The costs of a state's model at any length: operations in products, bytes at the least."""

    def __init__(self, state: Any) -> None:
        self.state = state
        self.shape = count.TransformerShape(
            n_layers=state.n_layers,
            d_model=state.d_model,
            n_heads=state.n_heads,
            d_ff=state.d_ff,
            n_vocab=state.n_vocab,
            n_kv_heads=state.n_kv_heads,
            d_k=state.d_k,
            gated=state.mlp_matrices == 3,
        )
        heads = {"n_heads": state.n_heads, "n_kv_heads": state.n_kv_heads, "d_k": state.d_k}
        self.heads = heads
        self.latent = {
            "d_model": state.d_model,
            "n_heads": state.n_heads,
            "d_latent": state.d_latent,
            "d_nope": state.d_k,
            "d_rope": state.d_rope,
            "d_v": state.d_k,
            "d_q_latent": state.d_q_latent or None,
        }
        self.writes = state.phase == "decode"
        self.known: dict[int, list[tuple[int, int]]] = {}

    def at(self, n: int) -> list[tuple[int, int]]:
        """Operations and bytes of each part, when the text has n tokens."""
        if n not in self.known:
            s = self.state
            attention = getattr(self, f"_{s.mechanism}")(n)
            blocks = [self._projections(n), attention, self._feed_forward(n)]
            d, rows = s.d_model, s.batch
            last = (2 * rows * d * s.n_vocab, self._bytes((rows, d, s.n_vocab)))
            self.known[n] = [(s.n_layers * c, s.n_layers * b) for c, b in blocks] + [last]
        return self.known[n]

    def seconds(self, part: tuple[int, int]) -> float:
        """The least time of a part, by the roofline of the state's device."""
        done, moved = map(float, part)
        return count.shortest_time(
            done, moved, peak=self.state.peak * 1e12, bandwidth=self.state.bandwidth * 1e9
        )

    def crossing(self, quantity: int) -> float:
        """The shortest text whose attention takes as much as the rest of the blocks, or NaN."""

        def over(n: int) -> bool:
            part = self.at(n)
            projections, attention, mlp = (
                map(self.seconds, part[:3])
                if quantity == 2
                else (each[quantity] for each in part[:3])
            )
            return attention >= projections + mlp

        low, high = 0, LENGTHS[-1]
        if not over(high):
            return math.nan
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if over(middle) else (middle, high)
        return float(high)

    def cache_bytes(self, n: int) -> int:
        """What is kept of n tokens of each text."""
        s = self.state
        kept = {"n_layers": s.n_layers, "itemsize": s.itemsize}
        if s.mechanism == "linear":
            return count.linear_state_bytes(
                s.batch, n_heads=s.n_heads, d_k=s.d_k, d_v=s.d_k, **kept
            )
        if s.mechanism == "latent":
            return count.latent_cache_bytes(
                s.batch * n, d_latent=s.d_latent, d_rope=s.d_rope, **kept
            )
        window = s.window if s.mechanism == "window" else None
        own = count.kv_cache_bytes(n, n_kv_heads=s.n_kv_heads, d_k=s.d_k, window=window, **kept)
        return s.batch * own

    def weight_bytes(self) -> int:
        """What the weights take that one token uses: an operation pair for each of them."""
        s = self.state
        matrices = self._project(1, 1, 0, 1) // 2 + s.mlp_matrices * s.d_model * s.d_ff
        return s.itemsize * (s.n_layers * matrices + s.d_model * s.n_vocab)

    # One layer's operations and bytes

    def _lengths(self, n: int) -> tuple[int, int, int]:
        """Queries, keys, and how many of the keys are in the cache."""
        return (1, n, n - 1) if self.writes else (n, n, 0)

    def _bytes(self, *products: tuple[int, int, int]) -> int:
        itemsize = self.state.itemsize
        return sum(count.product_bytes(*product, itemsize=itemsize) for product in products)

    def _project(self, q_len: int, kv_len: int, n_cached: int, batch: int) -> int:
        """Operations of an attention layer without its pairs."""
        options = {"n_cached": n_cached, "pairs": 0, "batch": batch}
        if self.state.mechanism != "latent":
            d_model = self.state.d_model
            return count.multi_head_operations(
                q_len, kv_len, d_model=d_model, **self.heads, **options
            ).matmul
        way: Callable[..., count.Operations] = (
            count.absorbed_latent_operations if self.writes else count.latent_operations
        )
        return way(q_len, kv_len, **self.latent, **options).matmul

    def _projections(self, n: int) -> tuple[int, int]:
        s, (q_len, kv_len, n_cached) = self.state, self._lengths(n)
        rows, d, width = s.batch * q_len, s.d_model, s.n_heads * s.d_k
        done = self._project(q_len, kv_len, n_cached, s.batch)
        if s.mechanism != "latent":
            inwards = (rows, d, width + 2 * s.n_kv_heads * s.d_k)
            return done, self._bytes(inwards, (rows, width, d))
        asked, r = s.n_heads * (s.d_k + s.d_rope), s.d_latent
        queries = (
            [(rows, d, s.d_q_latent), (rows, s.d_q_latent, asked)]
            if s.d_q_latent
            else [(rows, d, asked)]
        )
        # Reading unpacks every head's keys and values; writing brings queries to the latent.
        unpacked = (
            s.n_heads * self._bytes((rows, s.d_k, r), (rows, r, s.d_k))
            if self.writes
            else self._bytes((rows, r, 2 * width))
        )
        return done, unpacked + self._bytes(*queries, (rows, d, r + s.d_rope), (rows, width, d))

    def _feed_forward(self, n: int) -> tuple[int, int]:
        s, (q_len, kv_len, n_cached) = self.state, self._lengths(n)
        rows, sizes = s.batch * q_len, {"n_cached": n_cached, "pairs": 0, "batch": s.batch}
        block = count.block_operations(self.shape, q_len, kv_len, **sizes).matmul
        block -= count.multi_head_operations(
            q_len, kv_len, d_model=s.d_model, **self.heads, **sizes
        ).matmul
        inwards = (rows, s.d_model, (s.mlp_matrices - 1) * s.d_ff)
        return block, self._bytes(inwards, (rows, s.d_ff, s.d_model))

    def _plain(self, n: int) -> tuple[int, int]:
        s, (q_len, kv_len, _) = self.state, self._lengths(n)
        sizes = {"n_heads": s.n_heads, "d_k": s.d_k, "batch": s.batch}
        moved = count.plain_attention_bytes(q_len, kv_len, itemsize=s.itemsize, **sizes)
        return count.attention_operations(q_len, kv_len, **sizes).matmul, moved

    def _once(self, q_len: int, kv_len: int, pairs: int, **sizes: Any) -> tuple[int, int]:
        """Some pairs, with every input and output moved once."""
        s = self.state
        moved = count.least_attention_bytes(
            q_len, kv_len, itemsize=s.itemsize, batch=s.batch, **sizes
        )
        shared = {name: size for name, size in sizes.items() if name != "n_kv_heads"}
        done = count.attention_operations(q_len, kv_len, pairs=pairs, batch=s.batch, **shared)
        return done.matmul, moved

    def _fused(self, n: int) -> tuple[int, int]:
        q_len, kv_len, _ = self._lengths(n)
        pairs = count.visible_pairs(q_len, kv_len, causal=True)
        return self._once(q_len, kv_len, pairs, **self.heads)

    def _window(self, n: int) -> tuple[int, int]:
        q_len, kv_len, _ = self._lengths(n)
        kv_len = min(kv_len, self.state.window) if self.writes else kv_len
        pairs = count.visible_pairs(q_len, kv_len, causal=True, window=self.state.window)
        return self._once(q_len, kv_len, pairs, **self.heads)

    def _linear(self, n: int) -> tuple[int, int]:
        s, (q_len, _, _) = self.state, self._lengths(n)
        sizes = {"n_heads": s.n_heads, "d_k": s.d_k, "d_v": s.d_k}
        state = count.linear_state_bytes(s.batch, n_layers=1, itemsize=s.itemsize, **sizes)
        moved = count.least_attention_bytes(
            q_len, q_len, itemsize=s.itemsize, batch=s.batch, **self.heads
        )
        if self.writes:
            done = count.recurrent_linear_operations(1, batch=s.batch, **sizes)
            return done.matmul, moved + 2 * state
        done = count.chunked_linear_operations(n, chunk_len=CHUNK, batch=s.batch, **sizes)
        return done.matmul, moved + state

    def _latent(self, n: int) -> tuple[int, int]:
        s, (q_len, kv_len, _) = self.state, self._lengths(n)
        pairs = count.visible_pairs(q_len, kv_len, causal=True)
        if not self.writes:
            sizes = {"n_heads": s.n_heads, "d_k": s.d_k + s.d_rope, "d_v": s.d_k}
            return self._once(q_len, kv_len, pairs, **sizes)
        r, d_rope = s.d_latent, s.d_rope
        sizes = {"n_heads": s.n_heads, "d_k": r + d_rope, "d_v": r, "batch": s.batch}
        done = count.attention_operations(q_len, kv_len, pairs=pairs, **sizes)
        # A latent is key and value at once, so it is read once; queries and outputs besides.
        kept = {"n_layers": 1, "d_latent": r, "d_rope": d_rope, "itemsize": s.itemsize}
        moved = count.latent_cache_bytes(s.batch * kv_len, **kept)
        return done.matmul, moved + s.itemsize * s.batch * s.n_heads * (2 * r + d_rope)
