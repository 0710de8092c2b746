import json
import os
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from core.catalog.catalog import Catalog, load_catalog, write_catalog
from core.catalog.roles import Role
from core.errors import CatalogError
from core.settings import ROOT
from core.vision.clip import ClipEncoder
from core.vision.embeddings import (
    embed_catalog,
    embeddings_version,
    is_embedded,
    load_embeddings,
    load_photo_vectors,
)
from tests.core.vision.tiny_clip import write_tiny_clip

ROLES = {"sku": Role.ID, "photo": Role.IMAGE}
N = 10


class MeanColour:
    """An encoder whose vectors are known: the mean colour, to unit length."""

    checkpoint_id, preprocess_hash, dimensions = "mean-colour-1", "p1", 3
    side = 16

    def __init__(self, fail_at=None):
        self.seen, self.fail_at = 0, fail_at

    def images(self, images):
        if any(i.getpixel((0, 0)) == self.fail_at for i in images):
            raise KeyboardInterrupt
        self.seen += len(images)
        means = np.array([np.asarray(i).mean(axis=(0, 1)) for i in images], dtype=np.float32)
        return means / np.linalg.norm(means, axis=1, keepdims=True)


def colour(i):
    return (20 * i + 10, 120, 200 - 15 * i)


def expected(i):
    vector = np.array(colour(i), dtype=np.float32)
    return vector / np.linalg.norm(vector)


@pytest.fixture
def catalog(tmp_path):
    """Ten items; items 3 and 7 have no photo, of item 5 the file is not an image."""
    frame = pd.DataFrame({"sku": [f"i{i}" for i in range(N)]})
    frame["photo"] = [None if i == 3 else f"{i}.png" for i in range(N)]

    def add_photos(new):
        for i in range(N):
            if i not in (3, 7):
                Image.new("RGB", (8, 8), colour(i)).save(new / "images" / f"{i}.png")
        (new / "images" / "5.png").write_bytes(b"not an image")

    return write_catalog(
        Catalog(tmp_path, "Ten", frame, ROLES), tmp_path / "ten", add_files=add_photos
    )


def check(vectors):
    assert vectors.shape == (N, 3) and vectors.dtype == np.float16
    for i in range(N):
        if i in (3, 5, 7):
            assert np.isnan(vectors[i]).all()
        else:
            np.testing.assert_allclose(vectors[i], expected(i), atol=1e-3)


def test_vectors_lie_in_row_order_with_gaps_for_missing_photos(catalog):
    assert load_embeddings(catalog, "mean-colour-1") is None
    calls = []
    done = embed_catalog(catalog, MeanColour(), lambda *a: calls.append(a), batch_size=3)
    check(done.vectors)
    check(load_embeddings(catalog, "mean-colour-1"))
    assert isinstance(done.vectors, np.memmap) and not done.vectors.flags.writeable
    assert (done.computed, done.kept) == (7, 0)
    assert calls[0] == (0, 8) and calls[-1] == (8, 8) and calls == sorted(calls)
    files = {f.name for f in (catalog.directory / "vectors").iterdir() if f.name[0] != "."}
    assert files == {"mean-colour-1.npy", "mean-colour-1.json"}


def test_a_damaged_photo_is_listed(catalog):
    (damaged,) = embed_catalog(catalog, MeanColour()).damaged
    assert (damaged.item, damaged.photo) == ("i5", "5.png")
    assert "5.png" in damaged.problem
    assert embed_catalog(catalog, MeanColour()).damaged == (damaged,)


def test_only_changed_photos_are_embedded_again(catalog):
    embed_catalog(catalog, MeanColour())
    encoder = MeanColour()
    again = embed_catalog(catalog, encoder)
    assert encoder.seen == 0 and (again.computed, again.kept) == (0, 7)
    for file in (catalog.directory / "images").iterdir():
        os.utime(file, (1, 1))  # a fresh clone has other times on disk
    embed_catalog(catalog, encoder)
    assert encoder.seen == 0
    Image.new("RGB", (8, 8), colour(9)).save(catalog.directory / "images" / "0.png")
    Image.new("RGB", (8, 8), colour(5)).save(catalog.directory / "images" / "5.png")
    changed = embed_catalog(catalog, encoder)
    assert encoder.seen == changed.computed == 2 and changed.kept == 6
    np.testing.assert_allclose(changed.vectors[0], expected(9), atol=1e-3)
    np.testing.assert_allclose(changed.vectors[5], expected(5), atol=1e-3)
    assert changed.damaged == ()


