"""Which weights exist, what they enable, from where, under which licence; what is here.

All weights lie under one folder (`checkpoints/`, or `FASHION_CHECKPOINTS_DIR`), in the layout in
which their owners publish them, so that files that someone already has can be put there by hand.
"""

import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from core.checkpoint_registry import GB, MB, REGISTRY, Checkpoint
from core.errors import CheckpointMissing, DownloadError
from core.settings import ROOT, checkpoints_dir


def whole(loaded: Any, *, unused: str = "") -> Any:
    """The model of what transformers' ``from_pretrained(..., output_loading_info=True)`` returned.

    The library fills weights that a file lacks with random numbers, and says so in a log only.

    Args:
        loaded: a pair, the model and what was said of its weights.
        unused: weights with this in their name may be missing.

    Raises:
        ValueError: the file lacks weights.
    """
    model, info = loaded
    missing = sorted(k for k in info["missing_keys"] if not unused or unused not in k)
    if missing:
        raise ValueError(f"it lacks {len(missing)} weights, such as {missing[0]}")
    return model


@dataclass(frozen=True)
class Status:
    """What of a checkpoint is on this machine.

    Attributes:
        checkpoint: which.
        state: all of its files, some, or none.
        root: the folder of checkpoints that holds it (or would).
        missing: the expected files that are not there, relative to `root`.
        misplaced: missing file to where a file of that name was found instead.
        size: bytes of the expected files that are there.
        commit: the commit of the repo it was pulled from, or empty.
    """

    checkpoint: Checkpoint
    state: Literal["present", "partial", "absent"]
    root: Path
    missing: tuple[str, ...]
    misplaced: dict[str, Path]
    size: int
    commit: str


def roots() -> list[Path]:
    """Folders that hold checkpoints: the configured one, and the project's own."""
    return list(dict.fromkeys([checkpoints_dir(), ROOT / "checkpoints"]))


def checkpoint(name: str) -> Checkpoint:
    """A checkpoint by name.

    Raises:
        CheckpointMissing: there is no checkpoint of this name.
    """
    if name not in REGISTRY:
        raise CheckpointMissing(
            f"There is no checkpoint “{name}”. Choose one of: {', '.join(REGISTRY)}."
        )
    return REGISTRY[name]


def status(name: str) -> Status:
    """What of a checkpoint is on this machine.

    Raises:
        CheckpointMissing: there is no checkpoint of this name.
    """
    wanted = checkpoint(name)
    found = [_status(wanted, root) for root in roots()]
    return min(found, key=lambda s: len(s.missing))


def _status(wanted: Checkpoint, root: Path) -> Status:
    missing, size = [], 0
    misplaced: dict[str, Path] = {}
    for choice in wanted.files:
        sizes = [s for part in choice.split("|") if (s := _file_size(root / part))]
        size += max(sizes, default=0)
        if not sizes:
            first = choice.split("|")[0]
            missing.append(first)
            for part in choice.split("|"):
                if (place := _misplaced(root, part)) is not None:
                    misplaced.setdefault(first, place)
    state: Literal["present", "partial", "absent"] = (
        "present" if not missing else "absent" if len(missing) == len(wanted.files) else "partial"
    )
    commit = _pulled(root).get(wanted.name, {}).get("commit", "")
    return Status(wanted, state, root, tuple(missing), misplaced, size, commit)


def _file_size(path: Path) -> int:
    """Bytes of a file; 0 if it is missing or the stand-in that git leaves for a large file."""
    if not path.is_file():
        return 0
    size = path.stat().st_size
    if size < 1024 and path.read_bytes().startswith(b"version https://git-lfs"):
        return 0
    return size


def _misplaced(root: Path, file: str) -> Path | None:
    """A file of the same name in a folder of the same name, elsewhere under the root.

    What lies where a checkpoint has it is not misplaced: both models of OOTDiffusion have folders
    of the same names.
    """
    wanted = root / file
    for path in root.rglob(wanted.name) if root.is_dir() else ():
        inside = path.relative_to(root)
        elsewhere = path.parent.name == wanted.parent.name and inside.parts[0] != STAGING
        if elsewhere and inside.as_posix() not in _expected():
            return path
    return None


