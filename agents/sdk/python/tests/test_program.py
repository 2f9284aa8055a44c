"""What `@agent` and `@tool` make of functions."""

import asyncio
import json
import unittest
from dataclasses import dataclass
from typing import Annotated, Any

import timeslip
from timeslip import Failure, InvalidArguments, ToolError, UserError
from timeslip.program import registered_tools
from timeslip.testing import Session


@dataclass
class Total:
    total: int


@timeslip.tool(read_only=True)
async def add_up(
    numbers: list[int], start: int = 1, limit: Annotated[int | None, "The most."] = None
) -> Total:
    """Adds numbers up.

    Slowly.

    Args:
        numbers: The numbers,
            in any order.
        start: Where to begin: usually 1.

    Returns:
        The total.
    """
    await timeslip.sleep(1)
    total = start + sum(numbers)
    return Total(total if limit is None else min(total, limit))


@timeslip.tool
def give_up(kind: str) -> str:
    if kind == "failure":
        raise Failure("no luck")
    if kind == "refused":
        raise ToolError("refused", "not today")
    raise KeyError(kind)


@timeslip.tool(
    name="raw",
    description="By hand.",
    input_schema={"type": "object"},
    output_schema={"type": "array"},
    destructive=True,
)
def by_hand(arguments: str) -> str:
    return f"[{arguments}]"


@timeslip.tool
def anything(value: Any) -> Any:
    return value


class DefinitionTest(unittest.TestCase):
    def test_schemas_and_descriptions_come_from_the_function(self) -> None:
        definition = add_up.definition

        self.assertEqual(definition.name, "add_up")
        self.assertEqual(definition.description, "Adds numbers up.\n\nSlowly.")
        self.assertEqual(
            json.loads(definition.input_schema),
            {
                "type": "object",
                "properties": {
                    "numbers": {
                        "type": "array",
                        "items": {"type": "integer"},
                        "description": "The numbers, in any order.",
                    },
                    "start": {
                        "type": "integer",
                        "description": "Where to begin: usually 1.",
                        "default": 1,
                    },
                    "limit": {"type": "integer", "description": "The most."},
                },
                "required": ["numbers"],
                "additionalProperties": False,
            },
        )
        self.assertEqual(json.loads(definition.output_schema)["required"], ["total"])
        self.assertTrue(definition.annotations.read_only)
        self.assertFalse(definition.annotations.open_world)

    def test_schemas_by_hand_stand_as_they_are(self) -> None:
        definition = by_hand.definition

        self.assertEqual((definition.name, definition.description), ("raw", "By hand."))
        self.assertEqual(definition.input_schema, '{"type":"object"}')
        self.assertEqual(definition.output_schema, '{"type":"array"}')
        self.assertTrue(definition.annotations.destructive)

    def test_text_and_anything_have_no_output_schema(self) -> None:
        self.assertIsNone(give_up.definition.output_schema)
        self.assertIsNone(anything.definition.output_schema)

    def test_tools_stand_in_the_order_of_the_program(self) -> None:
        names = [tool.definition.name for tool in registered_tools()]
        ours = [name for name in names if name in ("add_up", "give_up", "raw", "anything")]
        self.assertEqual(ours, ["add_up", "give_up", "raw", "anything"])

    def test_what_cannot_be_a_tool_is_named(self) -> None:
        def untyped(text):
            return text

        def wrong(when: complex) -> str:
            return ""

        def many(*texts: str) -> str:
            return ""

        with self.assertRaisesRegex(TypeError, "tool untyped, parameter text: has no type"):
            timeslip.tool(untyped)
        with self.assertRaisesRegex(TypeError, "tool wrong, parameter when: .*complex.* no JSON"):
            timeslip.tool(wrong)
        with self.assertRaisesRegex(TypeError, "tool many, parameter texts"):
            timeslip.tool(many)
        with self.assertRaisesRegex(ValueError, "two tools called 'raw'"):
            timeslip.tool(name="raw")(lambda: "")


class CallTest(unittest.TestCase):
    def test_arguments_come_typed_and_the_output_is_json(self) -> None:
        self.assertEqual(Session().call(add_up, numbers=[1, 2]), '{"total":4}')
        self.assertEqual(Session().call(add_up, numbers=[1, 2], limit=2), '{"total":2}')
        self.assertEqual(Session().call(add_up, '{"numbers": [5.0], "limit": null}'), '{"total":6}')

    def test_by_hand_takes_and_gives_text(self) -> None:
        self.assertEqual(Session().call(by_hand, "{ }"), "[{ }]")

    def test_values_pass_unchanged(self) -> None:
        text = '{"value":[null,true,1,2.5,"ż🦀",{"a":[]}]}'
        self.assertEqual('{"value":' + Session().call(anything, text) + "}", text)

    def test_wrong_arguments_name_the_field(self) -> None:
        for arguments, message in [
            ("{", "the arguments are no JSON"),
            ("[]", "the arguments: should be an object, not a list"),
            ("{}", "numbers: is missing"),
            ('{"numbers":[1,"x"]}', r"numbers\[1\]: should be a whole number, not the text 'x'"),
            ('{"numbers":[],"begin":1}', "begin: there is no such field"),
        ]:
            with self.assertRaisesRegex(InvalidArguments, message):
                Session().call(add_up, arguments)

    def test_an_agent_hears_of_errors_by_kind(self) -> None:
        async def kinds() -> list[str]:
            heard = []
            for kind in ("failure", "refused"):
                try:
                    await timeslip.call_tool("give_up", {"kind": kind})
                except ToolError as error:
                    heard.append(str(error))
            return heard

        heard = Session(tools=[give_up]).wait_for(kinds())

        self.assertEqual(heard, ["failed: no luck", "refused: not today"])

    def test_a_defect_leaves_its_traceback_in_the_journal(self) -> None:
        session = Session()

        with self.assertRaises(KeyError):
            session.call(give_up, kind="defect")

        self.assertEqual(session.journal[0].level, "error")
        self.assertRegex(
            session.journal[0].text, r"(?s)^Traceback.*in give_up.*KeyError: 'defect'$"
        )

    def test_a_failure_is_no_line_of_the_journal(self) -> None:
        session = Session()

        with self.assertRaises(Failure):
            session.call(give_up, kind="failure")

        self.assertEqual(session.journal, [])


class AgentTest(unittest.TestCase):
    def test_an_error_that_nobody_catches_is_a_failure_with_its_text(self) -> None:
        @timeslip.agent
        async def run(task: timeslip.Task) -> str:
            return await timeslip.ask_user("Who are you?")

        with self.assertRaises(Failure) as raised:
            Session().run(run, "Ask.")

        self.assertIsInstance(raised.exception, UserError)
        self.assertEqual(
            raised.exception.message,
            "the user gave no answer: the test has no further answer of the user",
        )

    def test_only_coroutines_are_agents(self) -> None:
        with self.assertRaisesRegex(TypeError, "needs an `async def`, and run is none"):

            @timeslip.agent
            def run(task: timeslip.Task) -> str:
                return ""

    def test_without_a_session_the_error_says_what_to_do(self) -> None:
        with self.assertRaisesRegex(RuntimeError, "timeslip.testing.Session"):
            asyncio.run(timeslip.sleep(1))


if __name__ == "__main__":
    unittest.main()
