"""Data formats: bytes to values and back."""

from __future__ import annotations

from typing import Any, Protocol

from esb.component import Context
from esb.exchange import Exchange
from esb.fields import Kind, Spec, field


class DataFormat(Protocol):
    """Stateless after construction and so thread-safe."""

    def marshal(self, exchange: Exchange, value: Any) -> Any:
        """The value as bytes (or text, where Camel gives text). May set headers such as Content-Type. Raises Malformed or ValidationFailed."""

    def unmarshal(self, exchange: Exchange, data: Any) -> Any:
        """The value that the data (bytes, text, a Source) holds. Raises Malformed or ValidationFailed."""


class DataFormatSpec(Spec):
    """A data format as written. One format is one class in one module of ``esb.dataformats``; ``name`` is its key in YAML."""

    id = field(Kind.TEXT, None, doc="Name under which other steps may refer to it.")

    def build(self, context: Context) -> DataFormat:
        """Make the format once, at load. Raises ConfigError at ``self.at``."""
        raise NotImplementedError(self.name)
