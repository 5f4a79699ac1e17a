"""Compiled schemas beside marshmallow: prints microseconds and ratios; the assertions are far below what is printed.

Run with ``pytest -s tests/benchmarks/test_schema_compile.py``.
"""

import os
import statistics
import time
from collections.abc import Callable
from typing import Any

from marshmallow import EXCLUDE, Schema, fields, validate

from esb.datatypes.datatype import DataType
from esb.datatypes.rows import Good, check_records, check_rows

ROUNDS = 5


class Line(Schema):
    class Meta:
        unknown = EXCLUDE

    sku = fields.String(required=True)
    quantity = fields.Integer(data_key="qty", required=True, validate=validate.Range(min=1))
    price = fields.Float(required=True)


class Customer(Schema):
    name = fields.String(required=True)
    email = fields.String(required=True)


class Order(Schema):
    id = fields.String(data_key="orderId", required=True)
    customer = fields.Nested(Customer, required=True)
    country = fields.String(required=True, validate=validate.Length(equal=2))
    total = fields.Float(required=True)
    created = fields.Date(required=True)
    priority = fields.String(required=True, validate=validate.OneOf(["high", "normal", "low"]))
    lines = fields.List(fields.Nested(Line), required=True, validate=validate.Length(min=1))


class Price(Schema):
    sku = fields.String(required=True)
    name = fields.String(required=True)
    amount = fields.Decimal(required=True)
    stock = fields.Integer(required=True)
    since = fields.Date(required=True)


ORDER = {
    "orderId": "O-1",
    "customer": {"name": "Ada", "email": "ada@example.org"},
    "country": "DE",
    "total": 99.5,
    "created": "2024-01-02",
    "priority": "low",
    "lines": [{"sku": f"S-{i}", "qty": i + 1, "price": 1.5} for i in range(10)],
}


def measured(variants: dict[str, Callable[[], Any]], repeat: int) -> dict[str, float]:
    """Median CPU microseconds a call, the variants interleaved so that the machine's load meets all alike."""
    times: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(ROUNDS):
        for name, call in variants.items():
            begin = time.process_time()
            for _ in range(repeat):
                call()
            times[name].append((time.process_time() - begin) / repeat * 1e6)
    return {name: statistics.median(values) for name, values in times.items()}


def report(title: str, medians: dict[str, float], unit: str = "us") -> None:
    base = next(iter(medians.values()))
    shown = ", ".join(f"{name} {value:.2f} {unit} (x {base / value:.1f})" for name, value in medians.items())
    print(f"\n{title}: {shown}; {ROUNDS} rounds, load {os.getloadavg()[0]:.1f}")


def test_an_order_of_ten_lines_loads_and_dumps_much_faster() -> None:
    schema, compiled = Order(), DataType("crm.Order", Order)
    value = schema.load(ORDER)
    load = measured({"marshmallow": lambda: schema.load(ORDER), "compiled": lambda: compiled.load(ORDER)}, 300)
    dump = measured({"marshmallow": lambda: schema.dump(value), "compiled": lambda: compiled.dump(value)}, 300)
    report("load order of 10 lines", load)
    report("dump order of 10 lines", dump)
    assert load["marshmallow"] > 5 * load["compiled"]
    assert dump["marshmallow"] > 3 * dump["compiled"]


def test_rows_of_five_columns_stream_fast() -> None:
    price = DataType("erp.Price", Price)
    header = ["sku", "name", "amount", "stock", "since"]
    records = [[f"S-{i}", "Chai", "18.00", str(i), f"2024-01-{i % 28 + 1:02}"] for i in range(5000)]
    dicts = [dict(zip(header, record, strict=True)) for record in records]
    schema = Price()

    def all_good(rows: Any) -> None:
        assert all(type(row) is Good for row in rows)

    medians = measured(
        {
            "marshmallow": lambda: [schema.load(row) for row in dicts[:500]] and None,
            "dicts": lambda: all_good(check_rows(price, dicts)),
            "records": lambda: all_good(check_records(price, header, records)),
        },
        1,
    )
    per_row = {name: value / (500 if name == "marshmallow" else 5000) for name, value in medians.items()}
    report("row of 5 columns", per_row)
    print(", ".join(f"{name} {1e6 / value:,.0f} rows/s" for name, value in per_row.items()))
    assert per_row["marshmallow"] > 5 * per_row["dicts"]
