"""Where an import reads from: a file that was uploaded, or a path on the server."""

import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import streamlit as st

from core.archives import unpack
from core.catalog.importing.limits import MAX_UNPACKED
from core.errors import FashionError
from core.settings import cache_dir

TYPES = ["csv", "tsv", "txt", "xlsx", "parquet", "xml", "rss", "atom", "zip"]
UPLOAD, PATH = "Upload a file", "A path on this machine"
KEEP = 86_400
"""Seconds after which an upload that nobody imported is deleted."""

STATE = "import:upload"


@dataclass(frozen=True)
class Source:
    """A file or folder to import, what its content is known by, and a name to propose."""

    path: Path
    stamp: str
    name: str


def choose_source() -> Source | None:
    """Draw the choice of a source; None until there is one that can be read."""
    ways = [UPLOAD, PATH] if _is_local() else [UPLOAD]
    way = UPLOAD
    if len(ways) > 1:
        way = st.segmented_control(
            "Where from", ways, default=UPLOAD, required=True, key="import:way"
        )
    if way == PATH:
        return _path()
    uploaded = st.file_uploader(
        "A table, a feed, or a ZIP with a table and its photos",
        TYPES,
        key="import:file",
        help="CSV, Excel, Parquet, a Shopify product export or a Google Merchant feed, up to"
        " 200 MB. Photos come along in a ZIP: the table, and a folder with the photos it names.",
    )
    if uploaded is None:
        st.caption(
            "Works with a range plan as CSV or Excel, a Shopify product export, a Google Merchant"
            " feed, and the public sets H&M, Fashion Product Images and VISUELLE. The source is not"
            " changed, and nothing is imported before you press Import."
        )
        return None
    try:
        return _kept(uploaded)
    except FashionError as error:
        st.error(str(error))
    except OSError as error:
        st.error(f"The upload cannot be kept ({error.strerror or error}). Free some space.")
    return None


def _is_local() -> bool:
    """Only a user on this machine may name any file on it, not one who comes through a proxy."""
    here = ("localhost", "127.0.0.1", "::1")
    headers = st.context.headers
    asked = urlsplit(f"//{headers.get('Host', '')}").hostname
    forwarded = any(name in headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-Ip"))
    return st.get_option("server.address") in here and asked in here and not forwarded


def _path() -> Source | None:
    text = st.text_input(
        "File or folder",
        key="import:path",
        placeholder="/home/me/ranges/spring.csv",
        help="A folder for H&M, Fashion Product Images and VISUELLE.",
    ).strip()
    if not text:
        return None
    path = Path(text).expanduser()
    try:
        stamp = path.stat().st_mtime_ns if path.is_absolute() else None
    except (OSError, ValueError):
        stamp = None
    if stamp is None:
        st.error(f"{text} is not there or cannot be read. Give the whole path, beginning with /.")
        return None
    return Source(path, str(stamp), _proposal(path.name))


def _kept(uploaded: Any) -> Source:
    """The upload as a file in a folder of this session, unpacked if it is an archive."""
    kept = st.session_state.get(STATE)
    if kept is not None and kept[0] == uploaded.file_id and kept[1].path.exists():
        return kept[1]
    clear_uploads()
    root = cache_dir() / "uploads"
    root.mkdir(parents=True, exist_ok=True)
    for old in root.iterdir():
        if time.time() - old.stat().st_mtime > KEEP:
            shutil.rmtree(old, ignore_errors=True)
    # Its name is read in the report: “the photo … is not in upload/”.
    folder = Path(tempfile.mkdtemp(dir=root)) / "upload"
    folder.mkdir()
    st.session_state[STATE] = (uploaded.file_id, Source(folder, "", ""))
    path = folder / (Path(uploaded.name.replace("\\", "/")).name or "upload")
    path.write_bytes(uploaded.getbuffer())
    name = _proposal(path.name)
    if path.suffix.lower() == ".zip":
        unpacked = folder / "unpacked"
        bar = st.progress(0.0, "Unpacking")
        unpack(
            path,
            unpacked,
            max_bytes=MAX_UNPACKED,
            on_progress=lambda share, message: bar.progress(share, message),
        )
        bar.empty()
        path.unlink()
        inside = list(unpacked.iterdir())
        path = inside[0] if len(inside) == 1 and inside[0].is_dir() else unpacked
    source = Source(path, uploaded.file_id, name)
    st.session_state[STATE] = (uploaded.file_id, source)
    return source


def clear_uploads() -> None:
    """Delete what this session uploaded."""
    kept = st.session_state.pop(STATE, None)
    root = cache_dir() / "uploads"
    if kept is not None and kept[1].path.is_relative_to(root):
        shutil.rmtree(root / kept[1].path.relative_to(root).parts[0], ignore_errors=True)


def _proposal(file_name: str) -> str:
    words = Path(file_name).stem.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]
