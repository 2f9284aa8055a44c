"""The session that the program runs in: its clock, its randomness, its journal."""

from __future__ import annotations

from types import TracebackType

from ._host import host
from .types import Budget, LogLevel


def now() -> float:
    """Seconds since the session began, as `time.monotonic` counts them too."""
    return host().now_ns() / 1e9


def now_ns() -> int:
    """Nanoseconds since the session began."""
    return host().now_ns()


async def sleep(seconds: float) -> None:
    """Waits for this many seconds of the session's clock, as `asyncio.sleep` does too."""
    await host().sleep_ns(max(0, round(seconds * 1e9)))


def log(level: LogLevel, text: str) -> None:
    """Writes a line to the session's journal. A session that writes too much is ended."""
    host().log(level, text)


class span:
    """A named part of the session's work, for timelines: `with span("plan"):`."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        self._span = host().span(self._name)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._span.close()


def config(key: str) -> str | None:
    """The value that the bench configures under this key for this component, if it does."""
    return host().config(key)


def budget_left() -> Budget:
    """What is left of the session's budgets now."""
    return host().budget_left()


def random_u64() -> int:
    """A random number of 64 bits, drawn from the session's seed."""
    return host().random_u64()


def random_bytes(length: int) -> bytes:
    """Random bytes, drawn from the session's seed; at most 65,536."""
    return host().random_bytes(length)
