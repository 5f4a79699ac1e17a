"""``python -m routes.demo``: drive all scenarios and account for every message; ``--stay`` starts the deployment to stay."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from routes.demo import data, others, prices
from routes.demo import orders as order_scenario
from routes.demo.deployment import ROOT, Deployment
from routes.demo.ledger import Count, clean, show, write


def main() -> int:
    """Exit code 0 if nothing was lost and nothing went wrong, 1 otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="a folder with the Northwind tables, in place of generated data")
    parser.add_argument("--orders", type=int, default=520, help="how many orders are posted")
    parser.add_argument("--rows", type=int, default=100_000, help="rows of the price list")
    parser.add_argument("--stay", action="store_true", help="only start the deployment, until Ctrl-C")
    parser.add_argument(
        "--state", type=Path, default=ROOT / "build" / "demo", help="folder for state, files and logs; emptied first"
    )
    options = parser.parse_args()
    if options.stay:
        return _stay()
    if options.data is not None and not (options.data / "orders.csv").exists():
        print(f"there is no orders.csv in {options.data}: name a folder with the Northwind tables", file=sys.stderr)
        return 2
    began = time.monotonic()
    print("starting the bus and its partners: CRM, ERP, OA, CMS, marketing", flush=True)
    with Deployment(options.state) as deployment:
        accounts = {name: run(deployment) for name, run in _scenarios(options).items()}
        show(accounts)
    told = write(accounts, ROOT / "build" / "demo.json", time.monotonic() - began)
    print(
        f"lost: {told['lost']}, wrong: {told['wrong']}; the same as JSON in build/demo.json; state, files and logs in {_shown(options.state)}"
    )
    return 0 if clean(accounts) else 1


def _scenarios(options: argparse.Namespace) -> dict[str, Callable[[Deployment], Count]]:
    if options.data is not None:
        return {
            "orders": lambda deployment: order_scenario.run(deployment, data.northwind_orders(options.data)),
            "customers": lambda deployment: others.northwind_customers(deployment, options.data),
            "products": lambda deployment: others.northwind_products(deployment, options.data),
        }
    return {
        "orders": lambda deployment: order_scenario.run(deployment, data.orders(options.orders)),
        "price list": lambda deployment: prices.run(deployment, options.rows, options.rows // 20),
        "customers": others.customers,
        "tickets": others.tickets,
        "campaigns": others.campaigns,
        "sync": others.sync,
    }


def _stay() -> int:
    deployment = Deployment(ROOT / "var", private=False, fresh=False, poll=2000)
    with deployment:
        print("the deployment is running; open")
        for name in deployment.ports:
            print(f"  {name:<10} {deployment.url(name, '/')}   health {deployment.management(name, '/health')}")
        print(
            "try: curl -s -H 'Content-Type: application/json' -d @docs/guides/order.json",
            deployment.url("bus", "/orders"),
        )
        print(
            "metrics:",
            deployment.management("bus", "/metrics"),
            " files: var/files  logs: var/*.log  stop: Ctrl-C",
            flush=True,
        )
        signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
        try:
            signal.pause()
        except KeyboardInterrupt:
            print("stopping")
    return 0


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


if __name__ == "__main__":
    sys.exit(main())
