import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.catalog.roles import Role
from core.explain import words
from core.explain.evidence import Evidence, Nearest, PastItem
from core.explain.linear import Part
from core.explain.words import (
    Fields,
    Standing,
    noise,
    parts_sentence,
    past_sentence,
    rank_sentence,
    sentences,
)
from core.popularity.additive import AdditiveModel
from tests.core.popularity.synthetic import make_catalog

ROLES = {
    "list_price": Role.PRICE,
    "launch_day": Role.RELEASE_DATE,
    "articleType": Role.CATEGORY,
    "COLOUR_NAME": Role.ATTRIBUTE,
    "weight_g": Role.NUMBER,
}
FIELDS = Fields(
    {**dict.fromkeys(ROLES, "metadata"), "description": "text", "reviews": "text"}
    | {"image": "photo"},
    ROLES,
    "EUR",
)
CAUSAL = re.compile(
    r"\b(because|caus\w+|due to|leads? to|drives?|driven|makes?|made|thanks to|boosts?|results? in"
    r"|effects?|affects?|impacts?|therefore|so that|increases?|reduces?|would|will)\b",
    re.IGNORECASE,
)


def nearest(by="both", sold=(310.0, 400.0, 520.0), *, count=8, near=True, limit=1.0, missing=""):
    items = tuple(
        PastItem(i, str(i), 0.5 if near else 2.0, sold[1], "2023-01-01") for i in range(count)
    )
    ends = sold if count else (np.nan,) * 3
    return Nearest(by, items, *ends, limit, missing)


def test_the_three_sentences_of_an_item():
    parts = [
        Part("list_price", np.log(1.41), "39.95"),
        Part("COLOUR_NAME", np.log(1.2), "dark red"),
        Part("image", np.log(1.1), ""),
        Part("articleType", np.log(0.83), "coat"),
        Part("weight_g", 0.001, "300"),
    ]
    found = sentences(
        Standing(12, 12, 12, 800, 5, 40), parts, FIELDS, Evidence((nearest(),)), "units"
    )
    assert found == (
        "Ranks 12th of 800 (80 % range 5 to 40).",
        "The price of 39.95 EUR (+41 %) and the colour name “dark red” (+20 %) lift the prediction;"
        " the article type “coat” (−17 %) lowers it.",
        "The 8 closest past items by details and photo mostly sold 310 to 520 units.",
    )


@pytest.mark.parametrize(
    ("standing", "said"),
    [
        (Standing(1, 1, 1, 1, 1, 1), "It is the only item of this ranking."),
        (
            Standing(3, 3, 3, 9, None, None),
            "Ranks 3rd of 9; how far its place may move is not known.",
        ),
        (Standing(1, 1, 1, 1200, 1, 1), "Ranks 1st of 1,200 (80 % range 1)."),
        (
            Standing(4, 3, 5, 9, 1, 9),
            "Ranks 4th of 9, level with 2 others from 3rd to 5th (80 % range 1 to 9).",
        ),
        (
            Standing(4, 3, 4, 9, 1, 9),
            "Ranks 4th of 9, level with 1 other from 3rd to 4th (80 % range 1 to 9).",
        ),
    ],
)
def test_places(standing, said):
    assert rank_sentence(standing) == said


def test_a_standing_is_read_from_a_ranking():
    order = pd.DataFrame(
        {"item_id": ["b", "a", "c"], "rank": [1, 2, 3], "predicted": [9.0, 5.0, 5.0]}
        | {"rank_low_80": [1, 1, 2], "rank_high_80": [2, 3, 3]}
    )
    assert Standing.of(order, "a") == Standing(2, 2, 3, 3, 1, 3)
    assert Standing.of(order, "b") == Standing(1, 1, 1, 3, 1, 2)
    assert Standing.of(order.drop(columns="rank_low_80"), "b").low is None
    with pytest.raises(KeyError):
        Standing.of(order, "d")


def test_parts_within_noise_are_not_told():
    small = noise() * 0.99
    assert 0.01 < noise() < 0.05
    quiet = [Part("articleType", small, "coat"), Part("list_price", -small, "39.95")]
    assert parts_sentence(quiet, FIELDS).startswith("No part moves the prediction by more than 2 %")
    loud = [*quiet, Part("weight_g", -0.5, "300")]
    assert parts_sentence(loud, FIELDS) == (
        "The weight g of 300 (−39 %) lowers the prediction; nothing lifts it by more than 2 %."
    )
    assert parts_sentence([Part("image", np.nan, "")], FIELDS).startswith("No part moves")