@lru_cache(maxsize=1)
def _expected() -> frozenset[str]:
    """The files of all checkpoints, relative to a folder of checkpoints."""
    choices = (choice for wanted in REGISTRY.values() for choice in wanted.files)
    return frozenset(part for choice in choices for part in choice.split("|"))


def best_clip() -> Path:
    """Directory of the best CLIP checkpoint on this machine.

    Raises:
        CheckpointMissing: there is none.
    """
    for found in _clips():
        return found
    raise CheckpointMissing(
        "No CLIP checkpoint is on this machine: checkpoints/clip-fashion-small is missing from the"
        " project. Restore that folder, or run: python scripts/checkpoints.py pull"
        " clip-vit-large-patch14"
    )


def clip_by_id(wanted: str) -> Path:
    """Directory of the CLIP checkpoint with an id that `checkpoint_id` gave.

    Raises:
        CheckpointMissing: no checkpoint on this machine has this id.
    """
    here = {checkpoint_id(directory): directory for directory in _clips()}
    if wanted in here:
        return here[wanted]
    raise CheckpointMissing(
        f"The CLIP checkpoint “{wanted}” is not on this machine (here:"
        f" {', '.join(here) or 'none'})."
        " Get it with scripts/checkpoints.py pull, or train and embed again with one that is here."
    )


def _clips() -> Iterator[Path]:
    for name in ("clip-vit-large-patch14", "clip-fashion-small"):
        found = status(name)
        if found.state == "present":
            yield found.root / found.checkpoint.folder


def best_captioner() -> Path:
    """Directory of the captioner to suggest titles with: the small one, which knows no brands.

    Raises:
        CheckpointMissing: there is none.
    """
    for name in ("captioner-fashion-small", "vit-gpt2-image-captioning"):
        found = status(name)
        if found.state == "present":
            return found.root / found.checkpoint.folder
    raise CheckpointMissing(
        "No captioner is on this machine: checkpoints/captioner-fashion-small is missing from the"
        " project. Restore that folder, or run: python scripts/checkpoints.py pull"
        " vit-gpt2-image-captioning"
    )


def best_cutout() -> Path:
    """Directory of the garment cut-out network on this machine.

    Raises:
        CheckpointMissing: there is none.
    """
    found = status("cutout-small")
    if found.state != "present":
        raise CheckpointMissing(
            "The garment cut-out network is not on this machine: checkpoints/cutout-small is"
            " missing from the project. Restore that folder from the repository."
        )
    return found.root / found.checkpoint.folder


def best_parser() -> Path:
    """Directory of the human parser that comes with the project.

    Raises:
        CheckpointMissing: it is not there.
    """
    found = status("parser-ccp-small")
    if found.state == "present":
        return found.root / found.checkpoint.folder
    raise CheckpointMissing(
        "The human parser is not on this machine: checkpoints/parser-ccp-small is missing from the"
        " project. Restore that folder from the repository."
    )


def checkpoint_id(directory: Path) -> str:
    """Name of a checkpoint and the first 8 digits of the SHA-256 of its weights.

    The weights are its model.safetensors, or else its pytorch_model.bin. Fit to be a file name.

    Raises:
        CheckpointMissing: the directory has no weights.
    """
    weights = directory / "model.safetensors"
    if not _file_size(weights) and _file_size(directory / "pytorch_model.bin"):
        weights = directory / "pytorch_model.bin"
    if not _file_size(weights):
        raise CheckpointMissing(
            f"{weights} is missing. Get it with scripts/checkpoints.py pull, or choose another"
            " checkpoint."
        )
    stat = weights.stat()
    digest = _digest(weights, stat.st_size, stat.st_mtime_ns)[:8]
    return re.sub(r"[^A-Za-z0-9._-]+", "-", directory.resolve().name) + "-" + digest


@lru_cache(maxsize=16)
def _digest(path: Path, size: int, changed: int) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


STAGING = ".pulling"


