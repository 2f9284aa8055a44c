"""Sessions for tests, on ordinary Python: scripted replies, tools, users and files.

    from timeslip.testing import Session

    session = Session(replies=["Hello."])
    answer = session.run(agent.run, "Say hello.")

Time is virtual here too: chats take a second of the session's clock, sleeping what it says, and
none of it takes time of yours.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from . import _host
from .errors import Failure, FileError, HttpError, ModelError, ToolError, UserError
from .program import AgentFunction, Tool, run_guarded
from .types import (
    Budget,
    ChatRequest,
    FileInfo,
    LogLevel,
    Piece,
    Reply,
    Response,
    Task,
    ToolCall,
    ToolDefinition,
    assistant,
    json_text,
)

Result = TypeVar("Result")
Scripted = str | Reply | ToolCall | list[ToolCall] | ModelError
"""What a model says: a text, one or more tool calls, a whole reply, or an error."""


def tool_call(name: str, /, **arguments: Any) -> ToolCall:
    """A model's request to call a tool: `tool_call("add", a=2, b=3)`."""
    return ToolCall(f"call-{name}", name, json_text(arguments))


class _VirtualLoop(asyncio.SelectorEventLoop):
    """Jumps to the next timer instead of waiting for it."""

    def __init__(self) -> None:
        super().__init__()
        self._seconds = 0.0

    def time(self) -> float:
        return self._seconds

    def _run_once(self) -> None:
        timers = [timer.when() for timer in self._scheduled if not timer.cancelled()]
        if timers and not self._ready:
            self._seconds = max(self._seconds, min(timers))
        super()._run_once()


@dataclass(slots=True)
class Line:
    """A line of the journal."""

    level: LogLevel
    text: str
    at_ns: int


class _Span:
    """A span, which the session notes when it begins."""

    def close(self) -> None:
        """Ends the part."""


@dataclass(slots=True)
class _Stream:
    """A scripted reply, word by word."""

    session: Session
    request: ChatRequest
    pieces: list[str] | None = None
    reply: Reply | None = None

    async def _begin(self) -> Reply:
        if self.reply is None:
            self.reply = await self.session.chat(self.request)
            self.pieces = re.findall(r"\S+\s*|\s+", self.reply.text)
        return self.reply

    async def next(self) -> Piece | None:
        await self._begin()
        return Piece(self.pieces.pop(0)) if self.pieces else None

    async def finish(self) -> Reply:
        return await self._begin()

    def close(self) -> None:
        self.pieces = None


