"""From type hints to JSON Schema, and from JSON to values of those types.

| type hint | JSON |
| --- | --- |
| `str`, `bool`, `int`, `float`, `None` | string, boolean, integer, number, null |
| `Any` | anything |
| `list[T]`, `dict[str, T]` | array, object |
| `Literal["a", "b"]`, a subclass of `Enum` | one of these values |
| a dataclass | an object with its fields; those with a default may be left out |
| `T | None` | `T` or null |
| `Annotated[T, "text"]` | `T`, with this description |
"""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from collections.abc import Callable
from typing import Annotated, Any, Literal, Union

_NAMES = {str: "string", bool: "boolean", int: "integer", float: "number", types.NoneType: "null"}
_WANTED = {
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    types.NoneType: "null",
    list: "a list",
    dict: "an object",
}


class Mismatch(ValueError):
    """A JSON value is not of the type it should be. The text names the field."""


@dataclasses.dataclass(slots=True)
class Field:
    """A named value of an object: a parameter of a function, or a field of a dataclass."""

    name: str
    kind: Any
    required: bool
    default: Any = None
    description: str | None = None


def object_schema(fields: list[Field]) -> dict[str, Any]:
    """The schema of an object that has these fields and no others."""
    return {
        "type": "object",
        "properties": {field.name: _field_schema(field) for field in fields},
        "required": [field.name for field in fields if field.required],
        "additionalProperties": False,
    }


def _field_schema(field: Field) -> dict[str, Any]:
    has_default = not field.required and field.default is not None
    schema = schema_of(field.kind if field.required or has_default else _without_none(field.kind))
    if field.description is not None:
        schema["description"] = field.description
    if has_default:
        schema["default"] = encode(field.default)
    return schema


def schema_of(kind: Any) -> dict[str, Any]:
    """The JSON Schema of a type. Raises `TypeError` for one that has none."""
    if kind is Any:
        return {}
    if isinstance(kind, type) and kind in _NAMES:
        return {"type": _NAMES[kind]}
    if dataclasses.is_dataclass(kind):
        return object_schema(fields_of(kind))
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return _choice_schema([member.value for member in kind])
    return _generic_schema(kind, typing.get_origin(kind) or kind, typing.get_args(kind))


def _generic_schema(kind: Any, origin: Any, arguments: tuple[Any, ...]) -> dict[str, Any]:
    if origin is Annotated:
        texts = [part for part in kind.__metadata__ if isinstance(part, str)]
        return schema_of(arguments[0]) | ({"description": texts[0]} if texts else {})
    if origin is Literal:
        return _choice_schema(list(arguments))
    if origin is list:
        return {"type": "array", "items": schema_of(arguments[0]) if arguments else {}}
    if origin is dict and (not arguments or arguments[0] is str):
        values = schema_of(arguments[1]) if arguments else {}
        return {"type": "object", "additionalProperties": values}
    if origin in (Union, types.UnionType):
        return {"anyOf": [schema_of(argument) for argument in arguments]}
    raise TypeError(
        f"{kind!r} has no JSON schema; use str, int, float, bool, list[T], dict[str, T], Literal, "
        "an Enum, a dataclass, T | None or Any"
    )


def _choice_schema(values: list[Any]) -> dict[str, Any]:
    kinds = {type(value) for value in values}
    if len(kinds) == 1 and (kind := kinds.pop()) in _NAMES:
        return {"type": _NAMES[kind], "enum": values}
    return {"enum": values}


def _without_none(kind: Any) -> Any:
    """The type without `None`, which stands for a value that is left out."""
    if typing.get_origin(kind) is Annotated:
        return Annotated[(_without_none(kind.__origin__), *kind.__metadata__)]
    if typing.get_origin(kind) not in (Union, types.UnionType):
        return kind
    rest = [part for part in typing.get_args(kind) if part is not types.NoneType]
    return Union[tuple(rest)]


