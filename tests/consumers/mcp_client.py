"""Lists and calls our tools with the Python SDK: mcp_client.py URL, or mcp_client.py COMMAND..."""

import asyncio
import contextlib
import json
import sys

from mcp import Client, ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client


@contextlib.asynccontextmanager
async def session_with(place: list[str]):
    """A session with the server at an address, or with one that is started."""
    if place[0].startswith("http"):
        transport = streamable_http_client(place[0])
    else:
        transport = stdio_client(StdioServerParameters(command=place[0], args=place[1:]))
    async with transport as (read, write, *_):
        async with ClientSession(read, write) as session:
            yield session


def as_json(model) -> dict:
    return model.model_dump(mode="json", by_alias=True)


async def main(place: list[str]) -> None:
    steps = []

    async def on_progress(progress, total, message):
        steps.append(message)

    async with session_with(place) as session:
        await session.initialize()
        tools = {tool.name: as_json(tool) for tool in (await session.list_tools()).tools}
        assert {"calculate", "echo", "no-json"} <= set(tools), sorted(tools)
        assert tools["echo"]["annotations"]["readOnlyHint"] is True, tools["echo"]
        assert tools["no-json"]["outputSchema"]["required"] == ["n"], tools["no-json"]

        said = as_json(await session.call_tool("echo", {"text": "hello"}, progress_callback=on_progress))
        assert said["content"][0]["text"] == "hello" and not said["isError"], said
        assert said["_meta"]["timeslip/e2e_ns"] > 0, said
        assert steps, "no progress was told"
        failed = as_json(await session.call_tool("fail", {}))
        assert failed["isError"] and "asked to fail" in json.dumps(failed), failed
        counts = await asyncio.gather(*(session.call_tool("count", {}) for _ in range(20)))
        counted = sorted(int(as_json(one)["content"][0]["text"]) for one in counts)
        assert counted == list(range(1, 21)), counted


async def newest(place: list[str]) -> None:
    """The newest revision of the protocol, which has no handshake, where both sides know it."""
    one = place[0] if place[0].startswith("http") else StdioServerParameters(command=place[0], args=place[1:])
    async with Client(one) as client:
        said = as_json(await client.call_tool("echo", {"text": "hello"}))
        assert said["content"][0]["text"] == "hello", said


asyncio.run(main(sys.argv[1:]))
asyncio.run(newest(sys.argv[1:]))
