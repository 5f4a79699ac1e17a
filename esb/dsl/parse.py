"""Nodes to model: canonical and compact notation, guided by the declared fields alone.

Every finding is noted and parsing goes on, so that one run of ``esb check`` tells them all.
"""

from __future__ import annotations

import re
from typing import Any, Final, TypeVar

from esb.dsl import mistakes
from esb.dsl.elsewhere import instead
from esb.dsl.model import CLAUSES
from esb.dsl.nodes import ListNode, MapNode, Node, ScalarNode, to_python
from esb.dsl.placeholders import Properties
from esb.dsl.uri import Parameters
from esb.errors import ConfigError, OptionError, Position, RouteSyntaxError, UnknownName
from esb.expression import LanguageSpec
from esb.fields import Field, Kind, Spec, convert
from esb.registry import Registry
from esb.secret import Secret
from esb.step import StepSpec

TAKES_REST: Final = frozenset(
    {
        "split",
        "filter",
        "loop",
        "aggregate",
        "idempotentConsumer",
        "multicast",
        "pipeline",
        "saga",
        "resequence",
        "kamelet",
        *CLAUSES,
    }
)
"""Blocks that take the rest of the list as their steps when they have none of their own (seen in Camel 4.17)."""
_TOP_ONLY: Final = frozenset({*CLAUSES, "saga"})
"""What concerns a route as a whole, so it stands among its outermost steps."""


S = TypeVar("S", bound=Spec)


def camel_case(name: str) -> str:
    """``set-body`` -> ``setBody``."""
    return re.sub(r"-([a-z0-9])", lambda found: found[1].upper(), name)


def _text_at(node: Node) -> Position:
    """Where a text itself begins: behind its quotes, for those who find a fault within it."""
    quoted = isinstance(node, ScalarNode) and node.style in {"'", '"'}
    return Position(node.at.file, node.at.line, node.at.column + 1) if quoted else node.at


