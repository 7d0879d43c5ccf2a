"""Sound in a page: a few kilobytes of MP3 with a player and a line that says what one hears."""

from __future__ import annotations

import base64
import html
import io

import av
import numpy as np
from IPython.display import HTML


def mp3(wave: np.ndarray, rate: int, bit_rate: int = 16_000) -> bytes:
    """Compress samples; the loudest becomes nine tenths of the loudest there can be."""
    level = 0.9 * 32767 / max(float(np.abs(wave).max()), 1e-9)
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp3") as file:
        stream = file.add_stream("mp3", rate=rate, layout="mono")
        stream.bit_rate = bit_rate
        frame = av.AudioFrame.from_ndarray(
            (level * wave).astype(np.int16)[None], format="s16p", layout="mono"
        )
        frame.sample_rate = rate
        for packet in (*stream.encode(frame), *stream.encode(None)):
            file.mux(packet)
    return buffer.getvalue()


def players(sounds: dict[str, tuple[np.ndarray, int]]) -> HTML:
    """Show a player for each sound, with its name, which is what one hears."""
    rows = []
    for name, (wave, rate) in sounds.items():
        told = html.escape(name, quote=True)
        coded = base64.b64encode(mp3(np.asarray(wave), rate)).decode()
        rows.append(
            f'<figure style="margin:0.6rem 0"><figcaption>{told}</figcaption><audio controls '
            f'preload="metadata" aria-label="{told}" style="width:100%;max-width:26rem" '
            f'src="data:audio/mpeg;base64,{coded}"></audio></figure>'
        )
    return HTML("".join(rows))
