"""Speech: a clip to listen to, and what Whisper reads instead of a wave."""

from __future__ import annotations

import io
import wave

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from attncourse.models.archives import SPEECH, contents

RATE = 16_000  # samples a second
SECONDS = 30
_CLIP = "moonshine_voice/assets/beckett.wav"
_WINDOW, _HOP = 400, 160  # samples: 25 and 10 milliseconds


def load_speech() -> tuple[Float[Tensor, " n_samples"], int]:
    """Load ten seconds of English speech.

    Source: Moonshine AI (2026), Moonshine Voice, https://github.com/moonshine-ai/moonshine.

    Returns
    -------
    samples : tensor
        From -1 to 1.
    rate : int
        16,000 samples a second.

    Raises
    ------
    DataError
        The clip is neither in the cache nor to be had; the message says what to do.

    Notes
    -----
    Licence: MIT. Archive: ``moonshine-voice==0.1.5``, the wheel for Linux on x86-64 (which is only
    read, on any machine), 19.9 MB, SHA-256
    1ed9e0ccf94be4845d69e7fa862dcf4c8b5801a758796966494c694f48184496.

    Examples
    --------
    >>> samples, rate = load_speech()  # doctest: +SKIP
    >>> round(len(samples) / rate, 1)  # doctest: +SKIP
    10.0
    """
    (data,) = contents(SPEECH, _CLIP)
    with wave.open(io.BytesIO(data)) as clip:
        rate = clip.getframerate()
        whole = np.frombuffer(clip.readframes(clip.getnframes()), "<i2")
    return torch.from_numpy(whole.astype(np.float32) / 2**15), rate


def log_mel(
    samples: Float[Tensor, "*batch n_samples"], n_mels: int = 80
) -> Float[Tensor, "*batch n_mels n_frames"]:
    r"""Give the loudness of each pitch over time, as Whisper wants it: 3,000 frames for 30 seconds.

    .. math:: y = \frac{\max(z, \, \max z - 8) + 4}{4}, \qquad
        z = \log_{10} \bigl(M \, |\text{STFT}(x)|^2\bigr)

    where :math:`x` is the wave, filled up with silence, and :math:`M` are triangles that
    overlap, evenly spaced on the mel scale and of the same area. A frame is 10 milliseconds.

    Source: Radford et al. (2022), section 2.2, arXiv:2212.04356. The mel scale: Slaney (1998),
    Auditory Toolbox, https://engineering.purdue.edu/~malcolm/interval/1998-010/.

    Parameters
    ----------
    samples : tensor
        16,000 a second, up to 30 seconds of them.
    n_mels : int
        How many pitches there are.

    Examples
    --------
    >>> import torch
    >>> log_mel(torch.zeros(16_000)).shape
    torch.Size([80, 3000])
    """
    n_samples = samples.shape[-1]
    if n_samples > SECONDS * RATE:
        raise ValueError(
            f"samples: expected at most {SECONDS} seconds ({SECONDS * RATE} samples), "
            f"got {n_samples}."
        )
    filled = torch.nn.functional.pad(samples, (0, SECONDS * RATE - n_samples))
    window = torch.hann_window(_WINDOW, device=samples.device)
    waves = torch.stft(filled, _WINDOW, _HOP, window=window, return_complex=True)
    power = waves[..., :-1].abs() ** 2
    loud = (mel_filters(n_mels, _WINDOW, RATE).to(power) @ power).clamp(min=1e-10).log10()
    loud = torch.maximum(loud, loud.amax((-2, -1), keepdim=True) - 8)
    return (loud + 4) / 4


def mel_filters(n_mels: int, window: int, rate: int) -> Float[Tensor, "n_mels n_frequencies"]:
    """Triangles on the mel scale: even below 1,000 Hz, logarithmic above."""
    linear, step = 200 / 3, np.log(6.4) / 27  # Hz a mel below, and log(Hz) a mel above
    mels = np.linspace(0, 15 + np.log(rate / 2 / 1000) / step, n_mels + 2)
    corners = np.where(mels < 15, mels * linear, 1000 * np.exp((mels - 15) * step))
    frequencies = np.linspace(0, rate / 2, window // 2 + 1)
    low, middle, high = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    rising, falling = (frequencies - low) / (middle - low), (high - frequencies) / (high - middle)
    triangles = np.maximum(0, np.minimum(rising, falling))
    return torch.from_numpy(2 / (high - low) * triangles)
