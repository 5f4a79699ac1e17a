import csv
import io
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import EXCLUDE, Schema, fields, validate

from esb.datatypes.datatype import DataType
from esb.datatypes.rows import Bad, Good, check_records, check_rows
from esb.errors import Malformed


class Price(Schema):
    sku = fields.String(required=True, validate=validate.Length(min=1))
    amount = fields.Decimal(required=True, data_key="AMOUNT", metadata={"column": "Net price"})
    stock = fields.Integer(load_default=0)


PRICE = DataType("erp.Price", Price)
TEXT = 'sku,AMOUNT,stock\na,1.5,1\n"b\nb",x,1\nc,2,\nd,3,4\n'


def test_good_and_bad_rows_come_in_order_with_line_field_and_reason() -> None:
    reader = csv.DictReader(io.StringIO(TEXT))
    found = list(check_rows(PRICE, reader, line=lambda: reader.line_num))
    assert [type(row) for row in found] == [Good, Bad, Bad, Good]
    bad = found[1]
    assert isinstance(bad, Bad)
    assert (bad.line, bad.field, bad.reason, bad.raw["AMOUNT"]) == (4, "AMOUNT", "Not a valid number.", "x")
    assert isinstance(found[2], Bad)
    assert (found[2].line, found[2].field) == (5, "stock")


def test_rows_are_counted_without_a_line_function() -> None:
    bad = [row for row in check_rows(PRICE, [{"sku": "a", "AMOUNT": 1}, {}]) if isinstance(row, Bad)]
    assert bad[0].line == 3
    assert [entry["path"] for entry in bad[0].report] == ["sku", "AMOUNT"]


def test_rows_are_taken_one_by_one() -> None:
    taken = []

    def source() -> Iterator[dict[str, str]]:
        for number in range(3):
            taken.append(number)
            yield {"sku": "a", "AMOUNT": "1"}

    rows = check_rows(PRICE, source())
    next(rows)
    assert taken == [0]


def test_records_go_by_their_header_with_the_names_of_columns() -> None:
    (good,) = check_records(PRICE, ["stock", "Net price", "sku"], [["1", "2.5", "a"]])
    assert good == Good({"sku": "a", "amount": fields.Decimal().deserialize("2.5"), "stock": 1})


def test_a_record_of_another_length_is_bad() -> None:
    short, good, long = check_records(PRICE, ["sku", "AMOUNT"], [["a"], ["a", "1"], ["a", "1", "2"]], first_line=1)
    assert isinstance(good, Good)
    assert isinstance(short, Bad)
    assert isinstance(long, Bad)
    assert (short.line, short.reason) == (1, "The row has 1 values, the header 2.")
    assert long.line == 3


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (["sku", "AMOUNT", "colour"], "colour: Unknown column"),
        (["sku"], "AMOUNT: Missing column"),
        (["sku", "AMOUNT", "sku"], "sku: The column is there twice"),
    ],
)
def test_a_header_that_does_not_fit_is_refused_before_any_row(header: list[str], message: str) -> None:
    with pytest.raises(Malformed, match=message):
        check_records(PRICE, header, [])


def test_columns_of_a_type_that_excludes_unknown_fields_are_ignored() -> None:
    class Lenient(Price):
        class Meta:
            unknown = EXCLUDE

    (good,) = check_records(DataType("erp.Lenient", Lenient), ["x", "sku", "AMOUNT"], [["?", "a", "1"]])
    assert isinstance(good, Good)
    assert set(good.row) == {"sku", "amount", "stock"}


CELLS = st.sampled_from(["", "a", "1", "2.5", "nan", " 3 "])


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=5))
def test_records_and_dicts_agree(records: list[tuple[str, str, str]]) -> None:
    header = ["sku", "AMOUNT", "stock"]
    by_dict = list(check_rows(PRICE, [dict(zip(header, record, strict=True)) for record in records]))
    assert list(check_records(PRICE, header, records)) == by_dict
