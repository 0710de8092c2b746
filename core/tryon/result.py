"""Trying a garment on, start to end, with the result kept by the content of all its inputs."""

import hashlib
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import diskcache
import numpy as np
from PIL import Image

from core.errors import TryOnError
from core.tryon.cutout import Cutout, cutout_version, read_garment
from core.tryon.engine import (
    Engine,
    GarmentCategory,
    MemoryShort,
    OnStep,
    Prepared,
    drawn_seed,
    require,
)
from core.tryon.mask_edit import NO_EDIT, MaskEdit, edited
from core.tryon.masks import protected
from core.tryon.ootd import OotdEngine
from core.tryon.ootd_sampler import SAMPLERS
from core.tryon.pace import Clock, Pace
from core.tryon.people import Person
from core.tryon.preview import Placed


@dataclass(frozen=True)
class Settings:
    """What a sampling engine can be told; others are asked for `samples` alone, and copy.

    `sampler` and `whole` are OOTDiffusion's: see `OotdEngine.run`.
    """

    seed: int = 0
    steps: int = 20
    scale: float = 2.0
    samples: int = 1
    sampler: str = "published"
    whole: bool = False

    def settled(self) -> "Settings":
        """The same with a seed drawn where any will do, so that the picture can be made again."""
        return replace(self, seed=drawn_seed(self.seed))

    def told(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Result:
    """A finished try-on as files.

    Attributes:
        pictures: PNG files, RGB, of the person's size.
        mask: PNG file, 8-bit grey, 255 where the picture may differ from the person's own.
        garment: PNG file, RGBA: the cut-out garment.
        points: landmarks on the cut-out by name, (x, y) in its pixels; empty where the engine
            finds none.
        made: when, ISO 8601 in UTC.
    """

    pictures: tuple[bytes, ...]
    mask: bytes
    garment: bytes
    points: dict[str, tuple[float, float]]
    made: str = ""


def samplers(engine: Engine) -> dict[str, tuple[str, int]]:
    """The samplers that an engine can run with: name to title and usual steps; empty for none."""
    return SAMPLERS if isinstance(engine, OotdEngine) else {}


def try_on(
    person: Person,
    garment: Path | bytes,
    category: GarmentCategory,
    engine: Engine,
    settings: Settings = Settings(),
    edit: MaskEdit = NO_EDIT,
    *,
    cache: diskcache.Cache | None = None,
    garment_name: str | None = None,
    on_step: OnStep | None = None,
) -> Result:
    """Dress a person in the garment of a product photo.

    Args:
        person: who wears it.
        garment: the photo, a file or its bytes.
        category: where it is worn.
        engine: what makes the picture.
        settings: for engines that sample; a seed that any will do is better `settled` before.
        edit: of the mask that the engine would repaint.
        cache: where to look for the result and keep it; None computes it anew.
        garment_name: what to call the photo in an error.
        on_step: told about progress; what it raises ends the run and comes out of here.

    Raises:
        ImageError, TryOnError, CheckpointMissing: as the engine and `read_garment`.
        MemoryShort: the memory does not suffice.
    """
    require(engine)
    settings = settings.settled()
    key = content_key(person, garment, category, engine, settings, edit)
    if cache is not None and (kept := cache.get(key)) is not None:
        return _unpack(kept)
    clock = Clock(on_step, in_memory(engine))
    with _enough_memory():
        cut = read_garment(garment, garment_name)
        prepared = engine.prepare(person, cut, category)
        if cache is not None:
            cache.set(_mask_key(person, garment, category, engine), _png(prepared.mask))
        if edit:
            prepared = replace(prepared, mask=edited(prepared.mask, edit, protected(person)))
            if not prepared.mask.any():
                raise TryOnError(
                    "Nothing is left of the mask, so nothing would change. Undo some strokes, or"
                    " choose a wider style."
                )
        pictures = _run(engine, prepared, settings, clock)
    whole = settings.whole and isinstance(engine, OotdEngine)
    result = Result(
        tuple(_png(picture) for picture in pictures),
        _png(np.full_like(prepared.mask, 255) if whole else prepared.mask),
        _png(_rgba(cut)),
        _points(prepared),
        datetime.now(UTC).isoformat(timespec="seconds"),
    )
    if cache is not None:
        cache.set(key, _pack(result))
        pace = clock.pace(settings.samples, _rows(settings), _kept_pace(engine, cache))
        cache.set(_pace_key(engine), pace.to_json())
    return result


def kept_result(
    person: Person,
    garment: Path | bytes,
    category: GarmentCategory,
    engine: Engine,
    settings: Settings,
    edit: MaskEdit,
    cache: diskcache.Cache,
) -> Result | None:
    """The result that an earlier `try_on` of the same inputs kept, or None."""
    kept = cache.get(content_key(person, garment, category, engine, settings, edit))
    return None if kept is None else _unpack(kept)


def own_mask(
    person: Person,
    garment: Path | bytes,
    category: GarmentCategory,
    engine: Engine,
    *,
    cache: diskcache.Cache,
    garment_name: str | None = None,
) -> bytes:
    """The mask that an engine would repaint, before any edit: a PNG file, 8-bit grey.

    Raises:
        ImageError, TryOnError, CheckpointMissing: as the engine and `read_garment`.
    """
    key = _mask_key(person, garment, category, engine)
    kept = cache.get(key)
    if kept is None:
        cut = read_garment(garment, garment_name)
        kept = _png(engine.prepare(person, cut, category).mask)
        cache.set(key, kept)
    return kept


def in_memory(engine: Engine) -> bool:
    """Whether a run does not have to read a model first; small models are not counted."""
    return engine.in_memory if isinstance(engine, OotdEngine) else True


def expected_seconds(
    engine: Engine, settings: Settings, cache: diskcache.Cache, count: int = 1
) -> float | None:
    """How long so many runs take by the last one on this machine; None where there was none."""
    pace = _kept_pace(engine, cache)
    if pace is None:
        return None
    if not engine.uses_sampling:
        return count * pace.once
    run = pace.run(settings.steps, settings.samples, _rows(settings))
    return count * run + (0.0 if in_memory(engine) else pace.load)


def plain_edit(edit: MaskEdit) -> dict[str, Any]:
    """An edit as plain values for JSON; empty where it changes nothing."""
    return asdict(edit) if edit else {}


@contextmanager
def _enough_memory() -> Iterator[None]:
    """Say in a sentence where Python cannot get the memory."""
    try:
        yield
    except MemoryError:
        raise MemoryShort(
            "This machine has too little memory for this try-on. Use a smaller photo."
        ) from None


def _run(
    engine: Engine, prepared: Prepared, settings: Settings, on_step: OnStep
) -> list[np.ndarray]:
    told: dict[str, Any] = settings.told()
    if not isinstance(engine, OotdEngine):
        del told["sampler"], told["whole"]
    return engine.run(prepared, **told, on_step=on_step)


def _points(prepared: Prepared) -> dict[str, tuple[float, float]]:
    if not isinstance(prepared.work, Placed):
        return {}
    return {
        name: (round(float(x), 1), round(float(y), 1))
        for name, (x, y) in prepared.work.shape.points.items()
    }


def _rows(settings: Settings) -> int:
    """Rows of guidance: up to a scale of 1 there is nothing to hold against the garment."""
    return 1 + (settings.scale > 1)


def _kept_pace(engine: Engine, cache: diskcache.Cache) -> Pace | None:
    kept = cache.get(_pace_key(engine))
    return None if kept is None else Pace.from_json(kept)


def _pace_key(engine: Engine) -> str:
    return f"tryon pace {engine.name} {engine.version}"


def _mask_key(
    person: Person, garment: Path | bytes, category: GarmentCategory, engine: Engine
) -> str:
    return "mask " + content_key(person, garment, category, engine, Settings())


def content_key(
    person: Person,
    garment: Path | bytes,
    category: GarmentCategory,
    engine: Engine,
    settings: Settings,
    edit: MaskEdit = NO_EDIT,
) -> str:
    """SHA-256 over the content of everything that the result depends on, in hexadecimal."""
    digest = hashlib.sha256()
    photo = garment.read_bytes() if isinstance(garment, Path) and garment.is_file() else garment
    told = settings if engine.uses_sampling else settings.samples
    changed = repr(edit) if edit else ""
    for part in (
        f"tryon {engine.name} {engine.version} {category} {told} {person.pixels.shape}".encode(),
        cutout_version().encode(),
        changed.encode(),
        person.pixels.tobytes(),
        person.parse.tobytes(),
        person.keypoints.tobytes(),
        photo if isinstance(photo, bytes) else str(photo).encode(),
    ):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


def _rgba(cutout: Cutout) -> np.ndarray:
    alpha = np.round(cutout.alpha * 255).astype(np.uint8)
    return np.dstack([cutout.pixels, alpha])


def _png(pixels: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG", compress_level=3)
    return out.getvalue()


def _pack(result: Result) -> bytes:
    """One value of plain bytes: a line of JSON with the lengths, then the files."""
    files = [*result.pictures, result.mask, result.garment]
    head = {"lengths": [len(f) for f in files], "points": result.points, "made": result.made}
    return b"\n".join([json.dumps(head).encode(), b"".join(files)])


def _unpack(data: bytes) -> Result:
    line, _, body = data.partition(b"\n")
    head = json.loads(line)
    files, start = [], 0
    for length in head["lengths"]:
        files.append(body[start : start + length])
        start += length
    points = {name: (float(x), float(y)) for name, (x, y) in head["points"].items()}
    made = str(head.get("made", ""))
    return Result(tuple(files[:-2]), files[-2], files[-1], points, made)
