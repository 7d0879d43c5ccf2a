"""A sequence-to-sequence model, and the two memories that its decoder may read from."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import attncourse.pytorch as att
from attncourse.training.sequences import END, PAD, START


class FixedVector(nn.Module):
    """The memory is one vector, of the same size for an input of any length."""

    def __init__(self, d_state: int, d_memory: int) -> None:
        super().__init__()

    def remember(
        self,
        states: Float[Tensor, "batch kv_len d_memory"],
        summary: Float[Tensor, "batch d_memory"],
        mask: Bool[Tensor, "batch 1 kv_len"],
    ) -> Any:
        """Keep the encoder's last word on the input, and drop the rest."""
        return summary

    def forward(
        self, state: Float[Tensor, "batch d_state"], memory: Any
    ) -> tuple[Float[Tensor, "batch d_memory"], None]:
        """Give the same context at every step, whatever the decoder is about to say."""
        return memory, None


class AdditiveAttention(nn.Module):
    r"""The memory is one vector for each input symbol, and each step looks back at all of them.

    .. math:: S_{tj} = \tanh(s_{t-1} W_a + h_j U_a) \cdot v_a, \qquad
        A_t = \text{softmax}(S_t), \qquad c_t = \sum_j A_{tj} h_j

    where s is the decoder's state and h are the encoder's. Source: Bahdanau et al. (2015),
    section 3.1 and appendix A.1.2, arXiv:1409.0473.
    """

    def __init__(self, d_state: int, d_memory: int, d_hidden: int = 64) -> None:
        super().__init__()
        self.w_query = nn.Parameter(torch.randn(d_state, d_hidden) / d_state**0.5)
        self.w_key = nn.Parameter(torch.randn(d_memory, d_hidden) / d_memory**0.5)
        self.v = nn.Parameter(torch.randn(d_hidden) / d_hidden**0.5)

    def remember(
        self,
        states: Float[Tensor, "batch kv_len d_memory"],
        summary: Float[Tensor, "batch d_memory"],
        mask: Bool[Tensor, "batch 1 kv_len"],
    ) -> Any:
        """Keep every state. The keys are the same at every step, so project them once."""
        return states, states @ self.w_key, mask

    def forward(
        self, state: Float[Tensor, "batch d_state"], memory: Any
    ) -> tuple[Float[Tensor, "batch d_memory"], Float[Tensor, "batch kv_len"]]:
        """Score every state against the decoder's, and average them by the weights."""
        states, keys, mask = memory
        query = (state @ self.w_query)[:, None, :]
        scores = torch.tanh(query + keys) @ self.v
        weights = att.softmax(scores[:, None, :], mask=mask)
        return (weights @ states)[:, 0], weights[:, 0]


class Seq2Seq(nn.Module):
    """A bidirectional recurrent encoder, a recurrent decoder, and a memory between them.

    Source: Bahdanau et al. (2015), arXiv:1409.0473; without attention, Cho et al. (2014),
    arXiv:1406.1078, whose decoder also sees the summary at every step. The output layer here is one
    linear map, where theirs has a hidden layer of maxout units.

    Parameters
    ----------
    n_in, n_out
        Sizes of the two vocabularies, with their PAD, START and END.
    memory
        :class:`FixedVector` or :class:`AdditiveAttention`. Nothing else differs.
    d_embed
        Width of the embeddings.
    d_encoder
        Width of the encoder's state in each direction; a memory vector has twice as many numbers.
    d_decoder
        Width of the decoder's state.
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        memory: type[FixedVector] | type[AdditiveAttention],
        *,
        d_embed: int,
        d_encoder: int,
        d_decoder: int,
    ) -> None:
        super().__init__()
        d_memory = 2 * d_encoder
        self.embed_in = nn.Embedding(n_in, d_embed, padding_idx=PAD)
        self.embed_out = nn.Embedding(n_out, d_embed)
        self.encoder = nn.GRU(d_embed, d_encoder, batch_first=True, bidirectional=True)
        self.start = nn.Linear(d_memory, d_decoder)
        self.memory = memory(d_decoder, d_memory)
        self.decoder = nn.GRUCell(d_embed + d_memory, d_decoder)
        self.out = nn.Linear(d_decoder + d_memory, n_out)

    def encode(
        self, source: Int[Tensor, "batch kv_len"]
    ) -> tuple[Float[Tensor, "batch d_decoder"], Any]:
        """Read the input; give the decoder's first state and what it may read from."""
        lengths = (source != PAD).sum(1)
        if int(lengths.min()) == 0:
            raise ValueError("source: expected at least one symbol in each row, got an empty row")
        # Packed, because the backward direction would otherwise start in the padding.
        packed = pack_padded_sequence(
            self.embed_in(source), lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        states, last = self.encoder(packed)
        states, _ = pad_packed_sequence(states, batch_first=True, total_length=source.shape[1])
        summary = torch.cat([last[0], last[1]], dim=-1)
        mask = att.padding_mask(lengths, source.shape[1])[:, 0]
        return torch.tanh(self.start(summary)), self.memory.remember(states, summary, mask)

    def step(
        self, previous: Int[Tensor, " batch"], state: Float[Tensor, "batch d_decoder"], memory: Any
    ) -> tuple[Float[Tensor, "batch n_out"], Float[Tensor, "batch d_decoder"], Any]:
        """Say the next symbol: look at the memory, update the state, score every symbol."""
        context, weights = self.memory(state, memory)
        state = self.decoder(torch.cat([self.embed_out(previous), context], dim=-1), state)
        return self.out(torch.cat([state, context], dim=-1)), state, weights

    def forward(
        self, source: Int[Tensor, "batch kv_len"], target: Int[Tensor, "batch q_len"]
    ) -> Float[Tensor, "batch q_len n_out"]:
        """Give the logits of each target symbol, told the right symbols before it."""
        state, memory = self.encode(source)
        previous = torch.cat([torch.full_like(target[:, :1], START), target[:, :-1]], dim=1)
        logits = []
        for t in range(target.shape[1]):
            scores, state, _ = self.step(previous[:, t], state, memory)
            logits.append(scores)
        return torch.stack(logits, dim=1)

    def loss(
        self, source: Int[Tensor, "batch kv_len"], target: Int[Tensor, "batch q_len"]
    ) -> Float[Tensor, ""]:
        """Average the cross-entropy over all target symbols that are not padding."""
        logits = self(source, target)
        return F.cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=PAD)

    @torch.no_grad()
    def generate(
        self, source: Int[Tensor, "batch kv_len"], max_len: int
    ) -> tuple[Int[Tensor, "batch q_len"], Float[Tensor, "batch q_len kv_len"] | None]:
        """Say the likeliest symbol at each step, until every row has said END or ``max_len``.

        Returns
        -------
        symbols, weights
            What stands in a row after its first END means nothing. Without attention, no weights.
        """
        state, memory = self.encode(source)
        said = torch.full(state.shape[:1], START, device=state.device)
        symbols, maps = [], []
        while len(symbols) < max_len and not _all_ended(symbols):
            logits, state, weights = self.step(said, state, memory)
            said = logits.argmax(dim=-1)
            symbols.append(said)
            maps.append(weights)
        looked = None if maps[0] is None else torch.stack(maps, dim=1)
        return torch.stack(symbols, dim=1), looked


def _all_ended(symbols: list[Tensor]) -> bool:
    return bool(symbols) and bool((torch.stack(symbols) == END).any(dim=0).all())
