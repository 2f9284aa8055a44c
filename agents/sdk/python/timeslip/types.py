"""Records that agents, tools and the host exchange."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from . import schema

Role = Literal["system", "user", "assistant", "tool"]
FinishReason = Literal["stop", "length", "tool-calls", "content-filter"]
LogLevel = Literal["debug", "info", "warn", "error"]
Value = TypeVar("Value")


@dataclass(slots=True)
class Task:
    """What the agent is asked to do."""

    input: str
    """The task itself: the user's opening words."""

    name: str = "task"
    """The task's name in the bench."""


@dataclass(slots=True)
class ToolCall:
    """A model's request to call a tool."""

    id: str
    """Names the call inside the conversation. Models repeat them, so pair by position too."""

    name: str
    """The tool's name."""

    arguments: str
    """The arguments, as the JSON text that the model wrote."""


@dataclass(slots=True)
class Message:
    """One message of a conversation. `system`, `user`, `assistant` and `tool_output` make them."""

    role: Role
    content: str
    tool_calls: list[ToolCall] = field(default_factory=list)
    tool_call_id: str | None = None


def system(content: str) -> Message:
    """Instructions from the agent's author."""
    return Message("system", content)


def user(content: str) -> Message:
    """What the person, or program, that the agent works for said."""
    return Message("user", content)


def assistant(content: str, tool_calls: Sequence[ToolCall] = ()) -> Message:
    """What the model said."""
    return Message("assistant", content, list(tool_calls))


def tool_output(call: ToolCall, content: str) -> Message:
    """What a tool answered to `call`."""
    return Message("tool", content, [], call.id)


@dataclass(slots=True)
class ToolAnnotations:
    """What a tool says of its own behaviour. The host grants nothing on their strength."""

    read_only: bool = False
    """The tool changes nothing."""

    destructive: bool = False
    """The tool may destroy or overwrite something."""

    idempotent: bool = False
    """Calling twice with the same arguments has no further effect."""

    open_world: bool = False
    """The tool reaches beyond the session: the network, other services, people."""


@dataclass(slots=True)
class ToolDefinition:
    """A tool as it is offered to a model."""

    name: str
    description: str
    input_schema: str
    """JSON Schema of the arguments, as JSON text."""

    output_schema: str | None = None
    """JSON Schema of the output, as JSON text; `None` for an output that is plain text."""

    annotations: ToolAnnotations = field(default_factory=ToolAnnotations)


@dataclass(slots=True)
class NamedTool:
    """A tool choice: the model must call the tool of this name."""

    name: str


ToolChoice = Literal["auto", "none", "required"] | NamedTool


@dataclass(slots=True)
class ChatRequest:
    """A question to a model, as the host hears it."""

    messages: list[Message]
    model: str | None = None
    tools: list[ToolDefinition] = field(default_factory=list)
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    stop: list[str] = field(default_factory=list)
    tool_choice: ToolChoice = "auto"
    response_schema: str | None = None


@dataclass(slots=True)
class Usage:
    """Tokens of one chat."""

    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0


@dataclass(slots=True)
class Timing:
    """Where the time of one chat went, in nanoseconds of the session's clock."""

    queue_ns: int = 0
    prefill_ns: int = 0
    transfer_ns: int = 0
    decode_ns: int = 0
    time_to_first_token_ns: int = 0
    end_to_end_ns: int = 0


@dataclass(slots=True)
class Reply:
    """A model's reply."""

    message: Message
    finish_reason: FinishReason = "stop"
    usage: Usage = field(default_factory=Usage)
    timing: Timing = field(default_factory=Timing)
    model: str = ""
    """The model that answered."""

    machine: str = ""
    """The machine that served it."""

    @property
    def text(self) -> str:
        """The reply's text, empty when it is only tool calls."""
        return self.message.content

    @property
    def tool_calls(self) -> list[ToolCall]:
        """The tools that the model asks for."""
        return self.message.tool_calls

    def parse(self, kind: type[Value]) -> Value:
        """Reads the text as JSON of this type, a dataclass for instance.

        Raises `ValueError`, whose text names the field that does not fit.
        """
        value: Value = schema.decode(kind, json.loads(self.text), "the reply")
        return value


@dataclass(slots=True)
class Piece:
    """A piece of a streamed reply."""

    content: str
    """Text that follows the text of the pieces before; may be empty in the last one."""

    output_tokens: int = 0
    """Output tokens up to the end of this piece."""


@dataclass(slots=True)
class Budget:
    """What is left of the session's budgets; `None` is unlimited."""

    time_ns: int | None = None
    model_calls: int | None = None
    tool_calls: int | None = None
    output_tokens: int | None = None


@dataclass(slots=True)
class FileInfo:
    """What is known of a granted file."""

    path: str
    length: int


@dataclass(slots=True)
class Response:
    """A response over HTTP, whatever its status says."""

    status: int
    headers: Mapping[str, str]
    """Headers, their names in lower case; the values of one that comes twice are joined by `, `."""

    body: bytes

    @property
    def text(self) -> str:
        """The body as UTF-8 text."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def json_text(value: Any) -> str:
    """The value as compact JSON text; dataclasses and enums may stand in it."""
    return json.dumps(schema.encode(value), ensure_ascii=False, separators=(",", ":"))
