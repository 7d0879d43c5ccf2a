"""Write down spoken digits: attention, one vector, and no decoder at all, over training time.

Three networks of equal size hear strings of digits in many voices. They differ in what stands
between what was heard and what is written. They are judged on voices that they have not heard:
over the length of the string, over noise, and with a second voice.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import attncourse.pytorch as att
from attncourse.experiments.core import Experiment, Trial
from attncourse.experiments.letters_to_sounds import kendall
from attncourse.experiments.spoken_digits import (
    DIGITS,
    HOP,
    N_MELS,
    STACKED,
    Sound,
    SoundBatches,
    Utterance,
    corpus,
    learned_from,
    stack,
    with_noise,
)
from attncourse.training import (
    END,
    PAD,
    AdditiveAttention,
    FixedVector,
    Seq2Seq,
    count_parameters,
    edit_distance,
    match_size,
    train,
)
from attncourse.training import seed as set_seed

D_IN = STACKED * N_MELS
N_LEARNED, BATCH = 3000, 16
LONG = (2, 4, 6, 8, 12, 16)
DECIBELS = (20, 10, 0)
KINDS = ("pink", "voice", "backwards")


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


def build(condition: str, seed: int = 0) -> Any:
    """Make one of the networks; no other is smaller than the one with attention."""
    d_state, d_decoder = 48, 80

    def spelling(memory: Any, wide: int, **options: Any) -> ListenAndSpell:
        set_seed(seed)
        return ListenAndSpell(memory, d_state=d_state, d_decoder=wide, **options)

    def spotting(wide: int) -> Spotter:
        set_seed(seed)
        return Spotter(wide)

    size = count_parameters(spelling(AdditiveAttention, d_decoder))
    if condition == "one vector":
        return spelling(FixedVector, match_size(lambda wide: spelling(FixedVector, wide), size))
    if condition == "no decoder":
        return spotting(match_size(spotting, size))
    return spelling(AdditiveAttention, d_decoder, convolutions="convolutions" in condition)


#: Conditions that learn from less: utterances, and speakers.
LESS = {
    "attention, 2 speakers": (N_LEARNED, 2),
    "attention, 8 speakers": (N_LEARNED, 8),
    "attention, an eighth": (N_LEARNED // 8, 999),
}


def learn(model: Any, condition: str, n_steps: int, seed: int = 0, label: str = "training") -> Any:
    """Train; each model of one seed hears the same in the same order."""
    pairs = learned_from(*LESS.get(condition, (N_LEARNED, 999)))
    return train(model, model.loss, SoundBatches(pairs, BATCH, seed), n_steps=n_steps, label=label)


def write(model: Any, frames: Sequence[Tensor], max_len: int = 24) -> list[tuple[str, Any]]:
    """What the network writes of each sound, and the weights of each digit on the states."""
    found: list[Any] = [None] * len(frames)
    ordered = sorted(range(len(frames)), key=lambda i: len(frames[i]))
    for first in range(0, len(ordered), 100):
        rows = ordered[first : first + 100]
        said, weights = model.generate(stack([frames[i] for i in rows]), max_len)
        for row, i in enumerate(rows):
            digits = "".join(DIGITS.decode(said[row].tolist()))
            kept = None if weights is None else weights[row, : len(digits), : len(frames[i]) // 2]
            found[i] = digits, None if kept is None else kept.numpy()
    return found


def rate(written: Sequence[str], said: Sequence[Utterance]) -> float:
    """Insertions, deletions and substitutions for each digit that was said."""
    errors = sum(edit_distance(w, u.digits) for w, u in zip(written, said, strict=True))
    return errors / sum(len(u.digits) for u in said)


@cache
def heard(kind: str, decibels: int) -> list[Tensor]:
    """What is heard of the held-out voices with a disturbance."""
    return with_noise(held_out(), decibels, kind)


def held_out() -> list[Utterance]:
    """Strings of the lengths that are learned, in voices that are not."""
    return corpus("test", 300)


def seconds(one: Utterance) -> float:
    """How long a state of the networks lasts."""
    return 2 * STACKED * HOP / one.rate


def bounds(one: Utterance) -> np.ndarray:
    """Where the digits begin, and the last ends: in seconds, as the synthesiser tells it."""
    return np.array([*one.starts, len(one.wave) / one.rate])


def in_place(places: np.ndarray, one: Utterance) -> np.ndarray:
    """Say of each digit's place, in seconds, whether that digit was being said there."""
    begins = bounds(one)
    return (begins[:-1] <= places) & (places < begins[1:])


def timed(
    written: Sequence[tuple[str, Any]], said: Sequence[Utterance]
) -> tuple[list[float], list[float], list[float]]:
    """Judge the looks of what was written rightly, digit by digit, and string by string.

    Whether the middle of the look was inside its digit; whether a place would be that divides the
    string evenly; and the order of the looks, from -1 to 1.
    """
    inside: list[float] = []
    evenly: list[float] = []
    order: list[float] = []
    for (digits, weights), one in zip(written, said, strict=True):
        if digits != one.digits or len(digits) < 2:
            continue
        middles = (np.arange(weights.shape[1]) + 0.5) * seconds(one)
        inside += in_place(weights @ middles, one).tolist()
        even = (np.arange(len(digits)) + 0.5) / len(digits) * bounds(one)[-1]
        evenly += in_place(even, one).tolist()
        order.append(kendall(weights))
    return inside, evenly, order


def measure(trial: Trial) -> dict[str, Any]:
    """Train one network, and let it write what voices say that it has not heard."""
    model = build(trial.condition, trial.seed)
    learn(model, trial.condition, trial.n_steps, trial.seed, str(trial))
    return judge(model)


def judge(model: Any) -> dict[str, Any]:
    """Count errors: as it is, over length, over noise; and look where it looked."""
    said = held_out()
    written = write(model, [one.frames for one in said])
    known = corpus("train", 150)
    found: dict[str, Any] = {
        "errors": rate([digits for digits, _ in written], said),
        "known voices": rate([d for d, _ in write(model, [u.frames for u in known])], known),
        "by length": {},
    }
    for kind in KINDS:
        each = {}
        for level in DECIBELS:
            each[str(level)] = rate([d for d, _ in write(model, heard(kind, level))], said)
        found[kind] = each
    for length in LONG:
        long = corpus("test", 40, (length,))
        digits = [d for d, _ in write(model, [u.frames for u in long])]
        found["by length"][str(length)] = rate(digits, long)
    if written[0][1] is not None:
        inside, evenly, order = timed(written, said)
        found["looks"] = {
            name: float(np.mean(each)) if each else None
            for name, each in (("inside", inside), ("evenly", evenly), ("order", order))
        }
    return found


EXPERIMENT = Experiment(
    __file__,
    budgets={
        "attention": (200, 600, 2000),
        "one vector": (200, 600, 2000),
        "no decoder": (200, 600, 2000),
        "attention, convolutions": (200, 600),
        "attention, 2 speakers": (200, 600),
        "attention, 8 speakers": (200, 600),
        "attention, an eighth": (200, 600),
    },
    seeds=(0, 1, 2),
    measure=measure,
)
