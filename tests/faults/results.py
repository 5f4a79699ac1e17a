"""What the fault tests measured: a line on the terminal each, and ``build/faults.json`` for the table in the docs."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from esb.testing.checker import Account

_ROOT = Path(__file__).resolve().parents[2]
RUN = f"{time.time_ns():x}"
"""What all rows of one run have in common: a table must not be put together from several."""
RESULTS = Path(os.environ.get("ESB_FAULT_RESULTS", _ROOT / "build" / "faults.json"))


class Recorder:
    """Takes down one test's figures. Rows of tests that did not run stay as they were."""

    def __init__(self, test: str, row: str, fault: str, promise: str) -> None:
        self.test = test
        self.row = row
        self.fault = fault
        self.promise = promise

    def __call__(
        self,
        account: Account | None,
        *,
        duplicates: int | None = 0,
        behind_inbox: int | None = None,
        ordered: bool = False,
        also_set_aside: int | None = 0,
        measured: str = "",
    ) -> None:
        """Print and keep the row, then fail if the account breaks the promise.

        ``duplicates``: how many may be; ``also_set_aside``: how many may be delivered and dead letters too; ``measured``: other figures.
        """
        problems = (
            account.problems(duplicates=duplicates, ordered=ordered, also_set_aside=also_set_aside) if account else []
        )
        if behind_inbox:
            problems.append(f"{behind_inbox} duplicates behind the inbox")
        figures: dict[str, Any] = account.as_dict() if account else {}
        row = {
            "run": RUN,
            "row": self.row,
            "fault": self.fault,
            "promise": self.promise,
            **figures,
            "allowed": duplicates,
            "behindInbox": behind_inbox,
            "measured": measured,
            "problems": problems,
        }
        told = f"{account}; " if account else ""
        behind = "" if behind_inbox is None else f"behind the inbox {behind_inbox}; "
        print(f"\n{self.row} {self.fault}: {told}{behind}{measured}".rstrip("; "))
        self._keep(row)
        assert not problems, "\n".join(problems)

    def _keep(self, row: dict[str, Any]) -> None:
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        rows = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
        rows[self.test] = row
        scratch = RESULTS.with_suffix(f".{os.getpid()}")
        scratch.write_text(json.dumps(rows, indent=1, ensure_ascii=False), encoding="utf-8")
        scratch.replace(RESULTS)
