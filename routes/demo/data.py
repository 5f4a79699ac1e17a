"""Generated but realistic data, the same in every run, and the Northwind tables as another source."""

from __future__ import annotations

import csv
import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

_FIRST = [
    "Anna",
    "Ben",
    "Clara",
    "David",
    "Elif",
    "Finn",
    "Greta",
    "Hannes",
    "Ines",
    "Jonas",
    "Katja",
    "Luis",
    "Mara",
    "Nils",
    "Olga",
    "Paul",
    "Rosa",
    "Sven",
    "Tina",
    "Uwe",
]
_LAST = [
    "Adler",
    "Brückner",
    "Çelik",
    "Dietz",
    "Eriksson",
    "Fischer",
    "Groß",
    "Huber",
    "Ivanova",
    "Jørgensen",
    "Köhler",
    "López",
    "Müller",
    "Nowak",
    "Öztürk",
    "Petit",
]
_PLACES = [
    ("Berlin", "DE"),
    ("Köln", "DE"),
    ("München", "DE"),
    ("Leipzig", "DE"),
    ("Wien", "AT"),
    ("Zürich", "CH"),
    ("Lyon", "FR"),
    ("Utrecht", "NL"),
]
_GOODS = [
    "Desk",
    "Lamp",
    "Chair",
    "Shelf",
    "Cabinet",
    "Table",
    "Screen",
    "Keyboard",
    "Cable",
    "Router",
    "Printer",
    "Scanner",
    "Paper",
    "Folder",
    "Pen",
    "Stapler",
]


@dataclass
class Orders:
    """Orders to post, in order; ``bad`` are refused at the door, ``blocked`` by the ERP, ``repeated`` come a second time."""

    posts: list[tuple[str, bytes | dict[str, Any]]] = field(default_factory=list)
    """What is expected (good, bad, repeated) and the body."""


def _person(chance: random.Random) -> str:
    return f"{chance.choice(_FIRST)} {chance.choice(_LAST)}"


def order(chance: random.Random, number: int) -> dict[str, Any]:
    """One valid order; about one in twenty is large enough to need an approval."""
    city, country = chance.choice(_PLACES)
    large = chance.random() < 0.05
    lines = [
        {
            "sku": f"{chance.choice(_GOODS).upper()}-{chance.randint(100, 999)}",
            "quantity": chance.randint(100, 200) if large else chance.randint(1, 12),
            "unitPrice": f"{chance.randint(100 if large else 2, 400 if large else 90)}.{chance.randint(0, 99):02d}",
        }
        for _ in range(chance.randint(1, 5))
    ]
    ship_to = {
        "name": _person(chance),
        "street": f"Ring {chance.randint(1, 120)}",
        "postalCode": f"{chance.randint(10000, 99999)}",
    }
    return {
        "orderId": f"R-{number:06d}",
        "customerId": f"C{chance.randint(1, 300):04d}",
        "currency": "EUR",
        "channel": chance.choice(["web", "phone", "shop"]),
        "shipTo": ship_to | {"city": city, "country": country},
        "lines": lines,
    }


def orders(count: int = 520, seed: int = 7) -> Orders:
    """Orders with some bad ones, some for blocked customers, some sent twice."""
    chance = random.Random(seed)
    made = Orders()
    sent: list[dict[str, Any]] = []
    for number in range(count):
        one = order(chance, number)
        draw = chance.random()
        if draw < 0.03:
            made.posts.append(("bad", _spoiled(chance, one)))
        elif draw < 0.08 and sent:
            made.posts.append(("repeated", chance.choice(sent)))
        else:
            if draw > 0.97:
                one["customerId"] = f"BLOCKED{number}"
            made.posts.append(("good", one))
            sent.append(one)
    return made


def refused(order: dict[str, Any]) -> bool:
    """Whether somebody behind the door refuses a valid order: the ERP those of blocked customers, the OA those of 100,000 and more."""
    total = sum(line["quantity"] * Decimal(line["unitPrice"]) for line in order["lines"])
    customer: str = order["customerId"]
    return customer.startswith("BLOCKED") or bool(total >= 100_000)


def _spoiled(chance: random.Random, one: dict[str, Any]) -> bytes | dict[str, Any]:
    match chance.randint(0, 3):
        case 0:
            return b'{"orderId": "R-truncated", "lines": ['
        case 1:
            return one | {"lines": []}
        case 2:
            return one | {"colour": "an unknown field"}
        case _:
            return one | {"shipTo": {"city": "Berlin"}}


def prices(file: Path, rows: int, bad_every: int, seed: int = 11) -> int:
    """Write a price list as CSV; every so many rows one is bad. Returns how many are good."""
    good = 0
    with file.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target)
        writer.writerow(["sku", "name", "price", "currency", "validFrom"])
        for values in _price_rows(rows, bad_every, seed):
            good += _is_good(values)
            writer.writerow(values)
    return good


