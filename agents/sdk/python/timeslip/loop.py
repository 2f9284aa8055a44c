"""The tool loop: chat, call the tools that the model asks for, and again, until it answers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from .errors import Failure, ModelError, ToolError
from .models import call_tool, chat, list_tools
from .session import span
from .types import Message, ToolCall, ToolDefinition, tool_output, user
from .types import system as system_message


async def run_tool_loop(
    input: str,
    *,
    system: str | None = None,
    tools: Iterable[ToolDefinition] | None = None,
    max_turns: int = 12,
    **options: Any,
) -> str:
    """Lets the model work with tools until it answers, and gives its answer.

    The tools that a reply asks for are called at once. A tool's error is told to the model; an
    error of the model ends the loop.

    Args:
        input: What the user says.
        system: Instructions, if there are any.
        tools: The tools to offer; all of the session's if they are left out.
        max_turns: How many replies the model may take.
        options: Further arguments of `chat`.

    Raises `Failure` when the model gives no reply, or is not done in time.
    """
    messages = [] if system is None else [system_message(system)]
    messages.append(user(input))
    offered = list_tools() if tools is None else list(tools)
    for turn in range(1, max_turns + 1):
        with span(f"turn {turn}"):
            answer = await _take_turn(messages, offered, options)
        if answer is not None:
            return answer
    raise Failure(f"the model still asked for tools after {max_turns} turns")


async def _take_turn(
    messages: list[Message], tools: list[ToolDefinition], options: dict[str, Any]
) -> str | None:
    """One reply and its tool calls, added to the conversation; the text if there were none."""
    try:
        reply = await chat(messages, tools=tools, **options)
    except ModelError as error:
        raise Failure(error.message) from error
    if not reply.tool_calls:
        return reply.text
    messages.append(reply.message)
    outputs = await asyncio.gather(*(_output(call) for call in reply.tool_calls))
    messages.extend(map(tool_output, reply.tool_calls, outputs))
    return None


async def _output(call: ToolCall) -> str:
    try:
        return await call_tool(call.name, call.arguments)
    except ToolError as error:
        return f"Error: {error.text}"
