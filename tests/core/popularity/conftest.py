import pytest

from core.popularity import metrics


@pytest.fixture(autouse=True, scope="session")
def few_draws():
    """The spread of a score needs 200 draws on a scoreboard; 40 show that it is drawn."""
    original, metrics.DRAWS = metrics.DRAWS, 40
    yield
    metrics.DRAWS = original
