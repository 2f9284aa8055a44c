"""Files that the bench grants to a tool plugin.

    from timeslip import files

    text = files.read_text("notes.txt")

Errors are raised as `FileError`.
"""

from __future__ import annotations

import builtins

from ._host import host
from .types import FileInfo


def list(prefix: str = "") -> builtins.list[FileInfo]:
    """The granted files whose path begins with `prefix`, sorted by path."""
    return host().list_files(prefix)


def read(path: str) -> bytes:
    """The whole file."""
    return host().read_file(path)


def read_text(path: str) -> str:
    """The whole file as UTF-8 text; what is no UTF-8 becomes U+FFFD."""
    return host().read_file(path).decode("utf-8", "replace")


def read_range(path: str, offset: int, length: int) -> bytes:
    """At most `length` bytes from `offset`; fewer, or none, at the end of the file."""
    return host().read_file_range(path, offset, length)


def write(path: str, contents: bytes | str) -> None:
    """Writes a whole file, in place of what it held; folders on the way need not exist."""
    data = contents.encode() if isinstance(contents, str) else contents
    host().write_file(path, data)


def remove(path: str) -> None:
    """Removes a file."""
    host().remove_file(path)
