"""The article's claim on focus, tried on medical images (chapter 6 of the course)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from attncourse.claims.core import Verdict, by_run


def _range(found: Sequence[float]) -> str:
    return f"{min(found):.2f} to {max(found):.2f}"


def _lifted(trained: Sequence[float], untrained: Sequence[float]) -> bool:
    """Whether every trained gate is above chance, and above every untrained one."""
    return min(trained) > max(0.5, *untrained)


@by_run(
    "C18-medical",
    sections="2.3, 3.11",
    says="Attention focuses by itself on the parts of the input that matter and keeps out what "
    "does not, which makes a model more accurate.",
    chinese="自动聚焦于…关键部分，减少无关信息的干扰；提高模型的准确性",
    reading="Attention is read as the finer gate of an Attention U-Net, and the part that matters "
    "(关键部分) as a planted spot whose place is known. To focus (聚焦): in every seed the gate "
    "stands higher on it than on the rest of the brain, and than on spots that look the same "
    "(无关信息), more often than by chance and than in every untrained network. By itself (自动): "
    "also where the layers are not normalised. More accurate (提高准确性): every seed with gates "
    "is above every seed of a network of equal size without.",
    sources=("oktay2018",),
)
def focuses_on_what_matters(
    *,
    dice: Mapping[str, Mapping[str, Sequence[float]]],
    gates: Mapping[str, Mapping[str, Sequence[float]]],
    bare: Mapping[str, Sequence[float]],
) -> Verdict:
    """Hold gates against the truth, and networks with gates against networks without.

    Parameters
    ----------
    dice
        For each task, at the longest budget, that of ``gated`` and of ``plain``, one a seed.
    gates
        How often the gate is higher on the spot than on ``"the rest"`` and on ``"other spots"``:
        ``trained`` and ``untrained``, one a seed, 0.5 by chance.
    bare
        The trained shares again, of networks whose layers are not normalised.
    """
    better = [task for task, f in dice.items() if min(f["gated"]) > max(f["plain"])]
    lifted = [name for name, f in gates.items() if _lifted(f["trained"], f["untrained"])]
    alone = [n for n in gates if _lifted(bare[n], gates[n]["untrained"])]
    because = "; ".join(
        f"Dice, {task}: with gates {np.mean(f['gated']):.2f} ({_range(f['gated'])}), without "
        f"{np.mean(f['plain']):.2f} ({_range(f['plain'])})"
        for task, f in dice.items()
    )
    because += ". The gate is higher on the spot than on " + "; than on ".join(
        f"{name} in {_range(f['trained'])} of the comparisons, untrained in "
        f"{_range(f['untrained'])}, and where nothing is normalised in {_range(bare[name])}"
        for name, f in gates.items()
    )
    because += "."
    if not lifted:
        return Verdict("does not hold", because)
    conditions = []
    if len(lifted) < len(gates):
        conditions.append(f"it is compared with {' and '.join(lifted)}")
    if len(alone) < len(gates):
        conditions.append("the layers are normalised")
    if len(better) < len(dice):
        where = f", {' and '.join(better)} apart" if better else ""
        conditions.append(f"the focus alone is meant and not accuracy{where}")
    if conditions:
        return Verdict("holds if", because, " and ".join(conditions))
    return Verdict("holds", because)