@dataclass
class Session:
    """A session for one test. What the program did stands in `requests`, `calls` and the rest."""

    replies: Iterable[Scripted] = ()
    """What the model says, chat by chat."""

    tools: Iterable[Tool | ToolDefinition] = ()
    """The tools: those made by `@tool` are called, other definitions have their `outputs`."""

    outputs: Mapping[str, str | ToolError] = field(default_factory=dict)
    """Outputs or errors of tools, by the tool's name."""

    answers: Iterable[str] = ()
    """What the user answers, question by question."""

    settings: Mapping[str, str] = field(default_factory=dict)
    """The component's configuration."""

    files: dict[str, bytes | str] = field(default_factory=dict)
    """The granted files, by path."""

    responses: Mapping[str, Response] = field(default_factory=dict)
    """Responses over HTTP, by address."""

    budget: Budget = field(default_factory=Budget)
    """What `budget_left` says."""

    seed: int = 0
    """The seed of the session's randomness."""

    chat_seconds: float = 1.0
    """How long a chat takes."""

    requests: list[ChatRequest] = field(default_factory=list, init=False)
    """The chats that were asked."""

    calls: list[tuple[str, str]] = field(default_factory=list, init=False)
    """The tool calls that were asked: names and arguments."""

    questions: list[str] = field(default_factory=list, init=False)
    """What was said to the user."""

    journal: list[Line] = field(default_factory=list, init=False)
    """The lines of the journal."""

    spans: list[str] = field(default_factory=list, init=False)
    """The names of the spans, in the order in which they began."""

    def __post_init__(self) -> None:
        self._replies = iter(self.replies)
        self._answers = iter(self.answers)
        self._random = random.Random(self.seed)
        self._loop: _VirtualLoop | None = None

    def run(self, agent: AgentFunction, input: str, name: str = "test") -> str:
        """Lets the agent do a task, and gives its answer. Its exceptions come out as they are."""
        return self.wait_for(run_guarded(agent(Task(input, name))))

    def call(self, tool: Tool, arguments: str | None = None, /, **named: Any) -> str:
        """Calls a tool with these arguments, or with JSON text, and gives its output."""
        text = json_text(named) if arguments is None else arguments
        return self.wait_for(run_guarded(tool.call(text)))

    def wait_for(self, work: Awaitable[Result]) -> Result:
        """Waits for anything that needs a session."""
        self._loop = _VirtualLoop()
        before = _host.use(self)
        try:
            return self._loop.run_until_complete(work)
        finally:
            _host.use(before)
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    async def chat(self, request: ChatRequest) -> Reply:
        self.requests.append(replace(request, messages=[*request.messages]))
        said = next(self._replies, None)
        await asyncio.sleep(self.chat_seconds)
        if isinstance(said, ModelError):
            raise said
        if said is None:
            raise AssertionError(f"the test has no reply for chat {len(self.requests)}: {request}")
        return said if isinstance(said, Reply) else _reply(said)

    def stream(self, request: ChatRequest) -> _Stream:
        return _Stream(self, request)

    def list_tools(self) -> list[ToolDefinition]:
        return [tool.definition if isinstance(tool, Tool) else tool for tool in self.tools]

    async def call_tool(self, name: str, arguments: str) -> str:
        self.calls.append((name, arguments))
        output = self.outputs.get(name)
        if isinstance(output, ToolError):
            raise output
        if output is not None:
            return output
        for tool in self.tools:
            if isinstance(tool, Tool) and tool.definition.name == name:
                return await _call_as_host(tool, arguments)
        raise ToolError("unknown-tool", f"the test has no tool called {name!r}")

    async def ask_user(self, text: str) -> str:
        self.questions.append(text)
        answer = next(self._answers, None)
        if answer is None:
            raise UserError("nobody", "the test has no further answer of the user")
        return answer

    def log(self, level: LogLevel, text: str) -> None:
        self.journal.append(Line(level, text, self.now_ns()))

    def span(self, name: str) -> _Span:
        self.spans.append(name)
        return _Span()

    def now_ns(self) -> int:
        return 0 if self._loop is None else round(self._loop.time() * 1e9)

    async def sleep_ns(self, duration: int) -> None:
        await asyncio.sleep(duration / 1e9)

    def random_u64(self) -> int:
        return self._random.getrandbits(64)

    def random_bytes(self, length: int) -> bytes:
        return self._random.randbytes(min(length, 65_536))

    def config(self, key: str) -> str | None:
        return self.settings.get(key)

    def budget_left(self) -> Budget:
        return self.budget

    def list_files(self, prefix: str) -> list[FileInfo]:
        paths = sorted(path for path in self.files if path.startswith(prefix))
        return [FileInfo(path, len(self.read_file(path))) for path in paths]

    def read_file(self, path: str) -> bytes:
        contents = self.files.get(path)
        if contents is None:
            raise FileError("not-found", f"the test has no file {path!r}")
        return contents.encode() if isinstance(contents, str) else contents

    def read_file_range(self, path: str, offset: int, length: int) -> bytes:
        return self.read_file(path)[offset : offset + length]

    def write_file(self, path: str, contents: bytes) -> None:
        self.files[path] = contents

    def remove_file(self, path: str) -> None:
        self.read_file(path)
        del self.files[path]

    async def fetch(
        self, method: str, url: str, headers: list[tuple[str, str]], body: bytes
    ) -> Response:
        if url not in self.responses:
            raise HttpError("refused", f"the test has no response for {url}")
        return self.responses[url]


async def _call_as_host(tool: Tool, arguments: str) -> str:
    """Calls a tool for an agent, which hears of its failures as the host tells them."""
    try:
        return await tool.call(arguments)
    except ToolError:
        raise
    except Failure as error:
        raise ToolError("failed", error.message) from error


def _reply(said: str | ToolCall | list[ToolCall]) -> Reply:
    if isinstance(said, str):
        return Reply(assistant(said))
    calls = [said] if isinstance(said, ToolCall) else said
    return Reply(assistant("", calls), "tool-calls")
