"""The checkpoints of the setup page: which weights are here, and how to get the others."""

import streamlit as st

from core.checkpoints import doctor

STATES = {
    "present": ":primary[here]",
    "partial": ":orange[partly here]",
    "absent": ":gray[not here]",
}


def show() -> None:
    """Draw one entry a checkpoint: what it enables, licence, size, and the command to get it."""
    rows = doctor()
    here = sum(row["state"] == "present" for row in rows)
    st.markdown(
        f"**{here} of {len(rows)}** sets of weights are on this machine. The dashboard works with"
        " the small ones that come with it; the others raise quality or enable more."
    )
    for row in sorted(rows, key=lambda row: row["state"] != "present"):
        _entry(row)


def _entry(row: dict[str, str]) -> None:
    with st.container(border=True, gap="small"):
        st.markdown(f"**{row['title']}** · {STATES[row['state']]}")
        st.markdown(row["enables"])
        st.caption(f"{row['size']} · {row['licence']} · {row['source']}")
        if row["get"].startswith("python"):
            st.code(row["get"], language="bash")
        elif row["get"]:
            st.caption(f"To get it: {row['get']}.")
        if row["missing"] and row["state"] == "partial":
            st.caption(f"Not there yet: {row['missing']}.")
