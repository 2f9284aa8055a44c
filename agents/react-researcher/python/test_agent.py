"""Tests of the researcher on ordinary Python: `python3 -m unittest` in this folder."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "sdk" / "python"))

import agent  # noqa: E402
from citations import Citations, cited_in  # noqa: E402
from timeslip import ToolCall, ToolError  # noqa: E402
from timeslip.testing import Session, tool_call  # noqa: E402

QUESTION = "How long does tea take?"


class ResearcherTest(unittest.TestCase):
    def test_an_answer_that_cites_what_was_not_read_is_sent_back(self) -> None:
        session = Session(
            replies=[
                tool_call("read_document", path="tea.md"),
                "Three minutes [coffee.md].",
                "Three minutes [tea.md].",
            ],
            outputs={"read_document": "Three minutes."},
        )

        self.assertEqual(session.run(agent.run, QUESTION), "Three minutes [tea.md].")
        self.assertEqual(
            session.requests[2].messages[-1].content,
            "You cite coffee.md, which you have not read. Answer again.",
        )

    def test_a_document_that_could_not_be_read_is_no_source(self) -> None:
        session = Session(
            replies=[
                tool_call("read_document", path="tea.md"),
                "Three minutes [tea.md].",
                "The documents do not say.",
            ],
            outputs={"read_document": ToolError("failed", "there is no such document")},
        )

        self.assertEqual(session.run(agent.run, QUESTION), "The documents do not say.")


class CitationsTest(unittest.TestCase):
    def test_citations_are_paths_in_brackets(self) -> None:
        text = "A [a/b.md] and [1], [see below. Or not]; [c.md]."
        self.assertEqual(cited_in(text), ["a/b.md", "c.md"])
        self.assertEqual(cited_in("An open [a.md"), [])

    def test_an_answer_after_reading_cites_something(self) -> None:
        citations = Citations()
        self.assertIsNone(citations.problem("The documents do not say."))
        citations.note(ToolCall("1", "read_document", '{"path":"tea.md"}'))
        self.assertEqual(
            citations.problem("So."),
            "You cite no document. You have read tea.md. Answer again.",
        )
        self.assertIsNone(citations.problem("So [tea.md]."))


if __name__ == "__main__":
    unittest.main()
