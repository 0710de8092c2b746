"""The committed demo catalog is what its script draws, and its pictures are usable."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from core.catalog import Role, load_catalog
from scripts.demo.collection import draw_collection
from scripts.demo.garments import render
from scripts.demo.people import PEOPLE, render_person
from scripts.demo.sales import PLAYERS

DATA = Path(__file__).resolve().parents[2] / "data"
DEMO = DATA / "demo"
ATR = set(range(19))
ARMS, LEGS = {14, 15}, {6, 12, 13}


@pytest.fixture(scope="module")
def catalog():
    return load_catalog(DEMO)


@pytest.fixture(scope="module")
def contributions():
    return pd.read_parquet(DEMO / "contributions.parquet")


@pytest.fixture(scope="module")
def drawn():
    return draw_collection()


@pytest.fixture(scope="module")
def models():
    return json.loads((DEMO / "models" / "models.json").read_text(encoding="utf-8"))["models"]


def test_committed_tables_are_what_the_seed_draws(catalog, contributions, drawn):
    _, fresh, parts = drawn
    same = catalog.frame.astype({c: "object" for c in catalog.frame.select_dtypes("category")})
    expected = fresh.frame.astype({"release_date": same["release_date"].dtype})
    pd.testing.assert_frame_equal(same, expected, check_dtype=False)
    pd.testing.assert_frame_equal(contributions, parts)


def test_drawing_twice_gives_the_same_table(drawn):
    _, fresh, parts = drawn
    _, again, parts_again = draw_collection()
    pd.testing.assert_frame_equal(fresh.frame, again.frame)
    pd.testing.assert_frame_equal(parts, parts_again)
    _, other, _ = draw_collection(seed=7)
    assert not other.frame["title"].equals(fresh.frame["title"])


def test_catalog_has_what_the_pages_show(catalog):
    assert len(catalog) == 800
    assert catalog.currency == "EUR" and catalog.unit == "units"
    assert "simulated sales" in catalog.notice
    assert catalog.post_launch == {"stars", "review_count", "reviews"}
    assert {catalog.roles[c] for c in ("stars", "review_count", "reviews")} == {
        Role.RATING, Role.NUMBER, Role.REVIEW,
    }  # fmt: skip
    assert catalog.column(Role.TARGET) == "units_12w"
    assert catalog.frame["category"].nunique() == 12
    assert catalog.frame["season"].nunique() == 6
    assert catalog.frame["title"].str.len().between(8, 80).all()
    assert catalog.frame["description"].str.count(r"[.]").ge(2).all()


def test_only_newest_styles_wait_for_their_launch(catalog):
    waiting = catalog.frame[catalog.frame["units_12w"].isna()]
    assert 30 <= len(waiting) <= 50
    assert set(waiting["season"]) == {"AW25"}
    out = catalog.frame[catalog.frame["units_12w"].notna()]
    assert not set(waiting["style"]) & set(out["style"])
    assert waiting["reviews"].isna().all()


def test_contributions_add_up_to_the_sales(catalog, contributions):
    assert list(contributions["id"]) == list(catalog.ids)
    mean = contributions["base"] + contributions[list(PLAYERS)].sum(axis=1)
    np.testing.assert_allclose(mean, contributions["mean"])
    total = np.log1p(catalog.frame["units_12w"])
    np.testing.assert_allclose(mean + contributions["noise"], total, atol=1e-9)


def test_signal_is_strong_but_not_perfect(contributions):
    known = contributions.dropna(subset=["log1p_units"])
    best = known["mean"].corr(known["log1p_units"], method="spearman")
    columns = known["mean"] - known["image"] - known["description"]
    without = columns.corr(known["log1p_units"], method="spearman")
    assert 0.7 < best < 0.82
    assert 0.5 < without < best - 0.08


def test_every_photo_decodes_on_a_light_ground(catalog):
    files = {p.name for p in (DEMO / "images").iterdir()}
    named = [name for cell in catalog.frame["image"] for name in cell.split("|")]
    assert sorted(named) == sorted(files)
    assert sum("|" in cell for cell in catalog.frame["image"]) == 8
    for row in range(len(catalog)):
        with Image.open(catalog.image_paths(row)[0]) as image:
            assert image.size == (384, 512)
            pixels = np.asarray(image.convert("RGB"))
        border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
        assert border.min() > 205, catalog.ids[row]
        middle = pixels[100:400, 130:250].astype(int)
        assert np.abs(middle - border.mean(0)).sum(-1).max() > 40, catalog.ids[row]


def test_rendering_is_deterministic_and_follows_the_item(drawn):
    items = drawn[0]
    picked = [next(i for i in items if i.category == c) for c in ("T-shirt", "Coat", "Jeans")]
    for item in picked:
        assert np.array_equal(render(item), render(item))
    assert not np.array_equal(render(picked[0]), render(picked[1]))


def test_committed_photos_are_what_the_script_renders(drawn):
    items = drawn[0]
    for item in (items[10], items[400], items[780]):
        with Image.open(DEMO / "images" / f"{item.id}.webp") as image:
            committed = np.asarray(image.convert("RGB")).astype(int)
        assert np.abs(committed - render(item)).mean() < 4


@pytest.mark.parametrize("person", [p.id for p in PEOPLE])
def test_people_have_exact_parse_maps_and_keypoints(models, person):
    entry = next(m for m in models if m["id"] == person)
    folder = DEMO / "models"
    with Image.open(folder / entry["image"]) as image:
        assert image.size == (768, 1024)
    with Image.open(folder / entry["parse"]) as image:
        assert image.size == (768, 1024) and image.mode == "L"
        parse = np.asarray(image)
    seen = set(np.unique(parse).tolist())
    assert seen <= ATR
    assert {0, 2, 4, 6, 9, 10, 11, 14, 15, 18} <= seen
    points = entry["keypoints"]
    assert len(points) == 18

    def near(index: int) -> set[int]:
        x, y = (round(v) for v in points[index])
        return set(np.unique(parse[y - 3 : y + 4, x - 3 : x + 4]).tolist())

    for index in (0, 14, 15):
        assert 11 in near(index)
    assert near(1) & {4, 18}
    assert near(2) & {4, 15} and near(5) & {4, 14}
    assert near(4) & {15} and near(7) & {14}
    assert near(8) & {4, 6} and near(11) & {4, 6}
    for knee, leg in ((9, 13), (12, 12)):
        assert near(knee) & {6, leg}
    for ankle, parts in ((10, {6, 13, 10}), (13, {6, 12, 9})):
        assert near(ankle) & parts
    # The person's right is on the left of the picture.
    assert points[2][0] < points[5][0]


def test_twelve_different_people(models):
    assert len(models) == 12
    assert len({m["title"] for m in models}) == 12
    assert len({m["skin"] for m in models}) >= 6
    assert len({m["build"] for m in models}) >= 6
    assert len({m["pose"] for m in models}) >= 3


def test_a_person_renders_the_same_twice_and_as_committed(models):
    person = PEOPLE[0]
    photo, parse, points = render_person(person)
    again, parse_again, _ = render_person(person)
    assert np.array_equal(photo, again) and np.array_equal(parse, parse_again)
    with Image.open(DEMO / "models" / f"{person.id}.png") as image:
        assert (np.asarray(image) == parse).mean() > 0.999
    assert next(m for m in models if m["id"] == person.id)["keypoints"] == points


def test_the_data_stays_small():
    total = sum(p.stat().st_size for p in (DATA / "demo").rglob("*") if p.is_file())
    assert total < 13 * 1024 * 1024
