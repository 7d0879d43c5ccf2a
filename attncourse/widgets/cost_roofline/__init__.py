"""What attention and the rest of a model cost: operations, bytes, cache and time on a roofline."""

import math
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import traitlets

from attncourse import analysis as count
from attncourse.analysis import published
from attncourse.widgets import kit
from attncourse.widgets.cost_roofline import costs

_HERE = Path(__file__).parent
#: From and to, for everything that is a number.
BOUNDS: dict[str, tuple[float, float]] = {
    "length": (16, costs.LENGTHS[-1]),
    "batch": (1, 4096),
    "window": (1, 2**20),
    "d_model": (16, 2**15),
    "n_heads": (1, 512),
    "n_kv_heads": (1, 512),
    "d_k": (4, 1024),
    "d_ff": (16, 2**18),
    "mlp_matrices": (2, 3),
    "n_layers": (1, 512),
    "n_vocab": (2, 2_000_000),
    "d_latent": (8, 8192),
    "d_rope": (1, 1024),
    "d_q_latent": (0, 16384),
    "peak": (0.05, 5000),
    "bandwidth": (5, 50_000),
    "memory": (1, 10_000),
}
LIMITS: dict[str, Any] = {
    "bounds": BOUNDS,
    "mechanism": costs.MECHANISMS,
    "phase": ("decode", "prefill"),
    "itemsize": (1, 2, 4),
    "shown": costs.QUANTITIES,
    "lengths": costs.LENGTHS,
    "chunk": costs.CHUNK,
    "models": costs.models(),
    "devices": costs.devices(),
}
_FIRST = LIMITS["models"]["Llama 3.1 8B"] | LIMITS["devices"]["H100 SXM5"]


def _size(name: str, default: int | None = None) -> kit.State:
    return kit.State(kit.whole, *BOUNDS[name], default=_FIRST[name] if default is None else default)


def _speed(name: str) -> kit.State:
    return kit.State(kit.number, *BOUNDS[name], default=_FIRST[name])


def _shared(name: str, value: Any, n_heads: int) -> int:
    """Return how many heads of keys there are; each serves as many heads of queries."""
    value = kit.whole(name, value, 1, n_heads)
    if n_heads % value:
        raise ValueError(f"{name}: expected a divisor of n_heads = {n_heads}, got {value!r}")
    return value


