"""Requests over HTTP to what the bench grants to a tool plugin.

    from timeslip import http

    response = await http.fetch("https://example.org/data.json")

A run on modelled machines plays responses back from a recording.
"""

from __future__ import annotations

from collections.abc import Mapping

from ._host import host
from .types import Response


async def fetch(
    url: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | str = b"",
) -> Response:
    """Sends a request and waits for the whole response, whatever its status says.

    Redirects are not followed. Fetches that are started together overlap in time.

    Raises `HttpError`.
    """
    data = body.encode() if isinstance(body, str) else body
    return await host().fetch(method, url, [*(headers or {}).items()], data)
