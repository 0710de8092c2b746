import pytest

from core.catalog.catalog import write_catalog
from core.catalog.summary import summary
from core.errors import CatalogError
from tests.core.popularity.synthetic import make_catalog


def test_a_summary_tells_what_the_directory_holds(tmp_path):
    write_catalog(make_catalog(60), tmp_path / "a")
    found = summary(tmp_path / "a")
    assert (found.name, found.items, found.target, found.unit) == ("made-0", 60, "Sold", "units")
    write_catalog(make_catalog(50, drop=("Sold",)), tmp_path / "b")
    assert summary(tmp_path / "b").target is None


@pytest.mark.parametrize(("file", "text"), [("catalog.toml", "=="), ("catalog.parquet", "no")])
def test_damage_gives_a_sentence(tmp_path, file, text):
    write_catalog(make_catalog(60), tmp_path / "a")
    (tmp_path / "a" / file).write_text(text)
    with pytest.raises(CatalogError, match="Import it again"):
        summary(tmp_path / "a")
    with pytest.raises(CatalogError, match="not a catalog directory"):
        summary(tmp_path / "nothing")
