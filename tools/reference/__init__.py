"""Generates ``docs/reference`` from what the code declares, so that the pages cannot say something else than the bus does."""
