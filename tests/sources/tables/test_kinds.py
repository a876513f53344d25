"""What a column is said to be, by all of its rows."""

from __future__ import annotations

import pytest

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.tables.numbers import PLAIN, Notation

pytestmark = pytest.mark.usefixtures("engine")


def table_of(cells, name="x", other=True):
    """A column of cells beside one of numbers, so that each row has something in it."""
    lines = [f'"{cell}",{number % 7}.5' for number, cell in enumerate(cells)]
    return "\n".join([f'"{name}",other', *lines]) + "\n"


def cycle(*cells, times=20):
    return list(cells) * times


LETTERS = [chr(97 + number % 26) * (1 + number // 26) for number in range(52)]


@pytest.mark.parametrize(
    ("name", "cells", "kind", "reason"),
    [
        # Numbers.
        ("x", [f"{n * 1.5}" for n in range(60)], "number", "numbers, 0 to 88.5, 60 different ones"),
        ("x", [f"{n * 7 % 60 + 5}" for n in range(60)], "number", "whole numbers, 5 to 64"),
        ("grade", cycle("3", "4", "5", "9"), "number", "4 different ones; `category` if they are codes"),
        ("x", cycle("0", "1"), "number", "whole numbers, 0 to 1, 2 different ones"),
        ("x", cycle("-1", "+1"), "category", "two different whole numbers, -1 to 1"),
        ("sex", cycle("1", "2"), "category", "two different whole numbers"),
        ("year", [str(1990 + n) for n in range(20)], "number", "whole numbers, 1,990 to 2,009"),
        ("x", cycle("1e3", "2E-2", ".5", "5."), "number", "numbers, 0.02 to 1,000"),
        ("x", cycle("1.5", "", "2.5", "3.5"), "number", "numbers, 1.5 to 3.5"),
        # Codes.
        ("zip", cycle("01069", "80331", "20095"), "category", "3 different codes with leading zeros"),
        ("x", cycle("007", "010", "100"), "category", "codes with leading zeros"),
        ("zip code", cycle("80331", "20095", "10115"), "category", "codes, as the name says"),
        ("postCode", cycle("80331", "20095", "10115"), "category", "codes, as the name says"),
        ("label", cycle("0", "1", "2"), "category", "codes, as the name says"),
        # Ids.
        ("", [str(n) for n in range(50)], "id", "one of its own for each row (0 to 49)"),
        ("n", [str(50 - n) for n in range(50)], "id", "one of its own for each row (1 to 50)"),
        ("user_id", [str(n * n + 1000) for n in range(50)], "id", "one of its own for each row"),
        ("PassengerId", [str(n * 3 + 1) for n in range(50)], "id", "one of its own for each row"),
        ("name", [f"A{n:03d}" for n in range(50)], "id", "a text of its own for each row, without spaces"),
        ("zip", [f"0{n + 1000}" for n in range(50)], "id", "a text of its own for each row"),
        # Words.
        ("x", cycle("low", "high", "mid"), "category", "3 different values"),
        ("x", cycle("yes", "no"), "category", "2 different values"),
        ("x", cycle("True", "False"), "category", "2 different values"),
        ("x", cycle("a", "1", "2"), "category", "3 different values"),
        ("x", [*cycle(*LETTERS, times=1), *LETTERS[:20]], "category", "most rows have one of their own"),
        ("x", cycle("very long words of a question with ten words", "b"), "category", "2 different values"),
        # Texts.
        (
            "x",
            [f"this is the review of number {n}, quite good" for n in range(50)],
            "text",
            "50 different texts",
        ),
        ("x", [f"Mr. Owen {n} Braund" for n in range(50)], "text", "4.0 words each on average"),
        ("x", [f"dogs/{n % 30}.JPG" for n in range(50)], "image", "paths of images"),
        ("x", [f"C:\\\\dogs\\\\{n}.png" for n in range(50)], "image", "paths of images"),
        # Dates.
        ("x", [f"2020-02-{n % 28 + 1:02d}" for n in range(50)], "date", "dates, written YYYY-MM-DD"),
        ("x", [f"2020-02-03 12:{n:02d}:00.5" for n in range(50)], "date", "dates, written YYYY-MM-DD"),
        ("x", [f"2020-02-03T12:{n:02d}Z" for n in range(50)], "date", "dates, written YYYY-MM-DD"),
        ("x", [f"2020-02-03T12:{n:02d}:01+01:00" for n in range(50)], "date", "dates, written YYYY-MM-DD"),
        ("x", [f"{n % 28 + 1}.2.2020" for n in range(50)], "date", "dates, written DD.MM.YYYY"),
        ("x", [f"{n % 28 + 1}/02/2020" for n in range(50)], "date", "dates, written DD/MM/YYYY"),
        ("x", [f"02/{n % 28 + 1}/2020" for n in range(50)], "date", "dates, written MM/DD/YYYY"),
        ("x", [f"2/{n % 28 + 1}/2020 1:05 PM" for n in range(50)], "date", "dates, written MM/DD/YYYY"),
        ("x", [f"{n % 28 + 1} Jan 2020" for n in range(50)], "date", "dates, written DD Mon YYYY"),
        ("x", [f"{n % 28 + 1}. März 2020" for n in range(50)], "text", "28 different texts"),
        ("x", [f"September {n % 28 + 1}, 2020 10:{n:02d} AM" for n in range(50)], "date", "Mon DD, YYYY"),
        ("x", [f"{n % 28 + 1}-FEB-20" for n in range(50)], "date", "dates, written DD-Mon-YY"),
        ("x", [f"{n % 28 + 1}/02/98" for n in range(50)], "date", "dates, written DD/MM/YY"),
        ("x", [f"02/{n % 28 + 1}/98" for n in range(50)], "date", "dates, written MM/DD/YY"),
        ("x", cycle("2020-02-03", "", "?", "2020-02-04"), "date", "dates, written YYYY-MM-DD"),
        ("day", [f"202002{n % 28 + 1:02d}" for n in range(50)], "date", "YYYYMMDD, as the name says"),
        ("x", [f"202002{n % 28 + 1:02d}" for n in range(50)], "number", "whole numbers"),
        ("timestamp", [str(1_600_000_000 + n % 9) for n in range(50)], "date", "seconds since 1970"),
        (
            "created_at",
            [str(1_600_000_000_000 + n % 9) for n in range(50)],
            "date",
            "milliseconds since 1970",
        ),
        # What says nothing.
        ("x", cycle("7"), "constant", "every row has 7"),
        ("x", cycle("yes"), "constant", "every row has 'yes'"),
        ("x", cycle(""), "constant", "no row has a value"),
        ("x", cycle("?"), "constant", "no row has a value"),
        ("x", cycle("yes", ""), "category", "1 different value"),
        ("x", cycle("7", ""), "number", "whole numbers, 7 to 7"),
    ],
)
def test_kinds(surveyed, name, cells, kind, reason):
    columns = surveyed(table_of(cells, name), header=True).columns
    facts = columns[name or "column_1"]
    assert (facts.kind, facts.rows) == (kind, len(cells))
    assert reason.removesuffix("value") in facts.reason


@pytest.mark.parametrize(
    ("cells", "notation", "low", "high"),
    [
        (cycle("1,5", "2,25"), Notation(",", None), 1.5, 2.25),
        (cycle("1.234,5", "2,25"), Notation(",", "."), 2.25, 1234.5),
        (cycle("1,234.5", "2.25"), Notation(".", ","), 2.25, 1234.5),
        (cycle("1,234,567", "2,250"), Notation(".", ","), 2250, 1234567),
        (cycle("1.234.567", "2.250"), Notation(",", "."), 2250, 1234567),
        (cycle("1 234,5", "2,25"), Notation(",", " "), 2.25, 1234.5),
        (cycle("1 234", "2"), Notation(".", " "), 2, 1234),
        (cycle("1'234.5", "2"), Notation(".", "'"), 2, 1234.5),
        (cycle("1\u202f234,5", "2"), Notation(",", "\u202f"), 2, 1234.5),
        (cycle("1.234", "2.250"), PLAIN, 1.234, 2.25),
        (cycle("$1,200.50", "$3", "-$2.5"), Notation(".", ",", "$"), -2.5, 1200.5),
        (cycle("12 €", "1.200,50 €", "7"), Notation(",", ".", "€"), 7, 1200.5),
        (cycle("85%", "7.5 %"), Notation(".", None, "%"), 7.5, 85),
        (cycle("USD 5", "USD\u00a06.5"), Notation(".", None, "USD"), 5, 6.5),
        (cycle(" 1.5", "2.5 "), PLAIN, 1.5, 2.5),
    ],
)
def test_notations(surveyed, cells, notation, low, high):
    facts = surveyed(table_of(cells)).columns["x"]
    assert facts.kind in ("number", "category")
    assert (facts.notation, facts.low, facts.high) == (notation, low, high)
    if notation != PLAIN:
        assert f"read {notation.described}" in facts.notes


def test_one_comma_and_three_digits_depends_on_what_stands_between_cells(surveyed):
    rows = [f"{n + 1},{n:03d}" for n in range(40)]
    between_commas = surveyed("x,y\n" + "".join(f'"{row}",a\n' for row in rows)).columns["x"]
    between_semicolons = surveyed("x;y\n" + "".join(f"{row};a\n" for row in rows)).columns["x"]
    assert (between_commas.high, between_semicolons.high) == (40039, 40.039)


@pytest.mark.parametrize(
    ("told", "high"),
    [({"decimal": ","}, 40.039), ({"thousands": ","}, 40039), ({"decimal": ".", "thousands": ","}, 40039)],
)
def test_notations_that_are_told(surveyed, told, high):
    rows = "".join(f'"{n + 1},{n:03d}",a\n' for n in range(40))
    assert surveyed("x,y\n" + rows, **told).columns["x"].high == high


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize(
    ("first", "later", "kind", "low"),
    [
        ("1", "1.5", "number", 1),
        ("1.5", "2.25", "number", 1.5),
        ("1", "1,5", "number", 1),
        ("17", "1.234.567", "category", 17),
        ("80331", "01069", "category", None),
        ("007", "1.5", "number", 1.5),
        ("NA", "1.234,5", "number", 1234.5),
        ("1", "word", "category", None),
        ("", "1.5", "number", 1.5),
        ("", "word", "category", None),
        ("?", "2020-01-01", "date", 1577836800000000),
        ("12/12/2020", "13/01/2021", "date", 1607731200000000),
        ("12/12/2020", "01/13/2021", "date", 1607731200000000),
        ("word", "a much longer text than a word, of which each is another one", "category", None),
    ],
)
def test_no_kind_depends_on_the_first_block(surveyed, first, later, kind, low):
    """Streams of other readers fix the type of a column when they have seen its beginning."""
    facts = surveyed(table_of([first] * 500 + [later] * 400)).columns["x"]
    assert (facts.kind, facts.low) == (kind, low)
    assert surveyed(table_of([later] * 400 + [first] * 500)).columns["x"].kind == kind


@pytest.mark.parametrize("mark", ["NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "?", "-", "#N/A", "<NA>"])
@pytest.mark.parametrize("cells", [["1.5", "2.5", "4"], ["red", "blue", "green"]])
def test_marks_of_missing_values(surveyed, mark, cells):
    facts = surveyed(table_of(cycle(*cells, mark, ""))).columns["x"]
    assert (facts.missing, dict(facts.marks), facts.distinct) == (40, {mark: 20, "": 20}, 3)
    assert facts.notes == [f"taken for missing: {mark!r} (20)"]


@pytest.mark.parametrize("word", [".", "none", "None", "--"])
def test_words_that_are_marks_among_numbers_alone(surveyed, word):
    assert surveyed(table_of(cycle("1.5", "2.5", word))).columns["x"].missing == 20
    assert surveyed(table_of(cycle("red", "blue", word))).columns["x"].missing == 0


def test_marks_that_are_told_are_the_only_ones(surveyed):
    facts = surveyed(table_of(cycle("1.5", "2.5", "-999", "")), missing=("-999",)).columns["x"]
    assert (facts.missing, facts.low) == (40, 1.5)
    facts = surveyed(table_of(cycle("1.5", "2.5", "-999")), missing=("-999",)).columns["x"]
    assert (facts.missing, facts.low) == (20, 1.5)
    facts = surveyed(table_of(cycle("NA", "DE", "FR")), missing=()).columns["x"]
    assert (facts.missing, facts.distinct) == (0, 3)


def test_categories_are_told_by_how_frequent_they_are(surveyed):
    facts = surveyed(table_of(["b"] * 5 + ["a"] * 3 + [" a "] * 2 + ["c", "?"])).columns["x"]
    assert facts.categories == [("a", 5), ("b", 5), ("c", 1)]
    assert surveyed(table_of(cycle("3", "4", "4"))).columns["x"].categories == [("4", 40), ("3", 20)]


def test_kinds_that_are_told(surveyed):
    kinds = {"x": "category"}
    facts = surveyed(table_of(cycle("3", "4", "9")), kinds=kinds).columns["x"]
    assert (facts.kind, facts.reason, facts.distinct) == ("category", "as told", 3)
    facts = surveyed(table_of(cycle("01", "02", "03")), kinds={"x": "number"}).columns["x"]
    assert (facts.kind, facts.low, facts.high) == ("number", 1, 3)
    facts = surveyed(table_of(cycle("red", "blue")), kinds={"x": "text"}).columns["x"]
    assert facts.kind == "text"


def test_dates_that_can_be_read_in_two_ways_say_so(surveyed):
    facts = surveyed(table_of(cycle("01/02/2020", "03/04/2020"))).columns["x"]
    assert facts.notes == ["read as DD/MM/YYYY; all dates can be MM/DD/YYYY as well"]


def test_years_of_two_digits_say_what_they_are(surveyed):
    facts = surveyed(table_of(cycle("31/12/68", "31/12/69"))).columns["x"]
    assert (facts.low, facts.high) == (-86400 * 10**6, 3124137600 * 10**6)
    assert facts.notes == ["years of two digits: 69 to 99 are 1969 to 1999, 00 to 68 are 2000 to 2068"]


@pytest.mark.parametrize(
    ("cells", "note"),
    [
        (cycle("85%", "7.5%"), "read without '%', as 85 of 85%"),
        (cycle("$1,200.5", "$7"), "read with ',' between thousands and without '$'"),
    ],
)
def test_what_was_taken_away_from_numbers_is_said(surveyed, cells, note):
    assert surveyed(table_of(cells)).columns["x"].notes == [note]


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("twice", ["1.0", "+1", "1%"])
def test_a_number_that_is_written_in_two_ways_is_there_twice(surveyed, twice):
    cells = [str(n) for n in range(60)]
    assert surveyed(table_of(cells)).columns["x"].kind == "id"
    facts = surveyed(table_of([*cells[:-1], twice])).columns["x"]
    assert (facts.kind, facts.high, facts.distinct) == ("number", 58, 60)
    assert surveyed(table_of([twice, *cells[:-1]])).columns["x"].kind == "number"


def test_numbers_with_different_signs_are_no_numbers(surveyed, refused):
    facts = surveyed(table_of(cycle("$5", "5 €", "7 €"))).columns["x"]
    assert (facts.kind, facts.distinct) == ("category", 3)
    cells = [f"{n}.5 €" for n in range(60)]
    says = refused(table_of([*cells, "$5"]))
    assert "t.csv:62, x: expected a number as in 60 other rows, found '$5'" in says
    assert refused(table_of(["$5", *cells])).startswith("t.csv:2, x: expected a number as in 60 other rows")


@pytest.mark.parametrize("head", ["1/22/20", '"Jan 3, 2020"', "100%", "$5"])
def test_a_name_may_look_like_a_date_or_a_price(opened, head):
    rows = "".join(f"north,{n},{n + 1}\n" for n in range(9))
    assert opened(f"region,size,{head}\n{rows}").names == ("region", "size", head.strip('"'))
    assert opened(f"{head}\n" * 30).names == ("column_1",)


def test_numbers_that_float32_rounds_say_so(surveyed):
    facts = surveyed(table_of(cycle("123456789", "5", "7"))).columns["x"]
    assert "rounds whole numbers" in facts.notes[0]


def test_more_values_than_are_counted(surveyed, monkeypatch):
    monkeypatch.setattr("bigmodel_cli.sources.tables.text_look.MOST_TEXTS", 100)
    cells = [f"code{n % 200}" for n in range(400)]
    facts = surveyed(table_of(cells)).columns["x"]
    assert (facts.kind, facts.distinct) == ("text", None)
    named = surveyed(table_of(cells), kinds={"x": "category"}).columns["x"]
    assert (named.kind, named.distinct, len(named.categories)) == ("category", 200, 200)
    monkeypatch.setattr("bigmodel_cli.sources.tables.text_look.MOST_NAMES", 150)
    with pytest.raises(DataError, match="x: more than 150 different values"):
        surveyed(table_of(cells), kinds={"x": "category"})
    facts = surveyed(table_of([f"{n},5" for n in range(400)])).columns["x"]
    assert (facts.kind, facts.low, facts.high) == ("number", 0.5, 399.5)


@pytest.mark.usefixtures("small_blocks")
def test_numbers_of_which_a_few_are_words_late_are_refused_only_where_they_are_many(surveyed):
    facts = surveyed(table_of([*cycle("3", "4", "5", times=99), "x"])).columns["x"]
    assert (facts.kind, facts.distinct) == ("category", 4)


@pytest.mark.usefixtures("small_blocks")
def test_progress_counts_rows(opened):
    from bigmodel_cli.sources.tables.survey import survey

    told = []
    survey(opened(table_of(cycle("1", "2"))), progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 40
