"""Public clothing data sets, fetched from where their owners publish them.

None of the owners publishes a hash of its files. What protects against damage is: the size and,
where the server sends one, the MD5 of each answer; the CRC-32 of each file in an archive; and the
SHA-256 of the first complete download, which is recorded and checked by later runs.
"""

import base64
import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.archives import unpack
from core.downloads import Progress, fetch
from core.errors import DownloadError

KAGGLE = "https://www.kaggle.com"
GITHUB = "https://github.com"

MAX_UNPACKED = 120 * 1000**3
"""Most bytes that one of the archives may unpack to (H&M's photos are about 35 GB)."""

CREDENTIALS = (
    "Kaggle needs an account: create a token at https://www.kaggle.com/settings, then set"
    " KAGGLE_USERNAME and KAGGLE_KEY (or KAGGLE_API_TOKEN), or put kaggle.json into ~/.kaggle."
)


@dataclass(frozen=True)
class PublicSet:
    """A data set and how to get it.

    Attributes:
        name: on the command line.
        about: what it is.
        licence: as its owner states it.
        page: for people: terms, and what to accept before downloading.
        files: path below the host, and the name under which the file is kept while it is unpacked.
        photos: further files that only `photos=True` fetches.
        kaggle: needs Kaggle credentials.
        importer: format of `scripts/import_catalog.py` that reads the folder.
        rename: path in an archive to path in the folder, or None to leave it out.
    """

    name: str
    about: str
    licence: str
    page: str
    files: tuple[tuple[str, str], ...]
    photos: tuple[tuple[str, str], ...] = ()
    kaggle: bool = False
    importer: str = "csv"
    rename: Callable[[str], str | None] = lambda name: name


_HM = "h-and-m-personalized-fashion-recommendations"
_CLOTHING = "08b50460cf229fd852bb6c11564e0959f52578ca"


def _below_top(name: str) -> str | None:
    return name.partition("/")[2] or None


def _without_copy(name: str) -> str | None:
    """The archive holds everything twice; the second time below this folder."""
    return None if name.startswith("myntradataset/") else name


SETS = {
    s.name: s
    for s in (
        PublicSet(
            name="clothing_dataset",
            about="5,400 photos of single garments taken by their owners, 20 labels",
            licence="CC0",
            page="https://github.com/alexeygrigorev/clothing-dataset",
            files=((f"/alexeygrigorev/clothing-dataset/archive/{_CLOTHING}.zip", "archive.zip"),),
            rename=_below_top,
        ),
        PublicSet(
            name="hm",
            about="105,542 articles of H&M and two years of transactions (photos: --photos, 30 GB)",
            licence="competition rules: no commercial use",
            page=f"https://www.kaggle.com/competitions/{_HM}",
            files=tuple(
                (f"/api/v1/competitions/data/download/{_HM}/{table}", table)
                for table in ("articles.csv", "transactions_train.csv")
            ),
            photos=((f"/api/v1/competitions/data/download-all/{_HM}", "everything.zip"),),
            kaggle=True,
            importer="hm",
        ),
        PublicSet(
            name="fashion_products",
            about="44,000 product photos with type, colour, season and name",
            licence="MIT, as its uploader states; the photos are a retailer's",
            page="https://www.kaggle.com/datasets/paramaggarwal/fashion-product-images-small",
            files=(
                (
                    "/api/v1/datasets/download/paramaggarwal/fashion-product-images-small",
                    "archive.zip",
                ),
            ),
            kaggle=True,
            importer="styles",
            rename=_without_copy,
        ),
    )
}


def download(
    name: str, out: Path, *, photos: bool = False, on_progress: Progress | None = None
) -> dict[str, str]:
    """Fetch and unpack a data set; a stopped run goes on where it stopped.

    Args:
        name: one of `SETS`.
        out: folder to write into.
        photos: also fetch what is only fetched when asked for (H&M's photos).
        on_progress: called with a share (0..1) of the current step and a sentence.

    Returns:
        SHA-256 of each fetched file, by its name.

    Raises:
        DownloadError: with a sentence that says what to do.
        ArchiveError: what arrived cannot be unpacked.
    """
    if name not in SETS:
        raise DownloadError(f"There is no data set “{name}”. Choose one of: {', '.join(SETS)}.")
    wanted = SETS[name]
    headers = _kaggle_login() if wanted.kaggle else {}
    done = _read_done(out)
    hashes = {}
    for path, kept in wanted.photos if photos and wanted.photos else wanted.files:
        if path in done:
            hashes[kept] = done[path]
            continue
        target = out / f"{kept}.download"
        hashes[kept] = fetch(
            (KAGGLE if wanted.kaggle else GITHUB) + path,
            target,
            headers=headers,
            denied=_denied(wanted),
            on_progress=on_progress,
        )
        _unpack(target, out / kept, wanted, on_progress)
        # Only now: a run that was stopped while unpacking unpacks again, from the checked file.
        done[path] = hashes[kept]
        _done_file(out).write_text(json.dumps(done, indent=1))
    return hashes


def _unpack(fetched: Path, kept: Path, wanted: PublicSet, on_progress: Progress | None) -> None:
    """Unpack what was fetched, or keep it under its name where it is no archive.

    Kaggle sends large tables packed, small ones as they are.
    """
    try:
        if zipfile.is_zipfile(fetched):
            unpack(
                fetched,
                kept.parent,
                max_bytes=MAX_UNPACKED,
                rename=wanted.rename,
                on_progress=on_progress,
            )
            fetched.unlink()
        else:
            fetched.replace(kept)
        fetched.with_name(fetched.name + ".sha256.json").unlink(missing_ok=True)
    except OSError as error:
        raise DownloadError(
            f"{kept.name} cannot be unpacked into {kept.parent} ({error.strerror or error}). Make"
            " room and run the command again."
        ) from error


def _denied(wanted: PublicSet) -> str:
    if not wanted.kaggle:
        return f"See {wanted.page}."
    return f"Open {wanted.page}, log in and accept the rules there. {CREDENTIALS}"


def _kaggle_login() -> dict[str, str]:
    """Authorization header from the environment or kaggle.json; its content is never shown.

    Raises:
        DownloadError: there are no credentials.
    """
    token = os.environ.get("KAGGLE_API_TOKEN", "").strip()
    if token:
        return {"Authorization": f"Bearer {token}"}
    user, key = os.environ.get("KAGGLE_USERNAME", ""), os.environ.get("KAGGLE_KEY", "")
    if not (user and key):
        folder = os.environ.get("KAGGLE_CONFIG_DIR")
        path = (Path(folder) if folder else Path.home() / ".kaggle") / "kaggle.json"
        try:
            stored = json.loads(path.read_text())
            user, key = str(stored["username"]), str(stored["key"])
        except OSError as error:
            raise DownloadError(CREDENTIALS) from error
        except (ValueError, KeyError, TypeError):
            # Not chained: the parser's message quotes the file.
            raise DownloadError(
                f"{path} does not hold a username and a key. {CREDENTIALS}"
            ) from None
    packed = base64.b64encode(f"{user}:{key}".encode()).decode()
    return {"Authorization": f"Basic {packed}"}


def _done_file(out: Path) -> Path:
    return out / "download.json"


def _read_done(out: Path) -> dict[str, str]:
    try:
        content = json.loads(_done_file(out).read_text())
        return {str(k): str(v) for k, v in content.items()}
    except (OSError, ValueError, AttributeError):
        return {}
