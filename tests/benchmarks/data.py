"""Made data, the same in each run: orders of about 1 KB, as JSON, and the rows of a CSV file."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

PRIORITIES = ("high", "normal", "low")


def order(number: int, chance: random.Random) -> dict[str, Any]:
    """An order as a shop sends it: numbers as texts, names that our types rename."""
    lines = [
        {
            "sku": f"SKU-{chance.randrange(10**6):06d}",
            "qty": str(chance.randrange(1, 9)),
            "price": f"{chance.randrange(100, 99999) / 100:.2f}",
            "descr": "item " + "x" * chance.randrange(20, 40),
        }
        for _ in range(6)
    ]
    return {
        "orderId": f"O-{number:08d}",
        "customer": {"id": number % 997, "name": f"Customer {number % 997}", "email": f"C{number % 997}@Example.COM"},
        "country": chance.choice(("DE", "FR", "US", "CH")),
        "priority": PRIORITIES[chance.randrange(3)],
        "currency": "EUR",
        "total": f"{chance.randrange(1000, 999999) / 100:.2f}",
        "createdAt": f"2026-{1 + number % 12:02d}-{1 + number % 28:02d}T{number % 24:02d}:{number % 60:02d}:00Z",
        "channel": "web",
        "lines": lines,
        "notes": "n" * 160,
    }


def bodies(count: int, distinct: int = 1000) -> list[bytes]:
    """Orders as JSON, 950 to 1000 bytes each; ``distinct`` of them in turn."""
    chance = random.Random(7)
    made = [json.dumps(order(number, chance), separators=(",", ":")).encode() for number in range(min(count, distinct))]
    return [made[number % len(made)] for number in range(count)]


def write_rows(path: Path, rows: int) -> None:
    """Order rows as CSV with a header."""
    chance = random.Random(7)
    with path.open("w") as file:
        file.write("order_id,customer,email,country,quantity,unit_price,order_date,express\n")
        for number in range(rows):
            file.write(
                f"O-{number:08d},Customer {number % 997},C{number % 997}@Example.COM,{chance.choice(('DE', 'FR', 'US', 'CH'))},"
                f"{chance.randrange(1, 99)},{chance.randrange(100, 99999) / 100:.2f},"
                f"2026-{1 + number % 12:02d}-{1 + number % 28:02d},{chance.choice(('true', 'false'))}\n"
            )
