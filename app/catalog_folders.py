"""Which catalogs there are on this machine."""

from pathlib import Path

from core.settings import data_dir, first_catalog


def catalog_folders() -> dict[str, Path]:
    """Catalog directories by short name (the folder's): the one to open first, then by name."""
    found: dict[str, Path] = {}
    first = first_catalog()
    if first is not None and (first / "catalog.toml").is_file():
        found[first.name] = first
    root = data_dir()
    candidates = sorted(root.iterdir()) if root.is_dir() else []
    # The demo is what opens unless the user names another.
    candidates.sort(key=lambda p: p.name != "demo")
    for folder in candidates:
        if not folder.name.startswith(".") and (folder / "catalog.toml").is_file():
            found.setdefault(folder.name, folder)
    return found
