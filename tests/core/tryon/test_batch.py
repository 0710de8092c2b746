import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from core.cache import open_cache
from core.errors import CancelledError, FashionError, ImageError
from core.tryon.batch import ACROSS, MOST_PAIRS, TILE, Album, Piece, Sitter, file_name, run_batch
from core.tryon.engines import engine_named
from core.tryon.preview import PreviewEngine
from core.tryon.provenance import read_stamp
from core.tryon.result import Settings, try_on
from tests.core.tryon.synthetic import make_garment

ENGINE = engine_named("preview")


def png(kind):
    out = io.BytesIO()
    make_garment(kind)[0].save(out, "PNG")
    return out.getvalue()


@pytest.fixture(scope="module")
def pieces():
    return [
        Piece("a/1", "Blue tee", png("tee"), "upper_body"),
        Piece("bad", "Broken", b"not an image", "upper_body"),
        Piece("a2", "Trousers", png("trousers"), "lower_body"),
    ]


def test_pairs_whose_ids_read_alike_as_file_names_have_names_of_their_own(person, tmp_path):
    long = "x" * 300
    ids = ("裙子", "上衣", "a b", "a/b", "A_B", long, long + "y")
    pieces = [Piece(i, i, png("tee"), "upper_body") for i in ids]
    same = made(person, pieces[0])
    pairs = list(
        run_batch(
            [Sitter("plain", "Plain", lambda: person)],
            pieces,
            ENGINE,
            Settings(),
            lambda person, piece: same,
        )
    )
    album = Album(tmp_path / "batch.zip")
    for pair in pairs:
        album.add(pair)
    album.close()
    with zipfile.ZipFile(tmp_path / "batch.zip") as archive:
        names = [n for n in archive.namelist() if n.endswith(".png")]
    names.remove("contact_sheet.png")
    assert len({name.casefold() for name in names}) == len(ids)
    assert all(len(name) < 140 for name in names)


def missing():
    raise ImageError("The image “gone.webp” is missing.")


def made(person, piece, cache=None):
    return try_on(
        person, piece.photo, piece.category, ENGINE, cache=cache, garment_name=piece.title
    )


def test_every_pair_is_a_picture_or_a_sentence(person, pieces, tmp_path):
    sitters = [Sitter("plain", "Plain", lambda: person), Sitter("gone", "Gone", missing)]
    pairs = list(run_batch(sitters, pieces, ENGINE, Settings(), made))
    assert [(p.sitter.id, p.piece.id) for p in pairs] == [
        (s, p) for s in ("plain", "gone") for p in ("a/1", "bad", "a2")
    ]
    assert [p.result is not None for p in pairs] == [True, False, True, False, False, False]
    assert "“Broken” is not an image" in pairs[1].problem
    assert all("gone.webp" in p.problem for p in pairs[3:])

    album = Album(tmp_path / "new" / "batch.zip")
    for pair in pairs:
        album.add(pair)
    sheet = Image.open(io.BytesIO(album.close()))
    with zipfile.ZipFile(tmp_path / "new" / "batch.zip") as archive:
        assert archive.testzip() is None
        assert set(archive.namelist()) == {
            "a_1_on_plain.png", "a2_on_plain.png", "contact_sheet.png", "batch.json",
        }  # fmt: skip
        told = json.loads(archive.read("batch.json"))
        picture = archive.read("a_1_on_plain.png")
    assert len(told) == 6 and told[0]["files"] == ["a_1_on_plain.png"] and "problem" in told[1]
    assert read_stamp(picture)["garment"] == "Blue tee"
    assert sheet.width > 3 * TILE[0] and sheet.height > 2 * TILE[1]
    # Where a pair was made its picture lies on the sheet, where not a few grey words.
    pixels = np.asarray(sheet)
    row = pixels[sheet.height - 2 * TILE[1] - 36 : sheet.height - TILE[1] - 36]
    colourful = [(part.std(axis=(0, 1)).mean()) for part in np.array_split(row[:, 132:], 3, axis=1)]
    assert colourful[0] > 2 * colourful[1] and colourful[2] > 2 * colourful[1]


def test_many_garments_go_on_below_on_the_sheet(person, tmp_path):
    pieces = [Piece(f"g{i}", f"Tee {i}", png("tee"), "upper_body") for i in range(ACROSS + 1)]
    same = made(person, pieces[0])
    sitters = [Sitter("plain", "Plain", lambda: person)]
    album = Album(tmp_path / "batch.zip")
    for pair in run_batch(sitters, pieces, ENGINE, Settings(), lambda person, piece: same):
        album.add(pair)
    pixels = np.asarray(Image.open(io.BytesIO(album.close())))
    high = len(pixels) // 2
    last = pixels[high:, 132 + 252 :]
    assert pixels.shape[1] < (ACROSS + 1) * 252 and (last == 255).all()  # the 13th alone
    # The same garment on the same person, but for the number in its title.
    first, again = pixels[:high, 132:384], pixels[high:, 132:384]
    assert np.array_equal(first[232:], again[232:]) and first[232:].std() > 20


def test_a_batch_that_was_stopped_goes_on_where_it_was(person, pieces, tmp_path, monkeypatch):
    sitters = [Sitter("plain", "Plain", lambda: person)]
    good = [pieces[0], pieces[2]]
    runs = []
    run = PreviewEngine.run
    monkeypatch.setattr(PreviewEngine, "run", lambda *a, **k: runs.append(1) or run(*a, **k))
    with open_cache(tmp_path) as cache:

        def until_second(person, piece):
            if piece is good[1]:
                raise CancelledError("stopped")
            return made(person, piece, cache)

        with pytest.raises(CancelledError):
            list(run_batch(sitters, good, ENGINE, Settings(), until_second))
        assert len(runs) == 1
        again = lambda person, piece: made(person, piece, cache)  # noqa: E731
        pairs = list(run_batch(sitters, good, ENGINE, Settings(), again))
    assert len(runs) == 2 and all(p.result for p in pairs)


def test_too_many_pairs_are_refused_before_any_is_made(pieces):
    sitters = [Sitter(str(i), str(i), missing) for i in range(MOST_PAIRS)]
    with pytest.raises(FashionError, match="Choose fewer"):
        next(run_batch(sitters, pieces, ENGINE, Settings(), made))


@pytest.mark.parametrize(
    ("text", "name"), [("a b/ü.png", "a_b_.png"), ("../x", "x"), ("衬衫", "garment")]
)
def test_names_of_files_are_plain(text, name):
    assert file_name(text) == name
