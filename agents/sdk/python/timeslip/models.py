"""Chatting with models, calling tools and asking the user."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from . import schema
from ._host import HostStream, host
from .types import (
    ChatRequest,
    Message,
    Piece,
    Reply,
    ToolChoice,
    ToolDefinition,
    json_text,
)


def _request(
    messages: Iterable[Message],
    model: str | None,
    tools: Iterable[ToolDefinition],
    max_output_tokens: int | None,
    temperature: float | None,
    top_p: float | None,
    seed: int | None,
    stop: Sequence[str],
    tool_choice: ToolChoice,
    response_schema: Mapping[str, Any] | type | None,
) -> ChatRequest:
    if isinstance(response_schema, type):
        response_schema = schema.schema_of(response_schema)
    text = None if response_schema is None else json_text(dict(response_schema))
    return ChatRequest(
        list(messages),
        model,
        list(tools),
        max_output_tokens,
        temperature,
        top_p,
        seed,
        [stop] if isinstance(stop, str) else list(stop),
        tool_choice,
        text,
    )


async def chat(
    messages: Iterable[Message],
    *,
    model: str | None = None,
    tools: Iterable[ToolDefinition] = (),
    max_output_tokens: int | None = None,
    temperature: float | None = None,
    top_p: float | None = None,
    seed: int | None = None,
    stop: Sequence[str] = (),
    tool_choice: ToolChoice = "auto",
    response_schema: Mapping[str, Any] | type | None = None,
) -> Reply:
    """Asks a model and waits for the whole reply.

    Chats that are started together, with `asyncio.gather` or `asyncio.create_task`, overlap in
    time.

    Args:
        messages: The conversation so far, oldest first.
        model: The model's name; the bench's model if it is left out.
        tools: The tools that the model may call. They are part of the prompt and cost tokens.
        max_output_tokens: The most tokens that the reply may have.
        temperature: Sampling temperature, 0 or more.
        top_p: Nucleus sampling, over 0 and up to 1.
        seed: Seed of the sampling.
        stop: Texts that end the reply before they are written.
        tool_choice: `"auto"`, `"none"`, `"required"`, or `NamedTool("name")`.
        response_schema: What the reply's text must be: a JSON Schema, or a dataclass, which
            `Reply.parse` then reads.

    Raises `ModelError`.
    """
    return await host().chat(
        _request(
            messages,
            model,
            tools,
            max_output_tokens,
            temperature,
            top_p,
            seed,
            stop,
            tool_choice,
            response_schema,
        )
    )


class Stream:
    """A reply that arrives in pieces, made by `stream`.

    Leaving `async with` before the last piece cancels the chat; the tokens made until then are
    counted.
    """

    def __init__(self, request: ChatRequest) -> None:
        self._request = request
        self._stream: HostStream | None = None

    def _opened(self) -> HostStream:
        if self._stream is None:
            raise RuntimeError("a stream is used inside `async with stream(…) as pieces:`")
        return self._stream

    async def __aenter__(self) -> Self:
        self._stream = host().stream(self._request)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._opened().close()
        self._stream = None

    def __aiter__(self) -> Stream:
        return self

    async def __anext__(self) -> Piece:
        piece = await self._opened().next()
        if piece is None:
            raise StopAsyncIteration
        return piece

    async def finish(self) -> Reply:
        """Waits for the end and gives the whole reply, pieces already taken included. Once."""
        return await self._opened().finish()


def stream(
    messages: Iterable[Message],
    *,
    model: str | None = None,
    tools: Iterable[ToolDefinition] = (),
    max_output_tokens: int | None = None,
    temperature: float | None = None,
    top_p: float | None = None,
    seed: int | None = None,
    stop: Sequence[str] = (),
    tool_choice: ToolChoice = "auto",
    response_schema: Mapping[str, Any] | type | None = None,
) -> Stream:
    """Asks a model for a reply in pieces; the arguments are those of `chat`.

        async with stream([user("Count to five.")]) as pieces:
            async for piece in pieces:
                print(piece.content)
            reply = await pieces.finish()

    The request is sent at `async with`. Its errors come out of the first piece, or of `finish`.
    """
    return Stream(
        _request(
            messages,
            model,
            tools,
            max_output_tokens,
            temperature,
            top_p,
            seed,
            stop,
            tool_choice,
            response_schema,
        )
    )


def list_tools() -> list[ToolDefinition]:
    """The tools of the session, in the order of the bench."""
    return host().list_tools()


async def call_tool(name: str, arguments: Any = None) -> str:
    """Calls a tool and waits for its output, which is text or JSON text.

    Args:
        name: The tool's name.
        arguments: A `dict` or a dataclass; a `str` is taken for JSON text and passed on as it is.

    Raises `ToolError`.
    """
    if not isinstance(arguments, str):
        arguments = json_text({} if arguments is None else arguments)
    return await host().call_tool(name, arguments)


async def ask_user(text: str) -> str:
    """Says something to the user and waits for the answer. Raises `UserError`."""
    return await host().ask_user(text)
