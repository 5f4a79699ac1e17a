"""HTTP both ways: the ``http``/``https`` client and ``platform-http``, the server's paths."""

from adapters.rest.client import HttpComponent
from adapters.rest.server import PlatformHttpComponent

__all__ = ["HttpComponent", "PlatformHttpComponent"]
