"""What can go wrong, as exceptions."""


class Failure(Exception):
    """The program gives up, and says why.

    Raised out of an agent, it is the session's outcome: the session has failed, with this message
    as its cause. Raised out of a tool, the call ends with a `failed` error.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class TimeslipError(Failure):
    """An error that the host gave as a value. None of them ends the session by itself.

    Not caught, it is a `Failure` whose message is its text, after what it stands for.
    """

    before = ""

    kind: str
    """Which error it is, spelt as in the contract: `refused`, `over-budget`, …"""

    text: str
    """What went wrong, for a person to read. Of a refusal, the line to add to the bench."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(self.before + text)
        self.args = (kind, text)
        self.kind = kind
        self.text = text

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


class ModelError(TimeslipError):
    """A chat gave no reply.

    Kinds: `refused`, `unknown-model`, `context-too-long`, `over-budget`, `invalid-request`,
    `unavailable`.
    """

    before = "the model gave no reply: "


class ToolError(TimeslipError):
    """A tool call gave no output. A tool raises it too, to choose the kind.

    Kinds: `unknown-tool`, `refused`, `invalid-arguments`, `failed`, `invalid-output`, `crashed`,
    `over-budget`.
    """

    before = "the tool gave no output: "


class InvalidArguments(ToolError):
    """A tool does not accept its arguments. The text names the field."""

    def __init__(self, text: str) -> None:
        super().__init__("invalid-arguments", text)


class UserError(TimeslipError):
    """A question to the user got no answer. Kinds: `nobody`, `gone`."""

    before = "the user gave no answer: "


class FileError(TimeslipError):
    """A file could not be read or written. Kinds: `refused`, `not-found`, `invalid-path`."""


class HttpError(TimeslipError):
    """There is no response. Kinds: `refused`, `invalid-request`, `timeout`, `failed`."""
