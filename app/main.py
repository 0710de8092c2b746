"""Entry point: `python -m streamlit run app/main.py`. The ASGI app around the dashboard."""

import logging
import sys
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


app = st.App(str(ROOT / "app" / "dashboard.py"), routes=ROUTES, on_script_error=on_script_error)
