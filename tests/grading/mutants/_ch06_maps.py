"""Answers to ``patches``, ``attention_rollout`` and ``forward_path``."""

import itertools

import numpy as np

# --- patches -----------------------------------------------------------------------------------


def patches_by_slices(images, patch_len):
    p, (height, width) = patch_len, images.shape[-2:]
    found = [
        images[..., y : y + p, x : x + p].reshape(*images.shape[:-3], -1)
        for y in range(0, height, p)
        for x in range(0, width, p)
    ]
    return np.stack(found, axis=-2)


def patches_by_index(images, patch_len):
    c, height, width = images.shape[-3:]
    place = np.arange(c * height * width).reshape(c, height, width)
    flat = images.reshape(*images.shape[:-3], -1)
    return flat[..., patches_by_slices(place, patch_len)]


def patches_dealt(images, patch_len):
    *batch, c, height, width = images.shape
    n = (height // patch_len) * (width // patch_len)
    return images.reshape(*batch, n, c * patch_len**2)


def _cut(images, patch_len):
    *batch, c, height, width = images.shape
    p, rows, cols = patch_len, height // patch_len, width // patch_len
    return images.reshape(*batch, c, rows, p, cols, p), (*batch, rows * cols, c * p * p)


def _moved(*order):
    """The five axes channels, rows, pixel row, columns, pixel column in another order."""

    def cut(images, patch_len):
        parts, shape = _cut(images, patch_len)
        first = parts.ndim - 5
        return parts.transpose(*range(first), *(first + i for i in order)).reshape(shape)

    return cut


patches_by_transpose = _moved(1, 3, 0, 2, 4)


def patches_a_channel(images, patch_len):
    whole = _moved(0, 1, 3, 2, 4)(images, patch_len)
    return whole.reshape(*images.shape[:-3], -1, patch_len**2)


def patches_strided(images, patch_len):
    p = patch_len
    found = [
        images[..., y :: images.shape[-2] // p, x :: images.shape[-1] // p]
        for y in range(images.shape[-2] // p)
        for x in range(images.shape[-1] // p)
    ]
    return np.stack([f.reshape(*images.shape[:-3], -1) for f in found], axis=-2)


def patches_sliding(images, patch_len):
    p, (height, width) = patch_len, images.shape[-2:]
    found = [
        images[..., y : y + p, x : x + p].reshape(*images.shape[:-3], -1)
        for y in range(height - p + 1)
        for x in range(width - p + 1)
    ]
    return np.stack(found, axis=-2)


def patches_in_grid(images, patch_len):
    found = patches_by_slices(images, patch_len)
    rows, cols = (n // patch_len for n in images.shape[-2:])
    return found.reshape(*found.shape[:-2], rows, cols, -1)


def patches_as_squares(images, patch_len):
    found = patches_by_slices(images, patch_len)
    return found.reshape(*found.shape[:-1], -1, patch_len, patch_len)


def patches_grey(images, patch_len):
    return patches_by_slices(images.mean(axis=-3, keepdims=True), patch_len)


def patches_from_below(images, patch_len):
    found = patches_in_grid(images, patch_len)[..., ::-1, :, :]
    return found.reshape(*images.shape[:-3], -1, found.shape[-1])


def patches_swapped(images, patch_len):
    return patches_by_slices(images, patch_len).swapaxes(-1, -2)


def patches_in_place(images, patch_len):
    found = patches_by_slices(images, patch_len)
    images /= 255
    return found


def patches_of_squares(images, patch_len):
    *batch, c, height, _ = images.shape
    p, n = patch_len, height // patch_len
    parts = images.reshape(*batch, c, n, p, n, p)
    return np.moveaxis(parts, (-4, -2), (-5, -4)).reshape(*batch, n * n, c * p * p)


# --- attention_rollout -------------------------------------------------------------------------


def rollout_by_einsum(weights):
    own = np.eye(weights.shape[-1])
    found = [np.broadcast_to(own, (*weights.shape[1:-3], *own.shape))]
    for layer in weights:
        mixed = np.einsum("...hij->...ij", layer) / layer.shape[-3] + own
        mixed = mixed / np.einsum("...ij->...i", mixed)[..., None]
        found.append(np.einsum("...im,...mj->...ij", mixed, found[-1]))
    return np.stack(found[1:])


def rollout_by_residual(weights):
    """What is added to half of oneself, row by row, in place."""
    found, below = [], np.eye(weights.shape[-1], dtype=np.float64)
    for layer in weights:
        mean = np.mean(layer, axis=-3, dtype=np.float64)
        below = (below + mean @ below) / (1 + mean.sum(-1, keepdims=True))
        found.append(below)
    return np.array(found)


def _shares(mixed, axis=-1):
    return mixed / mixed.sum(axis=axis, keepdims=True)


def _mixed(weights):
    return _shares(weights.mean(-3) + np.eye(weights.shape[-1]))


def _products(layers, step=np.matmul):
    return np.stack(list(itertools.accumulate(layers, lambda below, layer: step(layer, below))))


def rollout_without_identity(weights):
    return _products(weights.mean(-3))


def rollout_from_the_right(weights):
    return _products(_mixed(weights), lambda layer, below: below @ layer)


def rollout_from_the_top(weights):
    return _products(_mixed(weights)[::-1])


def rollout_growing(weights):
    return _products(weights.mean(-3) + np.eye(weights.shape[-1]))


def rollout_halved(weights):
    return _products(0.5 * weights.mean(-3) + 0.5 * np.eye(weights.shape[-1]))


def rollout_by_columns(weights):
    return _products(_shares(weights.mean(-3) + np.eye(weights.shape[-1]), axis=-2))


def rollout_largest(weights):
    return _products(_shares(weights.max(-3) + np.eye(weights.shape[-1])))


def rollout_summed(weights):
    return _products(_shares(weights.sum(-3) + np.eye(weights.shape[-1])))


def rollout_first_head(weights):
    return _products(_mixed(weights[..., :1, :, :]))


def rollout_late_identity(weights):
    return _shares(rollout_without_identity(weights) + np.eye(weights.shape[-1]))


def rollout_by_numbers(weights):
    return _products(_mixed(weights), np.multiply)


def rollout_layers_alone(weights):
    return _mixed(weights)


def rollout_last(weights):
    return rollout_by_einsum(weights)[-1]


def rollout_of_heads(weights):
    return _products(_shares(weights + np.eye(weights.shape[-1])))


def rollout_in_place(weights):
    found = rollout_by_einsum(weights)
    weights += np.eye(weights.shape[-1])
    return found


def rollout_of_batches(weights):
    mixed = weights.mean(axis=1) + np.eye(weights.shape[-1])
    return _products(_shares(mixed))


# --- forward_path ------------------------------------------------------------------------------


def path_by_trying(gain):
    n_tokens, n_frames = gain.shape
    steps = itertools.combinations(range(1, n_frames), n_tokens - 1)
    paths = [np.isin(np.arange(n_frames), s).cumsum() for s in steps]
    return max(paths, key=lambda path: gain[path, range(n_frames)].sum(dtype=np.float64))


def path_by_sums(gain):
    """For each token the frame at which it begins, by sums along the rows."""
    n_tokens, n_frames = gain.shape
    best = {0: (0.0, ())}
    for t in range(n_frames):
        stay = {i: (s + float(gain[i, t]), p) for i, (s, p) in best.items()}
        move = {
            i + 1: (s + float(gain[i + 1, t]), (*p, t))
            for i, (s, p) in best.items()
            if t and i + 1 < n_tokens
        }
        best = {i: max(x[i] for x in (stay, move) if i in x) for i in {*stay, *move}}
    return np.searchsorted(best[n_tokens - 1][1], np.arange(n_frames), side="right")


def path_of_looks(gain):
    return gain.argmax(axis=0)


def path_of_highest(gain):
    return np.maximum.accumulate(gain.argmax(axis=0))


def path_greedy(gain):
    path = [0]
    for t in range(1, gain.shape[1]):
        i = path[-1]
        path.append(i + 1 if i + 1 < len(gain) and gain[i + 1, t] > gain[i, t] else i)
    return np.array(path)


def _viterbi(gain, *, first=-np.inf, last=None, reach=1, sign=1, turn=True, none=-np.inf):
    """With a start at any token, an end at the best one, or steps over tokens."""
    gain = sign * gain
    n, m = gain.shape
    best = np.full((n, m), -np.inf)
    best[:, 0] = gain[:, 0] + np.where(np.arange(n) == 0, 0, first)
    best[1:, 0] = np.maximum(best[1:, 0], none)
    came = np.zeros((n, m), int)
    for t in range(1, m):
        for i in range(n):
            low = max(0, i - reach)
            came[i, t] = low + best[low : i + 1, t - 1].argmax()
            best[i, t] = gain[i, t] + best[came[i, t], t - 1]
    path = [n - 1 if last is None else int(best[:, -1].argmax())]
    for t in range(m - 1, 0, -1):
        path.append(came[path[-1], t])
    return np.array(path[::-1] if turn else path)


def path_free_start(gain):
    return _viterbi(gain, first=0)


def path_free_end(gain):
    return _viterbi(gain, last="best")


def path_free_ends(gain):
    return _viterbi(gain, first=0, last="best")


def path_skipping(gain):
    return _viterbi(gain, reach=99)


def path_of_cost(gain):
    return _viterbi(gain, sign=-1)


def path_finite(gain):
    return _viterbi(gain, none=-1e4)


def path_backwards(gain):
    return _viterbi(gain, turn=False)


def path_of_ruler(gain):
    n_tokens, n_frames = gain.shape
    return np.arange(n_frames) * n_tokens // n_frames


def path_from_one(gain):
    return path_by_sums(gain) + 1


def path_of_starts(gain):
    return np.unique(path_by_sums(gain), return_index=True)[1]


def path_of_lengths(gain):
    return np.bincount(path_by_sums(gain))


def path_of_steps(gain):
    return np.diff(path_by_sums(gain), prepend=0)


def path_as_map(gain):
    return np.eye(len(gain))[:, path_by_sums(gain)]


def path_in_place(gain):
    path = path_by_sums(gain)
    np.cumsum(gain, axis=1, out=gain)
    return path


def path_as_floats(gain):
    return path_by_sums(gain).astype(float)


RIGHT = {
    "patches": [patches_by_slices, patches_by_index, patches_by_transpose],
    "attention_rollout": [rollout_by_einsum, rollout_by_residual],
    "forward_path": [path_by_trying, path_by_sums, _viterbi],
}
WRONG = {
    "patches": {
        "reshape alone": patches_dealt,
        "patches column by column": _moved(3, 1, 0, 2, 4),
        "pixels column by column": _moved(1, 3, 0, 4, 2),
        "all transposed": _moved(3, 1, 0, 4, 2),
        "channels last": _moved(1, 3, 2, 4, 0),
        "channels outside": _moved(0, 1, 3, 2, 4),
        "one patch a channel": patches_a_channel,
        "every so many pixels": patches_strided,
        "overlapping": patches_sliding,
        "grid kept": patches_in_grid,
        "squares kept": patches_as_squares,
        "channels averaged": patches_grey,
        "last row first": patches_from_below,
        "numbers and patches swapped": patches_swapped,
        "in place": patches_in_place,
        "exception": patches_of_squares,
    },
    "attention_rollout": {
        "no identity": rollout_without_identity,
        "layers in the wrong order": rollout_from_the_right,
        "layers from the last": rollout_from_the_top,
        "rows not normalised": rollout_growing,
        "halved, not normalised": rollout_halved,
        "columns normalised": rollout_by_columns,
        "largest head": rollout_largest,
        "heads added up": rollout_summed,
        "first head only": rollout_first_head,
        "identity after the product": rollout_late_identity,
        "number by number": rollout_by_numbers,
        "no product": rollout_layers_alone,
        "last layer only": rollout_last,
        "heads kept apart": rollout_of_heads,
        "in place": rollout_in_place,
    },
    "forward_path": {
        "each frame by itself": path_of_looks,
        "best look, never back": path_of_highest,
        "greedy": path_greedy,
        "free start": path_free_start,
        "free end": path_free_end,
        "both ends free": path_free_ends,
        "tokens skipped": path_skipping,
        "least gain": path_of_cost,
        "finite in place of -∞": path_finite,
        "runs backwards": path_backwards,
        "ruler": path_of_ruler,
        "counted from 1": path_from_one,
        "starts": path_of_starts,
        "lengths": path_of_lengths,
        "steps instead of tokens": path_of_steps,
        "a mask": path_as_map,
        "in place": path_in_place,
        "no integers": path_as_floats,
    },
}
UNNAMED = {
    "patches": [
        (lambda x, p: 0 * patches_by_slices(x, p), ()),
        (lambda x, p: np.nan * patches_by_slices(x, p), ()),
        (lambda x, p: patches_by_slices(x, p)[..., ::-1], ()),
        (lambda x, p: patches_by_slices(x, p)[..., ::-1, :], ()),
        (lambda x, p: patches_by_slices(x, p) / 255, ()),
        (lambda x, p: np.sort(patches_by_slices(x, p), axis=-1), ()),
        (lambda x, p: _moved(3, 1, 2, 4, 0)(x, p), ()),
        (lambda x, p: patches_by_slices(x[..., ::-1], p), ()),
    ],
    "attention_rollout": [
        (lambda w: 0 * rollout_by_einsum(w), ()),
        (lambda w: np.nan * rollout_by_einsum(w), ()),
        (lambda w: rollout_by_einsum(w) ** 2, ()),
        (lambda w: np.broadcast_to(np.eye(w.shape[-1]), rollout_by_einsum(w).shape) + 0.0, ()),
        (lambda w: rollout_by_einsum(w)[..., ::-1], ()),
        (lambda w: _products(_shares(w.min(-3) + np.eye(w.shape[-1]))), ()),
        (lambda w: _products(_shares(w.mean(-3) + 9 * np.eye(w.shape[-1]))), ()),
        (rollout_of_batches, ()),
    ],
    "forward_path": [
        (lambda gain: np.zeros(gain.shape[1], int), ()),
        (lambda gain: np.full(gain.shape[1], np.nan), ()),
        (lambda gain: gain.argmin(axis=0), ()),
        (lambda gain: np.sort(gain.argmax(axis=0)), ()),
        (lambda gain: len(gain) - 1 - path_by_sums(gain), ()),
        (lambda gain: path_by_sums(gain[:, ::-1]), ()),
        (lambda gain: path_by_sums(np.abs(gain)), ()),
        (lambda gain: path_greedy(gain) * 2, ()),
        (lambda gain: gain[path_by_sums(gain), np.arange(gain.shape[1])], ()),
    ],
}
