"""Classifiers of texts: words, perhaps read in order, then one vector by attention or by a mean."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import attncourse.pytorch as att
from attncourse.training.sequences import PAD


class AttentionPooling(nn.Module):
    r"""One vector from many: their average by weights that the vectors themselves decide.

    .. math:: S_j = \tanh(h_j U_a + b) \cdot v_a, \qquad o = \sum_j A_j h_j

    where A is the softmax of S. It is additive attention whose query never changes.

    Source: Yang et al. (2016), Hierarchical Attention Networks, equations 5 to 7.

    Parameters
    ----------
    d_memory
        Width of the vectors.
    d_hidden
        Width of the layer that scores them.
    """

    def __init__(self, d_memory: int, d_hidden: int = 64) -> None:
        super().__init__()
        self.w_key = nn.Parameter(torch.randn(d_memory, d_hidden) / d_memory**0.5)
        self.bias = nn.Parameter(torch.zeros(d_hidden))
        self.v = nn.Parameter(torch.randn(d_hidden) / d_hidden**0.5)

    def forward(
        self, states: Float[Tensor, "batch kv_len d"], mask: Bool[Tensor, "batch kv_len"]
    ) -> tuple[Float[Tensor, "batch d"], Float[Tensor, "batch kv_len"]]:
        """Average the states by their weights; give the weights, too."""
        scores = torch.tanh(states @ self.w_key + self.bias) @ self.v
        weights = att.softmax(scores, mask=mask)
        return (weights[:, None] @ states)[:, 0], weights


class MeanPooling(nn.Module):
    """One vector from many, without attention: each of them has the same weight.

    Source: Iyyer et al. (2015), Deep Unordered Composition Rivals Syntactic Methods.
    """

    def __init__(self, d_memory: int) -> None:
        super().__init__()

    def forward(
        self, states: Float[Tensor, "batch kv_len d"], mask: Bool[Tensor, "batch kv_len"]
    ) -> tuple[Float[Tensor, "batch d"], Float[Tensor, "batch kv_len"]]:
        """Average the states that are there."""
        weights = att.softmax(torch.zeros_like(states[..., 0]), mask=mask)
        return (weights[:, None] @ states)[:, 0], weights


class Reader(nn.Module):
    """Reads a sequence of vectors, in order if it has a recurrent layer, and makes one of them.

    Parameters
    ----------
    d_in
        Width of the vectors.
    d_state
        Width of a recurrent layer's state in each direction; 0 for no such layer, and then the
        order of the vectors makes no difference.
    pool
        :class:`AttentionPooling` or :class:`MeanPooling`.
    """

    def __init__(
        self, d_in: int, d_state: int, pool: type[AttentionPooling] | type[MeanPooling]
    ) -> None:
        super().__init__()
        self.layer = (
            nn.GRU(d_in, d_state, batch_first=True, bidirectional=True) if d_state else None
        )
        self.d_out = 2 * d_state or d_in
        self.pool = pool(self.d_out)

    def states(
        self, x: Float[Tensor, "batch seq d_in"], mask: Bool[Tensor, "batch seq"]
    ) -> Float[Tensor, "batch seq d_out"]:
        """Give what is pooled: the vectors themselves, or what the recurrent layer made of them."""
        if self.layer is None:
            return x
        # Packed, because the backward direction would otherwise start in the padding.
        packed = pack_padded_sequence(x, mask.sum(1).cpu(), batch_first=True, enforce_sorted=False)
        states, _ = pad_packed_sequence(
            self.layer(packed)[0], batch_first=True, total_length=x.shape[1]
        )
        return states

    def forward(
        self, x: Float[Tensor, "batch seq d_in"], mask: Bool[Tensor, "batch seq"]
    ) -> tuple[Float[Tensor, "batch d_out"], Float[Tensor, "batch seq"]]:
        """Give one vector for each sequence, and the weights that made it."""
        return self.pool(self.states(x, mask), mask)


class TextClassifier(nn.Module):
    """Says how likely a text belongs to the one of two classes.

    Source: Yang et al. (2016), Hierarchical Attention Networks, figure 2.

    Parameters
    ----------
    n_words
        Size of the vocabulary, with its PAD.
    pool
        :class:`AttentionPooling` or :class:`MeanPooling`.
    d_embed
        Width of the embeddings.
    d_state
        Width of the recurrent layers' states, 0 for none.
    levels
        1: a text is a row of words. 2: a text is several such rows, its sentences, each read to
        one vector, and these are read to one.
    dropout
        Share of the embeddings' numbers, and of the last vector's, that training leaves out.
    """

    def __init__(
        self,
        n_words: int,
        pool: type[AttentionPooling] | type[MeanPooling],
        *,
        d_embed: int = 64,
        d_state: int = 0,
        levels: int = 1,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.embed = nn.Embedding(n_words, d_embed, padding_idx=PAD)
        with torch.no_grad():
            self.embed.weight *= 0.1  # training soon outgrows a small start; a large one it keeps
        self.words = Reader(d_embed, d_state, pool)
        self.sentences = Reader(self.words.d_out, d_state, pool) if levels == 2 else None
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear((self.sentences or self.words).d_out, 1)

    def forward(self, text: Int[Tensor, "batch *sentences words"]) -> Float[Tensor, " batch"]:
        """Give one logit for each text: above 0 is the second class."""
        return self.look(text)[0]

    def look(
        self, text: Int[Tensor, "batch *sentences words"]
    ) -> tuple[Float[Tensor, " batch"], list[Any]]:
        """Give the logits, and the weights on words and, of two levels, on sentences."""
        if self.sentences is None:
            vector, weights = self.read(self.embed(text), text != PAD)
            return self.out(self.dropout(vector))[:, 0], [weights]
        there = (text != PAD).any(-1)
        rows = text[there]  # the sentences that are no padding
        vectors, on_words = self.read(self.embed(rows), rows != PAD)
        padded = vectors.new_zeros(*there.shape, vectors.shape[-1])
        padded[there] = vectors
        vector, on_sentences = self.sentences(padded, there)
        return self.out(self.dropout(vector))[:, 0], [on_words, on_sentences]

    def read(
        self, embedded: Float[Tensor, "batch words d_embed"], mask: Bool[Tensor, "batch words"]
    ) -> tuple[Float[Tensor, "batch d"], Float[Tensor, "batch words"]]:
        """Give one vector for each row of embedded words, and the weights that made it."""
        return self.words(self.dropout(embedded), mask)

    def loss(
        self, text: Int[Tensor, "batch *sentences words"], target: Float[Tensor, " batch"]
    ) -> Float[Tensor, ""]:
        """Average the cross-entropy; a target is 0 or 1."""
        return F.binary_cross_entropy_with_logits(self(text), target)
