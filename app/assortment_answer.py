"""What edits of a range change: totals, first places and categories, and what leaves the past."""

import numpy as np
import streamlit as st

from app.assortment_charts import differences_chart, mix_chart
from app.assortment_photos import strip
from app.assortment_words import difference_words, outside_sentence, signed, total_words
from app.popularity_view import CONFIG, column_label
from app.words import capital, plain
from core.catalog.catalog import Catalog
from core.catalog.roles import LEVEL_ROLES, Role
from core.explain.assortment import Step
from core.explain.assortment_outcome import EDITED, RANGE, VALUE, Outcome
from core.explain.assortment_outside import Outside
from core.explain.assortment_totals import ErrorShape, Total
from core.explain.wording import about, ordinal
from core.popularity.scoreboard import Scoreboard

PHOTOS = 12
"""Most photos of a strip; the file has the others."""
BEST = 10
FLAGS = 6


def totals(found: Outcome, catalog: Catalog, board: Scoreboard, errors: ErrorShape) -> None:
    """Draw the totals as they are and with the edits, and how they were simulated."""
    whole = found.simulated.totals[RANGE]
    touched = int((found.edited.changed | found.edited.dropped).sum())
    unit = board.unit
    count = f"{touched:,} edited item" + ("s" if touched != 1 else "")
    spots = st.columns(3)  # also without edits, so that nothing jumps when the first is taken
    spots[0].metric(f"Whole range as it is, {unit}", about(*_ends(whole, "before")), border=True)
    spots[0].caption(f"{_span(whole, 'before')} in 90 of 100 simulated cases")
    if touched:
        difference = whole.difference
        spots[1].metric(f"With the edits, {unit}", about(*_ends(whole, "after")), border=True)
        spots[1].caption(f"{_span(whole, 'after')} in 90 of 100 simulated cases")
        spots[2].metric(f"Difference, {unit}", signed(difference.middle, difference), border=True)
        spots[2].caption(
            f"{signed(difference.low, difference)} to {signed(difference.high, difference)} if each"
            " item's error stays with it"
        )
        shown = [("Whole range", whole)]
        own = found.simulated.totals[EDITED]
        if touched < len(catalog):
            shown.append((f"{touched:,} edited", own))
        value = found.simulated.totals.get(VALUE)
        if value is not None and unit == "units":
            shown.append(("Value at price", value))
        shown = [pair for pair in shown if pair[1].before.middle > 0]
        if shown:
            figure, alt = differences_chart(shown)
            st.plotly_chart(figure, config=CONFIG, alt=alt, key="assortment-differences")
        lines = [
            "Thick: 90 of 100 cases if each item's error stays with it. Thin: if edited items draw"
            " anew.",
            f"The {count} alone: {total_words(own.before, unit)} as they are;"
            f" {difference_words(own.difference, unit)} with the edits.",
        ]
        if value is not None and unit == "units":
            money = catalog.currency or "at price"
            lines.append(
                f"Units times price: {total_words(value.before, money)} as it is;"
                f" {difference_words(value.difference, money)} with the edits."
            )
        st.caption("  \n".join(plain(line) for line in lines))
    with st.popover("How is this computed?", key="how-assortment"):
        _method(found, board, errors)


def _ends(total: Total, side: str) -> tuple[float, float, float]:
    found = getattr(total, side)
    return found.middle, found.low, found.high


def _span(total: Total, side: str) -> str:
    _, low, high = _ends(total, side)
    return f"{about(low, low, high)} to {about(high, low, high)}"


def _method(found: Outcome, board: Scoreboard, errors: ErrorShape) -> None:
    held_out = int((found.items["basis"] == "out_of_fold").sum())
    st.markdown(
        "**One basis for before and after.** As it is, every item has the prediction that the"
        f" ranking shows; for {held_out:,} of {len(found.items):,} items that is one by a model"
        " that had not seen them. Only the final model can be asked about an edited item, so its"
        " difference between the edited item and the item as it is, in log units, is added to what"
        " the ranking shows. Where a model remembers single items, a part of that difference is"
        " that it knows the item as it is."
    )
    st.markdown(
        "**Simulated totals.** In 1,000 cases every item draws an outcome from its own range, and"
        " the outcomes are added up; single ranges are never added. An item has the same draw"
        " before and after (common random numbers): what the model does not know of it is assumed"
        " to stay with it. The thin grey line is the other extreme, edited items drawing anew."
        " How wrong the model is about the edits themselves is in neither."
    )
    style = (
        f"Items of one style err together: the correlation of errors within"
        f" {errors.styles:,} held-out styles is {errors.style:.2f}, and the draws have it."
        if errors.styles
        else "Styles of several items are not known here, so items err independently, and the"
        " ranges of totals may be too narrow."
    )
    season = (
        f"Items of a season that the model has not learned from ({found.new_seasons:,} here) share"
        f" a shift, drawn after those of the {errors.seasons} later seasons that it was tested on."
        if errors.shift
        else "The model was tested on too few later seasons to tell what a new season shares; the"
        " ranges of totals leave it out and are too narrow for one."
    )
    st.markdown(f"{style} {season}")
    st.markdown(
        "All of it is what went with more or fewer sales in the past, not what an edit would"
        f" cause. Predictions by the model of {board.date[:10]}."
    )