def fixed_prices(file: Path, rows: int, bad_every: int, seed: int = 13) -> int:
    """Write a price list as records of fixed width. Returns how many are good."""
    good = 0
    with file.open("w", encoding="utf-8") as target:
        for sku, name, price, currency, valid in _price_rows(rows, bad_every, seed, prefix="F"):
            good += _is_good([sku, name, price, currency, valid])
            target.write(f"{sku:<20}{name:<40}{price:>12}{currency:<3}{valid:<10}\n")
    return good


def _price_rows(rows: int, bad_every: int, seed: int, prefix: str = "P") -> Iterator[list[str]]:
    chance = random.Random(seed)
    for number in range(rows):
        row = [
            f"{prefix}-{number:07d}",
            f"{chance.choice(_GOODS)} {chance.randint(1, 9999)}",
            f"{chance.randint(1, 900)}.{chance.randint(1, 99):02d}",
            "EUR",
            "2026-12-01",
        ]
        if number % bad_every == bad_every - 1:
            place, value = chance.choice([(2, "free"), (3, "XXX"), (4, "2026-13-40"), (2, "-1.00")])
            row[place] = value
        yield row


def _is_good(values: list[str]) -> bool:
    return values[2] not in {"free", "-1.00"} and values[3] != "XXX" and values[4] != "2026-13-40"


def tickets(count: int = 40, seed: int = 17) -> list[dict[str, Any]]:
    """Service problems; every thirteenth has a category that nobody knows."""
    chance = random.Random(seed)
    made = []
    for number in range(count):
        category = "weather" if number % 13 == 12 else chance.choice(["delivery", "invoice", "product", "contract"])
        made.append(
            {
                "ticketId": f"T-{number:04d}",
                "customerId": f"C{chance.randint(1, 300):04d}",
                "category": category,
                "priority": chance.choice(["low", "normal", "high"]),
                "subject": f"{chance.choice(_GOODS)} {chance.choice(['arrived late', 'is broken', 'was billed twice', 'is missing'])}",
            }
        )
    return made


def campaigns(count: int = 20, seed: int = 19) -> list[dict[str, Any]]:
    """Campaigns; every ninth lacks its title."""
    chance = random.Random(seed)
    made = []
    for number in range(count):
        begin = dt.date(2026, chance.randint(1, 12), chance.randint(1, 28))
        title = (
            ""
            if number % 9 == 8
            else f"{chance.choice(['Spring', 'Summer', 'Autumn', 'Winter'])} {chance.choice(_GOODS)} <& more>"
        )
        ends = (begin + dt.timedelta(days=30)).isoformat()
        made.append(
            {
                "campaignId": f"K-{number:03d}",
                "title": title,
                "text": "Äpfel & Birnen",
                "starts": begin.isoformat(),
                "ends": ends,
            }
        )
    return made


def customer(number: int, system: str, changed: str) -> dict[str, Any]:
    """A customer's record as the CRM writes it."""
    chance = random.Random(f"{number}{system}")
    city, country = chance.choice(_PLACES)
    name = _person(chance)
    return {
        "id": f"{system}{number:04d}",
        "name": name,
        "contact": name,
        "phone": f"+49 30 {number:06d}",
        "city": city,
        "country": country,
        "changedAt": changed,
    }


# -- Northwind -----------------------------------------------------------------------------------------------------------------


def northwind_orders(folder: Path) -> Orders:
    """The company's orders, each with its lines, as the CRM would post them; the first ten come twice."""
    countries = _northwind_countries()
    lines: dict[str, list[dict[str, Any]]] = {}
    for row in _rows(folder / "order_details.csv"):
        line = {"sku": f"NW-{row['productID']}", "quantity": int(row["quantity"]), "unitPrice": row["unitPrice"]}
        lines.setdefault(row["orderID"], []).append(line)
    made = Orders()
    for row in _rows(folder / "orders.csv"):
        ship_to = {
            "name": row["shipName"],
            "street": row["shipAddress"],
            "postalCode": _text(row["shipPostalCode"]),
            "city": row["shipCity"],
            "region": _text(row["shipRegion"]),
            "country": countries[row["shipCountry"]],
        }
        one = {
            "orderId": row["orderID"],
            "customerId": row["customerID"],
            "currency": "USD",
            "channel": "phone",
            "shipTo": ship_to,
            "lines": lines[row["orderID"]],
            "requestedDate": row["requiredDate"][:10],
        }
        made.posts.append(("good", one))
    made.posts += [("repeated", body) for _, body in made.posts[:10]]
    return made


def _northwind_countries() -> dict[str, str]:
    from esb.dsl.nodes import MapNode, to_python
    from esb.dsl.reader import read

    table = read(Path(__file__).resolve().parents[2] / "schemas" / "tables" / "northwind-countries.yaml")
    assert isinstance(table, MapNode)
    entries: dict[str, str] = to_python(table.get("entries"))
    return entries


def _rows(file: Path) -> Iterator[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as source:
        yield from csv.DictReader(source)


def _text(value: str) -> str:
    return "" if value == "NULL" else value
