"""Entry point: `python -m streamlit run app/main.py`. The ASGI app around the dashboard."""

import logging
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from app.photos import ROUTES  # noqa: E402 - after the path is set
from core.errors import FashionError  # noqa: E402

log = logging.getLogger("fashion_diffusion")


def on_script_error(error: Exception) -> bool:
    """Show a sentence instead of a traceback; the log has the rest."""
    if isinstance(error, FashionError):
        st.error(str(error))
        return True
    log.error("A page failed", exc_info=error)
    st.error(
        "Something went wrong on this page; the server's log says what. Reload the page, and if it"
        " happens again, report it with the log."
    )
    return True


def warm() -> None:
    """Open and rank the first catalog while the first browser still fetches the front end."""
    try:
        import app.catalog_grid
        import app.item_detail  # noqa: F401 - imported for the page that comes
        from app.catalogs import available_models, list_catalogs
        from core.resources import load_catalog, ranking

        for slug, folder in list(list_catalogs().items())[:1]:
            catalog = load_catalog(folder)
            models = available_models().get(slug)
            if models is not None:
                ranking(catalog, models)
    except FashionError as error:
        # The page says the same sentence to the person who opens it.
        log.warning("The first catalog is not ready: %s", error)


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Start the server at once and warm it beside."""
    # Streamlit warns that a thread of ours has no session; it needs none to fill shared caches.
    noise = logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context")
    noise.addFilter(lambda _record: threading.current_thread().name != "warm")
    threading.Thread(target=warm, name="warm", daemon=True).start()
    yield


app = st.App(
    str(ROOT / "app" / "dashboard.py"),
    routes=ROUTES,
    lifespan=lifespan,
    on_script_error=on_script_error,
)
