from pathlib import Path

import pytest
from marshmallow import Schema, fields

from esb.datatypes.catalogue import Catalogue
from esb.errors import ConfigError, ConfigErrors, OptionError, ProjectError, ReferenceFault, UnknownName
from tests.unit.datatypes.project import catalogue, read_document, schema_folder

PYTHON = """
from marshmallow import Schema, fields

class Customer(Schema):
    name = fields.String(required=True)

young = Customer(only=("name",))
number = 5
"""
YAML = """
types:
  Order:
    fields:
      id: {type: string, required: true}
      customer: crm.Customer
      lines: {type: list, of: OrderLine}
  OrderLine:
    fields: {sku: string, quantity: integer}
"""


def test_a_class_of_a_module_is_a_type(tmp_path: Path) -> None:
    assert catalogue(tmp_path, {"crm.py": PYTHON}).type("crm.Customer").load({"name": "a"}) == {"name": "a"}


def test_a_schema_instance_of_a_module_is_a_type(tmp_path: Path) -> None:
    assert catalogue(tmp_path, {"crm.py": PYTHON}).type("crm.young").load({"name": "a"}) == {"name": "a"}


def test_a_module_in_a_folder_is_found(tmp_path: Path) -> None:
    assert (
        catalogue(tmp_path, {"crm/sub/deep.py": PYTHON}).type("crm.sub.deep.Customer").name == "crm.sub.deep.Customer"
    )


def test_a_declared_type_nests_types_of_its_document_and_of_modules(tmp_path: Path) -> None:
    types = catalogue(tmp_path, {"crm.py": PYTHON, "shop/orders.yaml": YAML})
    value = {"id": "1", "customer": {"name": "a"}, "lines": [{"sku": "x", "quantity": 2}]}
    assert types.type("shop.orders.Order").load(value) == value


def test_a_type_is_found_once(tmp_path: Path) -> None:
    types = catalogue(tmp_path, {"crm.py": PYTHON})
    assert types.type("crm.Customer") is types.type("crm.Customer")


def test_an_unknown_type_names_the_nearest(tmp_path: Path) -> None:
    types = catalogue(tmp_path, {"crm.py": PYTHON, "orders.yaml": YAML})
    with pytest.raises(UnknownName, match=r"unknown data type 'crm.Custommer'; did you mean 'crm.Customer'"):
        types.type("crm.Custommer")
    with pytest.raises(UnknownName, match=r"'orders\.OrderLine'"):
        types.type("orders.OrderLines")


def test_known_names_are_listed_without_importing(tmp_path: Path) -> None:
    types = catalogue(
        tmp_path, {"broken.py": "raise SystemExit\nclass A(B): pass", "orders.yaml": YAML, "bad.yaml": "types: ["}
    )
    assert types.names() == ["broken.A", "orders.Order", "orders.OrderLine"]


def test_mappings_and_tables_hold_no_types(tmp_path: Path) -> None:
    types = catalogue(tmp_path, {"mappings/x.yaml": "mappings: []", "tables/t.yaml": "entries: {}"})
    types.check()
    assert types.names() == []


@pytest.mark.parametrize("name", ["Customer", "", "crm..Customer", "../crm.Customer", "crm.Customer ", "a/b.C", "crm."])
def test_a_text_that_is_no_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(OptionError, match=r"such as crm\.Customer"):
        catalogue(tmp_path, {"crm.py": PYTHON}).type(name)


def test_two_providers_of_a_name_are_an_error_naming_both(tmp_path: Path) -> None:
    types = catalogue(tmp_path, {"crm.py": PYTHON, "crm.yaml": "types: {Customer: {fields: {a: string}}}"})
    with pytest.raises(ProjectError, match=r"crm\.py and .*crm\.yaml"):
        types.type("crm.Customer")


def test_what_is_no_schema_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReferenceFault, match=r"crm\.number is a int, not a marshmallow schema"):
        catalogue(tmp_path, {"crm.py": PYTHON}).type("crm.number")


