"""The catalog that models learned from, where it is still on this machine."""

from app.catalogs import list_catalogs
from app.words import plain
from core.catalog.catalog import Catalog
from core.catalog.summary import summary
from core.errors import CatalogError
from core.popularity.scoreboard import Scoreboard
from core.resources import load_catalog


def trained_catalog(catalog: Catalog, board: Scoreboard) -> Catalog | None:
    """The open catalog where the models learned from it as it is, else another one, else None."""
    if board.data_hash == catalog.content_hash:
        return catalog
    for directory in list_catalogs().values():
        try:
            if summary(directory).name == board.catalog:
                found = load_catalog(directory)
                if found.content_hash == board.data_hash:
                    return found
        except CatalogError:
            continue  # the setup page tells of damaged catalogs
    return None


def gone(board: Scoreboard, so: str) -> str:
    """That what the models learned from is gone, what follows from that, and what to do.

    Args:
        board: of the models.
        so: what follows, as in "there are no past items to show".
    """
    return (
        f"The models learned from “{plain(board.catalog)}” as it was on {board.date[:10]}, which is"
        f" not on this machine any more, so {so}. Import it again, or train on this catalog."
    )
