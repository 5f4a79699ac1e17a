"""The types of orders, as marshmallow schemas: routes name them as orders.Order."""

from marshmallow import Schema, fields, validate


class Line(Schema):
    """One line of an order."""

    sku = fields.String(required=True, validate=validate.Length(min=1, max=20))
    quantity = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))


class Order(Schema):
    """An order as it comes in."""

    order_id = fields.String(required=True, data_key="orderId", validate=validate.Regexp(r"[A-Za-z0-9-]{1,40}\Z"))
    lines = fields.List(fields.Nested(Line), required=True, validate=validate.Length(min=1))
