"""Timestamp and UsernameToken, written and checked (WS-Security 1.1.1 section 10, Username Token Profile 1.1.1)."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from adapters.soap.security.names import (
    BASE64,
    ID,
    PASSWORD_DIGEST,
    PASSWORD_TEXT,
    TIMESTAMP,
    USERNAME_TOKEN,
    WSSE,
    WSU,
)
from adapters.soap.security.refusal import Refused

Element = Any  # lxml's stubs are older than lxml

_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_LAST_YEAR: Final = 9000
_NONCE_BYTES: Final = 16
_NOBODY: Final = secrets.token_hex(16)


def new_id(kind: str) -> str:
    """An id that nobody else has, for a message that is no copy of another (some stacks take equal messages for replays)."""
    return f"{kind}-{secrets.token_hex(16)}"


def stamp(moment: dt.datetime) -> str:
    """A moment as text, to the millisecond."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def timestamp(now: dt.datetime, ttl: float) -> Element:
    """A Timestamp that is good for ``ttl`` seconds."""
    from lxml import etree

    node: Element = etree.Element(TIMESTAMP, {ID: new_id("TS")}, nsmap={"wsu": WSU})
    etree.SubElement(node, f"{{{WSU}}}Created").text = stamp(now)
    etree.SubElement(node, f"{{{WSU}}}Expires").text = stamp(now + dt.timedelta(seconds=ttl))
    return node


def check_timestamp(node: Element, now: dt.datetime, skew: float, oldest: float) -> float:
    """Raise :class:`Refused` unless the message is of now: made at most ``oldest`` seconds ago, not in the future, not expired.

    ``skew`` is how many seconds the clocks may differ. Returns the seconds until it would be refused.
    """
    names = [child.tag for child in node]
    if names not in ([f"{{{WSU}}}Created"], [f"{{{WSU}}}Created", f"{{{WSU}}}Expires"]):
        raise Refused("InvalidSecurity", "a Timestamp holds Created, and after it Expires")
    created = _moment(node[0].text)
    ends = created + dt.timedelta(seconds=oldest)
    if len(node) > 1:
        expires = _moment(node[1].text)
        if expires <= created:
            raise Refused("InvalidSecurity", "a Timestamp expires before it was made")
        ends = min(ends, expires)
    return _fresh(created, ends, now, skew)


def username_token(username: str, password: str, now: dt.datetime, *, digest: bool) -> Element:
    """A UsernameToken with nonce and time."""
    from lxml import etree

    node: Element = etree.Element(USERNAME_TOKEN, {ID: new_id("UT")}, nsmap={"wsse": WSSE, "wsu": WSU})
    nonce, created = secrets.token_bytes(_NONCE_BYTES), stamp(now)
    etree.SubElement(node, f"{{{WSSE}}}Username").text = username
    told = password_digest(nonce, created, password) if digest else password
    kind = PASSWORD_DIGEST if digest else PASSWORD_TEXT
    etree.SubElement(node, f"{{{WSSE}}}Password", Type=kind).text = told
    shown = base64.b64encode(nonce).decode("ascii")
    etree.SubElement(node, f"{{{WSSE}}}Nonce", EncodingType=BASE64).text = shown
    etree.SubElement(node, f"{{{WSU}}}Created").text = created
    return node


def password_digest(nonce: bytes, created: str, password: str) -> str:
    """SHA-1 is what the profile says; what makes guessing hard is a long password."""
    data = nonce + created.encode() + password.encode()
    return base64.b64encode(hashlib.sha1(data, usedforsecurity=False).digest()).decode("ascii")


@dataclass(frozen=True, slots=True)
class Login:
    """Who a UsernameToken says it is, and what must not come twice within ``seconds``."""

    username: str
    nonce: str
    seconds: float


def check_username(
    node: Element,
    password_of: Callable[[str], str | None],
    now: dt.datetime,
    *,
    digest: bool,
    skew: float,
    oldest: float,
) -> Login:
    """Raise :class:`Refused` unless the token holds a user's password in the declared form.

    An unknown user costs the same time as a wrong password.
    """
    parts: dict[str, Element] = {}
    for child in node:
        if child.tag in parts:
            raise Refused("InvalidSecurityToken", "a UsernameToken has two of one part")
        parts[child.tag] = child
    username = _text(parts.get(f"{{{WSSE}}}Username"))
    given = parts.get(f"{{{WSSE}}}Password")
    if not username or given is None or not given.text:
        raise Refused("InvalidSecurityToken", "a UsernameToken without name or password")
    if (given.get("Type") or PASSWORD_TEXT) != (PASSWORD_DIGEST if digest else PASSWORD_TEXT):
        raise Refused("FailedAuthentication", "the password comes in another form than is declared")
    nonce, created = _nonce(parts.get(f"{{{WSSE}}}Nonce")), _text(parts.get(f"{{{WSU}}}Created"))
    seconds = 0.0
    if digest and (not nonce or not created):
        raise Refused("InvalidSecurityToken", "a password digest without nonce or time")
    if created:
        moment = _moment(created)
        seconds = _fresh(moment, moment + dt.timedelta(seconds=oldest), now, skew)
    real = password_of(username)
    secret = _NOBODY if real is None else real
    expected = password_digest(nonce, created, secret) if digest else secret
    same = hmac.compare_digest(expected.encode(), (given.text if not digest else given.text.strip()).encode())
    if not same or real is None or not real:
        raise Refused("FailedAuthentication", f"no such user or a wrong password ({username[:60]!r})")
    name = hashlib.sha256(b"\0".join((username.encode(), nonce, created.encode()))).hexdigest() if nonce else ""
    return Login(username, name, seconds or oldest + skew)


def _fresh(created: dt.datetime, ends: dt.datetime, now: dt.datetime, skew: float) -> float:
    tolerance = dt.timedelta(seconds=skew)
    if created > now + tolerance:
        raise Refused("MessageExpired", "it was made in the future: compare the clocks")
    left = (ends + tolerance - now).total_seconds()
    if left <= 0:
        raise Refused("MessageExpired", f"it expired {-left:.0f} s ago")
    return left


def _moment(text: str | None) -> dt.datetime:
    plain = (text or "").strip()
    if not _TIME.fullmatch(plain):
        raise Refused("InvalidSecurity", "a time without a zone, or no time")
    try:
        found = dt.datetime.fromisoformat(plain)
    except ValueError as exc:
        raise Refused("InvalidSecurity", "no time") from exc
    if not 1 < found.year < _LAST_YEAR:  # the calendar ends there, and what is added to it fails
        raise Refused("InvalidSecurity", "a time at the end of all times")
    return found


def _nonce(node: Element) -> bytes:
    if node is None:
        return b""
    try:
        nonce = base64.b64decode(_text(node), validate=True)
    except ValueError as exc:
        raise Refused("InvalidSecurityToken", "a nonce that is no base64") from exc
    if not 8 <= len(nonce) <= 256:
        raise Refused("InvalidSecurityToken", "a nonce that is too short or too long")
    return nonce


def _text(node: Element) -> str:
    return "" if node is None else (node.text or "").strip()
