"""Values of ours in the form of the goldens: JSON, with everything neutral that changes from run to run."""

from __future__ import annotations

import base64
import datetime as dt
import decimal
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from esb.coerce import Source, is_element, octets, text
from esb.exchange import Exchange, Message

VOLATILE = frozenset(
    [
        "CamelMessageTimestamp",
        "CamelFileLastModified",
        "CamelTimerFiredTime",
        "fireTime",
        "scheduledFireTime",
        "previousFireTime",
        "nextFireTime",
        "jobRunTime",
        "jobDetail",
        "jobInstance",
        "mergedJobDataMap",
        "breadcrumbId",
        "CamelVertxPlatformHttpAuthenticatedUser",
        "CamelVertxPlatformHttpLocalAddress",
        "CamelVertxPlatformHttpRemoteAddress",
        "Host",
        "host",
        "CamelHttpUrl",
        "CamelHttpHost",
        "CamelHttpPort",
        "CamelHttpServerPort",
        "User-Agent",
        "Long-Running-Action",
        "CamelFileAbsolutePath",
        "CamelSagaLongRunningAction",
    ]
)
_IDS = re.compile(r"[0-9A-F]{15}-[0-9A-F]{16}|[0-9a-f]{12}-[0-9a-f]{10}-[0-9a-f]+")
_NOW = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6,9}(Z|[+-][0-9:]+)?")
_HASH = re.compile(r"@[0-9a-f]{6,8}\b")


class Neutral:
    """Makes values neutral for one run: its scratch folder and its port are replaced by their names."""

    def __init__(self, scratch: Path, port: int = 0) -> None:
        self._scratch = str(scratch)
        self._port = port

    def text(self, told: str) -> str:
        told = told.replace(self._scratch, "{{scratch}}").replace(self._scratch[1:], "{{scratch}}")
        told = _HASH.sub("@<hash>", _IDS.sub("<id>", told))
        if self._port:
            told = re.sub(rf"(127\.0\.0\.1|localhost):{self._port}", "{{host}}", told)
            told = re.sub(rf"\b{self._port}\b", "{{port}}", told)
        return _NOW.sub("<now>", told)

    def octets(self, data: bytes) -> Any:
        try:
            told = data.decode()
        except UnicodeDecodeError:
            told = "\0"
        if any(character < " " and character not in "\t\n\r" for character in told):
            return {"$base64": base64.b64encode(data).decode()}
        return self.text(told)

    def value(self, value: Any, depth: int = 0) -> Any:
        if depth > 12:
            return "<deep>"
        if value is None or isinstance(value, (bool, int)):
            return value
        if isinstance(value, float):
            return value if math.isfinite(value) else {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
        if isinstance(value, decimal.Decimal):
            return float(value)
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, (dt.date, dt.time)):
            return "<date>"
        if isinstance(value, (bytes, bytearray, memoryview)):
            return self.octets(bytes(value))
        return self._compound(value, depth + 1)

    def _compound(self, value: Any, depth: int) -> Any:
        if isinstance(value, Mapping):
            return {text(key) if key is not None else "null": self.value(item, depth) for key, item in value.items()}
        if type(value).__name__ == "Entry":
            return {"$entry": [self.value(value.key, depth), self.value(value.value, depth)]}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self.value(item, depth) for item in value]
        if is_element(value):
            return self.text(octets(value).decode())
        if isinstance(value, Path):
            return self.octets(value.read_bytes()) if value.exists() else "<no file>"
        if isinstance(value, Source):
            with value.open() as reader:
                return self.octets(reader.read())
        if hasattr(value, "read"):
            data = value.read()
            return self.octets(data if isinstance(data, bytes) else data.encode())
        if isinstance(value, Exchange):
            return {"$exchange": self._message(value.message, depth)}
        if isinstance(value, Message):
            return {"$message": self._message(value, depth)}
        if isinstance(value, BaseException):
            from tests.conformance.compare import error_record

            return {"$exception": error_record(value, self)}
        if isinstance(value, Iterator):
            return "<iterator>"
        return {"$object": type(value).__name__}

    def _message(self, message: Message, depth: int) -> dict[str, Any]:
        return {"body": self.value(message.body, depth), "headers": self.value(message.headers, depth)}

    def headers(self, headers: Mapping[str, Any], ignored: frozenset[str]) -> dict[str, Any]:
        return {
            name: "<volatile>" if name in VOLATILE else self.value(value)
            for name, value in headers.items()
            if name not in ignored and name != "CamelFileInitialOffset"
        }
