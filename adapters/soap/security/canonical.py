"""Exclusive XML canonicalisation of one element (Exclusive XML Canonicalization 1.0, without comments)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import esb.xml
from adapters.soap.names import XSD, XSI, XSI_TYPE
from adapters.soap.security.names import EXC_C14N
from adapters.soap.security.refusal import Refused

Element = Any  # lxml's stubs are older than lxml

PREFIXES = f"{{{EXC_C14N}}}InclusiveNamespaces"
_MOST = 1 << 30


def canonical(element: Element, prefixes: Sequence[str] = ()) -> bytes:
    """The element's octets. ``prefixes`` are kept as in inclusive canonicalisation (``#default`` for none).

    By way of a document of its own that declares all namespaces in scope: libxml2 forgets those of ancestors for an element within a tree.
    """
    from lxml import etree

    alone = esb.xml.parse(esb.xml.serialize(element), huge=True, max_bytes=_MOST)
    return bytes(
        etree.tostring(
            alone, method="c14n", exclusive=True, with_comments=False, inclusive_ns_prefixes=list(prefixes) or None
        )
    )


def loose_types(element: Element, octets: bytes) -> dict[str, str]:
    """Prefix -> name of each ``xsi:type`` whose prefix the canonical ``octets`` do not bind, ``#default`` for none.

    Exclusive canonicalisation keeps the declarations that names of elements and attributes need, and does not look into values: whoever carries the
    message may change what such a prefix means. Types of XML Schema itself do not count: nothing else has their names.
    """
    if XSI.encode() not in octets:
        return {}
    alone = esb.xml.parse(octets, huge=True, max_bytes=_MOST)
    found = {}
    for here, there in zip(element.iter(), alone.iter(), strict=True):
        name = (here.get(XSI_TYPE) or "").strip()
        prefix = name.rpartition(":")[0] or None
        uri = here.nsmap.get(prefix)
        if name and uri not in {None, XSD} and there.nsmap.get(prefix) != uri:
            found[prefix or "#default"] = f"{{{uri}}}{name.rpartition(':')[2]}"
    return found


def prefixes_of(method: Element) -> list[str]:
    """The prefix list of a canonicalisation method or transform. Raises :class:`Refused` for any other method, or one with other parameters."""
    if method is None or method.get("Algorithm") != EXC_C14N:
        raise Refused("UnsupportedAlgorithm", "a canonicalisation or transform other than exclusive C14N")
    children = list(method)
    if not children:
        return []
    if len(children) > 1 or children[0].tag != PREFIXES:
        raise Refused("UnsupportedAlgorithm", "exclusive C14N with unknown parameters")
    return (children[0].get("PrefixList") or "").split()
