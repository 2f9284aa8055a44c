"""Tests of the supervisor on ordinary Python: `python3 -m unittest` in this folder."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "sdk" / "python"))

import agent  # noqa: E402
from timeslip import Failure, tool  # noqa: E402
from timeslip.testing import Session, tool_call  # noqa: E402


@tool
def researcher(task: str) -> str:
    """Answers one question."""
    return "Three minutes [tea.md]."


@tool
def reviewer(task: str) -> str:
    """Accepts what names its source."""
    return "ACCEPT" if "[tea.md]" in task else "REVISE: say how long, and where from."


TEAM = [researcher, reviewer]


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

        answer = session.run(agent.run, "Write a note on tea.")

        self.assertEqual(answer, "Tea takes three minutes [tea.md].")
        self.assertTrue(
            session.requests[2]
            .messages[-1]
            .content.endswith("REVISE: say how long, and where from.")
        )
        for request in session.requests:
            self.assertEqual([member.name for member in request.tools], ["researcher"])

    def test_a_draft_that_is_never_accepted_is_a_failure(self) -> None:
        session = Session(replies=["Tea takes a while."] * 3, tools=TEAM)

        with self.assertRaisesRegex(Failure, "no draft was accepted after 2 revisions"):
            session.run(agent.run, "Write a note on tea.")


if __name__ == "__main__":
    unittest.main()
