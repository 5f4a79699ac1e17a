"""Verbs of the command line: a module a verb, found by its name (see :func:`esb.registry.verbs`)."""
