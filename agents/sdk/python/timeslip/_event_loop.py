"""What componentize-py 0.25.1 leaves out of its `asyncio` event loop, on the session's clock.

* Timers: `asyncio.sleep`, `asyncio.timeout` and `asyncio.wait_for` take the session's time.
* Cancelling a task that waits for the host: the call's result is dropped when it comes.
* Ending while calls are still under way.
* Exceptions that nobody looks at are lines of the journal, as elsewhere in Python.
"""

from __future__ import annotations

import asyncio
import contextvars
import traceback
from collections.abc import Callable
from typing import Any

import componentize_py_async_support as support
import componentize_py_runtime as runtime
from componentize_py_types import Err, Ok, Result
from wit_world.imports import session
from wit_world.imports import types as wit

_EXIT, _WAIT = 0, 2


class _HostCall(asyncio.Future[Any]):
    """Waits for a call of the host. Unlike other futures, it may end after it was cancelled."""

    promise: int
    arrived = False
    afterwards: Callable[[], None] | None = None

    def set_result(self, event: int) -> None:
        self.arrived = True
        if not self.cancelled():
            super().set_result(event)
            return
        try:
            runtime.promise_get_result(event, self.promise)
        except Err:
            pass  # Nobody waits for the error any more.
        if self.afterwards is not None:
            self.afterwards()


async def _await_result(result: Result[Any, tuple[int, int]]) -> Any:
    """Waits for the result of an import that is `async`."""
    if isinstance(result, Ok):
        return result.value
    state = support._future_state.get()
    waitable, promise = result.value
    call = _HostCall(loop=support._loop)
    call.promise = promise
    state.futures[waitable] = call
    if state.waitable_set is None:
        state.waitable_set = runtime.waitable_set_new()
    runtime.waitable_join(waitable, state.waitable_set)
    try:
        event = await call
    except asyncio.CancelledError as error:
        error.host_call = call
        raise
    return runtime.promise_get_result(event, promise)


def abandoned_by(error: asyncio.CancelledError) -> asyncio.Future[Any] | None:
    """The call of the host that was given up when this was raised."""
    return getattr(error, "host_call", None)


def after(call: asyncio.Future[Any] | None, work: Callable[[], None]) -> None:
    """Does the work now, or when a call that was given up has ended."""
    if isinstance(call, _HostCall) and not call.arrived:
        call.afterwards = work
    else:
        work()


def _poll(state: Any) -> int:
    """Runs what is ready, and says whether the exported function is done."""
    support._loop.poll(state)
    if state.pending_count == 0:
        if state.waitable_set is not None and not state.futures:
            runtime.waitable_set_drop(state.waitable_set)
        return _EXIT
    if state.waitable_set is None:
        raise RuntimeError("the program waits for something that never comes")
    runtime.context_set(state)
    return _WAIT | (state.waitable_set << 4)


def _call_soon(
    self: Any,
    callback: Callable[..., object],
    *arguments: Any,
    context: contextvars.Context | None = None,
) -> asyncio.Handle:
    context = contextvars.copy_context() if context is None else context
    handle = asyncio.Handle(callback, arguments, self, context)
    context[support._future_state].handles.append(handle)
    return handle


def _time(self: Any) -> float:
    return session.now() / 1e9


def _call_at(
    self: Any,
    when: float,
    callback: Callable[..., object],
    *arguments: Any,
    context: contextvars.Context | None = None,
) -> asyncio.TimerHandle:
    return _start_timer(self, when - _time(self), when, callback, arguments, context)


def _call_later(
    self: Any,
    delay: float,
    callback: Callable[..., object],
    *arguments: Any,
    context: contextvars.Context | None = None,
) -> asyncio.TimerHandle:
    return _start_timer(self, delay, _time(self) + delay, callback, arguments, context)


_timers: set[asyncio.Task[None]] = set()


def _start_timer(
    loop: Any,
    delay: float,
    when: float,
    callback: Callable[..., object],
    arguments: tuple[Any, ...],
    context: contextvars.Context | None,
) -> asyncio.TimerHandle:
    """Sleeps in a task of its own. One that is cancelled sleeps on, and then does nothing."""
    handle = asyncio.TimerHandle(when, callback, arguments, loop, context)

    async def wait() -> None:
        await session.sleep(max(0, round(delay * 1e9)))
        if not handle.cancelled():
            handle._run()

    task = loop.create_task(wait())
    _timers.add(task)
    task.add_done_callback(_timers.discard)
    return handle


def _timer_handle_cancelled(self: Any, handle: asyncio.TimerHandle) -> None:
    """The timer's task looks at the handle itself."""


def _call_exception_handler(self: Any, context: dict[str, Any]) -> None:
    error = context.get("exception")
    lines = [context.get("message", "an exception that nobody looked at")]
    if error is not None:
        lines += "".join(traceback.format_exception(error)).rstrip().splitlines()
    session.log(wit.LogLevel.ERROR, "\n".join(lines))


def install() -> None:
    """Puts all of it in the place of what componentize-py has."""
    support.await_result = _await_result
    support._poll = _poll
    loop = support._Loop
    loop.call_soon = _call_soon
    loop.call_at = _call_at
    loop.call_later = _call_later
    loop.time = _time
    loop._timer_handle_cancelled = _timer_handle_cancelled
    loop.call_exception_handler = _call_exception_handler


install()
