"""{{name}}: tools for texts."""

from dataclasses import dataclass
from typing import Literal

from timeslip import Failure, tool


@dataclass
class Count:
    words: int
    longest: str


@tool(read_only=True, idempotent=True)
def count_words(text: str, order: Literal["first", "last"] = "first") -> Count:
    """Counts the words of a text, and finds the longest.

    Args:
        text: The text.
        order: Which one to take of words that are equally long.
    """
    words = text.split()
    if not words:
        raise Failure("the text has no words")
    candidates = words if order == "first" else words[::-1]
    return Count(len(words), max(candidates, key=len))
