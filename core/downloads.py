"""Fetching large files over HTTP: resumed where it stopped, checked, replaced as a whole.

Beside an unfinished `FILE.part` lies `FILE.part.json` with the server's mark of the version (ETag
or date), so that a resumed download never joins two versions. Beside a finished file lies
`FILE.sha256.json` with its hash, which a later run checks instead of fetching it again.
"""

import base64
import email.utils
import hashlib
import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from core.errors import DownloadError

Progress = Callable[[float, str], None]

ATTEMPTS = 5
"""Connections that may break before a download is given up (what arrived is kept)."""

WAIT = 2.0
"""Seconds before the second attempt; doubled before each further one."""

TIMEOUT = 60.0
"""Seconds without a byte after which a connection counts as broken."""

_BLOCK = 1 << 20


def fetch(
    url: str,
    target: Path,
    *,
    headers: Mapping[str, str] | None = None,
    sha256: str | None = None,
    denied: str = "",
    on_progress: Progress | None = None,
) -> str:
    """Fetch a file unless it is there already, and return its SHA-256.

    Args:
        url: where from; redirects are followed.
        target: the file to write.
        headers: sent to the first server only, never to one that it redirects to (credentials).
        sha256: the published hash, where there is one.
        denied: what to do when the server refuses access, as a sentence.
        on_progress: called with a share (0..1, or 0 while the size is unknown) and a sentence.

    Raises:
        DownloadError: with a sentence; what arrived so far is kept for the next run.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    progress = on_progress or (lambda share, message: None)
    found = _finished(target, url, sha256)
    if found is not None:
        progress(1.0, f"{target.name} is here already")
        return found
    failure = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            progress(0.0, f"{failure}; trying again ({attempt + 1} of {ATTEMPTS})")
            time.sleep(WAIT * 2 ** (attempt - 1))
        try:
            return _attempt(url, target, headers or {}, sha256, denied, progress)
        except (http.client.HTTPException, ConnectionError, TimeoutError) as error:
            failure = f"The connection to {_host(url)} broke ({type(error).__name__})"
        except urllib.error.URLError as error:
            failure = f"{_host(url)} cannot be reached ({error.reason})"
        except OSError as error:
            raise DownloadError(
                f"{target} cannot be written ({error.strerror or error}). Make room and run the"
                " command again; it goes on where it stopped."
            ) from error
    raise DownloadError(
        f"{failure}, {ATTEMPTS} times. Run the command again; it goes on where it stopped."
    )


def _finished(target: Path, url: str, sha256: str | None) -> str | None:
    """Hash of a file that an earlier run finished and that is still the same, or None."""
    record = _read_json(_record(target))
    if not target.is_file() or record.get("url") != url:
        return None
    found = _digest(target, hashlib.sha256()).hexdigest()
    expected = sha256 or record.get("sha256")
    return found if found == expected else None


def _attempt(
    url: str,
    target: Path,
    headers: Mapping[str, str],
    sha256: str | None,
    denied: str,
    progress: Progress,
) -> str:
    part, notes = _with(target, ".part"), _with(target, ".part.json")
    have = part.stat().st_size if part.is_file() else 0
    mark = _read_json(notes) if have else {}
    request = urllib.request.Request(url, headers={"User-Agent": "fashion-diffusion"})
    for name, value in headers.items():
        request.add_unredirected_header(name, value)
    if have and mark.get("url") == url and mark.get("validator"):
        request.add_header("Range", f"bytes={have}-")
        request.add_header("If-Range", mark["validator"])
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and have:  # nothing is left to fetch, or the file has changed
            part.unlink()
            raise ConnectionError from error
        if error.code in (408, 425, 429) or error.code >= 500:
            raise ConnectionError(error.code) from error
        raise DownloadError(_refusal(url, error.code, denied)) from error
    with response:
        start, total = _range(response)
        if response.status != 206 or start != have:
            start = 0
            part.unlink(missing_ok=True)
        notes.write_text(json.dumps({"url": url, "validator": _validator(response)}))
        with part.open("ab") as file:
            done, shown = start, 0.0
            while block := response.read(_BLOCK):
                file.write(block)
                done += len(block)
                if time.monotonic() - shown > 0.2:
                    shown = time.monotonic()
                    progress(done / total if total else 0.0, _amount(target.name, done, total))
        published = _published_md5(response)
    if total is not None and done != total:
        raise ConnectionError("cut short")
    return _finish(url, target, part, notes, sha256, published)


def _finish(
    url: str, target: Path, part: Path, notes: Path, sha256: str | None, md5: bytes | None
) -> str:
    found = _digest(part, hashlib.sha256()).hexdigest()
    wrong = sha256 is not None and found != sha256
    if md5 is not None and not wrong:
        wrong = _digest(part, hashlib.md5(usedforsecurity=False)).digest() != md5
    if wrong:
        part.unlink()
        notes.unlink(missing_ok=True)
        raise DownloadError(
            f"{target.name} arrived, but is not the file that was published (its hash differs). It"
            " was deleted; run the command again."
        )
    part.replace(target)
    record = {"url": url, "sha256": found, "bytes": target.stat().st_size, "date": _now()}
    _record(target).write_text(json.dumps(record, indent=1))
    notes.unlink(missing_ok=True)
    return found


def _refusal(url: str, code: int, denied: str) -> str:
    what = {401: "asks for credentials", 403: "refuses access", 404: "does not have the file"}
    reason = what.get(code, f"answered with error {code}")
    advice = denied if code in (401, 403) and denied else "Check the name, or try again later."
    return f"{_host(url)} {reason}. {advice}"


def _range(response: Any) -> tuple[int, int | None]:
    """First byte of an answer, and the size of the whole file where the server says it."""
    content_range = response.headers.get("Content-Range", "")
    if response.status == 206 and content_range.startswith("bytes "):
        span, _, size = content_range[6:].partition("/")
        return int(span.partition("-")[0]), int(size) if size.isdigit() else None
    length = response.headers.get("Content-Length")
    return 0, int(length) if length and length.isdigit() else None


def _validator(response: Any) -> str:
    """What names this version of the file: a strong ETag, or the date of its last change."""
    etag = response.headers.get("ETag", "")
    return etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified", "")


def _published_md5(response: Any) -> bytes | None:
    """MD5 of the whole file, where the server sends one with it (Google's storage does)."""
    for header in response.headers.get_all("x-goog-hash") or []:
        for item in header.split(","):
            kind, _, value = item.strip().partition("=")
            if kind == "md5":
                return base64.b64decode(value)
    value = response.headers.get("Content-MD5")
    return base64.b64decode(value) if value and response.status == 200 else None


def _digest(path: Path, digest: Any) -> Any:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest


def _amount(name: str, done: int, total: int | None) -> str:
    of = f" of {total / 1e6:,.0f}" if total else ""
    return f"{name}: {done / 1e6:,.0f}{of} MB"


def _host(url: str) -> str:
    return urlsplit(url).hostname or url


def _with(target: Path, ending: str) -> Path:
    return target.with_name(target.name + ending)


def _record(target: Path) -> Path:
    return _with(target, ".sha256.json")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _now() -> str:
    return email.utils.formatdate(usegmt=True)
