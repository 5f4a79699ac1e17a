"""An enterprise service bus that speaks Apache Camel's YAML route language."""

__version__ = "0.1.0"
