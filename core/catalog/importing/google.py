"""Google Merchant Center feeds: tab-separated text, RSS 2.0 or Atom 1.0 with `g:` names.

Source of the attributes: support.google.com/merchants, “Product data specification”.
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from core.catalog.importing.draft import Draft, preset
from core.catalog.importing.limits import check_size
from core.catalog.importing.report import Log
from core.catalog.importing.tables import Table, read_table, single_file, tidy
from core.catalog.roles import Role
from core.errors import CatalogError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

REPEATED = "|"
"""Between several values of one attribute (`additional_image_link`) in a cell."""

ROLES = {
    "id": Role.ID,
    "title": Role.TITLE,
    "description": Role.DESCRIPTION,
    "price": Role.PRICE,
    "image_link": Role.IMAGE,
    "additional_image_link": Role.IMAGE,
    "item_group_id": Role.GROUP,
    **dict.fromkeys(
        (
            "brand",
            "color",
            "colour",
            "gender",
            "age_group",
            "material",
            "pattern",
            "size_type",
            "condition",
            "availability",
        ),
        Role.ATTRIBUTE,
    ),
    "availability_date": Role.RELEASE_DATE,
    "sale_price": Role.NUMBER,
}
"""`custom_label_0` to `_4` get no role: shops use them for margins and best-seller marks."""


def read(source: Path, log: Log, *, images: Path | None = None) -> Draft:
    """Read a feed; its currency is the price column's.

    Args:
        source: the file.
        log: where skipped rows and notes go.
        images: folder that photo paths are relative to; by default the file's.

    Raises:
        CatalogError: not a feed, or XML that is damaged or declares entities.
    """
    check_size(source)
    with source.open("rb") as file:
        head = file.read(512).lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    is_xml = head.replace(b"\x00", b"").startswith(b"<")
    table = _feed(source, log) if is_xml else read_table(source, log)
    frame = table.frame
    frame.columns = pd.Index([_attribute(c) for c in frame.columns])
    if "id" not in frame.columns:
        raise CatalogError(
            f"{source.name} has no attribute “id”, so it is not a Google Merchant feed. Import it"
            " with --format csv."
        )
    roles = dict(ROLES)
    kinds = [c for c in ("product_type", "google_product_category") if c in frame.columns]
    kinds = [c for c in kinds if frame[c].notna().any()]
    roles |= dict(zip(kinds, (Role.CATEGORY, Role.ATTRIBUTE), strict=False))
    guesses = preset(frame, roles, "attribute of Google's feeds")
    guesses.post_launch |= {"sale_price", "availability"} & set(frame.columns)
    return Draft(table, guesses, images or source.parent)


def _attribute(name: str) -> str:
    return re.sub(r"[\s_]+", "_", re.sub(r"^g:", "", name.strip().lower()))


def _feed(source: Path, log: Log) -> Table:
    from xml.etree.ElementTree import ParseError

    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import parse

    try:
        root = parse(source).getroot()
    except ParseError as error:
        line, column = error.position
        raise CatalogError(
            f"{source.name} is not well-formed XML at line {line}, column {column + 1}"
            f" ({str(error).split(':')[0]}). Export the feed again."
        ) from error
    except (DefusedXmlException, ValueError, LookupError) as error:
        raise CatalogError(
            f"{source.name} declares entities or an unknown encoding, which is not read. Export the"
            " feed as plain RSS or Atom."
        ) from error
    entries = [e for e in root.iter() if _local(e) in ("item", "entry")]
    if not entries:
        raise CatalogError(f"{source.name} holds no <item> or <entry>. Export the feed again.")
    records = []
    for entry in entries:
        record: dict[str, list[str]] = {}
        for child in entry:
            text = _content(child)
            if text:
                record.setdefault(_local(child), []).append(text)
        records.append({name: REPEATED.join(texts) for name, texts in record.items()})
    log.note(f"{source.name}: row numbers count the feed's products, the first is 1.")
    frame = pd.DataFrame(records).astype("str")
    return single_file(tidy(frame), np.arange(1, len(frame) + 1), source.name, len(frame))


def _local(element: "Element") -> str:
    return str(element.tag).rpartition("}")[2].lower()


def _content(element: "Element") -> str:
    """Text of an element; an Atom link's address; nested attributes as `name: value, ...`."""
    children = list(element)
    if children and _local(element) not in ("title", "description", "summary", "content"):
        return ", ".join(f"{_local(c)}: {''.join(c.itertext()).strip()}" for c in children)
    text = "".join(element.itertext()).strip()
    return text or element.get("href", "")
