"""Data types and mappings: marshmallow schemas under a name, compiled; see docs/decisions/0002-datatypes-package.md."""
