"""The smaller scenarios: the merged customer, tickets, campaigns, and customers kept the same in CRM and ERP."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from routes.beans.sync import checksum
from routes.demo import data
from routes.demo.deployment import ROOT, Deployment
from routes.demo.ledger import Count, progress, settled


def customers(deployment: Deployment) -> Count:
    """Ask for customers that both systems know, and for one that neither does."""
    count = Count(where="GET /customers/{id}")
    records = {"john": ({"name": "John", "age": 30}, {"name": "John", "age": 30})}
    for number in range(18):
        records[f"M{number:03d}"] = (
            data.customer(number, "M", "2026-01-01T00:00:00"),
            {"name": f"Account {number}", "town": "Bonn"},
        )
    for key, (in_crm, in_erp) in records.items():
        deployment.post("crm", f"/crm/customers/{key}", in_crm, "PUT")
        deployment.post("erp", f"/erp/persons/{key}", in_erp, "PUT")
    with progress("customers: asking") as tell:
        for key in (*records, "nobody"):
            status, body = deployment.post("bus", f"/customers/{key}", b"", "GET")
            count.sent += 1
            tell(count.sent, len(records) + 1)
            count.accepted += status != 404
            count.rejected += status == 404
            if (status, body) == _merged(key, records):
                count.delivered += status == 200
            else:
                count.is_wrong(f"the question for customer {key} was answered {status}, {body}")
    return count


def _merged(key: str, records: dict[str, tuple[dict[str, Any], dict[str, Any]]]) -> tuple[int, Any]:
    """The answer that is right: what both systems know, of which the ERP's wins, and is text, since it comes as XML."""
    if key not in records:
        return 404, {"error": "no such customer", "id": key}
    in_crm, in_erp = records[key]
    return 200, in_crm | {name: str(value) for name, value in in_erp.items()}


def tickets(deployment: Deployment) -> Count:
    """Report problems; each must be assigned by the rule table and come back solved."""
    count = Count(where="CRM: /crm/tables/tickets; OA: /oa/tables/tasks")
    rules = {(row["category"], row["priority"]): row["person"] for row in _rules()}
    wanted: dict[str, str] = {}
    with progress("tickets: reporting") as tell:
        problems = data.tickets()
        for ticket in problems:
            status, _ = deployment.post("bus", "/tickets", ticket)
            person = rules.get((ticket["category"], ticket["priority"]))
            what = f"a ticket of the category {ticket['category']}"
            if count.answered(status, what, good=person is not None) and person is not None:
                wanted[ticket["ticketId"]] = person
            tell(count.sent, len(problems))

    def solved() -> int:
        table = deployment.table("crm", "tickets")
        return sum(
            1
            for key, person in wanted.items()
            if key in table
            and table[key]["value"].get("status") == "solved"
            and table[key]["value"].get("assignee") == person
        )

    with progress("tickets: assigned and solved") as tell:
        count.delivered = settled(solved, len(wanted), tell)
    count.lost = len(wanted) - count.delivered
    return count


