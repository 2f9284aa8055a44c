"""What an answer rests on."""

import json
import re

from timeslip import ToolCall

# The tool whose documents may be cited.
READING_TOOL = "read_document"

# A text in brackets that looks like a path.
CITATION = re.compile(r"\[([^]]*)\]")


class Citations:
    """The documents that were read, and may be cited."""

    def __init__(self) -> None:
        self.read: set[str] = set()

    def note(self, call: ToolCall) -> None:
        """Notes a call that gave its output."""
        if call.name == READING_TOOL:
            self.read.add(json.loads(call.arguments)["path"])

    def problem(self, answer: str) -> str | None:
        """What is wrong with the citations of an answer, for the model to read."""
        cited = cited_in(answer)
        for path in cited:
            if path not in self.read:
                return f"You cite {path}, which you have not read. Answer again."
        if self.read and not cited:
            read = ", ".join(sorted(self.read))
            return f"You cite no document. You have read {read}. Answer again."
        return None


def cited_in(answer: str) -> list[str]:
    """The texts in brackets that look like paths."""
    return [text for text in CITATION.findall(answer) if "." in text and " " not in text]
