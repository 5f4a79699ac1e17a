"""Bad files in the price list's folder: what is wrong is set aside where somebody finds it, and the rest goes on."""

import itertools
import os
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest

from routes.demo.deployment import Deployment
from tests.system.faults import eventually
from tests.system.witness import Canary

HEADER = "sku,name,price,currency,validFrom\n"
_NUMBERS = itertools.count()


def sku() -> str:
    """A stock number that no other test has."""
    return f"FILE-{next(_NUMBERS)}"


def row(key: str, price: str = "1.50") -> str:
    return f"{key},Pen,{price},EUR,2026-12-01\n"


def folder(bus: Deployment) -> Path:
    return bus.state / "files" / "prices"


def drop(bus: Deployment, name: str, content: str | bytes) -> Path:
    """Put a whole file into the folder, as one that is moved there."""
    draft = bus.state / "files" / f"draft-{next(_NUMBERS)}"
    draft.write_bytes(content.encode() if isinstance(content, str) else content)
    return draft.rename(folder(bus) / name)


def done(bus: Deployment, name: str) -> bool:
    return (folder(bus) / ".camel" / name).exists()


def failed(bus: Deployment, name: str) -> bool:
    return (folder(bus) / ".failed" / name).exists()


def rejects(bus: Deployment, name: str) -> str:
    file = bus.state / "files" / "rejects" / f"{name}.rejects.csv"
    return file.read_text(errors="surrogateescape") if file.exists() else ""


def arrived(bus: Deployment, keys: Iterable[str]) -> bool:
    return set(keys) <= set(bus.table("crm", "prices"))


UNREADABLE = {
    "not UTF-8": (HEADER + row("LATIN-1")).encode() + "LATIN-2,Müller,1,EUR,2026-12-01\n".encode("latin-1"),
    "UTF-16": (HEADER + row("WIDE-1")).encode("utf-16"),
    "random octets": bytes(range(256)) * 400,
    "a field of 5 MB": f"{HEADER}HUGE-1,{'x' * 5_000_000},1.50,EUR,2026-12-01\n",
    "a line of 20 MB": "x" * 20_000_000,
    "a quote that does not end": f'{HEADER}"QUOTE-1,Pen,1.50,EUR,2026-12-01\n{row("QUOTE-2")}',
}


@pytest.mark.parametrize(("kind", "content"), UNREADABLE.items(), ids=UNREADABLE)
def test_a_file_that_cannot_be_read_is_set_aside_as_it_was(
    bus: Deployment, unharmed: None, kind: str, content: str | bytes
) -> None:
    name = f"{kind.replace(' ', '-')}.csv"
    drop(bus, name, content)
    eventually(lambda: failed(bus, name), "it stands in .failed")
    expected = content.encode() if isinstance(content, str) else content
    assert (folder(bus) / ".failed" / name).read_bytes() == expected
    assert not done(bus, name)
    assert not (folder(bus) / name).exists()


WRONG_ROWS = {
    "too few columns": "{},Pen\n",
    "too many columns": "{},Pen,1.50,EUR,2026-12-01,more,and more\n",
    "a NUL": "{}\0,Pen,1.50,EUR,2026-12-01\n",
    "no number": "{},Pen,free,EUR,2026-12-01\n",
    "no date": "{},Pen,1.50,EUR,2026-13-45\n",
    "an infinite price": "{},Pen,Infinity,EUR,2026-12-01\n",
    "a price that is none": "{},Pen,NaN,EUR,2026-12-01\n",
    "a price of a million digits": "{},Pen," + "9" * 900_000 + ",EUR,2026-12-01\n",
    "an unknown currency": "{},Pen,1.50,XXX,2026-12-01\n",
}


@pytest.mark.parametrize(("kind", "wrong"), WRONG_ROWS.items(), ids=WRONG_ROWS)
def test_a_wrong_row_goes_to_the_reject_file_and_the_others_go_on(
    bus: Deployment, unharmed: None, kind: str, wrong: str
) -> None:
    name, before, bad, after = f"{kind.replace(' ', '-')}.csv", sku(), sku(), sku()
    drop(bus, name, HEADER + row(before) + wrong.format(bad) + row(after))
    eventually(lambda: arrived(bus, [before, after]), "the good rows arrive")
    eventually(lambda: done(bus, name), "the file is done")
    lines = rejects(bus, name).splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("3,")
    assert bad not in bus.table("crm", "prices")


def test_rows_that_nobody_can_name_are_all_rejected(bus: Deployment, unharmed: None) -> None:
    drop(bus, "foreign.csv", "a,b,c\n1,2,3\n4,5,6\n")
    eventually(lambda: len(rejects(bus, "foreign.csv").splitlines()) == 2, "both rows are rejected")
    eventually(lambda: done(bus, "foreign.csv"), "the file is done")


def test_records_that_are_too_short_or_too_long_are_rejected(bus: Deployment, unharmed: None) -> None:
    key = sku()
    good = f"{key:<20}{'Pen':<40}{'1.50':>12}{'EUR':<3}{'2026-12-01':<10}\n"
    drop(bus, "fixed.txt", f"short\n{good}{'x' * 500}\n")
    eventually(lambda: arrived(bus, [key]), "the good record arrives")
    eventually(lambda: len(rejects(bus, "fixed.txt").splitlines()) == 2, "the others are rejected")


# -- foreign tables --------------------------------------------------------------------------------------------------------------

FOREIGN = {
    "customers": "customerID,companyName,country\nFOREIGN-1,Alfreds,Germany\nFOREIGN-2,NULL,Germany\n",
    "products": "productID,productName,unitPrice\n1,Chai,18.00\n2,Chang,free\n",
}


