"""What the parts of a Transformer take: sets of parameters, indices, sublayers."""

from __future__ import annotations

from typing import Any

from attncourse._checks.arrays import boolean, floating, integer, one_device, type_name
from attncourse._checks.attention import projections
from attncourse._checks.looking import looked_at
from attncourse._checks.shapes import among, shapes


def record(name: str, value: Any, kind: type) -> None:
    """Raise unless ``value`` is the named tuple ``kind``."""
    if not isinstance(value, kind):
        raise TypeError(f"{name}: expected a {kind.__name__}, got {type_name(type(value))}.")


def has_function(name: str, *modules: Any) -> None:
    """Raise unless each module can say which function it wraps, and with which parameters."""
    for module in modules:
        if not (hasattr(module, "function") and hasattr(module, "as_parameters")):
            raise TypeError(
                f"{name}: expected a class with function and as_parameters(), as LayerNorm and "
                f"RMSNorm have them, got {type_name(type(module))}."
            )


def one_each(name: str, values: Any, n_layers: int) -> None:
    """Raise unless there is one value for each layer."""
    if len(values) != n_layers:
        raise ValueError(f"{name}: expected one for each of {n_layers} layers, got {len(values)}.")


def indices(kind: type, name: str, array: Any, n_rows: int, what: str) -> None:
    """Raise unless ``array`` holds whole numbers that each name a row of ``what``."""
    integer(kind, **{name: array})
    if not looked_at(array) or 0 in array.shape:
        return
    lowest, highest = int(array.min()), int(array.max())
    if lowest < 0 or highest >= n_rows:
        raise ValueError(
            f"{name}: expected numbers from 0 to {n_rows - 1}, the rows of {what}, "
            f"got {lowest if lowest < 0 else highest}."
        )


def cache(kind: type, cache: Any, x: Any, *kinds: type) -> None:
    """Raise unless ``cache`` is one of these named tuples, of the arrays that it should hold."""
    if cache is None:
        return
    if not isinstance(cache, kinds):
        names = " or ".join(kind.__name__ for kind in kinds)
        raise TypeError(f"cache: expected a {names}, got {type_name(type(cache))}.")
    floating(kind, k=cache.k, v=cache.v)
    lengths = getattr(cache, "lengths", None)
    if lengths is not None:
        integer(kind, lengths=lengths)
    one_device(x=x, k=cache.k, v=cache.v, lengths=lengths)


def last_row(table: Any, n_positions: int) -> None:
    """Raise unless a table, if there is one, has a row for the last position."""
    if hasattr(table, "shape") and n_positions > table.shape[0]:
        raise ValueError(
            f"positions: expected numbers from 0 to {table.shape[0] - 1}, the rows of the table "
            f"of positions, got {n_positions - 1}."
        )


def mask_of_a_layer(kind: type, name: str, mask: Any, x: Any, instead: str) -> None:
    """Check a mask by the name that the caller knows it by; two dimensions are no batch."""
    if mask is None:
        return
    boolean(kind, **{name: mask})
    one_device(x=x, **{name: mask})
    if len(mask.shape) == 2 and len(x.shape) > 2 and 1 != mask.shape[0] == x.shape[-3]:
        raise ValueError(
            f"{name}: expected a shape that broadcasts to the scores, and got "
            f"{tuple(mask.shape)}, whose rows could be the texts of the batch: give a mask of "
            f"(batch, seq) as {instead}, and one of (q_len, kv_len) as {name}=mask[None]."
        )


def padding(
    kind: type, padding: Any, x: Any, seq: int | None = None, name: str = "padding"
) -> None:
    """Raise unless ``padding`` says of each position of each text whether it is real."""
    if padding is None:
        return
    boolean(kind, **{name: padding})
    one_device(x=x, **{name: padding})
    wanted = (*x.shape[:-2], x.shape[-2] if seq is None else seq)
    if tuple(padding.shape) != wanted:
        raise ValueError(
            f"{name}: expected one boolean for each position of each text, shape {wanted}, "
            f"got {tuple(padding.shape)}."
        )


def affine(kind: type, x: Any, **layers: tuple[Any, Any, str]) -> None:
    """Check weights and biases: ``w_in=(w, b, "d_model d_hidden")``, a bias may be None."""
    arrays = {name: w for name, (w, _, _) in layers.items()}
    biases = {name.replace("w_", "b_", 1): b for name, (_, b, _) in layers.items() if b is not None}
    floating(kind, x=x, **arrays, **biases)
    one_device(x=x, **arrays, **biases)
    patterns = {name: (w, dims) for name, (w, _, dims) in layers.items()}
    for name, (_, b, dims) in layers.items():
        if b is not None:
            patterns[name.replace("w_", "b_", 1)] = (b, dims.split()[1])
    d_in = next(iter(layers.values()))[2].split()[0]
    shapes(x=(x, f"*batch {d_in}"), **patterns)


