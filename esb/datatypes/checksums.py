"""Check digits and digests."""

from __future__ import annotations

import hashlib
import hmac
import re
import zlib
from collections.abc import Callable
from typing import Final

_BLANKS: Final = re.compile(r"[\s-]+")


def mod10(text: str) -> bool:
    """Luhn's algorithm (ISO/IEC 7812-1 annex B): card numbers, IMEI. Blanks and hyphens are skipped."""
    digits = _BLANKS.sub("", text)
    if not (digits.isascii() and digits.isdecimal()):
        return False
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def mod97(text: str) -> bool:
    """ISO/IEC 7064 MOD 97-10 with the two check digits at the end: LEI. Letters count as 10 to 35."""
    found = _BLANKS.sub("", text).upper()
    if not found.isascii() or not found.isalnum() or len(found) > _LONGEST:
        return False
    return int("".join(str(int(sign, 36)) for sign in found)) % 97 == 1


def iban(text: str) -> bool:
    """MOD 97-10 with the country and check digits in front (ISO 13616): IBAN, RF references (ISO 11649)."""
    found = _BLANKS.sub("", text)
    return len(found) > 4 and mod97(found[4:] + found[:4])


_LONGEST: Final = 1000

DIGITS: Final[dict[str, Callable[[str], bool]]] = {"mod10": mod10, "mod97": mod97, "iban": iban}
"""Algorithms whose check digits are part of the text itself."""

DIGESTS: Final[dict[str, Callable[[bytes], str]]] = {
    "crc32": lambda data: f"{zlib.crc32(data):08x}",
    "sha256": lambda data: hashlib.sha256(data).hexdigest(),
}
"""Digests of other fields, in hexadecimal."""


def digest_fits(algorithm: str, data: bytes, given: str) -> bool:
    """Whether a digest, in hexadecimal of either case, is the one of the data. Takes the same time for every wrong one."""
    return hmac.compare_digest(DIGESTS[algorithm](data).encode(), given.strip().lower().encode())