class Parser:
    """Parses one document. ``properties`` replace placeholders; ``findings`` collects what is wrong."""

    def __init__(self, registry: Registry, properties: Properties, findings: list[ConfigError]) -> None:
        self._registry = registry
        self._properties = properties
        self.findings = findings
        self.clauses: list[Spec] = []
        """Clauses met among steps; whoever parses a route takes them."""
        self.prefix = ""
        """Put before the ids of steps (nodePrefixId, a templated route's prefixId)."""
        self._depth = 0

    def note(self, error: ConfigError) -> None:
        """Add a finding."""
        self.findings.append(error)

    def text(self, node: Node) -> str:
        """A scalar's text with placeholders replaced; other nodes are a finding."""
        if not isinstance(node, ScalarNode):
            self.note(OptionError(f"a text is expected, not {node}", node.at))
            return ""
        if "{{" not in node.text:
            return node.text
        try:
            return self._properties.resolve(node.text, node.at)
        except ConfigError as error:
            self.note(error)
            return node.text

    # -- specs -----------------------------------------------------------------------------------------------------------------

    def spec(self, cls: type[S], node: Node, at: Position) -> S | None:
        """An instance of a spec class from its node, or None after noting why not."""
        entries = self._entries(cls, node, at)
        if entries is None:
            return None
        values: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        places: dict[str, Position] = {}
        sound = True
        for key, value in entries:
            declared = self._field(cls, key.text)
            if declared is not None:
                places[declared.attribute] = _text_at(value) if issubclass(cls, LanguageSpec) else value.at
                if (
                    isinstance(value, ScalarNode)
                    and value.is_null
                    and declared.kind not in {Kind.TEXT, Kind.SPEC, Kind.SPECS, Kind.EXPRESSION, Kind.STEPS}
                ):
                    continue
                try:
                    values[declared.attribute] = self._value(declared, value, key.at)
                except ConfigError as error:
                    self.note(error)
                    sound = False
            elif not self._inline(cls, key, value, values):
                if cls.lenient:
                    extra[key.text] = to_python(value)
                    continue
                name = cls.name or cls.__name__
                kinds = {
                    "language" if one.kind is Kind.EXPRESSION else "dataformat"
                    for one in cls.fields.values()
                    if one.inline
                }
                hint = next(filter(None, (instead(kind, key.text) for kind in sorted(kinds))), "")
                self.note(UnknownName(f"option of {name}", key.text, self._understood(cls), key.at, hint))
                sound = False
        for declared in cls.fields.values():
            if not declared.required or values.get(declared.attribute) is not None:
                continue
            if declared.attribute not in values and sound:
                wanted = (
                    "an expression (simple, constant, header ...)"
                    if declared.kind is Kind.EXPRESSION
                    else repr(declared.name)
                )
                self.note(OptionError(f"{cls.name or 'this'} needs {wanted}", at, declared.doc))
            sound = False  # what was given but could not be read is noted already
        if not sound:
            return None
        if cls.one_of and not any(isinstance(values.get(name), Spec) for name in cls.one_of):
            known = ", ".join(cls.fields[name].name for name in cls.fields if cls.fields[name].attribute in cls.one_of)
            self.note(OptionError(f"{cls.name!r} is empty", at, f"name one of {known}"))
            return None
        made = cls(at, extra, **values)
        made.places = places
        return made

    def _entries(self, cls: type[Spec], node: Node, at: Position) -> tuple[tuple[ScalarNode, Node], ...] | None:
        if isinstance(node, MapNode):
            return node.entries
        if isinstance(node, ScalarNode):
            if node.is_null and not issubclass(
                cls, LanguageSpec
            ):  # an expression keeps its text, ``null`` and none too
                return ()
            for declared in cls.fields.values():
                if declared.scalar:
                    return ((ScalarNode(declared.name, node.at), node),)
            for declared in cls.fields.values():
                if declared.kind is Kind.FORMAT and declared.inline:
                    return ((ScalarNode(node.text, node.at), ScalarNode("", node.at)),)
        self.note(
            OptionError(
                f"{cls.name or 'this'} takes a map of options, not {node}",
                node.at or at,
                (mistakes.missing_space(node) if isinstance(node, ScalarNode) else "")
                or f"options: {', '.join(cls.fields)}",
            )
        )
        return None

    def _understood(self, cls: type[Spec]) -> list[str]:
        """The options of a class with the languages or formats that may stand beside them."""
        known = list(cls.fields)
        for declared in cls.fields.values():
            if declared.inline:
                known += self._registry.names("language" if declared.kind is Kind.EXPRESSION else "dataformat")
        return known

    def _field(self, cls: type[Spec], key: str) -> Field | None:
        declared = cls.fields.get(key) or cls.fields.get(camel_case(key))
        if declared is None:
            declared = next((known for known in cls.fields.values() if key in known.aliases), None)
        return declared

    def _inline(self, cls: type[Spec], key: ScalarNode, value: Node, values: dict[str, Any]) -> bool:
        """Take a language or data format that stands beside the other options. False if the key is neither."""
        for declared in cls.fields.values():
            if not declared.inline:
                continue
            kind = "language" if declared.kind is Kind.EXPRESSION else "dataformat"
            found = self._registry.find(kind, camel_case(key.text))
            if found is not None:
                if declared.kind is Kind.FORMAT:
                    self._filled(key, value)
                if declared.kind is Kind.EXPRESSION and declared.attribute in values:
                    told = f"{cls.name or 'this'} has two expressions, the second one in {key.text!r}"
                    self.note(OptionError(told, key.at, "keep one of them"))
                values[declared.attribute] = self.spec(found, value, key.at)
                return True
        return False

    def _filled(self, key: ScalarNode, value: Node) -> None:
        """Note a name with nothing behind it, where Camel takes at least an empty map."""
        if isinstance(value, ScalarNode) and value.is_null and not value.quoted:
            self.note(OptionError(f"{key.text!r} has nothing behind it", key.at, f"write '{key.text}: {{}}'"))

    def _value(self, declared: Field, node: Node, at: Position) -> Any:
        match declared.kind:
            case Kind.EXPRESSION:
                return self.expression(node, at)
            case Kind.FORMAT:
                return self.keyed("dataformat", node, at)
            case Kind.STEPS:
                return self.steps(node)
            case Kind.SPEC:
                assert declared.spec is not None
                return self.spec(declared.spec, node, at)
            case Kind.SPECS:
                return self._specs(declared, node)
            case Kind.MAP:
                return self._map(node)
            case Kind.ANY:
                return self.plain(node)
            case Kind.NAMES if isinstance(node, ListNode):
                return tuple(self.text(item) for item in node)
        if not isinstance(node, ScalarNode):
            raise OptionError(f"{declared.name!r} takes a {declared.kind.value}, not {node}", node.at)
        text = self._resolved(declared, node)
        if text is None:
            return None if declared.required else declared.default
        try:
            plain = text if declared.raw or declared.kind is Kind.TEXT else text.strip()
            return convert(declared, Secret(plain) if isinstance(text, Secret) else plain)
        except ValueError as error:
            raise OptionError(f"{declared.name!r}: {error}", node.at) from None

    def _resolved(self, declared: Field, node: ScalarNode) -> str | None:
        if "{{" not in node.text:
            return node.text
        if declared.kind is Kind.URI:
            return self._properties.resolve_uri(node.text, node.at)
        return self._properties.resolve_optional(node.text, node.at)

    def _specs(self, declared: Field, node: Node) -> tuple[Spec, ...]:
        assert declared.spec is not None
        if not isinstance(node, ListNode):
            raise OptionError(
                f"{declared.name!r} takes a list, not {node}", node.at, "begin each of its items with '- '"
            )
        parsed = []
        for item in node.items:
            inner, at = item, item.at
            wrapper = declared.spec.name
            if (
                isinstance(item, MapNode) and wrapper and item.keys() == [wrapper]
            ):  # `onException: [{onException: {...}}]`
                inner = item.entries[0][1]
            one = self.spec(declared.spec, inner, at)
            if one is not None:
                parsed.append(one)
        return tuple(parsed)

    def _map(self, node: Node) -> dict[str, Any]:
        if isinstance(node, MapNode):
            given = [(key, value) for key, value in node if not self._unset(value)]
            values = {key.text: self.plain(value) for key, value in given}
            return Parameters(values, {key.text: key.at for key, _ in given})
        raise OptionError(f"a map of names and values is expected, not {node}", node.at)

    def _unset(self, node: Node) -> bool:
        """Whether a value is nothing but an optional placeholder that nobody gives: its option is then not given."""
        if not isinstance(node, ScalarNode) or "{{?" not in node.text:
            return False
        try:
            return self._properties.resolve_optional(node.text, node.at) is None
        except ConfigError:
            return False  # said when the value is read

    def plain(self, node: Node) -> Any:
        """Plain data with placeholders replaced in every text."""
        if isinstance(node, MapNode):
            return {key.text: self.plain(value) for key, value in node}
        if isinstance(node, ListNode):
            return [self.plain(item) for item in node]
        return self.text(node) if "{{" in node.text else to_python(node)

    # -- expressions -----------------------------------------------------------------------------------------------------------

    def expression(self, node: Node, at: Position) -> Any:
        """``{simple: ...}``, or the same under another ``expression``."""
        if isinstance(node, ScalarNode):
            language = "constant" if node.text.strip().lower() in {"true", "false"} else "simple"
            hint = f"write {{{language}: ...}}, or the language that is meant"
            raise OptionError(f"an expression is a map with its language as the key, not {node}", node.at or at, hint)
        if isinstance(node, MapNode) and "expression" in node and len(node) == 1:
            return self.expression(node.entries[0][1], at)
        return self.keyed("language", node, at)

    def keyed(self, kind: str, node: Node, at: Position) -> Any:
        """A language or data format as a map with one key: its name."""
        if isinstance(node, ScalarNode) and not node.is_null:
            node = MapNode(((node, ScalarNode("", node.at)),), node.at)
        if not isinstance(node, MapNode) or len(node) != 1:
            raise OptionError(f"one {kind} is expected: a map with its name as the only key, not {node}", node.at or at)
        key, value = node.entries[0]
        if kind == "dataformat":
            self._filled(key, value)
        found = self._registry.find(kind, camel_case(key.text))
        if found is None:
            raise UnknownName(kind, key.text, self._registry.names(kind), key.at, instead(kind, key.text))
        return self.spec(found, value, key.at)

    # -- steps -----------------------------------------------------------------------------------------------------------------

    def steps(self, node: Node) -> tuple[StepSpec, ...]:
        """A list of steps. Clauses among them (onException first in a route) go to ``clauses``."""
        if not isinstance(node, ListNode):
            self.note(RouteSyntaxError(f"steps are a list, not {node}", node.at, "begin each step with '- '"))
            return ()
        self._depth += 1
        try:
            return self._list(node)
        finally:
            self._depth -= 1

    def _list(self, node: ListNode) -> tuple[StepSpec, ...]:
        parsed: list[StepSpec] = []
        for index, item in enumerate(node.items):
            if not isinstance(item, MapNode) or len(item) != 1:
                self.note(self._not_a_step(item))
                continue
            key, value = item.entries[0]
            name = key.text  # options may be written in kebab case, names of steps may not
            if name in _TOP_ONLY and self._depth > 1:
                self.note(
                    OptionError(f"{name} stands inside a block", key.at, "move it to the top of the route's steps")
                )
            if name in CLAUSES:
                value, took = self._with_rest(name, CLAUSES[name], value, node.items[index + 1 :])
                clause = self.spec(CLAUSES[name], value, key.at)
                if clause is not None:
                    self.clauses.append(clause)
            else:
                found = self._registry.find("step", name)
                if found is None:
                    self.note(UnknownName("step", name, self._registry.names("step"), key.at, instead("step", name)))
                    continue
                self._filled(key, value)
                value, took = self._with_rest(name, found, value, node.items[index + 1 :])
                step = self.spec(found, value, key.at)
                if step is not None:
                    if self.prefix and step.id:
                        step.id = self.prefix + step.id
                    parsed.append(step)
            if took:
                break
        return tuple(parsed)

    def _with_rest(self, name: str, cls: type[Spec], value: Node, rest: tuple[Node, ...]) -> tuple[Node, bool]:
        """The step's node, with the rest of the list as its steps if it takes them; and whether it did."""
        if name not in TAKES_REST or "steps" not in cls.fields or not rest:
            return value, False
        given = value.get("steps") if isinstance(value, MapNode) else None
        if given is not None and not (isinstance(given, ListNode) and not given.items):
            return value, False
        entries = value.without("steps").entries if isinstance(value, MapNode) else ()
        if isinstance(value, ScalarNode) and not value.is_null:
            short = next((declared.name for declared in cls.fields.values() if declared.scalar), None)
            if short is None:
                return value, False
            entries = ((ScalarNode(short, value.at), value),)
        return MapNode((*entries, (ScalarNode("steps", value.at), ListNode(rest, rest[0].at))), value.at), True

    def _not_a_step(self, item: Node) -> ConfigError:
        if isinstance(item, ScalarNode):
            hint = mistakes.missing_space(item) or f"write '- {item.text}: {{}}'"
            return RouteSyntaxError(f"a step is a map with its name as the key, not {item}", item.at, hint)
        if isinstance(item, MapNode) and len(item) > 1:
            first, second = item.keys()[:2]
            hint = f"indent {second!r} below {first!r}, or begin it with '- ' as a step of its own"
            return RouteSyntaxError(
                f"a step has one key, its name; here are {len(item)}: {', '.join(item.keys())}", item.at, hint
            )
        return RouteSyntaxError(f"a step is a map with its name as the key, not {item}", item.at)
