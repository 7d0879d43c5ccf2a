"""Files of weights, written by others or by hand, read by us."""

from __future__ import annotations

import struct

import gguf
import numpy as np
import pytest

from attncourse.models.binary import read_ctranslate2, read_gguf

KINDS = gguf.GGMLQuantizationType


@pytest.fixture(scope="module")
def numbers():
    return np.random.default_rng(1706).normal(size=(3, 5, 64)).astype(np.float32)


@pytest.fixture(scope="module")
def written(tmp_path_factory, numbers):
    """A file by llama.cpp's own package: every kind of fact and of array."""
    path = tmp_path_factory.mktemp("gguf") / "small.gguf"
    file = gguf.GGUFWriter(path, "llama")
    file.add_uint32("a.whole", 7)
    file.add_float32("a.real", 0.5)
    file.add_bool("a.yes", True)
    file.add_string("a.word", "注意")
    file.add_array("a.words", ["Ġthe", "", "naïve"])
    file.add_array("a.numbers", [3, 1, -2])
    for kind in (KINDS.F32, KINDS.F16, KINDS.Q4_1, KINDS.Q8_0):
        blocks = gguf.quantize(numbers, kind)
        file.add_tensor(kind.name, blocks, raw_dtype=kind)
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()
    return path.read_bytes()


def test_facts(written):
    facts, _ = read_gguf(written)
    assert facts.pop("general.architecture") == "llama"
    assert facts == {
        "a.whole": 7,
        "a.real": 0.5,
        "a.yes": True,
        "a.word": "注意",
        "a.words": ["Ġthe", "", "naïve"],
        "a.numbers": [3, 1, -2],
    }


@pytest.mark.parametrize("kind", ["F32", "F16", "Q4_1", "Q8_0"])
def test_arrays_are_what_their_authors_make_of_them(written, numbers, kind):
    found = read_gguf(written)[1][kind]
    expected = gguf.dequantize(gguf.quantize(numbers, KINDS[kind]), KINDS[kind])
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, expected)
    rough = {"F32": 0, "F16": 1e-3, "Q4_1": 0.3, "Q8_0": 0.03}[kind]
    np.testing.assert_allclose(found, numbers, rtol=0, atol=rough * 4)


def test_another_file_is_refused(written):
    with pytest.raises(ValueError, match=r"expected a GGUF file of version 3, got b'PK"):
        read_gguf(b"PK\x03\x04" + written[4:])
    with pytest.raises(ValueError, match=r"expected a CTranslate2 model of version 6, got"):
        read_ctranslate2(struct.pack("<IH", 5, 0) + bytes(8))


def test_a_model_of_ctranslate2():
    halves, whole = np.array([[1.5, -2.0, 0.25]], "<f2"), np.array([6], "<i2")
    parts = [struct.pack("<I", 6), struct.pack("<H", 5) + b"Spec\0", struct.pack("<II", 3, 2)]
    for name, array, shape, code in ((b"w\0", halves, (1, 3), 4), (b"n\0", whole, (), 2)):
        parts += [struct.pack("<H", len(name)), name, struct.pack("<B", len(shape))]
        parts += [struct.pack("<I", size) for size in shape]
        parts += [struct.pack("<BI", code, array.nbytes), array.tobytes()]
    arrays = read_ctranslate2(b"".join(parts))
    assert arrays["w"].dtype == np.float32
    np.testing.assert_array_equal(arrays["w"], [[1.5, -2.0, 0.25]])
    assert int(arrays["n"]) == 6
