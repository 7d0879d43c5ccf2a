"""The rated sentences' reader, on lines of its own making and on the real ones."""

from __future__ import annotations

import statistics

import pytest

from attncourse import data
from attncourse.data import rated as module

TEXTS = "1_1\t0.5\tthe ''player''  works &amp; works.\r\n1_2\t-2.0\tit broke.\r\n\r\n2_1\t0.0\ta player.\r\n"
RATINGS = "1_1\t0.5\t0.5\t[1, 0]\r\n2_1\t0.0\t1.0\t[-1, 1]\r\n1_2\t-2.0\t1.0\t[-3, -1]\r\n"


def test_sentences_and_ratings_are_joined_by_their_numbers():
    assert module.parse(TEXTS, RATINGS) == [
        data.Rated('the "player" works & works.', 0.5, (1, 0), 1),
        data.Rated("it broke.", -2.0, (-3, -1), 1),
        data.Rated("a player.", 0.0, (-1, 1), 2),
    ]


def test_a_sentence_without_a_document_has_none():
    (found,) = module.parse("17\t1.0\tgood.\n", "17\t1.0\t0.0\t[1]\n")
    assert found.document == 0


def test_a_document_stays_whole_and_a_repeated_sentence_together():
    def part(text, document, genre="products"):
        return module.part_of_text(genre, data.Rated(text, 1.0, (1,), document))

    texts = [f"sentence {n}" for n in range(100)]
    assert len({part(text, 5) for text in texts}) == 1
    assert {part(text, 0) for text in texts} == {"train", "valid", "test"}
    assert all(part(text, 0) == part(f"{text.upper()}!", 0) for text in texts)


def test_an_unknown_genre_or_part():
    with pytest.raises(ValueError, match="expected one of films, products, editorials, got"):
        data.sentiment("songs")
    with pytest.raises(ValueError, match="expected one of train, valid, test or None, got 'dev'"):
        data.sentiment("films", "dev")


cached = (data.cache_dir() / module.SENTIMENT.filename).is_file()


@pytest.mark.skipif(not cached, reason="the sentences are not in the cache: attncourse data")
def test_the_real_sentences_are_what_their_record_says():
    every = {genre: data.sentiment(genre) for genre in ("films", "products", "editorials")}
    n = sum(map(len, every.values()))
    assert module.SENTIMENT.holds.startswith(f"{n:,} sentences")
    assert f"{n:,} sentences." in data.sentiment.__doc__
    for genre, found in every.items():
        assert (min(r.document for r in found) > 0) == (genre in ("products", "editorials"))
        assert min(len(r.ratings) for r in found) == (15 if genre == "films" else 20)
        assert all(abs(statistics.mean(r.ratings) - r.rating) < 1e-6 for r in found)
        assert not any("&quot;" in r.text or "\t" in r.text or "  " in r.text for r in found)
    assert every["films"][2].text == "Effective but too tepid biopic"


@pytest.mark.skipif(not cached, reason="the sentences are not in the cache: attncourse data")
@pytest.mark.parametrize("genre", ["films", "products", "editorials"])
def test_no_document_and_no_sentence_is_in_two_parts(genre):
    parts = [data.sentiment(genre, part) for part in ("train", "valid", "test")]
    assert sum(map(len, parts)) == len(data.sentiment(genre))
    assert 0.14 < len(parts[2]) / sum(map(len, parts)) < 0.26
    keys = [{r.document or r.text.lower() for r in part} for part in parts]
    assert len(keys[0] | keys[1] | keys[2]) == sum(map(len, keys))
