"""Choosing tokens, generating texts and searching for the best, against all that there are."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import attncourse.pytorch as att
import attncourse.reference as ref
from tests.cases import transformer as cases

rng = np.random.default_rng(7)
N = 4  # tokens of the small languages below
#: Logits of the next token after any two: a language that looks two tokens back.
AFTER = 2 * rng.normal(size=(N, N, N))
LOGITS = arrays.arrays(
    float, st.integers(1, 9), elements=st.sampled_from([-3.0, -1.0, 0.0, 0.5, 1.0, 4.0, 50.0])
)


def step(tokens, state):
    before = tokens[:, -2] if tokens.shape[1] > 1 else tokens[:, -1]
    return AFTER[before, tokens[:, -1]], state


def log_p(text, begun, stop=None):
    """Add up the log-probabilities of what was added, up to its end; and count it."""
    total, n = 0.0, 0
    for t in range(begun, len(text)):
        logits = AFTER[text[max(t - 2, 0)], text[t - 1]]
        total += logits[text[t]] - math.log(sum(math.exp(z) for z in logits))
        n += 1
        if text[t] == stop:
            break
    return total, n


def score(text, begun, stop, alpha):
    total, n = log_p(text, begun, stop)
    return total / ((5 + n) / 6) ** alpha


def texts(begun, n_new, stop):
    """Every text there is: what comes after an end is the end again."""
    for new in itertools.product(range(N), repeat=n_new):
        if stop in new and set(new[new.index(stop) :]) != {stop}:
            continue
        yield (*begun, *new)


@given(LOGITS, st.integers(1, 10))
def test_top_k_keeps_the_k_largest(logits, k):
    kept = np.isfinite(ref.top_k_filter(logits, k))
    assert kept.sum() == min(k, len(logits))
    assert logits[kept].min() >= max(logits[~kept], default=-np.inf)
    for i, j in itertools.combinations(range(len(logits)), 2):
        assert not (logits[i] == logits[j] and kept[j] and not kept[i]), "of equal ones the first"
    np.testing.assert_array_equal(ref.top_k_filter(logits, k)[kept], logits[kept])


@given(LOGITS, st.sampled_from([1e-9, 0.1, 0.3, 0.5, 0.9, 0.999]))
def test_top_p_keeps_the_smallest_set_that_reaches_p(logits, p):
    kept = np.isfinite(ref.top_p_filter(logits, p))
    share = ref.softmax(logits)
    assert kept[logits.argmax()]
    assert share[kept].sum() >= p - 1e-12
    assert kept.sum() == 1 or share[kept].sum() - share[kept].min() < p + 1e-12
    assert logits[kept].min() >= max(logits[~kept], default=-np.inf)
    for i, j in itertools.combinations(range(len(logits)), 2):
        assert not (logits[i] == logits[j] and kept[j] and not kept[i])


def test_top_p_by_hand():
    """Shares that a computer holds exactly."""
    equal = np.zeros(4)
    for p, n in ((0.2, 1), (0.25, 1), (0.26, 2), (0.5, 2), (0.75, 3), (0.76, 4), (1.0, 4)):
        assert np.isfinite(ref.top_p_filter(equal, p)).tolist() == [True] * n + [False] * (4 - n)
    tail = np.array([0.0, -800.0])  # a share that is lost in the sum
    assert np.isfinite(ref.top_p_filter(tail, 1.0)).all()
    assert np.isfinite(ref.top_p_filter(tail, 0.999)).tolist() == [True, False]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_tokens_are_drawn_as_often_as_they_should(temperature):
    logits = np.array([1.0, -np.inf, 0.0, 2.0, -0.5])
    n = 4000
    noise = (np.arange(n) + 0.5) / n  # every part of the way once
    drawn = ref.sample_token(np.tile(logits, (n, 1)), noise, temperature=temperature)
    share = np.exp(logits / temperature) / sum(math.exp(z / temperature) for z in logits)
    np.testing.assert_allclose(np.bincount(drawn, minlength=5) / n, share, atol=1 / n)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_what_has_no_probability_is_never_drawn(dtype):
    logits = rng.normal(size=(500, 30)).astype(dtype)
    logits[:, [0, 7, 29]] = -np.inf
    for u in (0.0, np.nextafter(dtype(1), dtype(0))):
        drawn = ref.sample_token(logits, np.full(500, u, dtype))
        assert set(drawn) == {1} if u == 0 else not {0, 7, 29} & set(drawn)


def test_a_cold_draw_is_greedy():
    logits = rng.normal(size=(50, 6))
    assert (ref.sample_token(logits, rng.random(50), temperature=1e-3) == ref.greedy(logits)).all()


def test_greedy_texts_stop_each_for_itself():
    begun = np.array([[0, 1], [2, 3], [1, 1]])
    free, _ = ref.generate(step, begun, 6)
    stop = int(free[0, 3])
    ended, _ = ref.generate(step, begun, 6, stop=stop)
    for row, whole in zip(ended, free, strict=True):
        new = whole[2:].tolist()
        at = new.index(stop) + 1 if stop in new else 6
        assert row[2 : 2 + at].tolist() == new[:at]
        assert set(row[2 + at :]) <= {stop}
    for row, whole in zip(begun, free, strict=True):
        assert (ref.generate(step, row[None], 6)[0] == whole).all()
    assert ref.generate(step, begun[:1], 6, stop=stop)[0].shape[1] <= 4, "all have ended: no more"


def test_each_new_token_has_noise_of_its_own():
    begun, noise, seen = np.array([[0], [1]]), rng.random((5, 2)), []

    def choose(logits, u):
        seen.append(u)
        return ref.sample_token(ref.top_k_filter(logits, 2), u)

    found, _ = ref.generate(step, begun, 5, choose=choose, noise=noise)
    np.testing.assert_array_equal(seen, noise)
    assert found.shape == (2, 6)
    assert not (found == ref.generate(step, begun, 5)[0]).all()


def test_a_state_is_handed_from_step_to_step():
    def count(tokens, state):
        return AFTER[0, tokens[:, -1]], (state or 0) + tokens.shape[1]

    assert ref.generate(count, np.array([[0]]), 3)[1] == 1 + 2 + 3
    assert ref.generate(count, np.array([[0]]), 2, state=10)[1] == 10 + 1 + 2
    assert ref.generate(count, np.array([[0]]), 0, state=10)[1] == 10


@pytest.mark.parametrize("stop", [None, 0, 2])
@pytest.mark.parametrize("alpha", [0.0, 0.8])
def test_one_beam_is_greedy(stop, alpha):
    begun = np.array([[a, b] for a in range(N) for b in range(N)])
    found, scores = ref.beam_search(step, begun, 6, n_beams=1, stop=stop, length_penalty=alpha)
    expected, _ = ref.generate(step, begun, 6, stop=stop)
    np.testing.assert_array_equal(found[:, 0], expected)
    for row, (value,) in zip(expected.tolist(), scores, strict=True):
        assert value == pytest.approx(score(row, 2, stop, alpha))


@pytest.mark.parametrize("stop", [None, 1])
@pytest.mark.parametrize("alpha", [0.0, 0.7, 2.0])
def test_enough_beams_find_the_best_texts_there_are(stop, alpha):
    begun = np.array([[0, 1], [2, 3], [3, 0]])
    found, scores = ref.beam_search(step, begun, 4, n_beams=N**4, stop=stop, length_penalty=alpha)
    for row, beams, values in zip(begun, found, scores, strict=True):
        every = {text: score(text, 2, stop, alpha) for text in texts(row, 4, stop)}
        ranked = sorted(every.values(), reverse=True)
        n = len(every)
        np.testing.assert_allclose(values[:n], ranked, rtol=1e-12)
        assert np.isneginf(values[n:]).all(), "there are no more texts"
        for text, value in zip(beams[:n].tolist(), values, strict=False):
            assert every[tuple(text)] == pytest.approx(value)
        assert len({tuple(text) for text in beams[:n].tolist()}) == n


def test_more_beams_find_what_one_misses():
    begun = np.array([[a, b] for a in range(N) for b in range(N)])
    best = [ref.beam_search(step, begun, 5, n_beams=n)[1][:, 0] for n in (1, 3, N**4)]
    assert (best[2] >= best[1] - 1e-12).all()
    assert best[0].sum() < best[1].sum()
    assert (np.diff(ref.beam_search(step, begun, 5, n_beams=7)[1]) <= 0).all(), "the best first"


def test_a_search_ends_when_all_texts_have():
    sure = np.full((N, N), -50.0)
    sure[:, 3] = 50.0
    found, _ = ref.beam_search(
        lambda tokens, state: (sure[tokens[:, -1]], state), np.array([[0]]), 9, n_beams=1, stop=3
    )
    assert found.tolist() == [[[0, 3]]]


def model_step(parameters, options, cached):
    def step(tokens, caches):
        seen = caches[0].self_attention.k.shape[-2] if cached and caches else 0
        caches = caches if cached else None
        logits, caches = ref.language_model(
            tokens[:, seen:], parameters, caches=caches, **cases.HEADED, **options
        )
        return 3 * logits[:, -1], caches

    return step


@pytest.mark.parametrize("options", [{}, {"frequencies": cases.FREQUENCIES, "window": 3}])
def test_with_a_cache_or_without_the_texts_are_the_same(options):
    parameters = cases.language_model(2)
    with_cache, without = (model_step(parameters, options, cached) for cached in (True, False))
    begun, noise = cases.TOKENS[:, :3], rng.random((6, 2))
    choose = {"choose": ref.sample_token, "noise": noise}
    for way in ({}, choose):
        a, caches = ref.generate(with_cache, begun, 6, **way)
        b, _ = ref.generate(without, begun, 6, **way)
        np.testing.assert_array_equal(a, b)
        assert caches[0].self_attention.k.shape[-2] == 8, "the last token is not in it yet"
    for stop in (None, 4):
        a, b = (
            ref.beam_search(step, begun, 5, n_beams=4, stop=stop, length_penalty=0.6)
            for step in (with_cache, without)
        )
        np.testing.assert_array_equal(a[0], b[0])
        np.testing.assert_allclose(a[1], b[1], rtol=1e-9)
    # A first state has one row for each text: it is dealt out to the beams.
    _, past = ref.language_model(begun[:, :-1], parameters, **cases.HEADED, **options)
    c = ref.beam_search(with_cache, begun, 5, n_beams=4, stop=4, length_penalty=0.6, state=past)
    np.testing.assert_array_equal(c[0], a[0])


RULED_OUT = np.array(
    [[-np.inf, 0.9, 0.1, -np.inf], [-np.inf] * 4, [-np.inf, -np.inf, 0, -np.inf], [0.0] * 4]
)


@pytest.mark.parametrize("room", [ref, att], ids=["reference", "pytorch"])
def test_a_beam_that_may_not_go_on_does_not_spoil_the_others(room):
    table = RULED_OUT if room is ref else torch.from_numpy(RULED_OUT)
    begun = np.array([[0]]) if room is ref else torch.tensor([[0]])
    for n_beams in (2, 3, 5):
        found, scores = room.beam_search(
            lambda tokens, state: (table[tokens[:, -1]], state), begun, 3, n_beams=n_beams
        )
        assert not np.isnan(np.asarray(scores)).any()
        assert found[0, 0].tolist() == [0, 2, 2, 2]
        np.testing.assert_allclose(scores[0, 0], np.log(1 / (1 + np.exp(0.8))), atol=1e-12)


@pytest.mark.parametrize("room", [ref, att], ids=["reference", "pytorch"])
def test_an_infinite_logit_is_a_certainty(room):
    table = np.array([[1.0, np.inf, 0.0], [0.0, np.inf, np.inf], [3.0, 0.0, 0.0]])
    table = table if room is ref else torch.from_numpy(table)
    begun = np.array([[0]]) if room is ref else torch.tensor([[0]])
    found, scores = room.beam_search(
        lambda tokens, state: (table[tokens[:, -1]], state), begun, 2, n_beams=2
    )
    assert found[0].tolist() == [[0, 1, 1], [0, 1, 2]]
    np.testing.assert_allclose(np.asarray(scores[0]), np.log([0.5, 0.5]), atol=1e-12)


@pytest.mark.parametrize("pack", [tuple, list, lambda parts: {"k": parts[0], "v": {"w": parts[1]}}])
@pytest.mark.parametrize("room", [ref, att], ids=["reference", "pytorch"])
def test_a_state_follows_its_beam_in_any_nest(room, pack):
    """The state remembers the whole text; a state left behind would remember another."""
    library = np if room is ref else torch
    logits = np.random.default_rng(3).normal(size=(5, 5))
    logits = logits if room is ref else torch.from_numpy(logits)

    def parts(state):
        return [state["k"], state["v"]["w"]] if isinstance(state, dict) else list(state)

    def step(tokens, state):
        first, second = parts(state)
        if tokens.shape[1] > 1:
            last = tokens[:, -1:].astype(float) if room is ref else tokens[:, -1:].double()
            first, second = library.concatenate([first, last], 1), second + last
            assert (first[:, -1] == last[:, 0]).all()
            assert (first.sum(1) == second[:, 0]).all()
        return logits[tokens[:, -1]], pack([first, second])

    begun = np.array([[0], [1]]) if room is ref else torch.tensor([[0], [1]])
    none = np.zeros((2, 0)) if room is ref else torch.zeros(2, 0, dtype=torch.float64)
    zero = np.zeros((2, 1)) if room is ref else torch.zeros(2, 1, dtype=torch.float64)
    found, _ = room.beam_search(step, begun, 4, n_beams=3, state=pack([none, zero]))
    assert found.shape == (2, 3, 5)


@pytest.mark.parametrize("room", [ref, att], ids=["reference", "pytorch"])
def test_a_state_that_cannot_follow_is_refused(room):
    class Cache:
        pass

    begun = np.array([[0]]) if room is ref else torch.tensor([[0]])
    logits = np.zeros((2, 3)) if room is ref else torch.zeros(2, 3)
    with pytest.raises(
        TypeError, match=r"state: expected arrays in tuples, lists and dicts, got .*Cache"
    ):
        room.beam_search(lambda t, s: (logits, s), begun, 1, n_beams=2, state=Cache())


@pytest.mark.parametrize("room", [ref, att], ids=["reference", "pytorch"])
@pytest.mark.parametrize("n_rows", [1, 3, 5, 9])
def test_a_state_of_other_rows_is_refused(room, n_rows):
    """Layers first, or a pool of pages: rows that are no texts would follow the wrong beams."""
    library = np if room is ref else torch
    begun = library.zeros((2, 1), dtype=int if room is ref else torch.int64)
    states = [library.zeros((2, 4)), library.zeros((n_rows, 4))]

    def step(tokens, state):
        rows = tokens.shape[0]
        return library.zeros((rows, 3)), [library.zeros((rows, 4)), states[1]]

    for state in (states, None):
        with pytest.raises(
            ValueError, match=rf"^state: expected arrays of \d rows.*\({n_rows}, 4\)"
        ):
            room.beam_search(step, begun, 2, n_beams=2, state=state)


@pytest.mark.parametrize("room", [ref, att], ids=["reference", "pytorch"])
def test_a_number_in_a_state_is_the_same_for_all_beams(room):
    library = np if room is ref else torch
    count = np.array(0) if room is ref else torch.tensor(0)

    def step(tokens, state):
        rows = tokens.shape[0]
        assert int(state["n"]) == tokens.shape[1] - 1
        return library.zeros((rows, 3)), {"n": state["n"] + 1, "k": library.zeros((rows, 2))}

    begun = library.zeros((2, 1), dtype=int if room is ref else torch.int64)
    state = {"n": count, "k": library.zeros((2, 2))}
    texts, _ = room.beam_search(step, begun, 3, n_beams=2, state=state)
    assert texts.shape == (2, 2, 4)


@pytest.mark.parametrize("choose", ["greedy", "sample_token", "beam_search"])
def test_nothing_to_choose_is_refused_alike(choose):
    """NumPy refuses; PyTorch, which does not look, gives the first token, and a score of -inf."""

    def chosen(room, row, begun, noise):
        if choose == "beam_search":
            return room.beam_search(lambda t, s: (row.repeat(2, 0), s), begun, 1, n_beams=2)
        return room.greedy(row) if choose == "greedy" else room.sample_token(row, noise)

    row, begun, noise = np.full((1, 3), -np.inf), np.array([[0]]), np.array([0.7])
    with pytest.raises(ValueError, match="expected at least one token above -inf"):
        chosen(ref, row, begun, noise)
    ours = [torch.from_numpy(a) for a in (row, begun, noise)]
    if choose == "beam_search":
        ours[0] = torch.full((2, 3), -torch.inf)
        step = lambda t, s: (ours[0], s)  # noqa: E731
        with att.check_values(), pytest.raises(ValueError, match="at least one token above -inf"):
            att.beam_search(step, ours[1], 1, n_beams=2)
        assert (att.beam_search(step, ours[1], 1, n_beams=2)[1] == -torch.inf).all()
        return
    with att.check_values(), pytest.raises(ValueError, match="at least one token above -inf"):
        chosen(att, *ours)
    assert chosen(att, *ours).tolist() == [0]


@pytest.mark.parametrize("room", [ref, att], ids=["reference", "pytorch"])
def test_several_tokens_may_end_a_text(room):
    step = lambda tokens, state: (eye[(tokens[:, -1] + 1) % 6], state)  # noqa: E731
    eye = 9 * np.eye(6) if room is ref else 9 * torch.eye(6)
    begun = np.array([[0], [3]]) if room is ref else torch.tensor([[0], [3]])
    found, _ = room.generate(step, begun, 5, stop=(2, 5))
    assert found.tolist() == [[0, 1, 2], [3, 4, 5]]
    found, _ = room.beam_search(step, begun, 3, n_beams=1, stop=(2, 5))
    assert found[:, 0].tolist() == [[0, 1, 2], [3, 4, 5]]
    found, _ = room.generate(step, begun, 3, stop=(5, 0))
    assert found.tolist() == [[0, 1, 2, 3], [3, 4, 5, 5]]
    with pytest.raises(ValueError, match="stop: expected at most 5, got 6"):
        room.generate(step, begun, 3, stop=(2, 6))
