"""Stands between clients and a server, and writes down what passes: recording_proxy.py SERVER LOG.

Listens on a free port of the loopback and prints its base URL. Bytes pass as they come.
`http://127.0.0.1:PORT/NAME/v1/…` is sent to `http://127.0.0.1:SERVER/v1/…`, and NAME stands in
the log, so that the requests of several clients can be told apart. Each request is a line of JSON
in the log once it is over. Times are seconds from the end of the request.
"""

import asyncio
import json
import sys
import time

HEAD_BYTES_MAX = 64 * 1024
HOP_BY_HOP = (b"connection", b"keep-alive")
LAST_CHUNK = b"\r\n0\r\n\r\n"


def without_reuse(headers):
    """Headers by which each request has a connection of its own, whose end is the answer's end."""
    lines = [line for line in headers.split(b"\r\n") if line]
    kept = [line for line in lines if line.partition(b":")[0].lower() not in HOP_BY_HOP]
    return b"\r\n".join([*kept, b"Connection: close"]) + b"\r\n\r\n"


def content_length(headers):
    for line in headers.lower().split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name == b"content-length":
            return int(value)
    return None


async def read_head(reader):
    """The first line and the headers; nothing where the connection ends before."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    line, _, headers = head.partition(b"\r\n")
    return line, headers


async def read_body(reader, headers):
    """The pieces of an answer's body, as they come."""
    is_chunked = b"transfer-encoding: chunked" in headers.lower()
    missing = content_length(headers)
    last = b""
    while missing != 0 and (piece := await reader.read(65536)):
        yield piece
        missing = None if missing is None else missing - len(piece)
        last = (last + piece)[-len(LAST_CHUNK) :]
        if is_chunked and last == LAST_CHUNK:
            return


async def relay(server_port, line, headers, body, writer):
    """Sends a request on and its answer back; gives what came, and when."""
    began = time.perf_counter()
    reader, onward = await asyncio.open_connection("127.0.0.1", server_port)
    pieces = []

    def pass_on(piece):
        pieces.append((time.perf_counter() - began, piece))
        writer.write(piece)

    try:
        onward.write(line + b"\r\n" + without_reuse(headers) + body)
        if head := await read_head(reader):
            pass_on(head[0] + b"\r\n" + without_reuse(head[1]))
            async for piece in read_body(reader, head[1]):
                pass_on(piece)
                await writer.drain()
    except ConnectionError:
        pass
    finally:
        onward.close()
    return pieces, time.perf_counter() - began


class Answer:
    """The bytes of an answer, taken apart."""

    def __init__(self, pieces):
        self.ends = []
        self.bytes = b""
        for at, piece in pieces:
            self.bytes += piece
            self.ends.append((len(self.bytes), at))
        head, _, _ = self.bytes.partition(b"\r\n\r\n")
        self.status = int(head.split(b" ", 2)[1]) if b" " in head else None
        self.headers = head.lower()

    def came_at(self, position):
        """When the byte before this position came."""
        return next((at for end, at in self.ends if end >= position), None)

    def body(self):
        """The body's parts without their framing, each with the position where it ends."""
        start = self.bytes.find(b"\r\n\r\n") + 4
        if b"transfer-encoding: chunked" not in self.headers:
            return [(self.bytes[start:], len(self.bytes))]
        parts = []
        while (line_end := self.bytes.find(b"\r\n", start)) >= 0:
            length = int(self.bytes[start:line_end].split(b";")[0], 16)
            if length == 0 or line_end + 2 + length > len(self.bytes):
                break
            parts.append((self.bytes[line_end + 2 : line_end + 2 + length], line_end + 2 + length))
            start = line_end + 2 + length + 2
        return parts

    def lines(self):
        """The body's lines, each with the time at which its end came."""
        rest = b""
        for part, end in self.body():
            start = end - len(part)
            for line in part.splitlines(keepends=True):
                start += len(line)
                rest += line
                if rest.endswith(b"\n"):
                    yield rest.decode("utf-8", "replace").strip(), self.came_at(start)
                    rest = b""
        if rest:
            yield rest.decode("utf-8", "replace").strip(), self.came_at(len(self.bytes))


def has_words(delta):
    """Whether a chunk holds something that the model wrote."""
    texts = [delta.get(name) for name in ("content", "reasoning_content", "reasoning", "refusal")]
    return any(texts) or bool(delta.get("tool_calls"))


def told(answer):
    """What an answer says, whole or in chunks."""
    said = {"content": "", "finish_reason": None, "usage": None, "words_at": [], "finish_at": None}
    for line, at in answer.lines():
        data = line.removeprefix("data:").strip()
        if not data.startswith("{"):
            continue
        event = json.loads(data)
        said["usage"] = event.get("usage") or said["usage"]
        for choice in event.get("choices") or []:
            delta = choice.get("delta") or choice.get("message") or {}
            said["content"] += delta.get("content") or ""
            if "delta" in choice and has_words(delta):
                said["words_at"].append(at)
            if choice.get("finish_reason"):
                said["finish_reason"] = choice["finish_reason"]
                said["finish_at"] = at
    return said


def record(name, line, body, pieces, lasted):
    answer = Answer(pieces)
    try:
        request = json.loads(body) if body else None
        said = told(answer)
    except ValueError as error:
        request, said = None, {"unreadable": str(error)}
    return {
        "client": name,
        "request_line": line,
        "request": request,
        "status": answer.status,
        "end_at": lasted,
        **said,
    }


async def serve(server_port, log, reader, writer):
    try:
        if head := await read_head(reader):
            line, headers = head
            body = await reader.readexactly(content_length(headers) or 0)
            method, path, version = line.decode().split(" ")
            name, _, path = path.lstrip("/").partition("/")
            line = f"{method} /{path} {version}"
            passed = await relay(server_port, line.encode(), headers, body, writer)
            log.write(json.dumps(record(name, line, body, *passed)) + "\n")
            log.flush()
    finally:
        writer.close()


async def main(server_port, log_path):
    with open(log_path, "a", encoding="utf-8") as log:

        async def handle(reader, writer):
            await serve(server_port, log, reader, writer)

        server = await asyncio.start_server(handle, "127.0.0.1", 0, limit=HEAD_BYTES_MAX)
        port = server.sockets[0].getsockname()[1]
        print(f"http://127.0.0.1:{port}", flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
