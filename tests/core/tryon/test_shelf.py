import io
import multiprocessing
import os
import signal
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from core.errors import FashionError
from core.tryon.batch import Pair, Piece, Sitter
from core.tryon.result import Result
from core.tryon.shelf import Shelf
from tests.core.tryon.synthetic import make_garment, make_person

ABOUT = {
    "software": "x", "made": "2026", "engine": "e", "licence": "l", "commercial_use": True,
    "person": "p", "garment": "g",
}  # fmt: skip


def pairs(count):
    out, photo = io.BytesIO(), io.BytesIO()
    Image.effect_noise((120, 120), 90).convert("RGB").save(out, "PNG")
    make_garment("tee")[0].save(photo, "PNG")
    result = Result((out.getvalue(),), b"", b"", {})
    sitter = Sitter("plain", "Plain", make_person)
    for i in range(count):
        piece = Piece(f"g{i}", f"Garment {i}", photo.getvalue(), "upper_body")
        yield Pair(sitter, piece, f"g{i}_on_plain", result, ABOUT)


def make(shelf, name, count=1, **options):
    with shelf.making(name, **options) as album:
        for pair in pairs(count):
            album.add(pair)
    return shelf.find(name)


@pytest.fixture
def shelf(tmp_path):
    return Shelf(tmp_path / "shelf")


def hidden(tmp_path):
    return sorted(path.name for path in (tmp_path / "shelf").glob(".*") if path.name != "..lock")


def test_a_batch_is_there_once_it_is_whole(shelf, tmp_path):
    assert shelf.find("a") is None
    with shelf.making("a") as album:
        assert shelf.find("a") is None
        for pair in pairs(2):
            album.add(pair)
    found = shelf.find("a")
    assert Image.open(found.sheet).width > 400 and [p.name for p in found.parts] == ["try_on.zip"]
    with zipfile.ZipFile(found.parts[0]) as archive:
        assert archive.testzip() is None and len(archive.namelist()) == 4
    assert hidden(tmp_path) == []


def test_a_large_archive_comes_in_parts_that_are_whole_in_themselves(shelf):
    found = make(shelf, "a", 7, part=100_000)
    names = []
    for part in found.parts:
        with zipfile.ZipFile(part) as archive:
            assert archive.testzip() is None
            names += archive.namelist()
        assert part.stat().st_size < 102_000 or "contact_sheet.png" in names
    assert len(found.parts) > 2
    assert [p.name for p in found.parts[:2]] == ["try_on.zip", "try_on_2.zip"]
    wanted = [f"g{i}_on_plain.png" for i in range(7)] + ["contact_sheet.png", "batch.json"]
    assert names == wanted


def test_a_batch_that_ends_early_leaves_nothing(shelf, tmp_path):
    make(shelf, "a")
    with pytest.raises(InterruptedError), shelf.making("a") as album:
        album.add(next(pairs(1)))
        raise InterruptedError
    assert shelf.find("a") is not None  # that of before
    assert hidden(tmp_path) == []


def test_one_batch_is_made_once_at_a_time(shelf):
    with shelf.making("a"), pytest.raises(FashionError, match="being made already"):
        make(shelf, "a")
    assert shelf.find("a") is not None


def write_until_killed(folder, ready):
    with Shelf(folder).making("killed") as album:
        album.add(next(pairs(1)))
        ready.set()
        signal.pause()


def test_what_a_killed_process_left_goes_and_what_another_writes_stays(shelf, tmp_path):
    fork = multiprocessing.get_context("spawn")
    ready = fork.Event()
    process = fork.Process(target=write_until_killed, args=(tmp_path / "shelf", ready))
    process.start()
    assert ready.wait(60)
    make(shelf, "a")
    assert hidden(tmp_path) == [".killed", ".killed.lock"]
    os.kill(process.pid, signal.SIGKILL)
    process.join(20)
    (tmp_path / "shelf" / ".of-before-there-were-locks").mkdir()
    make(shelf, "b")
    assert hidden(tmp_path) == []
    assert make(shelf, "killed")  # and it can be made again


def test_the_oldest_batches_go_by_number_and_by_size(tmp_path):
    shelf = Shelf(tmp_path / "few", most=2)
    for age, name in enumerate("abc"):
        found = make(shelf, name)
        os.utime(found.sheet.parent, (age, age))
    make(shelf, "d")
    assert [name for name in "abcd" if shelf.find(name)] == ["c", "d"]
    size = sum(f.stat().st_size for f in Path(found.sheet.parent).iterdir())
    small = Shelf(tmp_path / "small", most_bytes=size // 2)
    make(small, "a")
    assert small.find("a")  # the newest stays in any case
    os.utime(small.find("a").sheet.parent, (1, 1))
    make(small, "b")
    assert small.find("b") and not small.find("a")
