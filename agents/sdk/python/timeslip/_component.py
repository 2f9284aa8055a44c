"""The host of a component: the imports that componentize-py binds, and the exports.

It is imported inside a component alone. An agent has other imports than a tool plugin, so those of
the other world are missing, and using them is an error that says so.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import wit_world
from componentize_py_types import Err
from wit_world.imports import session
from wit_world.imports import types as wit

from . import _event_loop, _host
from .errors import Failure, FileError, HttpError, ModelError, TimeslipError, ToolError, UserError
from .program import AgentFunction, find_tool, registered_tools, run_guarded
from .types import (
    Budget,
    ChatRequest,
    FileInfo,
    FinishReason,
    LogLevel,
    Message,
    NamedTool,
    Piece,
    Reply,
    Response,
    Role,
    Task,
    Timing,
    ToolAnnotations,
    ToolCall,
    ToolChoice,
    ToolDefinition,
    Usage,
)


class _Missing(ModuleType):
    """Stands for an import of the other world."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"{self.__name__} is not there: {self.__doc__}")


_ONLY_AGENTS = "agents have it, and this component is a tool plugin"
_ONLY_TOOLS = "tool plugins have it, and this component is an agent"
try:
    from wit_world.imports import model, tools, user
except ImportError:
    model, tools, user = (_Missing(name, _ONLY_AGENTS) for name in ("model", "tools", "user"))
try:
    from wit_world.imports import files, http, http_types
except ImportError:
    files, http, http_types = (
        _Missing(name, _ONLY_TOOLS) for name in ("files", "http", "http_types")
    )

_ROLES: dict[Role, wit.Role] = {
    "system": wit.Role.SYSTEM,
    "user": wit.Role.USER,
    "assistant": wit.Role.ASSISTANT,
    "tool": wit.Role.TOOL,
}
_ROLE_NAMES = {role: name for name, role in _ROLES.items()}
_LEVELS: dict[LogLevel, wit.LogLevel] = {
    "debug": wit.LogLevel.DEBUG,
    "info": wit.LogLevel.INFO,
    "warn": wit.LogLevel.WARN,
    "error": wit.LogLevel.ERROR,
}
_FINISH_REASONS: dict[wit.FinishReason, FinishReason] = {
    wit.FinishReason.STOP: "stop",
    wit.FinishReason.LENGTH: "length",
    wit.FinishReason.TOOL_CALLS: "tool-calls",
    wit.FinishReason.CONTENT_FILTER: "content-filter",
}
_CHOICES = {
    "auto": wit.ToolChoice_Auto,
    "none": wit.ToolChoice_None_,
    "required": wit.ToolChoice_Required,
}


def _text(text: str) -> str:
    """The text as the host takes it: half a surrogate pair, which JSON can hold, becomes U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join("\ufffd" if "\ud800" <= letter <= "\udfff" else letter for letter in text)
    return text


def _error(kind: Callable[[str, str], TimeslipError], error: Err[Any]) -> TimeslipError:
    """The exception for a case of one of the contract's variants, such as `ModelError_Refused`."""
    case = type(error.value).__name__.partition("_")[2]
    words = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in case)
    return kind(words.strip("-"), error.value.value)


def _to_message(message: Message) -> wit.Message:
    calls = [wit.ToolCall(call.id, call.name, _text(call.arguments)) for call in message.tool_calls]
    return wit.Message(_ROLES[message.role], _text(message.content), calls, message.tool_call_id)


def _from_message(message: wit.Message) -> Message:
    calls = [ToolCall(call.id, call.name, call.arguments) for call in message.tool_calls]
    return Message(_ROLE_NAMES[message.role], message.content, calls, message.tool_call_id)


def _to_definition(tool: ToolDefinition) -> wit.ToolDefinition:
    hints = tool.annotations
    return wit.ToolDefinition(
        tool.name,
        tool.description,
        tool.input_schema,
        tool.output_schema,
        wit.ToolAnnotations(hints.read_only, hints.destructive, hints.idempotent, hints.open_world),
    )


