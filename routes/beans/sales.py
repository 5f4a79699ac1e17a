"""What the ERP of the reference deployment does with orders."""

from __future__ import annotations

from typing import Any

from esb.errors import RemoteFault
from routes.beans.table import Tables


class Sales:
    """Sales orders: one for each order id, however often it is asked for. Orders of blocked customers are refused with a business fault."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """One SOAP operation. Raises RemoteFault with the declared fault's data."""
        if operation == "CreateSalesOrder":
            return self._create(request)
        return self._get(request)

    def customer(self, customer_id: str) -> dict[str, Any] | None:
        """What the ERP knows of a customer: the person and its orders; None if it knows nothing."""
        person: dict[str, Any] | None = self._tables.get("persons", customer_id)
        orders = [one["value"] for one in self._tables.all("orders") if one["value"]["customer"] == customer_id]
        if person is None and not orders:
            return None
        told = dict(person or {})
        if orders:
            told["order"] = [{"number": one["salesOrderNumber"], "id": one["orderId"]} for one in orders]
        return told

    def _create(self, request: dict[str, Any]) -> dict[str, Any]:
        customer = request["customer"]
        if customer.startswith("BLOCKED"):
            detail = {
                "BusinessFault": {
                    "code": "CUSTOMER_BLOCKED",
                    "message": f"customer {customer} is blocked",
                    "field": "customer",
                }
            }
            raise RemoteFault(f"customer {customer} is blocked", fault_code="BusinessFault", detail=detail)
        order_id = request["orderId"]
        number = f"SO-{order_id}"
        kept = self._tables.add_once(
            "orders",
            order_id,
            {"orderId": order_id, "salesOrderNumber": number, "customer": customer, "line": request["line"]},
        )
        return {"salesOrderNumber": kept["salesOrderNumber"], "status": "CREATED"}

    def _get(self, request: dict[str, Any]) -> dict[str, Any]:
        found = self._tables.get("orders", request["salesOrderNumber"].removeprefix("SO-"))
        if found is None:
            detail = {"BusinessFault": {"code": "UNKNOWN_ORDER", "message": "there is no such sales order"}}
            raise RemoteFault("there is no such sales order", fault_code="BusinessFault", detail=detail)
        total = sum(line["quantity"] * float(line["unitPrice"]["$"]) for line in found["line"])
        currency = found["line"][0]["unitPrice"]["currency"]
        return {**found, "status": "CREATED", "total": {"$": f"{total:.2f}", "currency": currency}}
