"""What attention over tiles takes beside its arrays, and what its backward pass takes."""

from __future__ import annotations

from typing import Any

from attncourse._checks.arrays import floating, one_device, type_name
from attncourse._checks.numbers import count, positive, real
from attncourse._checks.shapes import shapes


def tiled(mask_mod: Any, *, window: Any, scale: Any, softcap: Any) -> None:
    """Check the options that are not arrays."""
    if mask_mod is not None and not callable(mask_mod):
        raise TypeError(
            f"mask_mod: expected a function of two positions, got {type_name(type(mask_mod))}; "
            "an array is a mask: pass it as mask=."
        )
    if window is not None:
        count("window", window, minimum=1)
    if scale is not None:
        real("scale", scale)
    if softcap is not None:
        positive("softcap", softcap)


def flash_backward(
    kind: type,
    grad: Any,
    q: Any,
    v: Any,
    output: Any,
    log_sum_exp: Any,
    grad_log_sum_exp: Any,
) -> None:
    """Check what comes back to attention, and what it gave."""
    rows = {"log_sum_exp": log_sum_exp, "grad_log_sum_exp": grad_log_sum_exp}
    rows = {name: array for name, array in rows.items() if array is not None}
    for name, array in {"grad": grad, "output": output, **rows}.items():
        floating(kind, **{name: array})
    one_device(q=q, grad=grad, output=output, **rows)
    shapes(
        q=(q, "*queries d_k"),
        v=(v, "*values d_v"),
        grad=(grad, "*queries d_v"),
        output=(output, "*queries d_v"),
        **{name: (array, "*queries") for name, array in rows.items()},
    )


def parts(kind: type, outputs: Any, log_sum_exps: Any) -> None:
    """Check outputs and log-sum-exps that are to be merged."""
    floating(kind, outputs=outputs)
    floating(kind, log_sum_exps=log_sum_exps)
    one_device(outputs=outputs, log_sum_exps=log_sum_exps)
    shapes(outputs=(outputs, "*parts d_v"), log_sum_exps=(log_sum_exps, "*parts"))
    if len(log_sum_exps.shape) < 2 or log_sum_exps.shape[0] == 0:
        raise ValueError(
            "log_sum_exps: expected shape (n_parts, *batch, q_len) with at least one part, "
            f"got {tuple(log_sum_exps.shape)}."
        )
