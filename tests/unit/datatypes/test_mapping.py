import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from esb.datatypes.catalogue import Catalogue
from esb.datatypes.mapping import MappingSet
from esb.datatypes.paths import MISSING, getter
from esb.datatypes.suggest import as_fields
from esb.errors import ConfigError, ConfigErrors, OptionError, ProjectError, UnknownName, ValidationFailed
from tests.unit.datatypes.project import read_document, schema_folder
from tests.unit.datatypes.side_by_side import outcome

CRM = """
types:
  Order:
    fields:
      id: {type: string, required: true, data_key: orderId}
      country: string
      created: date
      placed: {type: datetime, zone: UTC}
      total: decimal
      weight: float
      count: integer
      urgent: boolean
      note: {type: string, allow_none: true}
      tags: {type: list, of: string}
      buyer: {fields: {name: string, zip: string, address: Address}}
      lines: {type: list, of: OrderLine}
      extra: any
  OrderLine:
    fields: {sku: {type: string, data_key: SKU}, qty: integer, price: decimal}
  Address:
    fields: {street: {type: string, data_key: STREET}}
  Person:
    fields: {name: string, password: {type: string, secret: true}}
"""
ERP = """
types:
  Order:
    fields:
      number: {type: string, data_key: NUMBER}
      country: string
      date: date
      moment: datetime
      amount: float
      cents: integer
      text: string
      flag: boolean
      texts: {type: list, of: string}
      customer: {fields: {name: {type: string, length: {max: 5}}, city: string, address: crm.Address}}
      items: {type: list, of: {fields: {article: {type: string, required: true}, quantity: integer, order: string}}}
      any: any
      computed: {type: string, dump_only: true}
  Strict:
    fields: {number: {type: string, required: true}, buyer: {required: true, fields: {name: {type: string, required: true}}}}
"""
TABLES = {
    "tables/countries.csv": "iso2,iso3,name\nDE,DEU,Germany\nFR,FRA,France\n",
    "tables/zones.yaml": """
columns: [country, from, to, zone]
rows: [[DE, 1, 99, north], [DE, 100, '', south]]
key: country
value: zone
range: {low: from, high: to}
missing: 'null'
""",
}


def expressions(language: str, text: str) -> Callable[[Any], Any]:
    if language != "python":
        raise OptionError(f"no language is called {language!r}")
    code = compile(text, "test", "eval")
    return lambda body: eval(code, {"body": body})


def mappings(tmp_path: Path, text: str, more: dict[str, str] | None = None) -> MappingSet:
    files = {"crm.yaml": CRM, "erp.yaml": ERP, **TABLES, "mappings/orders.yaml": text, **(more or {})}
    root = schema_folder(tmp_path, files)
    return MappingSet([root], Catalogue([root], read_document), read_document, expressions)


def mapped(tmp_path: Path, fields: str, value: dict[str, Any], more: str = "") -> Any:
    lines = "".join(f"  {line}\n" for line in fields.strip().splitlines())
    text = f"from: crm.Order\nto: erp.Order\n{more}fields:\n{lines}"
    return mappings(tmp_path, text).find("crm.Order", "erp.Order")(value)


