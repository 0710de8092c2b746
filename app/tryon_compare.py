"""A picture before and after, with a divider to move and zoom: one component."""

import io
from base64 import b64encode
from pathlib import Path

import numpy as np
import streamlit as st
from PIL import Image

ASSETS = Path(__file__).parent / "assets"
_COMPARE = st.components.v2.component(
    "tryon_compare",
    html='<div class="compare"></div>',
    css=(ASSETS / "tryon_compare.css").read_text(encoding="utf-8"),
    js=(ASSETS / "tryon_compare.js").read_text(encoding="utf-8"),
)


def compare(before: np.ndarray, after: bytes, *, person: str, look: str, key: str) -> None:
    """Draw two pictures of one size over each other.

    Args:
        before: (height, width, 3) uint8.
        after: an image file.
        person, look: what each shows, for screen readers.
        key: of the component.
    """
    with Image.open(io.BytesIO(after)) as opened:
        right = opened.convert("RGB")
    _COMPARE(
        key=key,
        data={
            "before": jpeg_url(Image.fromarray(before)),
            "after": jpeg_url(right),
            "width": right.width,
            "height": right.height,
            "person": person,
            "look": look,
        },
    )


def jpeg_url(image: Image.Image, max_side: int | None = None) -> str:
    """A picture as a ``data:`` address, smaller where it is larger than `max_side` pixels."""
    if max_side is not None:
        image = image.copy()
        image.thumbnail((max_side, max_side))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=92)
    return "data:image/jpeg;base64," + b64encode(out.getvalue()).decode()