def test_new_rows_and_another_order_keep_what_is_known(catalog):
    embed_catalog(catalog, MeanColour())
    frame = catalog.frame.iloc[::-1].reset_index(drop=True)
    frame.to_parquet(catalog.directory / "catalog.parquet")
    turned = load_catalog(catalog.directory)
    assert load_embeddings(turned, "mean-colour-1") is None
    encoder = MeanColour()
    check(embed_catalog(turned, encoder).vectors[::-1])
    assert encoder.seen == 0
    check(load_embeddings(turned, "mean-colour-1")[::-1])


def test_an_edited_item_has_the_vector_of_its_photo(catalog):
    embed_catalog(catalog, MeanColour())
    some = replace(catalog, frame=catalog.frame.iloc[[9, 3, 1]].reset_index(drop=True))
    assert load_embeddings(some, "mean-colour-1") is None
    found = load_photo_vectors(some, "mean-colour-1")
    np.testing.assert_allclose(found[[0, 2]], [expected(9), expected(1)], atol=1e-3)
    assert np.isnan(found[1]).all()
    Image.new("RGB", (8, 8), colour(5)).save(catalog.directory / "images" / "9.png")
    assert load_photo_vectors(some, "mean-colour-1") is None, "that photo is another now"
    assert load_photo_vectors(some, "another-1") is None


def test_importing_again_keeps_the_vectors_of_unchanged_photos(catalog):
    embed_catalog(catalog, MeanColour())

    def add_photos(new):
        for photo in (catalog.directory / "images").iterdir():
            (new / "images" / photo.name).write_bytes(photo.read_bytes())
        Image.new("RGB", (8, 8), colour(9)).save(new / "images" / "0.png")

    again = write_catalog(catalog, catalog.directory, add_files=add_photos)
    encoder = MeanColour()
    vectors = embed_catalog(again, encoder).vectors
    assert encoder.seen == 1
    np.testing.assert_allclose(vectors[0], expected(9), atol=1e-3)
    np.testing.assert_allclose(vectors[1], expected(1), atol=1e-3)


def test_another_preprocessing_embeds_everything_again(catalog):
    embed_catalog(catalog, MeanColour())
    encoder = MeanColour()
    encoder.preprocess_hash = "p2"
    assert embed_catalog(catalog, encoder).computed == 7


def test_an_interrupted_run_resumes_and_hides_its_unfinished_vectors(catalog):
    with pytest.raises(KeyboardInterrupt):
        embed_catalog(catalog, MeanColour(fail_at=colour(6)), batch_size=2)
    assert load_embeddings(catalog, "mean-colour-1") is None
    encoder = MeanColour()
    check(embed_catalog(catalog, encoder, batch_size=2).vectors)
    assert encoder.seen == 3


def test_the_old_vectors_serve_until_the_new_ones_are_whole(catalog):
    embed_catalog(catalog, MeanColour())
    for i in (0, 1):
        Image.new("RGB", (8, 8), colour(9 - i)).save(catalog.directory / "images" / f"{i}.png")
    with pytest.raises(KeyboardInterrupt):
        embed_catalog(catalog, MeanColour(fail_at=colour(8)), batch_size=1)
    check(load_embeddings(catalog, "mean-colour-1"))
    encoder = MeanColour()
    vectors = embed_catalog(catalog, encoder).vectors
    assert encoder.seen == 1
    np.testing.assert_allclose(vectors[:2], [expected(9), expected(8)], atol=1e-3)


@pytest.mark.parametrize("step", ["unlink", "array"])
def test_a_death_between_the_last_renames_loses_nothing(catalog, step):
    embed_catalog(catalog, MeanColour())
    folder = catalog.directory / "vectors"
    (folder / "mean-colour-1.json").rename(folder / "mean-colour-1.partial.json")
    if step == "unlink":
        (folder / "mean-colour-1.npy").rename(folder / "mean-colour-1.partial.npy")
    encoder = MeanColour()
    check(embed_catalog(catalog, encoder).vectors)
    assert encoder.seen == 0


SLOW_RUN = """
import sys, time
from core.catalog.catalog import load_catalog
from core.vision.embeddings import embed_catalog
from tests.core.vision.test_embeddings import MeanColour
def report(done, total):
    print(done, flush=True)
    time.sleep(0.2)
embed_catalog(load_catalog(sys.argv[1]), MeanColour(), report, batch_size=1)
"""


