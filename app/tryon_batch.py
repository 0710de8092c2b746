"""Several garments on several people: chosen, made in the background, looked at, taken."""

import hashlib
import json
import time
from collections.abc import Callable, Container
from html import escape
from pathlib import Path

import pandas as pd
import streamlit as st

from app import jobs, tryon_own
from app.jobs import Progress
from app.tryon_choice import Garment, Rack, choose, packed, small, unpacked
from app.tryon_engine import expected, panel
from app.tryon_garments import WORN
from app.tryon_run import Look, lines, make
from app.words import plain
from core.errors import FashionError
from core.settings import cache_dir
from core.tryon.batch import MOST_PAIRS, Piece, Sitter, run_batch
from core.tryon.engine import Engine, require
from core.tryon.people import Listed, Person, open_person
from core.tryon.queue import Line, LineFull
from core.tryon.result import Result, Settings
from core.tryon.shelf import Shelf

FIRST_PEOPLE, FIRST_GARMENTS = 2, 3
OFFERED = 200
"""Garments in the list at a time, the highest-ranked."""

DRAWN = 8
"""Garments and people in the plan."""

POLL = 0.2


def show(
    rack: Rack, listed: list[Listed], selection: list[str], engine: Engine, settings: Settings
) -> None:
    """Draw the choice, and the batch where there is one."""
    st.markdown("Every garment on every person, as a sheet to look at and an archive to take.")
    left, right = st.columns([8, 5], gap="large")
    with left:
        sitters = _people(listed)
        pieces = _garments(rack, selection)
    with right:
        panel(engine, settings)
        _start(sitters, pieces, engine, settings)
    if sitters and pieces:
        name = _name(sitters, pieces, engine, settings)
        _outcome(name)
        if _shelf().find(name) is None:
            _plan(sitters, pieces)


def _list(name: str, default: list[str], known: Container[str]) -> list[str]:
    told = st.query_params.get(name)
    wanted = default if told is None else unpacked(told)
    return [item for item in wanted if item in known]


def _people(listed: list[Listed]) -> list[Sitter]:
    sitters = {
        own.id: Sitter(own.id, own.title, lambda o=own: tryon_own.read_quietly(o), own.data)
        for own in tryon_own.kept("people")
    }
    sitters |= {e.id: Sitter(e.id, e.title, lambda e=e: open_person(e), e.image) for e in listed}
    if not sitters:
        st.info("There is nobody to dress. Choose a photo of a person under “One look” first.")
        return []
    key = "tryon_batch_people"
    chosen = st.pills(
        "People",
        list(sitters),
        selection_mode="multi",
        wrap=True,
        default=_list("people", list(sitters)[:FIRST_PEOPLE], sitters),
        format_func=lambda name: plain(sitters[name].title),
        key=key,
        on_change=lambda: choose(people=packed(st.session_state[key])),
    )
    return [sitters[name] for name in chosen]


