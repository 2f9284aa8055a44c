"""From type hints to JSON Schema, and from JSON to values."""

import datetime
import enum
import unittest
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Optional

from timeslip.schema import Mismatch, decode, encode, schema_of


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Point:
    x: int
    y: int = 0


@dataclass
class Shape:
    points: list[Point]
    colour: Colour = Colour.RED
    label: Annotated[str, "What it is called."] = ""
    tags: dict[str, float] = field(default_factory=dict)


class SchemaOfTest(unittest.TestCase):
    def test_plain_types(self) -> None:
        for kind, name in [(str, "string"), (bool, "boolean"), (int, "integer"), (float, "number")]:
            self.assertEqual(schema_of(kind), {"type": name})
        self.assertEqual(schema_of(Any), {})

    def test_choices(self) -> None:
        self.assertEqual(schema_of(Literal["a", "b"]), {"type": "string", "enum": ["a", "b"]})
        self.assertEqual(schema_of(Literal["a", 1]), {"enum": ["a", 1]})
        self.assertEqual(schema_of(Colour), {"type": "string", "enum": ["red", "blue"]})

    def test_collections(self) -> None:
        self.assertEqual(schema_of(list[int]), {"type": "array", "items": {"type": "integer"}})
        self.assertEqual(
            schema_of(dict[str, bool]),
            {"type": "object", "additionalProperties": {"type": "boolean"}},
        )

    def test_optional(self) -> None:
        wanted = {"anyOf": [{"type": "integer"}, {"type": "null"}]}
        self.assertEqual(schema_of(int | None), wanted)
        self.assertEqual(schema_of(Optional[int]), wanted)

    def test_nested_records(self) -> None:
        point = {
            "type": "object",
            "properties": {"x": {"type": "integer"}, "y": {"type": "integer", "default": 0}},
            "required": ["x"],
            "additionalProperties": False,
        }
        self.assertEqual(
            schema_of(Shape),
            {
                "type": "object",
                "properties": {
                    "points": {"type": "array", "items": point},
                    "colour": {"type": "string", "enum": ["red", "blue"], "default": "red"},
                    "label": {"type": "string", "description": "What it is called.", "default": ""},
                    "tags": {
                        "type": "object",
                        "additionalProperties": {"type": "number"},
                        "default": {},
                    },
                },
                "required": ["points"],
                "additionalProperties": False,
            },
        )

    def test_a_type_without_schema_is_named(self) -> None:
        with self.assertRaisesRegex(TypeError, "datetime.*has no JSON schema; use str"):
            schema_of(datetime.datetime)
        with self.assertRaisesRegex(TypeError, "has no JSON schema"):
            schema_of(dict[int, str])


class DecodeTest(unittest.TestCase):
    def test_reads_nested_records_and_defaults(self) -> None:
        value = {"points": [{"x": 1}, {"x": 2, "y": 3}], "colour": "blue"}

        shape = decode(Shape, value, "shape")

        self.assertEqual(shape, Shape([Point(1), Point(2, 3)], Colour.BLUE))

    def test_whole_numbers(self) -> None:
        self.assertEqual(repr(decode(int, 2.0, "n")), "2")
        self.assertEqual(repr(decode(float, 2, "n")), "2.0")
        for wrong in (True, 2.5, "2", None):
            with self.assertRaises(Mismatch):
                decode(int, wrong, "n")

    def test_names_the_place_of_what_is_wrong(self) -> None:
        cases = [
            ({"points": [{"x": "one"}]}, r"points\[0\]\.x: should be a whole number, not the text"),
            ({"points": [{}]}, r"points\[0\]\.x: is missing"),
            ({"points": [], "colour": "green"}, r"colour: should be one of 'red', 'blue', not"),
            ({"points": [], "size": 1}, r"size: there is no such field; the fields are: points, "),
            ({"points": 1}, r"points: should be a list, not 1"),
        ]
        for value, message in cases:
            with self.assertRaisesRegex(Mismatch, message):
                decode(Shape, value, "shape")

    def test_unions_take_what_fits(self) -> None:
        self.assertIsNone(decode(int | None, None, "n"))
        self.assertEqual(decode(int | str, "a", "n"), "a")
        with self.assertRaisesRegex(Mismatch, "whole number, not true; or n: should be a text"):
            decode(int | str, True, "n")

    def test_what_was_encoded_is_decoded(self) -> None:
        shape = Shape([Point(1, 2)], Colour.BLUE, "ż", {"a": 0.5})
        self.assertEqual(decode(Shape, encode(shape), "shape"), shape)


if __name__ == "__main__":
    unittest.main()
