"""The few schemas that contracts import from addresses on the web, written out from their specifications' facts.

Sources: SOAP 1.1 section 5 (encoding), XML 1.0 section 2.10 and 2.12 with xml:id and XML Base (``xml:`` attributes), W3C note "Describing Media
Content of Binary Data in XML" (xmlmime).
"""

from __future__ import annotations

from typing import Final

from adapters.soap.names import ADDRESSING, ENCODING_11, ENCODING_12, XML, XMLMIME, XSD

_SCALARS: Final = (
    *(
        "string",
        "boolean",
        "decimal",
        "float",
        "double",
        "duration",
        "dateTime",
        "time",
        "date",
        "gYearMonth",
        "gYear",
        "gMonthDay",
        "gDay",
    ),
    *(
        "gMonth",
        "hexBinary",
        "base64Binary",
        "anyURI",
        "QName",
        "NOTATION",
        "normalizedString",
        "token",
        "language",
        "NMTOKEN",
        "NMTOKENS",
    ),
    *(
        "Name",
        "NCName",
        "ID",
        "IDREF",
        "IDREFS",
        "ENTITY",
        "ENTITIES",
        "integer",
        "nonPositiveInteger",
        "negativeInteger",
        "long",
        "int",
    ),
    *(
        "short",
        "byte",
        "nonNegativeInteger",
        "unsignedLong",
        "unsignedInt",
        "unsignedShort",
        "unsignedByte",
        "positiveInteger",
    ),
)


def _encoding() -> str:
    """Every simple type again as an element with ``id`` and ``href``, and the two compound types."""
    scalars = "".join(
        f'<xs:complexType name="{name}"><xs:simpleContent><xs:extension base="xs:{name}">'
        '<xs:attributeGroup ref="t:commonAttributes"/></xs:extension></xs:simpleContent></xs:complexType>'
        f'<xs:element name="{name}" type="t:{name}"/>'
        for name in _SCALARS
    )
    compounds = "".join(
        f'<xs:group name="{name}"><xs:sequence><xs:any namespace="##any" minOccurs="0" maxOccurs="unbounded" processContents="lax"/>'
        f'</xs:sequence></xs:group><xs:complexType name="{name}"><xs:group ref="t:{name}" minOccurs="0"/>{attributes}</xs:complexType>'
        f'<xs:element name="{name}" type="t:{name}"/>'
        for name, attributes in (
            ("Array", '<xs:attributeGroup ref="t:arrayAttributes"/><xs:attributeGroup ref="t:commonAttributes"/>'),
            ("Struct", '<xs:attributeGroup ref="t:commonAttributes"/>'),
        )
    )
    return (
        f'<xs:schema xmlns:xs="{XSD}" xmlns:t="{ENCODING_11}" targetNamespace="{ENCODING_11}">'
        '<xs:attribute name="root" type="xs:boolean"/><xs:attribute name="arrayType" type="xs:string"/>'
        '<xs:attribute name="offset" type="xs:string"/><xs:attribute name="position" type="xs:string"/>'
        '<xs:attributeGroup name="commonAttributes"><xs:attribute name="id" type="xs:ID"/><xs:attribute name="href" type="xs:anyURI"/>'
        '<xs:anyAttribute namespace="##other" processContents="lax"/></xs:attributeGroup>'
        '<xs:attributeGroup name="arrayAttributes"><xs:attribute ref="t:arrayType"/><xs:attribute ref="t:offset"/></xs:attributeGroup>'
        '<xs:attributeGroup name="arrayMemberAttributes"><xs:attribute ref="t:position"/></xs:attributeGroup>'
        '<xs:simpleType name="base64"><xs:restriction base="xs:base64Binary"/></xs:simpleType>'
        f"{compounds}{scalars}</xs:schema>"
    )


def _encoding_12() -> str:
    """Arrays of the encoding of SOAP 1.2 (part 2 section 3)."""
    return (
        f'<xs:schema xmlns:xs="{XSD}" xmlns:t="{ENCODING_12}" targetNamespace="{ENCODING_12}">'
        '<xs:attribute name="itemType" type="xs:QName"/><xs:attribute name="arraySize" type="xs:string"/>'
        '<xs:attribute name="id" type="xs:ID"/><xs:attribute name="ref" type="xs:IDREF"/>'
        '<xs:complexType name="Array"><xs:sequence>'
        '<xs:any namespace="##any" minOccurs="0" maxOccurs="unbounded" processContents="lax"/></xs:sequence>'
        '<xs:attribute ref="t:itemType"/><xs:attribute ref="t:arraySize"/><xs:attribute ref="t:id"/><xs:attribute ref="t:ref"/>'
        '<xs:anyAttribute namespace="##other" processContents="lax"/></xs:complexType></xs:schema>'
    )


