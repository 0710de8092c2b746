import pickle
import sqlite3

import pytest

from core.cache import artefacts, open_cache
from core.errors import FashionError


class Boom:
    def __reduce__(self):
        return (pytest.fail, ("the cache unpickled a value",))


def test_plain_values_come_back_as_they_were(tmp_path):
    with open_cache(tmp_path) as cache:
        values = {"bytes": b"\x00\xff" * 50_000, "text": "naïve", "int": 7, "float": 0.25}
        for key, value in values.items():
            cache[key] = value
    with open_cache(tmp_path) as cache:
        assert {key: cache[key] for key in values} == values


@pytest.mark.parametrize("value", [[1], {"a": 1}, None, (1, 2), {1}, Boom()])
def test_nothing_that_needs_pickling_is_stored(tmp_path, value):
    with open_cache(tmp_path) as cache, pytest.raises(TypeError):
        cache["key"] = value


def test_a_pickled_value_in_the_file_is_refused_and_not_run(tmp_path):
    with open_cache(tmp_path) as cache:
        cache["key"] = b"harmless"
    base = sqlite3.connect(tmp_path / "cache.db")
    base.execute("UPDATE Cache SET mode = 4, value = ?", (pickle.dumps(Boom()),))
    base.commit()
    base.close()
    with open_cache(tmp_path) as cache, pytest.raises(ValueError, match="never read"):
        cache["key"]


def test_it_stays_within_its_size(tmp_path):
    with open_cache(tmp_path, size_limit=400_000) as cache:
        for i in range(60):
            cache[f"entry {i}"] = bytes(50_000)
        cache.cull()
        assert cache.volume() < 800_000
        assert "entry 59" in cache and "entry 0" not in cache


def test_a_folder_that_cannot_be_made_is_told_in_a_sentence(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("FASHION_CACHE_DIR", str(tmp_path / "file" / "cache"))
    artefacts.cache_clear()
    with pytest.raises(FashionError, match="Make the folder writable"):
        artefacts()
    monkeypatch.setenv("FASHION_CACHE_DIR", str(tmp_path / "cache"))
    artefacts()["key"] = "kept"
    artefacts.cache_clear()
