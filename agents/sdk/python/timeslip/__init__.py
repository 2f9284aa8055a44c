"""Timeslip's SDK for Python: agents and tool plugins as WebAssembly components.

```python
from timeslip import Task, agent, chat, user

@agent
async def run(task: Task) -> str:
    reply = await chat([user(task.input)])
    return reply.text
```
"""

from .errors import (
    Failure,
    FileError,
    HttpError,
    InvalidArguments,
    ModelError,
    TimeslipError,
    ToolError,
    UserError,
)
from .loop import run_tool_loop
from .models import Stream, ask_user, call_tool, chat, list_tools, stream
from .program import Tool, agent, tool
from .session import (
    budget_left,
    config,
    log,
    now,
    now_ns,
    random_bytes,
    random_u64,
    sleep,
    span,
)
from .types import (
    Budget,
    ChatRequest,
    FileInfo,
    Message,
    NamedTool,
    Piece,
    Reply,
    Response,
    Task,
    Timing,
    ToolAnnotations,
    ToolCall,
    ToolDefinition,
    Usage,
    assistant,
    system,
    tool_output,
    user,
)

__all__ = [
    "Budget",
    "ChatRequest",
    "Failure",
    "FileError",
    "FileInfo",
    "HttpError",
    "InvalidArguments",
    "Message",
    "ModelError",
    "NamedTool",
    "Piece",
    "Reply",
    "Response",
    "Stream",
    "Task",
    "TimeslipError",
    "Timing",
    "Tool",
    "ToolAnnotations",
    "ToolCall",
    "ToolDefinition",
    "ToolError",
    "Usage",
    "UserError",
    "agent",
    "ask_user",
    "assistant",
    "budget_left",
    "call_tool",
    "chat",
    "config",
    "list_tools",
    "log",
    "now",
    "now_ns",
    "random_bytes",
    "random_u64",
    "run_tool_loop",
    "sleep",
    "span",
    "stream",
    "system",
    "tool",
    "tool_output",
    "user",
]
