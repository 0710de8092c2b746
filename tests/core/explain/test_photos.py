import io
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from core.catalog.catalog import write_catalog
from core.errors import CatalogError, ImageError
from core.explain import photos
from core.explain.photos import keep_photo, kind_of, photo_file, read_photo
from core.explain.scenarios import outcomes, photos_in_use, save, saved
from core.explain.what_if import edited, photo_column
from core.popularity.additive import AdditiveModel
from core.popularity.vectors import image_vectors
from core.vision.embeddings import embed_catalog
from core.vision.images import open_image
from tests.core.popularity.synthetic import make_catalog


class Encoder:
    """Unit vectors of the photo's mean colour; counts what it reads."""

    checkpoint_id, preprocess_hash, dimensions, side = "toy-1", "h", 4, 8

    def __init__(self):
        self.read = 0

    def images(self, batch):
        self.read += len(batch)
        means = np.array([[*np.asarray(p, float).mean((0, 1)), 40.0] for p in batch])
        return (means / np.linalg.norm(means, axis=1, keepdims=True)).astype(np.float32)


def file_of(colour, size=(30, 40), kind="PNG"):
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind)
    return out.getvalue()


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("FASHION_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state" / photos.FOLDER


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    start = make_catalog(80)
    start.frame["photo"] = [f"{i}.png" for i in range(80)]
    start.roles["photo"] = "image"
    # What sells here is red.
    red = np.linspace(0, 255, 80).astype(int)
    start.frame["Sold"] = np.round(10 + 2.0 * red)

    def draw(new):
        for i in range(80):
            (new / "images" / f"{i}.png").write_bytes(file_of((int(red[i]), 120, 110)))

    catalog = write_catalog(start, tmp_path_factory.mktemp("photos") / "made", add_files=draw)
    embed_catalog(catalog, Encoder())
    model = AdditiveModel("image", checkpoint=Encoder.checkpoint_id)
    return catalog, model.fit(catalog, np.arange(80))


def test_a_tried_photo_reaches_prediction_and_contributions(made):
    catalog, model = made
    encoder = Encoder()
    rows = np.array([10])
    before = model.predict(catalog, rows)["predicted"].iloc[0]
    cell = keep_photo(file_of((250, 120, 110)), "uploaded")
    with pytest.raises(Exception, match="have not been read"):
        model.predict(edited(catalog, 10, {"photo": cell}))
    for _ in range(3):
        read_photo(cell, encoder.checkpoint_id, lambda: encoder)
    assert encoder.read == 1, "read once"
    after = edited(catalog, 10, {"photo": cell, "Price": 5.0})
    np.testing.assert_allclose(
        image_vectors(after, encoder.checkpoint_id)[0],
        Encoder().images([Image.new("RGB", (8, 8), (250, 120, 110))])[0],
        atol=1e-3,
    )
    assert model.predict(after)["predicted"].iloc[0] > 1.5 * before, "red sells here"
    moved = model.contributions(after).iloc[0] - model.contributions(catalog, rows).iloc[0]
    total = model.output(after)[0] - model.output(catalog, rows)[0]
    assert moved.sum() == pytest.approx(total)


def test_the_items_own_photo_changes_nothing(made):
    catalog, model = made
    own = catalog.image_paths(10)[0].read_bytes()
    cell = keep_photo(own, "other")
    assert photo_file(cell).read_bytes() == own, "kept byte by byte"
    encoder = Encoder()
    read_photo(cell, encoder.checkpoint_id, lambda: encoder)
    assert model.output(edited(catalog, 10, {"photo": cell}))[0] == pytest.approx(
        model.output(catalog, np.array([10]))[0]
    )


def test_a_photo_travels_through_scenarios(made):
    catalog, model = made
    cell = keep_photo(file_of((250, 120, 110)), "uploaded")
    encoder = Encoder()
    read_photo(cell, encoder.checkpoint_id, lambda: encoder)
    save(catalog, "0-00010", "redder", {photo_column(catalog): cell})
    save(catalog, "0-00011", "cheaper", {"Price": 3.0, "Name": "uploaded: a coat"})
    assert photos_in_use() == [cell]
    (kept,) = saved(catalog, "0-00010")
    order = model.predict(catalog).sort_values("predicted", ascending=False)
    before, after = outcomes(model, catalog, 10, [("", {}), ("", kept.changes)], order)
    assert after.place < before.place
    assert after.parts["image"] > before.parts["image"]


def test_large_photos_are_kept_smaller_and_others_as_they_came(state):
    small = file_of((1, 2, 3))
    assert photo_file(keep_photo(small, "uploaded")).read_bytes() == small
    noise = np.random.default_rng(0).integers(0, 255, (1500, 2400, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise).save(out, "PNG")
    file = photo_file(keep_photo(out.getvalue(), "uploaded"))
    assert open_image(file).size == (photos.MAX_SIDE, photos.MAX_SIDE * 1500 // 2400)
    assert file.stat().st_size < photos.MAX_BYTES


def test_what_is_no_photo_is_refused_and_nothing_is_left(state):
    for data in (b"", b"no photo", file_of((0, 0, 0))[:60]):
        with pytest.raises(ImageError, match=r"“my\.png”"):
            keep_photo(data, "uploaded", "my.png")
    assert not state.exists() or not list(state.iterdir())


def test_cells_that_name_no_photo_are_refused(made):
    for cell in ("", "0.png", "uploaded:../../etc", "stolen:" + "0" * 32, None):
        with pytest.raises(CatalogError, match="names no photo"):
            edited(made[0], 1, {"photo": cell})
    with pytest.raises(CatalogError, match="not kept any more"):
        edited(made[0], 1, {"photo": "uploaded:" + "0" * 32})


def test_equal_photos_are_one_file_also_at_once(state):
    data = file_of((9, 9, 9))
    with ThreadPoolExecutor(8) as pool:
        cells = set(pool.map(lambda _: keep_photo(data, "uploaded"), range(16)))
    (cell,) = cells
    assert [f.name for f in state.iterdir()] == [cell.split(":")[1]]
    assert kind_of(cell) == "uploaded"


def test_the_oldest_go_first_but_none_that_a_scenario_names(state, monkeypatch):
    monkeypatch.setattr(photos, "MOST", 3)
    cells = []
    for i in range(6):
        cells.append(keep_photo(file_of((i, i, i)), "uploaded", named=cells[:1]))
        os.utime(state / cells[-1].split(":")[1], (i, i))
    assert {f.name for f in state.iterdir()} == {c.split(":")[1] for c in (cells[0], *cells[4:])}


def test_a_recoloured_photo_remembers_what_it_was_made_from(state):
    first = keep_photo(file_of((9, 9, 9)), "other")
    made = keep_photo(file_of((90, 9, 9)), "recoloured", base=first)
    assert photos.base_of(made) == photo_file(first)
    assert photos.base_of(first) == photo_file(first)


def test_what_killed_processes_left_is_removed_and_a_photo_half_removed_comes_back(state):
    cell = keep_photo(file_of((1, 1, 1)), "uploaded")
    for name in (".new-abc", ".old-def", ".new-now"):
        (state / name / "images").mkdir(parents=True)
    for name in (".new-abc", ".old-def"):
        os.utime(state / name, (1, 1))
    keep_photo(file_of((2, 2, 2)), "uploaded")
    left = {folder.name for folder in state.iterdir() if folder.name.startswith(".")}
    assert left == {".new-now"}, "one that another session is writing stays"
    photo_file(cell).unlink()
    assert keep_photo(file_of((1, 1, 1)), "uploaded") == cell
    assert open_image(photo_file(cell).read_bytes()).size == (30, 40)
