"""Answers a question from documents, and cites what it read.

It thinks, acts with tools, looks at what they gave, and goes on until it can answer. An answer must
cite documents that it has read; one that does not is sent back with what is wrong.
"""

import asyncio

from citations import Citations
from timeslip import (
    Failure,
    Message,
    Task,
    ToolCall,
    ToolError,
    agent,
    call_tool,
    chat,
    list_tools,
    log,
    span,
    system,
    tool_output,
    user,
)

INSTRUCTIONS = """\
You answer questions from documents. In every turn say in one sentence what you think and what you \
look for next, and use the tools: find documents with search_documents and read them with \
read_document. Answer when you have read enough, in at most three sentences. After every statement \
cite the document that it rests on by its path in brackets, such as [guide/tea.md]. When the \
documents do not say, answer that they do not, and cite none."""

# A question that takes longer than this is one the model goes round in circles about.
TURNS_MAX = 12


@agent
async def run(task: Task) -> str:
    tools = list_tools()
    messages = [system(INSTRUCTIONS), user(task.input)]
    citations = Citations()
    for turn in range(1, TURNS_MAX + 1):
        with span(f"turn {turn}"):
            reply = await chat(messages, tools=tools)
            if reply.tool_calls:
                log("info", f"thought: {reply.text}")
                messages.append(reply.message)
                messages += await act(reply.tool_calls, citations)
            elif problem := citations.problem(reply.text):
                log("warn", problem)
                messages += [reply.message, user(problem)]
            else:
                return reply.text
    raise Failure(f"no answer with sources after {TURNS_MAX} turns")


async def act(calls: list[ToolCall], citations: Citations) -> list[Message]:
    """Calls the tools together and notes which documents were read."""

    async def observe(call: ToolCall) -> Message:
        try:
            output = await call_tool(call.name, call.arguments)
        except ToolError as error:
            return tool_output(call, f"Error: {error.text}")
        citations.note(call)
        return tool_output(call, output)

    return await asyncio.gather(*map(observe, calls))