def attention_layer(
    kind: type,
    x: Any,
    context: Any,
    parameters: Any,
    *,
    n_heads: int,
    n_kv_heads: int,
    qk_norm: Any,
) -> None:
    """Check the projections of an attention layer, and what may stand beside them."""
    weights, names = parameters[:4], parameters._fields[4:8]
    projections(kind, x, context, *weights, n_heads=n_heads, n_kv_heads=n_kv_heads)
    beside = dict(zip((*names, "sinks"), (*parameters[4:8], parameters.sinks), strict=True))
    beside = {name: array for name, array in beside.items() if array is not None}
    for w_name, w, b_name in zip(parameters._fields, weights, names, strict=False):
        if b_name in beside:
            floating(kind, x=x, **{b_name: beside[b_name]})
            shapes(**{w_name: (w, "d_in width"), b_name: (beside[b_name], "width")})
    if parameters.sinks is not None:
        floating(kind, sinks=parameters.sinks)
    if beside:
        one_device(x=x, **beside)
    for name in ("query_norm", "key_norm"):
        if qk_norm is None and any(a is not None for a in getattr(parameters, name) or ()):
            raise ValueError(
                f"qk_norm: expected the function that takes the parameters {name}, got None."
            )


def block_cache(kind: type, name: str, kept: Any, x: Any, block: type, *kinds: type) -> None:
    """Raise unless this is what a block keeps: a named tuple of caches, and of padding."""
    if kept is None:
        return
    record(name, kept, block)
    cache(kind, kept.self_attention, x, *kinds)
    padding(kind, kept.padding, x, kept.self_attention.k.shape[-2])


def residual(kind: type, x: Any, y: Any) -> None:
    """Raise unless a sublayer gave back what can be added to ``x``."""
    if not isinstance(y, kind) or tuple(y.shape) != tuple(x.shape):
        got = tuple(y.shape) if isinstance(y, kind) else type_name(type(y))
        raise ValueError(
            f"sublayer: expected a function that gives the shape it takes, {tuple(x.shape)}, "
            f"got {got}."
        )


def of_one_sequence(context: Any, frequencies: Any, bias: Any) -> None:
    """Raise if positions of two sequences were to be taken for those of one."""
    if context is not None and frequencies is not None:
        raise ValueError(
            "frequencies: expected none with a context, whose positions are not those of x; "
            "turn queries and keys yourself in attend= if both have a place in one sequence."
        )
    if context is not None and callable(bias):
        raise ValueError(
            "bias: expected an array with a context, whose positions are not those of x, "
            "got a function of positions."
        )


def context_fits(context: Any, cross_attention: Any) -> None:
    """Raise unless there is a context if, and only if, there are parameters to ask it with."""
    if context is None and cross_attention is not None:
        raise ValueError(
            "context: expected the sequence that cross_attention asks, got None; "
            "a block without cross_attention needs none."
        )
    if context is not None and cross_attention is None:
        raise ValueError(
            "context: expected None for a block without cross_attention parameters, got an array."
        )


def integer_tokens(kind: type, name: str, tokens: Any) -> None:
    """Raise unless ``tokens`` are whole numbers with a sequence axis."""
    integer(kind, **{name: tokens})
    shapes(**{name: (tokens, "*batch seq")})


def tables(kind: type, tokens: Any, parameters: Any, positions: Any, segments: Any) -> None:
    """Check the tables of an embedding, and that every number that is looked up has a row."""
    names = ("tokens", "positions", "segments")
    rows = {n: t for n, t in zip(names, parameters, strict=False) if not (t is None or callable(t))}
    floating(kind, **rows)
    integer_tokens(kind, "tokens", tokens)
    one_device(**{f"{name} (a table)": table for name, table in rows.items()}, tokens=tokens)
    d_model = shapes(tokens=(parameters.tokens, "n_tokens d_model"))["d_model"]
    for name, table in rows.items():
        shapes(**{name: (table, (f"n_{name}", d_model))})
    indices(kind, "tokens", tokens, parameters.tokens.shape[0], "the embedding")
    if segments is not None and parameters.segments is None:
        raise ValueError("segments: expected None, as there is no table of segments.")
    if segments is not None:
        indices(kind, "segments", segments, parameters.segments.shape[0], "the table of segments")
        one_device(tokens=tokens, segments=segments)
        if tuple(segments.shape) != tuple(tokens.shape):
            raise ValueError(
                f"segments: expected the shape of tokens, {tuple(tokens.shape)}, "
                f"got {tuple(segments.shape)}."
            )
    if positions is not None:
        integer(kind, positions=positions)
        one_device(tokens=tokens, positions=positions)
        if not among(positions.shape, tokens.shape, tokens.shape[-1:]):
            raise ValueError(
                f"positions: expected shape (seq,) = {tuple(tokens.shape[-1:])} or that of "
                f"tokens, {tuple(tokens.shape)}, got {tuple(positions.shape)}."
            )
    if "positions" in rows:
        n_rows = parameters.positions.shape[0]
        if positions is not None:
            indices(kind, "positions", positions, n_rows, "the table of positions")
        elif tokens.shape[-1] > n_rows:
            raise ValueError(
                f"tokens: expected at most {n_rows}, one for each row of the table of positions, "
                f"got {tokens.shape[-1]}."
            )


def image_tokens(kind: type, cut: Any, w_patch: Any, positions: Any, class_token: Any) -> None:
    """Check what is put before the patches of an image, and added to them."""
    n_tokens, d_model = cut.shape[-2], w_patch.shape[-1]
    if class_token is not None:
        floating(kind, images=cut, class_token=class_token)
        shapes(class_token=(class_token, (d_model,)))
        n_tokens += 1
    if positions is not None:
        floating(kind, images=cut, positions=positions)
        shapes(positions=(positions, (n_tokens, d_model)))
    one_device(images=cut, class_token=class_token, positions=positions)