def test_a_module_that_fails_is_reported_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ReferenceFault, match=r"crm\.py:2:1 .*ZeroDivisionError"):
        catalogue(tmp_path, {"crm.py": "import marshmallow\n1/0\n"}).type("crm.Customer")


def test_a_module_of_another_folder_of_the_same_name_is_refused(tmp_path: Path) -> None:
    first = schema_folder(tmp_path, {"crm.py": PYTHON})
    Catalogue([first]).type("crm.Customer")
    second = tmp_path / "other" / first.name
    second.mkdir(parents=True)
    (second / "crm.py").write_text(PYTHON)
    with pytest.raises(ProjectError, match="was imported from"):
        Catalogue([second]).type("crm.Customer")


def test_all_findings_of_a_document_are_raised_with_their_lines(tmp_path: Path) -> None:
    text = """types:
  Order:
    unknown: maybe
    fields:
      id: {type: strng}
      total: {type: decimal, placs: 2}
      lines: {type: list, of: OrderLin}
      who: crm.Nobody
  OrderLine: {fields: {a: string}}
"""
    with pytest.raises(ConfigErrors) as caught:
        catalogue(tmp_path, {"crm.yaml": text}).type("crm.Order")
    lines = [finding.at.line for finding in caught.value.findings]
    assert lines == [3, 5, 6, 7, 8]
    for hint in ("'string'", "'places'", "'crm.OrderLine'"):
        assert hint in str(caught.value)


def test_the_findings_of_a_document_are_raised_every_time(tmp_path: Path) -> None:
    types = catalogue(tmp_path, {"crm.yaml": "types: {A: {fields: {a: strng}}, B: {fields: {a: string}}}"})
    for _ in range(2):
        with pytest.raises(ConfigError, match="strng"):
            types.type("crm.B")


def test_check_raises_the_findings_of_all_documents(tmp_path: Path) -> None:
    types = catalogue(tmp_path, {"a.yaml": "types: {A: {fields: {a: x}}}", "b.yaml": "types: {B: {fields: {b: y}}}"})
    with pytest.raises(ConfigErrors, match=r"(?s)a\.yaml.*b\.yaml"):
        types.check()


def test_types_of_two_documents_may_refer_to_each_other(tmp_path: Path) -> None:
    types = catalogue(
        tmp_path,
        {"a.yaml": "types: {A: {fields: {b: b.B, n: integer}}}", "b.yaml": "types: {B: {fields: {a: a.A}}}"},
    )
    value = {"b": {"a": {"n": 1, "b": {}}}}
    assert types.type("a.A").load(value) == value


def test_an_impossible_schema_is_a_configuration_error(tmp_path: Path) -> None:
    text = "from marshmallow import Schema, fields\nclass A(Schema):\n    b = fields.Nested('NoSuchSchemaAnywhere')\n"
    with pytest.raises(ReferenceFault, match="NoSuchSchemaAnywhere"):
        catalogue(tmp_path, {"crm.py": text}).type("crm.A")


def test_a_type_can_be_bound() -> None:
    types = Catalogue()
    types.bind("wsdl.Order", Schema.from_dict({"a": fields.Integer()}))
    assert types.type("wsdl.Order").load({"a": "1"}) == {"a": 1}
    with pytest.raises(ProjectError):
        types.bind("wsdl.Order", Schema.from_dict({}))


def test_a_document_without_types_is_no_type_document(tmp_path: Path) -> None:
    with pytest.raises(UnknownName):
        catalogue(tmp_path, {"api.yaml": "openapi: 3.1.0\n"}).type("api.Order")


def test_plain_data_without_positions_name_the_file(tmp_path: Path) -> None:
    root = schema_folder(tmp_path, {"crm.yaml": ""})
    types = Catalogue([root], lambda _: {"types": {"A": {"fields": {"a": "strng"}}}})
    with pytest.raises(UnknownName, match=r"crm\.yaml \[ESB-R012\] unknown kind of field 'strng'"):
        types.type("crm.A")


def test_a_document_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    root = schema_folder(tmp_path, {"crm.yaml": "types: [\n"})
    with pytest.raises(ConfigError, match=r"crm\.yaml"):
        Catalogue([root], read_document).type("crm.A")
