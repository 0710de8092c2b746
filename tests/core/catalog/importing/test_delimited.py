import pytest

from core.catalog.importing.delimited import RESTARTS, records, sniff
from core.catalog.importing.report import Log
from core.errors import CatalogError


def read(text, delimiter=","):
    log = Log()
    return list(records(text, delimiter, "t.csv", log)), log


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter):
    rows = [["id", "title", "price"], ["1", "a, b; c", "2,50"], ["2", "d", "3,50"]]
    text = "\n".join(delimiter.join(f'"{c}"' for c in row) for row in rows)
    assert sniff(text) == delimiter


def test_decimal_commas_do_not_make_commas_the_delimiter():
    assert sniff("id;price\n1;2,50\n2;3,50\n3;12,00\n") == ";"


def test_excels_sep_line_decides_and_is_not_a_row():
    text = "sep=;\nid;a,b\n1;2,3\n"
    assert sniff(text) == ";"
    assert read(text, ";")[0] == [(2, ["id", "a,b"]), (3, ["1", "2,3"])]


def test_a_quoted_newline_stays_in_its_cell_and_row_numbers_follow_the_spreadsheet():
    rows, log = read('id,title\r\n1,"two\r\nlines"\r\n2,b\r\n')
    assert rows == [(1, ["id", "title"]), (2, ["1", "two\r\nlines"]), (3, ["2", "b"])]
    assert not log.issues


def test_line_separators_inside_text_do_not_end_a_row():
    rows, _ = read("id,title\n1,a\u2028b\x0bc\x85d\n")
    assert rows[1] == (2, ["1", "a\u2028b\x0bc\x85d"])


def test_a_quotation_mark_that_is_never_closed_costs_only_its_row():
    rows, log = read('id,title\n1,a\n2,"open\n3,c\n4,d\n')
    assert [cells[0] for _, cells in rows] == ["id", "1", "3", "4"]
    assert [i.row for i in log.issues] == [3]


def test_too_many_open_quotation_marks_give_up_with_a_sentence():
    with pytest.raises(CatalogError, match="quotation mark"):
        read("id,title\n" + f'1,"{"x" * 5}\n2,b\n' * (2 * RESTARTS + 1))


def test_a_cell_of_a_million_characters_costs_only_its_row():
    rows, log = read('id,title\n1,a\n2,"' + "x\n" * 600_000 + '"\n3,c\n')
    assert rows[1] == (2, ["1", "a"])
    assert log.skipped["unclosed quotation mark"] >= 1
    assert rows[-1][1][0] == "3"


def test_two_open_quotation_marks_do_not_join_the_rows_between_them():
    rows, log = read('id,title\n1,"open\n2,b\n3,"open\n4,d\n')
    assert [cells[0] for _, cells in rows] == ["id", "2", "4"]
    assert [i.row for i in log.issues] == [2, 4]