@pytest.mark.parametrize(("table", "content"), FOREIGN.items(), ids=FOREIGN)
def test_a_foreign_table_with_a_wrong_row_is_set_aside_and_not_read_again(
    bus: Deployment, unharmed: None, table: str, content: str
) -> None:
    there = bus.state / "files" / "northwind"
    drop(bus, f"../northwind/{table}.csv", content)
    eventually((there / ".failed" / f"{table}.csv").exists, "it stands in .failed")
    assert not (there / f"{table}.csv").exists()


# -- names -----------------------------------------------------------------------------------------------------------------------

NAMES = [
    "${sysenv.HOME}.csv",
    "{{crm.url}}.csv",
    "a&fileExist=Fail&fileName=evil.csv",
    "a?b#c%2f..%2f..%2fevil.csv",
    "RAW(evil).csv",
    "-rf evil.csv",
    "ünïcödé ☃.csv",
    "$(touch evil).csv",
    "bean:tables.csv",
    "octets-\udcff.csv",
    "x" * 200 + ".csv",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_files_name_is_data_and_nothing_else(bus: Deployment, unharmed: None, name: str) -> None:
    key, bad = sku(), sku()
    before = set(bus.state.rglob("*evil*"))
    drop(bus, name, HEADER + row(key) + row(bad, "free"))
    eventually(lambda: arrived(bus, [key]), "its good row arrives")
    eventually(lambda: done(bus, name), "it is done under its own name")
    assert bad in rejects(bus, name)
    made = {path for path in bus.state.rglob("*evil*") if path not in before}
    assert {path.name for path in made} <= {name, f"{name}.rejects.csv"}
    assert {path.parent.name for path in made} <= {".camel", "rejects"}


def test_a_name_that_would_break_lines_is_set_aside(bus: Deployment, unharmed: None) -> None:
    name = "two\nlines.csv"
    drop(bus, name, HEADER + row(sku()) + row(sku(), "free"))
    eventually(lambda: failed(bus, name), "it stands in .failed")
    assert "\\nlines.csv" in (bus.state / "bus.log").read_text()


def test_what_is_no_plain_file_is_left_alone(bus: Deployment, unharmed: None, canary: Canary) -> None:
    key = sku()
    (folder(bus) / "link.csv").symlink_to(canary.file)
    (folder(bus) / "folder.csv").mkdir()
    os.mkfifo(folder(bus) / "pipe.csv")
    try:
        drop(bus, "plain.csv", HEADER + row(key))
        eventually(lambda: done(bus, "plain.csv"), "a plain file is taken, though others stand before it")
        eventually(lambda: arrived(bus, [key]), "its row arrives")
        assert (folder(bus) / "link.csv").is_symlink()
        assert canary.secret not in rejects(bus, "link.csv")
    finally:
        (folder(bus) / "link.csv").unlink()
        (folder(bus) / "folder.csv").rmdir()
        (folder(bus) / "pipe.csv").unlink()


# -- files that change while they are looked at ---------------------------------------------------------------------------------------


def test_a_file_that_is_still_being_written_is_read_when_it_is_whole(bus: Deployment, unharmed: None) -> None:
    keys = [sku() for _ in range(60)]
    over = threading.Event()
    with (folder(bus) / "slow.csv").open("w") as file:
        file.write(HEADER)
        for key in keys:
            text = row(key)
            file.write(text[:7])
            file.flush()
            over.wait(0.03)
            file.write(text[7:])
            file.flush()
        assert not done(bus, "slow.csv")
    eventually(lambda: arrived(bus, keys), "all its rows arrive")
    eventually(lambda: done(bus, "slow.csv"), "it is done")
    assert rejects(bus, "slow.csv") == ""


def test_files_that_vanish_while_they_are_looked_at_harm_nobody(bus: Deployment, unharmed: None) -> None:
    over = threading.Event()

    def appear_and_vanish(number: int) -> None:
        path = folder(bus) / f"ghost-{number}.csv"
        while not over.is_set():
            path.write_text(HEADER + row(f"GHOST-{number}"))
            over.wait(0.05 * (number + 1))
            path.unlink(missing_ok=True)

    threads = [threading.Thread(target=appear_and_vanish, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(3):
            key = sku()
            drop(bus, f"{key}.csv", HEADER + row(key))
            eventually(lambda key=key: arrived(bus, [key]), "files that stay are read meanwhile")  # type: ignore[misc]
    finally:
        over.set()
        for thread in threads:
            thread.join()
    eventually(lambda: not list(folder(bus).glob("ghost-*")), "none stays behind")


def test_files_that_are_replaced_while_they_are_looked_at_are_read_whole(bus: Deployment, unharmed: None) -> None:
    # Each version has rows of its own price; whichever versions are read, the rows of one file never mix.
    keys = [sku() for _ in range(300)]
    versions = 40
    over = threading.Event()
    for version in range(1, versions + 1):
        drop(bus, "replaced.csv", HEADER + "".join(row(key, f"{version}.00") for key in keys))
        over.wait(0.05)
    last = f"{versions}.00"

    def prices() -> set[str]:
        table = bus.table("crm", "prices")
        return {str(table[key]["value"]["price"]) for key in keys if key in table}

    eventually(lambda: {float(price) for price in prices()} == {float(last)}, "the last version arrives")
    assert rejects(bus, "replaced.csv") == ""


def test_the_same_name_may_come_again(bus: Deployment, unharmed: None) -> None:
    for _ in range(3):
        key = sku()
        drop(bus, "nightly.csv", HEADER + row(key))
        eventually(lambda key=key: arrived(bus, [key]), "each one's row arrives")  # type: ignore[misc]
