"""What every test shares: folders of its own, and the development data where it is there."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes is the machine's affair.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("FASHION_SHARED_DIR", ROOT.parent / "shared"))


@pytest.fixture(scope="session", autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep tests away from the user's catalogs, models and cache."""
    base = tmp_path_factory.mktemp("own")
    os.environ["FASHION_CACHE_DIR"] = str(base / "cache")
    os.environ["FASHION_MODELS_DIR"] = str(base / "models")
    os.environ["FASHION_STATE_DIR"] = str(base / "state")
    for variable in ("FASHION_DATA_DIR", "FASHION_CATALOG", "FASHION_CHECKPOINTS_DIR"):
        os.environ.pop(variable, None)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The development data beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip("the development data is not beside this checkout")
    return SHARED
