"""Suggested titles and descriptions: edited, accepted or rejected beside an item, made for all."""

from html import escape
from typing import Literal

import numpy as np
import streamlit as st

from app.photos import photo_url
from app.words import capital, plain
from core.catalog import suggestions
from core.catalog.catalog import Catalog
from core.catalog.suggestions import Status, Suggestion
from core.checkpoints import best_captioner, checkpoint_id
from core.errors import FashionError
from core.resources import captioner
from core.vision.caption_catalog import caption_items, pending

MARK = "\u00a0*"
"""After a title that was suggested and accepted."""

EXAMPLES = 8
LONGEST = {"title": 150, "description": 1000}
"""Characters that an edited title or description may have."""


def accepted_titles(catalog: Catalog) -> dict[str, str]:
    """Accepted titles by item id, marked; none where the file is damaged, which the item says."""
    try:
        made = suggestions.accepted_titles(catalog)
    except FashionError:
        return {}
    return {item: text + MARK for item, text in made.items()}


def beside_item(catalog: Catalog, row: int) -> None:
    """Draw what is suggested for an item that lacks a title or a description, and the choice."""
    kind = suggestions.lacks(catalog, row)
    if kind is None or not catalog.image_paths(row):
        return
    item = str(catalog.ids[row])
    try:
        made = suggestions.load(catalog).get(item)
        if made is None or (made.status == "unsure" and _stale(made)):
            _ask(catalog, row, kind)
        elif made.status == "suggested":
            _choose(catalog, item, made)
        elif made.status == "unsure":
            st.caption(f"No {kind} suggested: the photo is not clear enough to the model.")
        else:
            _decided(catalog, item, made)
    except FashionError as error:
        st.warning(plain(str(error)))


def _stale(made: Suggestion) -> bool:
    return made.checkpoint != checkpoint_id(best_captioner())


def _ask(catalog: Catalog, row: int, kind: str) -> None:
    asked = st.button(
        f"Suggest a {kind} from the photo",
        key=f"suggest:{catalog.ids[row]}",
        icon=":material/edit_note:",
    )
    if asked:
        with st.spinner("Looking at the photo"):
            done = caption_items(catalog, captioner(), [row])
        if done.damaged:
            st.warning(plain(done.damaged[0]))
        else:
            st.rerun()


def _choose(catalog: Catalog, item: str, made: Suggestion) -> None:
    with st.container(border=True, gap="small", key=f"suggestion:{item}"):
        field = st.text_input if made.kind == "title" else st.text_area
        words = field(
            f"Suggested {made.kind}",
            made.line,
            max_chars=LONGEST[made.kind],
            key=f"words:{item}",
            help="Edit it as you like; Accept takes over what stands here.",
        )
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            accepted = _button("accepted", item, "Accept", ":material/check:", "primary")
            rejected = _button("rejected", item, "Reject", ":material/close:", "secondary")
            with st.popover("Where is this from?", type="tertiary"):
                st.markdown(_basis(made))
    # Only now, so that a sentence about what went wrong takes no button away.
    if accepted:
        suggestions.accept(catalog, item, words or "")
    elif rejected:
        suggestions.decide(catalog, [item], "rejected")
    if accepted or rejected:
        st.rerun()


def _basis(made: Suggestion) -> str:
    small = made.checkpoint.startswith("captioner-fashion-small")
    held = (
        "It writes from a closed list of words for garments, colours, patterns and uses, knows no"
        " brand, and leaves out what it is not sure of."
        if small
        else "It writes freely and may be wrong in any word."
    )
    sure = f" It gives {100 * made.confidence:.0f} % to this line being right in every word."
    wrote = f" It wrote “{plain(made.written)}”; a person edited that." if made.written else ""
    return (
        f"The checkpoint `{made.checkpoint}` looked at the main photo on {made.date}.{wrote} {held}"
        f"{sure if small else ''} Nothing is taken over until you accept it, and the catalog's own"
        " table stays as it is. No model learns from a suggestion."
    )


def _decided(catalog: Catalog, item: str, made: Suggestion) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        taken = "suggested from the photo, edited and accepted"
        if not made.written:
            taken = "suggested from the photo and accepted"
        if made.status == "rejected":
            words = f"The suggested {made.kind} “{plain(made.text)}” was rejected."
        elif made.kind == "title":
            words = f"*\\** The title was {taken}."
        else:
            words = f"{plain(made.line.rstrip('.'))}. *{capital(taken)}.*"
        st.caption(words, width="content")
        if _button("suggested", item, "Undo", ":material/undo:", "tertiary"):
            suggestions.decide(catalog, [item], "suggested")
            st.rerun()


