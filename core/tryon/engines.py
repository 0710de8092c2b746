"""The engines by name."""

from core.errors import TryOnError
from core.tryon.engine import Engine
from core.tryon.ootd import OotdEngine
from core.tryon.preview import PreviewEngine

ENGINES: dict[str, Engine] = {
    engine.name: engine for engine in (PreviewEngine(), OotdEngine("hd"), OotdEngine("dc"))
}
"""Every engine, whether it can run here or not; the first is the one to begin with."""


def engine_named(name: str) -> Engine:
    """An engine by its short name.

    Raises:
        TryOnError: there is none of this name.
    """
    if name not in ENGINES:
        raise TryOnError(f"There is no engine “{name}”. Choose one of: {', '.join(ENGINES)}.")
    return ENGINES[name]
