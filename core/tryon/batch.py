"""Several garments on several people: pair by pair, one sheet to look at, one archive to take.

A pair that cannot be made is a sentence in its place, not the end of the batch. Results are kept
by content as any other's, so a batch that was stopped goes on where it was when started again.
"""

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from core.errors import CancelledError, FashionError
from core.tryon.engine import Engine, GarmentCategory
from core.tryon.mask_edit import NO_EDIT, MaskEdit
from core.tryon.people import Person
from core.tryon.provenance import provenance, stamped
from core.tryon.result import Result, Settings
from core.vision.images import open_image

MOST_PAIRS = 400

LONGEST_NAME = 120
"""Signs of a file's name, so that endings fit into the 255 bytes that file systems take."""

TILE = (240, 320)
"""Width and height of a picture on the sheet (pixels)."""

ACROSS = 12
"""Garments side by side on the sheet; more go on below, since no browser shows endless pictures."""

GAP, LINE = 12, 18
INK, FAINT, GROUND = "#1B1F24", "#6B7280", "#FFFFFF"


@dataclass(frozen=True)
class Piece:
    """A garment of a batch.

    Attributes:
        id, title: short name and name for people.
        photo: the file, or its bytes.
        category: where it is worn.
    """

    id: str
    title: str
    photo: Path | bytes
    category: GarmentCategory


@dataclass(frozen=True)
class Sitter:
    """A person of a batch, opened only when it is their turn.

    Attributes:
        id, title: short name and name for people.
        open: reads the picture.
        photo: the file or its bytes, to show who it is before; None where there is none.
    """

    id: str
    title: str
    open: Callable[[], Person]
    photo: Path | bytes | None = None


@dataclass(frozen=True)
class Pair:
    """What came of one garment on one person.

    Attributes:
        name: of the pair's files, unlike that of any other pair.
        result: None where there is a `problem` instead.
        about: the provenance, empty without a result.
        problem: a sentence.
    """

    sitter: Sitter
    piece: Piece
    name: str
    result: Result | None
    about: dict[str, Any]
    problem: str = ""


Make = Callable[[Person, Piece], Result]


def run_batch(
    sitters: Sequence[Sitter],
    pieces: Sequence[Piece],
    engine: Engine,
    settings: Settings,
    make: Make,
    edit: MaskEdit = NO_EDIT,
) -> Iterator[Pair]:
    """Dress each person in each garment, person by person.

    Args:
        sitters, pieces: who and what.
        engine, settings, edit: for the provenance.
        make: dresses a person, by `try_on` or in a line. `CancelledError` from it ends the batch.

    Raises:
        FashionError: more than `MOST_PAIRS` pairs.
        CancelledError: `make` was stopped.
    """
    count = len(sitters) * len(pieces)
    if count > MOST_PAIRS:
        raise FashionError(
            f"{len(pieces)} garments on {len(sitters)} people are {count} pictures; at most"
            f" {MOST_PAIRS} are made at a time. Choose fewer."
        )
    taken: set[str] = set()
    for sitter in sitters:
        person, trouble = None, ""
        try:
            person = sitter.open()
        except FashionError as error:
            trouble = str(error)
        for piece in pieces:
            name = _unlike(file_name(f"{piece.id}_on_{sitter.id}"), taken)
            if person is None:
                yield Pair(sitter, piece, name, None, {}, trouble)
                continue
            try:
                result = make(person, piece)
                about = provenance(
                    person,
                    piece.photo,
                    piece.title,
                    piece.category,
                    engine,
                    settings,
                    edit,
                    result,
                )
                yield Pair(sitter, piece, name, result, about)
            except CancelledError:
                raise
            except FashionError as error:
                yield Pair(sitter, piece, name, None, {}, str(error))


