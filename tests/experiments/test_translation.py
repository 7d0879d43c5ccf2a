"""What the translators rest on: words, a split without a leak, masks, copies, and what is counted."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from attncourse import data
from attncourse.experiments import bitext
from attncourse.experiments import translation as task
from attncourse.experiments import translation_scores as scores
from attncourse.training import PAD, count_parameters

U = bitext.UNKNOWN


def said(source, words, looks=None):
    """A translation whose rows look at one place each, and whose last row looks at the first."""
    weights = None if looks is None else np.eye(len(source.split()))[[*looks, 0]]
    return scores.Said(tuple(source.split()), tuple(words.split()), weights)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("API key for {name}: 12", ["api", "key", "for", "{name}", ":", "1", "2"]),
        ("¿Quieres configurar {device_id}?", ["¿", "quieres", "configurar", "{device_id}", "?"]),
        ("设备已经配置过了 USB", [*"设备已经配置过了", "usb"]),
        ("Don't use wi-fi_2", ["don't", "use", "wi", "-", "fi", "_", "2"]),
    ],
)
def test_a_string_is_taken_apart(text, words):
    assert bitext.words_of(text) == tuple(words)


@pytest.mark.parametrize(
    "text", ["¿quieres configurar {device_id}?", "clave api (12)", "设备已经配置过了", "no. 3, sí!"]
)
def test_words_are_put_together_again(text):
    assert bitext.text_of(bitext.words_of(text)) == text


@pytest.mark.parametrize("language", ["es", "zh-Hans"])
def test_nothing_that_is_judged_on_was_learned_from(language):
    known = bitext.strings(language)
    learned = {a for a, _ in known.train}
    for part in (known.valid, known.new, known.siblings):
        assert len(part) > 300
        assert not learned & {a for a, _ in part}
    assert not {a for a, _ in known.new} & {a for a, _ in known.siblings}
    assert min(known.counts[w] for w in known.foreign.symbols if w != U) == bitext.RARE


def test_strings_that_differ_in_spaces_alone_are_one(monkeypatch):
    parts = {"train": ["Set  up"], "valid": ["Set up"], "test": ["set up ", "Set down"]}
    monkeypatch.setattr(
        bitext.data,
        "interface_strings",
        lambda language, part: [data.InterfaceString("a", x, "sí") for x in parts[part]],
    )
    known = bitext.strings.__wrapped__("es")
    assert [a for a, _ in known.train] == [("set", "up")]
    assert known.valid == []
    assert [a for a, _ in known.new] == [("set", "down")]


def test_rare_words_become_unknown():
    known = bitext.strings("es")
    numbers = bitext.encode(["nombre", "bahdanau", "de"], known.foreign)
    assert known.foreign.decode(numbers) == ["nombre", U, "de"]


def test_the_network_without_attention_is_not_the_smaller_one():
    sizes = [count_parameters(task.build("es", name)) for name in ("attention", "one vector")]
    assert sizes[0] <= sizes[1] < 1.01 * sizes[0]


@pytest.mark.parametrize("memory", ["attention", "one vector"])
def test_the_loss_is_that_of_the_model_with_its_gradients(memory):
    model = task.build("es", memory)
    source = torch.tensor([[5, 6, 7, 8], [9, 10, PAD, PAD]])
    target = torch.tensor([[11, 12, 2, PAD, PAD], [13, 14, 15, 16, 2]])
    found = []
    for value in (task.loss(model, source, target), model.loss(source, target)):
        model.zero_grad()
        value.backward()
        found.append((value.detach(), [p.grad.clone() for p in model.parameters()]))
    torch.testing.assert_close(found[0], found[1], rtol=1e-4, atol=1e-6)


def test_a_translation_does_not_depend_on_what_stands_in_its_batch():
    model = task.build("es", "attention").eval()
    sources = [("api", "key"), ("the", "name", "of", "the", "device", "."), ("host",)]
    together = task.translate(model, "es", sources)
    for one, source in zip(together, sources, strict=True):
        alone = task.translate(model, "es", [source])[0]
        assert one.source == source
        assert one.words == alone.words
        assert one.weights.shape == (len(one.words) + 1, len(source)) or len(one.words) == 40
        np.testing.assert_allclose(one.weights, alone.weights, atol=1e-5)


def test_an_unknown_word_is_copied_from_where_it_looks_or_in_order():
    one = said("the vicare of bahdanau", f"{U} de {U}", looks=[3, 0, 1])
    assert scores.filled(one, "es", "looked at") == ("bahdanau", "de", "vicare")
    assert scores.filled(one, "es", "in order") == ("vicare", "de", "bahdanau")
    off = said("the vicare of bahdanau", f"{U} de {U}", looks=[2, 0, 0])
    weights = 0.9 * off.weights + 0.1 * np.eye(4)[[3, 3, 1, 0]]
    off = off._replace(weights=weights)
    assert scores.filled(off, "es", "looked at") == ("of", "de", "the")
    assert scores.filled(off, "es", "looked at, unknown") == ("bahdanau", "de", "vicare")
    blind = said("the vicare", f"{U} {U}")
    assert scores.filled(blind, "es", "in order") == ("vicare", "vicare")


def test_copies_are_right_where_the_reference_has_the_word():
    one = said("the vicare", f"el {U} {U}")
    assert scores.copied([one], [("el", "vicare", "the")], [("el", "vicare")]) == [1, 2]


def test_a_word_written_once_is_found_once():
    assert scores.hits(("de", "la"), ("de", "de", "la")) == [
        ("de", True),
        ("de", False),
        ("la", True),
    ]


def test_words_are_counted_by_how_often_they_were_learned_from():
    right = ("{name}", "bahdanau", "de", "1", ".")
    found = scores.recall("es", [("bahdanau", "{name}")], [right])
    assert found["0"] == [1, 1]
    assert found["100"][1] == 2 or found["10"][1] + found["100"][1] == 2
    assert found["{}"] == [1, 1]
    assert sum(n for low, (_, n) in found.items() if low != "{}") == 3  # no digits, no signs


def test_quality_is_that_of_hand_made_cases():
    right = [("nombre", "de", "la", "api"), ("clave", "de", "la", "api")]
    assert scores.quality("es", right, right) == pytest.approx((100, 100))
    bleu, chrf = scores.quality("es", [right[0], ("clave", "de", "el", "api")], right)
    # 7 of 8 words, 4 of 6 pairs, 2 of 4 triples, 1 of 2 quadruples; both are as long as they should.
    assert bleu == pytest.approx(100 * (7 / 8 * 4 / 6 * 2 / 4 * 1 / 2) ** 0.25)
    assert 60 < chrf < 95


def test_the_memory_gives_the_string_that_shares_most():
    english, spanish = bitext.strings("es").train[100]
    assert bitext.nearest("es", [english]) == [spanish]


def test_turned_counts_strings_of_two_words():
    some = [
        said("api key", "clave api", looks=[1, 0]),
        said("fan speed", "ventilador rápido", looks=[0, 1]),
        said("fan", "ventilador", looks=[0]),
        said("fan speed", "ventilador", looks=[1]),
    ]
    assert scores.turned(some) == [1, 2]


def test_a_few_steps_teach_something():
    model = task.build("es", "attention", seed=1)
    log = task.learn(model, "es", 12, seed=1, every=6)
    assert log.losses[-1] < log.losses[0] - 0.5
    assert [step for step, _ in log.validations] == [6, 12]
