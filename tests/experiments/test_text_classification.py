"""Text classification: words, parts, networks that differ in one thing, and questions with known answers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from attncourse import data
from attncourse.data.rated import SENTIMENT
from attncourse.experiments import text_classification as task
from attncourse.experiments import text_questions as ask
from attncourse.training import (
    AttentionPooling,
    MeanPooling,
    TextClassifier,
    count_parameters,
    pad,
    seed,
    train,
)

cached = (data.cache_dir() / SENTIMENT.filename).is_file()
real = pytest.mark.skipif(not cached, reason="the sentences are not in the cache: attncourse data")


def small(pool=AttentionPooling, **sizes):
    seed(0)
    return TextClassifier(9, pool, d_embed=6, dropout=0.0, **sizes).eval()


def test_words_are_small_letters_and_not_is_a_word_of_its_own():
    assert task.tokens("It isn’t BAD, I can't say!") == [
        *("it", "is", "n't", "bad", "i", "ca", "n't", "say", "!")
    ]


def test_pooling_averages_by_its_weights_and_padding_gets_none():
    seed(0)
    states, mask = torch.randn(2, 5, 6), torch.tensor([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]]).bool()
    for pool in (AttentionPooling(6, 4), MeanPooling(6)):
        vector, weights = pool(states, mask)
        assert not weights[0, 3:].any()
        torch.testing.assert_close(weights.sum(1), torch.ones(2))
        torch.testing.assert_close(vector[0], weights[0, :3] @ states[0, :3])
    torch.testing.assert_close(vector, torch.stack([states[0, :3].mean(0), states[1].mean(0)]))


def test_a_score_by_hand():
    pool = AttentionPooling(1, 1)
    with torch.no_grad():
        pool.w_key.fill_(1.0)
        pool.v.fill_(2.0)
        pool.bias.fill_(0.5)
    x = torch.tensor([[[0.0], [1.0]]])
    s = 2 * np.tanh([0.5, 1.5])
    _, weights = pool(x, torch.ones(1, 2).bool())
    np.testing.assert_allclose(weights[0].detach(), np.exp(s) / np.exp(s).sum(), rtol=1e-6)


@pytest.mark.parametrize("sizes", [{}, {"d_state": 4}, {"levels": 2}, {"levels": 2, "d_state": 4}])
def test_a_text_is_judged_alike_alone_and_beside_a_longer_one(sizes):
    model, levels = small(**sizes), sizes.get("levels", 0)
    rows = [[3, 4], [5, 6, 7, 8, 3]]
    if levels == 2:
        rows = [[[3, 4], [5]], [[6], [7, 8, 3], [4, 5]]]
    alone = [task.look(model, [row], levels)[0][0] for row in rows]
    together, weights = task.look(model, rows, levels)
    np.testing.assert_allclose(together, alone, rtol=1e-5)
    assert [len(w) for w in weights] == [len(row) for row in rows]


def test_only_a_recurrent_layer_knows_the_order():
    row, other = [3, 4, 5, 6], [6, 4, 3, 5]
    said = task.look(small(), [row, other])[0]
    assert abs(said[0] - said[1]) < 1e-6
    said = task.look(small(d_state=4), [row, other])[0]
    assert abs(said[0] - said[1]) > 1e-4


def test_a_tiny_network_learns_which_word_decides():
    rows = [[3, 4, 5], [3, 6, 5], [7, 3, 4], [6, 7, 3]]
    good = torch.tensor([1.0, 0, 1, 0])  # 4 is good, 6 is bad
    model = small()
    train(model, model.loss, [(pad(rows), good)], n_steps=80, learning_rate=0.05)
    assert ((task.look(model, rows)[0] > 0) == good.bool().numpy()).all()
    effect = np.abs(ask.left_out(model, rows[0]))
    assert effect.argmax() == 1


@pytest.mark.parametrize("d_state", [0, 4])
def test_shares_add_up_to_the_logit(d_state):
    model, row = small(d_state=d_state), [3, 5, 8, 4]
    weight, says = ask.parts(model, row)
    assert abs(weight @ says + model.out.bias.item() - task.look(model, [row])[0][0]) < 1e-5
    # Gradients are taken at the same place: with a mean over bare embeddings they are the shares.
    plain = small(MeanPooling)
    weight, says = ask.parts(plain, row)
    np.testing.assert_allclose(ask.gradients(plain, row), weight * says, rtol=1e-4)


def test_leaving_out_by_hand():
    model, row = small(MeanPooling), [3, 5, 8]
    _, says = ask.parts(model, row)
    np.testing.assert_allclose(
        ask.left_out(model, row), [says[[1, 2]].mean() - says.mean(),
                                   says[[0, 2]].mean() - says.mean(),
                                   says[[0, 1]].mean() - says.mean()], atol=1e-6)  # fmt: skip


def test_rank_correlation():
    assert ask.spearman(np.array([1, 2, 3]), np.array([10, 200, 3000])) == pytest.approx(1)
    assert ask.spearman(np.array([1, 2, 3]), np.array([3, 2, 1])) == pytest.approx(-1)
    assert ask.spearman(np.array([1, 2, 3]), np.array([5, 5, 5])) == 0
    assert ask.ranks(np.array([7, 7, 9])).tolist() == [1.5, 1.5, 3]


def test_one_person_against_the_others():
    agreed = data.Rated("", 1.0, (1, 2, 1), 0)
    split = data.Rated("", 1.0, (4, -1), 0)
    unsure = data.Rated("", 1.0, (2, 0), 0)
    assert ask.one_alone([agreed, split, unsure]).tolist() == [1, 0, 0.5]


def test_weight_that_follows_feeling_is_seen_and_shuffled_weight_is_not():
    ratings = [[0.1 * n, -0.3 * n, 2.0, 0.0, 1.0] for n in range(1, 40)]
    texts = task.Texts([], ratings, np.zeros(0))
    follows, drawn = ask.felt(texts, [np.abs(r) for r in ratings])
    assert follows == 1
    assert abs(drawn) < 0.3


def test_negations_and_distances():
    texts = task.Texts(
        [["not", "good"], ["good"], ["bad"]], [-0.2, 0.7, -2.0], np.array([0, 1, 0]) > 0
    )
    found = ask.right_in(np.array([-1.0, -1.0, -1.0]), texts)
    assert found["all"] == [2, 3]
    assert found["negated"] == [1, 1]
    assert found["plain"] == [1, 2]
    assert found["0 to 0.5"] == [1, 1]
    assert found["0.5 to 1"] == [0, 1]


@real
def test_no_text_is_in_two_parts_and_each_has_its_label():
    for texts in (task.films, task.reviews):
        keys = [{str(words) for words in texts(part).words} for part in ("train", "valid", "test")]
        assert len(keys[0] | keys[1] | keys[2]) == sum(map(len, keys))
    films = task.films("test")
    assert ((np.array(films.ratings) > 0) == films.good).all()
    assert 0.4 < films.good[:200].mean() < 0.6  # in the file, good ones come first


@real
def test_the_vocabulary_is_of_training_alone():
    setting = task.SETTINGS["attention, 500 texts"]
    learned = task.learned_from(setting)
    assert len(learned.words) == 500
    known = set(task.vocabulary(setting).symbols)
    assert known < {w for words in learned.words for w in words} | {task.RARE}
    numbers = task.encode(setting, ["not", "zyzzyva"])
    assert task.vocabulary(setting).decode(numbers) == ["not", task.RARE]


@real
def test_a_network_with_a_mean_is_never_the_smaller_one():
    for name in ("", ", in order"):
        mean, attention = (
            count_parameters(task.build(kind + name)) for kind in ("mean", "attention")
        )
        assert attention <= mean < 1.05 * attention


@real
def test_networks_of_one_seed_see_the_same_texts_and_shuffling_keeps_the_words():
    def first(condition):
        setting = task.SETTINGS[condition]
        texts = task.learned_from(setting)
        return next(iter(task.Batches(task.numbered(condition, texts), texts.good, setting, 3)))

    (plain, good), (again, _) = first("attention, in order"), first("mean, in order")
    assert torch.equal(plain, again)
    mixed, good_too = first("attention, in order, shuffled")
    assert torch.equal(good, good_too)
    assert not torch.equal(plain, mixed)
    assert torch.equal(plain.sort(1).values, mixed.sort(1).values)


def test_all_conditions_are_settings():
    assert set(task.EXPERIMENT.budgets) == set(task.SETTINGS)
    assert set(task.EXPLAINED) < set(task.SETTINGS)