def file_name(text: str) -> str:
    """Words as a file's name: at most 120 letters, digits, dots, dashes and underscores."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", text)[:LONGEST_NAME].strip("._") or "garment"


def _unlike(name: str, taken: set[str]) -> str:
    """The name, counted on where another pair of the batch has it: ids may differ in other signs.

    Case does not count, as in many file systems; a count has two underscores, since pictures of a
    pair are counted with one.
    """
    free = next(
        n
        for n in (name, *(f"{name}__{i}" for i in range(2, MOST_PAIRS + 2)))
        if n.casefold() not in taken
    )
    taken.add(free.casefold())
    return free


class Album:
    """Gathers pairs as they come: an archive on disk, and small pictures for the sheet.

    Pictures go to disk as they come; in memory are a small picture of each pair for the sheet.
    """

    def __init__(self, archive: Path, part: int | None = None) -> None:
        """Begin an archive, a ZIP file that `close` completes.

        Args:
            archive: the file; others beside it are called `NAME_2.zip` and so on.
            part: bytes from which it goes on in another file, each a ZIP file of its own; None
                makes one file in any case.
        """
        archive.parent.mkdir(parents=True, exist_ok=True)
        self._archive, self._part, self._parts = archive, part, 1
        self._zip = zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED)  # PNG is compressed
        self._written = 0
        self._tiles: dict[tuple[str, str], bytes | str] = {}
        self._sitters: dict[str, Sitter] = {}
        self._pieces: dict[str, tuple[Piece, bytes | None]] = {}
        self._told: list[dict[str, Any]] = []

    def add(self, pair: Pair) -> None:
        """Take one pair."""
        self._sitters.setdefault(pair.sitter.id, pair.sitter)
        if pair.piece.id not in self._pieces:
            self._pieces[pair.piece.id] = (pair.piece, _photo(pair.piece))
        key = (pair.sitter.id, pair.piece.id)
        told = {"person": pair.sitter.title, "garment": pair.piece.title}
        if pair.result is None:
            self._tiles[key] = pair.problem
            self._told.append({**told, "problem": pair.problem})
            return
        files = []
        for number, picture in enumerate(pair.result.pictures, 1):
            ending = f"_{number}" if len(pair.result.pictures) > 1 else ""
            files.append(f"{pair.name}{ending}.png")
            self._write(files[-1], stamped(picture, pair.about))
        self._tiles[key] = _small(open_image(pair.result.pictures[0], max_side=2 * TILE[1]))
        self._told.append({**told, "files": files, **pair.about})

    def close(self) -> bytes:
        """Complete the archive with the sheet and a list; returns the sheet, a PNG file."""
        sheet = self.sheet()
        self._write("contact_sheet.png", sheet)
        told = json.dumps(self._told, indent=1, ensure_ascii=False)
        self._write("batch.json", told.encode())
        self._zip.close()
        return sheet

    def _write(self, name: str, data: bytes) -> None:
        if self._part is not None and self._written and self._written + len(data) > self._part:
            self._zip.close()
            self._parts, self._written = self._parts + 1, 0
            following = self._archive.with_stem(f"{self._archive.stem}_{self._parts}")
            self._zip = zipfile.ZipFile(following, "w", zipfile.ZIP_STORED)
        self._zip.writestr(name, data)
        self._written += len(data)

    def abandon(self) -> None:
        """Let go of the file without completing it."""
        self._zip.close()

    def sheet(self) -> bytes:
        """All pairs so far as one picture: a column a garment, a row a person."""
        pieces = list(self._pieces.values())
        bands = [pieces[i : i + ACROSS] for i in range(0, len(pieces), ACROSS)]
        width, height = TILE
        left, top = 120 + GAP, height // 2 + 2 * LINE + GAP
        high = top + len(self._sitters) * (height + GAP) + GAP
        across = max((len(band) for band in bands), default=0)
        size = (left + across * (width + GAP) + GAP, max(1, len(bands)) * high)
        sheet = Image.new("RGB", size, GROUND)
        for number, band in enumerate(bands):
            self._draw(sheet, band, left, number * high, top)
        out = io.BytesIO()
        sheet.save(out, "PNG", optimize=False, compress_level=4)
        return out.getvalue()

    def _draw(
        self,
        sheet: Image.Image,
        band: list[tuple[Piece, bytes | None]],
        left: int,
        above: int,
        top: int,
    ) -> None:
        """Garments and, `top` pixels below their upper edge `above`, the people in them."""
        width, height = TILE
        font = ImageFont.load_default(size=14)
        draw = ImageDraw.Draw(sheet)
        for column, (piece, photo) in enumerate(band):
            x = left + column * (width + GAP)
            if photo is not None:
                small = Image.open(io.BytesIO(photo))
                small.thumbnail((width, height // 2))
                sheet.paste(small, (x + (width - small.width) // 2, above + GAP))
            for n, line in enumerate(_wrapped(piece.title, width, font, 2)):
                draw.text((x, above + GAP + height // 2 + n * LINE), line, INK, font)
        for row, sitter in enumerate(self._sitters.values()):
            y = above + top + row * (height + GAP)
            for n, line in enumerate(_wrapped(sitter.title, left - 2 * GAP, font, 4)):
                draw.text((GAP, y + n * LINE), line, INK, font)
            for column, (piece, _) in enumerate(band):
                x = left + column * (width + GAP)
                tile = self._tiles.get((sitter.id, piece.id))
                if isinstance(tile, bytes):
                    picture = Image.open(io.BytesIO(tile))
                    sheet.paste(picture, (x + (width - picture.width) // 2, y))
                elif tile is not None:
                    draw.rectangle((x, y, x + width - 1, y + height - 1), outline="#E1E4E8")
                    for n, line in enumerate(_wrapped(tile, width - 2 * GAP, font, 14)):
                        draw.text((x + GAP, y + GAP + n * LINE), line, FAINT, font)


def _photo(piece: Piece) -> bytes | None:
    try:
        return _small(open_image(piece.photo, piece.title, max_side=2 * TILE[1]))
    except FashionError:
        return None  # the pair itself says what is wrong with it


def _small(image: Image.Image) -> bytes:
    """A picture of a tile's size as a JPEG file, a tenth of its pixels' memory."""
    image.thumbnail(TILE, Image.Resampling.LANCZOS)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=92)
    return out.getvalue()


def _wrapped(
    text: str, width: int, font: ImageFont.ImageFont | ImageFont.FreeTypeFont, most: int
) -> list[str]:
    """Text in lines of at most `width` pixels; the last of `most` ends in dots if more follows."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width or not lines[-1]:
            lines[-1] = longer
        elif len(lines) == most:
            lines[-1] += "…"
            break
        else:
            lines.append(word)
    return lines
