"""What the leakage radar saw, in words with icons; on the popularity page and before training."""

from collections.abc import Sequence

import streamlit as st

from app.words import label, plain
from core.catalog.catalog import Catalog
from core.popularity.findings import Finding, Severity
from core.popularity.leakage import find_leaks
from core.popularity.vectors import stored_vectors

SIGNS = {
    Severity.SERIOUS: (":material/error:", "Serious"),
    Severity.WARNING: (":material/warning:", "Warning"),
    Severity.NOTE: (":material/info:", "Note"),
}
"""Icon and word of each severity."""


def show(findings: Sequence[Finding] | None) -> None:
    """Draw the findings: alarms open, what is guarded against behind one line."""
    if findings is None:
        st.caption(
            "These models were trained before leaks were looked for. Train them again to see what"
            " was found."
        )
        return
    alarms = [f for f in findings if f.severity != Severity.NOTE]
    notes = [f for f in findings if f.severity == Severity.NOTE]
    if not alarms:
        st.markdown(
            ":material/verified_user: **No leak was found** that would make the scores look better"
            " than the model is."
        )
    for finding in alarms:
        with st.container(border=True):
            _line(finding)
    if notes:
        many = f"{len(notes)} notes" if len(notes) > 1 else "One note"
        with st.expander(f"{many}: guarded against, or harmless"):
            for finding in notes:
                _line(finding)


def before_training(catalog: Catalog, *, include_post_launch: bool) -> list[Finding]:
    """The findings of a catalog, computed once for each version of it."""
    return _found(
        str(catalog.directory), catalog.content_hash, include_post_launch, _catalog=catalog
    )


@st.cache_data(max_entries=8, show_spinner="Looking for leaks")
def _found(
    directory: str, content_hash: str, include_post_launch: bool, *, _catalog: Catalog
) -> list[Finding]:
    return find_leaks(
        _catalog, vectors=stored_vectors(_catalog), include_post_launch=include_post_launch
    )


def _line(finding: Finding) -> None:
    icon, word = SIGNS[finding.severity]
    text = finding.text
    for column in finding.columns:
        text = text.replace(f"“{column}”", f"“{label(column)}”")
    st.markdown(f"{icon} **{word}.** {plain(text)}")
    items = f" Items: {', '.join(finding.items[:5])}." if finding.items else ""
    st.caption(plain(f"{finding.advice}{items}"))