def _button(
    status: Status,
    item: str,
    label: str,
    icon: str,
    kind: Literal["primary", "secondary", "tertiary"],
) -> bool:
    return st.button(label, key=f"{status}:{item}", icon=icon, type=kind)


def for_catalog(catalog: Catalog) -> None:
    """Draw the setup page's part: how many items lack words, make suggestions, take them over."""
    rows = suggestions.lacking(catalog)
    if not len(rows):
        return
    with st.expander("Suggest titles from photos", key="suggest-drawer"):
        try:
            _catalog_part(catalog, rows)
        except FashionError as error:
            st.warning(plain(str(error)))


def _catalog_part(catalog: Catalog, rows: np.ndarray) -> None:
    directory = best_captioner()
    waiting = pending(catalog, checkpoint_id(directory))
    made = suggestions.load(catalog)
    mine = {i: made[i] for r in rows if (i := str(catalog.ids[r])) in made}
    counts = {s: sum(m.status == s for m in mine.values()) for s in ("suggested", "accepted")}
    st.markdown(
        f"**{len(rows):,}** items with a photo lack a title or a description"
        + (f" · **{counts['suggested']:,}** suggestions to look at" if counts["suggested"] else "")
        + (f" · **{counts['accepted']:,}** accepted" if counts["accepted"] else "")
    )
    if len(waiting):
        pressed = st.button(
            f"Suggest for {len(waiting):,} items",
            key="suggest-all",
            icon=":material/edit_note:",
            type="primary",
        )
        st.caption(
            f"The checkpoint `{directory.name}` looks at the main photo of each. You decide about"
            " every line; a run that is stopped goes on where it stopped."
        )
        if pressed:
            _make(catalog, waiting)
    _review(catalog, mine)


def _make(catalog: Catalog, waiting: np.ndarray) -> None:
    bar = st.progress(0.0, "Loading the caption model")

    def progress(done: int, total: int) -> None:
        bar.progress(done / max(total, 1), f"Looking at the photos: {done:,} of {total:,}")

    done = caption_items(catalog, captioner(), waiting, progress)
    bar.empty()
    if done.damaged:
        st.session_state["suggest-damaged"] = done.damaged
    st.rerun()


def _review(catalog: Catalog, mine: dict[str, Suggestion]) -> None:
    for problem in st.session_state.pop("suggest-damaged", ())[:5]:
        st.caption(plain(problem))
    open_ones = {i: m for i, m in mine.items() if m.status == "suggested"}
    if open_ones:
        _examples(catalog, open_ones)
    with st.container(horizontal=True, gap="small"):
        if open_ones:
            pressed = st.button(
                f"Accept all {len(open_ones):,}", key="accept-all", icon=":material/check:"
            )
            if pressed:
                suggestions.decide(catalog, open_ones, "accepted")
                st.session_state["accepted-together"] = list(open_ones)
                st.rerun()
        together = [
            i
            for i in st.session_state.get("accepted-together", ())
            if i in mine and mine[i].status == "accepted"
        ]
        if together and st.button(
            f"Take {len(together):,} back", key="take-back", icon=":material/undo:", type="tertiary"
        ):
            suggestions.decide(catalog, together, "suggested")
            st.session_state.pop("accepted-together")
            st.rerun()
    unsure = sum(m.status == "unsure" for m in mine.values())
    if unsure:
        st.caption(f"{unsure:,} photos are not clear enough to the model to suggest anything.")


def _examples(catalog: Catalog, made: dict[str, Suggestion]) -> None:
    places = np.unique(np.linspace(0, len(made) - 1, min(EXAMPLES, len(made))).astype(int))
    keys = [list(made)[place] for place in places]
    cells = []
    for item in keys:
        words = made[item].line
        url = photo_url(catalog, catalog.row(item), 192) or ""
        cells.append(
            f'<figure style="margin:0"><img src="{escape(url)}" alt="{escape(f"Photo of {item}")}"'
            ' style="display:block;width:100%;height:150px;object-fit:contain;background:#fff;'
            'border-radius:6px"><figcaption style="font-size:.85em;margin-top:6px">'
            f"{escape(words)}</figcaption></figure>"
        )
    st.html(
        '<div style="display:grid;grid-template-columns:repeat(auto-fill,minmax(120px,1fr));'
        f'gap:16px">{"".join(cells)}</div>'
    )
    left = len(made) - len(keys)
    if left > 0:
        st.caption(f"And {left:,} more; each item on the Catalog page shows its own.")
