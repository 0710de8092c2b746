"""Photos by URL: pages send addresses, the browser fetches thumbnails and keeps them."""

import hashlib
from pathlib import Path
from urllib.parse import quote

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from app.catalog_folders import catalog_folders
from core.cache import artefacts
from core.catalog.catalog import Catalog
from core.errors import FashionError
from core.vision.images import check_image, encode_webp, open_image

WIDTHS = (96, 192, 384, 768, 1536)
"""Thumbnail widths in pixels; others are rounded up, so that the cache stays small."""

SERVED_AS_IS = {".webp": "image/webp", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}
SMALL_ENOUGH = 60_000
"""Bytes up to which a browser format of fitting width is sent without making a thumbnail."""

CACHE_CONTROL = "private, max-age=86400"


def photo_url(catalog: Catalog, row: int, width: int = 384, index: int = 0) -> str | None:
    """Address of an item's photo, at least `width` pixels wide where the file is, or None.

    Args:
        catalog: one of `catalog_folders()`.
        row: position of the item.
        width: pixels; rounded up to one of `WIDTHS`.
        index: which of the item's photos.
    """
    paths = catalog.image_paths(row)
    if index >= len(paths):
        return None
    name = paths[index].relative_to((catalog.directory / "images").resolve()).as_posix()
    base = st.get_option("server.baseUrlPath").strip("/")
    prefix = f"/{base}" if base else ""
    version = f"{int(paths[index].stat().st_mtime):x}"
    return (
        f"{prefix}/photos/{quote(catalog.directory.name)}/{quote(name)}"
        f"?w={_width(width)}&v={version}"
    )


async def photo(request: Request) -> Response:
    """Answer ``/photos/{catalog}/{name}?w=WIDTH``; 404 for anything outside a catalog's images."""
    folder = catalog_folders().get(request.path_params["catalog"])
    try:
        width = _width(int(request.query_params.get("w", "384")))
    except ValueError:
        return PlainTextResponse("w must be a number of pixels.", 400)
    if folder is None:
        return PlainTextResponse("There is no such catalog.", 404)
    name = request.path_params["name"]
    root = (folder / "images").resolve()
    path = (root / name).resolve() if "\x00" not in name else root
    if not path.is_relative_to(root) or not path.is_file():
        return PlainTextResponse("There is no such photo.", 404)
    return await run_in_threadpool(_answer, path, width)


def _answer(path: Path, width: int) -> Response:
    headers = {"Cache-Control": CACHE_CONTROL}
    try:
        stat = path.stat()
        kind = SERVED_AS_IS.get(path.suffix.lower())
        if kind and stat.st_size <= SMALL_ENOUGH and check_image(path)[0] <= width * 1.2:
            return FileResponse(path, media_type=kind, headers=headers)
        key = f"thumbnail:{path}:{stat.st_mtime_ns}:{stat.st_size}:{width}"
        key = hashlib.sha256(key.encode()).hexdigest()
        data = artefacts().get(key)
        if data is None:
            image = open_image(path, max_side=2 * width)
            if image.width > width:
                image = image.resize((width, max(1, round(image.height * width / image.width))))
            data = encode_webp(image)
            artefacts().set(key, data)
    except (FashionError, OSError) as error:
        return PlainTextResponse(str(error), 404)
    return Response(data, media_type="image/webp", headers=headers)


def _width(asked: int) -> int:
    return next((w for w in WIDTHS if w >= asked), WIDTHS[-1])


ROUTES = [Route("/photos/{catalog}/{name:path}", photo)]
