"""Executing a notebook loses nothing that a cell shows, on a busy machine either."""

from __future__ import annotations

import asyncio
import sys

import nbformat
import pytest
from jupyter_client.channels import AsyncZMQSocketChannel

from tests.site.conftest import ROOT

sys.path.insert(0, str(ROOT / "book" / "site"))
from execute import run_one


@pytest.fixture
def late(monkeypatch):
    """What a cell prints reaches us later than nbclient waits for it by default."""
    on_time = AsyncZMQSocketChannel.get_msg

    async def get_msg(self, *args, **kwargs):
        message = await on_time(self, *args, **kwargs)
        if message["header"]["msg_type"] == "stream":
            await asyncio.sleep(6)
        return message

    monkeypatch.setattr(AsyncZMQSocketChannel, "get_msg", get_msg)


def run(tmp_path, source, timeout):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    return run_one("page", tmp_path / "page.ipynb", notebook, timeout), notebook.cells[0]


def test_what_comes_late_is_kept(late, tmp_path):
    told, cell = run(tmp_path, "print('shown')", timeout=60)
    assert told.error == ""
    assert cell.outputs[0].text == "shown\n"


def test_what_does_not_come_is_an_error(late, tmp_path):
    told, _ = run(tmp_path, "print('shown')", timeout=3)
    assert "IOPub" in told.error