def fields_of(kind: Any) -> list[Field]:
    """The fields of a dataclass."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return [_field_of(field, hints[field.name]) for field in dataclasses.fields(kind) if field.init]


def _field_of(field: dataclasses.Field[Any], kind: Any) -> Field:
    if field.default_factory is not dataclasses.MISSING:
        return Field(field.name, kind, False, field.default_factory())
    if field.default is not dataclasses.MISSING:
        return Field(field.name, kind, False, field.default)
    return Field(field.name, kind, True)


def decode(kind: Any, value: Any, where: str) -> Any:
    """The JSON value as a value of the type. Raises `Mismatch`, which names the place."""
    if kind is Any:
        return value
    if isinstance(kind, type) and kind in _NAMES:
        return _decode_plain(kind, value, where)
    if dataclasses.is_dataclass(kind):
        return kind(**decode_fields(fields_of(kind), value, where))
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return kind(_one_of([member.value for member in kind], value, where))
    return _decode_generic(typing.get_origin(kind) or kind, typing.get_args(kind), value, where)


def _decode_plain(kind: type, value: Any, where: str) -> Any:
    if kind is float and type(value) is int:
        return float(value)
    if kind is int and type(value) is float and value.is_integer():
        return int(value)
    return _of_type(kind, value, where)


def _decode_generic(origin: Any, arguments: tuple[Any, ...], value: Any, where: str) -> Any:
    if origin is Annotated:
        return decode(arguments[0], value, where)
    if origin is Literal:
        return _one_of(list(arguments), value, where)
    if origin is list:
        item = arguments[0] if arguments else Any
        items = enumerate(_of_type(list, value, where))
        return [decode(item, part, f"{where}[{index}]") for index, part in items]
    if origin is dict:
        item = arguments[1] if arguments else Any
        parts = _of_type(dict, value, where).items()
        return {name: decode(item, part, f"{where}.{name}") for name, part in parts}
    return _decode_union(arguments, value, where)


def _decode_union(kinds: tuple[Any, ...], value: Any, where: str) -> Any:
    if value is None and types.NoneType in kinds:
        return None
    problems = []
    for kind in (kind for kind in kinds if kind is not types.NoneType):
        try:
            return decode(kind, value, where)
        except Mismatch as problem:
            problems.append(str(problem))
    raise Mismatch("; or ".join(problems))


def decode_fields(fields: list[Field], value: Any, where: str) -> dict[str, Any]:
    """The fields of a JSON object, those that are left out with their defaults aside."""
    given = _of_type(dict, value, where)
    path: Callable[[str], str] = lambda name: f"{where}.{name}" if where else name
    known = {field.name for field in fields}
    for name in given:
        if name not in known:
            names = ", ".join(field.name for field in fields) or "none"
            raise Mismatch(f"{path(name)}: there is no such field; the fields are: {names}")
    values = {}
    for field in fields:
        if field.name in given:
            values[field.name] = decode(field.kind, given[field.name], path(field.name))
        elif field.required:
            raise Mismatch(f"{path(field.name)}: is missing")
    return values


def _of_type(kind: type, value: Any, where: str) -> Any:
    if type(value) is not kind:
        subject = where or "the arguments"
        raise Mismatch(f"{subject}: should be {_WANTED[kind]}, not {_describe(value)}")
    return value


def _one_of(values: list[Any], value: Any, where: str) -> Any:
    for known in values:
        if known == value and type(known) is type(value):
            return known
    listed = ", ".join(repr(known) for known in values)
    raise Mismatch(f"{where}: should be one of {listed}, not {_describe(value)}")


def _describe(value: Any) -> str:
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    if isinstance(value, (list, dict)):
        return _WANTED[type(value)]
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def encode(value: Any) -> Any:
    """The value with dataclasses and enums replaced by what JSON has for them."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return {field.name: encode(getattr(value, field.name)) for field in fields}
    if isinstance(value, enum.Enum):
        return encode(value.value)
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    if isinstance(value, dict):
        return {name: encode(item) for name, item in value.items()}
    return value
