"""Tests of the supervisor on ordinary Python: `python -m unittest` in this folder."""

import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "sdk" / "python"))

import agent  # noqa: E402
from timeslip import Failure, Tool, tool  # noqa: E402
from timeslip.testing import Session, tool_call  # noqa: E402

TASK = "Write a note on tea."
REVISE = "REVISE: say how long, and where from."


@tool
def researcher(task: str) -> str:
    """Answers one question."""
    return "Three minutes [tea.md]."


@tool
def reviewer(task: str) -> str:
    """Accepts what has its source."""
    return "ACCEPT" if "[tea.md]" in task else REVISE


TEAM: list[Tool] = [researcher, reviewer]


class SupervisorTest(unittest.TestCase):
    def test_a_draft_that_is_not_accepted_is_written_again(self) -> None:
        session = Session(
            replies=[
                tool_call("researcher", task="How long does tea take?"),
                "Tea takes a while.",
                "Tea takes three minutes [tea.md].",
            ],
            tools=TEAM,
        )

        self.assertEqual(session.run(agent.run, TASK), "Tea takes three minutes [tea.md].")

        self.assertTrue(session.requests[2].messages[-1].content.endswith(REVISE))
        for request in session.requests:
            self.assertEqual([member.name for member in request.tools], ["researcher"])

    def test_the_reviewer_sees_the_task_and_the_draft(self) -> None:
        session = Session(replies=["Three minutes [tea.md]."], tools=TEAM)

        session.run(agent.run, TASK)

        [(name, arguments)] = session.calls
        self.assertEqual(name, "reviewer")
        self.assertEqual(
            json.loads(arguments)["task"],
            "The task:\nWrite a note on tea.\n\nThe draft:\nThree minutes [tea.md].",
        )

    def test_it_gives_up_when_no_draft_is_accepted(self) -> None:
        session = Session(replies=["Soon."] * 3, tools=TEAM)

        with self.assertRaisesRegex(Failure, "no draft was accepted after 2 revisions"):
            session.run(agent.run, TASK)


if __name__ == "__main__":
    unittest.main()
