"""Sentences that people rated: how good or bad is what they say."""

from __future__ import annotations

import hashlib
import html
import json
import re
from typing import Literal, NamedTuple, get_args

from attncourse.data.archive import Archive, fetch, read_tar
from attncourse.data.split import Part, check_part

SENTIMENT = Archive(
    name="sentiment",
    requirement="vaderSentiment==3.3.2",
    filename="vaderSentiment-3.3.2.tar.gz",
    sha256="5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
    licence="MIT; the sentences themselves are their authors'",
    source="https://github.com/cjhutto/vaderSentiment",
    holds="19,503 sentences from reviews of films and products and from editorials, each with "
    "the ratings of 15 people or more",
    size=2_466_783,
)

Genre = Literal["films", "products", "editorials"]
_FILES: dict[str, str] = {
    "films": "movieReviewSnippets",
    "products": "amazonReviewSnippets",
    "editorials": "nytEditorialSnippets",
}
_OUTER = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"


class Rated(NamedTuple):
    """A sentence, and what people said of it.

    Parameters
    ----------
    text
        As it was published, but for quotation marks and signs that a web page had spelt out.
    rating
        The mean of the ratings, from -4 (bad) to 4 (good).
    ratings
        Each person's.
    document
        The number of the review or editorial that it is from; 0 where that is not known.
    """

    text: str
    rating: float
    ratings: tuple[int, ...]
    document: int


def sentiment(genre: Genre, part: Part | None = None) -> list[Rated]:
    """Load sentences with the ratings that people gave them.

    19,503 sentences. Those of a product's review or of an editorial follow each other as they
    stood there. The films' sentences come one by one. The raters saw each sentence
    alone, and chose a whole number from -4 to 4.

    Source: Hutto and Gilbert (2014), VADER, ICWSM; https://github.com/cjhutto/vaderSentiment.

    Parameters
    ----------
    genre
        ``"films"``, ``"products"`` or ``"editorials"``.
    part
        ``"train"`` (70 %), ``"valid"`` (10 %) or ``"test"`` (20 %); all by default. Whole reviews
        and editorials, so that no sentence tells of another part's; a sentence that occurs twice
        is in one part.

    Returns
    -------
    list of Rated
        In the order of the file.

    Raises
    ------
    DataError
        The archive is neither in the cache nor to be had; the message says what to do.
    ValueError
        There is no such genre or part.

    Notes
    -----
    Licence: MIT, of the package and the ratings; the sentences are their authors'.
    Archive: ``vaderSentiment==3.3.2``, the source distribution, 2.5 MB, SHA-256
    5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9.
    Cost: about a quarter of a second. The archive's tweets are left out: for 199 of 4,200 the
    number of the tweet and that of its ratings do not belong together.

    Examples
    --------
    >>> from attncourse import data
    >>> data.sentiment("films")[2].text, data.sentiment("films")[2].rating  # doctest: +SKIP
    ('Effective but too tepid biopic', -0.6)
    """
    check_part(part)
    if genre not in get_args(Genre):
        raise ValueError(f"genre: expected one of {', '.join(get_args(Genre))}, got {genre!r}")
    outer = read_tar(fetch(SENTIMENT).read_bytes(), _OUTER, SENTIMENT.filename)
    texts, ratings = (
        read_tar(outer, f"hutto_ICWSM_2014/{_FILES[genre]}_{what}.txt", _OUTER).decode("utf-8-sig")
        for what in ("GroundTruth", "anonDataRatings")
    )
    return [
        found
        for found in parse(texts, ratings)
        if part is None or part == part_of_text(genre, found)
    ]


def parse(texts: str, ratings: str) -> list[Rated]:
    """Join the file of the sentences with that of their ratings, by their numbers."""
    given = dict(line.split("\t", 1) for line in ratings.splitlines() if line.strip())
    found = []
    for line in texts.splitlines():
        if line.strip():
            number, mean, text = line.split("\t", 2)
            _, _, each = given[number].split("\t")
            document = int(number.split("_")[0]) if "_" in number else 0
            people = tuple(int(n) for n in json.loads(each))
            found.append(Rated(clean(text), float(mean), people, document))
    return found


def clean(text: str) -> str:
    """Write signs as signs: ``&amp;`` and two single quotation marks were left by a web page."""
    return " ".join(html.unescape(text).replace("''", '"').split())


def part_of_text(genre: str, found: Rated) -> Part:
    """Give the part that a sentence belongs to, by a hash of its document or of its letters."""
    letters = "".join(re.findall(r"\w", found.text.lower()))
    key = f"{genre} {found.document or letters}"
    draw = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") % 10
    return {0: "test", 1: "test", 2: "valid"}.get(draw, "train")  # type: ignore[return-value]
