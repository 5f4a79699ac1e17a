"""What the linter finds beyond what loading refuses: one row a rule, with a code that stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from esb.errors import NOWHERE, ConfigError, Position

ERROR: Final = "error"
WARNING: Final = "warning"


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of finding. An error does not run as it is written; a warning may be meant."""

    code: str
    level: str
    title: str
    why: str


class Finding(ConfigError):
    """A finding of one rule, at its place."""

    def __init__(self, rule: Rule, message: str, at: Position = NOWHERE, hint: str = "") -> None:
        super().__init__(message, at, hint)
        self.rule = rule
        self.code = rule.code  # type: ignore[misc]  # one class for all rules: the code belongs to the rule
        self.level = rule.level  # type: ignore[misc]  # as the code

    def __str__(self) -> str:
        told = super().__str__()
        return told if self.level == ERROR else told.replace(f"[{self.code}]", f"[{self.code}] {self.level}:", 1)


COMPACT = Rule(
    "ESB-L001",
    WARNING,
    "compact notation",
    "Camel deprecates it: its newer versions warn, and editors know the canonical notation best. 'esb fmt' rewrites it.",
)
DEPRECATED = Rule(
    "ESB-L002", WARNING, "deprecated option", "It may go in a later version; the finding says what to write instead."
)
GLUED = Rule(
    "ESB-L003",
    WARNING,
    "no blank after a colon",
    "'message:hello' is a text to YAML, not an option with a value.",
)
NOT_READ = Rule(
    "ESB-L004",
    ERROR,
    "a file of which nothing is read",
    "A route file is a list of elements. A map that is no kamelet is accepted, as in Camel, and does nothing.",
)
NO_CONSUMER_DIRECT = Rule(
    "ESB-L010",
    ERROR,
    "nobody consumes a direct endpoint",
    "Every message sent there fails: no route begins with it.",
)
NO_CONSUMER = Rule(
    "ESB-L011",
    WARNING,
    "nobody consumes a channel",
    "Messages sent to this seda: or bus: channel pile up, unless somebody outside of the project takes them.",
)
NO_SENDER = Rule(
    "ESB-L012",
    WARNING,
    "nobody sends to a route",
    "No route, rest element or bean of the project names this direct: or seda: endpoint.",
)
UNKNOWN_ROUTE = Rule("ESB-L014", ERROR, "a route that is not there", "A controlbus: endpoint names it.")
UNKNOWN_CONFIGURATION = Rule(
    "ESB-L015",
    WARNING,
    "a route configuration that is not there",
    "The route runs without it, and so perhaps without its error handling.",
)
UNKNOWN_PARAMETER = Rule(
    "ESB-L016",
    WARNING,
    "a parameter that the template does not have",
    "The value goes nowhere: look for a slip in its name.",
)
CIRCLE = Rule(
    "ESB-L017",
    ERROR,
    "routes that call each other in a circle",
    "Each message that comes here runs round until the stack is full: nothing on the way can end it.",
)
UNREACHABLE = Rule("ESB-L020", WARNING, "unreachable steps", "What stands before them ends the route in every case.")
NEVER_TAKEN = Rule(
    "ESB-L021",
    WARNING,
    "a branch that is never taken",
    "An earlier branch has the same condition or always holds, or an earlier doCatch takes the same failures.",
)
AFTER_OTHERWISE = Rule(
    "ESB-L022",
    WARNING,
    "when after otherwise",
    "The branches of 'when' are tried first all the same: it reads as if not.",
)
IDLE = Rule(
    "ESB-L023",
    WARNING,
    "a block around nothing",
    "It does nothing, or takes care of no failure: something is missing.",
)
CLEAR_SECRET = Rule(
    "ESB-L030",
    WARNING,
    "a secret in clear",
    "Whoever can read the file or its history has it. Write {{credential:NAME}} or {{env:NAME}}.",
)
WRITABLE = Rule(
    "ESB-L031",
    WARNING,
    "a file that others may change",
    "Whoever may write a route file runs code with the rights of the bus.",
)
BAD_JSONPATH = Rule(
    "ESB-L040",
    WARNING,
    "a jsonpath that cannot be read",
    "As in Camel it fails every message, not the start.",
)
DEAD_PROPERTY = Rule(
    "ESB-L041",
    WARNING,
    "a property that nobody uses",
    "Nothing in the project asks for this placeholder.",
)
UNUSED = Rule(
    "ESB-L042",
    WARNING,
    "a declaration that nobody uses",
    "No file of the project names this bean, route template or data type again.",
)
BLANKS_CUT = Rule(
    "ESB-L043",
    WARNING,
    "blanks in quotes that are cut",
    "As in Camel an expression's text loses blanks and line breaks at its ends: lines that are appended to a file so run together. "
    "Write 'trim: false' beside the expression.",
)
WARNED = Rule(
    "ESB-L044",
    WARNING,
    "what loading warns of",
    "It runs, but not as one would expect: the finding says what to do.",
)
NOT_TAKEN = Rule(
    "ESB-L050",
    ERROR,
    "a body that an endpoint does not take",
    "What is known of the body at this step is enough to say that the call further on fails for every message.",
)
SOMETIMES_NOT_TAKEN = Rule(
    "ESB-L051",
    WARNING,
    "a body that an endpoint does not take on some ways",
    "Messages that come by this branch fail at the call further on.",
)

RULES: Final = tuple(value for value in list(vars().values()) if isinstance(value, Rule))
"""All rules, in the order of their codes."""
