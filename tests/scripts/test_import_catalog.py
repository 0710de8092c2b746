import subprocess
import sys
from pathlib import Path

import pytest

from core.catalog import Role, load_catalog
from scripts import import_catalog

ROOT = Path(__file__).resolve().parents[2]
TABLE = (
    "sku,name,brand,cost,sold out,units_sold,launch\n"
    "001,Red dress,Acme,12.50,no,3,03/04/2024\n"
    "002,Coat,Beta,x,yes,5,05/04/2024\n"
    "002,Coat,Beta,9,yes,5,05/04/2024\n"
)


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "range.csv"
    path.write_text(TABLE)
    return path


def run(source, out, *options):
    return import_catalog.main([str(source), "--out", str(out), *options])


def test_the_command_writes_a_catalog_and_prints_the_report(source, tmp_path, capsys):
    assert run(source, tmp_path / "c") == 0
    told = capsys.readouterr().out
    assert told.startswith("3 rows read: 2 items, 1 skipped; 0 photos copied.")
    assert "range.csv, row 4, column “sku”: the id “002” stands in row 3 already" in told
    assert len(load_catalog(tmp_path / "c")) == 2


def test_every_option_reaches_the_catalog(source, tmp_path):
    status = run(
        source,
        tmp_path / "c",
        "--format=csv",
        "--role=price=cost",
        "--role=attribute=sold out",
        "--role=none=units_sold",
        "--role=release_date=launch",
        "--group=brand+name",
        "--name=Spring",
        "--currency=EUR",
        "--unit=pieces",
        "--post-launch=brand",
        "--at-launch=sold out",
        "--dates=month-first",
        f"--report={tmp_path / 'issues.csv'}",
    )
    assert status == 0
    catalog = load_catalog(tmp_path / "c")
    assert (catalog.name, catalog.currency, catalog.unit) == ("Spring", "EUR", "pieces")
    assert catalog.roles["cost"] == Role.PRICE
    assert catalog.target() is None
    assert catalog.column(Role.GROUP) == "brand + name"
    assert catalog.post_launch == {"brand"}
    assert str(catalog.frame["launch"][0].date()) == "2024-03-04"
    assert len((tmp_path / "issues.csv").read_text(encoding="utf-8-sig").splitlines()) == 3


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--role", "price"], "write ROLE=COLUMN"),
        (["--role", "price=nothing"], "no column “nothing”"),
        (["--window", "yesterday"], "write FIRST..LAST"),
        (["--window", "2020-02-01..2020-01-01"], "first day is after the last"),
        (["--format", "hm"], "holds no articles.csv"),
    ],
)
def test_a_mistake_is_one_sentence_and_a_status(source, tmp_path, capsys, options, said):
    assert run(source, tmp_path / "c", *options) == 2
    told = capsys.readouterr()
    assert said in told.err
    assert len(told.err.strip().splitlines()) == 1
    assert told.out == ""
    assert not (tmp_path / "c").exists()


def test_it_runs_from_any_folder(source, tmp_path):
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/import_catalog.py", source.name, "--out", "c"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "c/catalog.toml").is_file()
