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
    "(无关信息), more often than by chance and than in every untrained network, and the coarser "
    "gate does, too. To keep out (减少): the gate lets less than half pass on average. By itself "
    "(自动): also where the layers are not normalised. More accurate (提高准确性): every seed with "
    "gates is above every seed of a network with 9 % more parameters without.",
    sources=("oktay2018",),
)
def focuses_on_what_matters(
    *,
    dice: Mapping[str, Mapping[str, Sequence[float]]],
    gates: Mapping[str, Mapping[str, Sequence[float]]],
    coarser: Mapping[str, Mapping[str, Sequence[float]]],
    passing: Sequence[float],
    bare: Mapping[str, Mapping[str, Sequence[float]]],
) -> Verdict:
    """Hold gates against the truth, and networks with gates against networks without.

    Parameters
    ----------
    dice
        For each task, at the longest budget, that of ``gated`` and of ``plain``, one a seed.
    gates
        How often the finer gate is higher on the spot than on ``"the rest"`` and on
        ``"other spots"``: ``trained`` and ``untrained``, one a seed, 0.5 by chance.
    coarser
        The same of the coarser gate.
    passing
        How much the finer gate lets pass, the mean over all places, one a seed.
    bare
        The same as ``gates``, of networks whose layers are not normalised.
    """
    better = [task for task, f in dice.items() if min(f["gated"]) > max(f["plain"])]
    lifted = [name for name, f in gates.items() if _lifted(f["trained"], f["untrained"])]
    both = [n for n, f in coarser.items() if _lifted(f["trained"], f["untrained"])]
    alone = [n for n, f in bare.items() if _lifted(f["trained"], f["untrained"])]
    because = "; ".join(
        f"Dice, {task}: with gates {np.mean(f['gated']):.2f} ({_range(f['gated'])}), without "
        f"{np.mean(f['plain']):.2f} ({_range(f['plain'])})"
        for task, f in dice.items()
    )
    because += ". The finer gate is higher on the spot than on " + "; than on ".join(
        f"{name} in {_range(f['trained'])} of the comparisons, untrained in "
        f"{_range(f['untrained'])}; the coarser in {_range(coarser[name]['trained'])}; and where "
        f"nothing is normalised, the finer in {_range(bare[name]['trained'])}, untrained in "
        f"{_range(bare[name]['untrained'])}"
        for name, f in gates.items()
    )
    because += f". On average the finer gate lets {_range(passing)} pass."
    if not lifted:
        return Verdict("does not hold", because)
    conditions = []
    if len(lifted) < len(gates):
        conditions.append(f"it is compared with {' and '.join(lifted)}")
    if len(both) < len(gates):
        conditions.append("the finer of the two gates is meant")
    if max(passing) >= 0.5:
        conditions.append("focus means higher rather than shut elsewhere")
    if len(alone) < len(gates):
        conditions.append("the layers are normalised")
    if len(better) < len(dice):
        where = f", {' and '.join(better)} apart" if better else ""
        conditions.append(f"the focus alone is meant and not accuracy{where}")
    if conditions:
        *first, last = conditions
        told = f"{', '.join(first)}, and {last}" if len(first) > 1 else " and ".join(conditions)
        return Verdict("holds if", because, told)
    return Verdict("holds", because)
