"""The conformance tool plugin."""

import functools
from dataclasses import dataclass
from typing import Any

import timeslip
from timeslip import Failure, FileError, files
from timeslip.schema import schema_of

reading = functools.partial(timeslip.tool, read_only=True, idempotent=True)


@dataclass
class Sum:
    sum: int


@dataclass
class Waited:
    waited: int


@reading
def add(a: int, b: int) -> Sum:
    """Adds two whole numbers."""
    return Sum(a + b)


@reading
def greet(name: str, excited: bool = False) -> str:
    """Greets somebody."""
    return f"Hello, {name}{'!' if excited else '.'}"


@reading
def fail(message: str) -> str:
    """Fails with a message."""
    raise Failure(message)


@reading
async def wait(milliseconds: int) -> Waited:
    """Waits."""
    await timeslip.sleep(milliseconds / 1000)
    return Waited(milliseconds)


@reading
def echo(value: Any) -> Any:
    """Gives its value back."""
    return {"value": value}


@reading
def crash() -> str:
    """Crashes."""
    raise RuntimeError("a defect")


@reading(output_schema=schema_of(Sum))
def bad_output() -> str:
    """Gives an output that breaks its schema."""
    return '{"sum":"x"}'


@reading
def read(path: str) -> str:
    """Reads a granted file."""
    try:
        return files.read_text(path)
    except FileError as error:
        raise Failure(error.text) from error
