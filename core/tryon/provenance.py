"""What made a try-on picture, told beside it and inside it, so that it is never taken for a photo.

A PNG file carries it as text chunks (PNG specification, 11.3.4): the standard keywords for people,
and all of it as JSON under `KEYWORD` for programs.
"""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from core.tryon.engine import Engine, GarmentCategory
from core.tryon.mask_edit import MaskEdit
from core.tryon.people import OWN, Person
from core.tryon.result import Result, Settings, content_key, plain_edit

KEYWORD = "fashion-diffusion"

DISCLAIMER = "A computed picture: nobody was photographed wearing this garment."


def provenance(
    person: Person,
    garment: Path | bytes,
    title: str,
    category: GarmentCategory,
    engine: Engine,
    settings: Settings,
    edit: MaskEdit,
    result: Result,
) -> dict[str, Any]:
    """What made a result, as plain values for JSON.

    Args:
        person, garment, category, engine, settings, edit: as given to `try_on`.
        title: what the garment is called.
        result: what came out.
    """
    photo = garment if isinstance(garment, bytes) else garment.read_bytes()
    return {
        "software": "Fashion Diffusion",
        "note": DISCLAIMER,
        "engine": engine.name,
        "engine_version": engine.version,
        "licence": engine.licence.name,
        "commercial_use": engine.licence.commercial,
        # The file name of somebody's own photo is theirs, and these facts travel with the picture.
        "person": "own photo" if person.id.startswith(OWN) else person.title,
        "person_sha256": hashlib.sha256(person.pixels.tobytes()).hexdigest(),
        "garment": title,
        "garment_sha256": hashlib.sha256(photo).hexdigest(),
        "category": category,
        "settings": settings.told() if engine.uses_sampling else {},
        "mask_edit": plain_edit(edit),
        "inputs": content_key(person, garment, category, engine, settings, edit),
        "made": result.made,
        "points": result.points,
    }


def stamped(picture: bytes, about: dict[str, Any]) -> bytes:
    """A PNG file with its provenance in it; not a pixel changes."""
    use = "" if about["commercial_use"] else ", no commercial use"
    told = PngInfo()
    told.add_text("Software", about["software"])
    told.add_text("Creation Time", about["made"])
    told.add_text("Disclaimer", DISCLAIMER)
    told.add_text("Copyright", f"Engine {about['engine']}: licence {about['licence']}{use}")
    told.add_itxt("Description", f"{about['person']} wearing {about['garment']}")
    told.add_itxt(KEYWORD, json.dumps(about, ensure_ascii=False))
    out = io.BytesIO()
    with Image.open(io.BytesIO(picture)) as opened:
        opened.save(out, "PNG", compress_level=3, pnginfo=told)
    return out.getvalue()


def read_stamp(picture: bytes) -> dict[str, Any] | None:
    """The provenance in a PNG file, or None where there is none."""
    with Image.open(io.BytesIO(picture)) as opened:
        text = opened.info.get(KEYWORD)
    return None if text is None else json.loads(text)
