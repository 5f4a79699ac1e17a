"""The price list: files of many rows, some bad; good rows reach two subscribers, bad ones a reject file."""

from __future__ import annotations

import json
from pathlib import Path

from routes.demo import data
from routes.demo.deployment import Deployment
from routes.demo.ledger import Count, progress, settled


def run(deployment: Deployment, rows: int, fixed_rows: int) -> Count:
    """Drop both files and account for their rows."""
    files = deployment.state / "files"
    drafts = deployment.state / "drafts"
    drafts.mkdir(exist_ok=True)
    good = data.prices(drafts / "prices.csv", rows, 500)
    good += data.fixed_prices(drafts / "prices.txt", fixed_rows, 250)
    for name in ("prices.csv", "prices.txt"):
        (drafts / name).rename(files / "prices" / name)
    return account(deployment, rows + fixed_rows, good, ("prices.csv", "prices.txt"))


def account(deployment: Deployment, sent: int, good: int, names: tuple[str, ...]) -> Count:
    """Wait until the rows have arrived at both subscribers, and count them."""
    files = deployment.state / "files"
    with progress("prices: rows at CMS and CRM") as tell:
        settled(lambda: deployment.get("crm", "/crm/tables/prices/count")["records"], good, tell, 600)
        settled(lambda: len(_skus(files / "cms")), good, tell, 120)
    crm = deployment.get("crm", "/crm/tables/prices/count")["records"]
    cms = len(_skus(files / "cms"))
    # Different lines: a file that a fault has interrupted is read again from its beginning, and its rejects are written again.
    rejected = sum(
        len(set((files / "rejects" / f"{name}.rejects.csv").read_text().splitlines()))
        for name in names
        if (files / "rejects" / f"{name}.rejects.csv").exists()
    )
    delivered = min(crm, cms)
    bad = sent - good
    count = Count(sent, sent - rejected, delivered, rejected=rejected)
    count.lost = max(sent - rejected - delivered, 0)
    if rejected > bad:
        count.is_wrong(f"{rejected} rows of prices were rejected, {bad} are bad", rejected - bad)
    if (most := max(crm, cms)) > good:
        count.is_wrong(f"{most} rows of prices were delivered, {good} are good", most - good)
    count.where = "CMS: files/cms/*.json; CRM: /crm/tables/prices; rejected: files/rejects/*.csv"
    return count


def _skus(folder: Path) -> set[str]:
    return {row["sku"] for file in folder.glob("*.json") for row in json.loads(file.read_bytes())}