def _addressing() -> str:
    """Endpoint references and message properties of WS-Addressing 1.0 (core, sections 2 and 3)."""
    anything = '<xs:any namespace="##any" minOccurs="0" maxOccurs="unbounded" processContents="lax"/>'
    others = '<xs:anyAttribute namespace="##other" processContents="lax"/>'
    bags = "".join(
        f'<xs:complexType name="{name}Type"><xs:sequence>{anything}</xs:sequence>{others}</xs:complexType>'
        f'<xs:element name="{name}" type="t:{name}Type"/>'
        for name in ("ReferenceParameters", "Metadata")
    )
    uris = "".join(
        f'<xs:element name="{name}" type="t:AttributedURIType"/>'
        for name in ("MessageID", "To", "Action", "ProblemIRI")
    )
    references = "".join(
        f'<xs:element name="{name}" type="t:EndpointReferenceType"/>'
        for name in ("EndpointReference", "ReplyTo", "From", "FaultTo")
    )
    return (
        f'<xs:schema xmlns:xs="{XSD}" xmlns:t="{ADDRESSING}" targetNamespace="{ADDRESSING}" elementFormDefault="qualified" blockDefault="#all">'
        f'<xs:complexType name="AttributedURIType" mixed="false"><xs:simpleContent><xs:extension base="xs:anyURI">{others}</xs:extension>'
        f"</xs:simpleContent></xs:complexType>{bags}{uris}{references}"
        '<xs:complexType name="EndpointReferenceType"><xs:sequence><xs:element name="Address" type="t:AttributedURIType"/>'
        '<xs:element ref="t:ReferenceParameters" minOccurs="0"/><xs:element ref="t:Metadata" minOccurs="0"/>'
        f'<xs:any namespace="##other" processContents="lax" minOccurs="0" maxOccurs="unbounded"/></xs:sequence>{others}</xs:complexType>'
        '<xs:complexType name="RelatesToType"><xs:simpleContent><xs:extension base="xs:anyURI">'
        '<xs:attribute name="RelationshipType" type="xs:anyURI" default="http://www.w3.org/2005/08/addressing/reply"/>'
        f"{others}</xs:extension></xs:simpleContent></xs:complexType>"
        '<xs:element name="RelatesTo" type="t:RelatesToType"/><xs:attribute name="IsReferenceParameter" type="xs:boolean"/>'
        "</xs:schema>"
    )


def _xml() -> str:
    return (
        f'<xs:schema xmlns:xs="{XSD}" targetNamespace="{XML}">'
        '<xs:attribute name="lang" type="xs:string"/><xs:attribute name="base" type="xs:anyURI"/><xs:attribute name="id" type="xs:ID"/>'
        '<xs:attribute name="space"><xs:simpleType><xs:restriction base="xs:NCName"><xs:enumeration value="default"/>'
        '<xs:enumeration value="preserve"/></xs:restriction></xs:simpleType></xs:attribute>'
        '<xs:attributeGroup name="specialAttrs"><xs:attribute ref="xml:base"/><xs:attribute ref="xml:lang"/><xs:attribute ref="xml:space"/>'
        '<xs:attribute ref="xml:id"/></xs:attributeGroup></xs:schema>'
    )


def _xmlmime() -> str:
    binaries = "".join(
        f'<xs:complexType name="{name}"><xs:simpleContent><xs:extension base="xs:{name}"><xs:attribute ref="m:contentType"/>'
        "</xs:extension></xs:simpleContent></xs:complexType>"
        for name in ("base64Binary", "hexBinary")
    )
    return (
        f'<xs:schema xmlns:xs="{XSD}" xmlns:m="{XMLMIME}" targetNamespace="{XMLMIME}">'
        '<xs:attribute name="contentType"><xs:simpleType><xs:restriction base="xs:string"><xs:minLength value="3"/></xs:restriction>'
        '</xs:simpleType></xs:attribute><xs:attribute name="expectedContentTypes" type="xs:string"/>'
        f"{binaries}</xs:schema>"
    )


def find(address: str) -> bytes | None:
    """The schema known under this namespace or usual address, or None."""
    plain = address.removeprefix("https:").removeprefix("http:").rstrip("/")
    if plain == "//schemas.xmlsoap.org/soap/encoding":
        return _encoding().encode()
    if plain in {"//www.w3.org/2005/08/addressing", "//www.w3.org/2006/03/addressing/ws-addr.xsd"}:
        return _addressing().encode()
    if plain == "//www.w3.org/2003/05/soap-encoding":
        return _encoding_12().encode()
    if plain in {"//www.w3.org/2001/xml.xsd", "//www.w3.org/2001/03/xml.xsd", "//www.w3.org/XML/1998/namespace"}:
        return _xml().encode()
    if plain == "//www.w3.org/2005/05/xmlmime":
        return _xmlmime().encode()
    return None
