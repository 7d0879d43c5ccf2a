"""Networks that are kept: what is written is read, what rounding may cost, and what damage says."""

from __future__ import annotations

import doctest
import importlib
import json
import pkgutil

import numpy as np
import pytest
import safetensors.numpy

from attncourse import trained

MODULES = [
    trained,
    *(importlib.import_module(found.name)
      for found in pkgutil.walk_packages(trained.__path__, trained.__name__ + ".")),
]  # fmt: skip
KEPT = sorted(path.stem for path in trained.path("x").parent.glob("*.safetensors"))


def some(rng) -> dict[str, np.ndarray]:
    """Rows of very different size, one of zeros among them, and a vector."""
    rows = rng.normal(size=(5, 7)) * 10.0 ** np.arange(-3, 2)[:, None]
    rows[2] = 0
    return {"one": rows, "two": rng.normal(size=(3, 4)), "bias": rng.normal(size=6)}


def test_examples_run():
    failed, tried = map(sum, zip(*(doctest.testmod(module) for module in MODULES), strict=True))
    assert (failed, tried > 10) == (0, True)


def test_a_number_is_off_by_half_a_step_of_its_row_at_most():
    given = some(np.random.default_rng(0))
    back = trained.restored(trained.rounded(given))
    assert set(back) == set(given)
    for name in ("one", "two"):
        step = np.abs(given[name]).max(axis=1, keepdims=True) / 127
        assert back[name].dtype == np.float64
        assert (np.abs(back[name] - given[name]) <= step * (0.5 + 1e-6)).all()
        largest = np.abs(given[name]).max(axis=1)
        np.testing.assert_allclose(np.abs(back[name]).max(axis=1), largest, rtol=1e-6)
    np.testing.assert_array_equal(back["bias"], given["bias"].astype(np.float32))
    assert not back["one"][2].any()


def test_the_same_network_gives_the_same_bytes_and_any_reader_reads_them(tmp_path):
    arrays = trained.rounded(some(np.random.default_rng(1)))
    data = trained.pack(arrays, {"seed": 3, "sounds": ["ə"]})
    assert data == trained.pack(dict(reversed(arrays.items())), {"seed": 3, "sounds": ["ə"]})
    back, record = trained.unpack(data)
    outside = safetensors.numpy.load(data)
    assert set(back) == set(outside) == set(arrays)
    for name, array in arrays.items():
        for found in (back[name], outside[name]):
            assert found.dtype == array.dtype
            np.testing.assert_array_equal(found, array)
    assert record == {"seed": 3, "sounds": ["ə"]}
    # Numbers of four bytes stand where a view of four bytes may begin.
    start = len(data) - sum(array.nbytes for array in arrays.values())
    assert start % 8 == 0
    for name, entry in json.loads(data[8:start]).items():
        if name != "__metadata__":
            assert entry["data_offsets"][0] % arrays[name].itemsize == 0, name


@pytest.mark.parametrize(
    "spoil",
    [lambda d: d[:-1], lambda d: d + b"0", lambda d: b"", lambda d: d[3:], lambda d: b"<!doctype html>" + d],
)  # fmt: skip
def test_damage_is_said(spoil):
    data = trained.pack(trained.rounded(some(np.random.default_rng(2))), {})
    with pytest.raises(trained.DamagedFile, match=r"^expected"):
        trained.unpack(spoil(data))


def test_what_cannot_be_kept_is_refused():
    with pytest.raises(
        ValueError, match=r"cube: expected a matrix or a vector, got shape \(2, 3, 4"
    ):
        trained.rounded({"cube": np.zeros((2, 3, 4))})
    with pytest.raises(ValueError, match="w: expected int8 or float32, got float64"):
        trained.pack({"w": np.zeros(2)}, {})


@pytest.mark.parametrize("name", KEPT)
def test_what_is_kept_says_where_it_comes_from(name):
    record = trained.load(name).record
    assert record["command"] == f"make trained ONLY={name}"
    for needed in ("definition", "seed", "n_steps", "torch", "numpy", "date", "held out"):
        assert needed in record, f"{name}: does not say {needed}"
