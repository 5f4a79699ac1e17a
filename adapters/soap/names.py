"""Namespaces and names of the SOAP family."""

from __future__ import annotations

from typing import Final

ENVELOPE_11: Final = "http://schemas.xmlsoap.org/soap/envelope/"
ENVELOPE_12: Final = "http://www.w3.org/2003/05/soap-envelope"
ENCODING_11: Final = "http://schemas.xmlsoap.org/soap/encoding/"
BINDING_11: Final = "http://schemas.xmlsoap.org/wsdl/soap/"
BINDING_12: Final = "http://schemas.xmlsoap.org/wsdl/soap12/"
WSDL: Final = "http://schemas.xmlsoap.org/wsdl/"
XSD: Final = "http://www.w3.org/2001/XMLSchema"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
XML: Final = "http://www.w3.org/XML/1998/namespace"
XMLMIME: Final = "http://www.w3.org/2005/05/xmlmime"

XSI_NIL: Final = f"{{{XSI}}}nil"
XSI_TYPE: Final = f"{{{XSI}}}type"


def local(name: str) -> str:
    """``{urn:x}Order`` -> ``Order``."""
    return name.rpartition("}")[2]


def namespace(name: str) -> str:
    """``{urn:x}Order`` -> ``urn:x``; empty if the name has none."""
    return name[1:].partition("}")[0] if name.startswith("{") else ""
