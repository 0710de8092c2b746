"""Photos by URL: what is served, at which size, and what is refused."""

import io
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app.photos import ROUTES, photo_url
from core.catalog.catalog import Catalog, write_catalog
from core.catalog.roles import Role


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalog:
    import pandas as pd

    def add(new: Path) -> None:
        Image.new("RGB", (1600, 2000), (200, 30, 30)).save(new / "images" / "big photo.png")
        Image.new("RGB", (300, 400), (30, 200, 30)).save(new / "images" / "small.webp")
        Image.new("RGB", (30, 40)).save(new / "outside.webp")
        (new / "images" / "broken.jpg").write_bytes(b"\xff\xd8\xff not a photo")

    frame = pd.DataFrame(
        {
            "sku": ["a", "b", "c", "d"],
            "photo": ["big photo.png|small.webp", "small.webp", "broken.jpg", "../outside.webp"],
        }
    )
    monkeypatch.setenv("FASHION_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("FASHION_CACHE_DIR", str(tmp_path / "cache"))
    return write_catalog(
        Catalog(tmp_path, "Range", frame, {"sku": Role.ID, "photo": Role.IMAGE}),
        tmp_path / "data" / "range",
        add_files=add,
    )


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=ROUTES))


def test_photo_is_sent_no_wider_than_asked(catalog: Catalog, client: TestClient) -> None:
    url = photo_url(catalog, 0, width=384)
    assert url is not None
    answer = client.get(url)
    image = Image.open(io.BytesIO(answer.content))
    assert (answer.status_code, image.size) == (200, (384, 480))
    assert answer.headers["cache-control"].startswith("private, max-age=")
    assert client.get(url).content == answer.content


def test_small_web_photo_is_sent_as_it_is(catalog: Catalog, client: TestClient) -> None:
    url = photo_url(catalog, 0, width=384, index=1)
    assert url is not None
    path = catalog.directory / "images" / "small.webp"
    assert client.get(url).content == path.read_bytes()


def test_no_address_without_a_photo(catalog: Catalog) -> None:
    assert photo_url(catalog, 1, index=1) is None
    assert photo_url(catalog, 3) is None, "a path that leaves the catalog has no address"


def test_damaged_photo_is_not_found_with_a_sentence(catalog: Catalog, client: TestClient) -> None:
    url = photo_url(catalog, 2)
    assert url is not None
    answer = client.get(url)
    assert answer.status_code == 404
    assert "broken.jpg" in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/photos/range/..%2Foutside.webp",
        "/photos/range/..%2Fcatalog.toml",
        "/photos/range/%2Fetc%2Fpasswd",
        "/photos/range/none.png",
        "/photos/other/small.webp",
        "/photos/..%2Frange/small.webp",
        "/photos/range/a%00b.png",
    ],
)
def test_anything_else_is_refused(catalog: Catalog, client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_width_must_be_a_number(catalog: Catalog, client: TestClient) -> None:
    assert client.get("/photos/range/small.webp?w=wide").status_code == 400


def test_widths_are_few(catalog: Catalog) -> None:
    widths = {urlsplit(photo_url(catalog, 0, width=w) or "").query for w in range(1, 2000, 7)}
    assert len(widths) == 5