def _from_definition(tool: wit.ToolDefinition) -> ToolDefinition:
    hints = tool.annotations
    return ToolDefinition(
        tool.name,
        tool.description,
        tool.input_schema,
        tool.output_schema,
        ToolAnnotations(hints.read_only, hints.destructive, hints.idempotent, hints.open_world),
    )


def _to_choice(choice: ToolChoice) -> wit.ToolChoice:
    if isinstance(choice, NamedTool):
        return wit.ToolChoice_Named(choice.name)
    if choice not in _CHOICES:
        raise ValueError(f'no tool choice {choice!r}: "auto", "none", "required" or NamedTool(…)')
    return _CHOICES[choice]()


def _to_request(request: ChatRequest) -> wit.ChatRequest:
    return wit.ChatRequest(
        request.model,
        [_to_message(message) for message in request.messages],
        [_to_definition(tool) for tool in request.tools],
        wit.ChatOptions(
            request.max_output_tokens,
            request.temperature,
            request.top_p,
            request.seed,
            request.stop,
            _to_choice(request.tool_choice),
            request.response_schema,
        ),
    )


def _from_reply(reply: wit.ChatReply) -> Reply:
    usage, timing = reply.usage, reply.timing
    return Reply(
        _from_message(reply.message),
        _FINISH_REASONS[reply.finish_reason],
        Usage(usage.input_tokens, usage.cached_input_tokens, usage.output_tokens),
        Timing(
            timing.queue_ns,
            timing.prefill_ns,
            timing.transfer_ns,
            timing.decode_ns,
            timing.time_to_first_token_ns,
            timing.end_to_end_ns,
        ),
        reply.model,
        reply.machine,
    )


class _Stream:
    """A reply that arrives in pieces."""

    def __init__(self, request: ChatRequest) -> None:
        self._stream = model.ChatStream(_to_request(request))
        self._abandoned: asyncio.Future[Any] | None = None

    async def next(self) -> Piece | None:
        try:
            piece = await self._stream.next()
        except Err as error:
            raise _error(ModelError, error) from None
        except asyncio.CancelledError as error:
            self._abandoned = _event_loop.abandoned_by(error)
            raise
        return None if piece is None else Piece(piece.content, piece.output_tokens)

    async def finish(self) -> Reply:
        try:
            return _from_reply(await self._stream.finish())
        except Err as error:
            raise _error(ModelError, error) from None
        except asyncio.CancelledError as error:
            self._abandoned = _event_loop.abandoned_by(error)
            raise

    def close(self) -> None:
        release = self._stream.__exit__
        # The host still works at a call that Python has given up, so the stream lives until then.
        _event_loop.after(self._abandoned, lambda: release(None, None, None))


class _Span:
    """A named part of the session's work."""

    def __init__(self, name: str) -> None:
        self._span = session.Span(name)

    def close(self) -> None:
        self._span.__exit__(None, None, None)


