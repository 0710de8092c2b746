import pytest

from tests.core.tryon.synthetic import make_person


@pytest.fixture(scope="session")
def person():
    return make_person()


@pytest.fixture(scope="session")
def raised():
    return make_person(raised=True)
