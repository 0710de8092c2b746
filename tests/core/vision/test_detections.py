import os
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from core.catalog.catalog import Catalog, load_catalog, write_catalog
from core.catalog.roles import Role
from core.errors import CatalogError
from core.settings import ROOT
from core.vision import detections
from core.vision.atr import ID
from core.vision.detections import FILE, detect_catalog, load_detections, outdated, stamp

ROLES = {"sku": Role.ID, "photo": Role.IMAGE}
N = 10
SEEN = {0: ("dress", True), 1: ("bag", False), 2: ("", False)}
"""What `ByColour` sees in photos by the remainder of their number."""


class ByColour:
    """A parser that knows its photos: red is a dress on a person, green a bag, blue nothing."""

    def __init__(self, checkpoint_id="by-colour-1", fail_at=None):
        self.checkpoint_id, self.fail_at, self.seen = checkpoint_id, fail_at, 0

    def parse(self, image):
        if self.seen == self.fail_at:
            raise KeyboardInterrupt
        self.seen += 1
        colour = int(np.asarray(image).mean(axis=(0, 1)).argmax())
        parse = np.zeros((image.height, image.width), np.uint8)
        if colour == 0:
            parse[:4], parse[4:6] = ID["dress"], ID["face"]
        elif colour == 1:
            parse[2:6] = ID["bag"]
        return parse


def paint(folder, i, kind=None):
    tone = [10 * i, 10 * i, 10 * i]
    tone[(i if kind is None else kind) % 3] = 255
    Image.new("RGB", (8, 8), tuple(tone)).save(folder / f"{i}.png")


@pytest.fixture
def catalog(tmp_path):
    """Ten items; items 3 and 7 have no photo, of item 5 the file is not an image."""
    frame = pd.DataFrame({"sku": [f"i{i}" for i in range(N)]})
    frame["photo"] = [None if i == 3 else f"{i}.png" for i in range(N)]

    def add_photos(new):
        for i in range(N):
            if i not in (3, 7):
                paint(new / "images", i)
        (new / "images" / "5.png").write_bytes(b"not an image")

    return write_catalog(
        Catalog(tmp_path, "Ten", frame, ROLES), tmp_path / "ten", add_files=add_photos
    )


def check(seen, checkpoint="by-colour-1"):
    assert len(seen) == N
    for i in range(N):
        row = seen.iloc[i]
        if i in (3, 5, 7):
            assert row.isna().all()
        else:
            assert (row["articles"], row["worn"]) == SEEN[i % 3]
            assert row["checkpoint"] == checkpoint


def test_every_photo_is_looked_at_once(catalog):
    assert load_detections(catalog) is None and stamp(catalog) == ""
    parser, steps = ByColour(), []
    done = detect_catalog(catalog, parser, lambda *step: steps.append(step))
    assert (done.computed, done.kept) == (7, 0)
    assert [(d.item, d.photo) for d in done.damaged] == [("i5", "5.png")]
    assert "5.png" in done.damaged[0].problem
    assert steps[0] == (0, 8) and steps[-1] == (8, 8) and steps == sorted(steps)
    check(load_detections(catalog))
    before = stamp(catalog)
    again = ByColour()
    done = detect_catalog(catalog, again)
    assert again.seen == 0 and (done.computed, done.kept, len(done.damaged)) == (0, 7, 1)
    assert before


def test_changed_new_and_mended_photos_are_looked_at_again(catalog):
    detect_catalog(catalog, ByColour())
    images = catalog.directory / "images"
    paint(images, 0, kind=1)
    paint(images, 5)
    paint(images, 7)
    parser = ByColour()
    done = detect_catalog(catalog, parser)
    assert parser.seen == 3 and not done.damaged
    seen = load_detections(catalog)
    assert (seen["articles"][0], seen["worn"][0]) == SEEN[1]
    assert (seen["articles"][5], seen["articles"][7]) == (SEEN[2][0], SEEN[1][0])


def test_a_photo_that_changed_since_is_not_spoken_for(catalog):
    detect_catalog(catalog, ByColour())
    (catalog.directory / "images" / "0.png").write_bytes(b"another file")
    seen = load_detections(catalog)
    assert seen.iloc[0].isna().all() and seen["articles"][1] == "bag"


def test_the_same_picture_under_another_name_needs_no_second_look(catalog):
    detect_catalog(catalog, ByColour())
    images = catalog.directory / "images"
    (images / "7.png").write_bytes((images / "1.png").read_bytes())
    parser = ByColour()
    detect_catalog(catalog, parser)
    assert parser.seen == 0
    assert load_detections(catalog)["articles"][7] == "bag"


