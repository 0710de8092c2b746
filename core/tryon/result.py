"""Trying a garment on, start to end, with the result kept by the content of all its inputs."""

import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path

import diskcache
import numpy as np
from PIL import Image

from core.tryon.cutout import Cutout, cutout_version, read_garment
from core.tryon.engine import Engine, GarmentCategory, OnStep, require
from core.tryon.people import Person
from core.tryon.preview import Placed


@dataclass(frozen=True)
class Settings:
    """What a sampling engine can be told; engines that do not sample ignore all of it."""

    seed: int = 0
    steps: int = 20
    scale: float = 2.0
    samples: int = 1


@dataclass(frozen=True)
class Result:
    """A finished try-on as files.

    Attributes:
        pictures: PNG files, RGB, of the person's size.
        mask: PNG file, 8-bit grey, 255 where the picture may differ from the person's own.
        garment: PNG file, RGBA: the cut-out garment.
        points: landmarks on the cut-out by name, (x, y) in its pixels; empty where the engine
            finds none.
    """

    pictures: tuple[bytes, ...]
    mask: bytes
    garment: bytes
    points: dict[str, tuple[float, float]]


def try_on(
    person: Person,
    garment: Path | bytes,
    category: GarmentCategory,
    engine: Engine,
    settings: Settings = Settings(),
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
        settings: for engines that sample.
        cache: where to look for the result and keep it; None computes it anew.
        garment_name: what to call the photo in an error.
        on_step: told about progress.

    Raises:
        ImageError, TryOnError, CheckpointMissing: as the engine and `read_garment`.
    """
    require(engine)
    key = content_key(person, garment, category, engine, settings)
    if cache is not None and (kept := cache.get(key)) is not None:
        return _unpack(kept)
    cut = read_garment(garment, garment_name)
    prepared = engine.prepare(person, cut, category)
    pictures = engine.run(
        prepared,
        seed=settings.seed,
        steps=settings.steps,
        scale=settings.scale,
        samples=settings.samples,
        on_step=on_step,
    )
    points = {}
    if isinstance(prepared.work, Placed):
        points = {
            name: (round(float(x), 1), round(float(y), 1))
            for name, (x, y) in prepared.work.shape.points.items()
        }
    result = Result(
        tuple(_png(picture) for picture in pictures), _png(prepared.mask), _png(_rgba(cut)), points
    )
    if cache is not None:
        cache.set(key, _pack(result))
    return result


def content_key(
    person: Person,
    garment: Path | bytes,
    category: GarmentCategory,
    engine: Engine,
    settings: Settings,
) -> str:
    """SHA-256 over the content of everything that the result depends on, in hexadecimal."""
    digest = hashlib.sha256()
    photo = garment.read_bytes() if isinstance(garment, Path) and garment.is_file() else garment
    told = settings if engine.uses_sampling else None
    for part in (
        f"tryon {engine.name} {engine.version} {category} {told} {person.pixels.shape}".encode(),
        cutout_version().encode(),
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
    head = {"lengths": [len(f) for f in files], "points": result.points}
    return b"\n".join([json.dumps(head).encode(), b"".join(files)])


def _unpack(data: bytes) -> Result:
    line, _, body = data.partition(b"\n")
    head = json.loads(line)
    files, start = [], 0
    for length in head["lengths"]:
        files.append(body[start : start + length])
        start += length
    points = {name: (float(x), float(y)) for name, (x, y) in head["points"].items()}
    return Result(tuple(files[:-2]), files[-2], files[-1], points)
