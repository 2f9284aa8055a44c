"""What makes a Python program a component: `@agent` and `@tool`."""

from __future__ import annotations

import asyncio
import inspect
import json
import sys
import traceback
import typing
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from . import schema
from ._host import host
from .errors import Failure, InvalidArguments
from .types import Task, ToolAnnotations, ToolDefinition, json_text

AgentFunction = Callable[[Task], Awaitable[str]]


def agent(function: AgentFunction) -> AgentFunction:
    """Makes an `async` function the agent of its module: `async def run(task: Task) -> str`.

    What it returns is the answer. `Failure` is the session's outcome; any other exception is a
    defect of the program: its traceback goes to the journal, and the session ends as crashed.
    """
    if not inspect.iscoroutinefunction(function):
        raise TypeError(f"@agent needs an `async def`, and {function.__name__} is none")
    _export(function, "WitWorld", lambda component: component.agent_class(function))
    return function


class Tool:
    """A function as a tool, made by `@tool`. It can be called as the function that it was."""

    def __init__(
        self,
        function: Callable[..., Any],
        definition: ToolDefinition,
        fields: list[schema.Field] | None,
        returns_text: bool,
    ) -> None:
        self.definition = definition
        self.__doc__ = function.__doc__
        self._function = function
        self._fields = fields
        self._returns_text = returns_text

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self._function(*arguments, **named)

    async def call(self, arguments: str) -> str:
        """Calls the function with arguments as JSON text, and gives its output."""
        result = self._start(arguments)
        if inspect.isawaitable(result):
            result = await result
        return result if self._returns_text else json_text(result)

    def _start(self, arguments: str) -> Any:
        if self._fields is None:
            return self._function(arguments)
        try:
            value = json.loads(arguments)
        except ValueError as error:
            raise InvalidArguments(f"the arguments are no JSON: {error}") from error
        try:
            named = schema.decode_fields(self._fields, value, "")
        except schema.Mismatch as error:
            raise InvalidArguments(str(error)) from error
        return self._function(**named)


_tools: dict[str, Tool] = {}


def registered_tools() -> list[Tool]:
    """The tools of the program, in the order of their definitions."""
    return [*_tools.values()]


def find_tool(name: str) -> Tool | None:
    """The tool of this name."""
    return _tools.get(name)


def tool(
    function: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    read_only: bool = False,
    destructive: bool = False,
    idempotent: bool = False,
    open_world: bool = False,
    input_schema: Mapping[str, Any] | None = None,
    output_schema: Mapping[str, Any] | None = None,
) -> Any:
    """Makes a function, `async` or not, a tool of the plugin: `@tool`, or `@tool(read_only=True)`.

    The schema of its arguments comes from its type hints (`timeslip.schema` lists those that have
    one), the description from its docstring, and those of the arguments from the docstring's
    section `Args:` or from `Annotated[T, "text"]`. What it returns is the output: a `str` as it
    is, anything else as JSON, with a schema if the return type has one. `Failure` ends the call
    with a `failed` error, `InvalidArguments` with `invalid-arguments`; any other exception is a
    defect, and the plugin crashes.

    Args:
        function: The function, when the decorator stands without arguments.
        name: The tool's name; the function's if it is left out.
        description: What the tool does; the docstring if it is left out.
        read_only: The tool changes nothing.
        destructive: The tool may destroy or overwrite something.
        idempotent: Calling twice with the same arguments has no further effect.
        open_world: The tool reaches beyond the session.
        input_schema: A schema by hand. The function then takes the arguments' JSON text alone.
        output_schema: A schema by hand. The function then returns JSON text.
    """

    def make(function: Callable[..., Any]) -> Tool:
        title = function.__name__ if name is None else name
        about, descriptions = _read_docstring(function)
        fields = None if input_schema is not None else _parameters(title, function, descriptions)
        inputs = schema.object_schema(fields) if fields is not None else input_schema
        outputs = output_schema if output_schema is not None else _output_schema(title, function)
        made = Tool(
            function,
            ToolDefinition(
                title,
                about if description is None else description,
                json_text(inputs),
                None if outputs is None else json_text(outputs),
                ToolAnnotations(read_only, destructive, idempotent, open_world),
            ),
            fields,
            output_schema is not None or _returns_text(function),
        )
        if title in _tools:
            raise ValueError(f"there are two tools called {title!r}")
        _tools[title] = made
        _export(function, "Plugin", lambda component: component.plugin_class())
        return made

    return make if function is None else make(function)


def _parameters(
    title: str, function: Callable[..., Any], descriptions: Mapping[str, str]
) -> list[schema.Field]:
    hints = typing.get_type_hints(function, include_extras=True)
    fields = []
    for name, parameter in inspect.signature(function).parameters.items():
        place = f"tool {title}, parameter {name}"
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise TypeError(f"{place}: a tool's arguments have names; * and / are not possible")
        if name not in hints:
            raise TypeError(f"{place}: has no type; write `{name}: str`, for instance")
        required = parameter.default is parameter.empty
        default = None if required else parameter.default
        field = schema.Field(name, hints[name], required, default, descriptions.get(name))
        try:
            schema.object_schema([field])
        except TypeError as error:
            raise TypeError(f"{place}: {error}") from error
        fields.append(field)
    return fields


def _output_schema(title: str, function: Callable[..., Any]) -> dict[str, Any] | None:
    kind = typing.get_type_hints(function, include_extras=True).get("return", str)
    if kind in (str, Any):
        return None
    try:
        return schema.schema_of(kind)
    except TypeError as error:
        raise TypeError(f"tool {title}, what it returns: {error}") from error


def _returns_text(function: Callable[..., Any]) -> bool:
    return typing.get_type_hints(function).get("return", str) is str


def _read_docstring(function: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """The description, and those of the arguments, from the section `Args:` of the docstring."""
    text, _, section = (inspect.getdoc(function) or "").partition("\nArgs:\n")
    descriptions: dict[str, str] = {}
    latest = None
    for line in section.splitlines():
        if line and not line.startswith(" "):
            break
        name, colon, rest = line.strip().partition(":")
        if colon and line.startswith("    ") and not line.startswith("     "):
            latest = name
            descriptions[name] = rest.strip()
        elif latest is not None and line.strip():
            descriptions[latest] += " " + line.strip()
    return text.strip(), descriptions


def _export(function: Callable[..., Any], name: str, make: Callable[[Any], type]) -> None:
    """Puts the class that componentize-py looks for into the function's module.

    Outside a component there is none to put.
    """
    try:
        import wit_world  # noqa: F401 - made by componentize-py
    except ModuleNotFoundError:
        return
    from . import _component

    setattr(sys.modules[function.__module__], name, make(_component))


async def run_guarded(work: Awaitable[str]) -> str:
    """Awaits the program's work. A defect's traceback goes to the journal before it goes on."""
    try:
        return await work
    except Failure:
        raise
    except BaseException as error:
        host().log("error", "".join(traceback.format_exception(error)).rstrip())
        if isinstance(error, asyncio.CancelledError):
            raise RuntimeError("the program cancelled itself") from error
        raise