def test_another_checkpoint_looks_at_everything_again(catalog):
    detect_catalog(catalog, ByColour())
    other = ByColour("by-colour-2")
    assert detect_catalog(catalog, other).computed == 7
    check(load_detections(catalog), "by-colour-2")


def test_another_rule_looks_at_everything_again_and_its_words_are_not_mixed(catalog, monkeypatch):
    detect_catalog(catalog, ByColour())
    assert not outdated(catalog)
    before = stamp(catalog)
    monkeypatch.setattr(detections, "RULE", detections.RULE + 1)
    assert load_detections(catalog) is None and outdated(catalog) and stamp(catalog) != before
    monkeypatch.setattr(detections, "BATCH", 2)
    with pytest.raises(KeyboardInterrupt):
        detect_catalog(catalog, ByColour(fail_at=3))
    assert load_detections(catalog)["articles"].notna().sum() == 2
    parser = ByColour()
    assert detect_catalog(catalog, parser).computed == 5 == parser.seen
    check(load_detections(catalog))
    assert not outdated(catalog)


def test_a_file_without_a_rule_is_of_another_one(catalog):
    detect_catalog(catalog, ByColour())
    file = catalog.directory / FILE
    pd.read_parquet(file).drop(columns="rule").to_parquet(file, index=False)
    assert load_detections(catalog) is None and outdated(catalog)
    assert detect_catalog(catalog, ByColour()).computed == 7
    check(load_detections(catalog))


def test_a_file_that_travelled_is_read_and_left_as_it_is(catalog):
    """As in a fresh clone: git keeps no times."""
    detect_catalog(catalog, ByColour())
    file = catalog.directory / FILE
    for path in (file, *(catalog.directory / "images").iterdir()):
        os.utime(path, (1e9, 1e9))
    check(load_detections(catalog))
    parser = ByColour()
    detect_catalog(catalog, parser)
    assert parser.seen == 0 and file.stat().st_mtime == 1e9


def test_the_demos_file_can_be_shipped():
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    ignored = subprocess.run(
        ["git", "check-ignore", "-q", "--no-index", f"data/demo/{FILE}"], cwd=ROOT, check=False
    )
    assert ignored.returncode == 1


@pytest.mark.parametrize("fail_at", [0, 3, 6])
def test_an_interrupted_run_goes_on_where_it_stopped(catalog, monkeypatch, fail_at):
    monkeypatch.setattr(detections, "BATCH", 2)
    with pytest.raises(KeyboardInterrupt):
        detect_catalog(catalog, ByColour(fail_at=fail_at))
    parser = ByColour()
    detect_catalog(catalog, parser)
    assert parser.seen <= 7 - fail_at + 1
    check(load_detections(catalog))


def test_a_killed_run_leaves_a_file_that_can_be_read(catalog):
    code = f"""
import sys, time
sys.path.insert(0, {str(ROOT)!r})
from core.catalog.catalog import load_catalog
from core.vision import detections
from tests.core.vision.test_detections import ByColour
detections.BATCH = 1
class Slow(ByColour):
    def parse(self, image):
        print("looking", flush=True)
        if self.seen == 4:
            time.sleep(60)
        return super().parse(image)
detections.detect_catalog(load_catalog({str(catalog.directory)!r}), Slow())
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    for _ in range(5):
        assert process.stdout.readline().strip() == b"looking"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    seen = load_detections(catalog)
    assert seen["articles"].notna().sum() == 4
    parser = ByColour()
    detect_catalog(catalog, parser)
    assert parser.seen == 3
    check(load_detections(catalog))


def test_detections_outlive_a_new_import_and_follow_their_photos(catalog):
    detect_catalog(catalog, ByColour())
    turned = Catalog(
        catalog.directory, "Ten", catalog.frame.iloc[::-1].reset_index(drop=True), ROLES
    )
    images = {p.name: p.read_bytes() for p in (catalog.directory / "images").iterdir()}

    def add(new):
        for name, data in images.items():
            (new / "images" / name).write_bytes(data)

    written = write_catalog(turned, catalog.directory, add_files=add)
    check(load_detections(written).iloc[::-1].reset_index(drop=True))


def test_a_damaged_file_is_named_with_what_to_do(catalog):
    (catalog.directory / FILE).write_bytes(b"PAR1 no")
    with pytest.raises(CatalogError, match=rf"{FILE} is damaged.*Delete it"):
        load_detections(catalog)
    with pytest.raises(CatalogError, match="damaged"):
        detect_catalog(catalog, ByColour())


def test_a_catalog_that_cannot_be_written_to_says_so(catalog, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", full)
    with pytest.raises(CatalogError, match="No space left"):
        detect_catalog(catalog, ByColour())
    assert load_detections(load_catalog(catalog.directory)) is None