def _garments(rack: Rack, selection: list[str]) -> list[Piece]:
    own = {o.id: o for o in tryon_own.kept("garments")}
    items = rack.find("", count=OFFERED)
    linked = _list("garments", [], rack.catalog.ids)
    asked = unpacked(st.query_params.get("garments", ""))
    if gone := [name for name in asked if name not in own and name not in linked]:
        st.warning(
            f"{len(gone)} of the link's garments are not here: {_few(gone)}. The link may be from"
            " another catalog or session."
        )
    offered = [*own, *dict.fromkeys([*selection, *linked, *items])]
    if not offered:
        st.info("There is no garment with a photo. Upload one under “One look” first.")
        return []
    key = "tryon_batch_garments"
    chosen = st.multiselect(
        "Garments",
        offered,
        default=_list("garments", selection or items[:FIRST_GARMENTS], offered),
        format_func=lambda name: own[name].title if name in own else rack.title(name),
        placeholder="Names of garments",
        key=key,
        on_change=lambda: choose(garments=packed(st.session_state[key])),
    )
    if selection:
        st.caption(
            f"The list begins with {len(selection)} of the selection on the Catalog page, the"
            " highest-ranked first."
            if len(selection) > 1
            else "The list begins with the garment that is selected on the Catalog page."
        )
    photos = {name: own[name].data if name in own else rack.photo(name) for name in chosen}
    if bare := [rack.title(name) for name in chosen if photos[name] is None]:
        st.warning(
            f"{_few(bare)} {'has' if len(bare) == 1 else 'have'} no photo, and"
            f" {'is' if len(bare) == 1 else 'are'} left out."
        )
    chosen = [name for name in chosen if photos[name] is not None]
    if not chosen:
        return []
    titles = [own[n].title if n in own else rack.title(n) for n in chosen]
    worn = [(None if n in own else rack.worn(n)) or "upper_body" for n in chosen]
    with st.expander("Where each is worn", icon=":material/checkroom:"):
        table = st.data_editor(
            pd.DataFrame({"Garment": titles, "Worn as": [WORN[w] for w in worn]}),
            column_config={
                "Garment": st.column_config.TextColumn(disabled=True),
                "Worn as": st.column_config.SelectboxColumn(
                    options=list(WORN.values()), required=True
                ),
            },
            hide_index=True,
            width="stretch",
            key=f"tryon_batch_worn:{','.join(chosen)}",
        )
    categories = {words: name for name, words in WORN.items()}
    pieces = []
    for name, title, words in zip(chosen, titles, table["Worn as"], strict=True):
        photo = photos[name]
        assert photo is not None
        pieces.append(Piece(name, title, photo, categories[words]))  # type: ignore[arg-type]
    return pieces


def _few(names: list[str]) -> str:
    """Names for a sentence, the first five of them."""
    shown = ", ".join(map(plain, names[:5]))
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"


def _plan(sitters: list[Sitter], pieces: list[Piece]) -> None:
    """Draw the sheet as it will be: the garments across, the people down."""
    height = "height:120px;max-width:110px;object-fit:contain;border-radius:6px;background:#fff"
    cell = "padding:6px 10px;text-align:center;vertical-align:top;font-size:.8rem;font-weight:400"

    def shown(photo: Path | bytes | None, title: str) -> str:
        key = "" if photo is None else _stamp(photo)
        url = None if photo is None else small(photo, f"batch:{key}")
        image = "" if url is None else f'<img src="{url}" alt="" style="{height}"><br>'
        return image + escape(title)

    head = "".join(
        f'<th scope="col" style="{cell}">{shown(p.photo, p.title)}</th>' for p in pieces[:DRAWN]
    )
    if len(pieces) > DRAWN:
        head += f'<th scope="col" style="{cell}">and {len(pieces) - DRAWN} more</th>'
    rows = "".join(
        f'<tr><th scope="row" style="{cell}">{shown(s.photo, s.title)}</th></tr>'
        for s in sitters[:DRAWN]
    )
    st.html(
        '<div style="overflow-x:auto"><table style="border-collapse:collapse">'
        f"<tr><td></td>{head}</tr>{rows}</table></div>"
    )


def _name(sitters: list[Sitter], pieces: list[Piece], engine: Engine, settings: Settings) -> str:
    """Of the batch: the same people, garments, engine and settings are the same batch."""
    told = [
        [(s.id, None if s.photo is None else _stamp(s.photo)) for s in sitters],
        [(p.id, p.category, _stamp(p.photo)) for p in pieces],
        [engine.name, engine.version, settings.told() if engine.uses_sampling else None],
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:24]


def _stamp(photo: Path | bytes) -> str:
    if isinstance(photo, bytes):
        return hashlib.sha256(photo).hexdigest()
    try:
        return f"{photo} {photo.stat().st_mtime_ns}"
    except OSError:
        return str(photo)


def _shelf() -> Shelf:
    return Shelf(cache_dir() / "tryon_batches")