def test_a_model_with_one_player_says_so():
    assert parts_sentence([Part("image", 0.7, "")], FIELDS) == (
        "The photo (× 2.0) lifts the prediction, and the model reads nothing else."
    )
    assert "missing photo" in parts_sentence([Part("image", -0.7, "no photo")], FIELDS)


def test_equally_strong_parts_stand_in_one_order():
    parts = [Part(p, 0.2, "1") for p in ("weight_g", "COLOUR_NAME", "articleType", "image")]
    assert parts_sentence(parts, FIELDS) == parts_sentence(parts[::-1], FIELDS)


@pytest.mark.parametrize(
    ("evidence", "unit", "said"),
    [
        (None, "units", "What past items sold is not at hand to compare."),
        (
            Evidence((nearest(count=0, missing="past"),)),
            "units",
            "There is no past item with known sales to compare it with.",
        ),
        (
            Evidence((nearest(near=False),)),
            "units",
            "No past item is near; the 8 closest past items by details and photo mostly sold 310 to"
            " 520 units.",
        ),
        (
            Evidence((nearest(count=1, sold=(50.0,) * 3),)),
            "likes",
            "The closest past item by details and photo had 50 likes.",
        ),
        (
            Evidence((nearest("attributes"), nearest(count=0, missing="photo"))),
            "units",
            "The 8 closest past items by details mostly sold 310 to 520 units.",
        ),
        (
            Evidence((nearest("attributes", near=False, limit=None),)),
            "units",
            "The 8 closest past items by details mostly sold 310 to 520 units.",
        ),
        (
            Evidence((nearest(sold=(7.0, 7.0, 7.0)),)),
            "units",
            "The 8 closest past items by details and photo mostly sold 7 units.",
        ),
    ],
)
def test_evidence(evidence, unit, said):
    assert past_sentence(evidence, unit) == said


cells = st.text(st.characters(codec="utf-8"), max_size=60)
parts_of = st.lists(
    st.tuples(st.sampled_from(sorted(FIELDS.modalities)), st.floats(-3, 3), cells),
    min_size=1,
    max_size=8,
    unique_by=lambda part: part[0],
)
past_of = st.none() | st.builds(
    lambda low, wide, count, near: Evidence(
        (nearest(sold=(low, low + wide / 2, low + wide), count=count, near=near),)
    ),
    st.floats(0, 1e6),
    st.floats(0, 1e6),
    st.integers(0, 8),
    st.booleans(),
)


@given(parts_of, past_of, st.integers(1, 5000), st.data())
def test_always_three_plain_sentences_without_causes_or_raw_names(drawn, evidence, items, data):
    rank = data.draw(st.integers(1, items))
    low = data.draw(st.none() | st.integers(1, rank))
    standing = Standing(rank, rank, rank, items, low, None if low is None else items)
    numbers = {"list_price": "39.95", "weight_g": "300", "launch_day": "3 May 2023"}
    parts = [Part(p, v, numbers.get(p, text)) for p, v, text in drawn]
    found = sentences(standing, parts, FIELDS, evidence, "units")
    assert len(found) == 3
    for said in found:
        assert said.endswith(".") and said[0].isupper()
        assert said.isprintable() and said == " ".join(said.split())
    own = " ".join(re.sub("“.*”", "", said) for said in found)
    assert not CAUSAL.search(own)
    assert not re.search(r"[<>*_`\[\]#$|~\\]", own)  # neither HTML nor Markdown of its own
    assert not any(column in own for column in ROLES)
    told = [p for p in parts if abs(p.value) > noise()]
    strongest = max(told, key=lambda p: abs(p.value), default=None)
    if strongest:
        assert f"({words.times(strongest.factor)})" in found[1]
    assert found[1].count(" %)") + found[1].count("(× ") >= min(len(told), 1)
    for part in told:
        if sum(abs(p.value) >= abs(part.value) and p.value * part.value > 0 for p in told) <= 2:
            assert f"({words.times(part.factor)})" in found[1]


def test_fields_of_a_model_name_every_part():
    catalog = make_catalog(60)
    model = AdditiveModel("linear").fit(catalog, np.arange(60))
    fields = Fields.of(model, "EUR")
    told = [fields.words(Part(p, 1.0, "3")) for p in model.players]
    assert "the price of 3 EUR" in told and "the name and description" in told
    assert "the release date 3" in told and len(told) == len(model.players)


def test_labels_of_players():
    assert FIELDS.label("list_price", "39.9") == "Price: 39.90 EUR"
    assert FIELDS.label("list_price") == "Price"
    assert FIELDS.label("articleType", "coat") == "Article type: coat"
    assert FIELDS.label("description", "A long text") == "Name and description"
    assert FIELDS.label("image", "no photo") == "Photo"
