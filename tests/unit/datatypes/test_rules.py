import hashlib
from pathlib import Path
from typing import Any

import pytest

from esb.errors import ConfigError, ValidationFailed
from tests.unit.datatypes.project import one_type

FIELDS = """
total: decimal
net: decimal
vat: float
country: string
vat_id: {type: string, data_key: vatId}
start: date
end: date
count: integer
card: string
digest: string
phone: string
email: string
lines: {type: list, of: {fields: {sku: string, quantity: integer, price: decimal, amount: decimal}}}
"""


def load(tmp_path: Path, rule: str, value: dict[str, Any]) -> list[dict[str, Any]]:
    """The report; empty if the rule is kept."""
    made = one_type(tmp_path, FIELDS, f"    rules: [{rule}]\n")
    try:
        made.load(value)
    except ValidationFailed as failed:
        return failed.report
    return []


LINES = [
    {"sku": "a", "quantity": 2, "price": "1.10", "amount": "2.20"},
    {"sku": "b", "quantity": 1, "price": "3", "amount": "3"},
]


@pytest.mark.parametrize(
    ("rule", "value", "path"),
    [
        ("{rule: sum, of: lines.amount, equals: total}", {"lines": LINES, "total": "5.20"}, None),
        ("{rule: sum, of: lines.amount, equals: total}", {"lines": LINES, "total": "5.21"}, "total"),
        ("{rule: sum, of: lines.amount, equals: total, tolerance: 0.01}", {"lines": LINES, "total": "5.21"}, None),
        ("{rule: sum, of: lines.amount, equals: total}", {"lines": LINES}, None),
        ("{rule: sum, of: lines.amount, equals: total}", {"total": "1"}, None),
        ("{rule: sum, of: lines, multiply: [quantity, price], equals: total}", {"lines": LINES, "total": "5.2"}, None),
        ("{rule: sum, of: lines, multiply: [quantity, price], equals: total}", {"lines": LINES, "total": "5"}, "total"),
        ("{rule: sum, of: [net, vat], equals: total}", {"net": "1.1", "vat": 0.2, "total": "1.3"}, None),
        ("{rule: sum, of: [net, vat], equals: total}", {"net": "1.1", "vat": 0.2, "total": "1"}, "total"),
        ("{rule: count, of: lines, equals: count}", {"lines": LINES, "count": 2}, None),
        ("{rule: count, of: lines, equals: count}", {"lines": LINES, "count": 3}, "count"),
        ("{rule: unique, of: lines.sku}", {"lines": LINES}, None),
        ("{rule: unique, of: lines.sku}", {"lines": [*LINES, LINES[0]]}, "lines"),
        ("{rule: compare, left: start, is: at_most, right: end}", {"start": "2024-01-01", "end": "2024-01-01"}, None),
        (
            "{rule: compare, left: start, is: at_most, right: end}",
            {"start": "2024-01-02", "end": "2024-01-01"},
            "start",
        ),
        ("{rule: compare, left: start, is: at_most, right: country}", {"start": "2024-01-02", "country": "x"}, "start"),
        ("{rule: required_if, field: vat_id, when: {field: country, in: [AT, FR]}}", {"country": "FR"}, "vatId"),
        ("{rule: required_if, field: vat_id, when: {field: country, in: [AT, FR]}}", {"country": "DE"}, None),
        (
            "{rule: required_if, field: vat_id, when: {field: country, equals: FR}}",
            {"country": "FR", "vatId": "1"},
            None,
        ),
        ("{rule: any_of, fields: [phone, email]}", {"phone": ""}, ""),
        ("{rule: any_of, fields: [phone, email]}", {"email": "x"}, None),
        ("{rule: one_of, fields: [phone, email]}", {"email": "x", "phone": "1"}, ""),
        ("{rule: one_of, fields: [phone, email]}", {}, None),
        ("{rule: checksum, algorithm: mod10, field: card}", {"card": "4111 1111 1111 1111"}, None),
        ("{rule: checksum, algorithm: mod10, field: card}", {"card": "4111 1111 1111 1112"}, "card"),
        ("{rule: checksum, algorithm: mod10, field: card}", {"card": "x"}, "card"),
        ("{rule: checksum, algorithm: iban, field: card}", {"card": "DE89 3704 0044 0532 0130 00"}, None),
        ("{rule: checksum, algorithm: iban, field: card}", {"card": "DE88 3704 0044 0532 0130 00"}, "card"),
        ("{rule: checksum, algorithm: mod97, field: card}", {"card": "529900T8BM49AURSDO55"}, None),
        ("{rule: checksum, algorithm: mod97, field: card}", {"card": "529900T8BM49AURSDO56"}, "card"),
        (
            "{rule: checksum, algorithm: crc32, of: [country, phone], field: digest}",
            {"country": "12345", "phone": "6789", "digest": "CBF43926"},
            None,
        ),
        (
            "{rule: checksum, algorithm: sha256, of: country, field: digest}",
            {"country": "abc", "digest": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
            None,
        ),
        (
            "{rule: checksum, algorithm: sha256, of: country, field: digest}",
            {"country": "abd", "digest": "ba78"},
            "digest",
        ),
    ],
)
def test_a_rule_is_kept_or_reported_at_its_field(
    tmp_path: Path, rule: str, value: dict[str, Any], path: str | None
) -> None:
    assert [entry["path"] for entry in load(tmp_path, rule, value)] == ([] if path is None else [path])


def test_a_digest_may_separate_its_parts(tmp_path: Path) -> None:
    rule = "{rule: checksum, algorithm: sha256, of: [country, phone], separator: '|', field: digest}"
    digest = hashlib.sha256(b"a|b").hexdigest()
    assert load(tmp_path, rule, {"country": "a", "phone": "b", "digest": digest}) == []
    assert load(tmp_path, rule, {"country": "a|", "phone": "b", "digest": digest}) != []


def test_a_rule_may_have_its_own_message(tmp_path: Path) -> None:
    rule = "{rule: count, of: lines, equals: count, message: Wrong number}"
    assert load(tmp_path, rule, {"lines": [], "count": 1})[0]["message"] == "Wrong number"


def test_all_broken_rules_are_reported(tmp_path: Path) -> None:
    rules = "{rule: count, of: lines, equals: count}, {rule: any_of, fields: [phone, email]}"
    assert len(load(tmp_path, rules, {"lines": [], "count": 1})) == 2


def test_a_type_with_rules_is_compiled(tmp_path: Path) -> None:
    made = one_type(tmp_path, "a: integer\nb: integer", "    rules: [{rule: any_of, fields: [a, b]}]")
    assert made.describe()["compiled"]["load"] == "generated"


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("{rule: summ, of: net, equals: total}", "did you mean 'sum'"),
        ("{rule: sum, of: nett, equals: total}", "unknown field 'nett'; did you mean 'net'"),
        ("{rule: sum, of: lines.amuont, equals: total}", "unknown field \"amuont of 'lines'\"; did you mean 'amount'"),
        ("{rule: sum, of: lines, multiply: [quantity, prize], equals: total}", "did you mean 'price'"),
        ("{rule: sum, of: net}", "needs 'equals'"),
        ("{rule: unique, of: lines.sku.x}", "a string has no fields"),
        ("{rule: compare, left: start, is: '<', right: end}", "unknown comparison '<'"),
        ("{rule: checksum, algorithm: md5, field: card}", "unknown algorithm 'md5'"),
        ("{rule: checksum, algorithm: sha256, field: card}", "the rule needs 'of'"),
        ("{rule: required_if, field: vat_id}", "needs 'when'"),
        ("{rule: required_if, field: vat_id, when: {field: country}}", "needs a test"),
        ("{rule: any_of, fields: [phone]}", "two or more"),
    ],
)
def test_a_wrong_rule_is_explained(tmp_path: Path, rule: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, rule, {})
    assert message in str(caught.value)
    assert caught.value.at.line == 17