def flags(found: list[Outside], catalog: Catalog, *, past: bool) -> None:
    """Say in which ways edits leave what was sold before.

    Args:
        found: of `core.explain.assortment_outside.outside`.
        catalog: the range.
        past: whether past items are there to compare with.
    """
    if not past:
        st.caption("The past items are not on this machine, so edits outside them are not counted.")
    elif found:
        lines = [f"- {outside_sentence(one, catalog)}" for one in found[:FLAGS]]
        if len(found) > FLAGS:
            lines.append(f"- And {len(found) - FLAGS:,} more ways with fewer items.")
        st.warning(
            "Outside what was sold before; ranges may be too narrow there:\n" + "\n".join(lines)
        )


def photo_note(steps: tuple[Step, ...], catalog: Catalog, *, reads_photo: bool) -> None:
    """Say that photos still show what a changed detail was."""
    columns = {
        step.edit.column
        for step in steps
        if step.edit.kind == "set" and catalog.roles.get(step.edit.column) in LEVEL_ROLES
    }
    if columns and catalog.columns(Role.IMAGE):
        names = " and ".join(plain(column_label(c, catalog.roles)) for c in sorted(columns))
        st.caption(
            f":material/palette: {names} changed; photos, names and descriptions stay as they are. "
            + (
                "This model reads the photo too, so its predictions mix the two."
                if reads_photo
                else "This model does not read photos."
            )
        )


def first_places(found: Outcome, catalog: Catalog, unit: str) -> None:
    """Draw the best items as they are."""
    items = found.items
    st.markdown("**The best of the range as it is**")
    rows = found.first("before")[:BEST]
    words = [
        [
            ordinal(int(items["rank_before"].iloc[row])),
            f"about {_about(found, row, 'before')} {unit}",
        ]
        for row in rows
    ]
    strip(catalog, rows.tolist(), words)


def places(found: Outcome, catalog: Catalog) -> None:
    """Draw which items enter and leave the first places."""
    enter, leave = found.enter, found.leave
    st.markdown(f"**The first {found.top:,}: {len(enter):,} enter, {len(leave):,} leave**")
    if not len(enter) and not len(leave):
        st.caption("The same items take the first places, maybe in another order.")
    for name, rows in (("Enter", enter), ("Leave", leave)):
        if len(rows):
            more = f", the best {PHOTOS} of {len(rows):,}" if len(rows) > PHOTOS else ""
            st.markdown(f"{name}{more}")
            strip(catalog, rows[:PHOTOS].tolist(), [_moved(found, row) for row in rows[:PHOTOS]])
    st.caption(
        "Places by the prediction. “In 100 cases” is how often an item is among the first"
        f" {found.top:,} when every item draws an outcome from its range: a place near the end is"
        " far from certain. Photos open the item in a new tab."
    )


def _moved(found: Outcome, row: int) -> list[str]:
    line = found.items.iloc[row]
    before, share = ordinal(int(line["rank_before"])), 100 * line["top_before"]
    if line["dropped"]:
        return [f"{before} → dropped", f"was in {share:.0f} of 100 cases"]
    return [
        f"{before} → {ordinal(int(line['rank_after']))}",
        f"in {share:.0f} → {100 * line['top_after']:.0f} of 100 cases",
        "edited" if line["changed"] else "not edited",
    ]


def _about(found: Outcome, row: int, side: str) -> str:
    line = found.items.iloc[row]
    return about(*(float(line[f"{c}_{side}"]) for c in ("predicted", "low", "high")))


def mix(found: Outcome) -> None:
    """Draw the categories of the first places."""
    if found.mix.empty:
        return
    edited = bool(np.any(found.edited.changed | found.edited.dropped))
    st.markdown(f"**Categories of the first {found.top:,}**")
    figure, alt = mix_chart(found.mix, found.top, edited=edited)
    st.plotly_chart(figure, config=CONFIG, alt=capital(alt), key="assortment-mix")
