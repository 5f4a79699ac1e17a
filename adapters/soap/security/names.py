"""Namespaces, token types and algorithms of WS-Security.

Sources: WS-Security 1.1.1 with its Username, X.509 and SAML token profiles; XML Signature and XML Encryption 1.1. What is not in these tables is not
spoken: no SHA-1 signatures unless asked for by name, no HMAC, no RSA 1.5 key transport, no XPath or XSLT transforms.
"""

from __future__ import annotations

from typing import Final

WSSE: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
WSSE11: Final = "http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd"
DS: Final = "http://www.w3.org/2000/09/xmldsig#"
XENC: Final = "http://www.w3.org/2001/04/xmlenc#"
XENC11: Final = "http://www.w3.org/2009/xmlenc11#"
EXC_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
SAML1: Final = "urn:oasis:names:tc:SAML:1.0:assertion"
SAML2: Final = "urn:oasis:names:tc:SAML:2.0:assertion"

_PROFILE: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
BASE64: Final = f"{_PROFILE}soap-message-security-1.0#Base64Binary"
X509V3: Final = f"{_PROFILE}x509-token-profile-1.0#X509v3"
SKI: Final = f"{_PROFILE}x509-token-profile-1.0#X509SubjectKeyIdentifier"
THUMBPRINT: Final = "http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1#ThumbprintSHA1"
ENCRYPTED_KEY: Final = "http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1#EncryptedKey"
PASSWORD_TEXT: Final = f"{_PROFILE}username-token-profile-1.0#PasswordText"
PASSWORD_DIGEST: Final = f"{_PROFILE}username-token-profile-1.0#PasswordDigest"

CONTENT: Final = f"{XENC}Content"
ELEMENT: Final = f"{XENC}Element"

SECURITY: Final = f"{{{WSSE}}}Security"
ID: Final = f"{{{WSU}}}Id"
TIMESTAMP: Final = f"{{{WSU}}}Timestamp"
USERNAME_TOKEN: Final = f"{{{WSSE}}}UsernameToken"
TOKEN: Final = f"{{{WSSE}}}BinarySecurityToken"
REFERENCE: Final = f"{{{WSSE}}}SecurityTokenReference"
SIGNATURE: Final = f"{{{DS}}}Signature"
ENCRYPTED_DATA: Final = f"{{{XENC}}}EncryptedData"
ENCRYPTED_HEADER: Final = f"{{{WSSE11}}}EncryptedHeader"
ASSERTIONS: Final = frozenset({f"{{{SAML1}}}Assertion", f"{{{SAML2}}}Assertion"})

_MORE: Final = "http://www.w3.org/2001/04/xmldsig-more#"
SIGNATURES: Final = {
    "rsa-sha256": f"{_MORE}rsa-sha256",
    "rsa-sha384": f"{_MORE}rsa-sha384",
    "rsa-sha512": f"{_MORE}rsa-sha512",
    "ecdsa-sha256": f"{_MORE}ecdsa-sha256",
    "ecdsa-sha384": f"{_MORE}ecdsa-sha384",
    "ecdsa-sha512": f"{_MORE}ecdsa-sha512",
    "rsa-sha1": f"{DS}rsa-sha1",
}
DIGESTS: Final = {
    "sha256": f"{XENC}sha256",
    "sha384": f"{_MORE}sha384",
    "sha512": f"{XENC}sha512",
    "sha1": f"{DS}sha1",
}
CIPHERS: Final = {
    "aes128-gcm": f"{XENC11}aes128-gcm",
    "aes192-gcm": f"{XENC11}aes192-gcm",
    "aes256-gcm": f"{XENC11}aes256-gcm",
    "aes128-cbc": f"{XENC}aes128-cbc",
    "aes192-cbc": f"{XENC}aes192-cbc",
    "aes256-cbc": f"{XENC}aes256-cbc",
}
TRANSPORTS: Final = {"rsa-oaep-mgf1p": f"{XENC}rsa-oaep-mgf1p", "rsa-oaep": f"{XENC11}rsa-oaep"}
MASKS: Final = {f"{XENC11}mgf1{name}": name for name in ("sha1", "sha256", "sha384", "sha512")}

ALGORITHMS: Final = (*SIGNATURES, *DIGESTS, *CIPHERS, *TRANSPORTS)
DEFAULT_ALGORITHMS: Final = frozenset(ALGORITHMS) - {"rsa-sha1", "sha1", "aes128-cbc", "aes192-cbc", "aes256-cbc"}
"""What is taken unless a policy lists others. CBC has no integrity of its own, and its padding tells what it should not."""


def known(table: dict[str, str], uri: str) -> str:
    """The short name of an algorithm's URI, empty if it is not in the table."""
    return next((name for name, known in table.items() if known == uri), "")
