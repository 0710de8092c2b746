"""Making a look: at once where it is kept, else in the engine's line, with place and progress.

What a session waits for is given up a while after its page was closed (`tryon_presence`).
"""

from dataclasses import dataclass

import streamlit as st

from app.tryon_choice import Garment, choose
from app.tryon_engine import duration, expected, licence
from app.tryon_presence import GRACE, visitor
from app.words import plain
from core.cache import artefacts
from core.errors import FashionError
from core.tryon.engine import Engine, OnStep, require
from core.tryon.engines import ENGINES
from core.tryon.mask_edit import NO_EDIT, MaskEdit
from core.tryon.ootd import OotdEngine
from core.tryon.people import Person
from core.tryon.queue import Line, Ticket
from core.tryon.result import Result, Settings, content_key, kept_result, try_on

_TICKETS, _LOOKS = "tryon_tickets", "tryon_asked"
POLL = 0.15
"""Seconds between two looks at a ticket."""
PATIENCE = 6
"""Looks at a ticket after which the person is shown meanwhile, as they are."""


@dataclass(frozen=True)
class Look:
    """Everything that a result depends on."""

    person: Person
    garment: Garment
    engine: Engine
    settings: Settings
    edit: MaskEdit = NO_EDIT

    @property
    def title(self) -> str:
        """For people to read."""
        return f"{self.person.title} wearing {self.garment.title}"

    @property
    def key(self) -> str:
        """The same for the same look."""
        return content_key(
            self.person,
            self.garment.photo,
            self.garment.worn,
            self.engine,
            self.settings,
            self.edit,
        )


@st.cache_resource(show_spinner=False)
def lines() -> dict[str, Line]:
    """The line of each engine, shared by all sessions.

    OOTDiffusion's two models stand in one: only one of them is in memory at a time, so who asks
    for the other would be told to run while waiting, could not leave, and have it read again.
    """
    large = Line()
    return {
        name: large if isinstance(engine, OotdEngine) else Line()
        for name, engine in ENGINES.items()
    }


def make(look: Look, on_step: OnStep | None = None) -> Result:
    """Make a look, or find it.

    Raises:
        FashionError: as `try_on`.
    """
    return try_on(
        look.person,
        look.garment.photo,
        look.garment.worn,
        look.engine,
        look.settings,
        look.edit,
        cache=artefacts(),
        garment_name=look.garment.title,
        on_step=on_step,
    )


def me() -> str:
    """This session's name in the lines."""
    return visitor(lines().values())


def submit(look: Look) -> Ticket:
    """Stand in the engine's line with a look, or join those who wait for the same.

    Raises:
        TryOnError: the line is full, or this session's share of it.
    """
    # A quick engine's ticket is left as soon as something else is chosen, so nobody joins it.
    key = look.key if look.engine.uses_sampling else ""
    line = lines()[look.engine.name]
    return line.submit(look.title, lambda on_step: make(look, on_step), me(), key)


def result_of(look: Look) -> Result | None:
    """The look's result, or None after drawing why there is none yet.

    A quick engine is waited for; whoever chooses something else meanwhile leaves its line. One that
    samples is started by hand, and goes on while the page is used.
    """
    try:
        require(look.engine)
        found = kept_result(
            look.person,
            look.garment.photo,
            look.garment.worn,
            look.engine,
            look.settings,
            look.edit,
            artefacts(),
        )
        if found is not None:
            tickets().pop(look.key, None)
            return found
        if look.engine.uses_sampling:
            return _by_hand(look)
        return _waited_for(look)
    except FashionError as error:
        return _refused(look, str(error))


def _refused(look: Look, problem: str) -> None:
    """Say why there is no picture, over the person as they are."""
    st.error(problem)
    if not look.engine.available():
        usual = next(iter(ENGINES.values()))
        st.button(
            f"Use the {usual.title.lower()}",
            key="tryon_usual_engine",
            on_click=choose,
            kwargs={"engine": usual.name},
        )
    st.image(look.person.pixels, alt=look.person.title, width="stretch")


def _waited_for(look: Look) -> Result | None:
    # The name is asked for now: at the end the session may be gone, and not come back by that.
    who, line, ticket = me(), lines()[look.engine.name], submit(look)
    try:
        with st.spinner("Trying it on"):
            place, before = st.empty(), st.empty()
            looks = 0
            while not ticket.ended.wait(POLL):
                ahead = line.ahead(ticket)
                place.caption(_place(ahead) if ahead else "")
                looks += 1
                if looks == PATIENCE:
                    before.image(look.person.pixels, alt=look.person.title, width="stretch",
                                 output_format="JPEG")  # fmt: skip
            place.empty()
            before.empty()
    finally:
        # The script was stopped because the person chose something else.
        if not ticket.ended.is_set():
            line.cancel(ticket, who)
    return _refused(look, ticket.problem) if ticket.problem else ticket.result


