"""``log:logger``: writes exchanges, or their throughput, to the log."""

from esb.components.log.endpoint import LogComponent, LogEndpoint

__all__ = ["LogComponent", "LogEndpoint"]
