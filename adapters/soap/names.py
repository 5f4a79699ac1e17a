"""Namespaces and names of the SOAP family."""

from __future__ import annotations

from typing import Any, Final

ENVELOPE_11: Final = "http://schemas.xmlsoap.org/soap/envelope/"
ENVELOPE_12: Final = "http://www.w3.org/2003/05/soap-envelope"
ENCODING_11: Final = "http://schemas.xmlsoap.org/soap/encoding/"
ENCODING_12: Final = "http://www.w3.org/2003/05/soap-encoding"
ADDRESSING: Final = "http://www.w3.org/2005/08/addressing"
BINDING_11: Final = "http://schemas.xmlsoap.org/wsdl/soap/"
BINDING_12: Final = "http://schemas.xmlsoap.org/wsdl/soap12/"
WSDL: Final = "http://schemas.xmlsoap.org/wsdl/"
WSDL_20: Final = "http://www.w3.org/ns/wsdl"
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


def resolve(node: Any, name: str, target: str = "") -> str:
    """A prefixed name as it is meant at ``node``; without a prefix it is in the default namespace, else in ``target`` (chameleon includes)."""
    prefix, _, own = name.strip().rpartition(":")
    uri = node.nsmap.get(prefix or None) or ("" if prefix else target)
    return f"{{{uri}}}{own}" if uri else own
