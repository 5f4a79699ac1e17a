"""The JSON Schema of route files, for editors: made of the declared options, for both notations.

Draft 7, which the YAML language servers know best. What the parser takes is valid, placeholders included; a name that it does not know is not.
Values are checked as far as they can be without the project: numbers, durations and choices, not whether a bean exists.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from esb.dsl.grammar import BEANS, DATA_FORMATS, ELEMENTS, PLAIN, alone
from esb.dsl.model import CLAUSES, BeanSpec
from esb.expression import LanguageSpec
from esb.fields import Field, Kind, Spec
from esb.registry import Registry

Schema = dict[str, Any]

_SCALAR: Final[Schema] = {"type": ["string", "number", "boolean", "null"]}
_STEPS: Final = "steps"
_EXPRESSION: Final = "expression"
_PLACEHOLDER: Final = r"\{\{"
_DURATION: Final = r"^\s*-?(\d+(\.\d+)?\s*[A-Za-z]*\s*)+$|^\s*[Pp][Tt]"
_KINDS: Final[dict[Kind, Schema]] = {
    Kind.TEXT: _SCALAR,
    Kind.INT: {"type": ["integer", "string", "null"], "pattern": rf"^\s*[-+]?\d+\s*$|{_PLACEHOLDER}"},
    Kind.FLOAT: {"type": ["number", "string", "null"], "pattern": rf"^\s*[-+.\d][-+.\deE]*\s*$|{_PLACEHOLDER}"},
    Kind.BOOL: {
        "type": ["boolean", "string", "null"],
        "pattern": rf"^\s*([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])\s*$|{_PLACEHOLDER}",
    },
    Kind.DURATION: {"type": ["number", "string", "null"], "pattern": rf"{_DURATION}|{_PLACEHOLDER}"},
    Kind.SIZE: {"type": ["integer", "string", "null"], "pattern": rf"^\s*\d+\s*[A-Za-z]*\s*$|{_PLACEHOLDER}"},
    Kind.URI: _SCALAR,
    Kind.REF: _SCALAR,
    Kind.NAMES: {"type": ["array", *_SCALAR["type"]], "items": _SCALAR},
    Kind.MAP: {"type": ["object", "null"]},
    Kind.ANY: {},
}


def schema(registry: Registry) -> Schema:
    """The schema of a route file, with every step, language and data format that the registry knows."""
    return _Writer(registry).document()


class _Writer:
    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._definitions: dict[str, Schema] = {}
        self._languages = _classes(registry, "language")
        self._formats = _classes(registry, "dataformat")

    def document(self) -> Schema:
        elements = {name: self._ref(cls) for name, cls in ELEMENTS.items()}
        elements[BEANS] = {"type": "array", "items": self._ref(BeanSpec)}
        elements[DATA_FORMATS] = {"if": {"type": "array"}, "then": {"items": self._format()}, "else": self._format()}
        elements |= {name: {} for name in PLAIN}
        elements[_STEPS] = self._steps()
        element = {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": False,
            "properties": elements,
            "dependencies": {_STEPS: ["from"]},
        }
        return {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": "Routes",
            "description": "A route file: Camel's YAML DSL as this bus speaks it, in canonical and compact notation.",
            "type": ["array", "object", "null"],
            "items": element,
            "required": ["kind"],
            "properties": {"kind": {"const": "Kamelet"}},
            "definitions": self._definitions,
        }

    # -- named parts -----------------------------------------------------------------------------------------------------------

    def _ref(self, cls: type[Spec]) -> Schema:
        """A reference to the definition of a class, which is written on first use."""
        name = f"{cls.__module__.rpartition('.')[2].strip('_')}.{cls.__name__}"
        if name not in self._definitions:
            self._definitions[name] = {}  # a step may hold steps
            self._definitions[name] = self._spec(cls)
        return {"$ref": f"#/definitions/{name}"}

    def _spec(self, cls: type[Spec]) -> Schema:
        told: Schema = {"title": cls.name or cls.__name__}
        if cls.__doc__:
            told["description"] = _sentence(cls.__doc__)
        told |= self._object(cls)
        # Keywords for objects say nothing of texts: one schema for all forms gives editors better words than a choice of schemas.
        types = ["object"]
        scalar = alone(cls)
        if scalar is not None:
            value = self._value(scalar)
            types += [name for name in value["type"] if name != "null"]
            told |= {"pattern": value["pattern"]} if "pattern" in value else {}
        elif any(known.kind is Kind.FORMAT and known.inline for known in cls.fields.values()):
            types.append("string")
            told["pattern"] = _words(self._formats)
        if issubclass(cls, LanguageSpec) or not any(declared.required for declared in cls.fields.values()):
            types.append("null")
        return told | {"type": types}

    def _object(self, cls: type[Spec]) -> Schema:
        properties = {name: self._option(declared) for name, declared in cls.fields.items()}
        others = [name for name in map(_kebab, cls.fields) if name not in properties]
        others += [alias for declared in cls.fields.values() for alias in declared.aliases]
        told: Schema = {"type": "object", "properties": properties}
        if not cls.lenient:
            told["additionalProperties"] = False
        inline = [declared for declared in cls.fields.values() if declared.inline]
        for declared in inline:
            beside = self._languages if declared.kind is Kind.EXPRESSION else self._formats
            properties |= {name: self._ref(found) for name, found in beside.items() if name not in cls.fields}
            others += [_kebab(name) for name in beside if _kebab(name) not in properties]
        if others:
            # Older notations: valid, and not offered by editors.
            told["patternProperties"] = {_exactly(others): {}}
        required = [self._needed(declared) for declared in cls.fields.values() if declared.required]
        return told | ({"allOf": required} if required else {})

    def _needed(self, declared: Field) -> Schema:
        """That an option is there, under any of its names."""
        names = {declared.name: None, _kebab(declared.name): None} | dict.fromkeys(declared.aliases)
        if declared.inline:
            beside = self._languages if declared.kind is Kind.EXPRESSION else self._formats
            names |= dict.fromkeys(beside) | {_kebab(name): None for name in beside}
        return {"required": [declared.name]} if len(names) == 1 else {"anyOf": [{"required": [name]} for name in names]}

    # -- options ---------------------------------------------------------------------------------------------------------------

    def _option(self, declared: Field) -> Schema:
        told = dict(self._value(declared))
        notes: Schema = {}
        if declared.doc:
            notes["description"] = _sentence(declared.doc)
        if declared.enum or declared.example:
            notes["examples"] = list(declared.enum) or [declared.example]
        if isinstance(declared.default, (bool, int, float, str)) and declared.kind not in {Kind.DURATION, Kind.SIZE}:
            notes["default"] = declared.default
        if declared.deprecated:
            notes |= {"deprecated": True, "deprecationMessage": declared.deprecated}
        if "$ref" in told and notes:
            told = {"allOf": [told]}  # draft 7 reads nothing beside a reference
        return told | notes

    def _value(self, declared: Field) -> Schema:
        if declared.enum:
            return {"type": ["string", "null"], "pattern": _words(declared.enum)}
        match declared.kind:
            case Kind.EXPRESSION:
                return self._expression()
            case Kind.FORMAT:
                return self._format()
            case Kind.STEPS:
                return self._steps()
            case Kind.SPEC if declared.spec is not None:
                return self._ref(declared.spec)
            case Kind.SPECS if declared.spec is not None:
                item = self._item(declared.spec)
                return {"if": {"type": "array"}, "then": {"items": item}, "else": item}
        return _KINDS[declared.kind]

    def _item(self, cls: type[Spec]) -> Schema:
        """One of a list of parts; it may stand below its own name, as Camel has it in route configurations."""
        one = self._ref(cls)
        if not cls.name or cls.name in cls.fields:
            return one
        own = {"type": "object", "required": [cls.name], "maxProperties": 1}
        return {"if": own, "then": {"properties": {cls.name: one}}, "else": one}

    def _expression(self, name: str = _EXPRESSION) -> Schema:
        """An expression: its language as the key, a plain text (simple), or ``expression`` above either."""
        if name not in self._definitions:
            self._definitions[name] = {}
            told = _keyed(self._languages, self._ref)
            if name == _EXPRESSION:
                told["properties"] = {_EXPRESSION: self._expression("language")} | told["properties"]
            self._definitions[name] = told | {"type": ["object", *_SCALAR["type"]]}
        return {"$ref": f"#/definitions/{name}"}

    def _format(self) -> Schema:
        """A data format as the key of its options, or its name alone."""
        name = "dataFormat"
        if name not in self._definitions:
            self._definitions[name] = {}
            told = _keyed(self._formats, self._ref)
            self._definitions[name] = told | {"type": ["object", "string"], "pattern": _words(self._formats)}
        return {"$ref": f"#/definitions/{name}"}

    def _steps(self) -> Schema:
        if _STEPS not in self._definitions:
            self._definitions[_STEPS] = {}
            names = [name for name in self._registry.names("step") if name not in CLAUSES]
            properties = {name: self._ref(self._registry.lookup("step", name)) for name in names}
            properties |= {name: self._ref(cls) for name, cls in CLAUSES.items()}
            self._definitions["step"] = _only(properties)
            self._definitions[_STEPS] = {"type": ["array", "null"], "items": {"$ref": "#/definitions/step"}}
        return {"$ref": f"#/definitions/{_STEPS}"}


def _classes(registry: Registry, kind: str) -> dict[str, type[Spec]]:
    """What the registry knows of a kind and can import, by its key."""
    found: dict[str, type[Spec]] = {}
    for module in registry.names(kind):
        name = re.sub(r"_([a-z0-9])", lambda part: part[1].upper(), module)
        try:
            cls = registry.find(kind, name)
        except Exception:  # noqa: S112 -- one whose extra is not installed is not offered
            continue
        if cls is not None:
            found[name] = cls
    return dict(sorted(found.items()))


def _only(properties: dict[str, Schema]) -> Schema:
    """A map with exactly one of these keys."""
    return {
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
        "properties": properties,
    }


def _keyed(classes: dict[str, type[Spec]], ref: Callable[[type[Spec]], Schema]) -> Schema:
    """A map with one language or data format as its key."""
    told = _only({key: ref(found) for key, found in classes.items()})
    kebab = [_kebab(key) for key in classes if _kebab(key) != key]
    return told | ({"patternProperties": {_exactly(kebab): {}}} if kebab else {})


def _words(words: Iterable[str]) -> str:
    """The pattern of one of some words, in any case, or of a placeholder."""
    folded = ("".join(f"[{c.upper()}{c.lower()}]" if c.isalpha() else re.escape(c) for c in word) for word in words)
    return rf"^\s*({'|'.join(folded)})\s*$|{_PLACEHOLDER}"


def _exactly(words: Iterable[str]) -> str:
    return f"^({'|'.join(map(re.escape, sorted(set(words))))})$"


def _kebab(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", lambda found: f"-{found[1].lower()}", name)


def _sentence(doc: str) -> str:
    """The first paragraph of a docstring, on one line, without its marks."""
    paragraph = doc.strip().split("\n\n")[0]
    return re.sub(r"\s+", " ", paragraph.replace("``", "`"))
