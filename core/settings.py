"""Where things lie on this machine: a few folders, each movable by an environment variable."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def _folder(variable: str, default: Path) -> Path:
    value = os.environ.get(variable, "").strip()
    return Path(value).expanduser().absolute() if value else default


def data_dir() -> Path:
    """Catalog directories, one a subfolder (`FASHION_DATA_DIR`, else `data/`)."""
    return _folder("FASHION_DATA_DIR", ROOT / "data")


def models_dir() -> Path:
    """Trained popularity models, one folder a catalog (`FASHION_MODELS_DIR`, else `models/`)."""
    return _folder("FASHION_MODELS_DIR", ROOT / "models")


def cache_dir() -> Path:
    """Derived artefacts that may be deleted at any time (`FASHION_CACHE_DIR`, else `cache/`)."""
    return _folder("FASHION_CACHE_DIR", ROOT / "cache")


def state_dir() -> Path:
    """What people keep that is no catalog or model (`FASHION_STATE_DIR`, else `state/`)."""
    return _folder("FASHION_STATE_DIR", ROOT / "state")


def checkpoints_dir() -> Path:
    """Weights, embedded and downloaded (`FASHION_CHECKPOINTS_DIR`, else `checkpoints/`)."""
    return _folder("FASHION_CHECKPOINTS_DIR", ROOT / "checkpoints")


def first_catalog() -> Path | None:
    """The catalog directory that the dashboard opens with (`FASHION_CATALOG`), or None."""
    value = os.environ.get("FASHION_CATALOG", "").strip()
    return Path(value).expanduser().absolute() if value else None
