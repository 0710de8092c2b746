"""Which engine makes the picture, under which licence, what it lacks, and how it is set."""

import streamlit as st

from app.tryon_choice import choose
from app.words import plain
from core.cache import artefacts
from core.checkpoints import doctor
from core.tryon.engine import ANY_SEED, Engine
from core.tryon.engines import ENGINES
from core.tryon.result import Settings, expected_seconds, in_memory, samplers

STEPS, SCALE, SAMPLES = (10, 50), (1.0, 5.0), (1, 4)
LARGEST_SEED = 2**31 - 1


def current_engine() -> Engine:
    """The engine that the URL names, else the first."""
    name = st.query_params.get("engine", "")
    if name and name not in ENGINES:
        st.warning(f"There is no engine “{plain(name)}”. Showing the preview.")
    return ENGINES.get(name, next(iter(ENGINES.values())))


def current_settings(engine: Engine) -> Settings:
    """The settings that the URL holds; what is out of range becomes the usual."""
    if not engine.uses_sampling:
        return Settings()
    usual, known = Settings(), samplers(engine)
    sampler = st.query_params.get("sampler", usual.sampler)
    if sampler not in known:
        sampler = usual.sampler
    return Settings(
        int(_number("seed", usual.seed, 0, LARGEST_SEED)),
        int(_number("steps", known[sampler][1] if known else usual.steps, *STEPS)),
        _number("scale", usual.scale, *SCALE),
        int(_number("samples", usual.samples, *SAMPLES)),
        sampler,
        bool(known) and st.query_params.get("whole") == str(True),
    )


def _number(name: str, usual: float, low: float, high: float) -> float:
    try:
        value = float(st.query_params.get(name, usual))
    except ValueError:
        return usual
    return value if low <= value <= high else usual


def duration(seconds: float) -> str:
    """A time in words: ``about 40 seconds``."""
    if seconds < 1.5:
        return "about a second"
    if seconds < 90:
        return f"about {round(seconds) if seconds < 10 else 5 * round(seconds / 5)} seconds"
    minutes = round(seconds / 60)
    return f"about {minutes} minutes" if minutes < 90 else f"about {minutes / 60:.1f} hours"


def expected(engine: Engine, settings: Settings, count: int = 1) -> str:
    """How long it takes, a sentence."""
    seconds = expected_seconds(engine, settings, artefacts(), count)
    if seconds is None:
        return "How long it takes is not known yet: it was never run on this machine."
    load = "" if in_memory(engine) else ", with reading the model"
    return f"Takes {duration(seconds)}{load}, as the last time on this machine."


def licence(engine: Engine) -> None:
    """Say under which licence a picture is, where it may not be used for everything."""
    if not engine.licence.commercial:
        st.caption(
            f"Not for commercial use: pictures by {engine.title} are under {engine.licence.name}.",
        )


def panel(current: Engine, settings: Settings) -> None:
    """Draw the engines and the settings of the current one."""
    names = list(ENGINES)
    captions = []
    for engine in ENGINES.values():
        missing = engine.available().missing
        use = "commercial use allowed" if engine.licence.commercial else "**non-commercial**"
        parts = f"{len(missing)} part{'s' if len(missing) > 1 else ''} missing"
        state = f"not installed, {parts}" if missing else "ready"
        captions.append(f"{state} · licence: {engine.licence.name}, {use}")
    with st.expander(f"Engine: {current.title}", icon=":material/tune:"):
        st.session_state["tryon_engine"] = current.name
        st.radio(
            "Engine",
            names,
            format_func=lambda name: ENGINES[name].title,
            captions=captions,
            label_visibility="collapsed",
            key="tryon_engine",
            on_change=lambda: choose(engine=st.session_state["tryon_engine"]),
        )
        missing = current.available().missing
        if missing:
            _missing(current, missing)
        else:
            st.caption(expected(current, settings))
            if current.uses_sampling:
                _settings(current, settings)
    if not current.licence.commercial:
        st.warning(
            f"**Not for commercial use.** {current.title} is under {current.licence.name}."
            f" {current.licence.note}",
            icon=":material/copyright:",
        )


def _missing(engine: Engine, missing: tuple[str, ...]) -> None:
    told = [part.partition(" (") for part in missing]
    st.markdown(
        "**What is missing**\n"
        + "\n".join(f"- `{part}`{sign}{plain(where)}" for part, sign, where in told)
    )
    if all(where for _part, _sign, where in told):
        st.caption("All of it is on this machine: once it is moved, this engine can run.")
        return
    for row in doctor():
        if row["get"] and row["name"] in (engine.name, "clip-vit-large-patch14"):
            st.caption(f"{row['title']}: {row['size']}, {row['licence']}")
            if row["get"].startswith("python"):
                st.code(row["get"], language="bash")
            else:
                st.caption(f"To get it: {row['get']}.")


def _settings(engine: Engine, settings: Settings) -> None:
    def told(name: str) -> None:
        choose(**{name: str(st.session_state[f"tryon_{name}"])})

    def other_seed() -> None:
        choose(seed=str(Settings(ANY_SEED).settled().seed))

    def other_sampler() -> None:
        choose(sampler=st.session_state["tryon_sampler"], steps=None)

    known = samplers(engine)
    if known:
        st.session_state["tryon_sampler"] = settings.sampler
        st.segmented_control(
            "Sampler",
            list(known),
            required=True,
            format_func=lambda name: known[name][0],
            key="tryon_sampler",
            on_change=other_sampler,
        )
    left, right = st.columns(2)
    # A key with the value in it: the field follows the URL, which a history entry may change.
    with left:
        st.session_state["tryon_steps"] = settings.steps
        st.slider("Steps", *STEPS, key="tryon_steps", on_change=told, args=("steps",))
        st.session_state["tryon_samples"] = settings.samples
        st.slider(
            "Pictures to choose from", *SAMPLES, key="tryon_samples", on_change=told,
            args=("samples",),
        )  # fmt: skip
    with right:
        st.session_state["tryon_scale"] = settings.scale
        st.slider(
            "How strictly it follows the garment", *SCALE, step=0.5, key="tryon_scale",
            on_change=told, args=("scale",),
        )  # fmt: skip
        st.session_state["tryon_seed"] = settings.seed
        st.number_input(
            "Seed", 0, LARGEST_SEED, key="tryon_seed", on_change=told, args=("seed",),
            help="The same seed and inputs give the same picture again.",
        )  # fmt: skip
        st.button("Another seed", icon=":material/casino:", type="tertiary", on_click=other_seed)
    if known:
        st.session_state["tryon_whole"] = settings.whole
        st.toggle(
            "Keep all that is painted",
            key="tryon_whole",
            on_change=told,
            args=("whole",),
            help="As the original does: face, hands and ground are the network's then, not the"
            " photo's. Else only the masked part is taken.",
        )
