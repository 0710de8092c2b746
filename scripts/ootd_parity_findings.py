"""What a comparison with recorded numbers finds, and how a case that cannot be read is told."""

import math
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from core.errors import FashionError


class Finding(NamedTuple):
    """One comparison: of which case, the worst difference, how large it may be, and of what."""

    name: str
    worst: float
    tolerance: float
    where: str = ""

    @property
    def within(self) -> bool:
        """Whether the difference may be that large; not where it is no number."""
        return self.worst <= self.tolerance

    @property
    def share(self) -> float:
        """The difference as a share of what is allowed; infinite where none is."""
        if math.isnan(self.worst):
            return math.inf
        if self.tolerance:
            return self.worst / self.tolerance
        return math.inf if self.worst else 0.0


def whole(name: str, compare: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """A case's findings; where it cannot be read, or cannot be run, that is its last finding."""
    try:
        yield from compare()
    except Exception as error:  # files that others wrote are broken in ways that nobody can list
        yield broken(name, error)


def broken(name: str, error: Exception) -> Finding:
    """The finding that a case cannot be compared, with the reason in one line."""
    text = " ".join(str(error).split())
    if isinstance(error, KeyError):
        reason = f"{text} is not recorded"
    elif isinstance(error, FashionError):
        reason = text
    else:
        reason = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return Finding(name, math.inf, 0.0, f"what could not be compared ({reason})")