ORDER = {
    "id": "O-1",
    "country": "DE",
    "created": dt.date(2024, 2, 3),
    "placed": dt.datetime(2024, 2, 3, 23, 30, tzinfo=dt.UTC),
    "total": Decimal("1234.565"),
    "weight": 2.5,
    "count": 7,
    "urgent": True,
    "note": None,
    "tags": ["a", "b"],
    "buyer": {"name": " Ada ", "zip": "150", "address": {"street": "Main"}},
    "lines": [{"sku": "x", "qty": 2, "price": Decimal("1.5")}, {"sku": "y", "qty": 0, "price": Decimal(2)}],
    "extra": {"deep": {"er": 5}},
}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("number: id", {"number": "O-1"}),
        ("number: {field: id}", {"number": "O-1"}),
        ("number: {constant: X}", {"number": "X"}),
        ("any: extra.deep.er", {"any": 5}),
        ("any: .", {"any": ORDER}),
        ("any: extra.no.such", {}),
        ("text: {field: note, default: none}", {"text": "none"}),
        ("text: {first: [note, buyer.zip]}", {"text": "150"}),
        ("text: {concat: [id, {constant: '/'}, note, count]}", {"text": "O-1/7"}),
        ("text: {join: {of: tags, with: ', '}}", {"text": "a, b"}),
        ("text: {join: {of: [id, lines.sku], with: '-'}}", {"text": "O-1-x-y"}),
        ("texts: lines.sku", {"texts": ["x", "y"]}),
        ("texts: {field: lines.sku, clean: upper}", {"texts": ["X", "Y"]}),
        ("texts: lines.price", {"texts": ["1.5", "2"]}),
        ("text: lines.1.sku", {"text": "y"}),
        ("text: lines.7.sku", {}),
        ("text: total", {"text": "1234.565"}),
        ("text: urgent", {"text": "true"}),
        ("text: created", {"text": "2024-02-03"}),
        ("amount: total", {"amount": 1234.565}),
        ("cents: {field: total, number: {multiply: 100, round: 0, rounding: half_up}}", {"cents": 123457}),
        ("text: {field: total, number: {places: 2, decimal_mark: ',', group_mark: '.'}}", {"text": "1.234,56"}),
        ("text: {field: count, number: {width: 5}}", {"text": "00007"}),
        ("text: {field: total, number: {divide: 1000, round: 1}, as: string}", {"text": "1.2"}),
        ("date: created", {"date": dt.date(2024, 2, 3)}),
        ("date: placed", {"date": dt.date(2024, 2, 3)}),
        ("moment: created", {"moment": dt.datetime.fromisoformat("2024-02-03T00:00:00")}),
        ("text: {field: created, date: {to: dd.MM.yyyy}}", {"text": "03.02.2024"}),
        ("text: {field: placed, date: {zone: Europe/Berlin, to: '%d %H:%M'}}", {"text": "04 00:30"}),
        ("date: {constant: 03.02.2024, date: {from: dd.MM.yyyy}}", {"date": dt.date(2024, 2, 3)}),
        ("text: {field: buyer.name, clean: [strip, upper], cut: 2}", {"text": "AD"}),
        ("cents: {field: buyer.zip, as: integer}", {"cents": 150}),
        ("flag: {constant: N, as: boolean}", {"flag": False}),
        ("country: {field: country, lookup: countries}", {"country": "DEU"}),
        ("country: {field: country, lookup: {table: countries, to: name}}", {"country": "Germany"}),
        ("country: {constant: FRA, lookup: {table: countries, reverse: true}}", {"country": "FR"}),
        ("country: {constant: France, lookup: {table: countries, from: name, to: iso2}}", {"country": "FR"}),
        ("country: {constant: XX, lookup: {table: countries, default: none}}", {"country": "none"}),
        ("country: {constant: XX, lookup: {table: countries, missing: keep}}", {"country": "XX"}),
        ("text: {lookup: {table: zones, key: [country, buyer.zip]}}", {"text": "south"}),
        ("text: {lookup: {table: zones, key: [country, count]}}", {"text": "north"}),
        ("text: {lookup: {table: zones, key: [id, count]}, default: none}", {"text": "none"}),
        ("text: {field: id, when: {field: country, equals: DE}}", {"text": "O-1"}),
        ("text: {field: id, when: {field: country, equals: FR}}", {}),
        ("text: {field: id, when: {field: country, equals: FR}, else: {constant: no}}", {"text": "no"}),
        ("text: {field: id, when: [{field: count, above: 5}, {not: {field: urgent, equals: false}}]}", {"text": "O-1"}),
        ("text: {field: id, when: {any: [{field: count, above: 9}, {field: tags, present: true}]}}", {"text": "O-1"}),
        ("text: {field: id, when: {python: \"body['count'] > 9\"}}", {}),
        (
            "text: [{constant: a, when: {field: count, below: 5}}, {constant: b, when: {field: count, below: 9}}, {constant: c}]",
            {"text": "b"},
        ),
        ("text: {python: \"body['id'].lower()\"}", {"text": "o-1"}),
        ("text: {expression: {language: python, text: \"body['id'] * 2\"}}", {"text": "O-1O-1"}),
        (
            "customer.name: {field: buyer.name, clean: strip}\ncustomer.city: {constant: B}",
            {"customer": {"name": "Ada", "city": "B"}},
        ),
        ("customer: {from: buyer, fields: {city: zip}}", {"customer": {"city": "150"}}),
        ("customer.address: buyer.address", {"customer": {"address": {"street": "Main"}}}),
        ("customer.city: {field: extra.nothing}", {}),
        (
            "items: {each: {from: lines, fields: {article: sku, quantity: qty, order: $.id}}}",
            {
                "items": [
                    {"article": "x", "quantity": 2, "order": "O-1"},
                    {"article": "y", "quantity": 0, "order": "O-1"},
                ]
            },
        ),
        (
            "items: {each: {from: lines, when: {field: qty, above: 0}, fields: {article: sku}}}",
            {"items": [{"article": "x"}]},
        ),
        ("texts: {each: {from: tags, value: {field: ., clean: upper}}}", {"texts": ["A", "B"]}),
    ],
)
def test_a_field_is_mapped(tmp_path: Path, fields: str, expected: dict[str, Any]) -> None:
    lines = "".join(f"  {line}\n" for line in fields.splitlines())
    mapping = mappings(tmp_path, f"from: crm.Order\nto: erp.Order\nfields:\n{lines}").find("crm.Order", "erp.Order")
    for value in (
        ORDER,
        {},
        dict.fromkeys(ORDER),
        dict.fromkeys(ORDER, 5),
        dict.fromkeys(ORDER, "x"),
        {key: [{}] for key in ORDER},
        None,
    ):
        plan, run = (outcome(lambda one, step=step: step(one, one), value) for step in (mapping._step, mapping._run))
        assert run == plan or (run[0] == "raises" == plan[0])
    assert mapped(tmp_path, fields, ORDER) == expected