class ComponentHost:
    """What the imports of the component do, with the SDK's records and exceptions."""

    async def chat(self, request: ChatRequest) -> Reply:
        try:
            return _from_reply(await model.chat(_to_request(request)))
        except Err as error:
            raise _error(ModelError, error) from None

    def stream(self, request: ChatRequest) -> _Stream:
        return _Stream(request)

    def list_tools(self) -> list[ToolDefinition]:
        return [_from_definition(tool) for tool in tools.list()]

    async def call_tool(self, name: str, arguments: str) -> str:
        try:
            return await tools.call(name, _text(arguments))
        except Err as error:
            raise _error(ToolError, error) from None

    async def ask_user(self, text: str) -> str:
        try:
            return await user.ask(_text(text))
        except Err as error:
            raise _error(UserError, error) from None

    def log(self, level: LogLevel, text: str) -> None:
        session.log(_LEVELS[level], _text(text))

    def span(self, name: str) -> _Span:
        return _Span(name)

    def now_ns(self) -> int:
        return session.now()

    async def sleep_ns(self, duration: int) -> None:
        await session.sleep(duration)

    def random_u64(self) -> int:
        return session.random_u64()

    def random_bytes(self, length: int) -> bytes:
        return session.random_bytes(length)

    def config(self, key: str) -> str | None:
        return session.config(key)

    def budget_left(self) -> Budget:
        left = session.budget_left()
        return Budget(left.time_ns, left.model_calls, left.tool_calls, left.output_tokens)

    def list_files(self, prefix: str) -> list[FileInfo]:
        return [FileInfo(file.path, file.length) for file in files.list(prefix)]

    def read_file(self, path: str) -> bytes:
        try:
            return files.read(path)
        except Err as error:
            raise _error(FileError, error) from None

    def read_file_range(self, path: str, offset: int, length: int) -> bytes:
        try:
            return files.read_range(path, offset, length)
        except Err as error:
            raise _error(FileError, error) from None

    def write_file(self, path: str, contents: bytes) -> None:
        try:
            files.write(path, contents)
        except Err as error:
            raise _error(FileError, error) from None

    def remove_file(self, path: str) -> None:
        try:
            files.remove(path)
        except Err as error:
            raise _error(FileError, error) from None

    async def fetch(
        self, method: str, url: str, headers: list[tuple[str, str]], body: bytes
    ) -> Response:
        lines = [http_types.Header(name, value) for name, value in headers]
        try:
            response = await http.fetch(http_types.HttpRequest(method, url, lines, body))
        except Err as error:
            raise _error(HttpError, error) from None
        joined: dict[str, str] = {}
        for line in response.headers:
            before = joined.get(line.name)
            joined[line.name] = line.value if before is None else f"{before}, {line.value}"
        return Response(response.status, joined, response.body)


_host.use(ComponentHost())
_seeded = False


def _begin() -> None:
    """Seeds `random` from the session, once: the build's snapshot holds the builder's seed.

    The seed comes by way of WASI, whose numbers are a sequence of their own, so that what the program
    draws from the session is the same as in any other language.
    """
    global _seeded
    if not _seeded and "random" in sys.modules:
        sys.modules["random"].seed()
    _seeded = True


def agent_class(function: AgentFunction) -> type:
    """The class that componentize-py exports for world `agent`."""

    class WitWorld(wit_world.WitWorld):
        async def run(self, task: wit.Task) -> wit.Outcome:
            _begin()
            try:
                answer = await run_guarded(function(Task(task.input, task.name)))
            except Failure as error:
                raise Err(wit.Failure(_text(error.message))) from None
            return wit.Outcome(_text(answer))

    return WitWorld


_TOOL_ERRORS = {
    "unknown-tool": "UnknownTool",
    "refused": "Refused",
    "invalid-arguments": "InvalidArguments",
    "failed": "Failed",
    "invalid-output": "InvalidOutput",
    "crashed": "Crashed",
    "over-budget": "OverBudget",
}


def _tool_error(kind: str, text: str) -> Err[Any]:
    return Err(getattr(wit, f"ToolError_{_TOOL_ERRORS[kind]}")(_text(text)))


def plugin_class() -> type:
    """The class that componentize-py exports for world `tool`: all the program's tools."""
    from wit_world.exports import Plugin as Contract

    class Plugin(Contract):
        def definitions(self) -> list[wit.ToolDefinition]:
            return [_to_definition(tool.definition) for tool in registered_tools()]

        async def call(self, name: str, arguments: str) -> str:
            _begin()
            return await _call(name, arguments)

    return Plugin


async def _call(name: str, arguments: str) -> str:
    tool = find_tool(name)
    if tool is None:
        names = ", ".join(tool.definition.name for tool in registered_tools())
        raise _tool_error("unknown-tool", f"no tool is called {name!r}; there are: {names}")
    try:
        return _text(await run_guarded(tool.call(arguments)))
    except ToolError as error:
        raise _tool_error(error.kind, error.text) from None
    except Failure as error:
        raise _tool_error("failed", error.message) from None
