"""Suggested titles and descriptions, and what a person decided about each.

They lie in one small file beside the catalog, ``suggestions.json``, and never in its table: what
the source said stays as it was. `core.vision.captions` writes the lines; a person accepts or
rejects them.

Guarantees: the file is replaced as a whole; two sessions that decide at once both keep their
decision.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import pandas as pd
from filelock import FileLock

from core.catalog.catalog import Catalog
from core.catalog.roles import Role
from core.errors import CatalogError

FILE = "suggestions.json"
VERSION = 1

Status = Literal["suggested", "accepted", "rejected", "unsure"]
"""*unsure*: a model looked at the photo and was not sure enough to say anything."""

Kind = Literal["title", "description"]


@dataclass(frozen=True)
class Suggestion:
    """A line for an item.

    Attributes:
        text: the line as it stands; empty where the status is ``unsure``.
        kind: what it is a suggestion for.
        status: what was decided about it.
        confidence: the model's own probability that all of it is right, 0..1.
        checkpoint: id of the checkpoint that wrote it.
        date: day on which it was written, ``YYYY-MM-DD``.
        photo: the photo that it is about, relative to the catalog's images.
        written: what the model wrote, where a person edited it; else empty.
    """

    text: str
    kind: Kind
    status: Status
    confidence: float
    checkpoint: str
    date: str
    photo: str
    written: str = ""

    @property
    def line(self) -> str:
        """What is shown: a model's line with a capital letter, a person's as it was typed."""
        return self.text if self.written else self.text[:1].upper() + self.text[1:]

    @property
    def mark(self) -> str:
        """Where the line comes from: ``suggested``, or ``suggested, edited``."""
        return "suggested, edited" if self.written else "suggested"

    @property
    def kept(self) -> bool:
        """Whether a person has decided about it or worked on it, so that no model replaces it."""
        return self.status in ("accepted", "rejected") or bool(self.written)


def today() -> str:
    """The day, as suggestions carry it."""
    return f"{datetime.now(UTC):%Y-%m-%d}"


def lacks(catalog: Catalog, row: int) -> Kind | None:
    """What an item could do with: a title, else a description, else nothing."""
    for role, kind in ((Role.TITLE, "title"), (Role.DESCRIPTION, "description")):
        if not any(_filled(catalog.frame[column].iloc[row]) for column in catalog.columns(role)):
            return kind  # type: ignore[return-value]
    return None


def lacking(catalog: Catalog) -> np.ndarray:
    """Rows of the items that lack a title or a description and have a photo."""
    full = np.ones(len(catalog), dtype=bool)
    for role in (Role.TITLE, Role.DESCRIPTION):
        has = np.zeros(len(catalog), dtype=bool)
        for column in catalog.columns(role):
            has |= catalog.frame[column].map(_filled).to_numpy(dtype=bool)
        full &= has
    photos = catalog.main_photos()
    return np.array([r for r in np.flatnonzero(~full) if photos[r] is not None], dtype=np.int64)


def _filled(cell: object) -> bool:
    return isinstance(cell, str) and bool(cell.strip())


def photo_name(catalog: Catalog, row: int) -> str:
    """An item's main photo, relative to the catalog's images; empty if it has none."""
    paths = catalog.image_paths(row)[:1]
    root = (catalog.directory / "images").resolve()
    return paths[0].relative_to(root).as_posix() if paths else ""


def load(catalog: Catalog) -> Mapping[str, Suggestion]:
    """The suggestions of a catalog by item id; treat it as read-only.

    Raises:
        CatalogError: the file is damaged.
    """
    file = catalog.directory / FILE
    try:
        stat = file.stat()
    except OSError:
        return {}
    return _read(file, stat.st_size, stat.st_mtime_ns)


def stamp(catalog: Catalog) -> str:
    """Changes whenever the suggestions do; for caches of what is made from them."""
    try:
        stat = (catalog.directory / FILE).stat()
    except OSError:
        return ""
    return f"{stat.st_size}-{stat.st_mtime_ns}"


@lru_cache(maxsize=8)
def _read(file: Path, size: int, changed: int) -> dict[str, Suggestion]:
    return _parse(file)


def _parse(file: Path) -> dict[str, Suggestion]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        found = {str(item): Suggestion(**made) for item, made in content["items"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CatalogError(
            f"{file} is damaged ({error}). Move it away to start again without suggestions."
        ) from error
    for item, made in found.items():
        if made.status not in get_args(Status) or made.kind not in get_args(Kind):
            raise CatalogError(
                f"{file} holds an unknown status or kind at the item “{item}”. Move it away to"
                " start again without suggestions."
            )
    return found


def put(catalog: Catalog, new: Mapping[str, Suggestion]) -> None:
    """Add suggestions; one that a person has decided about or edited is never replaced.

    Raises:
        CatalogError: the file cannot be written or is damaged.
    """

    def change(found: dict[str, Suggestion]) -> None:
        kept = {item for item, made in found.items() if made.kept}
        found |= {item: made for item, made in new.items() if item not in kept}

    _change(catalog, change)


def decide(catalog: Catalog, items: Iterable[str], status: Status) -> None:
    """Set what was decided about suggestions; items without one, or without words, are passed over.

    Raises:
        CatalogError: the file cannot be written or is damaged.
    """

    def change(found: dict[str, Suggestion]) -> None:
        for item in items:
            if item in found and found[item].text:
                found[item] = replace(found[item], status=status)

    _change(catalog, change)


def accept(catalog: Catalog, item: str, words: str) -> None:
    """Accept an item's suggestion as a person left it; what the model wrote is kept beside it.

    Words that are the model's own again, but for a capital letter in front, count as not edited.

    Raises:
        CatalogError: there are no words, or the file cannot be written or is damaged.
    """
    words = " ".join(words.split())
    if not words:
        raise CatalogError("There is nothing to accept. Write a line, or reject the suggestion.")

    def change(found: dict[str, Suggestion]) -> None:
        made = found.get(item)
        if made is None or not made.text:
            return
        model = replace(made, text=made.written or made.text, written="", status="accepted")
        own = words in (model.text, model.line)
        found[item] = model if own else replace(model, text=words, written=model.text)

    _change(catalog, change)


def _change(catalog: Catalog, change: Callable[[dict[str, Suggestion]], None]) -> None:
    file = catalog.directory / FILE
    new = file.with_name(f".{FILE}.new")
    try:
        with FileLock(file.with_name(f".{FILE}.lock")):
            found = _parse(file) if file.is_file() else {}
            change(found)
            content = {"version": VERSION, "items": {i: asdict(made) for i, made in found.items()}}
            new.write_text(json.dumps(content, ensure_ascii=False, indent=0), encoding="utf-8")
            new.replace(file)
    except OSError as error:
        raise CatalogError(
            f"Suggestions cannot be kept in {file} ({error.strerror or error}). Make room, or make"
            " the folder writable."
        ) from error


def accepted_titles(catalog: Catalog) -> dict[str, str]:
    """Accepted titles by item id, for items that the source gives none.

    Raises:
        CatalogError: the file is damaged.
    """
    return {
        item: made.line
        for item, made in load(catalog).items()
        if made.status == "accepted" and made.kind == "title"
    }


def columns(catalog: Catalog) -> pd.DataFrame:
    """What an export says of suggestions, in row order; no columns where there are none.

    A title and a description each come as ``suggested_KIND``, ``suggested_KIND_status`` and
    ``suggested_KIND_mark``, which says whether a person edited it (`Suggestion.mark`).

    Raises:
        CatalogError: the file is damaged.
    """
    made = load(catalog)
    out = pd.DataFrame(index=range(len(catalog)))
    for kind in get_args(Kind):
        own = {i: s for i, s in made.items() if s.kind == kind and s.text and i in catalog.ids}
        if own:
            ours = [own.get(item) for item in catalog.ids]
            out[f"suggested_{kind}"] = [s.line if s else None for s in ours]
            out[f"suggested_{kind}_status"] = [s.status if s else None for s in ours]
            out[f"suggested_{kind}_mark"] = [s.mark if s else None for s in ours]
    return out
