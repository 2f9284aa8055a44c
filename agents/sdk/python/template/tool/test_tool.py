"""Tests of the tools on ordinary Python: `python3 -m unittest`."""

import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "sdk"))

import tool

from timeslip import Failure, InvalidArguments
from timeslip.testing import Session


class CountWordsTest(unittest.TestCase):
    def test_counts_and_finds_the_longest(self) -> None:
        output = Session().call(tool.count_words, text="one two three seven")

        self.assertEqual(json.loads(output), {"words": 4, "longest": "three"})

    def test_takes_the_last_of_the_longest_if_asked(self) -> None:
        output = Session().call(tool.count_words, text="one two three seven", order="last")

        self.assertEqual(json.loads(output)["longest"], "seven")

    def test_a_text_without_words_is_a_failure(self) -> None:
        with self.assertRaisesRegex(Failure, "no words"):
            Session().call(tool.count_words, text=" ")

    def test_wrong_arguments_are_refused_by_name(self) -> None:
        with self.assertRaisesRegex(InvalidArguments, "text: should be a text"):
            Session().call(tool.count_words, text=3)


if __name__ == "__main__":
    unittest.main()
