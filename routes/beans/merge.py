"""Combining the answers of several systems."""

from __future__ import annotations

from esb.exchange import Exchange


class Merge:
    """An aggregation strategy: maps are merged in the order they were asked for, later ones win; what is no map is left out.

    One failed answer fails all: the rest would pass for the whole.
    """

    def aggregate(self, old: Exchange | None, new: Exchange) -> Exchange:
        """Camel's AggregationStrategy. ``old`` is None for the first answer."""
        if old is None:
            if not isinstance(new.message.body, dict):
                new.message.body = {}
            return new
        if new.error is not None:
            old.error = new.error
        elif isinstance(new.message.body, dict):
            old.message.body = {**old.message.body, **new.message.body}
        return old
