"""Two-way synchronisation of records: what was last agreed between two systems, and what to do about a change.

A record's *checksum* is that of its business fields, not of when or by whom they were changed. A change whose checksum is the agreed one
is an echo of our own write (the loop guard). A change that is older than what the other side holds is late and loses, also against what both agreed
on: it may be a dead letter that was sent again. If both sides changed at the same moment, the ERP wins.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from routes.beans.table import Table

_FIELDS = ("id", "name", "contact", "email", "phone", "city", "country", "credit_limit")


def checksum(record: Mapping[str, Any]) -> str:
    """The checksum of a customer's business fields; None, absent and empty are the same."""
    plain = {name: str(record.get(name) if record.get(name) is not None else "") for name in _FIELDS}
    plain["credit_limit"] = f"{float(plain['credit_limit'] or 0):.2f}"
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def _moment(changed: Any) -> dt.datetime:
    """A time of change; without a zone it is in UTC."""
    moment = changed if isinstance(changed, dt.datetime) else dt.datetime.fromisoformat(str(changed))
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


class Agreements:
    """What CRM and ERP last agreed on, by customer. Thread-safe and durable."""

    def __init__(self, path: str) -> None:
        self._table = Table(path)

    def decide(self, record: Mapping[str, Any], source: str, other: Mapping[str, Any] | None = None) -> str:
        """What to do about a change that ``source`` (crm or erp) tells: ``apply``, ``echo``, ``same`` or ``stale``.

        ``other`` is what the other side holds now; None if it knows no such customer.
        """
        agreed = (self._table.get(str(record["id"])) or {}).get("agreed")
        told = checksum(record)
        if told == agreed:
            return "echo"
        if not other:
            return "apply"
        theirs = checksum(other)
        if theirs == told:
            return "same"
        ours_changed, theirs_changed = _moment(record["changed_at"]), _moment(other["changed_at"])
        if theirs_changed == ours_changed:
            return "stale" if theirs != agreed and source == "crm" else "apply"
        return "stale" if theirs_changed > ours_changed else "apply"

    def agree(self, record: Mapping[str, Any]) -> None:
        """Both sides hold this record now."""
        key = str(record["id"])
        self._table.put(key, {"agreed": checksum(record), "changed": str(record["changed_at"])})

    def close(self) -> None:
        """Close the file."""
        self._table.close()
