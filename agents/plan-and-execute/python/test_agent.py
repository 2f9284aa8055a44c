"""Tests of the planner on ordinary Python: `python3 -m unittest` in this folder."""

import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "sdk" / "python"))

import agent  # noqa: E402
from plan import Plan, Step  # noqa: E402
from timeslip import Failure, ModelError  # noqa: E402
from timeslip.testing import Session  # noqa: E402


def plan_text(**after: list[str]) -> str:
    """A plan in which each step names those that it waits for."""
    steps = [
        {"id": name, "instruction": f"Do {name}.", "after": before}
        for name, before in after.items()
    ]
    return json.dumps({"steps": steps})


class PlannerTest(unittest.TestCase):
    def test_a_step_begins_when_its_own_needs_are_met_and_sees_them(self) -> None:
        plan = plan_text(a=[], b=[], c=["a"], d=["b", "c"])
        session = Session(replies=[plan, "1", "2", "3", "5", "It is 5."])

        self.assertEqual(session.run(agent.run, "Add a and b."), "It is 5.")

        # The plan, `a` beside `b`, `c`, `d`, and the answer: five seconds for six chats.
        self.assertEqual(session.now_ns(), 5_000_000_000)
        inputs = [request.messages[1].content for request in session.requests]
        self.assertEqual(inputs[1], "Do a.")
        self.assertEqual(inputs[3], "Do c.\n\nResults so far:\na: 1")
        self.assertEqual(inputs[4], "Do d.\n\nResults so far:\nb: 2\nc: 3")
        self.assertEqual(inputs[5], "Add a and b.\n\nResults:\na: 1\nb: 2\nc: 3\nd: 5")

    def test_a_step_that_fails_is_told_to_the_one_who_joins(self) -> None:
        down = ModelError("unavailable", "the machine is down")
        session = Session(replies=[plan_text(a=[]), down, "It could not be read."])

        self.assertEqual(session.run(agent.run, "Read a."), "It could not be read.")
        self.assertTrue(
            session.requests[2]
            .messages[1]
            .content.endswith("a: Error: the model gave no reply: the machine is down")
        )

    def test_words_that_are_no_plan_are_a_failure(self) -> None:
        with self.assertRaisesRegex(Failure, "the model gave no plan: the reply.steps: is missing"):
            Session(replies=["{}"]).run(agent.run, "Read a.")


class PlanTest(unittest.TestCase):
    def problem(self, **after: list[str]) -> str:
        try:
            Plan([Step(name, "", before) for name, before in after.items()]).check()
        except Failure as failure:
            return failure.message
        return ""

    def test_a_plan_that_cannot_be_done_is_refused(self) -> None:
        self.assertEqual(self.problem(b=["a"], a=[]), "")
        self.assertIn("0 steps", self.problem())
        self.assertIn("`a` waits for `b`, which is no step", self.problem(a=["b"]))
        self.assertIn("`b` waits for itself", self.problem(a=[], b=["c"], c=["b"]))
        twice = Plan([Step("a", "", []), Step("a", "", [])])
        with self.assertRaisesRegex(Failure, "two steps are called `a`"):
            twice.check()


if __name__ == "__main__":
    unittest.main()
