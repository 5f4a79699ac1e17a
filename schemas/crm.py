"""The CRM's types, as marshmallow schemas."""

from __future__ import annotations

from marshmallow import Schema, fields, validate


class Address(Schema):
    """Where goods go."""

    name = fields.String(required=True, validate=validate.Length(min=1, max=80))
    street = fields.String(required=True)
    postal_code = fields.String(data_key="postalCode", load_default="")
    city = fields.String(required=True)
    region = fields.String(load_default="")
    country = fields.String(required=True, validate=validate.Length(equal=2))


class OrderLine(Schema):
    """One line of an order."""

    sku = fields.String(required=True, validate=validate.Regexp(r"^[A-Z0-9-]{2,20}$"))
    quantity = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=100_000))
    unit_price = fields.Decimal(
        required=True, data_key="unitPrice", places=2, validate=validate.Range(min=0, max=10_000_000)
    )


class Order(Schema):
    """An order as the CRM posts it."""

    order_id = fields.String(required=True, data_key="orderId", validate=validate.Length(min=1, max=40))
    customer_id = fields.String(required=True, data_key="customerId", validate=validate.Length(min=1, max=20))
    currency = fields.String(load_default="EUR", validate=validate.OneOf(["EUR", "USD", "GBP", "CHF"]))
    channel = fields.String(load_default="web", validate=validate.OneOf(["web", "phone", "shop"]))
    ship_to = fields.Nested(Address, required=True, data_key="shipTo")
    lines = fields.List(fields.Nested(OrderLine), required=True, validate=validate.Length(min=1, max=500))
    requested_date = fields.Date(data_key="requestedDate", allow_none=True, load_default=None)


class Customer(Schema):
    """A customer's master record."""

    id = fields.String(required=True, validate=validate.Length(min=1, max=20))
    name = fields.String(required=True, validate=validate.Length(min=1, max=80))
    contact = fields.String(load_default="")
    email = fields.Email(allow_none=True, load_default=None)
    phone = fields.String(load_default="")
    city = fields.String(load_default="")
    country = fields.String(required=True, validate=validate.Length(equal=2))
    credit_limit = fields.Decimal(data_key="creditLimit", places=2, load_default=0)
    changed_at = fields.DateTime(required=True, data_key="changedAt", format="iso")


class Ticket(Schema):
    """A service problem that a customer reported."""

    ticket_id = fields.String(required=True, data_key="ticketId")
    customer_id = fields.String(required=True, data_key="customerId")
    category = fields.String(required=True, validate=validate.OneOf(["delivery", "invoice", "product", "contract"]))
    priority = fields.String(load_default="normal", validate=validate.OneOf(["low", "normal", "high"]))
    subject = fields.String(required=True, validate=validate.Length(min=1, max=200))


class Price(Schema):
    """A row of the CRM's price table."""

    sku = fields.String(required=True)
    name = fields.String(required=True)
    price = fields.Decimal(required=True, places=2)
    currency = fields.String(required=True)
    valid_from = fields.Date(required=True, data_key="validFrom")
