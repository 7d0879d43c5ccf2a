"""Networks that write down what they hear: with attention, with one vector, with no decoder."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import attncourse.pytorch as att
from attncourse.experiments.spoken_digits import DIGITS, N_MELS, STACKED, Sound
from attncourse.training import END, PAD, Seq2Seq

D_IN = STACKED * N_MELS


class Listener(nn.Module):
    """A pyramid: two recurrent layers in both directions, the second over pairs of states.

    Source: Chan et al. (2016), section 3.1, arXiv:1508.01211; theirs has a layer more, and LSTM
    cells.
    """

    def __init__(self, d_state: int, *, convolutions: bool = False) -> None:
        super().__init__()
        self.front = Front(d_state) if convolutions else None
        d_front = d_state if convolutions else D_IN
        self.lower = nn.LSTM(d_front, d_state, batch_first=True, bidirectional=True)
        self.upper = nn.LSTM(4 * d_state, d_state, batch_first=True, bidirectional=True)

    def forward(self, sound: Sound) -> tuple[Tensor, Tensor, Tensor]:
        """Give the states, (batch, seq / 2, 2 d_state), how many there are, and the last two."""
        frames, lengths = sound
        if self.front is not None:
            frames = self.front(frames)
        low, _ = _both_ways(self.lower, frames, lengths)
        pairs = low.reshape(len(low), -1, 2 * low.shape[-1])
        states, last = _both_ways(self.upper, pairs, lengths // 2)
        return states, lengths // 2, torch.cat([last[0], last[1]], dim=-1)


class Front(nn.Module):
    """Two convolutions over time, each of which halves it: a row for each STACKED frames."""

    def __init__(self, d_out: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(N_MELS, d_out, kernel_size=4, stride=2, padding=1)
        self.conv2 = nn.Conv1d(d_out, d_out, kernel_size=4, stride=2, padding=1)

    def forward(self, frames: Tensor) -> Tensor:
        """Take the rows apart into frames, and put them together again."""
        single = frames.reshape(len(frames), -1, N_MELS).mT
        return F.relu(self.conv2(F.relu(self.conv1(single)))).mT


def _both_ways(layer: nn.LSTM, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Run over each row as far as it goes."""
    packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    states, (last, _) = layer(packed)
    states, _ = nn.utils.rnn.pad_packed_sequence(states, batch_first=True, total_length=x.shape[1])
    return states, last


class ListenAndSpell(Seq2Seq):
    """The course's sequence-to-sequence model, which listens instead of reading.

    Source: Chan et al. (2016), Listen, Attend and Spell, arXiv:1508.01211.
    """

    def __init__(self, memory: Any, *, d_state: int, d_decoder: int, **options: Any) -> None:
        sizes = {"d_embed": 16, "d_encoder": d_state, "d_decoder": d_decoder}
        super().__init__(END + 1, len(DIGITS), memory, **sizes)
        del self.embed_in
        self.encoder = Listener(d_state, **options)  # pyrefly: ignore

    def encode(self, source: Any) -> tuple[Tensor, Any]:
        """Listen; give the decoder's first state and what it may read from."""
        states, lengths, summary = self.encoder(source)
        mask = att.padding_mask(lengths, states.shape[1])[:, 0]
        return torch.tanh(self.start(summary)), self.memory.remember(states, summary, mask)


class Spotter(nn.Module):
    """No decoder: each state names a digit or nothing, and repetitions count once.

    Source: Graves et al. (2006), Connectionist Temporal Classification, ICML.
    """

    def __init__(self, d_state: int) -> None:
        super().__init__()
        self.encoder = Listener(d_state)
        self.out = nn.Linear(2 * d_state, len(DIGITS))

    def loss(self, sound: Sound, target: Tensor) -> Tensor:
        """Add up the probability of every way to say the target; PAD is the blank."""
        states, lengths, _ = self.encoder(sound)
        log_p = F.log_softmax(self.out(states), dim=-1).transpose(0, 1)
        target = target.masked_fill(target == END, PAD)
        n = (target != PAD).sum(1)
        return F.ctc_loss(log_p, target, lengths, n, blank=PAD, zero_infinity=True)

    @torch.no_grad()
    def generate(self, sound: Sound, max_len: int) -> tuple[Tensor, Tensor]:
        """Take the likeliest at each state; give the digits, each with a row for when it came."""
        states, lengths, _ = self.encoder(sound)
        best = self.out(states).argmax(-1)
        best.masked_fill_(torch.arange(best.shape[1]) >= lengths[:, None], PAD)
        begins = (best != PAD) & (best != F.pad(best, (1, 0))[:, :-1])
        longest = int(begins.sum(1).max())
        said = torch.full((len(best), longest + 1), END)
        when = torch.zeros(len(best), longest + 1, best.shape[1])
        for row, where in enumerate(begins):
            places = where.nonzero()[:, 0]
            said[row, : len(places)] = best[row, places]
            when[row, range(len(places)), places] = 1
        return said, when


def share_of_attention(model: ListenAndSpell, n_rows: int, n_digits: int) -> float:
    """Say what attention's products are of all multiplications, for a sound and its digits."""
    lower, upper, memory = model.encoder.lower, model.encoder.upper, model.memory
    n_states = n_rows // 2
    listening = sum(
        8 * n * cell.hidden_size * (cell.input_size + cell.hidden_size)
        for n, cell in ((n_rows, lower), (n_states, upper))
    )
    d_state, d_memory = model.decoder.hidden_size, 2 * upper.hidden_size
    d_key = memory.v.numel()
    asking = n_states * d_memory * d_key + n_digits * (
        d_state * d_key + n_states * (d_key + d_memory)
    )
    spelling = 3 * d_state * (model.decoder.input_size + d_state) + model.out.weight.numel()
    return asking / (listening + asking + n_digits * spelling)


def share_in_whisper(model: Any, n_tokens: int) -> float:
    """Say what attention's products are of all multiplications in Whisper, without a cache's cost.

    Projections are not counted as attention's: a layer without attention would have some too.
    """
    n_frames, d_model = model.positions.shape
    blocks = len(model.encoder.blocks)
    products = blocks * 2 * d_model * (n_frames**2 + n_tokens * (n_frames + n_tokens))
    kernels = model.conv1.weight.numel() * 2 * n_frames + model.conv2.weight.numel() * n_frames
    projected = blocks * d_model**2 * (n_frames * (12 + 2) + n_tokens * 14)
    named = n_tokens * model.target.embedding.tokens.numel()
    return products / (products + kernels + projected + named)
