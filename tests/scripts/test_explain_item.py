"""One item by command: JSON and the printed report, on a small catalog with hostile cells."""

import json

import pytest

from core.explain.evidence import evidence
from core.explain.linear import explain, pairs
from core.explain.report import known_past
from scripts import explain_item, report_items
from tests.core.explain.reports import HOSTILE, make_reporter


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    folder = tmp_path_factory.mktemp("work")
    return folder, make_reporter(folder)


def command(work):
    return ["--data_dir", f"{work[0]}/catalog", "--model_dir", f"{work[0]}/models"]


def explained(work, tmp_path, *more):
    file = tmp_path / "item.json"
    assert explain_item.main([*command(work), "--json", str(file), *more]) == 0
    return json.loads(file.read_text(encoding="utf-8"))


def test_the_json_holds_the_dashboards_numbers_and_documents_every_key(work, tmp_path, capsys):
    reporter, row = work[1], 7
    values = explained(work, tmp_path, "--item", reporter.catalog.ids[row])
    told = explain(reporter.model, reporter.catalog, row)
    assert [p["value"] for p in values["parts"]] == [p.value for p in told.parts]
    assert values["evidence"] == evidence(reporter.past, reporter.catalog, row).to_json()
    own = pairs(reporter.model, reporter.catalog, row)
    assert [(p["first"], p["second"], p["value"]) for p in values["pairs"]] == [
        (p.first, p.second, p.value) for p in own
    ]
    report = reporter.item(row)
    assert values["words"] == list(report.words) and values["shares"] == report.shares
    assert values["ranking"]["rank"] == report.standing.rank
    for key in values:
        assert f" {key}" in explain_item.__doc__, f"the key {key} is not documented"
    out = capsys.readouterr().out
    assert report.words[0] in out and "Share of the parts' sizes: metadata" in out


def test_an_item_is_held_against_its_category_alone(work, tmp_path):
    reporter, item = work[1], work[1].catalog.ids[7]
    values = explained(work, tmp_path, "--item", item, "--same-category")
    told = explain(reporter.model, reporter.catalog, 7, same_category=True)
    assert values["against"]["category"] == reporter.catalog.frame["Type"].iloc[7]
    assert values["base"] == told.base != reporter.item(7).explanation.base


def test_a_past_without_sales_gives_no_evidence(work):
    catalog = work[1].catalog
    assert known_past(catalog) is not None
    frame = catalog.frame.drop(columns="Sold")
    roles = {c: r for c, r in catalog.roles.items() if c != "Sold"}
    assert known_past(type(catalog)(catalog.directory, "x", frame, roles)) is None


def test_a_report_is_written_with_a_page_an_item(work, tmp_path, capsys):
    file, ids = tmp_path / "report.html", list(work[1].catalog.ids[:3])
    assert report_items.main([*command(work), "--out", str(file), "--item", *ids]) == 0
    text = file.read_text(encoding="utf-8")
    assert text.count('class="page') == 1 + 3
    assert HOSTILE not in text and "&lt;script&gt;" in text
    out = capsys.readouterr().out
    assert "3 of 3 pages" in out and f"Written: {file}" in out
    assert [f.name for f in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--item", "nobody", "--out", "x.html"], "no item with the id “nobody”"),
        (["--item", "4-00003", "--out", "/no/such/folder/x.html"], "cannot be written to"),
        (["--item", "4-00003", "--out", "x.html", "--model", "deep"], "holds no model “deep”"),
    ],
)
def test_bad_calls_print_one_sentence_and_exit_2(work, more, sentence, capsys):
    assert report_items.main([*command(work), *more]) == 2
    captured = capsys.readouterr()
    assert sentence in captured.err and "Traceback" not in captured.err