class CostRoofline(kit.CourseWidget):
    r"""Place each part of a model on a device's roofline, and move what decides where it stands.

    A step writes one token for each text of a batch (``"decode"``) or reads whole texts
    (``"prefill"``). Its parts are the projections, attention's two products, the MLP and the last
    layer. Each has its operations C in products and the bytes B that it moves at the least, and so

    .. math:: t \ge \max(C / \pi, \; B / \beta)

    on a device of :math:`\pi` operations and :math:`\beta` bytes a second. The times of the parts
    are added: a bound if they run one after the other and each reads and writes memory. It is no
    measurement: softmax, norms and positions are not counted, plain attention repeats shared keys,
    and the peak is that of 16-bit products, whatever the numbers are kept in.

    What to find: who writes alone leaves nearly all arithmetic idle. A batch moves all parts but
    attention (``"batch of 256"``), sharing keys moves only attention (``"no sharing"``), and a
    latent brings it near the ridge (``"latent"``). A long text is paid in memory: the cache
    outgrows the device while arithmetic waits (``"a million tokens"``).

    Parameters
    ----------
    length, batch : int
        How many tokens a text has, with the one that is written, and how many texts there are.
    phase : {"decode", "prefill"}
        Whether one token is written, or the text read.
    mechanism : {"plain", "fused", "window", "linear", "latent"}
        Scores written to memory or not; a sliding window; a state in place of a cache; a latent in
        place of keys and values.
    d_model, n_heads, n_kv_heads, d_k, d_ff, mlp_matrices, n_layers, n_vocab : int
        The model. ``n_kv_heads`` divides ``n_heads`` and follows it; a gated MLP has 3 matrices.
    window, d_latent, d_rope, d_q_latent : int
        What windows and latents need. ``d_q_latent`` of 0: queries have no latent.
    itemsize : {1, 2, 4}
        Bytes of a number, in weights, cache and between parts.
    peak, bandwidth, memory : float
        The device: 10¹² operations a second, 10⁹ bytes a second, 10⁹ bytes.
    shown : {"operations", "bytes", "seconds"}
        What stands over the length.
    preset : str
        A state to begin with: ``"prompt"``, ``"plain prompt"``, ``"batch of 256"``, ``"no
        sharing"``, ``"latent"``, ``"a million tokens"`` or none, ``""``.
    name : str
        The widget's name in links to its state.

    Raises
    ------
    traitlets.TraitError
        Where a value has the wrong kind or size. It names the value, what was expected and what
        came.

    Examples
    --------
    >>> found = CostRoofline().compute()  # Llama 3.1 8B writes one token on an H100
    >>> round(found["tokens_a_second"])
    215

    """

    LIMITS: ClassVar[dict[str, Any]] = LIMITS
    _esm = kit.module(_HERE / "widget.js")
    _css = kit.style(_HERE / "widget.css")

    length = _size("length", 4096)
    batch = _size("batch", 1)
    phase = kit.State(kit.choice, LIMITS["phase"], default="decode")
    mechanism = kit.State(kit.choice, LIMITS["mechanism"], default="fused")
    window = _size("window", published.MISTRAL_WINDOW)
    d_model = _size("d_model")
    n_heads = _size("n_heads")
    n_kv_heads = kit.State(_shared, lambda widget: widget.n_heads, default=_FIRST["n_kv_heads"])
    d_k = _size("d_k")
    d_ff = _size("d_ff")
    mlp_matrices = _size("mlp_matrices")
    n_layers = _size("n_layers")
    n_vocab = _size("n_vocab")
    d_latent = _size("d_latent", published.DEEPSEEK_V3_LATENT["d_latent"])
    d_rope = _size("d_rope", published.DEEPSEEK_V3_LATENT["d_rope"])
    d_q_latent = _size("d_q_latent", published.DEEPSEEK_V3_LATENT["d_q_latent"])
    itemsize = kit.State(kit.choice, LIMITS["itemsize"], default=2)
    peak = _speed("peak")
    bandwidth = _speed("bandwidth")
    memory = _speed("memory")
    shown = kit.Look(kit.choice, LIMITS["shown"], default="seconds")

    def __init__(self, *, preset: str = "", name: str = "roofline", **traits: Any) -> None:
        unknown = traits.keys() - {
            key for key, trait in self.traits().items() if isinstance(trait, kit.Setting)
        }
        if unknown:
            raise traitlets.TraitError(f"{min(unknown)}: expected one of the widget's parameters")
        # Heads come before what divides them.
        super().__init__(preset=preset, name=name, **dict(sorted(traits.items())))

    @traitlets.observe("n_heads")
    def _follow(self, change: dict[str, Any]) -> None:
        """Keep as many heads of keys as divide the heads, at most those that there were."""
        n_heads = change["new"]
        if n_heads % self.n_kv_heads:
            self.n_kv_heads = next(n for n in range(self.n_kv_heads, 0, -1) if n_heads % n == 0)

    def named_states(self) -> dict[str, dict[str, Any]]:
        """Return what each preset changes of the start state."""
        first = _FIRST | {"phase": "decode", "mechanism": "fused", "length": 4096, "batch": 1}
        first |= {"itemsize": 2}
        latent = {key: size for key, size in published.DEEPSEEK_V3_LATENT.items() if key in BOUNDS}
        return {
            "prompt": first | {"phase": "prefill"},
            # The same prompt, with the scores in memory.
            "plain prompt": first | {"phase": "prefill", "mechanism": "plain"},
            "batch of 256": first | {"batch": 256},
            # The same with keys and values for each of the heads.
            "no sharing": first | {"batch": 256, "n_kv_heads": _FIRST["n_heads"]},
            "latent": first
            | {"batch": 256, "mechanism": "latent"}
            | LIMITS["models"]["DeepSeek-V3"]
            | latent,
            "a million tokens": first | {"length": 2**20},
        }

    def compute(self) -> dict[str, Any]:
        """Return the costs of each part, at this length and over all, and what they come to."""
        step = costs.Costs(self)
        parts = step.at(self.length)
        operations, moved = np.array(parts, dtype=float).T
        seconds = np.array([step.seconds(part) for part in parts])
        machine = {"peak": self.peak * 1e12, "bandwidth": self.bandwidth * 1e9}
        tokens = self.batch * (1 if self.phase == "decode" else self.length)
        by_length = np.array([step.at(n) for n in costs.LENGTHS], dtype=float).T
        times = [[step.seconds(part) for part in step.at(n)] for n in costs.LENGTHS]
        weights, cache = step.weight_bytes(), step.cache_bytes(self.length)
        return {
            "operations": operations,
            "bytes": moved,
            "seconds": seconds,
            "intensity": operations / moved,
            "rate": np.array([count.attainable_rate(i, **machine) for i in operations / moved]),
            "total_seconds": seconds.sum(),
            # The share of the time in which arithmetic, at its peak, has something to do.
            "busy": operations.sum() / machine["peak"] / seconds.sum(),
            "tokens_a_second": tokens / seconds.sum(),
            "weight_bytes": float(weights),
            "cache_bytes": float(cache),
            "filled": (weights + cache) / (self.memory * 1e9),
            "ridge": machine["peak"] / machine["bandwidth"],
            "crossing": np.array([step.crossing(quantity) for quantity in range(3)]),
            "operations_by_length": by_length[0],
            "bytes_by_length": by_length[1],
            "seconds_by_length": np.array(times).T,
        }

    @classmethod
    def random(cls, rng: np.random.Generator) -> Self:
        """Return any model on any device, writing or reading."""

        def some(name: str) -> int:
            low, high = BOUNDS[name]
            return round(2 ** rng.uniform(math.log2(low or 1), math.log2(high)))

        sizes = {name: some(name) for name in BOUNDS if name not in ("peak", "bandwidth", "memory")}
        if rng.random() < 0.3:
            known = LIMITS["models"]
            sizes |= known[str(rng.choice(list(known)))]
        else:
            heads = sizes["n_heads"]
            sizes["n_kv_heads"] = int(
                rng.choice([n for n in range(1, heads + 1) if heads % n == 0])
            )
        if rng.random() < 0.3:
            sizes["d_q_latent"] = 0
        speeds = {
            name: float(f"{2 ** rng.uniform(*np.log2(BOUNDS[name])):.4g}")
            for name in ("peak", "bandwidth", "memory")
        }
        for name in speeds:
            speeds[name] = min(max(speeds[name], BOUNDS[name][0]), BOUNDS[name][1])
        state: dict[str, Any] = sizes | speeds
        for name in ("phase", "mechanism", "shown", "itemsize"):
            state[name] = rng.choice(LIMITS[name]).item()
        return cls(**state)

    def fallback_html(self) -> str:
        """Return the costs of each part as a table."""
        found = self.compute()
        rows = [
            [
                part.capitalize(),
                *(f"{found[name][n]:.3g}" for name in ("operations", "bytes", "intensity")),
                f"{1000 * found['seconds'][n]:.3g}",
                "memory" if found["intensity"][n] < found["ridge"] else "arithmetic",
            ]
            for n, part in enumerate(costs.PARTS)
        ]
        what = "writes a token" if self.phase == "decode" else "reads a text"
        return kit.table(
            ["part", "operations", "bytes", "operations a byte", "at least, ms", "waits for"],
            rows,
            f"A model {what} of {self.length:,} tokens, batch {self.batch:,}, {self.mechanism} "
            "attention: lower bounds by the roofline (JavaScript makes it adjustable)",
        )