def _start(sitters: list[Sitter], pieces: list[Piece], engine: Engine, settings: Settings) -> None:
    count = len(sitters) * len(pieces)
    if not count:
        st.info("Choose at least one person and one garment.")
        return
    each = settings.samples if engine.uses_sampling else 1
    words = f"**{each * count:,} {'picture' if each * count == 1 else 'pictures'}**"
    st.markdown(words if each == 1 else f"{words}, {each} of each look")
    if count > MOST_PAIRS:
        st.warning(f"At most {MOST_PAIRS} pictures are made at a time. Choose fewer.")
        return
    try:
        require(engine)
    except FashionError as error:
        st.error(str(error))
        return
    name = _name(sitters, pieces, engine, settings)
    running = jobs.job(_job(name))
    if (running is not None and not running.ended.is_set()) or _shelf().find(name) is not None:
        return
    st.caption(expected(engine, settings, count))

    def begin() -> None:
        line = lines()[engine.name]
        work = _work(name, sitters, pieces, engine, settings, line)
        jobs.start(_job(name), work)

    st.button("Make them", type="primary", icon=":material/grid_on:", on_click=begin)


def _job(name: str) -> str:
    return f"tryon batch {name}"


def _work(
    name: str,
    sitters: list[Sitter],
    pieces: list[Piece],
    engine: Engine,
    settings: Settings,
    line: Line,
) -> Callable[[Progress], None]:
    """The work of a batch: a look at a time in the engine's line, so that others come between."""
    count = len(sitters) * len(pieces)
    # A batch has turns of its own: it does not stop with its session, nor hold up its looks.
    who = f"batch {name}"

    def work(progress: Progress) -> None:
        done = 0

        def dressed(person: Person, piece: Piece) -> Result:
            garment = Garment(piece.id, piece.photo, piece.title, piece.category, None)
            look = Look(person, garment, engine, settings)

            ticket = None

            def told() -> None:
                share, stage = 0.0, ""
                if ticket is not None and (ahead := line.ahead(ticket)):
                    stage = f", in line, {ahead} before it"
                elif ticket is not None and ticket.steps > 1:
                    share, stage = (
                        ticket.step / ticket.steps,
                        f", step {ticket.step} of {ticket.steps}",
                    )
                words = f"{done + 1} of {count}: {plain(look.title)}{stage}"
                progress((done + share) / count, words)

            told()
            while ticket is None:
                try:
                    ticket = line.submit(look.title, lambda on_step: make(look, on_step), who)
                except LineFull:
                    told()
                    time.sleep(1)
            try:
                while not ticket.ended.wait(POLL):
                    told()
            finally:
                line.cancel(ticket, who)  # nothing where it has ended
            if ticket.result is None:
                raise FashionError(ticket.problem or "It was stopped.")
            return ticket.result

        with _shelf().making(name) as album:
            for pair in run_batch(sitters, pieces, engine, settings, dressed):
                album.add(pair)
                done += 1

    return work


def _outcome(name: str) -> None:
    running = jobs.job(_job(name))
    if running is not None and not running.ended.is_set():
        jobs.watch(_job(name), "tryon_batch_stop")
        st.caption(
            "It goes on when this page is left or closed; the same link, with the same photos of"
            " your own, leads back to it. What is finished is kept if it is stopped."
        )
        return
    if running is not None and running.error:
        if running.stopping.is_set():
            st.info(
                "Stopped. “Make them” goes on where it was: finished pictures are not made again."
            )
        else:
            st.error(running.error)
    finished = _shelf().find(name)
    if finished is None:
        return
    sheet, count = finished.sheet, len(finished.parts)
    with st.container(horizontal=True, gap="small"):
        for number, part in enumerate(finished.parts, 1):
            size = f"{max(1, round(part.stat().st_size / 1e6)):,} MB"
            st.download_button(
                f"Download all (ZIP, {size})"
                if count == 1
                else f"Part {number} of {count} (ZIP, {size})",
                part.read_bytes,  # read on a click
                file_name=part.name,
                mime="application/zip",
                icon=":material/download:",
                type="primary",
                on_click="ignore",
                key=f"tryon_part:{name}:{number}",
            )
        st.download_button(
            "Contact sheet (PNG)",
            sheet.read_bytes,
            file_name="contact_sheet.png",
            mime="image/png",
            icon=":material/grid_on:",
            on_click="ignore",
        )
    st.image(str(sheet), alt="Contact sheet: a column a garment, a row a person", width="content")
