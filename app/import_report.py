"""What an import read, skipped and why, and what to do next."""

import tempfile
from pathlib import Path

import pandas as pd
import streamlit as st

from app.words import plain
from core.catalog.importing import ImportReport, Issue, write_issues
from core.catalog.roles import Role

PAGES = Path(__file__).resolve().parents[1] / "pages"
SHOWN = 200
"""Issues in the table on the page; the download has all that were kept."""

UNFOLDED = 10
"""Issues that are few enough to be shown at once."""


def show(slug: str, report: ImportReport) -> None:
    """Draw the report of an import.

    Args:
        slug: folder name of the catalog, as links name it.
        report: what the importer returned.
    """
    catalog = report.catalog
    st.success(f"“{plain(catalog.name)}” is imported and open.")
    left_out = sum(report.skipped.values())
    counts = [("Rows read", report.read), ("Items", report.items)]
    if report.merged:
        counts.append(("Joined to an item", report.merged))
    counts.append(("Rows skipped", left_out))
    if report.photos or "photo not found" in report.problems:
        counts.append(("Photos", report.photos))
    with st.container(horizontal=True, gap="large"):
        for label, count in counts:
            st.metric(label, f"{count:,}", width="content")
    _next(slug, report)
    if report.issues:
        _issues(report)
    for note in report.notes:
        st.caption(note)
    if "photo not found" in report.problems and not report.photos:
        st.info(
            "None of the photos was found. Put the table and the folder with its photos into one"
            " ZIP file and import that."
        )


def _next(slug: str, report: ImportReport) -> None:
    with st.container(horizontal=True):
        st.page_link(
            PAGES / "catalog.py",
            label="See the catalog",
            icon=":material/grid_view:",
            query_params={"catalog": slug},
        )
        has_target = report.catalog.column(Role.TARGET) is not None
        st.page_link(
            PAGES / "setup.py",
            label=f"Train models on its {report.catalog.unit}"
            if has_target
            else "Rank it with the models of another catalog",
            icon=":material/model_training:",
            query_params={"catalog": slug, "section": "Models"},
        )


def _issues(report: ImportReport) -> None:
    told = [f"{n:,} skipped: {kind}" for kind, n in report.skipped.items()]
    told += [f"{n:,} kept, but: {kind}" for kind, n in report.problems.items()]
    st.markdown("\n".join(f"- {line}" for line in told))
    shown = min(len(report.issues), SHOWN)
    with st.expander(f"Row by row ({shown:,} shown)", expanded=shown <= UNFOLDED):
        st.dataframe(
            pd.DataFrame(
                [
                    (i.file, i.row, i.column, i.message, "skipped" if i.skipped else "kept")
                    for i in report.issues[:SHOWN]
                ],
                columns=["File", "Row", "Column", "What was wrong", "The row was"],
            ),
            hide_index=True,
            column_config={"What was wrong": st.column_config.TextColumn(width="large")},
            alt="Rows that were skipped or could not be used whole",
        )
    st.download_button(
        "Download the whole list (CSV)",
        lambda: listing(report.issues),
        file_name="import-report.csv",
        mime="text/csv",
        on_click="ignore",
    )


def listing(issues: list[Issue]) -> bytes:
    """Issues as a CSV file that a spreadsheet opens."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "issues.csv"
        write_issues(issues, path)
        return path.read_bytes()
