"""The import form of the setup page: choose a source, say what its columns mean, import it."""

import datetime
import hashlib
import re
import unicodedata

import streamlit as st

from app import import_report
from app.catalogs import list_catalogs, select_catalog
from app.import_source import Source, choose_source, clear_uploads
from core.catalog.importing import FORMATS, Inspection, import_catalog, inspect_source
from core.catalog.importing.roles import NO_ROLE
from core.catalog.roles import Role
from core.errors import CatalogError, FashionError
from core.settings import data_dir

FORMAT_WORDS = {
    "auto": "Detect it",
    "csv": "A table (CSV, Excel, Parquet)",
    "shopify": "Shopify product export",
    "google": "Google Merchant feed",
    "hm": "H&M (Kaggle)",
    "styles": "Fashion Product Images (styles.csv)",
    "visuelle": "VISUELLE",
}
ROLE_WORDS = {
    NO_ROLE: "Keep, never learn from it",
    Role.ID: "Item id",
    Role.TITLE: "Name",
    Role.DESCRIPTION: "Description",
    Role.IMAGE: "Photo",
    Role.PRICE: "Price",
    Role.CATEGORY: "Category",
    Role.ATTRIBUTE: "Property (colour, brand, ...)",
    Role.NUMBER: "Number",
    Role.RELEASE_DATE: "Release date",
    Role.GROUP: "Style that variants share",
    Role.RATING: "Rating by customers",
    Role.REVIEW: "Reviews by customers",
    Role.SERIES: "Sales of one period",
    Role.TARGET: "Popularity: what models learn",
}
PER_ROW = 3
STATE = "import:report"


def show() -> None:
    """Draw the form, or the report of the import that this session just ran."""
    if STATE in st.session_state:
        slug, report = st.session_state[STATE]
        import_report.show(slug, report)
        if st.button("Import another catalog", key="import:again"):
            del st.session_state[STATE]
            st.rerun()
        return
    source = choose_source()
    if source is None:
        return
    format_column, _ = st.columns([1, 2])
    with format_column:
        format = st.selectbox(
            "Read it as",
            ["auto", *FORMATS],
            format_func=FORMAT_WORDS.__getitem__,
            key=f"import:format:{_token(source)}",
        )
    try:
        seen = _inspected(source, format)
    except FashionError as error:
        st.error(str(error))
        return
    _preview(seen)
    _form(source, seen)


def _token(source: Source) -> str:
    """Part of the widget keys, so that another source starts with its own proposals."""
    return hashlib.sha256(f"{source.path}:{source.stamp}".encode()).hexdigest()[:12]


def _inspected(source: Source, format: str) -> Inspection:
    key = (str(source.path), source.stamp, format)
    kept = st.session_state.get("import:seen")
    if kept is None or kept[0] != key:
        with st.spinner("Looking at it"):
            kept = (key, inspect_source(source.path, format))
        st.session_state["import:seen"] = kept
    return kept[1]


def _preview(seen: Inspection) -> None:
    known = sum(column in seen.roles for column in seen.head.columns)
    st.markdown(
        f"**{FORMAT_WORDS[seen.format]}**: {seen.rows:,} rows, {len(seen.head.columns)} columns;"
        f" the meaning of {known} was recognised."
    )
    for note in seen.notes:
        st.caption(note)
    columns = list(seen.head.columns)
    st.dataframe(
        seen.head,
        hide_index=True,
        placeholder="",
        # What was recognised comes first, and long texts leave room for the others.
        column_order=sorted(columns, key=lambda c: c not in seen.roles),
        column_config={c: st.column_config.TextColumn(width="medium") for c in _long(seen)},
        alt=f"The first {len(seen.head)} rows of the source, cells as they stand in it",
    )


def _long(seen: Inspection) -> list[str]:
    """Columns whose cells would fill the preview."""
    widths = {c: seen.head[c].astype("str").str.len().max() for c in seen.head.columns}
    return [c for c, width in widths.items() if width > 40]


