"""What the comparison of recognisers rests on: voices kept apart, equal sizes, sums over rows, looks against a clock."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from attncourse.data.espeak import Line
from attncourse.experiments import after_a_pause, hear, listening, spoken_digits, whisper_words
from attncourse.experiments import speech_recognition as short
from attncourse.experiments.spoken_digits import DIGITS, Sound, Utterance
from attncourse.training import END, PAD, count_parameters
from tests.speaking import speaks

RATE = 22_050


def utterance(digits: str, seconds: float, seed: int = 0, voice: str = "en-us+m1") -> Utterance:
    """A hum instead of speech, whose digits begin evenly."""
    wave = np.random.default_rng(seed).standard_normal(int(seconds * RATE)).astype(np.float32)
    starts = tuple(np.arange(len(digits)) / len(digits) * seconds)
    return Utterance(digits, Line("", voice), wave, starts, RATE)


@speaks
def test_no_speaker_and_no_family_is_in_two_parts():
    parts = [spoken_digits.cast(part) for part in ("train", "valid", "test")]
    families = [{spoken_digits.family(s) for s in part} for part in parts]
    for a, b in itertools.combinations(families, 2):
        assert a & b == set()
    assert sum(map(len, parts)) == len(set(itertools.chain(*parts)))
    for part, names in spoken_digits.HELD_OUT.items():
        assert {spoken_digits.family(s) for s in spoken_digits.cast(part)} == set(names)


@pytest.mark.parametrize(
    ("speaker", "family"),
    [
        ("m3", "m3"),
        ("steph2", "steph"),
        ("Mike", "mike"),
        ("mike2", "mike"),
        ("whisperf", "whisper"),
    ],
)
def test_a_family_is_named(speaker, family):
    assert spoken_digits.family(speaker) == family


def test_frames_come_in_pairs_of_rows_and_louder_is_more():
    soft, loud = (spoken_digits.listen(k * utterance("1", 0.7).wave, RATE) for k in (1, 10))
    assert soft.shape[0] % 2 == 0
    assert soft.shape[1] == listening.D_IN
    assert (loud - soft)[:-2].mean().item() == pytest.approx(2, abs=0.05)  # 20 decibels


def test_a_disturbance_is_as_loud_as_asked_and_backwards_is_backwards():
    said = [utterance("12", 1.0, 1), utterance("3", 1.0, 2), utterance("4", 1.5, 3, "en-us+f2")]
    for kind in ("pink", "voice", "backwards"):
        added = spoken_digits.disturbed(said, 0, 10, kind) - said[0].wave
        assert (added**2).mean() == pytest.approx(0.1, rel=0.01)
    voice, back = (spoken_digits.disturbed(said, 0, 0, k) - said[0].wave for k in short.KINDS[1:])
    theirs = said[2].wave  # the next one of another family
    assert np.corrcoef(voice, theirs[: len(voice)])[0, 1] > 0.99
    assert np.corrcoef(back, theirs[::-1][: len(back)])[0, 1] > 0.99


def test_pink_noise_has_the_same_power_in_each_octave():
    power = np.abs(np.fft.rfft(spoken_digits.pink(2**16, 3))) ** 2
    octaves = [power[2**k : 2 ** (k + 1)].sum() for k in range(8, 15)]
    assert max(octaves) < 1.5 * min(octaves)


def test_batches_hold_the_right_sounds_and_digits():
    pairs = [(torch.full((2 * n, listening.D_IN), float(n)), str(n) * n) for n in range(1, 8)]
    seen = {}
    for sound, target in spoken_digits.SoundBatches(pairs, 3, seed=0):
        for frames, n_rows, row in zip(*sound, target, strict=True):
            n = int(frames[0, 0])
            assert n_rows == 2 * n
            assert not frames[n_rows:].any()
            seen[n] = "".join(DIGITS.decode(row.tolist()))
    assert seen == {n: str(n) * n for n in range(1, 8)}


@pytest.mark.parametrize("condition", ["one vector", "no decoder"])
def test_no_network_is_smaller_than_the_one_with_attention(condition):
    size = count_parameters(short.build("attention"))
    assert size <= count_parameters(short.build(condition)) < 1.03 * size


@pytest.mark.parametrize("condition", ["attention", "one vector", "no decoder"])
def test_what_fills_up_a_batch_is_not_heard(condition):
    network = short.build(condition).eval()
    a, b = (utterance("1", seconds).frames for seconds in (0.6, 1.4))
    alone = network.encoder(spoken_digits.stack([a]))[0]
    beside = network.encoder(spoken_digits.stack([a, b]))[0]
    torch.testing.assert_close(alone[0], beside[0, : alone.shape[1]])
    ((digits, _), _), ((same, _),) = short.write(network, [a, b], 5), short.write(network, [a], 5)
    assert digits == same


def test_attention_looks_at_nothing_behind_the_sound():
    network = short.build("attention").eval()
    sound = spoken_digits.stack([utterance("1", s).frames for s in (0.6, 1.4)])
    _, weights = network.generate(sound, 4)
    assert not weights[0, :, sound.lengths[0] // 2 :].any()
    torch.testing.assert_close(weights.sum(-1), torch.ones(weights.shape[:2]))


class Rows(torch.nn.Module):
    """States that name what they are told to."""

    def __init__(self, rows: list[list[int]]) -> None:
        super().__init__()
        self.rows = torch.tensor(rows)

    def forward(self, sound: Sound):
        states = 20.0 * torch.nn.functional.one_hot(self.rows, len(DIGITS))
        return states, sound.lengths, None


def spotter(rows: list[list[int]]) -> tuple[listening.Spotter, Sound]:
    network = listening.Spotter(4)
    network.encoder, network.out = Rows(rows), torch.nn.Identity()
    return network, Sound(
        torch.zeros(len(rows), len(rows[0]), 1), torch.tensor([6, 4][: len(rows)])
    )


def test_without_a_decoder_equal_neighbours_count_once_and_a_blank_parts_them():
    seven, three = DIGITS.encode("73")
    rows = [[seven, seven, PAD, seven, three, three], [PAD, three, PAD, PAD, seven, seven]]
    network, sound = spotter(rows)
    said, when = network.generate(sound, 9)
    written = ["".join(DIGITS.decode(row.tolist())) for row in said]
    assert written == ["773", "3"]  # the second sound has four states
    assert when[0].argmax(-1).tolist()[:3] == [0, 3, 4]


def test_the_loss_without_a_decoder_is_that_of_all_rows_that_read_so():
    """By brute force over all rows of four states."""
    network = short.build("no decoder")
    sound = Sound(torch.randn(1, 8, listening.D_IN), torch.tensor([8]))
    target = torch.tensor([[*DIGITS.encode("77"), END]])
    states, _, _ = network.encoder(sound)
    p = network.out(states)[0].softmax(-1).detach()
    seven = DIGITS.encode("7")[0]
    whole = 0.0
    for row in itertools.product([PAD, seven], repeat=4):  # no other symbol reads as 77
        kept = [s for s, before in zip(row, (PAD, *row), strict=False) if s not in (PAD, before)]
        if kept == [seven, seven]:
            whole += np.prod([p[j, s].item() for j, s in enumerate(row)])
    # PyTorch divides by the length of the target.
    assert network.loss(sound, target).item() == pytest.approx(-np.log(whole) / 2, rel=1e-4)


def test_a_look_is_held_against_the_clock():
    one = utterance("12", 2.0)  # the second begins at 1.0
    n = len(one.frames) // 2
    middles = (np.arange(n) + 0.5) * short.seconds(one)
    weights = np.zeros((2, n))
    weights[0, np.abs(middles - 0.4).argmin()] = 1
    weights[1, np.abs(middles - 0.9).argmin()] = 1  # too early
    inside, evenly, order = short.timed([("12", weights)], [one])
    assert inside == [True, False]
    assert evenly == [True, True]
    assert order == [1.0]
    assert short.timed([("13", weights)], [one]) == ([], [], [])


def test_errors_are_counted_for_each_digit_that_was_said():
    assert short.rate(["12", "3"], [utterance("12", 0.5), utterance("34", 0.5)]) == 1 / 4


def test_fewer_speakers_are_fewer_and_known(monkeypatch):
    asked = []
    monkeypatch.setattr(short, "learned_from", lambda *given: asked.append(given) or [])
    monkeypatch.setattr(short, "train", lambda *_, **__: None)
    model = short.build("attention")
    for condition in ("attention", *short.LESS):
        short.learn(model, condition, 1)
    assert asked == [(3000, 999), (3000, 2), (3000, 8), (375, 999)]
    assert set(short.LESS) < set(short.EXPERIMENT.budgets)


@pytest.mark.parametrize("condition", ["attention", "no decoder"])
def test_a_few_steps_learn_a_few_hums(condition):
    """Two sounds that differ by loudness in time: written rightly after a minute part of a run."""
    loud, soft = torch.ones(8, listening.D_IN), -torch.ones(8, listening.D_IN)
    pairs = [(torch.cat([loud, soft]), "1"), (torch.cat([soft, loud]), "2")] * 8
    network = short.build(condition)
    batches = spoken_digits.SoundBatches(pairs, 8, seed=0)
    short.train(network, network.loss, batches, n_steps=60, label="test")
    assert [w for w, _ in short.write(network, [x for x, _ in pairs[:2]])] == ["1", "2"]


def test_the_path_never_goes_back_and_takes_the_most():
    gain = np.array([[3.0, 0, 2, 0, 0], [0, 2, 0.5, 0, 0], [0, 0, 0, 1, 1]])
    assert whisper_words.forward_path(gain).tolist() == [0, 1, 1, 2, 2]
    draw = np.random.default_rng(0).standard_normal((3, 6))
    path = whisper_words.forward_path(draw)
    ways = [
        w
        for w in itertools.product(range(3), repeat=6)
        if w[0] == 0 and w[-1] == 2 and set(np.diff(w)) <= {0, 1}
    ]
    best = max(ways, key=lambda w: sum(draw[w[t], t] for t in range(6)))
    assert path.tolist() == list(best)


def test_sound_after_a_pause_is_found():
    wave = torch.zeros(32_000)
    wave[4_000:8_000] = 0.5
    wave[9_600:12_000] = 0.5  # after a tenth of a second: no pause
    wave[28_800:29_120] = 0.5  # a click of 20 milliseconds: no word
    wave[20_000:24_000] = 0.5
    np.testing.assert_allclose(whisper_words.onsets(wave), [0.25, 1.25], atol=0.011)


def test_a_wave_at_another_rate_keeps_its_pitch():
    wave = np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)
    heard = whisper_words.to_whisper(wave, RATE).numpy()
    assert len(heard) == whisper_words.RATE
    assert np.abs(np.fft.rfft(heard)).argmax() == 440


def test_a_piece_has_a_margin_and_stays_inside():
    wave = torch.arange(16_000.0)
    assert whisper_words.between(wave, 0.5, 0.6, 0.1)[0] == 0.4 * 16_000
    assert len(whisper_words.between(wave, 0.0, 0.5, 0.1)) == 0.6 * 16_000


def test_a_player_is_small_and_says_what_one_hears():
    wave = np.sin(np.arange(32_000) / 10)
    shown = hear.players({"A <tone>": (wave, 16_000)}).data
    assert "A &lt;tone&gt;" in shown
    assert "http" not in shown
    assert len(shown) < 12_000
    assert len(hear.mp3(wave, 16_000)) > 4_000


def test_the_share_of_attention_grows_with_length():
    network = short.build("attention")
    shares = [listening.share_of_attention(network, n, n // 8) for n in (40, 400)]
    assert 0 < shares[0] < shares[1] < 1


def test_the_share_of_attention_in_whisper_falls_with_its_width():
    shares = [listening.share_in_whisper(size, 20) for size in listening.WHISPERS]
    assert shares == sorted(shares, reverse=True)
    # In the encoder's layers it is n / (n + 7 d); the decoder and the convolutions add a little.
    for (_, wide), share in zip(listening.WHISPERS.values(), shares, strict=True):
        assert 0.9 < share / (1500 / (1500 + 7 * wide)) < 1


def test_projections_to_queries_and_keys_are_not_attentions_products():
    # With them it would be 3.6 %; six rows of 22 scores and the means are 0.4 %.
    assert 0.003 < listening.share_of_attention(short.build("attention"), 44, 6) < 0.005


def test_a_pause_moves_what_follows_and_is_in_no_digit():
    one = utterance("1234", 2.0)
    longer = after_a_pause.paused(one, 0.6)
    begins, ends = after_a_pause.spans(longer, 0.6)
    np.testing.assert_allclose(begins, [0, 0.5, 1.6, 2.1])
    np.testing.assert_allclose(ends, [0.5, 1.0, 2.1, 2.6], atol=1e-4)
    assert not longer.wave[int(1.05 * RATE) : int(1.55 * RATE)].any()
    assert longer.wave[int(1.65 * RATE) : int(2.55 * RATE)].all()


def test_a_look_into_the_pause_is_in_no_digit():
    one = after_a_pause.paused(utterance("12", 1.0), 0.6)  # 0 to 0.5 and 1.1 to 1.6 seconds
    middles = (np.arange(len(one.frames) // 2) + 0.5) * short.seconds(one)
    weights = np.zeros((2, len(middles)))
    weights[0, np.abs(middles - 0.8).argmin()] = 1
    weights[1, np.abs(middles - 1.3).argmin()] = 1
    found = after_a_pause.looked([("12", weights)], [one], 0.6)
    assert found == {"digits": 2, "inside": 0.5, "evenly": 1.0}
    assert after_a_pause.looked([("1", weights)], [one], 0.6)["inside"] is None


@speaks
def test_without_a_pause_the_two_clocks_agree():
    said = [one for one in short.held_out() if len(one.digits) > 1][:20]
    even = [(u.digits, np.ones((len(u.digits), len(u.frames) // 2)) / 9) for u in said]
    (inside, evenly, _), again = short.timed(even, said), after_a_pause.looked(even, said, 0.0)
    assert (again["inside"], again["evenly"]) == (np.mean(inside), np.mean(evenly))
