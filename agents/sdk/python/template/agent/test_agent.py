"""Tests of the agent on ordinary Python: `python3 -m unittest`."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "sdk"))

import agent

from timeslip import Failure
from timeslip.testing import Session


class AgentTest(unittest.TestCase):
    def test_weighs_both_reasons(self) -> None:
        session = Session(replies=["It is fast.", "It is dear.", "Yes, if you can pay."])

        answer = session.run(agent.run, "Shall we buy it?")

        self.assertEqual(answer, "Yes, if you can pay.")
        self.assertIn("It is fast.\nIt is dear.", session.requests[2].messages[0].content)

    def test_asks_for_both_reasons_at_once(self) -> None:
        session = Session(replies=["It is fast.", "It is dear.", "Yes."], chat_seconds=1)

        session.run(agent.run, "Shall we buy it?")

        self.assertEqual(session.now_ns(), 2_000_000_000)

    def test_an_empty_answer_is_a_failure(self) -> None:
        session = Session(replies=["It is fast.", "It is dear.", ""])

        with self.assertRaisesRegex(Failure, "empty answer"):
            session.run(agent.run, "Shall we buy it?")


if __name__ == "__main__":
    unittest.main()