def test_what_is_missing_in_the_source_is_missing_in_the_target(tmp_path: Path) -> None:
    fields = "number: id\ntexts: lines.sku\nitems: {each: {from: lines, fields: {article: sku}}}\ncustomer: {from: buyer, fields: {city: zip}}"
    assert mapped(tmp_path, fields, {"id": "1"}) == {"number": "1"}


def test_objects_are_mapped_by_their_attributes(tmp_path: Path) -> None:
    class Value:
        id = "O-7"
        buyer = type("Buyer", (), {"zip": "1"})

    assert mapped(tmp_path, "number: id\ntext: buyer.zip", Value()) == {"number": "O-7", "text": "1"}  # type: ignore[arg-type]


def test_the_outcome_is_validated_by_the_target(tmp_path: Path) -> None:
    with pytest.raises(ValidationFailed) as caught:
        mapped(tmp_path, "customer.name: {constant: much too long}", {})
    assert caught.value.report == [
        {"path": "customer.name", "message": "Longer than maximum length 5.", "value": "much too long"}
    ]
    assert str(caught.value).startswith("crm.Order -> erp.Order: ")


def test_validation_can_be_turned_off(tmp_path: Path) -> None:
    made = mapped(tmp_path, "customer.name: {constant: much too long}", {}, "validate: false\n")
    assert made == {"customer": {"name": "much too long"}}


def test_null_stays_null_for_the_target_to_judge(tmp_path: Path) -> None:
    with pytest.raises(ValidationFailed, match="text: Field may not be null"):
        mapped(tmp_path, "text: note", ORDER)


def test_without_validation_values_keep_their_names_and_kinds(tmp_path: Path) -> None:
    fields = "number: id\ncustomer.address: buyer.address\ndate: created"
    assert mapped(tmp_path, fields, ORDER, "validate: false\n") == {
        "number": "O-1",
        "customer": {"address": {"street": "Main"}},
        "date": dt.date(2024, 2, 3),
    }


def test_every_field_that_fails_is_reported(tmp_path: Path) -> None:
    fields = "country: {field: country, lookup: countries}\nitems: {each: {from: lines, fields: {article: sku, quantity: {field: sku, as: integer}}}}"
    with pytest.raises(ValidationFailed) as caught:
        mapped(tmp_path, fields, {"country": "XX", "lines": [{"sku": "1"}, {"sku": "b"}]})
    assert caught.value.report == [
        {"path": "country", "message": "the table 'countries' has no 'XX'"},
        {"path": "items.1.quantity", "message": "not a number"},
    ]


def test_an_expression_that_fails_does_not_quote_the_data(tmp_path: Path) -> None:
    with pytest.raises(ValidationFailed) as caught:
        mapped(tmp_path, "text: {python: \"int(body['id'])\"}", {"id": "geheim"})
    assert "geheim" not in str(caught.value)
    assert caught.value.report == [{"path": "text", "message": "fails with ValueError"}]


