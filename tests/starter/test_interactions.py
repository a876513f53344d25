"""`init` for tables of who had or rated what: items are found, or ratings predicted."""

from __future__ import annotations

import csv
import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from starters import SCRATCH, made, names

from bigmodel_cli.errors import DataError
from bigmodel_cli.starter import Wishes, make_starter

KINDS = ("crime", "love", "space")
BEGAN = 1_700_000_000


@pytest.fixture(autouse=True)
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(name: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> Path:
    with Path(name).open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return Path(name)


def loans(count: int = 600, of_users: int = 60, of_books: int = 60) -> list[tuple[int, int, int, int]]:
    """Who had which book, how they liked it, and when: mostly those of one kind, and each once."""
    chance = random.Random(0)
    pairs: dict[tuple[int, int], int] = {}
    while len(pairs) < count:
        user, book = chance.randrange(of_users), chance.randrange(of_books)
        if user % 3 == book % 3 or chance.random() < 0.1:
            pairs[user, book] = 1 + (user % 3 == book % 3) * 2 + chance.randrange(3)
    return [(user, book, rating, row) for row, ((user, book), rating) in enumerate(pairs.items())]


def table(
    header: Sequence[str] = ("user", "item", "rating", "time"),
    user: Callable[[int], object] = str,
    item: Callable[[int], object] = str,
    time: Callable[[int], object] = lambda row: BEGAN + 3600 * row,
    name: str = "loans.csv",
) -> Path:
    """A table of loans, with as many columns as its header has."""
    rows = [(user(u), item(b), rating, time(row))[: len(header)] for u, b, rating, row in loans()]
    return write(name, header, rows)


def books(name: str = "books.csv", key: str = "item", item: Callable[[int], object] = str) -> Path:
    rows = [
        (item(b), KINDS[b % 3], f"{KINDS[b % 3]}|{'new' if b % 2 else 'old'}", 1990 + b, f"The {b}")
        for b in range(65)
    ]
    return write(name, (key, "kind", "tags", "year", "title"), rows)


def test_ratings_are_predicted_where_there_are_some_and_items_found_when_these_are_named() -> None:
    path = table()
    starter = make_starter(path, SCRATCH)
    assert starter.found == "a table of 600 rows: 60 × user, 60 × item"
    assert starter.decisions == [
        "rating is predicted, of any user and any item.",
        "Which item comes next, of all 60, instead: init --target item.",
        "What is held out is what comes later, by time.",
    ]
    rated = made(path)
    assert rated.data.source.options.target == "rating"
    assert rated.loss.name == "MeanSquaredError"
    found = made(path, Wishes(target="item"))
    retrieve = found.data.source.options.told_target("item").retrieve
    assert (retrieve.user, retrieve.time, retrieve.top) == ("user", "time", [1, 5, 10, 20])
    assert found.data.source.options.columns["rating"] == "ignore"
    assert names(found.model) == ["Embedding", "Embedding", "two_towers"]
    text = make_starter(path, Wishes(target="item")).text
    assert "# How it is rated instead: init --target rating." in text


@pytest.mark.parametrize(
    ("header", "user", "item"),
    [
        (("reader", "book"), lambda u: f"ann {u}", lambda b: f"b{b}"),
        (("CustomerID", "sku"), lambda u: f"{u:05}", lambda b: f'12" "{b}", big'),
        (("visitor_id", "movieId"), lambda u: u + 10_000_000, lambda b: b * 1001),
        (("who", "what"), lambda u: f"p{u}", lambda b: f"q{b}"),
    ],
)
def test_ids_of_any_form_are_names(header, user, item) -> None:
    """Without times rows are held out at random, and all of training counts for popularity."""
    found = made(table(header, user, item))
    who, what = header
    options = found.data.source.options
    assert options.columns == {who: "category", what: "category"}
    retrieve = options.told_target(what).retrieve
    assert (retrieve.user, retrieve.time, retrieve.popularity.days) == (who, None, None)
    assert found.data.split_by == "random"


@pytest.mark.parametrize(
    "time",
    [
        lambda row: BEGAN + 3600 * row,
        lambda row: f"2024-{1 + row // 150:02}-{1 + row % 28:02}",
        lambda row: 880_000_000 + 3600 * row,
        lambda row: 1000 * (BEGAN + 60 * row),
    ],
)
def test_what_comes_later_is_held_out(time) -> None:
    path = table(("user", "item", "rating", "timestamp"), time=time)
    found = made(path, Wishes(target="item"))
    assert found.data.split_by.time == "timestamp"
    retrieve = found.data.source.options.told_target("item").retrieve
    # Of so few rows those of the last days say little.
    assert (retrieve.time, retrieve.popularity.days) == ("timestamp", None)


def test_of_many_rows_what_is_popular_lately_counts() -> None:
    chance = random.Random(0)
    rows = [(chance.randrange(300), chance.randrange(100), BEGAN + 600 * row) for row in range(8_000)]
    path = write("visits.csv", ("user", "place", "ts"), rows)
    retrieve = made(path).data.source.options.told_target("place").retrieve
    # 144 a day, of 56 days in all.
    assert retrieve.popularity.days == 7
    # A fifth of all pairs are there again.
    assert retrieve.seen == "keep"


def test_a_table_of_items_beside_it_is_joined() -> None:
    folder = Path("shop")
    folder.mkdir()
    table(name="shop/loans.csv", header=("user", "item"))
    books("shop/books.csv", key="id")
    write("shop/users.csv", ("user", "age"), [(user, 20 + user) for user in range(60)])
    starter = make_starter(folder, SCRATCH)
    assert (
        "books.csv has 100 % of all item, and 5 more, which can be found by their columns."
        in starter.decisions
    )
    options = made(folder).data.source.options
    assert (Path(options.join["item"].path).name, options.join["item"].key) == ("books.csv", "id")
    kinds = {name: options.columns[name] for name in ("kind", "tags", "year", "title")}
    assert kinds == {
        "kind": "category",
        "tags": {"set": {"separator": "|"}},
        "year": "number",
        "title": "ignore",
    }
    found = names(made(folder).model)
    assert found == ["Embedding", "Embedding", "Embedding", "Dense", "Dense", "Add", "two_towers"]


def test_a_table_of_other_items_is_not_joined() -> None:
    path = table(("user", "item"))
    books(item=lambda book: f"x{book}")
    assert not made(path).data.source.options.join


def test_columns_that_steps_could_not_name_get_names() -> None:
    path = table(("User-ID", "ISBN", "Book-Rating"))
    options = made(path).data.source.options
    assert options.target == "Book_Rating"
    assert options.columns["User_ID"] == {"from": "User-ID", "category": {}}
    books("names.csv", key="ISBN")
    joined = made(path, Wishes(target="ISBN")).data.source.options
    assert [*joined.join] == ["ISBN"]


def test_rows_that_lack_something() -> None:
    path = table(("user", "item"))
    path.write_text(path.read_text() + "17,\n")
    assert made(path).data.source.options.missing_target == "drop"
    path.write_text(path.read_text() + ",17\n")
    with pytest.raises(DataError, match=r"loans.csv, user: 1 rows have no value"):
        make_starter(path, SCRATCH)


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        # Each user once.
        (("customer_id", "product", "price"), [(900 + 7 * n, n % 9, n * 1.5) for n in range(90)]),
        # An outcome is asked for, whatever stands beside it.
        (("user", "item", "churn"), [(n % 20, n % 9, n % 2) for n in range(180)]),
        # Two columns of many categories, and numbers that no rating is.
        (("city", "model", "price"), [(f"c{n % 23}", f"m{n * 7 % 31}", n * 1.5) for n in range(300)]),
    ],
)
def test_other_tables_are_what_they_were(header, rows) -> None:
    found = made(write("t.csv", header, rows))
    assert found.data.source.options.target == header[2]
    assert "two_towers" not in names(found.model)
    assert "factorization_machine" not in names(found.model)


