"""The one place where the SDK meets its host: the component's imports, or a test's session."""

from __future__ import annotations

from typing import Protocol

from .types import (
    Budget,
    ChatRequest,
    FileInfo,
    LogLevel,
    Piece,
    Reply,
    Response,
    ToolDefinition,
)


class HostStream(Protocol):
    """A reply that arrives in pieces."""

    async def next(self) -> Piece | None:
        """Waits for the next piece; `None` after the last one."""

    async def finish(self) -> Reply:
        """Waits for the whole reply."""

    def close(self) -> None:
        """Lets go of the stream, which cancels the chat unless it is over."""


class HostSpan(Protocol):
    """A named part of the session's work."""

    def close(self) -> None:
        """Ends the part."""


class Host(Protocol):
    """What a host does for a program. Errors are raised as the SDK's exceptions."""

    async def chat(self, request: ChatRequest) -> Reply: ...

    def stream(self, request: ChatRequest) -> HostStream: ...

    def list_tools(self) -> list[ToolDefinition]: ...

    async def call_tool(self, name: str, arguments: str) -> str: ...

    async def ask_user(self, text: str) -> str: ...

    def log(self, level: LogLevel, text: str) -> None: ...

    def span(self, name: str) -> HostSpan: ...

    def now_ns(self) -> int: ...

    async def sleep_ns(self, duration: int) -> None: ...

    def random_u64(self) -> int: ...

    def random_bytes(self, length: int) -> bytes: ...

    def config(self, key: str) -> str | None: ...

    def budget_left(self) -> Budget: ...

    def list_files(self, prefix: str) -> list[FileInfo]: ...

    def read_file(self, path: str) -> bytes: ...

    def read_file_range(self, path: str, offset: int, length: int) -> bytes: ...

    def write_file(self, path: str, contents: bytes) -> None: ...

    def remove_file(self, path: str) -> None: ...

    async def fetch(
        self, method: str, url: str, headers: list[tuple[str, str]], body: bytes
    ) -> Response: ...


_current: Host | None = None


def host() -> Host:
    """The host of now."""
    if _current is None:
        raise RuntimeError(
            "there is no session here; in a test, run the agent or the tool with "
            "timeslip.testing.Session"
        )
    return _current


def use(new: Host | None) -> Host | None:
    """Makes this the host, and gives the one before."""
    global _current
    before, _current = _current, new
    return before
