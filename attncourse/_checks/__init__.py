"""What every public function asks of its arguments, in one wording for both libraries.

A check reads ``shape``, ``dtype`` and ``device`` (and looks for NaN), which NumPy arrays and
PyTorch tensors both allow; it imports neither library. Each raises one error that says what was
expected, what came and, where it is not obvious, what to do.
"""

from attncourse._checks import generation, looking, transformer
from attncourse._checks.arrays import (
    FLOATING,
    INTEGER,
    boolean,
    dtype_name,
    floating,
    integer,
    no_nan,
    one_device,
    type_name,
)
from attncourse._checks.attention import attention, dropout, heads, projections
from attncourse._checks.backward import gradient
from attncourse._checks.cache import (
    appended,
    between,
    counts,
    new_queries,
    pages,
    room,
    scattered,
    sequence,
    shared_length,
    slots,
)
from attncourse._checks.flash import flash_backward, parts, tiled
from attncourse._checks.hard import chosen, noisy, uniform
from attncourse._checks.latent import latent
from attncourse._checks.linear import linear_attention, log_gate, random_features, recurrence
from attncourse._checks.linformer import shortened
from attncourse._checks.looking import look_once
from attncourse._checks.norms import norm
from attncourse._checks.numbers import (
    above_one,
    count,
    divides,
    flag,
    fraction,
    one_of,
    positive,
    real,
)
from attncourse._checks.positions import (
    at_positions,
    even,
    inside_table,
    odd_rows,
    ordered,
    pairing,
    pairs,
    rotation,
    scaled_frequencies,
)
from attncourse._checks.ring import cut, order, shards
from attncourse._checks.shapes import axis, broadcasts, shapes, size_one_along
from attncourse._checks.softmax import below_infinity, softmax
from attncourse._checks.sparse import beside, block_table, blocked, members, sparse
from attncourse._checks.transformer import mask_of_a_layer, record

__all__ = [
    "FLOATING",
    "INTEGER",
    "above_one",
    "appended",
    "at_positions",
    "attention",
    "axis",
    "below_infinity",
    "beside",
    "between",
    "block_table",
    "blocked",
    "boolean",
    "broadcasts",
    "chosen",
    "count",
    "counts",
    "cut",
    "divides",
    "dropout",
    "dtype_name",
    "even",
    "flag",
    "flash_backward",
    "floating",
    "fraction",
    "generation",
    "gradient",
    "heads",
    "inside_table",
    "integer",
    "latent",
    "linear_attention",
    "log_gate",
    "look_once",
    "looking",
    "mask_of_a_layer",
    "members",
    "new_queries",
    "no_nan",
    "noisy",
    "norm",
    "odd_rows",
    "one_device",
    "one_of",
    "order",
    "ordered",
    "pages",
    "pairing",
    "pairs",
    "parts",
    "positive",
    "projections",
    "random_features",
    "real",
    "record",
    "recurrence",
    "room",
    "rotation",
    "scaled_frequencies",
    "scattered",
    "sequence",
    "shapes",
    "shards",
    "shared_length",
    "shortened",
    "size_one_along",
    "slots",
    "softmax",
    "sparse",
    "tiled",
    "transformer",
    "type_name",
    "uniform",
]
