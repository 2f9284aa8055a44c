"""Chats, streams, the tool loop and the rest of a session."""

import asyncio
import json
import unittest
from dataclasses import dataclass

import timeslip
from timeslip import (
    Budget,
    Failure,
    FileError,
    ModelError,
    NamedTool,
    Response,
    ToolDefinition,
    ToolError,
    files,
    http,
    user,
)
from timeslip.testing import Session, tool_call

ADD = ToolDefinition("add", "Adds.", '{"type":"object"}')


@dataclass
class Verdict:
    good: bool


class ChatTest(unittest.TestCase):
    def test_options_reach_the_host(self) -> None:
        session = Session(replies=['{"good": true}'])

        reply = session.wait_for(
            timeslip.chat(
                [user("Is it good?")],
                model="big",
                tools=[ADD],
                max_output_tokens=9,
                temperature=0.5,
                top_p=0.9,
                seed=7,
                stop="\n",
                tool_choice=NamedTool("add"),
                response_schema=Verdict,
            )
        )

        self.assertEqual(reply.parse(Verdict), Verdict(True))
        request = session.requests[0]
        self.assertEqual((request.model, request.tools, request.stop), ("big", [ADD], ["\n"]))
        self.assertEqual(request.tool_choice, NamedTool("add"))
        self.assertEqual(json.loads(request.response_schema)["required"], ["good"])

    def test_a_reply_that_does_not_fit_its_schema_is_an_error(self) -> None:
        reply = Session(replies=['{"good": 1}']).wait_for(timeslip.chat([user("Is it good?")]))

        with self.assertRaisesRegex(ValueError, "the reply.good: should be true or false, not 1"):
            reply.parse(Verdict)

    def test_chats_overlap_in_time(self) -> None:
        session = Session(replies=["a", "b", "c"], chat_seconds=2)

        async def three() -> list[str]:
            chats = (timeslip.chat([user(str(number))]) for number in range(3))
            return [reply.text for reply in await asyncio.gather(*chats)]

        self.assertEqual(session.wait_for(three()), ["a", "b", "c"])
        self.assertEqual(session.now_ns(), 2_000_000_000)

    def test_errors_are_raised_with_their_kind(self) -> None:
        session = Session(replies=[ModelError("refused", "add it to models")])

        with self.assertRaises(ModelError) as raised:
            session.wait_for(timeslip.chat([user("Hi.")]))

        self.assertEqual(
            (raised.exception.kind, raised.exception.text), ("refused", "add it to models")
        )

    def test_a_stream_gives_pieces_and_the_whole_reply(self) -> None:
        async def read() -> tuple[list[str], str]:
            async with timeslip.stream([user("Count.")]) as pieces:
                texts = [piece.content async for piece in pieces]
                return texts, (await pieces.finish()).text

        texts, whole = Session(replies=["One, two, three."]).wait_for(read())

        self.assertEqual(len(texts), 3)
        self.assertEqual("".join(texts), whole)

    def test_a_stream_is_used_inside_its_block(self) -> None:
        with self.assertRaisesRegex(RuntimeError, "async with"):
            Session(replies=["One."]).wait_for(timeslip.stream([user("Count.")]).finish())


class ToolLoopTest(unittest.TestCase):
    def test_calls_tools_until_the_model_answers(self) -> None:
        both = [tool_call("add", a=2, b=3), tool_call("greet", name="Ada")]
        session = Session(
            replies=[both, "Done."],
            tools=[ADD],
            outputs={"add": '{"sum":5}', "greet": ToolError("failed", "no voice")},
        )

        answer = session.wait_for(timeslip.run_tool_loop("Work.", system="Use tools."))

        self.assertEqual(answer, "Done.")
        self.assertEqual(session.spans, ["turn 1", "turn 2"])
        self.assertEqual(session.calls, [("add", '{"a":2,"b":3}'), ("greet", '{"name":"Ada"}')])
        said = [(message.role, message.content) for message in session.requests[1].messages]
        self.assertEqual(
            said,
            [
                ("system", "Use tools."),
                ("user", "Work."),
                ("assistant", ""),
                ("tool", '{"sum":5}'),
                ("tool", "Error: no voice"),
            ],
        )
        self.assertEqual(session.requests[1].messages[4].tool_call_id, "call-greet")
        self.assertEqual(session.requests[0].tools, [ADD])

    def test_gives_up_after_the_last_turn(self) -> None:
        session = Session(replies=[tool_call("add")] * 3, outputs={"add": "5"})

        with self.assertRaises(Failure) as raised:
            session.wait_for(timeslip.run_tool_loop("Go on.", max_turns=3))

        self.assertEqual(raised.exception.message, "the model still asked for tools after 3 turns")

    def test_a_model_error_ends_it(self) -> None:
        session = Session(replies=[ModelError("unavailable", "it is down")])

        with self.assertRaises(Failure) as raised:
            session.wait_for(timeslip.run_tool_loop("Go on."))

        self.assertEqual(raised.exception.message, "the model gave no reply: it is down")


class HostTest(unittest.TestCase):
    def test_sleeping_takes_the_session_s_time(self) -> None:
        async def sleep() -> float:
            await timeslip.sleep(3600)
            await asyncio.sleep(1)
            return timeslip.now()

        self.assertEqual(Session().wait_for(sleep()), 3601)

    def test_the_same_seed_gives_the_same_numbers(self) -> None:
        async def draw() -> tuple[int, bytes]:
            return timeslip.random_u64(), timeslip.random_bytes(5)

        self.assertEqual(Session(seed=1).wait_for(draw()), Session(seed=1).wait_for(draw()))
        self.assertNotEqual(Session(seed=1).wait_for(draw()), Session(seed=2).wait_for(draw()))

    def test_settings_budget_and_journal(self) -> None:
        session = Session(settings={"greeting": "hi"}, budget=Budget(model_calls=3))

        async def look() -> tuple[str | None, str | None, int | None]:
            timeslip.log("warn", "careful")
            left = timeslip.budget_left().model_calls
            return timeslip.config("greeting"), timeslip.config("missing"), left

        self.assertEqual(session.wait_for(look()), ("hi", None, 3))
        self.assertEqual((session.journal[0].level, session.journal[0].text), ("warn", "careful"))

    def test_files(self) -> None:
        session = Session(files={"a/1.txt": "one", "b.txt": b"two"})

        async def edit() -> bytes:
            files.write("a/2.txt", "drei")
            self.assertEqual([file.path for file in files.list("a/")], ["a/1.txt", "a/2.txt"])
            files.remove("b.txt")
            with self.assertRaises(FileError) as raised:
                files.read("b.txt")
            self.assertEqual(raised.exception.kind, "not-found")
            return files.read_range("a/2.txt", 1, 2)

        self.assertEqual(session.wait_for(edit()), b"re")

    def test_fetching(self) -> None:
        there = Response(200, {"content-type": "text/plain"}, b'{"a":1}')
        session = Session(responses={"https://there.example/": there})

        response = session.wait_for(http.fetch("https://there.example/"))

        self.assertEqual((response.status, response.json()), (200, {"a": 1}))


if __name__ == "__main__":
    unittest.main()
