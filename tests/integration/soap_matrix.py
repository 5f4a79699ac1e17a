"""Which peer was tried with what, both ways: collected from the tests' marks and outcomes, shown in docs/reference/soap-interop.md.

A test says ``@pytest.mark.interop(peer, feature, direction)``; several tests of one cell must all pass. Run as a program, this writes the page.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "build" / "soap-interop.json"
PAGE = ROOT / "docs" / "reference" / "soap-interop.md"

TO, FROM = "we call it", "it calls us"
FEATURES = (
    "document/literal",
    "header",
    "declared fault",
    "undeclared fault",
    "invalid request refused",
    "SOAP 1.2",
    "rpc/literal",
    "MTOM",
    "binary in the envelope",
    "SwA",
    "WS-Addressing",
    "UsernameToken text",
    "UsernameToken digest, Timestamp",
    "signature, token reference",
    "signature, issuer and serial",
    "signed, then encrypted",
    "encrypted, then signed",
    "AES-CBC",
    "UsernameToken, signature, encrypted signature",
    "missing security refused",
)
LACKS = {
    ("PHP", "MTOM", ""): "PHP's extension has no MTOM",
    ("PHP", "SwA", ""): "PHP's extension has no attachments",
    ("PHP", "WS-Addressing", ""): "PHP's extension has no WS-Addressing",
    ("PHP", "security", ""): "PHP's extension has no WS-Security",
    ("node soap", "MTOM", ""): "node's soap sends no MTOM",
    ("node soap", "WS-Addressing", ""): "node's soap has no WS-Addressing",
    (
        "node soap",
        "security",
        TO,
    ): "node's soap verifies no signatures, decrypts nothing and knows no passwords in clear as a service",
    ("node soap", "security", FROM): "node's soap signs with a token reference only, and encrypts nothing",
    ("node soap", "SwA", TO): "node's service takes no attachments",
    ("node soap", "binary in the envelope", TO): "to node's service base64 is text like any other",
    ("SOAP::Lite", "SOAP 1.2", ""): "SOAP::Lite has no document/literal over SOAP 1.2",
    ("SOAP::Lite", "MTOM", ""): "SOAP::Lite has no MTOM",
    ("SOAP::Lite", "SwA", ""): "SOAP::Lite attaches through MIME::Entity only, which is not installed with it",
    ("SOAP::Lite", "binary in the envelope", ""): "to SOAP::Lite base64 is text like any other",
    ("SOAP::Lite", "WS-Addressing", ""): "SOAP::Lite has no WS-Addressing",
    ("SOAP::Lite", "security", ""): "SOAP::Lite has no WS-Security",
    ("CXF", "SwA", ""): "CXF attaches parts that are not in the contract by MTOM only",
    ("zeep", "", TO): "zeep is a client",
    ("zeep", "MTOM", FROM): "zeep sends no MTOM",
    ("zeep", "SwA", FROM): "zeep sends no attachments",
    ("zeep", "security", FROM): "zeep signs through xmlsec, which is not installed with it, and encrypts nothing",
    ("spyne", "", FROM): "spyne is a service",
    ("spyne", "declared fault", TO): "spyne's faults do not hold the element that its WSDL declares",
    ("spyne", "rpc/literal", TO): "spyne has no rpc",
    ("spyne", "MTOM", TO): "spyne's MTOM fails on an envelope that begins with an XML declaration",
    ("spyne", "SwA", TO): "spyne takes no attachments",
    ("spyne", "WS-Addressing", TO): "spyne has no WS-Addressing",
    ("spyne", "security", TO): "spyne has no WS-Security",
}
REFUSES = {"invalid request refused", "missing security refused"}
"""What only a service can do."""
_SECURITY = frozenset(FEATURES[FEATURES.index("UsernameToken text") :])


def collect(outcomes: dict[tuple[str, str, str], list[tuple[str, str]]]) -> None:
    """Put the outcomes of a run into the results, in the place of older ones of the same cell."""
    known: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for (peer, feature, direction), tests in outcomes.items():
        ran = [(name, outcome) for name, outcome in tests if outcome != "skipped"]
        if ran:
            told = {"tests": sorted(name for name, _ in ran), "passed": all(each == "passed" for _, each in ran)}
            known.setdefault(peer, {}).setdefault(feature, {})[direction] = told
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")


def _lack(peer: str, feature: str, way: str) -> str:
    if way == TO and feature in REFUSES:
        return "it is ours to refuse"
    for asked in (feature, "security" if feature in _SECURITY else feature, ""):
        for direction in (way, ""):
            if (peer, asked, direction) in LACKS:
                return LACKS[peer, asked, direction]
    return ""


def page(results: dict[str, Any]) -> str:
    """The page's text."""
    peers = sorted(results)
    lines = [
        "# SOAP: what was tried with whom",
        "",
        "Made by `make interop` from the results of the tests in `tests/integration`; do not edit. Each cell is one or more tests against the real",
        "peer: a service of ours with its client, or a client of ours with its service. A dash: there is no test. A note says what the peer lacks.",
        "",
        "Tried by hand besides: Metro (the JAX-WS reference implementation), gSOAP and Axis 1.4 with rpc/encoded, both ways; services of Axis 2,",
        "clients of suds and strong-soap, contracts and messages as .NET's WCF writes them. What broke something is kept as unit tests.",
        "",
        "| feature | " + " | ".join(f"{peer}: {way}" for peer in peers for way in (TO, FROM)) + " |",
        "| --- |" + " --- |" * (2 * len(peers)),
    ]
    notes: list[str] = []
    known = [*FEATURES, *sorted({each for peer in results.values() for each in peer} - set(FEATURES))]
    for feature in known:
        cells = []
        for peer in peers:
            for way in (TO, FROM):
                found = results[peer].get(feature, {}).get(way)
                lack = _lack(peer, feature, way)
                if found is not None:
                    cells.append("yes" if found["passed"] else "**no**")
                elif lack:
                    if lack not in notes:
                        notes.append(lack)
                    cells.append(f"({notes.index(lack) + 1})")
                else:
                    cells.append("-")
        lines.append(f"| {feature} | " + " | ".join(cells) + " |")
    lines += ["", *(f"{number}. {note}." for number, note in enumerate(notes, 1))]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(json.loads(RESULTS.read_text())))