def test_a_constant_is_never_shared(tmp_path: Path) -> None:
    text = "from: crm.Order\nto: erp.Order\nfields: {any: {constant: {a: []}}}"
    mapping = mappings(tmp_path, text).find("crm.Order", "erp.Order")
    mapping({})["any"]["a"].append(1)
    assert mapping({}) == {"any": {"a": []}}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("numbr: id", "unknown target field 'numbr'; did you mean 'number'"),
        ("number: idd", "unknown source field 'idd'; did you mean 'id'"),
        ("number: lines.skuu", "unknown source field \"skuu of 'lines'\"; did you mean 'sku'"),
        ("number: id.x", "a string has no fields"),
        ("number.x: id", "a string has no fields"),
        ("computed: id", "dump_only"),
        ("number: {constant: 1, field: id}", "has field and constant"),
        ("number: {default: 1}", "has no source"),
        ("number: {fild: id}", "did you mean 'field'"),
        ("cents: total", "a decimal does not fit erp.Order.cents, a integer; say how to round"),
        ("text: tags", "choose one item"),
        ("texts: id", "make a list with 'each'"),
        ("customer: buyer", "map its parts"),
        ("text: buyer", "map its parts"),
        ("items: {each: {from: id, fields: {article: id}}}", "'each' needs a list"),
        ("items: {each: {from: lines}}", "either 'fields' or 'value'"),
        (
            "items: {each: {from: lines, fields: {quantity: qty}}}",
            "the required field 'article' of erp.Order.items[] is not mapped",
        ),
        ("text: {each: {from: lines, fields: {a: sku}}}", "'each' makes a list, and erp.Order.text is a string"),
        ("customer: {from: tags, fields: {city: id}}", "'from' needs an object"),
        ("country: {field: country, lookup: countris}", "unknown code table 'countris'; did you mean 'countries'"),
        ("country: {field: country, lookup: {table: countries, to: iso4}}", "did you mean"),
        (
            "country: {field: country, lookup: {table: countries, default: a, missing: keep}}",
            "either 'default' or 'missing'",
        ),
        ("country: {field: country, lookup: {table: zones, reverse: true}}", "cannot be read in reverse"),
        ("text: {field: id, as: text}", "unknown kind 'text'"),
        ("text: {field: id, else: {constant: 1}}", "'else' needs 'when'"),
        ("text: {field: id, when: {field: cuntry, equals: 1}}", "did you mean 'country'"),
        ("text: {field: created, date: {to: QQ}}", "no counterpart"),
        ("text: {field: created, date: {zone: Nowhere/City}}", "no time zone"),
        ("text: {field: total, number: {divide: 0}}", "divided by 0"),
        ("text: {field: id, cut: 0}", "from 1"),
        ("text: {jq: .id}", "no language is called 'jq'"),
        ("customer: {from: buyer, fields: {city: zip}}\ncustomer.name: id", "mapped as a whole already"),
        ("text: 5", "a mapped field must be a map, not 5"),
    ],
)
def test_a_wrong_field_is_explained_at_its_line(tmp_path: Path, fields: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        mapped(tmp_path, fields, {})
    assert message in str(caught.value)
    assert caught.value.at.file.endswith("orders.yaml")
    assert caught.value.at.line == 3 + len(fields.splitlines())


def test_all_findings_are_raised_at_once(tmp_path: Path) -> None:
    text = """from: crm.Order
to: erp.Strict
fields:
  numbr: id
  buyer:
    fields:
      nme: buyer.name
"""
    with pytest.raises(ConfigErrors) as caught:
        mappings(tmp_path, text).find("crm.Order", "erp.Strict")
    shown = [(finding.at.line, str(finding).partition("] ")[2]) for finding in caught.value.findings]
    assert shown == [
        (3, "the required field 'number' of erp.Strict is not mapped; map it, or give a constant"),
        (4, "unknown target field 'numbr'; did you mean 'number'?"),
        (6, "the required field 'name' of erp.Strict.buyer is not mapped; map it, or give a constant"),
        (7, "unknown target field 'nme'; did you mean 'name'?"),
    ]


def test_an_unknown_pair_names_the_nearest(tmp_path: Path) -> None:
    found = mappings(tmp_path, "from: crm.Order\nto: erp.Order\nfields: {}")
    with pytest.raises(UnknownName, match=r"unknown mapping .* did you mean 'crm\.Order -> erp\.Order'"):
        found.find("erp.Order", "erp.Order")
    with pytest.raises(UnknownName, match=r"unknown data type 'erp\.Orders'; did you mean 'erp\.Order'"):
        found.find("crm.Order", "erp.Orders")


def test_unknown_types_are_reported_together(tmp_path: Path) -> None:
    text = "mappings:\n- {from: crm.Ordr, to: erp.Ordr, fields: {}}"
    with pytest.raises(ConfigErrors, match=r"(?s)crm\.Ordr.*erp\.Ordr"):
        mappings(tmp_path, text).find("crm.Ordr", "erp.Ordr")


def test_two_mappings_of_one_pair_are_an_error_naming_both(tmp_path: Path) -> None:
    text = "from: crm.Order\nto: erp.Order\nfields: {}"
    with pytest.raises(ProjectError, match=r"orders\.yaml:1"):
        mappings(tmp_path, text, {"mappings/zz.yaml": text}).pairs()


def test_check_raises_the_findings_of_all_mappings_and_tables(tmp_path: Path) -> None:
    text = "mappings:\n- {from: crm.Order, to: erp.Order, fields: {a: id}}\n- {from: crm.Person, to: erp.Order, fields: {b: id}}"
    found = mappings(tmp_path, text, {"tables/bad.csv": "a,b\n1,2\n1,3\n"})
    with pytest.raises(ConfigErrors) as caught:
        found.check()
    assert len(caught.value.findings) == 3


def test_a_python_function_maps_and_its_outcome_is_validated(tmp_path: Path) -> None:
    module = "def good(order):\n    return {'number': order['id']}\n\n\ndef bad(order):\n    return {'customer': {'name': 'much too long'}}\n"
    root = schema_folder(tmp_path, {"crm.yaml": CRM, "erp.yaml": ERP, "mappings/code.py": module})
    file = root / "mappings/orders.yaml"
    name = f"{root.name}.mappings.code"
    file.write_text(
        f"mappings:\n- {{from: crm.Order, to: erp.Order, python: '{name}:good'}}\n"
        f"- {{from: crm.Person, to: erp.Order, python: '{name}:bad'}}\n"
        f"- {{from: crm.OrderLine, to: erp.Order, python: '{name}:none'}}\n"
    )
    found = MappingSet([root], Catalogue([root], read_document), read_document)
    assert found.find("crm.Order", "erp.Order")({"id": "1"}) == {"number": "1"}
    with pytest.raises(ValidationFailed, match="Longer than"):
        found.find("crm.Person", "erp.Order")({})
    with pytest.raises(ConfigError, match="has no 'none'") as caught:
        found.find("crm.OrderLine", "erp.Order")
    assert caught.value.at.line == 4


def test_a_proposal_matches_names_and_kinds(tmp_path: Path) -> None:
    found = mappings(tmp_path, "mappings: []").suggest("crm.Order", "erp.Order")
    proposed = {one.target: one.source for one in found}
    assert proposed["country"] == "country"
    assert proposed["customer.name"] == "buyer.name"
    assert proposed["number"] == "id"
    assert proposed["any"] == ""
    (items,) = (one for one in found if one.target == "items")
    assert items.source == "lines"
    assert {one.target: one.source for one in items.fields}["quantity"] == "qty"


def test_a_proposal_is_the_same_every_time(tmp_path: Path) -> None:
    found = mappings(tmp_path, "mappings: []")
    assert found.suggest("crm.Order", "erp.Order") == found.suggest("crm.Order", "erp.Order")


def test_a_proposal_becomes_the_fields_of_a_mapping_that_loads(tmp_path: Path) -> None:
    proposed = as_fields(mappings(tmp_path, "mappings: []").suggest("crm.Order", "erp.Order"))
    assert proposed["number"] == "id"
    assert proposed["items"]["each"]["from"] == "lines"
    text = json.dumps(
        {"from": "crm.Order", "to": "erp.Order", "fields": {"number": proposed["number"], "items": proposed["items"]}}
    )
    mapping = mappings(tmp_path, text).find("crm.Order", "erp.Order")
    assert mapping(ORDER)["items"][0]["quantity"] == 2


def test_a_texts_own_methods_are_no_data() -> None:
    assert getter(("buyer", "title"))({"buyer": "Bob"}) is MISSING