def _form(source: Source, seen: Inspection) -> None:
    token = _token(source)
    with st.form(f"import:form:{token}", border=True):
        name_column, currency_column, unit_column = st.columns([3, 1, 1])
        name = name_column.text_input("Name of the catalog", source.name, max_chars=80)
        currency = currency_column.text_input(
            "Currency", placeholder="as in the table", max_chars=8, help="For example EUR"
        )
        unit = unit_column.text_input(
            "Popularity counts",
            placeholder="units",
            max_chars=30,
            help="In the plural: units, likes",
        )
        window = _window() if seen.format == "hm" else None
        st.markdown("What the columns mean")
        roles = _meanings(seen, token)
        late = st.multiselect(
            "Known only after an item began to sell",
            list(seen.head.columns),
            sorted(seen.post_launch),
            key=f"import:late:{token}",
            help="Ratings, reviews, stock and markdowns: a new item has none of them yet, so models"
            " leave them out unless you ask for them.",
        )
        day_first = _date_order(token) if Role.RELEASE_DATE in seen.roles.values() else None
        replace = st.checkbox(
            "Replace a catalog of this name", key=f"import:replace:{token}", value=False
        )
        start = st.form_submit_button("Import", type="primary")
    if not start:
        return
    slug = slug_of(name)
    refusal = _refusal(slug, name, replace)
    if refusal:
        st.warning(refusal)
        return
    options = {
        "format": seen.format,
        "roles": roles,
        "name": name.strip(),
        "currency": currency.strip() or None,
        "unit": unit.strip() or None,
        "window": window,
        "day_first": day_first,
        "post_launch": late,
        "at_launch": sorted(seen.post_launch - set(late)),
    }
    _run(source, slug, options)


def _meanings(seen: Inspection, token: str) -> list[tuple[str, str]]:
    """One select box a column: the recognised ones first, the others folded away."""
    columns = list(seen.head.columns)
    known = [c for c in columns if c in seen.roles]
    others = [c for c in columns if c not in seen.roles]
    chosen = _boxes(known, seen, token)
    if others:
        with st.expander(
            f"{len(others)} column{'s' * (len(others) > 1)} whose meaning is not known",
            expanded=not known,
        ):
            chosen += _boxes(others, seen, token)
    return chosen


def _boxes(columns: list[str], seen: Inspection, token: str) -> list[tuple[str, str]]:
    options = list(ROLE_WORDS)
    chosen = []
    for first in range(0, len(columns), PER_ROW):
        for cell, column in zip(
            st.columns(PER_ROW), columns[first : first + PER_ROW], strict=False
        ):
            role = seen.roles.get(column, NO_ROLE)
            example = next((str(v) for v in seen.head[column] if isinstance(v, str) and v), "")
            why = f"Recognised by {seen.reasons[column]}. " if column in seen.reasons else ""
            picked = cell.selectbox(
                column,
                options,
                options.index(role),
                format_func=ROLE_WORDS.__getitem__,
                key=f"import:role:{token}:{column}",
                help=why + (f"For example: {example[:80]}" if example else ""),
            )
            chosen.append((str(picked), column))
    return chosen


def _window() -> tuple[datetime.date, datetime.date] | None:
    first_column, last_column, _ = st.columns(3)
    first = first_column.date_input("Count sales from", None, key="import:first")
    last = last_column.date_input("to", None, key="import:last", help="Empty: all days")
    return (first, last) if first and last else None


def _date_order(token: str) -> bool | None:
    orders = {None: "Decide from the table", True: "3 April", False: "4 March"}
    cell, _ = st.columns([1, 2])
    return cell.selectbox(
        "03/04/2024 means",
        list(orders),
        format_func=orders.__getitem__,
        key=f"import:dates:{token}",
    )


def slug_of(name: str) -> str:
    """Folder name of a catalog: lower case, digits and hyphens.

    >>> slug_of("Spring / Summer 26")
    'spring-summer-26'
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def _refusal(slug: str, name: str, replace: bool) -> str:
    if not slug:
        return "Give the catalog a name with at least one letter or digit."
    if slug == "demo":
        return "The demo catalog keeps its name. Choose another one."
    taken = slug in list_catalogs() or (data_dir() / slug).exists()
    if taken and not replace:
        return (
            f"There is a catalog “{slug}” already. Choose another name, or tick “Replace a catalog"
            " of this name” and import again."
        )
    return ""


def _run(source: Source, slug: str, options: dict) -> None:
    bar = st.progress(0.0, "Starting")
    try:
        if options["window"] and options["window"][0] > options["window"][1]:
            raise CatalogError("The first day is after the last. Change the days.")
        report = import_catalog(
            source.path,
            data_dir() / slug,
            on_progress=lambda share, message: bar.progress(min(share, 1.0), message),
            **options,
        )
    except FashionError as error:
        bar.empty()
        st.error(str(error))
        return
    bar.empty()
    st.session_state[STATE] = (slug, report)
    st.session_state.pop("import:seen", None)
    clear_uploads()
    _open(slug)
    st.rerun()


def _open(slug: str) -> None:
    """Show the imported catalog on every page."""
    select_catalog(slug)
