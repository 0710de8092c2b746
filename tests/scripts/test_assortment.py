"""The command that edits many items at once."""

import json

import numpy as np
import pandas as pd
import pytest

from core.catalog.catalog import write_catalog
from core.popularity import metrics
from core.popularity.ranking import rank
from core.popularity.training import train
from scripts.assortment import main
from tests.core.popularity.synthetic import make_catalog


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    original, metrics.DRAWS = metrics.DRAWS, 20
    folder = tmp_path_factory.mktemp("assortment")
    catalog = write_catalog(make_catalog(160), folder / "made")
    train(catalog, folder / "models", models=["linear"])
    metrics.DRAWS = original
    return catalog, ["--data_dir", str(folder / "made"), "--model_dir", str(folder / "models")]


def test_files_hold_every_item_before_and_after(made, tmp_path, capsys):
    catalog, where = made
    table, values = tmp_path / "items.csv", tmp_path / "totals.json"
    edit = ["--where", "Type=dress", "--price", "-20", "--ending", "0.95", "--top", "20"]
    assert main([*where, *edit, "--out", str(table), "--json", str(values)]) == 0
    told = capsys.readouterr().out
    frame = pd.read_csv(table).set_index("item_id")
    own = catalog.frame.set_index("sku")
    dress = (own["Type"] == "dress").reindex(frame.index)
    assert f"{dress.sum()} items edited" in told and "not what an edit would cause" in told
    assert (frame["changed"] == dress).all() and len(frame) == len(catalog)
    np.testing.assert_allclose(frame["Price_after"][dress] % 1, 0.95)
    assert (frame["Price_after"] == frame["Price_before"])[~dress].all()
    order = rank(catalog, where[3]).set_index("item_id").reindex(frame.index)
    np.testing.assert_allclose(frame["predicted_before"], order["predicted"])
    assert (frame["predicted_difference"][dress] > 0).all(), "cheaper sells more here"
    assert frame["rank_before"].is_monotonic_increasing
    found = json.loads(values.read_text())
    moved = (frame["rank_after"] <= 20) & (frame["rank_before"] > 20)
    assert set(found["enter"]) == set(frame.index[moved]) and moved.any()
    assert len(found["enter"]) == len(found["leave"])
    totals = pd.DataFrame(found["totals"]).set_index(["total", "side"])
    assert set(totals.index.get_level_values("total")) == {"range", "edited", "value"}
    assert totals.loc[("range", "difference"), "low"] > 0
    wide = totals.loc[("range", "difference_if_errors_do_not_stay")]
    assert wide["low"] < totals.loc[("range", "difference"), "low"]


@pytest.mark.parametrize(
    "edit",
    [
        ["--set", "Colour=black"],
        ["--weeks", "3"],
        ["--drop", "--where", "Type=coat", "--where", "Type=skirt"],
        ["--set", "Price=20", "--between", "Price", "10", "30"],
    ],
)
def test_every_kind_of_edit_works(made, capsys, edit):
    assert main([*made[1], *edit]) == 0
    assert "items edited" in capsys.readouterr().out


def test_items_that_are_so_already_are_not_counted_as_edited(made, tmp_path, capsys):
    black, values = (made[0].frame["Colour"] == "black").sum(), tmp_path / "totals.json"
    assert main([*made[1], "--set", "Colour=black", "--json", str(values)]) == 0
    told = capsys.readouterr().out
    assert f"{160 - black} items edited; the other {black} chosen ones stay as they are." in told
    found = json.loads(values.read_text())
    assert (found["chosen"], found["edited"]) == (160, 160 - black) and 0 < black < 160


def test_levels_of_one_column_add_up_and_columns_narrow_down(made, capsys):
    frame = made[0].frame
    both = frame["Type"].isin(["coat", "skirt"])
    where = ["--drop", "--where", "Type=coat", "--where", "Type=skirt"]
    assert main([*made[1], *where]) == 0
    assert f"{both.sum()} items edited" in capsys.readouterr().out
    assert main([*made[1], *where, "--where", "Colour=red", "--between", "Price", "0", "30"]) == 0
    fewer = both & (frame["Colour"] == "red") & (frame["Price"] <= 30)
    assert f"{fewer.sum()} items edited" in capsys.readouterr().out and fewer.any()


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (["--where", "Type=cape", "--drop"], "Type=cape"),
        (["--between", "Type", "1", "2", "--drop"], "no column of numbers"),
        (["--between", "Price", "a", "2", "--drop"], "no range of numbers"),
        (["--set", "Colour"], "not COLUMN=VALUE"),
        (["--set", "Nothing=1"], "no column “Nothing”"),
        (["--drop", "--top", "0"], "--top"),
        (["--drop", "--out", "/nowhere/items.csv"], "cannot be written"),
    ],
)
def test_what_does_not_work_is_said(made, capsys, edit, said):
    assert main([*made[1], *edit]) == 2
    assert said in capsys.readouterr().err