@pytest.mark.tf
@pytest.mark.slow
def test_what_is_written_finds_more_than_what_is_popular(tmp_path: Path) -> None:
    """And recommends mostly what is of the kind that somebody has."""
    from bigmodel_cli.listener import Silent
    from bigmodel_cli.modeling.language import read_config
    from bigmodel_cli.new_run import NewRun
    from bigmodel_cli.recommending.catalogue import catalogue_of
    from bigmodel_cli.recommending.recommend import Recommender, Wish
    from bigmodel_cli.training.train import train

    path = table(("user", "item", "rating", "time"))
    books()
    Path("c.yaml").write_text(make_starter(path, Wishes(target="item")).text)
    config = read_config(Path("c.yaml"), strict=True)
    result = train(config, NewRun(tmp_path / "runs", "x"), [Silent()])
    rows = loans()
    trained, held_out = rows[:-60], rows[-60:]
    popular = [book for book, _ in Counter(book for _, book, _, _ in trained).most_common()]
    recall = []
    for user in {user for user, *_ in held_out}:
        had = {book for one, book, *_ in trained if one == user}
        best = [book for book in popular if book not in had][:10]
        wanted = [book for one, book, *_ in held_out if one == user]
        recall.append(sum(book in best for book in wanted) / len(wanted))
    scores = json.loads((result.run.path / "evaluation" / "test.json").read_text())["metrics"]
    assert scores["recall@10"] > sum(recall) / len(recall) + 0.1
    users = [str(user) for user in range(60)]
    answers = Recommender(catalogue_of(result.run), Wish(3)).asked_for(users, None, None)
    fits = [int(item.name) % 3 == number % 3 for number, one in enumerate(answers) for item in one.items]
    # By chance, and by popularity, a third.
    assert len(fits) == 180 and sum(fits) > 120