def _place(ahead: int) -> str:
    return f"{ahead} {'look is' if ahead == 1 else 'looks are'} made before yours."


def tickets() -> dict[str, Ticket]:
    """What this session asked for by hand, by the key of the look."""
    found: dict[str, Ticket] = st.session_state.setdefault(_TICKETS, {})
    return found


def _by_hand(look: Look) -> Result | None:
    key, own = look.key, tickets()
    ticket = own.get(key)
    if ticket is not None and ticket.state == "done":
        # The cache has let go of it already: it is made again on demand.
        del own[key]
        return ticket.result
    if ticket is not None and not ticket.ended.is_set():
        _pending(look, ticket)
        return None
    if ticket is not None and ticket.problem:
        st.error(ticket.problem)
    others = None if ticket is not None else lines()[look.engine.name].find(key)

    def start() -> None:
        try:
            own[key] = submit(look)
            st.session_state.setdefault(_LOOKS, {})[key] = look
        except FashionError as error:
            st.session_state["tryon_full"] = str(error)

    st.image(look.person.pixels, alt=look.person.title, width="stretch")
    st.button(
        "Try it on" if ticket is None else "Try again",
        type="primary",
        icon=":material/checkroom:",
        on_click=start,
        key="tryon_start",
    )
    if full := st.session_state.pop("tryon_full", ""):
        st.error(full)
    if ticket is not None and ticket.state == "cancelled":
        st.caption("Stopped; nothing was kept.")
    if others is not None:
        st.caption("This very look is being made already: “Try it on” joins in.")
    st.caption(expected(look.engine, look.settings))
    licence(look.engine)
    return None


@st.fragment(run_every=1.0)
def _pending(look: Look, ticket: Ticket) -> None:
    """The progress of a ticket, drawn anew each second."""
    line = lines()[look.engine.name]
    me()  # somebody is here
    if ticket.ended.is_set():
        st.rerun()
    shown = ticket.emerging
    if shown is None:
        shown = look.person.pixels
    # Drawn each second: a JPEG takes a tenth of the time of a PNG.
    st.image(shown, alt=f"{look.title}, as it emerges", width="stretch", output_format="JPEG")
    ahead = line.ahead(ticket)
    if ahead:
        st.progress(0.0, f"In line. {_place(ahead)}")
    else:
        st.progress(min(1.0, ticket.step / max(1, ticket.steps)), _stage(ticket))
    if ticket.leaving.is_set():
        st.caption("Stopping after this step.")
        return
    st.button("Cancel", key="tryon_cancel", on_click=_leave, args=(look.key, ticket))
    if ticket.seconds_left() is None:
        st.caption(expected(look.engine, look.settings))
    st.caption(
        f"It goes on while the dashboard is open, and is given up {GRACE:.0f} seconds after it was"
        " closed."
    )


def _stage(ticket: Ticket) -> str:
    """What is being done for a ticket whose turn it is."""
    if ticket.steps == 0:
        return "Reading the model and preparing the photos"
    if ticket.step == 0:
        return "Reading the garment"
    if ticket.step >= ticket.steps:
        return "Painting it in full size"
    words, left = f"Step {ticket.step} of {ticket.steps}", ticket.seconds_left()
    return words if left is None else f"{words}, {duration(left)} left"


def finished(here: str | None) -> list[tuple[Look, Result]]:
    """Looks that came out of a line while another was on the screen; each is told once.

    Args:
        here: key of the look that is on the screen, which is told of where it is drawn.
    """
    found = []
    for key, ticket in list(tickets().items()):
        if key != here and ticket.ended.is_set():
            del tickets()[key]
            look = st.session_state[_LOOKS][key]
            if ticket.result is not None:
                found.append((look, ticket.result))
    asked = st.session_state.get(_LOOKS, {})
    st.session_state[_LOOKS] = {key: look for key, look in asked.items() if key in tickets()}
    return found


def others(here: str | None) -> None:
    """Draw what else this session is waiting for, each with a way to stop it."""
    waiting = {key: t for key, t in tickets().items() if key != here and not t.ended.is_set()}
    if waiting:
        _others(waiting)


@st.fragment(run_every=2.0)
def _others(waiting: dict[str, Ticket]) -> None:
    me()  # somebody is here
    for key, ticket in waiting.items():
        if ticket.ended.is_set():
            st.rerun()
        with st.container(horizontal=True, vertical_alignment="center"):
            steps = f", step {ticket.step} of {ticket.steps}" if ticket.steps else ""
            st.caption(f"Also being made: {plain(ticket.title)}{steps}", width="content")
            st.button("Stop it", key=f"tryon_cancel:{key}", type="tertiary", on_click=_leave,
                      args=(key, ticket))  # fmt: skip


def _leave(key: str, ticket: Ticket) -> None:
    """Want a look no more; where others do, it is made for them."""
    for line in lines().values():
        line.cancel(ticket, me())
    if not ticket.leaving.is_set():
        tickets().pop(key, None)