def _rules() -> list[dict[str, str]]:
    with (ROOT / "schemas" / "rules" / "assignments.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def campaigns(deployment: Deployment) -> Count:
    """Hand over campaigns; marketing must see the results of each."""
    count = Count(where="CMS: /cms/tables/banners; marketing: /marketing/tables/results")
    wanted = set()
    with progress("campaigns: handing over") as tell:
        planned = data.campaigns()
        for campaign in planned:
            status, _ = deployment.post("bus", "/campaigns", campaign)
            good = bool(campaign["title"])
            if count.answered(status, f"a campaign {'with' if good else 'without'} a title", good=good) and good:
                wanted.add(campaign["campaignId"])
            tell(count.sent, len(planned))
    with progress("campaigns: results at marketing") as tell:
        count.delivered = settled(
            lambda: len(wanted & set(deployment.table("marketing", "results"))), len(wanted), tell
        )
    count.lost = len(wanted) - count.delivered
    return count


def sync(deployment: Deployment) -> Count:
    """Change customers on both sides, some on both at once; in the end both must hold the same, the newer change winning."""
    count = Count(where="CRM: /crm/tables/customers; ERP: /erp/tables/accounts")
    newest: dict[str, str] = {}
    with progress("sync: changing customers") as tell:
        for number in range(30):
            record = data.customer(number, "S", "2026-02-01T10:00:00")
            _crm_changes(deployment, record, count)
            newest[record["id"]] = record["name"]
            account = data.customer(number, "A", "2026-02-01T11:00:00")
            _erp_changes(deployment, account, count)
            newest[account["id"]] = account["name"]
            tell(count.sent, 70)
        for number in range(5):  # conflicts: the CRM's change is older than the ERP's
            older = data.customer(number, "B", "2026-03-01T08:00:00")
            newer = older | {"name": f"{older['name']} AG", "changedAt": "2026-03-01T09:00:00"}
            _erp_changes(deployment, newer, count)
            _crm_changes(deployment, older, count)
            newest[older["id"]] = newer["name"]
            tell(count.sent, 70)

    with progress("sync: until both agree") as tell:
        agreed = settled(lambda: _agreed(deployment, newest), len(newest), tell)
    count.delivered = agreed
    count.repeated = count.accepted - len(newest)
    count.lost = len(newest) - agreed
    return count


def _crm_changes(deployment: Deployment, record: dict[str, Any], count: Count) -> None:
    deployment.post("crm", f"/crm/customers/{record['id']}", record, "PUT")
    status, _ = deployment.post("bus", "/sync/customers", record)
    count.answered(status, "a customer's change")


def _erp_changes(deployment: Deployment, record: dict[str, Any], count: Count) -> None:
    names = {"AT": "Austria", "DE": "Germany", "CH": "Switzerland", "FR": "France", "NL": "Netherlands"}
    account = {
        "number": record["id"],
        "name": record["name"],
        "contact": record["contact"],
        "telephone": record["phone"],
        "town": record["city"],
        "land": names[record["country"]],
        "changed": record["changedAt"],
    }
    deployment.post("erp", f"/erp/accounts/{record['id']}", account, "PUT")
    count.sent += 1
    count.accepted += 1


def _agreed(deployment: Deployment, newest: dict[str, str]) -> int:
    """How many customers are the same on both sides, with the newest name."""
    crm, erp = deployment.table("crm", "customers"), deployment.table("erp", "accounts")
    codes = {"Austria": "AT", "Germany": "DE", "Switzerland": "CH", "France": "FR", "Netherlands": "NL"}
    same = 0
    for key, name in newest.items():
        if key not in crm or key not in erp:
            continue
        theirs = erp[key]["value"]
        as_crm = {
            "id": theirs["number"],
            "name": theirs["name"],
            "contact": theirs.get("contact"),
            "phone": theirs.get("telephone"),
            "city": theirs.get("town"),
            "country": codes.get(theirs["land"], theirs["land"]),
            "credit_limit": theirs.get("credit"),
        }
        ours = crm[key]["value"]
        same += ours["name"] == name and checksum(ours | {"credit_limit": ours.get("creditLimit")}) == checksum(as_crm)
    return same


def northwind_customers(deployment: Deployment, folder: Path) -> Count:
    """Drop the customers' table as it is; every row must become an account in the ERP."""
    count = Count(where="ERP: /erp/tables/accounts")
    with (folder / "customers.csv").open(encoding="utf-8", newline="") as file:
        keys = {row["customerID"] for row in csv.DictReader(file)}
    _drop(deployment, folder / "customers.csv")
    count.sent = count.accepted = len(keys)
    with progress("customers: accounts in the ERP") as tell:
        count.delivered = settled(lambda: len(keys & set(deployment.table("erp", "accounts"))), len(keys), tell)
    count.lost = count.accepted - count.delivered
    return count


def northwind_products(deployment: Deployment, folder: Path) -> Count:
    """Drop the products' table as it is; every row must reach both subscribers of the price list."""
    from routes.demo.prices import account

    with (folder / "products.csv").open(encoding="utf-8", newline="") as file:
        rows = sum(1 for _ in csv.DictReader(file))
    _drop(deployment, folder / "products.csv")
    return account(deployment, rows, rows, ())


def _drop(deployment: Deployment, file: Path) -> None:
    draft = deployment.state / f"draft-{file.name}"
    draft.write_bytes(file.read_bytes())
    draft.rename(deployment.state / "files" / "northwind" / file.name)