def test_a_killed_process_leaves_what_it_had_done(catalog):
    command = [sys.executable, "-c", SLOW_RUN, str(catalog.directory)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        while process.stdout.readline().strip() != "4":
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
    encoder = MeanColour()
    check(embed_catalog(catalog, encoder, batch_size=1).vectors)
    assert encoder.seen == 3  # of 7, items 0, 1, 2 and 4 were done


def test_damaged_files_of_vectors_count_as_none(catalog):
    embed_catalog(catalog, MeanColour())
    sidecar = catalog.directory / "vectors" / "mean-colour-1.json"
    whole = sidecar.read_text()
    for text in ("{", "[]", json.dumps(json.loads(whole) | {"dimensions": 4})):
        sidecar.write_text(text)
        assert load_embeddings(catalog, "mean-colour-1") is None
        check(embed_catalog(catalog, MeanColour()).vectors)


def test_what_vectors_are_of_is_parsed_once_until_it_changes(catalog, monkeypatch):
    embed_catalog(catalog, MeanColour())
    sidecar = catalog.directory / "vectors" / "mean-colour-1.json"
    parsed, loads = [], json.loads
    monkeypatch.setattr(json, "loads", lambda text: parsed.append(text) or loads(text))
    sidecar.write_text(sidecar.read_text())
    check(load_embeddings(catalog, "mean-colour-1"))
    check(load_embeddings(catalog, "mean-colour-1"))
    assert len(parsed) == 1
    stamp = sidecar.stat().st_mtime_ns
    text = sidecar.read_text()
    sidecar.write_text(text.replace('"table":"', '"table":"0')[: len(text)])
    os.utime(sidecar, ns=(stamp + 1, stamp + 1))
    assert load_embeddings(catalog, "mean-colour-1") is None, "as long, but another text"


def test_vectors_of_other_photos_have_another_version(catalog):
    assert embeddings_version(catalog, "mean-colour-1") == ""
    embed_catalog(catalog, MeanColour())
    first = embeddings_version(catalog, "mean-colour-1")
    embed_catalog(catalog, MeanColour())
    assert first == embeddings_version(catalog, "mean-colour-1") != ""
    Image.new("RGB", (8, 8), colour(9)).save(catalog.directory / "images" / "0.png")
    embed_catalog(catalog, MeanColour())
    assert embeddings_version(catalog, "mean-colour-1") not in ("", first)


def test_a_folder_that_cannot_be_written_is_one_sentence(catalog):
    (catalog.directory / "vectors").write_text("in the way")
    with pytest.raises(CatalogError, match="“Ten”"):
        embed_catalog(catalog, MeanColour())


def test_a_catalog_without_photos_has_only_gaps(tmp_path):
    frame = pd.DataFrame({"sku": ["a", "b"]})
    bare = write_catalog(Catalog(tmp_path, "Bare", frame, {"sku": Role.ID}), tmp_path / "bare")
    done = embed_catalog(bare, MeanColour())
    assert np.isnan(done.vectors).all() and done.vectors.shape == (2, 3)
    assert (done.computed, done.kept, done.damaged) == (0, 0, ())


def test_whether_a_catalog_is_embedded_is_known_without_loading_the_model(catalog, tmp_path):
    directory = write_tiny_clip(tmp_path / "tiny")
    assert not is_embedded(catalog, directory)
    embed_catalog(catalog, ClipEncoder(directory, device="cpu"))
    (directory / "config.json").unlink()  # the model cannot be loaded any more
    assert is_embedded(catalog, directory)
    Image.new("RGB", (8, 8), colour(9)).save(catalog.directory / "images" / "0.png")
    assert not is_embedded(catalog, directory)


def test_the_photo_embedded_is_the_first_that_lies_in_the_catalog(tmp_path):
    cells = ["../a.png|a.png|b.png", "https://x.y/a.png", "missing.png|b.png", None, "link.png"]
    frame = pd.DataFrame({"sku": list("vwxyz"), "photo": cells})

    def add_photos(new):
        for name in ("a.png", "images/a.png", "images/b.png"):
            Image.new("RGB", (4, 4), "red").save(new / name)
        (new / "images/link.png").symlink_to(tmp_path)

    found = write_catalog(
        Catalog(tmp_path, "C", frame, ROLES), tmp_path / "c", add_files=add_photos
    )
    images = found.directory / "images"
    assert found.main_photos() == [images / "a.png", None, images / "b.png", None, None]
    firsts = [next(iter(found.image_paths(row)), None) for row in range(5)]
    assert found.main_photos() == firsts