def pull(name: str) -> Status:
    """Fetch a checkpoint from where it is published; a stopped download goes on where it stopped.

    Files are moved to their place when all have arrived, so half a checkpoint never looks whole.

    Raises:
        CheckpointMissing: there is no checkpoint of this name.
        DownloadError: it comes with the project, the disk is too small, or the download failed.
    """
    wanted = checkpoint(name)
    if not wanted.repo:
        raise DownloadError(
            f"“{name}” comes with the project and cannot be downloaded. If its files are missing,"
            " restore checkpoints/" + wanted.folder + " from the repository."
        )
    root = checkpoints_dir()
    staging = root / STAGING / name
    staging.mkdir(parents=True, exist_ok=True)
    here = sum(f.stat().st_size for f in staging.rglob("*") if f.is_file())
    free = shutil.disk_usage(staging).free
    if free < wanted.size - here:
        raise DownloadError(
            f"“{name}” needs {wanted.size / GB:.1f} GB and {root} has {free / GB:.1f} GB free."
            " Make room, or set FASHION_CHECKPOINTS_DIR to a folder on a larger disk."
        )
    commit = _fetch(wanted, staging)
    arrived = {
        (
            Path(wanted.folder) / file.relative_to(staging).as_posix().removeprefix(wanted.prefix)
        ): file
        for file in staging.rglob("*")
        if file.is_file() and ".cache" not in file.parts
    }
    missing = [c for c in wanted.files if not any(Path(p) in arrived for p in c.split("|"))]
    if missing:
        raise DownloadError(
            f"{wanted.source} did not deliver {', '.join(missing)}, which “{name}” needs."
            " Run the command again, or get the files by hand."
        )
    for place, file in arrived.items():
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        file.replace(root / place)
    shutil.rmtree(staging)
    record = _pulled(root) | {
        name: {"repo": wanted.repo, "commit": commit, "date": f"{datetime.now(UTC):%Y-%m-%d}"}
    }
    (root / "pulled.json").write_text(json.dumps(record, indent=1) + "\n")
    return _status(wanted, root)


def _fetch(wanted: Checkpoint, staging: Path) -> str:
    """Download the repo's files into a folder; the commit that they are from."""
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import HTTPError

    try:
        # A branch may move while 8 GB come in: name the commit first.
        commit = HfApi().model_info(wanted.repo, revision=wanted.revision).sha or wanted.revision
        snapshot_download(
            wanted.repo,
            revision=commit,
            allow_patterns=list(wanted.patterns),
            local_dir=staging,
        )
    except (HTTPError, OSError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DownloadError(
            f"“{wanted.name}” could not be fetched from {wanted.source} ({reason}). Run the command"
            " again to go on, or put the files into the folder of checkpoints by hand."
        ) from error
    return commit


def _pulled(root: Path) -> dict[str, dict[str, str]]:
    try:
        record = json.loads((root / "pulled.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def doctor() -> list[dict[str, str]]:
    """One row of plain words for each checkpoint, for a terminal or a page.

    Keys: name, title, state, enables, licence, size, missing (what is not there, and where a
    misplaced file was found), get (how to get it; empty if it is there), source.
    """
    return [_row(status(name)) for name in REGISTRY]


def _row(found: Status) -> dict[str, str]:
    wanted = found.checkpoint
    missing = [
        f"{file} (found at {found.misplaced[file]}: move it)" if file in found.misplaced else file
        for file in found.missing
    ]
    if found.state == "present":
        get = ""
    elif wanted.repo:
        get = f"python scripts/checkpoints.py pull {wanted.name}"
    else:
        get = f"restore checkpoints/{wanted.folder} from the project's repository"
    return {
        "name": wanted.name,
        "title": wanted.title,
        "state": found.state,
        "enables": wanted.enables,
        "licence": wanted.licence,
        "size": size_text(found.size if found.state == "present" else wanted.size),
        "missing": ", ".join(missing),
        "get": get,
        "source": wanted.source,
    }


def size_text(size: int) -> str:
    """A number of bytes as people say it: ``7.7 GB``, ``534 MB``."""
    return f"{size / GB:.1f} GB" if size >= GB else f"{size / MB:.0f} MB"
